"""Authorities of clients, and their revocation lists, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sslutil.pki.keys import make_key

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = make_key("p256")


def make_authority(name: str, *, ca: bool | None = True) -> bytes:
    """Return an authority's certificate; with `ca` None one of the days before basic constraints."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(KEY.signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def make_crl(name: str) -> bytes:
    """Return an authority's revocation list."""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
    builder = builder.last_update(NOW).next_update(NOW + timedelta(days=1))
    return builder.sign(KEY.signer, hashes.SHA256()).public_bytes(Encoding.PEM)
