"""What the tests of client certificates share: commands with a clock, and what came of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from cryptography import x509

from sslutil.documents.roster import parse_roster
from sslutil.steps.client_orders import Delivery
from sslutil.verbs import client_auth, client_issue, client_revoke

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.facts import ClientRecord
    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

ANNA, BOB = "anna@example.org", "bob@example.org"


def issue(at: At, folder: Path, address: str = ANNA, *, after: float = 0, **delivery: object) -> Answer:
    """Issue a certificate in PEM, so many days after the site was born."""
    wished = {"format": "pem", "out": str(folder / f"{address}.pem"), "force": True} | delivery
    another = bool(wished.pop("another", False))
    request = client_issue.Request(Delivery(**wished), address, another=another)  # type: ignore[arg-type]
    return client_issue.issue_clients(at(days=after, verb="client-auth issue"), request)


def revoke(at: At, address: str | None = ANNA, *, after: float = 0, **wish: object) -> Answer:
    """Revoke all certificates of an address."""
    request = client_revoke.Request(address, **wish)  # type: ignore[arg-type]
    return client_revoke.revoke_clients(at(days=after, verb="client-auth revoke"), request)


def set_mode(at: At, mode: str, *, after: float = 0, **wish: object) -> Answer:
    """Set the mode of client authentication, and what else is wished."""
    request = client_auth.Request(mode, **wish)  # type: ignore[arg-type]
    return client_auth.set_client_auth(at(days=after, verb="client-auth"), request)


def read_records(registry: Path) -> dict[str, ClientRecord]:
    """Return the last line of each address in the roster."""
    roster = parse_roster((registry / "clients" / "roster.toml").read_bytes())
    assert () == roster.damaged
    return {record.address: record for record in roster.records}


def read_list(path: Path) -> tuple[int, set[int]]:
    """Return number and serial numbers of a revocation list, as the `cryptography` package reads them."""
    crl = x509.load_pem_x509_crl(path.read_bytes())
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return number, {entry.serial_number for entry in crl}


def verify(registry: Path, certificate: Path, moment: float) -> str:
    """Return what openssl says of a client's certificate by the authorities and lists in force; empty: it is good."""
    current = registry / "current"
    lists = ["-crl_check", "-CRLfile", str(current / "client-ca.crl")] if (current / "client-ca.crl").exists() else []
    asked = ["openssl", "verify", "-purpose", "sslclient", "-x509_strict", "-attime", str(int(moment)), *lists]
    done = subprocess.run(
        [*asked, "-CAfile", str(current / "client-ca.crt"), str(certificate)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr
