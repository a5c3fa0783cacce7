"""What is found in strangers' files: each thing once, in canonical PEM, and what was passed over, by name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sslutil.errors import MaterialError
from sslutil.facts import Intake, Piece
from sslutil.pki.certificates import UNREADABLE, describe_certificate
from sslutil.pki.keys import SIGNING
from sslutil.pki.requests import describe_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MOST_PIECES = 500
"""A chain has three certificates, a whole store a hundred and fifty."""
MOST_BYTES = 4 * 1024 * 1024
"""That may come out of archives and mails, all together."""
LARGEST_RSA = 8192
"""Bits; a handshake with more takes a server longer than a client waits."""

DAMAGED, CUT_SHORT, OTHER = "damaged", "cut short", "no certificate, request or private key"
UNKNOWN = "damaged, or of a kind that sslutil does not know"


class _Fault(NamedTuple):
    place: str
    noun: str
    state: str

    def tell(self, count: int) -> str:
        if count == 1:
            return f"{self.place}: 1 {self.noun} is {self.state}"
        head, _, label = self.noun.partition(' "')
        several = f'{head}s "{label}' if label else f"{head}s"
        return f"{self.place}: {count} {several} are {self.state}"


class Gathering:
    """Collects while files are taken apart."""

    def __init__(self, passphrases: Sequence[bytes] = ()) -> None:
        """`passphrases` are tried on what is encrypted."""
        self.passphrases = tuple(passphrases)
        self.taken = 0
        """How many things were taken, or were known already, or wait for a passphrase."""
        self._found: dict[str, dict[bytes, Piece]] = {"certificate": {}, "key": {}, "request": {}, "crl": {}}
        self._encrypted: list[str] = []
        self._faults: dict[_Fault | str, int] = {}
        self._bytes = 0
        self._certificates = 0

    def room(self) -> int:
        """Return how many bytes may still come out of wrappings."""
        return MOST_BYTES - self._bytes

    def unpack(self, size: int, place: str) -> None:
        """Count bytes that came out of a wrapping; MaterialError where they are too many."""
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise MaterialError(f"{place} unpacks to more than {MOST_BYTES >> 20} MiB, and no answer is that large")

    def skip(self, place: str, noun: str, state: str) -> None:
        """Count what was passed over: `noun` in the singular, and after "is" its `state`."""
        fault = _Fault(place, noun, state)
        self._faults[fault] = self._faults.get(fault, 0) + 1

    def remark(self, sentence: str) -> None:
        """Remember a sentence on what was passed over."""
        self._faults[sentence] = 1

    @property
    def faults(self) -> int:
        """How many things were passed over."""
        return sum(self._faults.values())

    def keep_encrypted(self, place: str) -> None:
        """Remember a place whose passphrase is not known."""
        self.taken += 1
        if place not in self._encrypted:
            self._encrypted.append(place)

    def add_certificate(self, der: bytes, place: str) -> None:
        """Take a certificate, or name it where it can't be read to its last field."""
        self._certificates += 1
        if self._certificates > MOST_PIECES:
            raise MaterialError(f"{place} holds more than {MOST_PIECES} certificates, and no answer has so many")
        try:
            with warnings.catch_warnings(action="ignore"):
                pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
            if der not in self._found["certificate"]:
                describe_certificate(pem)
        except (*UNREADABLE, MaterialError):
            self.skip(place, "certificate", UNKNOWN)
        else:
            self._add("certificate", der, pem, place)

    def add_request(self, der: bytes, place: str) -> None:
        """Take a request, or name it where it can't be read."""
        try:
            with warnings.catch_warnings(action="ignore"):
                pem = x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)
            describe_request(pem)
        except (*UNREADABLE, MaterialError):
            self.skip(place, "request", UNKNOWN)
        else:
            self._add("request", der, pem, place)

    def add_crl(self, der: bytes, place: str) -> None:
        """Take a revocation list, or name it where it can't be read."""
        try:
            with warnings.catch_warnings(action="ignore"):
                pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
        except UNREADABLE:
            self.skip(place, "revocation list", UNKNOWN)
        else:
            self._add("crl", der, pem, place)

    def add_key(self, key: PrivateKeyTypes, place: str) -> None:
        """Take a private key, as PKCS#8, not encrypted; name one that no server can sign with.

        Whether its numbers fit each other is not judged here: of RSA that takes seconds (4,096 bits: half of one).
        """
        if not isinstance(key, SIGNING) or (isinstance(key, rsa.RSAPrivateKey) and key.key_size > LARGEST_RSA):
            self.skip(place, "private key", "of a kind that no TLS server can sign with")
            return
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._add("key", pem, pem, place)

    def _add(self, kind: str, der: bytes, pem: bytes, place: str) -> None:
        self.taken += 1
        found = self._found[kind]
        found.setdefault(der, Piece(pem, place))
        if len(found) > MOST_PIECES:
            raise MaterialError(f"{place} holds more than {MOST_PIECES} of a kind, and no answer has so many")

    def end(self) -> Intake:
        """Return all that was found."""
        certificates, keys, requests, crls = (tuple(found.values()) for found in self._found.values())
        skipped = tuple(fault if isinstance(fault, str) else fault.tell(count) for fault, count in self._faults.items())
        return Intake(certificates, keys, requests, crls, tuple(self._encrypted), skipped)
