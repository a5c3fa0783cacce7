"""What status says of clients: who is asked, how many are let in, and what ends before anybody sees to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil.checks.clients import find_ending_lists, find_late
from sslutil.registry import CLIENTS
from sslutil.steps.client_authority import is_authority_due
from sslutil.steps.client_files import read_client_files
from sslutil.steps.client_ledger import is_living
from sslutil.steps.client_words import tell_counts, tell_damage
from sslutil.steps.tell import render_date, render_rfc3339, render_span

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.facts import ListFacts
    from sslutil.site import Site
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


def client_lines(run: Run, situation: Situation, site: Site) -> list[tuple[str, str]]:
    """Return the lines on clients: one where nobody is asked and none was ever issued."""
    clients, ledger, now = site.client_auth, situation.ledger, run.clock()
    where = f", at {', '.join(clients.services)}" if clients.mode != "off" else ""
    lines = [("Client certificates", f"{clients.mode}{where}")]
    if not ledger.readable:
        lines.append(("Issued here", f"not readable by this account: {run.path(CLIENTS)}"))
    elif ledger.records:
        counts = tell_counts(ledger.records, now, site.certificate.renew_at)
        lines.append(("Issued here", f"{len(ledger.records)}, valid: {counts}"))
    return lines + [("Revocation list", _tell_list(one, now)) for one in read_client_files(situation).lists]


def _tell_list(one: ListFacts, now: datetime) -> str:
    number = f"number {one.number}, " if one.number is not None else ""
    if one.next_update is None:
        return f"of {one.issuer}: {number}{one.revoked} revoked"
    left = f"{render_span(now, one.next_update)} left" if now <= one.next_update else "LAPSED"
    return f"of {one.issuer}: {number}{one.revoked} revoked, until {render_date(one.next_update)} ({left})"


def client_warnings(run: Run, situation: Situation, site: Site) -> tuple[str, ...]:
    """Return a sentence for each list, authority and certificate that needs somebody."""
    now, ledger = run.clock(), situation.ledger
    warnings = []
    for ending in find_ending_lists(read_client_files(situation).lists, now):
        issuer, end = ending.list.issuer, ending.list.next_update
        if ending.lapsed:
            told = "has lapsed: a server that checks it refuses every client of that authority"
        else:
            told = f"ends in {render_span(now, end)}" if end else ""
        level = "CRITICAL: " if ending.lapsed else ""
        warnings.append(f"{level}the revocation list of {issuer} {told}; {_cure(run, situation, ending.list)}")
    warnings += [f"CRITICAL: {fault}: bring {CLIENTS}/ back from a backup" for fault in ledger.faults]
    warnings += _find_owed(run, situation, site)
    signer = ledger.signer
    if signer and is_authority_due(signer, site.certificate.renew_at, now):
        until = f"ends on {signer.facts.not_valid_after.date()}"
        warnings.append(f"client authority {signer.number} {until}: {run.command('client-auth', 'ca', 'renew')}")
    for record in find_late(ledger.records, now):
        serial = f"{record.serial_number:x}"
        cure = run.command("client-auth", "revoke", "--serial", serial)
        warnings.append(f"CRITICAL: the certificate {serial} of {record.address} was to be revoked by now: {cure}")
    return (*warnings, *tell_damage(run, ledger))


def _find_owed(run: Run, situation: Situation, site: Site) -> list[str]:
    """Return a sentence for each authority whose list in force lacks somebody who is revoked."""
    if site.client_auth.mode == "off" or not site.client_auth.own_ca:
        return []
    from sslutil.pki.crls import read_revocations

    served = read_client_files(situation).lists
    listed = {(one.issuer, entry.serial_number) for one in served for entry in read_revocations(one.pem)}
    cure = run.command("certificate", "renew")
    return [
        f"CRITICAL: somebody is revoked by client authority {one.number}, and gets in: {cure}"
        for one in situation.ledger.authorities
        if {(one.facts.subject, serial) for serial in one.revocations} - listed
    ]


def _cure(run: Run, situation: Situation, one: ListFacts) -> str:
    """Return what brings the next list: ours is signed by renew, another authority's has to be fetched from it."""
    own = {authority.facts.subject for authority in situation.ledger.authorities}
    renew = run.command("certificate", "renew")
    return f"sign the next: {renew}" if one.issuer in own else f"put its next one into crl_files, then: {renew}"


def client_fields(run: Run, situation: Situation, site: Site) -> dict[str, Any]:
    """Return the fields for --json."""
    now, ledger = run.clock(), situation.ledger
    return {
        "clients": {
            "services": list(site.client_auth.services),
            "issued": len(ledger.records) if ledger.readable else None,
            "valid": sum(is_living(record, now) for record in ledger.records) if ledger.readable else None,
            "lists": [
                {
                    "issuer": one.issuer,
                    "number": one.number,
                    "revoked": one.revoked,
                    "next_update": one.next_update and render_rfc3339(one.next_update),
                }
                for one in read_client_files(situation).lists
            ],
        }
    }
