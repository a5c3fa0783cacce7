"""Client certificates issued: roster, certificate, the file for whom it is, and that it was handed over, in that order.

Whatever stops this, no certificate is out that the roster doesn't know, and whoever got nothing is served by the same
command again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.facts import ClientRecord
from sslutil.files import write_out
from sslutil.formats.letter import Handover, render_letter
from sslutil.steps.client_authority import KEY_TYPE, make_authority
from sslutil.steps.client_ledger import open_key
from sslutil.steps.deploy import deploy_locked, finish
from sslutil.steps.situation import look_at
from sslutil.steps.tell import addresses
from sslutil.steps.wish import Wish
from sslutil.store import clients as store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.names import Identity
    from sslutil.pki.keys import Key
    from sslutil.site import Site
    from sslutil.steps.client_ledger import ClientLedger, OwnAuthority
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run

PKCS12, PEM, MOBILECONFIG, REQUEST = "pkcs12", "pem", "mobileconfig", "request"
ENDINGS = {PKCS12: ".p12", PEM: ".pem", MOBILECONFIG: ".mobileconfig", REQUEST: ".crt"}
"""What is handed over → how its file ends."""
LETTER_ENDING = ".txt"
STDOUT = "-"


class Order(NamedTuple):
    """One certificate to issue."""

    identity: Identity
    name: str
    days: int
    form: str
    """A key of ENDINGS."""
    out: str
    """The file for whom it is, or - for stdout."""
    passphrase: bytes = b""
    """Of the file: secret; empty where it needs none."""
    request: bytes = b""
    """The person's own request, PEM, instead of a key that is made here."""
    legacy: bool = False
    force: bool = False

    def __repr__(self) -> str:
        """Return what may be told: no passphrase."""
        return f"Order({self.identity}, {self.form}, {self.out})"

    @property
    def letter(self) -> str:
        """The file of the page that goes along; empty where there is none."""
        if self.out == STDOUT:
            return ""
        beside = f"{os.path.splitext(self.out)[0]}{LETTER_ENDING}"
        return beside if beside != self.out else f"{self.out}{LETTER_ENDING}"


class Issued(NamedTuple):
    """What was issued."""

    order: Order
    record: ClientRecord
    certificate: bytes
    """PEM."""
    content: bytes
    """What is handed over: secret, but for a request's."""
    letter: str

    def __repr__(self) -> str:
        """Return what may be told: no byte of a key."""
        return f"Issued({self.order}, {self.record})"


def issue(  # noqa: PLR0913, PLR0917  what is wished, and who signs it
    run: Run,
    root: Folder,
    site: Site,
    ledger: ClientLedger,
    orders: Sequence[Order],
    now: datetime,
    *,
    ca_passphrase: bytes | None,
) -> list[Issued]:
    """Issue certificates in an open, locked registry, whose ledger was read in the lock, and hand them over."""
    signer = ledger.signer
    if signer is None:
        raise AssertionError
    key = open_key(root, signer.number, ca_passphrase)
    made = [_make(run, site, signer, key, order, now) for order in orders]
    ledger = ledger.with_records((*ledger.records, *(one.record for one in made)))
    store.write_roster(root, ledger.text)
    store.write_certificates(root, {one.record.serial_number: one.certificate for one in made})
    for one in made:
        hand_over(one)
    told = {one.record.serial_number for one in made}
    records = (one._replace(handed_over=now) if one.serial_number in told else one for one in ledger.records)
    store.write_roster(root, ledger.with_records(records).text)
    return made


def hand_over(one: Issued) -> None:
    """Write the file and the page that goes along; for stdout the caller does."""
    if one.order.out == STDOUT:
        return
    write_out(one.order.out, one.content, force=one.order.force, private=one.order.form != REQUEST)
    write_out(one.order.letter, one.letter.encode(), force=one.order.force)


def _make(  # noqa: PLR0913, PLR0917  the same
    run: Run, site: Site, signer: OwnAuthority, authority: Key, order: Order, now: datetime
) -> Issued:
    from sslutil.pki.certificates import describe_certificate
    from sslutil.pki.client_authority import find_public_key, make_client
    from sslutil.pki.keys import make_key

    own = None if order.request else make_key(KEY_TYPE)
    public = own.signer.public_key() if own else find_public_key(order.request, "the request")
    pem = make_client(authority, signer.certificate, public, identity=order.identity, now=now, days=order.days)
    facts = describe_certificate(pem)
    record = ClientRecord(
        serial_number=facts.serial_number,
        address=order.identity.text,
        authority=signer.number,
        not_valid_before=facts.not_valid_before,
        not_valid_after=facts.not_valid_after,
        time=now,
        who=run.owners.account_name(run.owners.runner),
        name=order.name,
    )
    content = _wrap(site, order, record, own.pem if own else b"", pem + signer.certificate)
    return Issued(order, record, pem, content, render_letter(_describe(site, order, record)))


def _wrap(site: Site, order: Order, record: ClientRecord, key: bytes, chain: bytes) -> bytes:
    """Return what is handed over, in its form."""
    if order.form in {PEM, REQUEST}:
        return key + chain
    from sslutil.pki.pkcs12 import make_pkcs12

    friendly = f"{order.name or order.identity.unicode} ({site.site.names[0].unicode})"
    content = make_pkcs12(key, chain, passphrase=order.passphrase, friendly_name=friendly, legacy=order.legacy)
    if order.form == PKCS12:
        return content
    from sslutil.formats.mobileconfig import render_mobileconfig

    return render_mobileconfig(
        content,
        address=order.identity.unicode,
        organization=site.site.names[0].unicode,
        file_name=f"{order.identity.text}{ENDINGS[PKCS12]}",
        serial_number=record.serial_number,
        not_valid_after=record.not_valid_after,
    )


def _describe(site: Site, order: Order, record: ClientRecord) -> Handover:
    host = order.identity.unicode if order.identity.kind == "dns" else ""
    domain = host.partition(".")[2] or order.identity.unicode.rpartition("@")[2]
    return Handover(
        address=order.identity.unicode,
        name=order.name,
        file=os.path.basename(order.out) if order.out != STDOUT else "",
        form=order.form,
        site=addresses(site),
        not_valid_after=record.not_valid_after,
        serial=f"{record.serial_number:x}",
        contact=f"postmaster@{domain}",
        legacy=order.legacy,
        passphrase_follows=bool(order.passphrase),
    )


def ensure_authority(
    run: Run, root: Folder, *, passphrase: bytes | None, domains: Sequence[str], now: datetime
) -> Deployed:
    """Make the first authority where there is none, and see to it that what is in force trusts all of them.

    `root` is open and locked. Raises ServerRefusedError before anything is issued where a server refuses that.
    """
    if not store.read_authorities(root):
        finish(run, root)
        in_force = look_at(root, run.owners).in_force
        if in_force is not None:
            make_authority(root, in_force.site, now, passphrase=passphrase, domains=domains)
    return deploy_locked(run, Wish("order", passphrase=passphrase), root)
