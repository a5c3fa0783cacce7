"""A guideline in TLSRef's published JSON form, read as a stranger's text: judged for size, kind and name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import SiteError
from sslutil.profiles.names import parse_cipher, parse_ciphersuite, parse_group, parse_protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_NAMES = 200
_LONGEST_NAME = 80
_MOST_PROFILES = 100
_LONGEST_PROFILE = 50
_SOURCES = {"tlsref.org": "TLSRef", "ssl-config.mozilla.org": "Mozilla"}
KEY = "tls.guideline"


class _Number(str):
    """A number of the file as it is written there: 6.0 is not 6, and none is too long to be read."""

    __slots__ = ()


class Guideline(NamedTuple):
    """One profile of a guideline, in OpenSSL's names."""

    title: str
    """Where it comes from: "TLSRef 6.1, intermediate"."""
    profile: str
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]
    ciphersuites: tuple[str, ...]
    groups: tuple[str, ...]
    prefer_server_ciphers: bool
    unknown: tuple[str, ...]
    """Names that it has, and no table of ours."""


def parse_guideline(text: bytes, profile: str | None, path: str) -> Guideline:
    """Return one profile of a guideline's text; SiteError, which names `path`, for whatever is no such thing."""
    top = _parse_json(text, path)
    profiles = _member(top, "configurations", dict, path)
    name = _choose(profiles, profile, path)
    wanted = profiles[name]
    if not isinstance(wanted, dict):
        raise _damaged(path, f"the profile {name} is no object")
    unknown: list[str] = []
    ciphers = _member(wanted, "ciphers", dict, path)
    lists = {
        "protocols": _names(wanted, "tls_versions", parse_protocol, unknown, path),
        "ciphers": _names(ciphers, "openssl" if "openssl" in ciphers else "iana", parse_cipher, unknown, path),
        "ciphersuites": _names(wanted, "ciphersuites", parse_ciphersuite, unknown, path),
        "groups": _names(wanted, "tls_curves", parse_group, unknown, path),
    }
    prefers = _member(wanted, "server_preferred_order", bool, path)
    _refuse_empty(lists, unknown, f"the profile {name} of {path}")
    return Guideline(_title(top, name, path), name, **lists, prefer_server_ciphers=prefers, unknown=tuple(unknown))


def _parse_json(text: bytes, path: str) -> dict[str, Any]:
    from json import loads

    try:
        top = loads(text.decode("utf-8-sig"), parse_int=_Number, parse_float=_Number)
    except (ValueError, RecursionError):  # a fault of the coding is a ValueError too
        raise _damaged(path, "it is no JSON") from None
    if not isinstance(top, dict):
        raise _damaged(path, "it is no object")
    return top


def _damaged(path: str, fault: str) -> SiteError:
    message = f"{path} is no guideline in TLSRef's form: {fault}"
    return SiteError(message, "name a file such as 6.0.json of https://data.tlsref.org/guidelines/", key=KEY)


def _member(table: dict[str, Any], name: str, kind: type, path: str) -> Any:  # noqa: ANN401  of that kind
    value = table.get(name)
    if not isinstance(value, kind):
        kinds = {dict: "an object", list: "a list", bool: "true or false", str: "a number"}
        raise _damaged(path, f"{name} is {'missing' if name not in table else f'not {kinds[kind]}'}")
    return value


def _choose(profiles: dict[str, Any], name: str | None, path: str) -> str:
    """Return the profile's name; SiteError with what was probably meant, and all there are, where there is none."""
    from difflib import get_close_matches

    if not 0 < len(profiles) <= _MOST_PROFILES:
        raise _damaged(path, "it has no profiles, or too many")
    if not all(one.isprintable() and 0 < len(one) <= _LONGEST_PROFILE for one in profiles):
        raise _damaged(path, "a profile has no name that can be typed")
    if name in profiles:
        return str(name)
    listed = ", ".join(profiles)
    if name is None:
        message = f"{path} has several profiles: choose one of them with --profile"
        raise SiteError(message, f"add --profile NAME, of {listed}", key=KEY)
    near = get_close_matches(name.lower(), list(profiles), 1, 0.6)
    meant = f"; did you mean {near[0]}?" if near else ""
    message = f"{path} has no profile {name!r}{meant}"
    raise SiteError(message, f"it has {listed}", key=KEY)


def _names(
    table: dict[str, Any], name: str, parse: Callable[[str], str], unknown: list[str], path: str
) -> tuple[str, ...]:
    """Return the names of a list that our tables have, and append the others to `unknown`."""
    texts = _member(table, name, list, path)
    if len(texts) > _MOST_NAMES:
        raise _damaged(path, f"{name} has {len(texts)} entries")
    known = []
    for text in texts:
        if type(text) is not str or not text or len(text) > _LONGEST_NAME:
            raise _damaged(path, f"{name} has an entry that is no name")
        try:
            known.append(parse(text))
        except SiteError:
            unknown.append(text)
    return tuple(dict.fromkeys(known))


def _refuse_empty(lists: dict[str, tuple[str, ...]], unknown: list[str], where: str) -> None:
    protocols = lists["protocols"]
    needed = {
        "protocols": True,
        "ciphers": any(name != "TLSv1.3" for name in protocols),
        "ciphersuites": "TLSv1.3" in protocols,
        "groups": True,
    }
    empty = next((name for name, needs in needed.items() if needs and not lists[name]), None)
    if empty:
        names = f": unknown are {', '.join(unknown)}" if unknown else ""
        message = f"{where} leaves no {empty} that sslutil knows{names}"
        raise SiteError(message, "take another profile of it, or a newer sslutil", key=f"tls.{empty}")


def _title(top: dict[str, Any], name: str, path: str) -> str:
    version, href = top.get("version"), top.get("href")
    if not isinstance(version, _Number) or not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", version):
        raise _damaged(path, "version is no number")
    host = re.match(r"https://([^/:]+)", href) if isinstance(href, str) else None
    source = next((title for end, title in _SOURCES.items() if host and f".{host[1]}".endswith(f".{end}")), "guideline")
    return f"{source} {version}, {name}"
