"""What is told of a certificate that was issued: for whom, until when, which file, and how it gets there safely."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import command
from sslutil.steps.answer import Answer
from sslutil.steps.client_issuing import STDOUT
from sslutil.steps.client_words import client_fields
from sslutil.steps.passphrase import warn_of_readers
from sslutil.steps.situation import look
from sslutil.steps.tell import pending_warning, reload_commands, render_date

if TYPE_CHECKING:
    from sslutil.facts import ClientRecord
    from sslutil.site import Site
    from sslutil.steps.client_issuing import Issued, Order
    from sslutil.steps.client_orders import Delivery
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Plan(NamedTuple):
    """What is to be issued, judged."""

    site: Site
    orders: tuple[Order, ...]
    left: tuple[ClientRecord, ...] = ()
    """What those have who get nothing, as they have one."""
    domains: tuple[str, ...] = ()
    ca_passphrase: bytes | None = None
    is_first: bool = False
    """Whether its authority is made with it."""
    made: str = ""
    """The passphrase that was made for a single one: secret."""

    def __repr__(self) -> str:
        """Return what may be told: no passphrase."""
        return f"Plan({self.orders})"


def answer_issued(  # noqa: PLR0913, PLR0917  what was done, and how it is told
    run: Run, delivery: Delivery, plan: Plan, one: Issued, done: Deployed, headline: str
) -> Answer:
    """Return the answer with what is to be handed over, and how."""
    order, record = one.order, one.record
    after = look(run)
    to_stdout = order.out == STDOUT
    lines = [
        ("For", record.address),
        ("Valid until", render_date(record.not_valid_after)),
        ("Serial number", f"{record.serial_number:x}"),
        ("File", order.out),
        ("Goes along", order.letter),
        ("Passphrase", plan.made),
        ("Authority", _tell_authority(after, is_first=plan.is_first)),
    ]
    once = "the passphrase is kept nowhere: it is shown this once, and goes another way than the file"
    told = (f"the passphrase is {plan.made}",) if plan.made and to_stdout else ()
    warnings = (*told, *((once,) if plan.made else ()), warn_of_readers(delivery.passphrase_file))
    is_off = plan.site.client_auth.mode == "off"
    off = "no server asks for it yet: client authentication is off" if is_off else ""
    text = one.content.decode() if to_stdout and one.order.request else None
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=True,
        generation=after.number,
        lines=tuple(line for line in lines if line[1]),
        written=() if to_stdout else (os.path.abspath(order.out), os.path.abspath(order.letter)),
        warnings=tuple(word for word in (*warnings, off, *pending_warning(run, after)) if word),
        next=(*reload_commands(run, done), *_next(run, one, is_off=is_off)),
        bare=text,
        raw=one.content if to_stdout and text is None else None,
        fields=client_fields(record, "valid") | {"file": order.out, "passphrase": plan.made or None},
    )


def _next(run: Run, one: Issued, *, is_off: bool) -> tuple[str, ...]:
    remove = f"{command('rm', one.order.out)}  # once they have it: a key is in it"
    has_key = one.order.out != STDOUT and not one.order.request
    ask = run.command("client-auth", "--mode", "optional")
    return (*((ask,) if is_off else ()), *((remove,) if has_key else ()), run.command("client-auth", "list"))


def _tell_authority(after: Situation, *, is_first: bool) -> str:
    signer = after.ledger.signer
    if signer is None:
        return ""
    fresh = "new, with this first certificate: " if is_first else ""
    return f"{fresh}{signer.facts.subject}, until {signer.facts.not_valid_after.date()}"
