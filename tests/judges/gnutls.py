"""GnuTLS: certtool verifies chains, gnutls-cli connects as a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import Verdict, ask, is_address

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges import Argument

SERVER_PURPOSE = "1.3.6.1.5.5.7.3.1"
"""id-kp-serverAuth, RFC 5280, section 4.2.1.12."""


def judge_chain(chain: Path, name: str, *, trusted: Path) -> Verdict:
    """Ask whether a client that trusts the CA `trusted` takes the chain (leaf first) for a server that it calls `name`.

    A self-signed leaf can't be judged so: certtool wants a CA as issuer, even where the leaf itself is in `trusted`.
    `judge_server` takes it, as programs that use the library do.
    """
    trust: list[Argument] = ["--load-ca-certificate", trusted]
    purpose = ["--verify-purpose", SERVER_PURPOSE, "--verify-profile", "medium"]
    status, words = ask(["certtool", "--verify", *trust, *purpose, "--verify-hostname", name, "--infile", chain])
    return Verdict(status == 0, words)


def judge_server(port: int, name: str, *, trusted: Path, priority: str = "NORMAL") -> Verdict:
    """Ask a client that calls 127.0.0.1 `name` and trusts `trusted` alone to make one handshake.

    `priority` is GnuTLS's own language for protocols and suites: "NORMAL:-VERS-ALL:+VERS-TLS1.2".
    """
    sni = [] if is_address(name) else ["--sni-hostname", name]
    called: list[Argument] = ["--verify-hostname", name, *sni, "--x509cafile", trusted, "--priority", priority]
    status, words = ask(["gnutls-cli", "127.0.0.1", "--port", str(port), *called])
    return Verdict(status == 0 and "Handshake was completed" in words, words)


def fetch(port: int, name: str, *, trusted: Path, client: Path) -> str:
    """Return what comes back on a request for the root page by a client that shows certificate and key of a PEM file.

    `trusted` alone is trusted.
    """
    shown: list[Argument] = ["--x509certfile", client, "--x509keyfile", client]
    called: list[Argument] = ["--verify-hostname", name, "--sni-hostname", name, "--x509cafile", trusted]
    request = f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n"
    _, words = ask(["gnutls-cli", "127.0.0.1", "--port", str(port), *called, *shown], stdin=request)
    return words.partition("Simple Client Mode:")[2]


def certificate_text(certificate: Path) -> str:
    """Return what `certtool --certificate-info` prints."""
    status, words = ask(["certtool", "--certificate-info", "--infile", certificate])
    assert status == 0, words
    return words


def request_text(request: Path) -> str:
    """Return what `certtool --crq-info` prints."""
    status, words = ask(["certtool", "--crq-info", "--infile", request])
    assert status == 0, words
    return words


def open_pkcs12(file: Path, passphrase: str) -> Verdict:
    """Ask for everything in a PKCS#12; `certtool` of GnuTLS 3.7 exits 0 on a wrong passphrase too."""
    status, words = ask(["certtool", "--p12-info", "--inder", "--infile", file, "--password", passphrase])
    faults = ("verification failed", "Decryption has failed", "There were errors")
    return Verdict(status == 0 and "PRIVATE KEY-----" in words and not any(fault in words for fault in faults), words)
