"""Whether a certificate can be a server's: judged by us, since the X.509 verifier takes the weak and the misused."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.errors import command
from sslutil.names import find_uncovered, render_identity
from sslutil.pki.certificates import UNREADABLE, describe_certificate
from sslutil.pki.refusals import refuse
from sslutil.pki.strength import find_weak_key, find_weak_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sslutil.facts import CertificateFacts
    from sslutil.names import Identity

SERVER_PURPOSES = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
"""One of them must be there where there is an extended key usage at all."""
_MOST_NAMES = 10
_NEW_KEY = command("sslutil", "certificate", "csr", "--new-key")
_REORDER = command("sslutil", "certificate", "csr")
_T = TypeVar("_T", bound=x509.ExtensionType)


class _Leaf(NamedTuple):
    """A certificate to be judged."""

    certificate: x509.Certificate
    facts: CertificateFacts
    place: str

    def find(self, kind: type[_T]) -> _T | None:
        """Return an extension, or None where it is not there."""
        try:
            return self.certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None


def judge_leaf(pem: bytes, place: str, *, now: datetime, wanted: Sequence[Identity], replace: bool) -> CertificateFacts:
    """Return what a certificate says of itself, if a server can use it at `now` for the names that are wanted.

    `pem` holds it first; `place` is where it stands, for the sentence. With `replace` its names need not be the wanted
    ones. Raises MaterialError by REFUSALS, for the first reason there is.
    """
    facts = describe_certificate(pem, place)
    with warnings.catch_warnings(action="ignore"):  # a negative serial number, which clients take
        leaf = _Leaf(x509.load_pem_x509_certificate(pem), facts, place)
    _judge_dates(leaf, now)
    try:
        _judge_role(leaf)
        _judge_strength(leaf)
        _judge_purpose(leaf)
    except UNREADABLE:
        raise refuse("unreadable", _REORDER, place=place) from None
    missing = () if replace else find_uncovered(facts.names, wanted)
    if missing:
        hint = command("sslutil", "certificate", "csr", *(name.unicode for name in wanted))
        fault = refuse("names", hint, place=place, missing=_render(missing), names=_render(facts.names))
        raise fault.cured_with("--replace")
    return facts


def _judge_dates(leaf: _Leaf, now: datetime) -> None:
    begin, end = leaf.facts.not_valid_before, leaf.facts.not_valid_after
    if end < begin:
        raise refuse("validity", _REORDER, place=leaf.place, begin=render_time(begin), end=render_time(end))
    if end < now:
        raise refuse("expired", _REORDER, place=leaf.place, end=render_time(end))
    if now < begin:
        raise refuse("not-yet", "date", place=leaf.place, begin=render_time(begin), now=render_time(now))


def _judge_role(leaf: _Leaf) -> None:
    constraints, usage = leaf.find(x509.BasicConstraints), leaf.find(x509.KeyUsage)
    if (constraints and constraints.ca) or (usage and usage.key_cert_sign):
        cure = command("sslutil", "certificate", "self-sign") if leaf.facts.self_signed else _REORDER
        raise refuse("authority", cure, place=leaf.place)
    if not leaf.facts.names:
        raise refuse("nameless", _REORDER, place=leaf.place, subject=leaf.facts.subject or "an empty one")
    if usage and not usage.digital_signature:
        raise refuse("usage", _REORDER, place=leaf.place)


def _judge_strength(leaf: _Leaf) -> None:
    weakness = find_weak_key(leaf.certificate.public_key())
    if weakness:
        raise refuse("weak-key", _NEW_KEY, place=leaf.place, weakness=weakness)
    weakness = find_weak_signature(leaf.certificate)
    if weakness and not leaf.facts.self_signed:
        raise refuse("weak-signature", _REORDER, place=leaf.place, weakness=weakness)


def _judge_purpose(leaf: _Leaf) -> None:
    purposes = leaf.find(x509.ExtendedKeyUsage)
    if purposes is not None and not SERVER_PURPOSES.intersection(purposes):
        named = ", ".join(_name_purpose(purpose) for purpose in purposes)
        raise refuse("purpose", _REORDER, place=leaf.place, purposes=named or "empty")


def _name_purpose(purpose: x509.ObjectIdentifier) -> str:
    known = (name for name, value in vars(ExtendedKeyUsageOID).items() if value == purpose)
    words = next(known, "").lower().split("_")
    return words[0] + "".join(word.capitalize() for word in words[1:]) or purpose.dotted_string


def render_time(time: datetime) -> str:
    """Return a time for a sentence: "2026-11-24 10:00 UTC"."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _render(names: Iterable[Identity]) -> str:
    rendered = [render_identity(name) for name in names]
    more = len(rendered) - _MOST_NAMES
    return ", ".join(rendered[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
