"""sslscan: which protocols and suites a server offers, whatever it was told.

It tries every suite that its OpenSSL was built with, so none of SSL 3.0 and none with Triple DES on Debian; its list of
groups is not used: of those of TLS 1.2 it offers only the one of the server's own key (2.0.7).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, NamedTuple

from tests.judges import ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges import Argument

QUICKLY = ("--no-check-certificate", "--no-compression", "--no-fallback", "--no-groups", "--no-heartbleed")
NEWEST = "TLSv1.3"


class Scan(NamedTuple):
    """What is offered, by OpenSSL's names."""

    protocols: tuple[str, ...]
    """Oldest first; SSL too, as "SSLv3"."""
    ciphers: frozenset[str]
    """Suites of TLS 1.2 and below."""
    ciphersuites: frozenset[str]
    """Suites of TLS 1.3."""


def scan(port: int, name: str, *, client: Path | None = None, starttls: str = "") -> Scan:
    """Scan 127.0.0.1 as a client that calls the server `name`, and has the certificate and key in `client`."""
    shown: list[Argument] = [f"--certs={client}", f"--pk={client}"] if client else []
    begun = [f"--starttls-{starttls}"] if starttls else []
    options = ["--xml=-", "--no-renegotiation", *QUICKLY, *begun, *shown, f"--sni-name={name}"]
    _, words = ask(["sslscan", *options, f"127.0.0.1:{port}"])
    tree = ET.fromstring(words[words.index("<?xml") :])  # noqa: S314  its own output on our own server
    protocols = [row for row in tree.iter("protocol") if row.get("enabled") == "1"]
    rows = {(row.attrib["sslversion"], row.attrib["cipher"]) for row in tree.iter("cipher")}
    return Scan(
        tuple(f"{row.attrib['type'].upper()}v{row.attrib['version'].removesuffix('.0')}" for row in protocols),
        frozenset(cipher for version, cipher in rows if version != NEWEST),
        frozenset(cipher for version, cipher in rows if version == NEWEST),
    )
