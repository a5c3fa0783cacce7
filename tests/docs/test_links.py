"""The ways between the pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.accounts import REPOSITORY
from tests.docs.pages import anchors_of, blocks, links_of, name_of, pages, prose_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTSIDE = ("https://keepachangelog.com/", "https://semver.org/")
"""Where a link may leave the repository to; nobody looks there in a test."""


def dead_links(page: Path) -> Iterator[str]:
    """Name each link of a page that leads nowhere: no such file, no such heading."""
    for target in links_of(page.read_text(encoding="utf-8")):
        path, _, fragment = target.partition("#")
        if target.startswith(OUTSIDE):
            continue
        aim = page.parent / path if path else page
        is_page = aim.exists() and (aim == page or REPOSITORY in aim.resolve().parents)
        if not is_page or (fragment and fragment not in anchors_of(aim.read_text(encoding="utf-8"))):
            yield target


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_no_link_is_dead(page: Path) -> None:
    """Each link of a page leads to a file of the repository, and to a heading that is there."""
    assert [] == list(dead_links(page))


@pytest.mark.parametrize("target", ["missing.md", "page.md#nowhere", "../../../../etc/passwd", "https://example.org/"])
def test_a_dead_link_is_seen(target: str, tmp_path: Path) -> None:
    """A missing file, a missing heading, a way out of the repository, a site that nobody knows: each is named."""
    page = tmp_path / "page.md"
    page.write_text(f"# Here\n\nA [link]({target}), and `[no]({target})`.\n")
    assert [target] == list(dead_links(page))


def test_code_is_no_link() -> None:
    """What looks like a link inside a block is none."""
    assert ["a.md"] == links_of("[a](a.md)\n```sh\n[b](b.md)\n```\n`[c](c.md)`\n")


def test_each_page_can_be_reached() -> None:
    """From the README, links lead to every page."""
    reached, waiting = set(), [REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            targets = (target.partition("#")[0] for target in links_of(page.read_text(encoding="utf-8")))
            waiting += [page.parent / target for target in targets if target and not target.startswith("https:")]
    assert set(pages()) - {REPOSITORY / "docs/README.md"} == reached - {REPOSITORY / "docs/README.md"}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_begins_with_its_title(page: Path) -> None:
    """Each page has one heading of the first level, and begins with it, but for a note to the editor."""
    text = prose_of(page.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("<!--")]
    assert [lines[0]] == [line for line in lines if line.startswith("# ")]


HOST = re.compile(r"\b(?:[\w-]+\.)+(?:com|net|org|example)\b")
EXAMPLES = re.compile(r"(?:.*\.)?(?:example\.(?:org|net)|example)")


def strange_hosts(text: str) -> list[str]:
    """Return the host names of a text that are no examples (RFC 2606) and none of OUTSIDE."""
    kept = re.sub("|".join(map(re.escape, OUTSIDE)), "", text)
    return [name for name in HOST.findall(kept) if not EXAMPLES.fullmatch(name)]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_names_example_hosts_only(page: Path) -> None:
    """No page names a host that is somebody's."""
    assert [] == strange_hosts(page.read_text(encoding="utf-8"))


def test_a_strange_host_is_seen() -> None:
    """A name that only looks like an example is somebody's."""
    assert ["myexample.org", "pypi.org"] == strange_hosts("mail.example.org myexample.org x.example https://pypi.org/a")


def test_no_block_is_said_twice_with_a_difference() -> None:
    """The lines that README and the how-to have in common are the same ones: Include, enable, reload."""
    texts = {block.page: block.text for block in blocks() if "a2enmod" in block.text}
    assert {"README.md", "docs/how-to/apache.md"} == set(texts)
    lines = {next(line for line in text.splitlines() if "a2enmod" in line) for text in texts.values()}
    assert 1 == len(lines)
