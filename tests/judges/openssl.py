"""The openssl command: verifies certificates and requests, prints them, and connects as a client."""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.judges import PATIENCE, Verdict, ask, certificates_in, is_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.judges import Argument

PROTOCOL_OPTIONS = {
    # Without the lowered level openssl's own client would refuse the two old ones before the server can.
    "TLSv1": ("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"),
    "TLSv1.1": ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
    "TLSv1.2": ("-tls1_2",),
    "TLSv1.3": ("-tls1_3",),
}


def judge_certificate(certificate: Path, name: str, *, trusted: Path | None = None) -> Verdict:
    """Ask whether a client that trusts `trusted` alone takes the certificate for a server that it calls `name`.

    `certificate` may hold a chain, leaf first. Without `trusted` it is its own trust, as a pinned self-signed one is.
    `-x509_strict` turns what RFC 5280 asks of a certificate into errors, but OpenSSL looks only at chains of two and
    more: for a self-signed one ask pkilint too.
    """
    expected = ["-verify_ip" if is_address(name) else "-verify_hostname", name]
    trust: list[Argument] = ["-no-CApath", "-no-CAstore", "-CAfile", trusted or certificate]
    untrusted: list[Argument] = ["-untrusted", certificate]
    status, words = ask(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", *expected, *trust, *untrusted, certificate],
    )
    return Verdict(status == 0, words)


def judge_request(request: Path) -> Verdict:
    """Ask whether a certificate signing request is signed by the key that it carries."""
    status, words = ask(["openssl", "req", "-verify", "-noout", "-in", request])
    return Verdict(status == 0 and "verify OK" in words, words)  # OpenSSL 3.0 exits 0 on a bad signature too


def judge_key(key: Path) -> Verdict:
    """Ask whether a private key is whole: its parts fit each other."""
    status, words = ask(["openssl", "pkey", "-check", "-noout", "-in", key])
    return Verdict(status == 0 and "Key is valid" in words, words)


def certificate_text(certificate: Path) -> str:
    """Return what `openssl x509 -text` prints, subject and issuer as RFC 2253 writes them."""
    return _answer(["openssl", "x509", "-noout", "-text", "-nameopt", "RFC2253", "-in", certificate])


def request_text(request: Path) -> str:
    """Return what `openssl req -text` prints, the subject as RFC 2253 writes it."""
    return _answer(["openssl", "req", "-noout", "-text", "-nameopt", "RFC2253", "-in", request])


def public_key_of_certificate(certificate: Path) -> str:
    """Return the public key of a certificate, as PEM."""
    return _answer(["openssl", "x509", "-noout", "-pubkey", "-in", certificate])


def public_key_of_request(request: Path) -> str:
    """Return the public key of a request, as PEM."""
    return _answer(["openssl", "req", "-noout", "-pubkey", "-in", request])


def public_key_of_key(key: Path) -> str:
    """Return the public side of a private key, as PEM."""
    return _answer(["openssl", "pkey", "-pubout", "-in", key])


@dataclass(frozen=True)
class Handshake:
    """What a client saw of one handshake."""

    completed: bool
    """Whether there is a session. In TLS 1.3 a server refuses a client certificate only after that: use curl there."""
    verified: bool
    """Whether the client took certificate and name."""
    protocol: str
    """As OpenSSL writes it: "TLSv1.3"; empty where the handshake failed."""
    cipher: str
    """As OpenSSL writes it; empty where the handshake failed."""
    group: str
    """The key agreement, as OpenSSL writes it: "X25519"; empty where the handshake failed."""
    chain: tuple[str, ...]
    """The certificates that the server sent, as PEM, leaf first."""
    words: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's certificate, 64 lower-case hexadecimal digits."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.chain[0])).hexdigest()


def connect(
    port: int,
    name: str,
    *,
    trusted: Path | None = None,
    protocol: str = "",
    options: Sequence[str | Path] = (),
) -> Handshake:
    """Make one handshake with 127.0.0.1 as a client that calls the server `name` and trusts `trusted` alone.

    `protocol` ("TLSv1.1") allows that one only; `options` go to `openssl s_client` as they are.
    """
    trust: list[Argument] = ["-no-CApath", "-no-CAstore", *(["-CAfile", trusted] if trusted else ["-no-CAfile"])]
    called = ["-verify_ip", name] if is_address(name) else ["-verify_hostname", name, "-servername", name]
    versions = PROTOCOL_OPTIONS[protocol] if protocol else ()
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-showcerts", *called, *trust, *versions, *options]
    _, words = ask(argv)
    session = re.search(r"^New, (\S+), Cipher is (\S+)$", words, re.MULTILINE)
    completed = session is not None and session[1] != "(NONE)"
    # "New" names the oldest protocol of the suite; up to TLS 1.2 the session names the one in use.
    version = re.search(r"^ +Protocol *: (\S+)$", words, re.MULTILINE) or session
    group = re.search(r"^Server Temp Key: (?:ECDH, )?([^,\n]+)|^Negotiated TLS1.3 group: (\S+)", words, re.MULTILINE)
    return Handshake(
        completed=completed,
        verified=completed and "Verify return code: 0 (ok)" in words,
        protocol=version[1] if version and completed else "",
        cipher=session[2] if session and completed else "",
        group=(group[1] or group[2]) if group and completed else "",
        chain=tuple(certificates_in(words)),
        words=words,
    )


def fetch(port: int, name: str, *, trusted: Path, client: tuple[Path, str]) -> str:
    """Return what comes back on a request for the root page by a client that shows a PKCS#12, with its passphrase.

    `trusted` alone is trusted.
    """
    trust: list[Argument] = ["-no-CApath", "-no-CAstore", "-CAfile", trusted, "-verify_return_error"]
    file, passphrase = client
    shown: list[Argument] = ["-cert", file, "-pass", f"pass:{passphrase}"]
    called = ["-connect", f"127.0.0.1:{port}", "-servername", name, "-verify_hostname", name]
    request = f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n"
    _, words = ask(["openssl", "s_client", *called, *trust, *shown, "-ign_eof"], stdin=request)
    return words.partition("Verify return code: 0 (ok)")[2]


def judge_client(certificate: Path, *, trusted: Path, crls: Path, purpose: str = "sslclient") -> Verdict:
    """Ask whether a server that trusts `trusted` alone, and asks the revocation lists, lets a certificate in."""
    trust: list[Argument] = ["-no-CApath", "-no-CAstore", "-CAfile", trusted, "-crl_check", "-CRLfile", crls]
    status, words = ask(["openssl", "verify", "-x509_strict", "-purpose", purpose, *trust, certificate])
    return Verdict(status == 0, words)


def _answer(argv: list[Argument]) -> str:
    status, words = ask(argv)
    assert status == 0, words
    return words


def is_served_soon(port: int, name: str, fingerprint: str) -> bool:
    """Tell whether a certificate is served before long: a graceful reload goes on after its command has ended."""
    deadline = time.monotonic() + PATIENCE
    while connect(port, name).fingerprint != fingerprint:
        if time.monotonic() > deadline:
            return False
    return True


def open_pkcs12(file: Path, passphrase: str) -> Verdict:
    """Ask for everything in a PKCS#12: its algorithms, its key not encrypted, its certificates."""
    source: list[Argument] = ["-in", file, "-passin", f"pass:{passphrase}"]
    status, words = ask(["openssl", "pkcs12", "-info", "-noenc", "-legacy", *source])
    return Verdict(status == 0 and "-----BEGIN PRIVATE KEY-----" in words, words)
