"""Authorities and servers for tests of chains: quick to make, and wrong in whichever way a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sslutil.pki.keys import make_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
_SIGNING = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@cache
def key_of(name: str, key_type: str = "p256") -> CertificateIssuerPrivateKeyTypes:
    """Return the key of a holder, always the same in one run."""
    del name
    return make_key(key_type).signer


def make_name(text: str) -> x509.Name:
    """Return a name with a common name; an empty one for an empty text."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


@dataclass(frozen=True)
class Holder:
    """A name and its key: two of one name with different `label` look alike."""

    name: str
    label: str = ""
    key_type: str = "p256"

    @property
    def key(self) -> CertificateIssuerPrivateKeyTypes:
        """The private key."""
        return key_of(f"{self.name}/{self.label}", self.key_type)


@dataclass(frozen=True)
class Parts:
    """What a certificate says; the defaults are those of a good authority."""

    ca: bool | None = True
    """None leaves the basic constraints out."""
    path_length: int | None = None
    signs: bool | None = True
    """Whether the key usage allows to sign certificates; None leaves it out."""
    handshakes: bool = False
    purposes: Sequence[x509.ObjectIdentifier] = ()
    names: Sequence[str] = ()
    begin: datetime = NOW - DAY
    end: datetime = NOW + 30 * DAY
    addresses: Sequence[str] = ()
    identifiers: bool = True
    hashed: hashes.HashAlgorithm | None = field(default_factory=hashes.SHA256)
    public: CertificatePublicKeyTypes | None = None
    """A key in the place of the holder's own."""


def make_certificate(holder: Holder, issuer: Holder, parts: Parts | None = None) -> bytes:
    """Return a certificate of `holder` signed by `issuer`, PEM."""
    parts = parts or Parts()
    public = parts.public or holder.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(make_name(holder.name))
        .issuer_name(make_name(issuer.name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(parts.begin)
        .not_valid_after(parts.end)
    )
    for extension, critical in _extensions(public, issuer, parts):
        builder = builder.add_extension(extension, critical)
    own_hash = not hasattr(issuer.key, "curve") and not hasattr(issuer.key, "key_size")
    signed = builder.sign(issuer.key, None if own_hash else parts.hashed)  # type: ignore[arg-type]
    return signed.public_bytes(Encoding.PEM)


def _extensions(
    public: CertificatePublicKeyTypes, issuer: Holder, parts: Parts
) -> Sequence[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if parts.ca is not None:
        found.append((x509.BasicConstraints(parts.ca, parts.path_length), True))
    if parts.signs is not None:
        usage = _SIGNING | {"key_cert_sign": parts.signs, "digital_signature": parts.handshakes, "crl_sign": True}
        found.append((x509.KeyUsage(**usage), True))
    if parts.purposes:
        found.append((x509.ExtendedKeyUsage(parts.purposes), False))
    if parts.names:
        found.append((x509.SubjectAlternativeName(x509.DNSName(name) for name in parts.names), False))
    if parts.addresses:
        where = (
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url))
            for url in parts.addresses
        )
        found.append((x509.AuthorityInformationAccess(where), False))
    if parts.identifiers:
        found.append((x509.SubjectKeyIdentifier.from_public_key(public), False))
        key = issuer.key.public_key()
        found.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(key), False))
    return found


LEAF = Parts(ca=False, signs=False, handshakes=True, purposes=SERVER, names=("mail.example.org",))
"""What a good server's certificate says."""
