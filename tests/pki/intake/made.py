"""What an authority may send, made once: a chain, a request, a revocation list, keys; and what openssl makes of it."""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from sslutil.pki.intake import take_apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.facts import Intake

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PASSPHRASE = "battery ünd staple".encode()


class Signed(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """The key in PKCS#8, PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def make(name: str, issuer: str = "") -> Signed:
    """Return a certificate for a name, signed by that of `issuer`, or by itself; the same one each time."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = make(issuer) if issuer else None
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(above.key if above else key, hashes.SHA256())
    )
    return Signed(certificate, key)


def leaf() -> Signed:
    """Return the server's."""
    return make("mail.example.org", "issuing.example")


def issuer() -> Signed:
    """Return its issuer's."""
    return make("issuing.example")


@cache
def request() -> bytes:
    """Return a request over the leaf's key, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    return x509.CertificateSigningRequestBuilder(name).sign(leaf().key, hashes.SHA256()).public_bytes(Encoding.PEM)


@cache
def crl() -> bytes:
    """Return a revocation list of the issuer, PEM."""
    builder = x509.CertificateRevocationListBuilder(issuer().certificate.subject, NOW, NOW + timedelta(days=7))
    return builder.sign(issuer().key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pair() -> bytes:
    """Return leaf and issuer in PEM."""
    return leaf().pem + issuer().pem


def der_of(pem: bytes) -> bytes:
    """Return what a PEM text holds below its base64."""
    from base64 import b64decode

    return b64decode(b"".join(pem.splitlines()[1:-1]))


def archive(*, key: bool = True, passphrase: bytes | None = None) -> bytes:
    """Return a PKCS#12 of leaf and issuer."""
    lock = BestAvailableEncryption(passphrase) if passphrase is not None else NoEncryption()
    held = leaf().key if key else None
    return pkcs12.serialize_key_and_certificates(b"x", held, leaf().certificate, [issuer().certificate], lock)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, member in members.items():
            file.writestr(name, member)
    return content.getvalue()


def openssl(*words: str, stdin: bytes = b"", files: Mapping[str, bytes] | None = None) -> bytes:
    """Return what openssl writes on stdout, run in a folder with these files."""
    with tempfile.TemporaryDirectory() as name:
        for file, content in (files or {}).items():
            (Path(name) / file).write_bytes(content)
        done = subprocess.run(["openssl", *words], cwd=name, input=stdin, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def element(tag: int, *parts: bytes) -> bytes:
    """Return a DER element."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def ders(intake: Intake) -> set[bytes]:
    """Return the DER of each certificate that was found."""
    return {der_of(piece.pem) for piece in intake.certificates}


def chain() -> set[bytes]:
    """Return the DER of leaf and issuer."""
    return {leaf().der, issuer().der}


def taken(content: bytes, *passphrases: bytes) -> Intake:
    """Return what is taken of a content that came as "answer"."""
    return take_apart(content, "answer", passphrases)


def is_leaf_key(intake: Intake) -> bool:
    """Return whether the leaf's key was found, alone and in PKCS#8 that is not encrypted."""
    (piece,) = intake.keys
    assert piece.pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = load_pem_private_key(piece.pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.private_numbers() == leaf().key.private_numbers()
