"""client-auth renew: a new certificate for somebody, and a day on which the old one is revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, SiteError, SslutilError, UsageError
from sslutil.facts import Person, Revocation
from sslutil.names import parse_client, render_identity
from sslutil.site import LONGEST_LIFETIME
from sslutil.steps import client_authority as authority
from sslutil.steps.answer import Answer
from sslutil.steps.client_choice import choose_records
from sslutil.steps.client_handover import Plan, answer_issued
from sslutil.steps.client_issuing import ensure_authority, issue
from sslutil.steps.client_orders import QUESTION, find_living, judge_delivery, make_orders, with_passphrases
from sslutil.steps.client_signing import SUPERSEDED
from sslutil.steps.deploy import changing, deploy_locked
from sslutil.steps.draft import make_draft
from sslutil.steps.situation import look
from sslutil.steps.tell import reload_commands, render_date
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.facts import ClientRecord
    from sslutil.steps.client_orders import Delivery
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

OVERLAP = 14
"""Days in which old and new one both let in: time to put the new one on a device."""


class Request(NamedTuple):
    """What was typed."""

    delivery: Delivery
    address: str
    overlap: int = OVERLAP


def renew_client(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for a new certificate in place of those that somebody has."""
    run = run.at(judge_place(run.registry, run.owners))
    before = look(run, run.owners)
    records = choose_records(run, before.ledger, request.address, None)
    if before.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is no site to issue for"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    now = run.clock()
    _judge(run, request, before, now)
    old = find_living(before.ledger, records[0].address, now)
    person = Person(parse_client(request.address), records[-1].name)
    orders = make_orders(request.delivery, [person], before.ledger, folder=None)
    passphrase = None if run.dry_run else _take_ca_passphrase(run, request, before, old)
    wish = _make_wish(request, old, now, passphrase)
    make_draft(run, before, wish._replace(lock_out=True), now)  # the new one lets in, which is not there yet
    whom = render_identity(person.address)
    if run.dry_run:
        headline = f"would issue a client certificate for {whom} in place of the old, into {orders[0].out}"
        lines = _tell_old(request, old, now)
        return Answer(headline, run.registry, changed=True, generation=before.number, lines=lines)
    orders, made = with_passphrases(run, orders, request.delivery.passphrase_file, question=QUESTION)
    plan = Plan(before.in_force.site, orders, old, ca_passphrase=passphrase, made=made)
    with changing(run) as root:
        ensured = ensure_authority(run, root, passphrase=passphrase, domains=(), now=now)
        issued = issue(run, root, plan.site, ensured.after.ledger, orders, now, ca_passphrase=passphrase)
        issuing = f"issued a new client certificate for {whom}"
        answer = answer_issued(run, request.delivery, plan, issued[0], ensured, issuing)
        try:
            done = deploy_locked(run, wish, root)
        except SslutilError as fault:
            told = f", its passphrase is {made}" if made else ""
            fault.message = f"{fault.message}; {issuing}, in {orders[0].out}{told}"
            raise
    return answer._replace(
        next=(*reload_commands(run, done), *answer.next) if done.changed and not ensured.changed else answer.next,
        generation=done.after.number,
        lines=(*answer.lines, *_tell_old(request, old, now)),
        warnings=(*answer.warnings, *done.draft.warnings),
    )


def _judge(run: Run, request: Request, before: Situation, now: datetime) -> None:
    judge_delivery(request.delivery)
    authority.judge_signer(run, before.ledger, now)
    authority.judge_domains(run, before.ledger, (), (parse_client(request.address),))
    if not 0 <= request.overlap <= LONGEST_LIFETIME:
        message = f"--overlap is a whole number of days from 0 to {LONGEST_LIFETIME}, not {request.overlap}"
        raise UsageError(message, typed=str(request.overlap), near=(str(OVERLAP),))


def _take_ca_passphrase(run: Run, request: Request, before: Situation, old: tuple[ClientRecord, ...]) -> bytes | None:
    """Return the passphrase of the authority; a key that is locked can't sign a list on a day when nobody is there."""
    given = authority.take_ca_passphrase(run, request.delivery.ca_passphrase_file, before.ledger)
    if given is not None and request.overlap and old:
        message = "a passphrase locks the authority's key, so it can't revoke the old certificate by itself on a day"
        raise MaterialError(f"{message}: revoke it now with --overlap 0, or later by hand").cured_with("--overlap", "0")
    return given


def _make_wish(request: Request, old: tuple[ClientRecord, ...], now: datetime, passphrase: bytes | None) -> Wish:
    """Return the wish that the old ones be revoked: now, or on their day, where they do not end before it."""
    if not request.overlap:
        revoke = tuple(Revocation(one.serial_number, now, SUPERSEDED) for one in old)
        return Wish("order", revoke=revoke, passphrase=passphrase)
    day = now + timedelta(days=request.overlap)
    return Wish("order", plan={one.serial_number: day for one in old if one.not_valid_after > day})


def _tell_old(request: Request, old: tuple[ClientRecord, ...], now: datetime) -> tuple[tuple[str, str], ...]:
    day = now + timedelta(days=request.overlap)
    return tuple(
        ("The old one", f"{one.serial_number:x}, {_tell_end(one, day) if request.overlap else 'revoked now'}")
        for one in old
    )


def _tell_end(one: ClientRecord, day: datetime) -> str:
    if one.not_valid_after <= day:
        return f"ends by itself on {render_date(one.not_valid_after)}"
    return f"is revoked on {render_date(day)}, by certificate renew"
