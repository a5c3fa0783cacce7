"""roster.toml: every client certificate that was issued here, one a line, for a person to read and for us to keep."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.documents.toml import render_value
from sslutil.facts import ClientRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = """\
# The client certificates that were issued here, one a line by serial number, the newest last. sslutil writes this file
# anew: a line that is lost comes back from the certificate and from the revocation list, where those are still there.
version = 1

[client]
"""
_LINE = re.compile(r"(?P<serial>[0-9a-f]{1,40}) = (?P<rest>\{.*\})")
_NO_RECORD = re.compile(r"\s*(?:#.*|version = 1|\[client\])?")


class Roster(NamedTuple):
    """What a roster.toml says."""

    records: tuple[ClientRecord, ...] = ()
    damaged: tuple[int, ...] = ()
    """The numbers of the lines that say nothing, the first one 1."""


def render_roster(records: Iterable[ClientRecord]) -> str:
    """Return the text of roster.toml."""
    return _HEAD + "".join(f"{render_line(record)}\n" for record in records)


def render_line(record: ClientRecord) -> str:
    """Return the line of one certificate, without its end; what says nothing is left out."""
    values = record._asdict()
    serial = values.pop("serial_number")
    told = {name: value for name, value in values.items() if name in _NEEDED or value not in {None, ""}}
    return f"{serial:x} = {render_value(told)}"


def parse_roster(content: bytes) -> Roster:
    """Return the certificates in a roster.toml; a line that is damaged is told by its number, and costs no other."""
    records: dict[int, ClientRecord] = {}
    damaged = []
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), 1):
        if _NO_RECORD.fullmatch(line):
            continue
        record = _parse_line(line)
        if record is None or record.serial_number in records:
            damaged.append(number)
        else:
            records[record.serial_number] = record
    return Roster(tuple(records.values()), tuple(damaged))


def _parse_line(line: str) -> ClientRecord | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    try:
        return _make_record(int(match["serial"], 16), tomllib.loads(f"record = {match['rest']}")["record"])
    except (ValueError, OverflowError, RecursionError):
        return None


def _make_record(serial: int, values: dict[str, Any]) -> ClientRecord:
    """Return the record; ValueError where a field is missing, of another kind, or unknown."""
    kinds = {name: _KINDS.get(name, str) for name in values}
    if not set(_NEEDED) <= values.keys() <= set(ClientRecord._fields):
        raise ValueError(values.keys())
    for name, kind in kinds.items():
        if type(values[name]) is not kind:
            raise ValueError(name)
    times = {name: value.astimezone(UTC) for name, value in values.items() if isinstance(value, datetime)}
    return ClientRecord(serial_number=serial, **(values | times))


_NEEDED = ("address", "authority", "not_valid_before", "not_valid_after", "time", "who")
_TIMES = ("not_valid_before", "not_valid_after", "time", "handed_over", "revoke_at", "revoked")
_KINDS: dict[str, type] = {**dict.fromkeys(_TIMES, datetime), "authority": int}
