"""site.toml: read with tomllib, born complete."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.documents.toml import render_value
from sslutil.errors import SiteError, command
from sslutil.site import TABLES, VERSION, Site, judge, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "\ufeff"
"""The byte order mark that some editors put first."""
_CLOSING = ("]", "}", '"""', "'''")
"""What a line holds that can end a value which spans lines."""
_INTRODUCTION = """\
# What this mail web server's TLS should be. Edit it, then run: sslutil apply
# Comments, order and tables of your own survive every edit that sslutil makes.
"""


class SiteFile(NamedTuple):
    """The text of a site.toml, and what it means."""

    text: str
    site: Site
    explicit: frozenset[str]
    """The dotted keys that stand in the text."""


def parse_site(content: bytes, path: str) -> SiteFile:
    """Return the site in the bytes of a site.toml; SiteError names path, line and key of what can't be taken."""
    text = _decode(content, path)
    values = _parse_toml(text, path)
    try:
        site = judge(values)
    except SiteError as fault:
        raise SiteError(_where(text, path, fault), fault.hint, key=fault.key) from fault
    return SiteFile(text, site, _explicit(values))


def _decode(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        message = f"{path}, line {line}: not UTF-8 text"
        raise SiteError(message, command("file", path)) from fault


def _parse_toml(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix(MARK))
    except ValueError as fault:  # tomllib's own, and Python's for a number of more than 4300 digits
        message = f"{path}: not TOML: {str(fault)[:1].lower()}{str(fault)[1:]}"
        raise SiteError(message, f"${{EDITOR:-vi}} {command(path)}") from fault
    except RecursionError as fault:
        message = f"{path}: nested too deeply"
        raise SiteError(message, "write it plainly: tables, keys, values") from fault


def _explicit(values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(f"{table}.{name}" for table in TABLES for name in values.get(table, {}))


def _where(text: str, path: str, fault: SiteError) -> str:
    line = find_line(text, fault.key)
    place = f"{path}, line {line}" if line else path
    return f"{place}: {fault.message}"


def find_line(text: str, key: str) -> int | None:
    """Return the line, from 1, on which the statement of a dotted key begins, or None where the text lacks it.

    tomllib says no positions, but whole statements parse, and more of them hold no less. Only on the way of an error.
    """
    lines = split_lines(text.removeprefix(MARK))

    def holds(count: int) -> bool:
        return _holds(_parse_statements(lines, count), key)

    if not key or not holds(len(lines)):
        return None
    return bisect_left(range(1, len(lines)), True, key=holds) + 1  # noqa: FBT003  what is searched for


def split_lines(text: str) -> list[str]:
    """Return the lines of TOML with their ends: to str.splitlines, characters that a comment may hold end one too."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _parse_statements(lines: list[str], count: int) -> Mapping[str, Any]:
    """Return the values in the first `count` lines, and in the few more that end a value which spans lines."""
    for end in range(count, len(lines) + 1):
        if end == count or any(closing in lines[end - 1] for closing in _CLOSING):
            try:
                return tomllib.loads("".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
    return {}


def _holds(values: Any, key: str) -> bool:  # noqa: ANN401  a TOML value of any type
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values is not None


def render_site(site: Site) -> str:
    """Return a complete site.toml: every key with its value and its explanation."""
    lines = [_INTRODUCTION, f"version = {VERSION}\n"]
    for table in TABLES:
        lines.append(f"\n[{table}]\n")
        for setting in settings().values():
            if setting.table == table:
                value = render_value(setting.render(site.value(setting.key)))
                lines.append(f"# {setting.explanation}\n{setting.name} = {value}\n")
    return "".join(lines)
