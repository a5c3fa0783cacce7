"""generation.toml and request.toml: what was done, when, by whom and why."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

from sslutil.documents.toml import render_lines
from sslutil.errors import RegistryError, command
from sslutil.facts import GenerationRecord, RequestRecord

VERSION = 1


def render_generation(record: GenerationRecord) -> str:
    """Return the text of generation.toml."""
    top: dict[str, Any] = {"version": VERSION, "number": record.number}
    if record.parent is not None:
        top["from"] = record.parent
    top |= {
        "time": record.time,
        "verb": record.verb,
        "who": record.who,
        "why": record.why,
        "withdraws": record.withdraws,
        "before": record.before,
    }
    files = {f'"{name}"': digest for name, digest in record.sha256.items()}
    return f"{render_lines(top)}\n[inputs]\n{render_lines(record.inputs)}\n[sha256]\n{render_lines(files)}"


def parse_generation(content: bytes, path: str) -> GenerationRecord:
    """Return the record in a generation.toml; RegistryError where it is damaged."""
    values = _parse(content, path)
    try:
        return GenerationRecord(
            number=values["number"],
            parent=values.get("from"),
            time=_utc(values["time"]),
            verb=values["verb"],
            who=values["who"],
            why=tuple(values["why"]),
            withdraws=values["withdraws"],
            inputs=values["inputs"],
            sha256=values["sha256"],
            before=values["before"],
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise _damaged(path, fault) from fault


def render_request(record: RequestRecord) -> str:
    """Return the text of request.toml."""
    return render_lines(
        {
            "version": VERSION,
            "number": record.number,
            "time": record.time,
            "who": record.who,
            "names": record.names,
            "key_type": record.key_type,
            "new_key": record.new_key,
            "key_fingerprint": record.key_fingerprint,
        }
    )


def parse_request(content: bytes, path: str) -> RequestRecord:
    """Return the record in a request.toml; RegistryError where it is damaged."""
    values = _parse(content, path)
    try:
        return RequestRecord(
            number=values["number"],
            time=_utc(values["time"]),
            who=values["who"],
            names=tuple(values["names"]),
            key_type=values["key_type"],
            new_key=values["new_key"],
            key_fingerprint=values["key_fingerprint"],
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise _damaged(path, fault) from fault


def _parse(content: bytes, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as fault:
        raise _damaged(path, fault) from fault


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _damaged(path: str, fault: Exception) -> RegistryError:
    message = f"{path} is damaged: {fault}"
    return RegistryError(message, command("ls", "-l", path))
