"""Authorities of others, whose clients may be let in too, as of a day of the tests' own clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.verbs.conftest import BIRTH

if TYPE_CHECKING:
    from pathlib import Path


class Stranger:
    """An authority of somebody else's: its certificate, and the lists that it signs."""

    def __init__(  # noqa: PLR0913  what authorities differ in
        self,
        name: str = "Stranger",
        *,
        ca: bool = True,
        signs: bool = True,
        weak: bool = False,
        days: tuple[float, float] = (-10, 3000),
        purpose: x509.ObjectIdentifier | None = None,
    ) -> None:
        """Valid so many days after BIRTH."""
        self._key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = ec.generate_private_key(ec.SECP256R1())
        if weak:
            self._key = rsa.generate_private_key(65537, 1024)  # noqa: S505  to be refused
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"),
            False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BIRTH + timedelta(days=days[0]))
            .not_valid_after(BIRTH + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(**usage, digital_signature=True, key_cert_sign=signs, crl_sign=True, decipher_only=False),
                critical=True,
            )
        )
        if purpose:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        self.pem = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def make_list(self, number: int = 1, *, begin: float = -1, end: float = 30, revoked: tuple[int, ...] = ()) -> bytes:
        """Return a revocation list, PEM, that holds from so many days after BIRTH to so many."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(BIRTH + timedelta(days=begin))
            .next_update(BIRTH + timedelta(days=end))
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(BIRTH)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


SERVERS_ONLY = ExtendedKeyUsageOID.SERVER_AUTH


def put(folder: Path, name: str, content: bytes) -> str:
    """Write a file, and return its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)
