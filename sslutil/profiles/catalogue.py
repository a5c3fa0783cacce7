"""The TLS policies that have a name, each one constant that says which guideline it follows.

modern, intermediate and old are those of TLSRef (https://docs.tlsref.org/server-side-tls.html), which carries on
Mozilla's server-side TLS guidelines. The others follow an authority; where they differ from it they are stricter.
"""

from __future__ import annotations

from typing import NamedTuple

from sslutil.profiles.names import PROTOCOLS


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
    short_keys: tuple[str, ...] = ()
    """Key types that the guideline is giving up, or has given up, as too short."""
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
# The authorities allow AES-CCM, which neither browsers nor Go have, and CBC too: both are left out.
_AES_GCM_CIPHERSUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
_AES_GCM_CIPHERS = _INTERMEDIATE_CIPHERS[:4]
_NIST_CURVES = ("prime256v1", "secp384r1", "secp521r1")
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
        # No X25519 and no ChaCha20. Curves alone end with 2031, and hybrids of these curves with ML-KEM come first; the
        # edition was read in reports on it and compared with BSI-Bund/TaSK, its machine-readable form of 2023.
        Profile(
            name="bsi",
            title="whoever must follow Germany's BSI",
            guideline="BSI TR-02102-2, version 2026-01",
            protocols=("TLSv1.2", "TLSv1.3"),
            ciphers=_AES_GCM_CIPHERS,
            ciphersuites=_AES_GCM_CIPHERSUITES,
            groups=("SecP256r1MLKEM768", "SecP384r1MLKEM1024", *_NIST_CURVES),
            prefer_server_ciphers=False,
            short_keys=("rsa2048",),
        ),
        # It is older than ML-KEM, names no X25519, and its suites are those that FIPS 140 approves: no ChaCha20.
        Profile(
            name="nist",
            title="whoever must follow the United States' NIST",
            guideline="NIST SP 800-52 revision 2, of August 2019",
            protocols=("TLSv1.2", "TLSv1.3"),
            ciphers=_AES_GCM_CIPHERS,
            ciphersuites=_AES_GCM_CIPHERSUITES,
            groups=_NIST_CURVES,
            prefer_server_ciphers=False,
        ),
        # What is "good" comes before what is "sufficient", and the server chooses; nothing is "phase out". Compared
        # with tls_constants.py of Internet.nl 1.11, which knows no hybrids yet.
        Profile(
            name="ncsc-nl",
            title="whoever must follow the Netherlands' NCSC",
            guideline="NCSC-NL, IT Security Guidelines for TLS, of May 2025",
            protocols=("TLSv1.2", "TLSv1.3"),
            ciphers=(*_INTERMEDIATE_CIPHERS[2:], *_INTERMEDIATE_CIPHERS[:2]),
            ciphersuites=("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"),
            groups=("X25519", *_NIST_CURVES),
            prefer_server_ciphers=True,
            short_keys=("rsa2048",),
        ),
    )
}
"""Every profile by name: TLSRef's, the strictest first, then those of authorities."""
