"""site.toml: read with tomllib, born complete, edited so that comments, order and strange tables survive."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.documents.toml import render_value
from sslutil.errors import SiteError, command
from sslutil.site import TABLES, VERSION, Site, change, judge, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "\ufeff"
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
        return tomllib.loads(text.removeprefix(_MARK))
    except tomllib.TOMLDecodeError as fault:
        message = f"{path}: not TOML: {str(fault)[:1].lower()}{str(fault)[1:]}"
        raise SiteError(message, f"mend that line, then run: sslutil apply --dry-run") from fault  # noqa: F541
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
    """Return the line, from 1, on which a dotted key's value ends, or None where the text lacks it.

    The first prefix that holds the key tells: tomllib says no positions. Slow, and only on the way of an error.
    """
    parts = key.split(".") if key else []
    lines = text.removeprefix(_MARK).splitlines(keepends=True)
    for count in range(1, len(lines) + 1 if parts else 0):
        if parts[-1] not in lines[count - 1] and "]" not in lines[count - 1] and '"""' not in lines[count - 1]:
            continue
        try:
            value: Any = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return count
    return None


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


def edit_site(before: SiteFile, values: Mapping[str, Any], path: str) -> SiteFile:
    """Return the file with some keys changed, everything else as it was; `values` are TOML's, by dotted key.

    Keys that have the wished effect already are left alone. Raises SiteError where the wish itself can't be taken.
    """
    wanted = change(before.site, values)
    differing = {key: value for key, value in values.items() if wanted.value(key) != before.site.value(key)}
    if not differing:
        return before
    text = _edit_text(before.text, differing)
    after = parse_site(text.encode(), path)
    if after.site != wanted:
        message = f"{path} is written in a way that can't be edited without loss"
        raise SiteError(message, f"change {', '.join(differing)} by hand, then run: sslutil apply")
    return after


def _edit_text(text: str, values: Mapping[str, Any]) -> str:
    import tomlkit

    mark = _MARK if text.startswith(_MARK) else ""
    document = tomlkit.parse(text.removeprefix(_MARK))
    newline = "\r\n" if "\r\n" in text else "\n"
    added: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        table, _, name = key.partition(".")
        if table in document and name in document[table]:
            document[table][name] = value
        else:
            added.setdefault(table, {})[name] = value
    edited = tomlkit.dumps(document)
    for table, lines in added.items():
        edited = _insert(edited, table, lines, newline)
    return mark + edited


def _insert(text: str, table: str, values: Mapping[str, Any], newline: str) -> str:
    """Put new keys right below their table's header: tomlkit's own append lands behind the next table's comment."""
    fresh = "".join(f"{name} = {render_value(value)}{newline}" for name, value in values.items())
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.split("#")[0].strip().replace(" ", "") == f"[{table}]" and not _inside_string(lines[:index]):
            head = line if line.endswith("\n") else line + newline
            return "".join(lines[:index]) + head + fresh + "".join(lines[index + 1 :])
    ending = "" if not text or text.endswith("\n") else newline
    return f"{text}{ending}{newline}[{table}]{newline}{fresh}"


def _inside_string(lines: list[str]) -> bool:
    try:
        tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return True
    return False
