"""What an authority may send, in its plainest form, and what is found again in any other."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from sslutil.pki.keys import make_key
from tests.pki.authorities import KEY, make_authority, make_crl

if TYPE_CHECKING:
    from sslutil.facts import Intake, Piece

LEAF_PEM, ISSUER_PEM, ROOT_PEM = (make_authority(name) for name in ("mail.example.org", "Issuing CA", "Root CA"))
CRL_PEM = make_crl("Issuing CA")
SECRET = b"correct horse"
RSA = make_key("rsa2048")
_SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
REQUEST_PEM = (
    x509.CertificateSigningRequestBuilder()
    .subject_name(_SUBJECT)
    .sign(KEY.signer, hashes.SHA256())
    .public_bytes(Encoding.PEM)
)


def der_of(pem: bytes) -> bytes:
    """Return the DER of one PEM block."""
    return b64decode(re.sub(rb"-----[^-]+-----|\s", b"", pem))


LEAF, ISSUER, ROOT, CRL, REQUEST = map(der_of, (LEAF_PEM, ISSUER_PEM, ROOT_PEM, CRL_PEM, REQUEST_PEM))
CHAIN = {LEAF, ISSUER, ROOT}


def block(label: str, der: bytes, width: int = 64) -> bytes:
    """Return a PEM block, with lines of `width` letters."""
    text = b64encode(der).decode()
    lines = "\n".join(text[place : place + width] for place in range(0, len(text), width))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def key_bytes(
    form: PrivateFormat, encoding: Encoding = Encoding.PEM, secret: bytes = b"", *, rsa: bool = False
) -> bytes:
    """Return the key of the request, or the other of RSA, in one form."""
    lock: KeySerializationEncryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    return (RSA if rsa else KEY).signer.private_bytes(encoding, form, lock)


PKCS8 = key_bytes(PrivateFormat.PKCS8, Encoding.DER)
PKCS8_RSA = key_bytes(PrivateFormat.PKCS8, Encoding.DER, rsa=True)


def certificates() -> list[x509.Certificate]:
    """Return the three certificates, as the library has them."""
    return [x509.load_der_x509_certificate(der) for der in (LEAF, ISSUER, ROOT)]


def make_pkcs7(encoding: Encoding) -> bytes:
    """Return the three in a PKCS#7."""
    return pkcs7.serialize_certificates(certificates(), encoding)


@cache
def make_pkcs12(secret: bytes, *, name: bytes = b"mail", key: bool = True, above: bool = True) -> bytes:
    """Return a PKCS#12 of key and three certificates."""
    leaf, *others = certificates()
    lock: KeySerializationEncryption = BestAvailableEncryption(secret) if secret else NoEncryption()
    signer = KEY.signer if key else None
    return pkcs12.serialize_key_and_certificates(name, signer, leaf, others if above else None, lock)  # type: ignore[arg-type]


def ders(pieces: tuple[Piece, ...]) -> set[bytes]:
    """Return the DER of what was found, each once."""
    found = [der_of(piece.pem) for piece in pieces]
    assert len(found) == len(set(found))
    return set(found)


def found_in(intake: Intake) -> dict[str, set[bytes]]:
    """Return the DER of all that was found, by its kind, where there is any."""
    kinds = {kind: ders(getattr(intake, kind)) for kind in ("certificates", "keys", "requests", "crls")}
    kinds["keys"] = {
        load_der_private_key(der, None).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        for der in kinds["keys"]
    }
    return {kind: found for kind, found in kinds.items() if found}
