"""site.toml edited so that comments, order and strange tables survive: the only use of tomlkit."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from sslutil.documents.site_file import MARK, SiteFile, parse_site, split_lines
from sslutil.documents.toml import render_value
from sslutil.errors import SiteError
from sslutil.site import TABLES, change

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRING = r"""("(\\.|[^"\\])*")|('[^']*')"""


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
    values = tomllib.loads(text.removeprefix(MARK))
    return repr({name: value for name, value in values.items() if name not in TABLES})


def _edit_text(text: str, values: Mapping[str, Any]) -> str | None:
    """Return the text with other values, or None where tomlkit can't do that without loss."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    mark = MARK if text.startswith(MARK) else ""
    added: dict[str, dict[str, Any]] = {}
    try:
        document = tomlkit.parse(text.removeprefix(MARK))
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

    return isinstance(old, dict) or (isinstance(old, Array) and "#" in re.sub(_STRING, "", old.as_string()))


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
    lines = split_lines(text)
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
