"""site.toml: read with tomllib, born complete, edited so that comments, order and strange tables survive."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.documents.toml import render_value
from sslutil.errors import SiteError, command
from sslutil.site import TABLES, VERSION, Site, change, judge, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "\ufeff"
_CLOSING = ("]", "}", '"""', "'''")
"""What a line holds that can end a value which spans lines."""
_STRING = re.compile(r"""("(\\.|[^"\\])*")|('[^']*')""")
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
    except ValueError as fault:  # tomllib's own, and Python's for a number of more than 4300 digits
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
    """Return the line, from 1, on which the statement of a dotted key begins, or None where the text lacks it.

    tomllib says no positions, but whole statements parse, and more of them hold no less. Only on the way of an error.
    """
    lines = _split_lines(text.removeprefix(_MARK))

    def holds(count: int) -> bool:
        return _holds(_parse_statements(lines, count), key)

    if not key or not holds(len(lines)):
        return None
    return bisect_left(range(1, len(lines)), True, key=holds) + 1  # noqa: FBT003  what is searched for


def _split_lines(text: str) -> list[str]:
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


def edit_site(before: SiteFile, values: Mapping[str, Any], path: str) -> SiteFile:
    """Return the file with some keys changed, everything else as it was; `values` are TOML's, by dotted key.

    Keys that have the wished effect already are left alone. Raises SiteError where the wish itself can't be taken, or
    can't be written without loss.
    """
    wanted = change(before.site, values)
    differing = {key: value for key, value in values.items() if wanted.value(key) != before.site.value(key)}
    if not differing:
        return before
    text = _edit_text(before.text, differing)
    after = text and _parse_edited(text, path)
    if not after or after.site != wanted or _render_foreign(after.text) != _render_foreign(before.text):
        message = f"{path} is written in a way that can't be edited without loss"
        raise SiteError(message, f"change {', '.join(differing)} by hand, then run: sslutil apply")
    return after


def _parse_edited(text: str, path: str) -> SiteFile | None:
    try:
        return parse_site(text.encode(), path)
    except SiteError:
        return None


def _render_foreign(text: str) -> str:
    """Return what is not ours, as a text: a NaN differs from itself."""
    values = tomllib.loads(text.removeprefix(_MARK))
    return repr({name: value for name, value in values.items() if name not in TABLES})


def _edit_text(text: str, values: Mapping[str, Any]) -> str | None:
    """Return the text with other values, or None where tomlkit can't do that without loss."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    mark = _MARK if text.startswith(_MARK) else ""
    added: dict[str, dict[str, Any]] = {}
    try:
        document = tomlkit.parse(text.removeprefix(_MARK))
        for key, value in values.items():
            table, _, name = key.partition(".")
            if table not in document or name not in document[table]:
                added.setdefault(table, {})[name] = value
            elif not _edit_array(document[table][name], value):
                if _may_hold_comments(document[table][name]):
                    return None
                document[table][name] = value
        edited = tomlkit.dumps(document)
    except TOMLKitError:
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    if text.count("\n") == text.count("\r\n"):  # into an empty array tomlkit puts a bare one
        edited = re.sub(r"\r?\n", newline, edited)
    for table, lines in added.items():
        edited = _insert(edited, table, lines, newline)
    return mark + edited


def _may_hold_comments(old: Any) -> bool:  # noqa: ANN401  tomlkit's item
    from tomlkit.items import Array

    return isinstance(old, dict) or (isinstance(old, Array) and "#" in _STRING.sub("", old.as_string()))


def _edit_array(array: Any, wanted: Any) -> bool:  # noqa: ANN401  tomlkit's item, and a TOML value
    """Turn an array that spans lines into the wanted one, item by item; return whether that could be done."""
    from tomlkit.items import Array

    if not isinstance(array, Array) or not isinstance(wanted, list | tuple) or "\n" not in array.as_string():
        return False
    if [item for item in array if item in wanted] != [item for item in wanted if item in array]:
        return False
    for index in reversed(range(len(array))):
        if array[index] not in wanted:
            del array[index]
    for index, item in enumerate(wanted):
        if index >= len(array) or array[index] != item:
            array.insert(index, item)
    return True


def _insert(text: str, table: str, values: Mapping[str, Any], newline: str) -> str:
    """Put new keys right below their table's header: tomlkit's own append lands behind the next table's comment."""
    fresh = "".join(f"{name} = {render_value(value)}{newline}" for name, value in values.items())
    header = re.compile(rf"""[ \t]*\[[ \t]*(["']?){table}\1[ \t]*\][ \t]*(#.*)?\r?\n?""")
    lines = _split_lines(text)
    for index, line in enumerate(lines):
        if header.fullmatch(line) and not _inside_string(lines[:index]):
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
