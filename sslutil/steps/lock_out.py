"""Who would be locked out: certificates that must be shown, and nobody who has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import SiteError
from sslutil.steps.client_ledger import is_living

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.site import ClientAuthTable, Site
    from sslutil.steps.client_files import ClientFiles
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation
    from sslutil.steps.wish import Wish

KEY = "client_auth.mode"


def judge_lock_out(  # noqa: PLR0913, PLR0917  what is, and what is wished
    run: Run,
    situation: Situation,
    wish: Wish,
    site: Site,
    ledger: ClientLedger,
    files: ClientFiles,
    now: datetime,
) -> None:
    """Raise SiteError where the site would let no client in any more, who came in before or not, unless that is wished.

    Clients of other authorities can't be counted, so one of those ends the question.
    """
    clients = site.client_auth
    if clients.mode == "off":
        return
    issue = run.command("client-auth", "issue", "anna@example.org")
    if not files.authorities and wish.kind != "order":
        effect = "would lock every client out" if clients.mode == "require" else "would know no client"
        message = f'mode = "{clients.mode}" {effect}: nobody has a certificate of this registry\'s own authority yet'
        raise SiteError(message, f"{issue}  # makes the authority, and the first certificate", key=KEY)
    if clients.mode != "require" or clients.ca_files or wish.lock_out or (wish.kind == "order" and not wish.revoke):
        return
    if _is_old(situation, clients) and _count(situation.ledger, now) <= _count(ledger, now):
        return
    if not _count(ledger, now):
        message = "nobody would get in: a certificate is required, and no client certificate is valid"
        fault = SiteError(f"{message}; let somebody in first, or do so with --lock-out", issue, key=KEY)
        raise fault.cured_with("--lock-out") if wish.revoke else fault


def _is_old(situation: Situation, clients: ClientAuthTable) -> bool:
    """Return whether what is in force says the same of clients already."""
    return situation.in_force is not None and situation.in_force.site.client_auth == clients


def _count(ledger: ClientLedger, now: datetime) -> int:
    return sum(is_living(record, now) for record in ledger.records)
