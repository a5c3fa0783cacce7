"""client-auth: who may connect, and who would be locked out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import UsageError
from sslutil.steps.client_files import read_client_files
from sslutil.steps.client_ledger import is_living
from sslutil.steps.client_words import HEADS, describe_clients, make_row, state_of
from sslutil.steps.deploy import deploy
from sslutil.steps.tell import answer_change
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.facts import ClientRecord
    from sslutil.steps.answer import Answer
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run

_OF_THE_SERVER = {"Names", "Valid until", "Key", "SHA-256 fingerprint", "Signed by"}
"""Lines that say nothing of clients."""
_MANY = 50
"""Certificates of which a list is still read."""


class Request(NamedTuple):
    """What was typed; None and () leave the site as it is."""

    mode: str | None = None
    own_ca: bool | None = None
    ca: tuple[str, ...] = ()
    no_ca: bool = False
    crl: tuple[str, ...] = ()
    no_crl: bool = False
    crl_days: int | None = None
    depth: int | None = None
    services: tuple[str, ...] = ()
    lock_out: bool = False


def set_client_auth(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for another mode, other authorities, lists, depth or services."""
    run = run.at(judge_place(run.registry, run.owners))
    edits = _make_edits(request)
    done = deploy(run, Wish("edit", edits, lock_out=request.lock_out or run.dry_run))  # who is out is the question then
    answer = answer_change(run, done, made="changed who may connect", nothing="client authentication is as wished")
    site, now = done.draft.file.site, run.clock()
    ledger = done.draft.ledger or done.after.ledger
    files = done.draft.clients if run.dry_run else read_client_files(done.after)
    told = describe_clients(site, ledger, files, now)
    kept = tuple(line for line in answer.lines if line[0] not in _OF_THE_SERVER)
    stated = _state(run, done, ledger, now) if site.client_auth.own_ca and site.client_auth.mode != "off" else []
    shown = [(record, state) for record, state in stated if len(stated) <= _MANY or not is_living(record, now)]
    return answer._replace(
        lines=(*told, *kept),
        heads=HEADS if shown and run.dry_run else (),
        rows=tuple(make_row(record, state) for record, state in shown) if run.dry_run else (),
        warnings=(*answer.warnings, *_tell_uncounted(done), *_tell_lock_out(run, request, done, stated, now)),
        fields={**answer.fields, **_fields(done, stated, now)},
    )


def _make_edits(request: Request) -> dict[str, Any]:
    """Return the keys of [client_auth] that were typed, files by their absolute paths."""
    for option, given, none in (("--ca", request.ca, request.no_ca), ("--crl", request.crl, request.no_crl)):
        if given and none:
            message = f"{option} names files, and --no-{option[2:]} says that there are none: give one of the two"
            raise UsageError(message)
    paths = {"ca_files": (request.ca, request.no_ca), "crl_files": (request.crl, request.no_crl)}
    files = {name: [os.path.abspath(path) for path in given] for name, (given, none) in paths.items() if given or none}
    names = ("mode", "own_ca", "crl_days", "depth")
    single = {name: getattr(request, name) for name in names if getattr(request, name) is not None}
    services = {"services": list(request.services)} if request.services else {}
    return {f"client_auth.{name}": value for name, value in (single | files | services).items()}


def _state(run: Run, done: Deployed, ledger: ClientLedger, now: datetime) -> list[tuple[ClientRecord, str]]:
    """Return how each certificate stands under the site that is wished for, those that let nobody in among them."""
    renew_at = done.draft.file.site.certificate.renew_at
    unfit = find_unfit(run, ledger)
    return [
        (record, state_of(record, now, renew_at, for_clients=record.serial_number not in unfit))
        for record in ledger.records
    ]


def find_unfit(run: Run, ledger: ClientLedger) -> frozenset[int]:
    """Return the serial numbers of those whose certificate, as it is kept, is for another purpose than a client's."""
    from sslutil.pki.client_authority import is_for_clients
    from sslutil.steps.client_ledger import read_kept

    kept = read_kept(run.registry, [record.serial_number for record in ledger.records])
    return frozenset(serial for serial, pem in kept.items() if not is_for_clients(pem))


def _tell_lock_out(
    run: Run, request: Request, done: Deployed, stated: list[tuple[ClientRecord, str]], now: datetime
) -> tuple[str, ...]:
    """Return the sentence of a dry run whose change would be refused, as it would let nobody in."""
    clients = done.draft.file.site.client_auth
    is_harmless = clients.mode != "require" or clients.ca_files or any(is_living(record, now) for record, _ in stated)
    if is_harmless or request.lock_out or not run.dry_run:
        return ()
    return ("nobody would get in, so this is refused without --lock-out",)


def _tell_uncounted(done: Deployed) -> tuple[str, ...]:
    clients = done.draft.file.site.client_auth
    if clients.mode != "require" or not clients.ca_files:
        return ()
    return ("clients of the authorities in ca_files can't be counted: whether they get in is theirs to say",)


def _fields(done: Deployed, stated: list[tuple[ClientRecord, str]], now: datetime) -> dict[str, Any]:
    clients = done.draft.file.site.client_auth
    return {
        "mode": clients.mode,
        "services": list(clients.services),
        "valid": sum(is_living(record, now) for record, _ in stated),
        "clients": [
            {"address": record.address, "serial_number": f"{record.serial_number:x}", "state": state}
            for record, state in stated
        ],
    }
