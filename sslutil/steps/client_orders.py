"""From people to orders: for whom a certificate is wished, in which form, into which file, under which passphrase."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import UsageError, command
from sslutil.files import judge_out, read_file
from sslutil.site import CLIENT_LIFETIME, LONGEST_LIFETIME
from sslutil.steps.client_issuing import ENDINGS, PEM, PKCS12, REQUEST, STDOUT, Order
from sslutil.steps.client_ledger import is_living
from sslutil.steps.passphrase import take_passphrase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sslutil.facts import ClientRecord, Person
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.run import Run

_NO_PASSPHRASE = frozenset({PEM, REQUEST})
QUESTION = "Passphrase for the file, or enter for a new one"


class Delivery(NamedTuple):
    """How what is issued is handed over, as typed; None leaves it as is usual."""

    out: str | None = None
    """A file, or of a list of people a folder."""
    format: str = PKCS12
    csr: str | None = None
    days: int | None = None
    legacy: bool = False
    passphrase_file: str | None = None
    ca_passphrase_file: str | None = None
    force: bool = False

    @property
    def form(self) -> str:
        """The form of what is handed over."""
        return REQUEST if self.csr else self.format


def find_living(ledger: ClientLedger, address: str, now: datetime) -> tuple[ClientRecord, ...]:
    """Return the certificates with which somebody of this address gets in."""
    return tuple(record for record in ledger.find(address) if is_living(record, now))


def judge_delivery(delivery: Delivery) -> None:
    """Raise UsageError for wishes that contradict one another."""
    if delivery.days is not None and not 1 <= delivery.days <= LONGEST_LIFETIME:
        message = f"--days is a whole number from 1 to {LONGEST_LIFETIME}, not {delivery.days}"
        raise UsageError(message, typed=str(delivery.days), near=(str(CLIENT_LIFETIME),))
    if delivery.form in _NO_PASSPHRASE and (delivery.legacy or delivery.passphrase_file):
        option = "--legacy" if delivery.legacy else "--passphrase-file"
        holder = "a certificate for a request of their own" if delivery.csr else "PEM"
        raise UsageError(f"{option} is for PKCS#12, and {holder} has no passphrase")


def make_orders(
    delivery: Delivery, people: Sequence[Person], ledger: ClientLedger, *, folder: str | None
) -> tuple[Order, ...]:
    """Return the orders for people, their files judged; with a `folder` each has a file there that bears the address.

    A file that an interrupted command left for somebody who got nothing yet may be written over.
    """
    request = read_request(delivery.csr) if delivery.csr else b""
    ending = ENDINGS[delivery.form]
    orders = []
    for person in people:
        usual = f"{person.address.text.replace('/', '_')}{ending}"  # RFC 5321 allows a slash before the @
        out = os.path.join(folder, usual) if folder is not None else delivery.out or usual
        force = delivery.force or any(one.handed_over is None for one in ledger.find(person.address.text))
        days = delivery.days or person.days or CLIENT_LIFETIME
        order = Order(person.address, person.name, days, delivery.form, out, b"", request, delivery.legacy, force)
        for path in (out, order.letter) if out != STDOUT else ():
            judge_out(path, force=force)
        orders.append(order)
    return tuple(orders)


def read_request(path: str) -> bytes:
    """Return the request in a file of a person's own, PEM; MaterialError where there is none."""
    from sslutil.pki.client_authority import find_public_key

    content = read_file(path)
    find_public_key(content, path)
    return content


def with_passphrases(
    run: Run, orders: Sequence[Order], source: str | None, *, question: str
) -> tuple[tuple[Order, ...], str]:
    """Return the orders with their passphrases, and the one that was made of a single order.

    It is what `source` holds, or what a person types; else each gets one of its own.
    """
    from sslutil.pki.pkcs12 import make_passphrase

    needing = [order for order in orders if order.form not in _NO_PASSPHRASE]
    if not needing:
        return tuple(orders), ""
    single = len(orders) == 1 and question
    given = take_passphrase(run, source, question, twice=True) if single else None
    if given:
        return tuple(order._replace(passphrase=given) for order in orders), ""
    fresh = tuple(order._replace(passphrase=make_passphrase().encode()) for order in orders)
    return fresh, fresh[0].passphrase.decode() if single else ""


def refuse_missing_folder(path: str) -> None:
    """Raise UsageError where --out of a list of people is no folder."""
    if not os.path.isdir(path):
        message = f"{path} is no folder, and a list of people needs one for its files"
        raise UsageError(message, command("mkdir", "-p", path))
