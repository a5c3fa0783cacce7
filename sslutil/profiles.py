"""The TLS policies that have a name, and the names of which a policy of one's own can be made.

The profiles are those of TLSRef (https://docs.tlsref.org/server-side-tls.html), which carries on Mozilla's server-side
TLS guidelines. Every name is spelt as OpenSSL spells it; IANA's spelling is taken too and turned into OpenSSL's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sslutil.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROTOCOLS: tuple[str, ...] = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""Every protocol that can be chosen, oldest first."""


class Cipher(NamedTuple):
    """One suite of TLS 1.2 and below."""

    name: str
    """OpenSSL's: "ECDHE-RSA-AES128-GCM-SHA256"."""
    iana: str
    """IANA's: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"."""
    authentication: Literal["ecdsa", "rsa"]
    """The kind of key that the certificate must have."""
    protocol: str
    """The oldest of PROTOCOLS that has it."""


CIPHERS: dict[str, Cipher] = {
    row.name: row
    for row in (
        # Forward secrecy and authenticated encryption: what RFC 9325, 4.2 recommends.
        Cipher("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ecdsa", "TLSv1.2"),
        # None over finite fields: TLSRef dropped them, and each server wants Diffie-Hellman parameters of its own.
        # Forward secrecy alone: CBC, for clients of the years before 2014.
        Cipher("ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ecdsa", "TLSv1"),
        Cipher("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "rsa", "TLSv1"),
        Cipher("ECDHE-ECDSA-AES256-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ecdsa", "TLSv1"),
        Cipher("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "rsa", "TLSv1"),
        # RSA key transport: whoever gets the key later reads what was recorded before.
        Cipher("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", "rsa", "TLSv1.2"),
        Cipher("AES128-SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES256-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "rsa", "TLSv1"),
        Cipher("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "rsa", "TLSv1"),
        Cipher("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "rsa", "TLSv1"),
    )
}
"""Every suite of TLS 1.2 and below that can be chosen, by OpenSSL's name. None lacks encryption or authentication."""

UNSTOCKED_CIPHERS = frozenset({"DES-CBC3-SHA"})
"""What OpenSSL offers only where it was built with enable-weak-ssl-ciphers; elsewhere it skips the name in silence."""

CIPHERSUITES: tuple[str, ...] = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
)
"""Every suite of TLS 1.3 that can be chosen; OpenSSL and IANA spell them alike. The fifth of RFC 8446, B.4, with its
tag of 8 octets, is for small devices."""

GROUPS: dict[str, tuple[int, ...]] = {
    "X25519MLKEM768": (3, 5),
    "SecP256r1MLKEM768": (3, 5),
    "SecP384r1MLKEM1024": (3, 5),
    "X25519": (1, 1, 0),
    "prime256v1": (1, 0, 2),
    "secp384r1": (1, 0, 2),
    "secp521r1": (1, 0, 2),
    "X448": (1, 1, 1),
}
"""Every key agreement that can be chosen, by OpenSSL's name, and the first OpenSSL that loads a list with it."""

_GROUP_SPELLINGS = {
    "P-256": "prime256v1",
    "secp256r1": "prime256v1",
    "P-384": "secp384r1",
    "P-521": "secp521r1",
}


class Profile(NamedTuple):
    """A TLS policy that has a name."""

    name: str
    title: str
    """Whom it is for, in a few words."""
    guideline: str
    """What it follows, with the version."""
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]
    """Suites of TLS 1.2 and below, in order; empty where TLS 1.3 is alone."""
    ciphersuites: tuple[str, ...]
    """Suites of TLS 1.3, in order."""
    groups: tuple[str, ...]
    """Key agreements, in order; some need a recent OpenSSL, see GROUPS."""
    prefer_server_ciphers: bool
    session_tickets: bool = False
    """Off: OpenSSL seals tickets with one key for as long as the server runs, and whoever gets that key reads every
    session of TLS 1.2 that was resumed since (RFC 9325, 3.5 asks for rotation, which most servers don't do)."""


# Hybrid first: what is recorded today must stay secret when quantum computers come (RFC 10024).
_GROUPS = ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1")
_CIPHERSUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
_INTERMEDIATE_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
_OLD_CIPHERS = (
    *_INTERMEDIATE_CIPHERS,
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA256",
    "AES256-SHA256",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
)

VERSION = "1"
"""Raised with every change of a profile, so that a generation's record says which one it was made by."""

DEFAULT_PROFILE = "intermediate"
"""What TLSRef recommends for almost every server."""

PROFILES: dict[str, Profile] = {
    row.name: row
    for row in (
        Profile(
            name="modern",
            title="clients of 2019 and later, TLS 1.3 only",
            guideline='TLSRef 6.0, "modern"',
            protocols=("TLSv1.3",),
            ciphers=(),
            ciphersuites=_CIPHERSUITES,
            groups=_GROUPS,
            prefer_server_ciphers=False,
        ),
        Profile(
            name="intermediate",
            title="almost every client of the last ten years",
            guideline='TLSRef 6.0, "intermediate"',
            protocols=("TLSv1.2", "TLSv1.3"),
            ciphers=_INTERMEDIATE_CIPHERS,
            ciphersuites=_CIPHERSUITES,
            groups=_GROUPS,
            prefer_server_ciphers=False,
        ),
        Profile(
            name="old",
            title="very old clients, at the cost of everyone's safety",
            guideline='TLSRef 5.8, "old", which 6.0 no longer has',
            protocols=PROTOCOLS,
            ciphers=_OLD_CIPHERS,
            ciphersuites=_CIPHERSUITES,
            groups=_GROUPS,
            prefer_server_ciphers=True,
        ),
    )
}
"""Every profile by name, strictest first."""


def parse_protocol(text: str) -> str:
    """Return OpenSSL's name of a protocol, whatever its letter case; SiteError for others, SSL 3.0 among them."""
    if text.casefold().startswith("ssl"):
        message = f"protocol {text!r} was given up in 2015 (RFC 7568), and no server offers it"
        raise SiteError(message, "write TLSv1.2 and TLSv1.3", key="tls.protocols")
    return _parse(text, _same(PROTOCOLS) | {"TLSv1.0": "TLSv1"}, "protocol", "tls.protocols")


def parse_cipher(text: str) -> str:
    """Return OpenSSL's name of a suite of TLS 1.2 or below; SiteError for suites of TLS 1.3 and unknown ones."""
    newer = _find(text, _same(CIPHERSUITES))
    if newer is not None:
        message = f"{newer} is a suite of TLS 1.3, and ciphers lists those of TLS 1.2 and below"
        raise SiteError(message, f"put {newer} into ciphersuites", key="tls.ciphers")
    return _parse(text, _cipher_spellings(), "cipher", "tls.ciphers")


def parse_ciphersuite(text: str) -> str:
    """Return the name of a suite of TLS 1.3; SiteError for suites of TLS 1.2 and below, and unknown ones."""
    older = _find(text, _cipher_spellings())
    if older is not None:
        message = f"{older} is a suite of TLS 1.2 and below, and ciphersuites lists those of TLS 1.3"
        raise SiteError(message, f"put {older} into ciphers", key="tls.ciphersuites")
    return _parse(text, _same(CIPHERSUITES), "ciphersuite", "tls.ciphersuites")


def parse_group(text: str) -> str:
    """Return OpenSSL's name of a key agreement ("P-256" is prime256v1); SiteError for unknown ones."""
    return _parse(text, _same(GROUPS) | _GROUP_SPELLINGS, "group", "tls.groups")


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _cipher_spellings() -> dict[str, str]:
    return {spelling: row.name for row in CIPHERS.values() for spelling in (row.name, row.iana)}


def _find(text: str, spellings: Mapping[str, str]) -> str | None:
    folded = text.casefold()
    return next((name for spelling, name in spellings.items() if spelling.casefold() == folded), None)


def _parse(text: str, spellings: Mapping[str, str], kind: str, key: str) -> str:
    """Return the name that the text spells, or raise SiteError with what was probably meant."""
    found = _find(text, spellings)
    if found is None:
        expression = any(character in text for character in ":,;!+@")
        fault = f"{text!r} is a list or an expression, and each {kind} is written by itself"
        message = fault if expression else f"unknown {kind} {text!r}"
        raise SiteError(message, _suggest(text, spellings, kind), key=key)
    return found


def _suggest(text: str, spellings: Mapping[str, str], kind: str) -> str:
    """Return the nearest spelling as a hint; else all names, or where those are many, the way without any."""
    import difflib

    folded = {spelling.casefold(): spelling for spelling in spellings}
    near = difflib.get_close_matches(text.casefold(), folded, 1, cutoff=0.75)
    if near:
        return f"did you mean {folded[near[0]]}"
    if spellings.keys() >= CIPHERS.keys():
        return f'write profile = "{DEFAULT_PROFILE}", and a guideline chooses them'
    return f"each {kind} is one of {', '.join(dict.fromkeys(spellings.values()))}"
