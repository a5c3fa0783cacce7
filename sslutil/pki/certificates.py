"""Server certificates: self-signed ones made, any one described."""

from __future__ import annotations

import re
import warnings
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sslutil.errors import MaterialError
from sslutil.facts import CertificateFacts
from sslutil.keytypes import KEY_TYPES
from sslutil.names import Identity
from sslutil.pki.keys import describe_public_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sslutil.pki.keys import Key

LONGEST_COMMON_NAME = 64
"""Characters of a common name (RFC 5280, ub-common-name)."""
CLOCK_SKEW = timedelta(hours=1)
"""How far back a certificate begins: for clients whose clock is behind."""

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the `cryptography` package raises over a stranger's certificate or request."""

_CERTIFICATE = rb"(?s)-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----"
_HASHES: dict[str, type[hashes.SHA256 | hashes.SHA384]] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384}
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def make_self_signed(key: Key, identities: Sequence[Identity], *, now: datetime, days: int) -> bytes:
    """Return a certificate, PEM, for a TLS server of these names, signed with its own key.

    `now` is aware; the certificate begins an hour before it and holds for `days` times 86,400 seconds, the last one
    included, which is how Apple's clients and the CA/Browser Forum count (Baseline Requirements, 6.3.2).
    """
    public = key.signer.public_key()
    begin = now.replace(microsecond=0) - CLOCK_SKEW
    subject = make_subject(identities) or make_domain_subject(identities)
    skid = x509.SubjectKeyIdentifier.from_public_key(public)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())  # 159 random bits, positive
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days, seconds=-1))
        # Not a CA: Firefox refuses CAs as servers (MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY).
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_make_key_usage(key), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(make_alternative_names(identities), critical=False)
        .add_extension(skid, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(skid.digest, None, None), critical=False)
    )
    return builder.sign(key.signer, signature_hash(key)).public_bytes(Encoding.PEM)


def describe_certificate(pem: bytes, path: str = "") -> CertificateFacts:
    """Return what the first certificate of a PEM text says of itself; its names are the subject alternative names.

    `path` is the file for the sentence, where there is one. Raises MaterialError where there is no certificate, or one
    that can't be read. Whether its signature and names are worth anything is not judged here.
    """
    subject = path or "the certificate"
    block = re.search(_CERTIFICATE, pem)
    if block is None:
        fault = "holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"
        raise MaterialError(f"{subject} {fault if pem.strip() else 'is empty'}")
    try:
        with warnings.catch_warnings(action="ignore"):  # a negative serial number is the reader's to judge
            return _describe(x509.load_pem_x509_certificate(block[0]))
    except UNREADABLE:
        raise MaterialError(f"{subject} is damaged, or has a key or a field that sslutil does not know") from None


def make_subject(identities: Sequence[Identity]) -> x509.Name | None:
    """Return the subject with its common name, the first identity of at most 64 characters; None where all are longer.

    Clients look at the alternative names alone (RFC 9525), but strict readers refuse an empty subject.
    """
    fitting = (identity.text for identity in identities if len(identity.text) <= LONGEST_COMMON_NAME)
    common_name = next(fitting, None)
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]) if common_name else None


def make_alternative_names(identities: Sequence[Identity]) -> x509.SubjectAlternativeName:
    """Return the identities as subject alternative names, in their order."""
    return x509.SubjectAlternativeName(
        x509.DNSName(identity.text) if identity.kind == "dns" else x509.IPAddress(ip_address(identity.text))
        for identity in identities
    )


def find_identities(extensions: x509.Extensions) -> tuple[Identity, ...]:
    """Return the DNS names and addresses of a certificate or request, as they stand there but in lower case."""
    names = _find(extensions, x509.SubjectAlternativeName) or ()
    return tuple(
        Identity("dns", name.value.lower()) if isinstance(name, x509.DNSName) else Identity("ip", str(name.value))
        for name in names
        if isinstance(name, x509.DNSName | x509.IPAddress)
    )


def signature_hash(key: Key) -> hashes.SHA256 | hashes.SHA384 | None:
    """Return the hash with which the key signs; None where its algorithm has its own."""
    row = KEY_TYPES.get(key.facts.key_type)
    if row is None:  # a key that was brought along: another size of RSA, another curve, Ed448
        hashed = isinstance(key.signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        return hashes.SHA256() if hashed else None
    return _HASHES[row.signature_hash]() if row.signature_hash else None


def make_domain_subject(identities: Sequence[Identity]) -> x509.Name:
    """Return a subject of domain components (RFC 2247): an issuer must have a name (RFC 5280, 4.1.2.4)."""
    labels = reversed(identities[0].text.split("."))
    return x509.Name(x509.NameAttribute(NameOID.DOMAIN_COMPONENT, label) for label in labels)


def _make_key_usage(key: Key) -> x509.KeyUsage:
    """Return what the key may do: sign handshakes; an RSA key also decrypts, in the RSA suites of the profile "old".

    There GnuTLS's clients refuse a certificate that doesn't allow it (measured, 3.7), and a profile is changed more
    often than a certificate. The Baseline Requirements, 7.1.2.7.11, allow public authorities both, and advise against.
    """
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=isinstance(key.signer, rsa.RSAPrivateKey),
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _describe(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        names=find_identities(certificate.extensions),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=certificate.serial_number,
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        key=describe_public_key(certificate.public_key()),
        self_signed=_is_self_signed(certificate),
    )


def _is_self_signed(certificate: x509.Certificate) -> bool:
    """Return whether it names itself as its issuer; by the key identifiers where it has them, else by the signature.

    Checking a signature takes three times as long as reading the certificate.
    """
    if certificate.issuer != certificate.subject:
        return False
    own = _find(certificate.extensions, x509.SubjectKeyIdentifier)
    issuer = _find(certificate.extensions, x509.AuthorityKeyIdentifier)
    if own and issuer and issuer.key_identifier:
        return own.digest == issuer.key_identifier
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _find(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
