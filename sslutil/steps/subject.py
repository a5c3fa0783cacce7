"""What the subject of a request says besides the common name, as it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import UsageError, command
from sslutil.names import parse_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTRY_LETTERS = 2
_LONGEST_LOCAL_PART = 64
"""RFC 5321, 4.5.3.1.1."""


class Part(NamedTuple):
    """One part of a subject."""

    title: str
    longest: int
    """Characters (the upper bounds of RFC 5280, appendix A.1)."""
    example: str


PARTS = {
    "organization": Part("organization", 64, "Example Ltd"),
    "unit": Part("unit", 64, "Mail"),
    "locality": Part("locality", 128, "Vienna"),
    "state": Part("state", 128, "Vienna"),
    "country": Part("country", _COUNTRY_LETTERS, "AT"),
    "email": Part("e-mail address", 255, "postmaster@example.org"),
}
"""The parts by their option and their key in request.toml, in the order in which people write them."""


def parse_subject(typed: Mapping[str, str | None]) -> dict[str, str]:
    """Return the parts that were typed, as a certificate holds them; UsageError names the option at fault."""
    return {name: _parse(name, text) for name in PARTS if (text := typed.get(name)) is not None}


def render_subject(subject: Mapping[str, str]) -> str:
    """Return the parts for people: "organization Example Ltd, country AT"."""
    return ", ".join(f"{part.title} {subject[name]}" for name, part in PARTS.items() if name in subject)


def _parse(name: str, text: str) -> str:
    part = PARTS[name]
    value = text.strip()
    if name == "country":
        value = value.upper()
        fault = "" if _is_country(value) else f"is two letters of ISO 3166, not {text}"
    elif not any(character.isalnum() for character in value):
        # The Baseline Requirements, 7.1.4.2, forbid a mere ".", "-" or " ", which some programs take for nothing.
        fault = "has a letter or a digit, or is left away"
    elif not value.isprintable():
        fault = "has no control characters"
    elif len(value) > part.longest:
        fault = f"has at most {part.longest} characters, and this one has {len(value)}"
    elif name == "email":
        return _parse_address(value, text)
    else:
        fault = ""
    if fault:
        raise _refused(name, text, fault)
    return value


def _is_country(text: str) -> bool:
    return len(text) == _COUNTRY_LETTERS and text.isascii() and text.isalpha()


def _parse_address(address: str, typed: str) -> str:
    """Return the address with its domain in A-labels: the subject holds ASCII alone (RFC 5280, A.1, EmailAddress)."""
    local, found, domain = address.rpartition("@")
    is_local = local.isascii() and 0 < len(local) <= _LONGEST_LOCAL_PART and not set(local) & set(' @<>"(),:;[\\]')
    if not (found and is_local):
        raise _refused("email", typed, "is an address in ASCII, with one @")
    try:
        identity = parse_identity(domain)
    except UsageError as fault:
        raise _refused("email", typed, f"has a domain: {fault.message}") from fault
    if identity.kind != "dns" or identity.wildcard:
        raise _refused("email", typed, "has the domain of a mail server behind its @")
    return f"{local}@{identity.text}"


def _refused(name: str, typed: str, fault: str) -> UsageError:
    example = PARTS[name].example
    cure = command("sslutil", "certificate", "csr", f"--{name}", example)
    return UsageError(f"--{name} {fault}", cure, typed=typed, near=(example,))
