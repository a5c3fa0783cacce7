"""What of several things belongs together: who signed whom, and whose key is whose."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from sslutil.errors import MaterialError
from sslutil.facts import Intake
from sslutil.steps import cards
from sslutil.steps.belonging import name_request
from sslutil.steps.cards import Shown
from sslutil.steps.tell import render_age

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sslutil.facts import Card, CertificateDetails, CrlDetails, KeyFacts, Piece, RequestDetails
    from sslutil.steps.belonging import Belonging

Kind = Literal["certificate", "request", "key", "revocation list"]
STATES = {"waiting": "waits for its answer", "answered": "answered", "discarded": "discarded"}
_KEY = "the key"
"""How the words of a key begin, and no others."""
_T = TypeVar("_T")


class Described(NamedTuple):
    """Everything that is shown, read; what could not be read is among the sentences of `unread`."""

    certificates: tuple[tuple[Piece, CertificateDetails], ...]
    requests: tuple[tuple[Piece, RequestDetails], ...]
    keys: tuple[tuple[Piece, KeyFacts], ...]
    crls: tuple[tuple[Piece, CrlDetails], ...]
    signers: tuple[int | None, ...]
    """For each certificate the index of the one that signed it."""
    unread: tuple[str, ...] = ()

    @property
    def certificate_pems(self) -> tuple[bytes, ...]:
        """The certificates, PEM."""
        return tuple(piece.pem for piece, _ in self.certificates)


def merge(intakes: Iterable[Intake]) -> Intake:
    """Return all that several intakes hold, in their order."""
    columns = zip(*intakes, strict=True)
    return Intake(*(tuple(piece for part in column for piece in part) for column in columns))


def describe(intake: Intake) -> Described:
    """Return all that was found, read."""
    from sslutil.pki import cards as pki

    unread: list[str] = []

    def read(pieces: Sequence[Piece], describe: Callable[[bytes, str], _T]) -> tuple[tuple[Piece, _T], ...]:
        found = []
        for piece in pieces:
            try:
                found.append((piece, describe(piece.pem, piece.place)))
            except MaterialError as fault:
                unread.append(fault.message)
        return tuple(found)

    certificates = read(intake.certificates, pki.describe_certificate_details)
    return Described(
        certificates=certificates,
        requests=read(intake.requests, pki.describe_request_details),
        keys=read(intake.keys, pki.describe_any_key),
        crls=read(intake.crls, pki.describe_crl),
        signers=pki.find_signers([piece.pem for piece, _ in certificates]),
        unread=tuple(unread),
    )


class Exhibition:
    """The cards and the objects of everything that was described, with what fits to what."""

    def __init__(self, described: Described, belonging: Belonging, now: datetime) -> None:
        """Keep what there is."""
        self._described = described
        self._belonging = belonging
        self._now = now
        self._own_requests = {name_request(entry): entry for entry in belonging.requests}
        self._holders = self._find_holders()

    def certificates(self) -> list[tuple[Card, dict[str, Any]]]:
        """Return card and object of each certificate."""
        return [self._show_certificate(at) for at in range(len(self._described.certificates))]

    def requests(self) -> list[tuple[Card, dict[str, Any]]]:
        """Return card and object of each request."""
        shown = []
        for at, (piece, details) in enumerate(self._described.requests):
            one = self._show("request", at, piece, details.facts.key.fingerprint)
            shown.append(
                (cards.request_card(one, details, self._find_ledger(piece)), cards.request_object(one, details))
            )
        return shown

    def keys(self) -> list[tuple[Card, dict[str, Any]]]:
        """Return card and object of each private key."""
        shown = []
        for at, (piece, facts) in enumerate(self._described.keys):
            one = self._show("key", at, piece, facts.fingerprint)
            shown.append((cards.key_card(one, facts), cards.key_object(one, facts)))
        return shown

    def crls(self) -> list[tuple[Card, dict[str, Any]]]:
        """Return card and object of each revocation list."""
        return [self._show_crl(at, piece, details) for at, (piece, details) in enumerate(self._described.crls)]

    def _show_certificate(self, at: int) -> tuple[Card, dict[str, Any]]:
        piece, details = self._described.certificates[at]
        in_force = self._is_in_force(details)
        signer = self._described.signers[at]
        known = ("is the certificate in force in this registry",) if in_force else ()
        fits = (*self._tell_signer(at), *known)
        one = self._show("certificate", at, piece, details.facts.key.fingerprint, fits)
        if in_force:
            one = one._replace(fits=tuple(part for part in one.fits if part != "its key is the key in force"))
        signed_by = None if signer is None else signer + 1
        return (
            cards.certificate_card(one, details, self._now),
            cards.certificate_object(one, details, self._now, signed_by=signed_by, in_force=in_force),
        )

    def _is_in_force(self, details: CertificateDetails) -> bool:
        in_force = self._belonging.certificate
        return in_force is not None and in_force.fingerprint == details.facts.fingerprint

    def _tell_signer(self, at: int) -> tuple[str, ...]:
        """Return what is to be said of who signed a certificate, where others are shown beside it."""
        signer, details = self._described.signers[at], self._described.certificates[at][1]
        if len(self._described.certificates) == 1:
            return ()
        if signer is None:
            return ("its issuer's certificate is not here",)
        if signer != at:
            return (f"signed by {self._name('certificate', signer)}",)
        is_root = details.extensions.ca is not False
        return ("a root: clients have a copy of their own, and servers don't send it",) if is_root else ()

    def _show_crl(self, at: int, piece: Piece, details: CrlDetails) -> tuple[Card, dict[str, Any]]:
        from sslutil.pki.cards import find_crl_signer, find_revoked

        pems = self._described.certificate_pems
        signer, revoked = find_crl_signer(piece.pem, pems), find_revoked(piece.pem, pems)
        fits = [f"signed by {self._name('certificate', signer)}"] if signer is not None else []
        fits += [f"revokes {self._name('certificate', number)}" for number in revoked]
        one = Shown(at + 1, len(self._described.crls), piece, tuple(fits))
        signed_by = None if signer is None else signer + 1
        shown = cards.crl_object(one, details, signed_by=signed_by, revokes=[number + 1 for number in revoked])
        return cards.crl_card(one, details, self._now), shown

    def _show(self, kind: Kind, at: int, piece: Piece, fingerprint: str, fits: tuple[str, ...] = ()) -> Shown:
        own = {self._name(kind, at), piece.place}
        same = tuple(word for word in dict.fromkeys(self._holders[fingerprint]) if word not in own)
        words = self._tell_key(kind, same)
        return Shown(at + 1, self._count(kind), piece, (*fits, *words), same)

    def _tell_key(self, kind: Kind, same: tuple[str, ...]) -> tuple[str, ...]:
        if kind != "key":
            return tuple(f"its key is {'' if word.startswith(_KEY) else 'that of '}{word}" for word in same)
        if not same and self._described.certificates + self._described.requests:
            return ("fits nothing that is shown here",)
        return tuple(f"is {word}" if word.startswith(_KEY) else f"fits {word}" for word in same)

    def _find_ledger(self, piece: Piece) -> list[tuple[str, str]]:
        """Return what this registry knows of a request that is its own."""
        entry = self._own_requests.get(piece.place)
        if entry is None:
            return []
        made = f"{render_age(entry.record.time, self._now)}, by {entry.record.who}"
        return [("Made", made), ("State", STATES[entry.state])]

    def _find_holders(self) -> dict[str, list[str]]:
        """Return, by the fingerprint of each key, what has it."""
        holders: dict[str, list[str]] = defaultdict(list)
        for at, (_, facts) in enumerate(self._described.keys):
            holders[facts.fingerprint].append(self._name("key", at))
        for at, (_, certificate) in enumerate(self._described.certificates):
            holders[certificate.facts.key.fingerprint].append(self._name("certificate", at))
        for at, (_, request) in enumerate(self._described.requests):
            holders[request.facts.key.fingerprint].append(self._name("request", at))
        for fingerprint, words in self._belonging.keys.items():
            holders[fingerprint] += words
        return holders

    def _name(self, kind: Kind, at: int) -> str:
        if kind == "key":
            return f"{_KEY} in {self._described.keys[at][0].place}"
        place = self._described.requests[at][0].place if kind == "request" else ""
        if place in self._own_requests:
            return place
        return f"{kind} {at + 1}" if self._count(kind) > 1 else f"the {kind}"

    def _count(self, kind: Kind) -> int:
        described = self._described
        found = {"certificate": described.certificates, "request": described.requests, "key": described.keys}
        return len(found.get(kind, described.crls))
