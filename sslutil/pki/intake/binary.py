"""DER and BER, told apart by their structure: certificate, request, revocation list, key, PKCS#7, PKCS#12."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs12

from sslutil.errors import MaterialError
from sslutil.pki.certificates import UNREADABLE
from sslutil.pki.intake import asn1
from sslutil.pki.intake.asn1 import Element, elements, read_element
from sslutil.pki.intake.gathering import CUT_SHORT, DAMAGED, OTHER, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from sslutil.pki.intake.gathering import Gathering

MOST_ROUNDS = 10_000_000
"""Of a passphrase function; OpenSSL's default is 2,048, and OWASP asks for 600,000."""
_SIGNED, _ENVELOPED = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703")
"""1.2.840.113549.1.7.2 and .3: signedData and envelopedData (RFC 5652, 5.1 and 6.1)."""
_LEAST_KEY_PARTS = 6
"""Of a DSA key, version included; RSA has nine."""


def is_binary(content: bytes) -> bool:
    """Return whether bytes begin as a DER or BER sequence, whole or cut short; no text does that."""
    if content[:1] != b"\x30":
        return False
    first = asn1.first_tag(content)
    if content[1:2] < b"\x80" and first == asn1.SEQUENCE:  # or a text that begins with digits
        return len(content.rstrip()) <= 2 + content[1] and read_element(content) is not None
    return first in {asn1.INTEGER, asn1.SEQUENCE, asn1.OBJECT}


def take_binary(gathering: Gathering, content: bytes, place: str, noun: str = "DER text") -> None:
    """Take what stands in DER, one thing behind another; `noun` is what it is called where it can't be told."""
    while content[:1] == b"\x30":
        whole = read_element(content)
        if whole is None:
            gathering.skip(place, noun, CUT_SHORT)
            return
        _take_one(gathering, content[: whole.stop], whole, place, noun)
        content = content[whole.stop :]
    rest = content.strip(b"\0\r\n\t \x1a")
    if rest:
        gathering.remark(f"{place}: {len(rest)} bytes behind the end of what was read were passed over")


def _take_one(gathering: Gathering, der: bytes, whole: Element, place: str, noun: str) -> None:
    inner = list(elements(der, whole))
    tags = [found.tag for found in inner]
    if tags[:1] == [asn1.OBJECT]:
        _take_content(gathering, der, inner, place, noun)
    elif _is_archive(der, inner):
        _take_pkcs12(gathering, der, whole, place)
    elif _is_key(tags) or tags == [asn1.SEQUENCE, asn1.OCTETS]:  # the second is encrypted (RFC 5958, 3)
        take_key(gathering, der, place)
    elif tags == [asn1.SEQUENCE, asn1.SEQUENCE, asn1.BITS]:
        _take_signed(gathering, der, inner[0], place)
    elif noun == "certificate":
        gathering.skip(place, noun, UNKNOWN)
    else:
        gathering.skip(place, noun, OTHER)


def _is_archive(der: bytes, inner: list[Element]) -> bool:
    """Return whether it is a PFX: version 3 and an authSafe (RFC 7292, 4)."""
    tags = [found.tag for found in inner]
    if tags[:2] != [asn1.INTEGER, asn1.SEQUENCE] or der[inner[0].begin : inner[0].end] != b"\x03":
        return False
    first = next(elements(der, inner[1]), None)
    return first is not None and first.tag == asn1.OBJECT and asn1.OCTETS not in tags


def _is_key(tags: list[int]) -> bool:
    """Return whether it is PKCS#8 (RFC 5958, 2), PKCS#1 (RFC 8017, A.1.2), SEC 1 (RFC 5915, 3) or a DSA key."""
    if tags[:3] == [asn1.INTEGER, asn1.SEQUENCE, asn1.OCTETS] or tags[:2] == [asn1.INTEGER, asn1.OCTETS]:
        return True
    return len(tags) >= _LEAST_KEY_PARTS and set(tags[:_LEAST_KEY_PARTS]) == {asn1.INTEGER}


def _take_signed(gathering: Gathering, der: bytes, inner: Element, place: str) -> None:
    """Take a thing that somebody signed, by what its first part holds (RFC 5280, 4.1 and 5.1; RFC 2986, 4.1)."""
    tags = [found.tag for found in elements(der, inner)]
    request = [asn1.INTEGER, asn1.SEQUENCE, asn1.SEQUENCE]
    if tags[:1] != [asn1.FIRST] and {asn1.UTC_TIME, asn1.TIME} & set(tags):
        gathering.add_crl(der, place)
    elif tags in (request, [*request, asn1.FIRST]):
        gathering.add_request(der, place)
    else:
        gathering.add_certificate(der, place)


def take_key(gathering: Gathering, der: bytes, place: str) -> None:
    """Take a private key; one that is encrypted needs a passphrase of ours."""
    whole = read_element(der)
    if whole is not None:
        _judge_rounds(der, whole, place)

    def load(words: bytes | None) -> None:
        gathering.add_key(load_der_private_key(der, words, unsafe_skip_rsa_key_validation=True), place)

    take_locked_key(gathering, load, place)


def take_locked_key(gathering: Gathering, load: Callable[[bytes | None], None], place: str) -> None:
    """Take a key by a function that tries a passphrase: TypeError where it needs one, ValueError where it is wrong."""
    locked = False
    for passphrase in (None, *gathering.passphrases):
        try:
            with warnings.catch_warnings(action="ignore"):
                load(passphrase)
        except TypeError:
            locked = True
        except UNREADABLE:
            if not locked:
                gathering.skip(place, "private key", UNKNOWN)
                return
        else:
            return
    gathering.keep_encrypted(place)


def _take_content(gathering: Gathering, der: bytes, inner: list[Element], place: str, noun: str) -> None:
    """Take a ContentInfo (RFC 5652, 3): PKCS#7, or CMS, which is its successor."""
    kind = der[inner[0].begin : inner[0].end]
    if kind == _ENVELOPED:
        gathering.remark(f"{place} is encrypted to somebody (S/MIME): decrypt it with that person's key first")
        return
    if kind != _SIGNED or len(inner) < 2:  # noqa: PLR2004  kind and content
        gathering.skip(place, noun, OTHER)
        return
    signed = next(elements(der, inner[1]), None)
    before = gathering.taken, gathering.faults
    for part in elements(der, signed) if signed else ():
        if part.tag in {asn1.FIRST, asn1.SECOND}:
            _take_set(gathering, der, part, place)
    if (gathering.taken, gathering.faults) == before:
        gathering.skip(place, "PKCS#7", "damaged, or without certificates")


def _take_set(gathering: Gathering, der: bytes, part: Element, place: str) -> None:
    """Take the certificates, or the revocation lists, of a SignedData (RFC 5652, 5.1)."""
    end = part.begin
    for found in elements(der, part):
        end = found.stop
        if found.tag != asn1.SEQUENCE:
            gathering.skip(place, "PKCS#7 part", OTHER)
        elif part.tag == asn1.FIRST:
            gathering.add_certificate(der[found.start : found.stop], place)
        else:
            gathering.add_crl(der[found.start : found.stop], place)
    if end != part.end:
        gathering.skip(place, "PKCS#7", DAMAGED)


def _take_pkcs12(gathering: Gathering, der: bytes, whole: Element, place: str) -> None:
    """Take key and certificates of a PKCS#12; many have an empty passphrase, or none."""
    _judge_rounds(der, whole, place)
    for passphrase in (None, b"", *gathering.passphrases):
        try:
            with warnings.catch_warnings(action="ignore"):
                store = pkcs12.load_pkcs12(der, passphrase)
                held = [entry.certificate for entry in (store.cert, *store.additional_certs) if entry is not None]
                certificates = [certificate.public_bytes(Encoding.DER) for certificate in held]
        except UNREADABLE:  # a wrong passphrase and a damaged file look alike
            continue
        if store.key is not None:
            gathering.add_key(store.key, place)
        for certificate in certificates:
            gathering.add_certificate(certificate, place)
        if store.key is None and not certificates:
            gathering.skip(place, "PKCS#12", "empty")
        return
    gathering.keep_encrypted(place)


def _judge_rounds(der: bytes, whole: Element, place: str) -> None:
    """Raise MaterialError where a passphrase function would run for longer than anybody waits.

    Every one of them says its rounds behind its salt: an integer that follows an octet string (RFC 8018, A; RFC 7292,
    4 and C).
    """
    for inner in asn1.walk(der, whole):
        for salt, rounds in pairwise(inner):
            if salt.tag == asn1.OCTETS and rounds.tag == asn1.INTEGER:
                count = int.from_bytes(der[rounds.begin : min(rounds.end, rounds.begin + 16)])
                if count > MOST_ROUNDS:
                    raise MaterialError(
                        f"{place} asks for {count:,} rounds of its passphrase function, and more than "
                        f"{MOST_ROUNDS:,} only keep a reader busy"
                    )
