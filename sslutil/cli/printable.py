"""Text from files and networks, made safe for a terminal."""

from __future__ import annotations

_BIDI = frozenset(map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_LINE_ENDS = frozenset("\u2028\u2029")


def printable(text: str) -> str:
    """Return a text with control characters (C0, C1, bidirectional, lone surrogates) shown escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_safe(character) else _escape(character) for character in text)


def printable_json(text: str) -> str:
    """Return a JSON text of the same meaning with those characters as JSON's own escapes; line feeds stay."""
    return "".join(c if c == "\n" or _is_safe(c) else f"\\u{ord(c):04x}" for c in text)


def _is_safe(character: str) -> bool:
    code = ord(character)
    control = code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000  # noqa: PLR2004  the blocks of Unicode
    return not control and character not in _BIDI and character not in _LINE_ENDS


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004
