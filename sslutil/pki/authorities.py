"""The authorities whose clients are let in, and their revocation lists, as a server will load them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.errors import MaterialError, command
from sslutil.pki.certificates import CLOCK_SKEW, UNREADABLE
from sslutil.pki.crls import describe_lists, is_list_of, split_crls
from sslutil.pki.strength import find_weak_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import ListFacts

_BLOCK = re.compile(rb"-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----.+?-----END (?P=label)-----", re.DOTALL)
_PRESENT = "ask the authority for its present list"
_PARTIAL = (x509.DeltaCRLIndicator, x509.IssuingDistributionPoint)
"""What makes a list one of changes, or of some certificates only: servers take such a one for all there is."""


def judge_authorities(content: bytes, path: str, now: datetime | None = None) -> bytes:
    """Return the certificates of a PEM file, each a CA's that can let a client in; MaterialError says which can't.

    Without `now` they are not judged by time.
    """
    parts = []
    for label, block in _blocks(content, path):
        if label != b"CERTIFICATE":
            raise MaterialError(
                f'{path} holds a PEM block "{label.decode()}" among its certificates', command("cat", path)
            )
        parts.append(_judge_authority(block, path, now))
    if not parts:
        raise MaterialError(f"{path} holds no certificate in PEM", _convert("x509", path))
    return b"".join(parts)


def judge_crls(content: bytes, path: str) -> bytes:
    """Return the revocation lists of a PEM file; MaterialError names the file and what it holds."""
    parts = []
    for label, block in _blocks(content, path):
        if label != b"X509 CRL":
            raise MaterialError(f'{path} holds a PEM block "{label.decode()}" among its lists', command("cat", path))
        try:
            crl = x509.load_pem_x509_crl(block)
            is_partial = any(isinstance(part.value, _PARTIAL) for part in crl.extensions)
            parts.append(crl.public_bytes(Encoding.PEM))
        except UNREADABLE:
            raise MaterialError(
                f"{path} holds a damaged revocation list", command("openssl", "crl", "-in", path, "-text")
            ) from None
        if is_partial:
            message = f"{path} holds a list of changes, or of some certificates only, which servers take for the whole"
            raise MaterialError(message, "ask the authority for its complete list")
    if not parts:
        raise MaterialError(f"{path} holds no revocation list in PEM", _convert("crl", path))
    return b"".join(parts)


def judge_lists(  # noqa: PLR0913  what a list is judged by
    authorities: bytes,
    content: bytes,
    path: str,
    *,
    now: datetime,
    in_force: bytes = b"",
    earlier: bytes = b"",
    below: bool = False,
) -> bytes:
    """Return the newest revocation list of each authority in a PEM file; MaterialError for what can't serve.

    Each is of one of the authorities, or with `below` of one that may stand between them and a client; in time, and not
    older than the one in force, nor than any of `earlier`; the one in force may stay though it lapsed.
    """
    before = describe_lists(authorities, in_force)
    lists = describe_lists(authorities, judge_crls(content, path))
    for one in lists if not below else ():
        _judge_owner(one, path)
    newest = _find_newest(lists)
    for one in newest:
        if all(one.pem != old.pem for old in before):
            _judge_time(one, path, now)
            _judge_age(one, (*before, *describe_lists(authorities, earlier)), path)
    return b"".join(one.pem for one in newest)


def merge_lists(authorities: bytes, crls: bytes) -> bytes:
    """Return the newest list of each authority among those in a PEM text."""
    return b"".join(one.pem for one in _find_newest(describe_lists(authorities, crls)))


def _find_newest(lists: Iterable[ListFacts]) -> tuple[ListFacts, ...]:
    newest: dict[int | str, ListFacts] = {}
    for one in lists:
        owner = _owner(one)
        if owner not in newest or _is_older(newest[owner], one):
            newest[owner] = one
    return tuple(newest.values())


def _owner(one: ListFacts) -> int | str:
    """Return whose list it is: the place of its authority, or the name of one that is not at hand."""
    return one.issuer if one.authority is None else one.authority


def _judge_owner(one: ListFacts, path: str) -> None:
    if one.authority is None:
        message = f"{path} holds a list of {one.issuer}, which none of the authorities in ca_files has signed"
        raise MaterialError(message, command("openssl", "crl", "-in", path, "-noout", "-text"))


def _judge_time(one: ListFacts, path: str, now: datetime) -> None:
    if one.this_update > now + CLOCK_SKEW:
        raise MaterialError(f"{path} holds a list of {one.issuer} that begins on {_day(one.this_update)}", "date -u")
    if one.next_update and one.next_update < now:
        lapsed = f"lapsed on {_day(one.next_update)}: servers would refuse every client of it"
        raise MaterialError(f"{path} holds a list of {one.issuer} that {lapsed}", _PRESENT)


def _judge_age(one: ListFacts, before: Iterable[ListFacts], path: str) -> None:
    """Raise MaterialError for a list that is older than the one in force: who was put out since would get in again."""
    for old in before:
        if _owner(old) == _owner(one) and _is_older(one, old):
            message = f"{path} holds an older list of {one.issuer} than the one in force"
            raise MaterialError(f"{message}: {_name(one)} after {_name(old)}", _PRESENT)


def _is_older(one: ListFacts, other: ListFacts) -> bool:
    """Return whether a list comes before another: by their numbers, or where they tell nothing, by their times."""
    if one.number is not None and other.number is not None and one.number != other.number:
        return one.number < other.number
    return one.this_update < other.this_update


def _name(one: ListFacts) -> str:
    """Return a list's number and time, to the second: without a number, as easy-rsa makes them, only that tells two."""
    number = f"number {one.number}" if one.number is not None else "that"
    return f"{number} of {one.this_update:%Y-%m-%d %H:%M:%S} UTC"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def find_unlisted(authorities: bytes, crls: bytes) -> tuple[str, ...]:
    """Return the subject of each authority in PEM (RFC 4514) of which none of the lists in PEM is."""
    lists = [x509.load_pem_x509_crl(pem) for pem in split_crls(crls)]
    return tuple(
        authority.subject.rfc4514_string()
        for authority in x509.load_pem_x509_certificates(authorities)
        if not any(is_list_of(crl, authority) for crl in lists)
    )


def split_authorities(authorities: bytes) -> tuple[bytes, ...]:
    """Return each certificate of a PEM text, as canonical PEM."""
    if not authorities.strip():
        return ()
    return tuple(one.public_bytes(Encoding.PEM) for one in x509.load_pem_x509_certificates(authorities))


def _convert(kind: str, path: str) -> str:
    return f"{command('openssl', kind, '-inform', 'DER', '-in', path, '-out', f'{path}.pem')}  # where it is DER"


def _blocks(content: bytes, path: str) -> list[tuple[bytes, bytes]]:
    """Return label and text of each block; one that is cut short must not go missing, a list of revocations least."""
    blocks = [(match["label"], match[0]) for match in _BLOCK.finditer(content)]
    if content.count(b"-----BEGIN ") != len(blocks):
        raise MaterialError(f"{path} holds a PEM block that is cut short", command("tail", path))
    return blocks


def _judge_authority(block: bytes, path: str, now: datetime | None) -> bytes:
    look = command("openssl", "x509", "-in", path, "-text")
    try:
        certificate = x509.load_pem_x509_certificate(block)
        fault = _find_fault(certificate) or _find_end(certificate, now)
    except UNREADABLE:
        raise MaterialError(f"{path} holds a damaged certificate", look) from None
    if fault:
        name = certificate.subject.rfc4514_string() or "a certificate without a name"
        raise MaterialError(f"{path} holds {name}, {fault}", look)
    return certificate.public_bytes(Encoding.PEM)


def _find_fault(certificate: x509.Certificate) -> str:
    """Return why a certificate lets no client in, whatever the time; empty where it does."""
    values = [part.value for part in certificate.extensions]
    constraints = [value for value in values if isinstance(value, x509.BasicConstraints)]
    usages = [value for value in values if isinstance(value, x509.KeyUsage)]
    purposes = [set(value) for value in values if isinstance(value, x509.ExtendedKeyUsage)]
    clients = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    weak = find_weak_key(certificate.public_key())
    faults = {
        "which is no authority's, so it lets no client in": not any(constraint.ca for constraint in constraints),
        "whose key usage forbids it to sign certificates": any(not usage.key_cert_sign for usage in usages),
        "which may sign for other purposes, and not for clients": any(not purpose & clients for purpose in purposes),
        f"whose key is too weak: {weak}": bool(weak),
    }
    return next((fault for fault, holds in faults.items() if holds), "")


def _find_end(certificate: x509.Certificate, now: datetime | None) -> str:
    if now is None:
        return ""
    if now > certificate.not_valid_after_utc:
        return f"which expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"which is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    return ""
