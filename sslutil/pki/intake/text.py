"""Bytes of any encoding as one plain text: what marks, pages, mail programs and programmers put around it removed."""

from __future__ import annotations

import re

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
_SAMPLE = 400
_WIDE = 0.4
"""The share of zeros on every second place by which UTF-16 is known: what matters in it is ASCII."""
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_LINE_ENDS = re.compile("\r\n?|[\v\f\u0085]")
_DASHES = re.compile("[\u2010-\u2013\u2212\ufe58\ufe63\uff0d]")
_LONG_DASHES = re.compile("[\u2014\u2015]")
"""What word processors make of two."""
_PAGE = re.compile(r"(?i)<(?:[?!a-z]+:)?(?:\?xml|!doctype|html|body|p|br|pre|div|span|td|code)\b")
_LINE_TAG = re.compile(r"(?i)<(?:br|hr|/?p|/?div|/?pre|/?tr|/?li|/w:p)\b[^<>]{0,1000}>")
_TAG = re.compile(r"<[!?/a-zA-Z][^<>]{0,1000}>")
_ESCAPED = re.compile(r"-----\\+[rn]")
_ESCAPE = re.compile(r"\\+[rn]")


def unwiden(content: bytes) -> bytes:
    """Return bytes of UTF-16 or UTF-32, with and without a mark, as UTF-8, and all other bytes as they are."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").encode("utf-8", "replace")
    sample = content[:_SAMPLE]
    half = len(sample) // 2
    if half and b"\0" in sample:
        for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            others = sample[1 - first :: 2]
            if sample[first::2].count(0) >= half * _WIDE and others.count(0) < half * _WIDE and others.isascii():
                return content.decode(encoding, "replace").encode("utf-8", "replace")
    return content


def decode(content: bytes) -> str:
    """Return a text in UTF-8, or else as Windows writes it, with plain line ends, spaces and dashes."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", _SPACES.sub(" ", text))
        text = _LONG_DASHES.sub("--", _DASHES.sub("-", text))
    return text


def undress(text: str) -> str:
    """Return a text without the tags of a page, and with the line ends that a program's string or JSON has escaped."""
    if _PAGE.search(text):
        text = strip_page(text)
    if _ESCAPED.search(text):
        text = _ESCAPE.sub("\n", text).replace("\\/", "/")
    return text


def strip_page(text: str) -> str:
    """Return the words of a page in HTML or XML, what it shows below each other on a line each."""
    from html import unescape

    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", unescape(_TAG.sub("", _LINE_TAG.sub("\n", text)))))


def unquote(text: str) -> str:
    """Return the text below quoted-printable."""
    from quopri import decodestring

    return decode(decodestring(text.encode("utf-8", "replace")))
