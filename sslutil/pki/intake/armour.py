"""PEM, found in a text however it was pasted, quoted, folded or cut; and base64 that lost its BEGIN and END lines."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Literal, NamedTuple

from sslutil.pki.intake import asn1

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = re.compile(
    r"(?P<kind>BEGIN|END) (?P<label>[A-Z0-9#]{1,20}(?: [A-Z0-9#]{1,20}){0,4})"
    r"(?: ?(?P<dashes>-{1,5})|(?=[ \t]*(?:\n|\Z)))",
    re.IGNORECASE,
)
_LEFT_DASHES = re.compile(r"(-{0,5}) ?\Z")
_LEAST_DASHES = 5
"""Of the ten; whoever copies by hand loses some at one end."""
_NO_MARK = re.compile(r"-{5} ?(?:BEGIN(?! PGP SIGN)|BEGI?\Z|BE?\Z)", re.IGNORECASE)
_QUOTES = " \t>|*#-:;\"',\\"
"""What mail programs, comments and programs' strings put around a line, and base64 has not."""
_FIELD = re.compile(r"(?m)^[ \t>|]*[A-Za-z][A-Za-z0-9-]*: .*$")
_LOCK = re.compile(r"Proc-Type: ?4, ?ENCRYPTED[\s>|*#]+DEK-Info: ?([A-Za-z0-9-]+,[0-9A-Fa-f]+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BARE = re.compile(r"(?<![A-Za-z0-9+/=])(?:MI[A-Za-z]|MC4CAQ|MHcCAQ|LS0tLS|UEsD|H4sI)[A-Za-z0-9+/]{9,}")
"""How base64 begins of DER, of PEM, of a zip and of gzip."""
_RUN = re.compile(r"(?:[A-Za-z0-9+/]{20,}[ \t]*\n?)*[A-Za-z0-9+/]*={0,2}")
_WORD = re.compile(r"\S+")


class Block(NamedTuple):
    """One PEM block."""

    label: str
    body: str
    end: Literal["whole", "open"]
    """Whether its END line came before anything else."""

    @property
    def lock(self) -> str:
        """How it is encrypted, where that stands in the text: the value of DEK-Info (RFC 1421, 4.6.1.3)."""
        found = _LOCK.search(self.body)
        return found[1] if found else ""

    @property
    def compact(self) -> str:
        """The base64 alone, on one line, without what quotes its lines; what does not belong there included."""
        body = _FIELD.sub("", _LOCK.sub("", self.body))
        return "".join("".join(line.strip(_QUOTES).split()) for line in body.split("\n"))


class Found(NamedTuple):
    """What a text holds."""

    blocks: tuple[Block, ...]
    between: tuple[str, ...]
    """The text around the blocks."""
    orphaned: tuple[str, ...]
    """The text before each END line without a BEGIN."""
    cut: int
    """BEGIN lines that are cut or damaged themselves."""


class _Mark(NamedTuple):
    kind: str
    label: str
    start: int
    stop: int


def find_blocks(text: str) -> Found:
    """Return the PEM blocks of a text with plain line ends, and what stands between them."""
    marks = list(_find_marks(text))
    blocks: list[Block] = []
    between: list[str] = []
    orphaned: list[str] = []
    place = 0
    for index, mark in enumerate(marks):
        if mark.stop <= place:
            continue
        if mark.kind == "END":
            orphaned.append(text[place : mark.start])
            place = mark.stop
            continue
        between.append(text[place : mark.start])
        following = marks[index + 1] if index + 1 < len(marks) else None
        whole = following is not None and following.kind == "END"
        stop = following.start if following else len(text)
        blocks.append(Block(mark.label, text[mark.stop : stop], "whole" if whole else "open"))
        place = following.stop if following and whole else stop
    between.append(text[place:])
    begun = {mark.start for mark in marks}
    cut = sum(found.start() not in begun for found in _NO_MARK.finditer(text.rstrip()))
    return Found(tuple(blocks), tuple(between), tuple(orphaned), cut)


def _find_marks(text: str) -> Iterator[_Mark]:
    for found in _MARK.finditer(text):
        left = _LEFT_DASHES.search(text, max(0, found.start() - 6), found.start())
        count = len(left[1] if left else "") + len(found["dashes"] or "")
        label = found["label"].upper()
        if count < _LEAST_DASHES or label.startswith("PGP SIGN"):
            continue  # a signed mail has its signature in such a block, and no END line for what it signs
        start = left.start() if left else found.start()
        yield _Mark(found["kind"].upper(), label, start, found.end())


def decode_base64(compact: str) -> bytes | None:
    """Return the bytes below base64, also where it lost its padding; None where it is none."""
    stripped = compact.rstrip("=")
    if len(compact) - len(stripped) > 2:  # noqa: PLR2004  of padding
        return None
    try:
        return b64decode(stripped + "=" * (-len(stripped) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def decode_open(text: str, place: int = 0) -> tuple[bytes, int] | None:
    """Return the one DER element that base64 begins with, and where it ends; None where it is cut short."""
    letters: list[str] = []
    count, needed = 0, 0
    for found in _WORD.finditer(text, place):
        word = found[0].strip(_QUOTES)
        if not _BASE64.fullmatch(word):
            if word:
                break
            continue
        letters.append(word)
        count += len(word.rstrip("="))
        needed = needed or _needed("".join(letters))
        if needed > len(text) - place:
            break
        if needed and count >= needed:
            der = decode_base64("".join(letters)[:needed])
            length = asn1.declared_length(der) if der else None
            return (der[:length], found.end()) if der and length else None
    return None


def _needed(letters: str) -> int:
    """Return how many letters of base64 the element that it begins with has; 0 where that can't be told yet."""
    start = decode_base64(letters[:12]) if len(letters) >= 12 else None  # noqa: PLR2004  enough for a header
    length = asn1.declared_length(start) if start else None
    return -(-length * 4 // 3) if length else 0


def find_bare(text: str) -> Iterator[bytes]:
    """Yield what base64 without BEGIN and END lines holds, where it begins as something that we know."""
    place = 0
    while found := _BARE.search(text, place):
        place = found.end()
        if found[0].startswith("M"):
            opened = decode_open(text, found.start())
            if opened:
                content, place = opened
                yield content
            continue
        run = _RUN.match(text, found.start())
        inner = decode_base64("".join(run[0].split())) if run else None
        if run and inner:
            place = run.end()
            yield inner
