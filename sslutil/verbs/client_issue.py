"""client-auth issue: certificates for people and services, each with what goes along."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SiteError, UsageError
from sslutil.facts import Person
from sslutil.files import read_file, write_out
from sslutil.names import parse_client, render_identity
from sslutil.steps import client_authority as authority
from sslutil.steps.answer import Answer
from sslutil.steps.client_files import refuse_lost_ledger
from sslutil.steps.client_handover import Plan, answer_issued
from sslutil.steps.client_issuing import ensure_authority, issue
from sslutil.steps.client_orders import (
    QUESTION,
    find_living,
    judge_delivery,
    make_orders,
    refuse_missing_folder,
    with_passphrases,
)
from sslutil.steps.client_signing import judge_locked
from sslutil.steps.client_words import client_fields
from sslutil.steps.deploy import changing
from sslutil.steps.draft import make_draft
from sslutil.steps.situation import look
from sslutil.steps.tell import pending_warning, render_date
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sslutil.site import Site
    from sslutil.steps.client_issuing import Issued, Order
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.client_orders import Delivery
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

CHUNK = 200
"""So many at once of a list of people: a PKCS#12 takes 30 ms, and another command waits for the lock 30 s."""
PASSPHRASES = "passphrases.csv"
_PASSPHRASES_HEAD = "address,file,passphrase\n"


class Request(NamedTuple):
    """What was typed."""

    delivery: Delivery
    address: str | None = None
    name: str = ""
    from_file: str | None = None
    mail_domains: tuple[str, ...] = ()
    another: bool = False


def issue_clients(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for one certificate, or for one for each of a list of people."""
    run = run.at(judge_place(run.registry, run.owners))
    situation = look(run, run.owners)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is no site to issue for"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    now = run.clock()
    people = _find_people(run, request)
    plan = _make_plan(run, situation, situation.in_force.site, request, people, now)
    issued, done = ([], None) if run.dry_run else _issue(run, request, plan, now)
    if request.from_file is not None:
        return _answer_list(run, request, plan, issued, situation)
    return _answer_one(run, request, plan, issued, done, situation)


def _find_people(run: Run, request: Request) -> tuple[Person, ...]:
    """Return for whom: the address that was typed, or everyone on the list."""
    if (request.address is None) == (request.from_file is None):
        message = "it takes the address of one, or with --from a list of people"
        raise UsageError(message, run.command("client-auth", "issue", "anna@example.org"))
    if request.from_file is None:
        from sslutil.documents.people import judge_name

        judge_name(request.name, "--name")
        return (Person(parse_client(request.address or ""), request.name),)
    one = {"--csr": request.delivery.csr, "--passphrase-file": request.delivery.passphrase_file, "--name": request.name}
    wrong = next((option for option, value in one.items() if value), "--another" if request.another else None)
    if wrong:
        message = f"{wrong} is for one certificate, and --from is for a list of people"
        raise UsageError(message, run.command("client-auth", "issue", "--from", request.from_file))
    from sslutil.documents.people import parse_people

    return parse_people(read_file(request.from_file), request.from_file)


def _make_plan(  # noqa: PLR0913, PLR0917  what is, and what is wished
    run: Run, situation: Situation, site: Site, request: Request, people: Sequence[Person], now: datetime
) -> Plan:
    """Return what is to be issued; raises SslutilError before anything is made."""
    delivery, ledger = request.delivery, situation.ledger
    judge_delivery(delivery)
    authority.judge_signer(run, ledger, now)
    refuse_lost_ledger(situation, now)
    domains = _judge_domains(run, request, ledger)
    served = {person: find_living(ledger, person.address.text, now) for person in people}
    wanted = [person for person in people if request.another or not served[person]]
    authority.judge_domains(run, ledger, domains, (person.address for person in wanted))
    left = () if request.another else tuple(records[-1] for records in served.values() if records)
    folder = None if request.from_file is None else delivery.out or "."
    if folder is not None:
        refuse_missing_folder(folder)
    orders = make_orders(delivery, wanted, ledger, folder=folder)
    if not orders or run.dry_run:
        return Plan(site, orders, left, domains)
    make_draft(run, situation, Wish("order"), now)
    ca_passphrase = authority.take_ca_passphrase(run, delivery.ca_passphrase_file, ledger)
    judge_locked(site, locked=ca_passphrase is not None)
    question = QUESTION if folder is None else ""
    orders, made = with_passphrases(run, orders, delivery.passphrase_file, question=question)
    return Plan(site, orders, left, domains, ca_passphrase, ledger.signer is None, made)


def _judge_domains(run: Run, request: Request, ledger: ClientLedger) -> tuple[str, ...]:
    """Return the mail domains to which the first authority is bound."""
    if request.mail_domains and ledger.signer:
        message = f"client authority {ledger.signer.number} is there, and what it may sign is in its certificate"
        raise UsageError(message, run.command("client-auth", "ca", "renew", "--mail-domain", request.mail_domains[0]))
    return authority.parse_domains(request.mail_domains)


def _issue(run: Run, request: Request, plan: Plan, now: datetime) -> tuple[list[Issued], Deployed | None]:
    """Issue in chunks, each in a lock of its own; whom another command has served meanwhile gets nothing twice."""
    issued: list[Issued] = []
    done = None
    for start in range(0, len(plan.orders), CHUNK):
        with changing(run) as root:
            ensured = ensure_authority(run, root, passphrase=plan.ca_passphrase, domains=plan.domains, now=now)
            done = done or ensured
            ledger = ensured.after.ledger
            chunk = [
                order
                for order in plan.orders[start : start + CHUNK]
                if request.another or not find_living(ledger, order.identity.text, now)
            ]
            if request.from_file is not None:
                _keep_passphrases(request, chunk)
            issued += issue(run, root, plan.site, ledger, chunk, now, ca_passphrase=plan.ca_passphrase)
        if request.from_file is not None:
            run.progress(min(start + CHUNK, len(plan.orders)), len(plan.orders))
    return issued, done


def _keep_passphrases(request: Request, orders: Iterable[Order]) -> None:
    """Write the passphrases of a list of people where their files are, before those: no file is without its own."""
    lines = [
        f"{order.identity.text},{os.path.basename(order.out)},{order.passphrase.decode()}\n"
        for order in orders
        if order.passphrase
    ]
    if not lines:
        return
    path = _passphrases_path(request)
    before = read_file(path).decode().splitlines(keepends=True) if os.path.exists(path) else [_PASSPHRASES_HEAD]
    anew = tuple(line.rpartition(",")[0] + "," for line in lines)
    kept = [line for line in before if not line.startswith(anew)]
    write_out(path, "".join([*kept, *lines]).encode(), force=True, private=True)


def _passphrases_path(request: Request) -> str:
    return os.path.join(request.delivery.out or ".", PASSPHRASES)


def _answer_one(  # noqa: PLR0913, PLR0917  what was wished, and what came of it
    run: Run, request: Request, plan: Plan, issued: list[Issued], done: Deployed | None, before: Situation
) -> Answer:
    """Return the answer on a single certificate."""
    if not plan.orders or not (issued or run.dry_run):
        return _answer_nothing(run, request, before)
    order = plan.orders[0]
    whom = render_identity(order.identity)
    if done is None:
        headline = f"would issue a client certificate for {whom}, {order.days} days, into {order.out}"
        return Answer(headline, run.registry, changed=True, generation=before.number, fields={"dry_run": True})
    return answer_issued(run, request.delivery, plan, issued[0], done, f"issued a client certificate for {whom}")


def _answer_nothing(run: Run, request: Request, before: Situation) -> Answer:
    """Return that there is a certificate already; another one is for another device."""
    address = parse_client(request.address or "")
    record = find_living(look(run, run.owners).ledger, address.text, run.clock())[-1]
    until = f"until {render_date(record.not_valid_after)}, serial number {record.serial_number:x}"
    words = ("client-auth", "issue", address.text)
    return Answer(
        headline=f"nothing to do: {render_identity(address)} has a client certificate {until}",
        registry=run.registry,
        generation=before.number,
        next=(
            f"{run.command(*words, '--another')}  # for another device",
            f"{run.command('client-auth', 'renew', address.text)}  # in place of that one",
        ),
        fields=client_fields(record, "valid"),
    )


def _answer_list(run: Run, request: Request, plan: Plan, issued: list[Issued], before: Situation) -> Answer:
    """Return the answer on a list of people: who got what, and who had one."""
    served = f", {len(plan.left)} had one" if plan.left else ""
    count = len(plan.orders) if run.dry_run else len(issued)
    several = "" if count == 1 else "s"
    headline = f"{'would issue' if run.dry_run else 'issued'} {count} client certificate{several}{served}"
    if not count:
        headline = f"nothing to do: all {len(plan.left)} of {request.from_file} have a client certificate"
    written = tuple(os.path.abspath(path) for one in issued for path in (one.order.out, one.order.letter))
    path = _passphrases_path(request)
    has_passphrases = any(one.order.passphrase for one in issued)
    done = {one.order.identity for one in issued}
    each = [order for order in plan.orders if run.dry_run or order.identity in done]
    told = f"{path} has the passphrase of each file: send them another way, then remove it"
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=bool(count),
        generation=look(run).number,
        heads=("Address", "File", "Days") if each else (),
        rows=tuple((order.identity.text, order.out, str(order.days)) for order in each),
        written=(*written, *((os.path.abspath(path),) if has_passphrases else ())),
        warnings=((told,) if has_passphrases else ()) + pending_warning(run, before),
        next=(run.command("client-auth", "list"),) if issued else (),
        fields={
            "dry_run": run.dry_run,
            "issued": [client_fields(one.record, "valid") | {"file": one.order.out} for one in issued],
            "left": [record.address for record in plan.left],
        },
    )
