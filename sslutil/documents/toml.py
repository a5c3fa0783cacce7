"""The few lines of TOML that sslutil writes itself: tomlkit costs half a self-sign, and is for edits alone."""

from __future__ import annotations

from typing import Any

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_DELETE = 0x7F


def render_text(text: str) -> str:
    """Return a basic string of TOML, control characters escaped."""
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if ord(character) < ord(" ") or ord(character) == _DELETE:
        return f"\\u{ord(character):04x}"
    return character


def render_value(value: Any) -> str:  # noqa: ANN401  whatever TOML can hold of ours
    """Return a value as TOML writes it on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return render_text(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(render_value(item) for item in value) + "]"
    if isinstance(value, dict):
        parts = ", ".join(f"{key} = {render_value(item)}" for key, item in value.items())
        return f"{{ {parts} }}" if parts else "{}"
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))  # an aware UTC datetime


def render_lines(values: dict[str, Any]) -> str:
    """Return one line for each key."""
    return "".join(f"{key} = {render_value(value)}\n" for key, value in values.items())
