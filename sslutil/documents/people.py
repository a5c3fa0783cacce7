"""A list of people for whom client certificates are wished: TOML, or what a spreadsheet saves."""

from __future__ import annotations

import csv
import io
import tomllib
from typing import TYPE_CHECKING, Any

from sslutil.errors import UsageError, command
from sslutil.facts import Person
from sslutil.names import parse_client
from sslutil.site import LONGEST_LIFETIME

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMNS = {
    "address": "address",
    "e-mail": "address",
    "email": "address",
    "mail": "address",
    "name": "name",
    "days": "days",
}
"""Heads of columns → the field of a person."""
_FIELDS = ("address", "name", "days")
_MOST = 100_000
_LONGEST_NAME = 200


def parse_people(content: bytes, path: str) -> tuple[Person, ...]:
    """Return the people of a list, each once; UsageError names file, line or entry, and fault.

    TOML has a table [[person]] for each, with address, name and days; anything else is taken as lines of fields that
    commas, semicolons or tabs part, with a head or with the address first.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        message = f"{path} is not UTF-8 in line {line}"
        raise UsageError(message, command("iconv", "-f", "latin1", "-t", "utf-8", path)) from None
    is_toml = path.lower().endswith(".toml") or ("[[person]]" in text and not path.lower().endswith(".csv"))
    entries = _read_toml(text, path) if is_toml else _read_lines(text, path)
    people: dict[str, tuple[Person, str]] = {}
    for place, values in entries:
        person = _make_person(values, f"{path}, {place}")
        key = person.address.text.lower()
        if key in people:
            message = f"{path} has {person.address.unicode} twice: {people[key][1]} and {place}"
            raise UsageError(message, command("cat", "-n", path))
        if len(people) == _MOST:
            raise UsageError(f"{path} has more than {_MOST} people", command("split", path))
        people[key] = person, place
    if not people:
        message = f"{path} has nobody on it: a line has an address, and perhaps a name and days"
        raise UsageError(message, command("cat", "-n", path))
    return tuple(person for person, _ in people.values())


def _read_toml(text: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as fault:  # of tomllib, and of a number with thousands of digits
        raise UsageError(f"{path} is not TOML: {fault}", command("cat", "-n", path)) from None
    unknown = [name for name in values if name not in {"person", "version"}]
    people = values.get("person", [])
    if unknown or not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        what = f"has {unknown[0]}, and" if unknown else "is not as it ought to be:"
        raise UsageError(f"{path} {what} each entry begins with a line [[person]]", command("cat", "-n", path))
    for number, one in enumerate(people, 1):
        wrong = next((name for name in one if name not in _FIELDS), None)
        if wrong is not None:
            message = f"{path}, entry {number}: unknown key {wrong}{_suggest(wrong)}"
            raise UsageError(f"{message}; an entry has address, name and days", command("cat", "-n", path))
        yield f"entry {number}", one


def _suggest(typed: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(typed.lower(), _FIELDS, 1)
    return f", did you mean {near[0]}?" if near else ""


def _read_lines(text: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if not any(fields) or fields[0].startswith("#"):
                continue
            if columns is None:
                heads = [_COLUMNS.get(field.lower(), "") for field in fields]
                columns = heads if "address" in heads else list(_FIELDS)
                if columns is heads:
                    _judge_heads(heads, f"{path}, line {reader.line_num}")
                    continue
                _judge_order(fields, f"{path}, line {reader.line_num}")
            if len(fields) > len(columns):
                message = f"{path}, line {reader.line_num}: {len(fields)} fields, and there are {len(columns)} columns"
                raise UsageError(message, command("cat", "-n", path))
            yield (
                f"line {reader.line_num}",
                {name: one for name, one in zip(columns, fields, strict=False) if name and one},
            )
    except csv.Error as fault:
        message = f"{path}, line {reader.line_num}: {fault}"
        raise UsageError(message, command("cat", "-n", path)) from None


def _judge_heads(heads: list[str], place: str) -> None:
    """Raise UsageError where two columns are the same."""
    twice = next((name for name in _FIELDS if heads.count(name) > 1), None)
    if twice:
        raise UsageError(f"{place}: two columns are for the {twice}", "leave one of them out")


def _judge_order(fields: list[str], place: str) -> None:
    """Raise UsageError where a list without a head has the address elsewhere than first."""
    if "@" not in fields[0] and any("@" in field for field in fields[1:]):
        raise UsageError(f"{place}: the address is not in the first column", "write a head: name,address")


def _make_person(values: dict[str, Any], place: str) -> Person:
    """Return the person; UsageError for a field that is missing or wrong."""
    address, name, days = values.get("address"), values.get("name", ""), values.get("days")
    cure = 'write address = "anna@example.org", or a column address'
    if not isinstance(address, str):
        raise UsageError(f"{place}: it has no address", cure)
    try:
        identity = parse_client(address)
    except UsageError as fault:
        raise UsageError(f"{place}: {fault.message}", fault.hint or cure) from None
    return Person(identity, judge_name(name, place), _parse_days(days, place))


def judge_name(name: object, place: str) -> str:
    """Return a person's name; UsageError where it is no line of letters, or too long for one."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not name.isprintable():
        message = f"{place}: a name is a line of {_LONGEST_NAME} letters at most, without control characters"
        raise UsageError(message, "write another one")
    return name


def _parse_days(days: object, place: str) -> int | None:
    if days is None:
        return None
    is_number = isinstance(days, str) and days.isascii() and days.isdigit() and len(days) <= len(str(LONGEST_LIFETIME))
    whole = int(days) if isinstance(days, str) and is_number else days
    if type(whole) is not int or not 1 <= whole <= LONGEST_LIFETIME:
        typed = f", not {days[:20]}" if isinstance(days, str) else ""
        raise UsageError(f"{place}: days is a whole number from 1 to {LONGEST_LIFETIME}{typed}", "write 397")
    return whole
