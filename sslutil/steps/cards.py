"""The cards of what is shown: in words for a person, as fields for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.facts import Card
from sslutil.keytypes import KEY_TYPES
from sslutil.steps.tell import (
    certificate_fields,
    render_date,
    render_fingerprint,
    render_names,
    render_rfc3339,
    render_span,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import (
        CertificateDetails,
        CertificateFacts,
        CrlDetails,
        ExtensionFacts,
        KeyFacts,
        Piece,
        RequestDetails,
    )

Lines = list[tuple[str, str]]
_USES = {
    "digitalSignature": "digital signature",
    "contentCommitment": "content commitment",
    "keyEncipherment": "key encipherment",
    "dataEncipherment": "data encipherment",
    "keyAgreement": "key agreement",
    "keyCertSign": "certificate signing",
    "cRLSign": "revocation list signing",
    "encipherOnly": "enciphering only",
    "decipherOnly": "deciphering only",
    "serverAuth": "TLS server",
    "clientAuth": "TLS client",
    "codeSigning": "code signing",
    "emailProtection": "e-mail protection",
    "timeStamping": "time stamping",
    "OCSPSigning": "OCSP signing",
    "anyExtendedKeyUsage": "any purpose",
}


class Shown(NamedTuple):
    """One thing of those that are shown, with its place among them."""

    number: int
    """From 1, among those of its kind."""
    of: int
    """How many there are of its kind."""
    piece: Piece
    fits: tuple[str, ...] = ()
    """What it belongs to, one sentence each."""
    same_key: tuple[str, ...] = ()
    """What else has the same key."""

    def title(self, kind: str) -> str:
        """Return the title of its card: "Certificate 2: answer.zip: ca.crt"."""
        return f"{kind} {self.number}: {self.piece.place}" if self.of > 1 else f"{kind}: {self.piece.place}"


def certificate_card(shown: Shown, details: CertificateDetails, now: datetime) -> Card:
    """Return the card of a certificate."""
    facts, extensions = details.facts, details.extensions
    lines = [
        ("Names", render_names(facts.names)),
        *_other_names(extensions),
        ("Subject", facts.subject),
        ("Signed by", "itself" if facts.self_signed else facts.issuer),
        ("Serial number", render_serial(facts.serial_number)),
        *_validity_lines(facts, now),
        *_key_lines(facts.key),
        ("Signature", details.signature),
        *_extension_lines(extensions),
        ("SHA-256 fingerprint", render_fingerprint(facts.fingerprint)),
    ]
    return _card(shown, "Certificate", lines)


def certificate_object(
    shown: Shown, details: CertificateDetails, now: datetime, *, signed_by: int | None, in_force: bool
) -> dict[str, Any]:
    """Return the object of a certificate for --json."""
    fields: dict[str, Any] = certificate_fields(details.facts)["certificate"]
    return (
        _place_fields(shown)
        | fields
        | {
            "validity": _validity(details.facts, now),
            "sha1_fingerprint": details.sha1_fingerprint,
            "signature_algorithm": details.signature,
            "signed_by": signed_by,
            "in_force": in_force,
            "same_key": list(shown.same_key),
        }
        | _extension_fields(details.extensions)
        | {"pem": shown.piece.pem.decode("ascii")}
    )


def request_card(shown: Shown, details: RequestDetails, ledger: Lines) -> Card:
    """Return the card of a request; `ledger` is what this registry knows of it."""
    facts = details.facts
    lines = [
        ("Names", render_names(facts.names)),
        *_other_names(details.extensions),
        ("Subject", facts.subject),
        *_key_lines(facts.key),
        ("Signature", details.signature + ("" if details.signature_valid else ", WRONG: its key did not sign it")),
        *_extension_lines(details.extensions),
        *ledger,
    ]
    return _card(shown, "Request", lines)


def request_object(shown: Shown, details: RequestDetails) -> dict[str, Any]:
    """Return the object of a request for --json."""
    facts = details.facts
    return (
        _place_fields(shown)
        | {
            "names": [name.text for name in facts.names],
            "subject": facts.subject,
            "key_type": facts.key.key_type,
            "key_sha256_fingerprint": facts.key.fingerprint,
            "signature_algorithm": details.signature,
            "signature_valid": details.signature_valid,
            "same_key": list(shown.same_key),
        }
        | _extension_fields(details.extensions)
        | {"pem": shown.piece.pem.decode("ascii")}
    )


def crl_card(shown: Shown, details: CrlDetails, now: datetime) -> Card:
    """Return the card of a revocation list."""
    end = details.next_update
    lines = [
        ("Issuer", details.issuer),
        ("Number", "" if details.number is None else str(details.number)),
        ("Made", render_date(details.this_update)),
        ("Next one due", f"{render_date(end)} ({_left(end, now, 'OVERDUE')})" if end else "not said"),
        ("Revokes", _count(details.revoked, "certificate")),
        ("Signature", details.signature),
        ("Issuer's key id", render_fingerprint(details.authority_key_identifier)),
    ]
    return _card(shown, "Revocation list", lines)


def crl_object(shown: Shown, details: CrlDetails, *, signed_by: int | None, revokes: Iterable[int]) -> dict[str, Any]:
    """Return the object of a revocation list for --json."""
    end = details.next_update
    return _place_fields(shown) | {
        "issuer": details.issuer,
        "crl_number": None if details.number is None else f"{details.number:x}",
        "this_update": render_rfc3339(details.this_update),
        "next_update": render_rfc3339(end) if end else None,
        "revoked": details.revoked,
        "authority_key_identifier": details.authority_key_identifier,
        "signature_algorithm": details.signature,
        "signed_by": signed_by,
        "revokes": list(revokes),
        "pem": shown.piece.pem.decode("ascii"),
    }


def key_card(shown: Shown, facts: KeyFacts) -> Card:
    """Return the card of a private key: its public side."""
    return _card(shown, "Private key", _key_lines(facts))


def key_object(shown: Shown, facts: KeyFacts) -> dict[str, Any]:
    """Return the object of a private key for --json: nothing of it is secret."""
    return _place_fields(shown) | {
        "key_type": facts.key_type,
        "key_sha256_fingerprint": facts.fingerprint,
        "same_key": list(shown.same_key),
    }


def render_serial(number: int) -> str:
    """Return a serial number as openssl prints a long one: "0A:1B"."""
    digits = f"{abs(number):x}"
    padded = digits.zfill(len(digits) + len(digits) % 2)
    return ("-" if number < 0 else "") + render_fingerprint(padded)


def _card(shown: Shown, kind: str, lines: Lines) -> Card:
    told = [(label, value) for label, value in lines if value]
    return Card(shown.title(kind), (*told, *(("Fits", sentence) for sentence in shown.fits)))


def _place_fields(shown: Shown) -> dict[str, Any]:
    return {"number": shown.number, "place": shown.piece.place}


def _other_names(extensions: ExtensionFacts) -> Lines:
    return [("Other names", ", ".join(extensions.other_names))]


def _validity_lines(facts: CertificateFacts, now: datetime) -> Lines:
    begin, end = facts.not_valid_before, facts.not_valid_after
    early = f" (NOT YET VALID: {render_span(now, begin)} to go)" if now < begin else ""
    return [
        ("Valid from", f"{render_date(begin)}{early}"),
        ("Valid until", f"{render_date(end)} ({_left(end, now, 'EXPIRED')})"),
    ]


def _left(end: datetime, now: datetime, over: str) -> str:
    return f"{render_span(now, end)} left" if now <= end else f"{over} for {render_span(end, now)}"


def _validity(facts: CertificateFacts, now: datetime) -> str:
    if now < facts.not_valid_before:
        return "not yet valid"
    return "valid" if now <= facts.not_valid_after else "expired"


def _key_lines(facts: KeyFacts) -> Lines:
    row = KEY_TYPES.get(facts.key_type)
    return [("Key", row.title if row else facts.key_type), ("Key SHA-256", render_fingerprint(facts.fingerprint))]


def _extension_lines(extensions: ExtensionFacts) -> Lines:
    return [
        ("Uses", ", ".join(_USES.get(use, use) for use in (*extensions.key_usage, *extensions.extended_key_usage))),
        ("Authority", _authority(extensions)),
        ("Issuer's file", ", ".join(extensions.issuer_addresses)),
        ("Revocation list", ", ".join(extensions.crl_addresses)),
        ("OCSP", ", ".join(extensions.ocsp_addresses)),
        ("Must staple", "yes: servers have to send a fresh OCSP answer" if extensions.must_staple else ""),
        ("Key id", render_fingerprint(extensions.subject_key_identifier)),
        ("Issuer's key id", render_fingerprint(extensions.authority_key_identifier)),
        ("Also states", ", ".join(extensions.further)),
    ]


def _authority(extensions: ExtensionFacts) -> str:
    if extensions.ca is None:
        return ""
    below = "" if extensions.path_length is None else f", with at most {extensions.path_length} below it"
    return f"yes{below}" if extensions.ca else "no"


def _extension_fields(extensions: ExtensionFacts) -> dict[str, Any]:
    return {
        "other_names": list(extensions.other_names),
        "key_usage": list(extensions.key_usage),
        "extended_key_usage": list(extensions.extended_key_usage),
        "ca": extensions.ca,
        "path_length": extensions.path_length,
        "issuer_addresses": list(extensions.issuer_addresses),
        "ocsp_addresses": list(extensions.ocsp_addresses),
        "crl_addresses": list(extensions.crl_addresses),
        "subject_key_identifier": extensions.subject_key_identifier,
        "authority_key_identifier": extensions.authority_key_identifier,
        "must_staple": extensions.must_staple,
        "further_extensions": list(extensions.further),
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
