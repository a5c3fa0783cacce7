"""One certificate as a link of a chain: who signed it, and whether it may sign another."""

from __future__ import annotations

import base64
import re
import warnings
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from sslutil.errors import MaterialError
from sslutil.facts import CertificateFacts, KeyFacts
from sslutil.pki.certificates import UNREADABLE, describe_certificate
from sslutil.pki.leaf import SERVER_PURPOSES
from sslutil.pki.strength import find_weak_key, find_weak_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Origin = Literal["store", "pool", "fetched", "given"]
ORIGINS: tuple[Origin, ...] = ("store", "pool", "fetched", "given")
"""Where a certificate is from, ours first."""

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_VERSION_TAG = 0xA0
_LONG_LENGTH = 0x80
_MOST_ADDRESSES = 4
_LONGEST_ADDRESS = 2048
_T = TypeVar("_T", bound=x509.ExtensionType)


class Link:
    """A certificate, of which no more is parsed than somebody asks for."""

    def __init__(self, der: bytes) -> None:
        """Keep the certificate and find its names; IndexError or ValueError where it is none."""
        self.der = der
        self.issuer, self.subject = _read_names(der)
        self.origins: set[Origin] = set()

    @cached_property
    def certificate(self) -> x509.Certificate | None:
        """The certificate as the `cryptography` package reads it, or None where it can't."""
        try:
            with warnings.catch_warnings(action="ignore"):  # a negative serial number: one of Debian's roots has it
                return x509.load_der_x509_certificate(self.der)
        except UNREADABLE:
            return None

    @cached_property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        lines = base64.encodebytes(self.der).replace(b"\n", b"")
        wrapped = b"\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
        return b"-----BEGIN CERTIFICATE-----\n" + wrapped + b"\n-----END CERTIFICATE-----\n"

    @cached_property
    def facts(self) -> CertificateFacts:
        """What it says of itself; of one that can't be read, what can be said of it."""
        try:
            return describe_certificate(self.pem)
        except MaterialError:
            return self._describe_unreadable()

    @cached_property
    def extensions(self) -> x509.Extensions | None:
        """Its extensions, or None where they can't be read."""
        try:
            return self.certificate.extensions if self.certificate else None
        except UNREADABLE:
            return None

    @cached_property
    def subject_key_identifier(self) -> bytes:
        """The name of its key; empty where it has none."""
        found = self.find(x509.SubjectKeyIdentifier)
        return found.digest if found else b""

    @cached_property
    def authority_key_identifier(self) -> bytes:
        """The name of the key that signed it; empty where it has none."""
        found = self.find(x509.AuthorityKeyIdentifier)
        return (found.key_identifier or b"") if found else b""

    @cached_property
    def holder(self) -> tuple[bytes, bytes]:
        """Subject and public key: what certificates by several authorities for one have in common."""
        if self.certificate is None:
            return self.subject, self.der
        try:
            public = self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except UNREADABLE:
            return self.subject, self.der
        return self.subject, public

    @cached_property
    def self_signed(self) -> bool:
        """Whether it is signed with its own key: a root, or a server's own."""
        return self.is_issued_by(self)

    @property
    def issuer_text(self) -> str:
        """The issuer's name, RFC 4514."""
        return _render_name(lambda: self.certificate.issuer if self.certificate else None)

    @property
    def subject_text(self) -> str:
        """The subject, RFC 4514; the first of its names where that is empty."""
        text = _render_name(lambda: self.certificate.subject if self.certificate else None)
        return text or next((name.text for name in self.facts.names), "")

    @property
    def issuer_addresses(self) -> tuple[str, ...]:
        """The http addresses at which it says that its issuer's certificate is, four at most."""
        access = self.find(x509.AuthorityInformationAccess) or ()
        stated = [
            part.access_location.value
            for part in access
            if part.access_method == AuthorityInformationAccessOID.CA_ISSUERS
            and isinstance(part.access_location, x509.UniformResourceIdentifier)
        ]
        fitting = (url for url in stated if url.lower().startswith("http://") and len(url) <= _LONGEST_ADDRESS)
        return tuple(dict.fromkeys(fitting))[:_MOST_ADDRESSES]

    def find(self, kind: type[_T]) -> _T | None:
        """Return an extension, or None where it is not there."""
        try:
            return self.extensions.get_extension_for_class(kind).value if self.extensions else None
        except x509.ExtensionNotFound:
            return None

    def may_be_issued_by(self, issuer: Link) -> bool:
        """Return whether names and key identifiers fit: OpenSSL takes no issuer whose identifier is another."""
        if self.issuer != issuer.subject:
            return False
        wanted, found = self.authority_key_identifier, issuer.subject_key_identifier
        return not wanted or not found or wanted == found

    def is_issued_by(self, issuer: Link) -> bool:
        """Return whether the issuer's key really signed it."""
        if not self.may_be_issued_by(issuer) or self.certificate is None or issuer.certificate is None:
            return False
        try:
            self.certificate.verify_directly_issued_by(issuer.certificate)
        except (InvalidSignature, *UNREADABLE):
            return False
        return True

    def _describe_unreadable(self) -> CertificateFacts:
        seen = self.certificate
        never = datetime.fromtimestamp(0, UTC)
        return CertificateFacts(
            names=(),
            subject=_render_name(lambda: seen.subject if seen else None),
            issuer=self.issuer_text,
            serial_number=seen.serial_number if seen else 0,
            not_valid_before=seen.not_valid_before_utc if seen else never,
            not_valid_after=seen.not_valid_after_utc if seen else never,
            fingerprint=_digest(self.der),
            key=KeyFacts("unknown", _digest(self.holder[1])),
            self_signed=False,
        )


def find_fault(issuer: Link, below: Sequence[Link], now: datetime) -> str:
    """Return why an issuer can't sign the last one of `below`, as named in REFUSALS; an empty string where it can.

    `below` is the path so far, the server's certificate first. What a root says of its time, its purpose and its
    signature is not asked: clients have their own copy of it.
    """
    try:
        return _find_fault(issuer, below, now)
    except UNREADABLE:
        return "issuer-unreadable"


def _find_fault(issuer: Link, below: Sequence[Link], now: datetime) -> str:
    if issuer.certificate is None or issuer.extensions is None:
        return "issuer-unreadable"
    constraints, usage = issuer.find(x509.BasicConstraints), issuer.find(x509.KeyUsage)
    # A root of the days before these extensions is trusted for being installed, not for what it says.
    ancient = issuer.self_signed and issuer.certificate.version is x509.Version.v1
    if not ancient and (constraints is None or not constraints.ca or (usage and not usage.key_cert_sign)):
        return "issuer-no-authority"
    longest = constraints.path_length if constraints else None
    between = sum(link.subject != link.issuer for link in below[1:])
    if longest is not None and between > longest:
        return "issuer-too-deep"
    if find_weak_key(issuer.certificate.public_key()):
        return "issuer-weak-key"
    return "" if issuer.self_signed else _find_fault_of_intermediate(issuer, issuer.certificate, now)


def _find_fault_of_intermediate(issuer: Link, certificate: x509.Certificate, now: datetime) -> str:
    purposes = issuer.find(x509.ExtendedKeyUsage)
    if purposes is not None and not SERVER_PURPOSES.intersection(purposes):
        return "issuer-purpose"
    if certificate.not_valid_after_utc < now:
        return "issuer-expired"
    if now < certificate.not_valid_before_utc:
        return "issuer-not-yet"
    return "issuer-weak-signature" if find_weak_signature(certificate) else ""


def read_links(pem: bytes) -> Iterator[Link]:
    """Yield each certificate of a PEM text; what is none is passed over."""
    for block in _BLOCK.finditer(pem):
        try:
            yield Link(base64.b64decode(block[1]))
        except (IndexError, ValueError):
            continue


def _read_names(der: bytes) -> tuple[bytes, bytes]:
    """Return issuer and subject of a certificate as they are encoded (RFC 5280, 4.1).

    A bundle of roots is looked through in a twentieth of the time that it takes to parse it.
    """
    at, _ = _enter(der, 0)
    at, _ = _enter(der, at)
    if der[at] == _VERSION_TAG:
        at = _enter(der, at)[1]
    issuer = _enter(der, _enter(der, at)[1])[1]  # behind serial number and algorithm
    validity = _enter(der, issuer)[1]
    subject = _enter(der, validity)[1]
    return der[issuer:validity], der[subject : _enter(der, subject)[1]]


def _enter(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at `at` begins and ends; IndexError where that is outside."""
    length, begin = der[at + 1], at + 2
    if length >= _LONG_LENGTH:
        begin += length - _LONG_LENGTH
        length = int.from_bytes(der[at + 2 : begin], "big")
    if begin + length > len(der):
        raise IndexError
    return begin, begin + length


def _render_name(read: Callable[[], x509.Name | None]) -> str:
    try:
        name = read()
    except UNREADABLE:  # an empty common name is one
        name = None
    return name.rfc4514_string() if name else ""


def _digest(content: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    return digest.finalize().hex()
