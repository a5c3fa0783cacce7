"""The small authority for clients, and what it signs for them: never good for a server."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sslutil.errors import MaterialError
from sslutil.names import Identity
from sslutil.pki.certificates import (
    CLOCK_SKEW,
    LONGEST_COMMON_NAME,
    UNREADABLE,
    describe_certificate,
    make_domain_subject,
    signature_hash,
)
from sslutil.pki.keys import Key, parse_key
from sslutil.pki.requests import describe_request, read_request
from sslutil.pki.strength import find_weak_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from sslutil.facts import CertificateFacts

_LOCKED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def make_client_authority(key: Key, *, common_name: str, domains: Sequence[str], now: datetime, days: int) -> bytes:
    """Return the certificate, PEM, of an authority that signs clients' certificates and nothing else.

    With `domains`, A-labels, it can name only their mailboxes and hosts, and those below them.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    begin = now.replace(microsecond=0) - CLOCK_SKEW
    public = key.signer.public_key()
    skid = x509.SubjectKeyIdentifier.from_public_key(public)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days, seconds=-1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_make_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(skid, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(skid), critical=False)
    )
    if domains:
        builder = builder.add_extension(_make_constraints(domains), critical=True)
    return builder.sign(key.signer, signature_hash(key)).public_bytes(Encoding.PEM)


def make_client(  # noqa: PLR0913  who signs, for whom, how long
    authority: Key,
    certificate: bytes,
    public: CertificatePublicKeyTypes,
    *,
    identity: Identity,
    now: datetime,
    days: int,
) -> bytes:
    """Return a client's certificate, PEM, signed by the authority with this certificate, PEM, and not outliving it.

    Its common name is the address, by which servers know a user; what verifiers read is the alternative name.
    """
    issuer = x509.load_pem_x509_certificate(certificate)
    begin = max(now.replace(microsecond=0) - CLOCK_SKEW, issuer.not_valid_before_utc)
    end = min(begin + timedelta(days=days, seconds=-1), issuer.not_valid_after_utc)
    skid = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    is_rsa = isinstance(public, rsa.RSAPublicKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_make_subject(identity))
        .issuer_name(issuer.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_make_usage(signs=False, encipherment=is_rsa), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_make_name(identity)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(skid), critical=False)
    )
    return builder.sign(authority.signer, signature_hash(authority)).public_bytes(Encoding.PEM)


def find_public_key(request: bytes, path: str) -> CertificatePublicKeyTypes:
    """Return the public key of somebody's own request, PEM; MaterialError where it is not theirs, or weak."""
    describe_request(request, path)
    public = read_request(request).public_key()
    weak = find_weak_key(public)
    if weak:
        message = f"{path} is for {weak}, which is too weak"
        raise MaterialError(message, "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=anna")
    return public


def describe_client(pem: bytes, path: str) -> tuple[Identity | None, CertificateFacts]:
    """Return whom a client's certificate names, and what it says besides."""
    facts = describe_certificate(pem, path)
    names = _find_names(x509.load_pem_x509_certificate(pem))
    return (names[0] if names else None), facts


def find_domains(pem: bytes) -> tuple[str, ...]:
    """Return the mail domains, A-labels, to which an authority is bound; empty where it may name everybody."""
    try:
        constraints = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(one.value for one in constraints.permitted_subtrees or () if isinstance(one, x509.DNSName))


def is_for_clients(pem: bytes) -> bool:
    """Return whether a certificate lets a client in, by its extended key usage, where it has one."""
    try:
        usage = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except UNREADABLE:
        return False
    return bool({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage))


def lock_key(key: Key, passphrase: bytes) -> bytes:
    """Return a private key as encrypted PKCS#8, PEM."""
    return key.signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def is_locked(pem: bytes) -> bool:
    """Return whether a passphrase protects a key of ours."""
    return _LOCKED in pem


def unlock_key(pem: bytes, passphrase: bytes | None, path: str) -> Key:
    """Return a private key, PEM, with its passphrase where it needs one; MaterialError where that does not open it."""
    if not is_locked(pem):
        return parse_key(pem, path)
    if passphrase is None:
        raise MaterialError(f"a passphrase locks {path}").cured_with("--ca-passphrase-file", "FILE")
    from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key

    try:
        signer = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MaterialError(f"the passphrase does not open {path}", "type it again") from None
    return parse_key(signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), path)


def _make_usage(*, signs: bool, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_encipherment=encipherment,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _make_constraints(domains: Sequence[str]) -> x509.NameConstraints:
    """Return what may be named: RFC 5280 section 4.2.1.10 has mailboxes of a host without a dot, below it with one."""
    mailboxes = [x509.RFC822Name(name) for domain in domains for name in (domain, f".{domain}")]
    return x509.NameConstraints([*mailboxes, *(x509.DNSName(domain) for domain in domains)], None)


def _make_subject(identity: Identity) -> x509.Name:
    """Return the address as common name, or where that is too long (RFC 5280, ub-common-name) in another attribute."""
    if len(identity.text) <= LONGEST_COMMON_NAME:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.text)])
    if identity.kind == "email":
        return x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, identity.text)])
    return make_domain_subject([identity])


def _make_name(identity: Identity) -> x509.GeneralName:
    return x509.RFC822Name(identity.text) if identity.kind == "email" else x509.DNSName(identity.text)


def _find_names(certificate: x509.Certificate) -> list[Identity]:
    """Return the mailboxes, then the hosts, among the alternative names."""
    with warnings.catch_warnings(action="ignore"):
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, *UNREADABLE):
            return []
    mailboxes = [Identity("email", text) for text in names.get_values_for_type(x509.RFC822Name)]
    return mailboxes + [Identity("dns", text) for text in names.get_values_for_type(x509.DNSName)]
