"""Which client certificates are meant: all of an address, or one by its serial number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import RegistryError, UsageError
from sslutil.names import parse_client
from sslutil.registry import CLIENTS

if TYPE_CHECKING:
    from sslutil.facts import ClientRecord
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.run import Run


def refuse_unreadable(run: Run, ledger: ClientLedger) -> None:
    """Raise RegistryError where this account may not read the ledger."""
    if not ledger.readable:
        message = f"this account may not read {run.path(CLIENTS)}"
        raise RegistryError(message).cured_by("root")


def choose_records(run: Run, ledger: ClientLedger, address: str | None, serial: str | None) -> tuple[ClientRecord, ...]:
    """Return the certificates that are meant, one at least; UsageError where there is none, or nothing was typed."""
    if (address is None) == (serial is None):
        message = "it takes the address of somebody, or with --serial the number of one certificate"
        raise UsageError(message, run.command("client-auth", "list"))
    if serial is not None:
        number = parse_serial(serial)
        records = tuple(record for record in ledger.records if record.serial_number == number)
        known = [f"{record.serial_number:x}" for record in ledger.records]
        typed, what = serial, f"with the serial number {serial}"
    else:
        identity = parse_client(address or "")
        records = ledger.find(identity.text)
        known = [record.address for record in ledger.records]
        typed, what = address or "", f"for {identity.unicode}"
    if records:
        return records
    from difflib import get_close_matches

    near = tuple(get_close_matches(typed, known, 1))
    message = f"no client certificate {what} was issued here"
    if near:
        raise UsageError(f"{message}; did you mean {near[0]}?", typed=typed, near=near)
    raise UsageError(message, run.command("client-auth", "list"))


def parse_serial(text: str) -> int:
    """Return a serial number that is typed in hexadecimal, with or without 0x and colons."""
    plain = text.lower().removeprefix("0x").replace(":", "")
    try:
        return int(plain, 16)
    except ValueError:
        message = f"a serial number is hexadecimal, as client-auth list shows it, not {text}"
        raise UsageError(message, "sslutil client-auth list") from None
