"""The words that answers about clients share: what each mode does to whom, how a certificate stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil.exporters import EXPORTERS
from sslutil.steps.client_ledger import is_living
from sslutil.steps.tell import render_date, render_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import ClientRecord, ListFacts
    from sslutil.site import Site
    from sslutil.steps.client_files import ClientFiles
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.run import Run

HEADS = ("Address", "Valid until", "Serial number", "State")
"""Of a list of client certificates."""
EFFECTS = {
    "off": "nobody is asked for a certificate: everybody connects, and passwords decide (recommended)",
    "optional": "whoever has a certificate may show it, and is known by it; everybody else connects all the same",
    "require": "whoever has no valid certificate can't connect, not even to log on",
}
"""Each mode of client authentication → what it does to whom."""
ADVICE = (
    "off: a certificate must be on every device of everybody, and is renewed and revoked by you; on where only known"
    " devices may connect"
)


def state_of(record: ClientRecord, now: datetime, renew_at: float, *, for_clients: bool = True) -> str:
    """Return how a certificate stands: "valid", or what is wrong with it, or about to happen to it."""
    told = {
        f"revoked on {record.revoked and render_date(record.revoked)}": record.revoked is not None,
        "never handed over": record.handed_over is None,
        "wrong purpose": not for_clients,
        "not yet valid": now < record.not_valid_before,
        "expired": now > record.not_valid_after,
        f"to be revoked on {record.revoke_at and render_date(record.revoke_at)}": record.revoke_at is not None,
        "ends soon": now >= _due(record, renew_at),
    }
    return next((words for words, holds in told.items() if holds), "valid")


def _due(record: ClientRecord, renew_at: float) -> datetime:
    return record.not_valid_before + (record.not_valid_after - record.not_valid_before) * renew_at


def tell_counts(records: Iterable[ClientRecord], now: datetime, renew_at: float) -> str:
    """Return how many get in, and how many of those not for long: "5, of which 1 ends soon"."""
    living = [record for record in records if is_living(record, now)]
    soon = sum(now >= _due(record, renew_at) for record in living)
    return f"{len(living)}{f', of which {soon} end soon' if soon else ''}"


def describe_clients(site: Site, ledger: ClientLedger, files: ClientFiles, now: datetime) -> list[tuple[str, str]]:
    """Return the lines on who gets in: the mode, whose clients, by which lists, and what each server makes of it."""
    clients = site.client_auth
    lines = [("Clients", f"{clients.mode}: {EFFECTS[clients.mode]}")]
    if clients.mode == "off":
        return lines
    lines += [("Asked at", ", ".join(clients.services)), ("Trusted", _tell_authorities(files))]
    lines += [("Revocation list", _tell_list(one)) for one in files.lists]
    lines += [
        (f"Lists, {EXPORTERS[name].title}", words)
        for name in site.deploy.exports
        if (words := _tell_coverage(name, files))
    ]
    lines += [("Valid here", tell_counts(ledger.records, now, site.certificate.renew_at))] if clients.own_ca else []
    return [*lines, ("Recommended", ADVICE)]


def _tell_authorities(files: ClientFiles) -> str:
    from sslutil.pki.authorities import split_authorities
    from sslutil.pki.certificates import describe_certificate

    facts = [describe_certificate(pem) for pem in split_authorities(files.authorities)]
    return "; ".join(f"{one.subject}, until {one.not_valid_after.date()}" for one in facts)


def _tell_list(one: ListFacts) -> str:
    said = f"number {one.number}, " if one.number is not None else ""
    end = render_date(one.next_update) if one.next_update else "the next one"
    return f"of {one.issuer}: {said}{one.revoked} revoked, until {end}"


def _tell_coverage(name: str, files: ClientFiles) -> str:
    """Return what a server needs of revocation lists, where any is in force."""
    if not files.crls:
        return ""
    told = {
        "each": "checks lists, and has one of each authority, as it needs",
        "any": "checks the lists that there are" + (f"; none of {'; '.join(files.unlisted)}" if files.unlisted else ""),
        "none": "reads no list, and nobody is revoked yet: the first who is can't be with its export",
    }
    return told.get(EXPORTERS[name].lists, "")


def make_row(record: ClientRecord, state: str) -> tuple[str, ...]:
    """Return the row of a certificate below HEADS."""
    return record.address, render_date(record.not_valid_after), f"{record.serial_number:x}", state


def tell_damage(run: Run, ledger: ClientLedger) -> tuple[str, ...]:
    """Return a sentence where the roster has lost lines, which the next change mends."""
    if not (ledger.lost or ledger.roster.damaged):
        return ()
    lines = ", ".join(str(number) for number in ledger.roster.damaged)
    told = f" (damaged: line {lines})" if lines else ""
    return (
        f"the roster has lost lines{told}, shown from the certificates; mend it: {run.command('certificate', 'renew')}",
    )


def client_fields(record: ClientRecord, state: str) -> dict[str, Any]:
    """Return the fields of a client certificate for --json."""
    times = {name: getattr(record, name) for name in ("handed_over", "revoke_at", "revoked")}
    return {
        "address": record.address,
        "name": record.name,
        "serial_number": f"{record.serial_number:x}",
        "state": state,
        "authority": record.authority,
        "not_valid_before": render_rfc3339(record.not_valid_before),
        "not_valid_after": render_rfc3339(record.not_valid_after),
        "issued": render_rfc3339(record.time),
        "issued_by": record.who,
        "reason": record.reason,
    } | {name: moment and render_rfc3339(moment) for name, moment in times.items()}
