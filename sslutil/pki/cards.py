"""What the card of a certificate, request, revocation list or key tells, and which of them fit each other."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sslutil.errors import MaterialError, command
from sslutil.facts import CertificateDetails, CrlDetails, RequestDetails, RequestFacts
from sslutil.pki.certificates import UNREADABLE, describe_certificate, find_identities
from sslutil.pki.extensions import describe_authority_key, describe_extensions, find_extension
from sslutil.pki.keys import describe_public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sslutil.facts import KeyFacts

MOST_SIGNATURES = 500
"""Signatures verified at most for what is shown together: somebody may bring 500 certificates of one name."""

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?")
_HASHES = {"1": "SHA-1", "224": "SHA-224", "256": "SHA-256", "384": "SHA-384", "512": "SHA-512"}
_SIGNATURES = {
    "1.2.840.113549.1.1.2": "RSA with MD2",
    "1.2.840.113549.1.1.4": "RSA with MD5",
    "1.2.840.113549.1.1.5": "RSA with SHA-1",
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.12": "RSA with SHA-384",
    "1.2.840.113549.1.1.13": "RSA with SHA-512",
    "1.2.840.113549.1.1.14": "RSA with SHA-224",
    "1.2.840.10045.4.1": "ECDSA with SHA-1",
    "1.2.840.10045.4.3.1": "ECDSA with SHA-224",
    "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
    "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
    "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
    "1.2.840.10040.4.3": "DSA with SHA-1",
    "2.16.840.1.101.3.4.3.1": "DSA with SHA-224",
    "2.16.840.1.101.3.4.3.2": "DSA with SHA-256",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
_T = TypeVar("_T")


def split_certificates(pem: bytes) -> tuple[bytes, ...]:
    """Return each certificate of a PEM text that is known to be sound, in its order."""
    return tuple(_BLOCK.findall(pem))


def describe_certificate_details(pem: bytes, place: str) -> CertificateDetails:
    """Return what the card of a certificate tells; MaterialError, with the place, where it can't be read."""
    facts = describe_certificate(pem, place)

    def describe() -> CertificateDetails:
        certificate = x509.load_pem_x509_certificate(pem)
        return CertificateDetails(
            facts=facts,
            extensions=describe_extensions(certificate.extensions),
            signature=_name_signature(certificate),
            sha1_fingerprint=certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303  an identifier, no proof
        )

    return _read(describe, "certificate", place)


def describe_request_details(pem: bytes, place: str) -> RequestDetails:
    """Return what the card of a request tells, also of one with a wrong signature; errors as the certificate's."""

    def describe() -> RequestDetails:
        request = x509.load_pem_x509_csr(pem)
        facts = RequestFacts(
            names=find_identities(request.extensions),
            subject=request.subject.rfc4514_string(),
            key=describe_public_key(request.public_key()),
        )
        extensions = describe_extensions(request.extensions)
        return RequestDetails(facts, extensions, _name_signature(request), _is_signed(request))

    return _read(describe, "request", place)


def describe_crl(pem: bytes, place: str) -> CrlDetails:
    """Return what the card of a revocation list tells; errors as the certificate's."""

    def describe() -> CrlDetails:
        crl = x509.load_pem_x509_crl(pem)
        number = find_extension(crl.extensions, x509.CRLNumber)
        return CrlDetails(
            issuer=crl.issuer.rfc4514_string(),
            number=number.crl_number if number else None,
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc,
            revoked=len(crl),
            authority_key_identifier=describe_authority_key(crl.extensions),
            signature=_name_signature(crl),
        )

    return _read(describe, "revocation list", place)


def describe_any_key(pem: bytes, place: str) -> KeyFacts:
    """Return the public side of a private key, also of one that no server can use; errors as the certificate's."""
    return _read(lambda: describe_public_key(load_pem_private_key(pem, None).public_key()), "key", place)  # type: ignore[arg-type]  # a wider union, of which each has public_bytes()


def find_signers(pems: Sequence[bytes]) -> tuple[int | None, ...]:
    """Return for each certificate the index of the one that signed it, which may be itself; None where none is here."""
    entries = [_enter(pem) for pem in pems]
    by_subject: dict[x509.Name, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        if entry:
            by_subject[entry.subject].append(number)
    left = iter(range(MOST_SIGNATURES))
    signers = []
    for own, entry in enumerate(entries):
        candidates = by_subject.get(entry.issuer, []) if entry else []
        likely = sorted(candidates, key=lambda number: number != own)
        signers.append(next((n for n in likely if next(left, None) is not None and _did_sign(entries[n], entry)), None))
    return tuple(signers)


def find_crl_signer(pem: bytes, certificates: Sequence[bytes]) -> int | None:
    """Return the index of the certificate whose key signed a revocation list; None where it is not here."""
    crl = _quietly(lambda: x509.load_pem_x509_crl(pem))
    issuer = _quietly(lambda: crl.issuer) if crl else None
    if crl is None or issuer is None:
        return None
    entries = [_enter(certificate) for certificate in certificates]
    named = [(number, entry) for number, entry in enumerate(entries) if entry and entry.subject == issuer]
    return next((number for number, entry in named[:MOST_SIGNATURES] if _did_sign_crl(entry, crl)), None)


def find_revoked(pem: bytes, certificates: Sequence[bytes]) -> tuple[int, ...]:
    """Return the indices of the certificates that a revocation list, of their issuer's name, revokes."""
    crl = _quietly(lambda: x509.load_pem_x509_crl(pem))
    issuer = _quietly(lambda: crl.issuer) if crl else None
    if crl is None or issuer is None:
        return ()
    serials = {number: entry.certificate.serial_number for number, entry in _issued_by(issuer, certificates)}
    if not serials:
        return ()
    revoked = _quietly(lambda: {entry.serial_number for entry in crl}) or set()  # the library's look-up is linear
    return tuple(number for number, serial in serials.items() if serial in revoked)


class _Entry(NamedTuple):
    """A certificate and its two names, which are parsed at each asking."""

    certificate: x509.Certificate
    subject: x509.Name
    issuer: x509.Name


def _enter(pem: bytes) -> _Entry | None:
    def read() -> _Entry:
        certificate = x509.load_pem_x509_certificate(pem)
        return _Entry(certificate, certificate.subject, certificate.issuer)

    return _quietly(read)


def _issued_by(issuer: x509.Name, pems: Sequence[bytes]) -> Iterator[tuple[int, _Entry]]:
    for number, entry in enumerate(map(_enter, pems)):
        if entry and entry.issuer == issuer:
            yield number, entry


def _did_sign(issuer: _Entry | None, signed: _Entry | None) -> bool:
    if issuer is None or signed is None:
        return False
    try:
        signed.certificate.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _did_sign_crl(issuer: _Entry, crl: x509.CertificateRevocationList) -> bool:
    return bool(_quietly(lambda: crl.is_signature_valid(issuer.certificate.public_key())))  # type: ignore[arg-type]  # of other kinds it says so


def _is_signed(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False


def _name_signature(signed: x509.Certificate | x509.CertificateSigningRequest | x509.CertificateRevocationList) -> str:
    dotted = signed.signature_algorithm_oid.dotted_string
    name = _SIGNATURES.get(dotted, dotted)
    if name != "RSA-PSS":
        return name
    hashed = _quietly(lambda: signed.signature_hash_algorithm)
    return f"{name} with {_HASHES.get(hashed.name.removeprefix('sha'), hashed.name)}" if hashed else name


def _quietly(read: Callable[[], _T]) -> _T | None:
    """Return what can be read of a stranger's thing; None where it can't be."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return read()
    except UNREADABLE:
        return None


def _read(read: Callable[[], _T], what: str, place: str) -> _T:
    try:
        with warnings.catch_warnings(action="ignore"):
            return read()
    except UNREADABLE:
        message = f"the {what} in {place} is damaged, or has a key or a field that sslutil does not know"
        raise MaterialError(message, command("file", place)) from None
