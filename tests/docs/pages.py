"""The pages of the documentation, taken apart: fenced blocks, headings, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = {"console", "sh"}
"""Languages of blocks that a reader types: a transcript with its answers, or lines to copy."""
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<words>.*)$")
_LINK = re.compile(r"(?<!!)\[[^]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    The first word after the fence is the language, which a renderer colours. What follows tells the tests what to do,
    and no reader sees it: `no-run: REASON`, `second terminal`, `file: PATH`.
    """

    page: str
    line: int
    """Of the opening fence, from 1."""
    language: str
    note: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands: "docs/how-to/apache.md:12"."""
        return f"{self.page}:{self.line}"

    @property
    def excuse(self) -> str:
        """Why it is not run; empty where it is."""
        return self.note.removeprefix("no-run:").strip() if self.note.startswith("no-run:") else ""

    @property
    def file(self) -> str:
        """The path that a reader saves the block at; empty where it is none."""
        return self.note.removeprefix("file:").strip() if self.note.startswith("file:") else ""

    @property
    def is_command(self) -> bool:
        """Whether a reader types it."""
        return self.language in COMMANDS


def pages() -> list[Path]:
    """Return every page that people read: the top of the repository, and docs."""
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """Return a page's path inside the repository."""
    return page.relative_to(REPOSITORY).as_posix()


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page; ValueError where the last one is never closed."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        opening = _FENCE.match(line)
        if not opening:
            continue
        language, _, note = opening["words"].strip().partition(" ")
        inside = []
        for _, within in lines:
            if within.rstrip() == opening["fence"]:
                break
            inside.append(f"{within}\n")
        else:
            message = f"{page}:{number}: the block is never closed"
            raise ValueError(message)
        yield Block(page, number, language, note.strip(), "".join(inside))


def blocks() -> list[Block]:
    """Return the fenced blocks of all pages."""
    return [block for page in pages() for block in blocks_of(name_of(page), page.read_text(encoding="utf-8"))]


def prose_of(text: str) -> str:
    """Return a page without its fenced blocks."""
    kept, fence = [], ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if not fence and found:
            fence = found["fence"]
        elif fence and line.rstrip() == fence:
            fence = ""
        elif not fence:
            kept.append(line)
    return "\n".join(kept)


def links_of(text: str) -> list[str]:
    """Return the targets of a page's links, in order."""
    return [found["target"] for found in _LINK.finditer(_CODE.sub("", prose_of(text)))]


def anchors_of(text: str) -> set[str]:
    """Return the fragments that a page's headings can be linked by, as forges make them."""
    headings = re.findall(r"^#+ +(.+?) *$", prose_of(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
