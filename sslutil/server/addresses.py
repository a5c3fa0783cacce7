"""Where a plain request goes to: from a Host header and a request target, which are a stranger's, to an address."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOST = re.compile(r"(?:\[(?P<literal>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+?)\.?)(?::[0-9]*)?")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ABSOLUTE = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*")
_PRINTABLE = re.compile(r"[!-~]+")
# A token is base64url (RFC 8555, 8.3): with dots or slashes in it, any page could be had past the redirect.
_CHALLENGE = re.compile(r"/\.well-known/acme-challenge/[A-Za-z0-9_-]+")


def choose_name(host: str | None, names: Sequence[str]) -> str | None:
    """Return the one of the site's names that the Host header `host` means, else the first that is no wildcard.

    A wildcard's is the header's own name, which fits it. None where all names are wildcards and none fits.
    """
    wanted = parse_host(host or "")
    plain = [_canonical(name) for name in names if not name.startswith("*.")]
    if wanted is not None and (wanted in plain or any(_fits(wanted, name) for name in names)):
        return wanted
    return plain[0] if plain else None


def parse_host(host: str) -> str | None:
    """Return the name in a Host header, "Mail.Example.ORG:8080" as "mail.example.org"; None for what is no host."""
    match = _HOST.fullmatch(host)
    return _canonical(match["literal"] or match["name"]) if match else None


def _canonical(name: str) -> str:
    if ":" not in name:
        return name.lower()
    try:
        return ipaddress.IPv6Address(name).compressed
    except ValueError:
        return name.lower()


def _fits(name: str, wildcard: str) -> bool:
    label, _, parent = name.partition(".")
    return wildcard.lower() == f"*.{parent}" and _LABEL.fullmatch(label) is not None


def render_address(scheme: str, name: str, port: int, target: str) -> str:
    """Return the whole address; the scheme's own port is left out, an IPv6 address put in brackets."""
    host = f"[{name}]" if ":" in name else name
    own = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}{'' if port == own else f':{port}'}{target}"


def parse_target(target: str) -> str | None:
    """Return path and query of a request target, untouched; of an absolute one, what comes behind its host.

    None for what has no path ("*", a CONNECT's host:port) or holds a space, a control or another character that no
    target may hold: it would end a header line, or mean something else to the next reader.
    """
    if not _PRINTABLE.fullmatch(target):
        return None
    absolute = _ABSOLUTE.match(target)
    if absolute:
        target = target[absolute.end() :]
        if not target.startswith("/"):
            target = f"/{target}"
    return target if target.startswith("/") else None


def is_acme_challenge(target: str) -> bool:
    """Tell whether an ACME server asks (RFC 8555, 8.3): that is answered in plain http, never redirected."""
    path = parse_target(target)
    return path is not None and _CHALLENGE.fullmatch(path.partition("?")[0]) is not None
