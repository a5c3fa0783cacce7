"""client-auth revoke: somebody is put out, for good; servers get the new list with the new generation, or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import UsageError
from sslutil.facts import Revocation
from sslutil.steps import client_authority as authority
from sslutil.steps.client_choice import choose_records
from sslutil.steps.client_words import client_fields
from sslutil.steps.deploy import deploy
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, render_date
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import ClientRecord
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Request(NamedTuple):
    """What was typed."""

    address: str | None = None
    serial: str | None = None
    reason: str = "unspecified"
    """As it is typed: "key-compromise"."""
    ca_passphrase_file: str | None = None
    lock_out: bool = False


def revoke_clients(run: Run, request: Request) -> Answer:
    """Return the answer to the revocation of all certificates of an address, or of one."""
    from sslutil.pki.crls import REASONS

    run = run.at(judge_place(run.registry, run.owners))
    now = run.clock()
    before = look(run, run.owners)
    chosen = choose_records(run, before.ledger, request.address, request.serial)
    reason = REASONS[request.reason]

    def make_wish(situation: Situation) -> Wish:
        records = choose_records(run, situation.ledger, request.address, request.serial)
        revoke = tuple(Revocation(one.serial_number, now, reason) for one in find_open(records, now))
        return Wish("order", revoke=revoke, passphrase=passphrase, lock_out=request.lock_out)

    passphrase = _take_passphrase(run, request, before, find_open(chosen, now))
    done = deploy(run, make_wish(before), lambda _root, situation: make_wish(situation))
    gone = find_open(chosen, now)
    whom = chosen[0].address if request.serial is None else f"{chosen[0].address}, serial number {request.serial}"
    count = f"{len(gone)} client certificate{'' if len(gone) == 1 else 's'}"
    made = f"revoked {count} of {whom}" if gone else f"brought the revocation of {whom} into force"
    answer = answer_change(run, done, made=made, nothing=_tell_nothing(chosen, whom))
    after = {record.serial_number: record for record in done.after.ledger.records}
    return answer._replace(
        lines=_tell_gone(gone),
        next=(run.command("client-auth", "list"),) if not done.changed or run.dry_run else answer.next,
        fields={
            "dry_run": run.dry_run,
            "revoked": [client_fields(after[one.serial_number], "revoked") for one in gone],
        },
    )


def find_open(records: Iterable[ClientRecord], now: datetime) -> tuple[ClientRecord, ...]:
    """Return the certificates that can be revoked: those that have not ended and are not revoked yet."""
    return tuple(record for record in records if record.revoked is None and now <= record.not_valid_after)


def _take_passphrase(
    run: Run, request: Request, situation: Situation, records: tuple[ClientRecord, ...]
) -> bytes | None:
    """Return the passphrase, where a key that is locked has to sign."""
    numbers = {record.authority for record in records}
    locked = [one for one in situation.ledger.authorities if one.number in numbers and one.locked]
    if not locked:
        return None
    if len(locked) > 1:
        numbers_of = {
            one.number: [f"{r.serial_number:x}" for r in records if r.authority == one.number] for one in locked
        }
        serials = (
            run.command("client-auth", "revoke", "--serial", one) for some in numbers_of.values() for one in some
        )
        message = "these certificates are of authorities with a passphrase each: revoke them one by one"
        raise UsageError(message, "\n".join(serials))
    return authority.take_ca_passphrase(run, request.ca_passphrase_file, situation.ledger, locked[-1])


def _tell_nothing(records: Iterable[ClientRecord], whom: str) -> str:
    gone = [record for record in records if record.revoked]
    when = f" on {render_date(gone[-1].revoked)}" if gone and gone[-1].revoked else ""
    return f"every client certificate of {whom} was revoked{when} or has ended"


def _tell_gone(records: Iterable[ClientRecord]) -> tuple[tuple[str, str], ...]:
    return tuple(
        ("Revoked", f"{one.serial_number:x} of {one.address}, issued {render_date(one.time)}") for one in records
    )
