"""The authorities that this machine trusts: the bundle that its distribution and its administrator keep."""

from __future__ import annotations

import os
import stat

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, Red Hat since 7
    "/etc/pki/tls/certs/ca-bundle.crt",  # the same, older
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # the BSDs, macOS, Alpine
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD
    "/etc/openssl/certs/ca-certificates.crt",  # NetBSD
)
_LIMIT = 8 << 20
"""Bytes; Debian's has 220,000."""


def read_trust_store() -> bytes:
    """Return the certificates of the first bundle that is there, PEM; nothing where this machine has none."""
    return next(filter(None, map(_read, _BUNDLES)), b"")


def _read(path: str) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(_LIMIT + 1) if regular else b""
    except OSError:
        return b""
    return content if len(content) <= _LIMIT else b""
