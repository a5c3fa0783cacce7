"""generation.toml, request.toml and compromised.toml: what was done, when, by whom and why."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sslutil.documents.toml import render_lines
from sslutil.errors import RegistryError, command
from sslutil.facts import CompromisedKey, GenerationRecord, Policy, RequestRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1
Kind = TypeVar("Kind")


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
    policy = f"\n[policy]\n{render_lines(record.policy._asdict())}" if record.policy else ""
    return f"{render_lines(top)}\n[inputs]\n{render_lines(record.inputs)}{policy}\n[sha256]\n{render_lines(files)}"


def parse_generation(content: bytes, path: str) -> GenerationRecord:
    """Return the record in a generation.toml; RegistryError where it is damaged."""
    values = _parse(content, path)
    try:
        return GenerationRecord(
            number=_take(values, "number", int),
            parent=_take(values, "from", int) if "from" in values else None,
            time=_take(values, "time", datetime).astimezone(UTC),
            verb=_take(values, "verb", str),
            who=_take(values, "who", str),
            why=_take_texts(values, "why"),
            withdraws=_take(values, "withdraws", bool),
            inputs=_take_table(values, "inputs"),
            sha256=_take_table(values, "sha256"),
            before=_take(values, "before", str),
            policy=_take_policy(_take(values, "policy", dict)) if "policy" in values else None,
        )
    except (ValueError, OverflowError) as fault:
        raise _damaged(path, fault) from fault


def render_request(record: RequestRecord) -> str:
    """Return the text of request.toml; what is seldom asked for stands there only where it was."""
    values: dict[str, Any] = {
        "version": VERSION,
        "number": record.number,
        "time": record.time,
        "who": record.who,
        "names": record.names,
        "key_type": record.key_type,
        "new_key": record.new_key,
        "key_fingerprint": record.key_fingerprint,
    }
    if record.subject:
        values["subject"] = dict(record.subject)
    if record.must_staple:
        values["must_staple"] = True
    return render_lines(values)


def parse_request(content: bytes, path: str) -> RequestRecord:
    """Return the record in a request.toml; RegistryError where it is damaged."""
    values = _parse(content, path)
    try:
        return RequestRecord(
            number=_take(values, "number", int),
            time=_take(values, "time", datetime).astimezone(UTC),
            who=_take(values, "who", str),
            names=_take_texts(values, "names"),
            key_type=_take(values, "key_type", str),
            new_key=_take(values, "new_key", bool),
            key_fingerprint=_take(values, "key_fingerprint", str),
            subject=_take_table(values, "subject") if "subject" in values else {},
            must_staple=_take(values, "must_staple", bool) if "must_staple" in values else False,
        )
    except (ValueError, OverflowError) as fault:
        raise _damaged(path, fault) from fault


def render_compromised(keys: Iterable[CompromisedKey]) -> str:
    """Return the text of compromised.toml."""
    entries = (f"\n[[key]]\n{render_lines(key._asdict())}" for key in keys)
    return render_lines({"version": VERSION}) + "".join(entries)


def parse_compromised(content: bytes, path: str) -> tuple[CompromisedKey, ...]:
    """Return the keys in a compromised.toml; RegistryError where it is damaged: no key counts as sound by accident."""
    values = _parse(content, path)
    try:
        return tuple(
            CompromisedKey(
                fingerprint=_take(entry, "fingerprint", str),
                time=_take(entry, "time", datetime).astimezone(UTC),
                who=_take(entry, "who", str),
            )
            for entry in _take_entries(values, "key")
        )
    except (ValueError, OverflowError) as fault:
        raise _damaged(path, fault) from fault


def _parse(content: bytes, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise _damaged(path, fault) from fault


def _take_policy(table: dict[str, Any]) -> Policy:
    return Policy(
        protocols=_take_texts(table, "protocols"),
        ciphers=_take_texts(table, "ciphers"),
        ciphersuites=_take_texts(table, "ciphersuites"),
        groups=_take_texts(table, "groups"),
        prefer_server_ciphers=_take(table, "prefer_server_ciphers", bool),
        session_tickets=_take(table, "session_tickets", bool),
    )


def _take(values: dict[str, Any], name: str, kind: type[Kind]) -> Kind:
    value = values.get(name)
    if type(value) is not kind:  # to Python, true is a number
        raise ValueError(f"{name} is missing or no {kind.__name__}")
    return value


def _take_texts(values: dict[str, Any], name: str) -> tuple[str, ...]:
    texts = _take(values, name, list)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} is no list of texts")
    return tuple(texts)


def _take_entries(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = _take(values, name, list)
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{name} is no list of tables")
    return entries


def _take_table(values: dict[str, Any], name: str) -> dict[str, str]:
    table = _take(values, name, dict)
    _take_texts({name: list(table.values())}, name)
    return table


def _damaged(path: str, fault: Exception) -> RegistryError:
    message = f"{path} is damaged: {fault}"
    return RegistryError(message, command("ls", "-l", path))
