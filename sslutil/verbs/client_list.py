"""client-auth list and show: who has a certificate, until when, and whether it still lets them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.facts import Card
from sslutil.site import Site
from sslutil.steps.answer import Answer
from sslutil.steps.client_choice import choose_records, refuse_unreadable
from sslutil.steps.client_words import HEADS, client_fields, make_row, state_of, tell_counts, tell_damage
from sslutil.steps.situation import look
from sslutil.steps.tell import render_date

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.facts import ClientRecord
    from sslutil.steps.client_ledger import OwnAuthority
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


def list_clients(run: Run, *, living: bool) -> Answer:
    """Return every client certificate that was issued here, by address; with `living` those that still let in."""
    situation = look(run)
    refuse_unreadable(run, situation.ledger)
    now, renew_at = run.clock(), _renew_at(situation)
    stated = [(record, state_of(record, now, renew_at)) for record in _sorted(situation.ledger.records)]
    shown = [(record, state) for record, state in stated if not living or _lets_in(state)]
    counts = tell_counts(situation.ledger.records, now, renew_at)
    headline = f"{len(stated)} client certificate{'' if len(stated) == 1 else 's'} issued, valid: {counts}"
    if not stated:
        headline = f"no client certificate was issued in {run.registry} yet"
    return Answer(
        headline=headline,
        registry=run.registry,
        generation=situation.number,
        lines=tuple(_tell_authority(authority) for authority in situation.ledger.authorities),
        heads=HEADS if shown else (),
        rows=tuple(make_row(record, state) for record, state in shown),
        warnings=tell_damage(run, situation.ledger),
        next=() if stated else (run.command("client-auth", "issue", "anna@example.org"),),
        fields={"clients": [client_fields(record, state) for record, state in shown]},
    )


def show_clients(run: Run, address: str | None, serial: str | None) -> Answer:
    """Return all that is known of the certificates of an address, or of one."""
    situation = look(run)
    refuse_unreadable(run, situation.ledger)
    now, renew_at = run.clock(), _renew_at(situation)
    records = choose_records(run, situation.ledger, address, serial)
    stated = [(record, state_of(record, now, renew_at)) for record in records]
    return Answer(
        headline=f"{len(records)} client certificate{'' if len(records) == 1 else 's'} of {records[0].address}",
        registry=run.registry,
        generation=situation.number,
        cards=tuple(_make_card(situation, record, state) for record, state in stated),
        warnings=tell_damage(run, situation.ledger),
        fields={"clients": [client_fields(record, state) for record, state in stated]},
    )


def _renew_at(situation: Situation) -> float:
    return (situation.in_force.site if situation.in_force else Site()).certificate.renew_at


def _lets_in(state: str) -> bool:
    return state in {"valid", "ends soon"} or state.startswith("to be revoked")


def _sorted(records: tuple[ClientRecord, ...]) -> list[ClientRecord]:
    return sorted(records, key=lambda record: (record.address.partition("@")[::-1], record.not_valid_before))


def _tell_authority(authority: OwnAuthority) -> tuple[str, str]:
    facts = authority.facts
    lock = ", its key locked by a passphrase" if authority.locked else ""
    return f"Authority {authority.number}", f"{facts.subject}, until {facts.not_valid_after.date()}{lock}"


def _make_card(situation: Situation, record: ClientRecord, state: str) -> Card:
    signer = next((one for one in situation.ledger.authorities if one.number == record.authority), None)
    lines = (
        ("State", state),
        ("Name", record.name),
        ("Serial number", f"{record.serial_number:x}"),
        ("Valid from", render_date(record.not_valid_before)),
        ("Valid until", render_date(record.not_valid_after)),
        ("Issued", f"{render_date(record.time)}{f', by {record.who}' if record.who else ''}"),
        ("Handed over", _tell(record.handed_over)),
        ("To be revoked", _tell(record.revoke_at)),
        ("Revoked", _tell(record.revoked)),
        ("Reason", record.reason if record.revoked else ""),
        ("Signed by", signer.facts.subject if signer else f"client authority {record.authority}"),
    )
    return Card(record.address, tuple(line for line in lines if line[1]))


def _tell(moment: datetime | None) -> str:
    return render_date(moment) if moment else ""
