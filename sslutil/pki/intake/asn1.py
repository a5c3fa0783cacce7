"""The few steps into ASN.1 that tell one thing from another: tag and length, DER and BER, never by recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER, BITS, OCTETS, OBJECT, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
UTC_TIME, TIME = 0x17, 0x18
FIRST, SECOND = 0xA0, 0xA1
"""The constructed tags [0] and [1]."""
_DEEPEST = 64
_LONG_FORM, _LONG_TAG = 0x80, 0x1F
_SHORT_LENGTHS = 4
"""Bytes of a length: 4 GiB are enough."""


class Element(NamedTuple):
    """Where an element stands in its text."""

    tag: int
    start: int
    begin: int
    """Where its content begins."""
    end: int
    """Where its content ends."""
    stop: int
    """Where the next one begins."""


def read_element(text: bytes, place: int = 0, limit: int | None = None) -> Element | None:
    """Return the element that begins at a place; None where there is none, or it does not end before `limit`."""
    limit = len(text) if limit is None else limit
    header = _read_header(text, place, limit)
    if header is None:
        return None
    tag, begin, length = header
    if length is not None:
        end = begin + length
        return Element(tag, place, begin, end, end) if end <= limit else None
    zeros = _find_end(text, begin, limit)
    return None if zeros is None else Element(tag, place, begin, zeros, zeros + 2)


def first_tag(text: bytes) -> int | None:
    """Return the tag of the first thing inside the first element, which may be cut short; None where there is none."""
    header = _read_header(text, 0, len(text))
    return text[header[1]] if header and header[1] < len(text) else None


def declared_length(text: bytes) -> int | None:
    """Return how many bytes an element says that it has, header included; None where it does not say that."""
    header = _read_header(text, 0, len(text))
    return None if header is None or header[2] is None else header[1] + header[2]


def elements(text: bytes, whole: Element) -> Iterator[Element]:
    """Yield the elements inside one, as far as they can be read."""
    place = whole.begin
    while place < whole.end and (found := read_element(text, place, whole.end)):
        yield found
        place = found.stop


def walk(text: bytes, whole: Element) -> Iterator[list[Element]]:
    """Yield the elements of each sequence, however deep, also of those that stand in octet strings."""
    waiting = [(whole, 0)]
    while waiting:
        one, depth = waiting.pop()
        inner = list(elements(text, one))
        yield inner
        waiting += [(found, depth + 1) for found in inner if depth < _DEEPEST and _may_hold(text, found)]


def _may_hold(text: bytes, found: Element) -> bool:
    if found.tag == OCTETS:
        inner = read_element(text, found.begin, found.end)
        return inner is not None and inner.tag == SEQUENCE and inner.stop == found.end
    return bool(found.tag & 0x20)


def _read_header(text: bytes, place: int, limit: int) -> tuple[int, int, int | None] | None:
    """Return tag, where the content begins, and its length; the length is None where BER does not say it."""
    if place + 2 > limit:
        return None
    tag = text[place]
    place += 1
    if tag & _LONG_TAG == _LONG_TAG:
        while place < limit and text[place] & 0x80:
            place += 1
        place += 1
    if place >= limit:
        return None
    said, place = text[place], place + 1
    if said < _LONG_FORM:
        return tag, place, said
    size = said - _LONG_FORM
    if size == 0:
        return tag, place, None
    if size > _SHORT_LENGTHS or place + size > limit:
        return None
    return tag, place + size, int.from_bytes(text[place : place + size])


def _find_end(text: bytes, place: int, limit: int) -> int | None:
    """Return where the two zeros stand that end an element of BER without a length."""
    depth = 1
    while place + 2 <= limit:
        if text[place : place + 2] == b"\0\0":
            depth -= 1
            if not depth:
                return place
            place += 2
            continue
        header = _read_header(text, place, limit)
        if header is None:
            return None
        _, begin, length = header
        depth += length is None
        place = begin + (length or 0)
        if depth > _DEEPEST:
            return None
    return None
