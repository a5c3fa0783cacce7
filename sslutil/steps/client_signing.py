"""What the small client authority signs: its revocation lists, whenever the ledger and the clock ask for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sslutil.disk import open_folder
from sslutil.errors import MaterialError, SiteError
from sslutil.facts import Revocation
from sslutil.registry import CLIENTS
from sslutil.steps.client_files import read_client_files
from sslutil.steps.client_ledger import ROSTER_PATH, is_living, open_key, refuse_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sslutil.facts import ClientRecord
    from sslutil.site import Site
    from sslutil.steps.client_ledger import ClientLedger, OwnAuthority
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation
    from sslutil.steps.wish import Wish

SPENT = 2 / 3
"""The part of a short list's time after which the next one is signed: a third is left for whoever reloads late."""
_SLACK = timedelta(hours=2)
"""By how much the time of a list may differ from the site's wish: it begins a little before it is signed."""
_MANY = 3
SUPERSEDED = "superseded"


class Tended(NamedTuple):
    """The ledger as it is to be."""

    ledger: ClientLedger
    why: tuple[str, ...] = ()
    """What was done to it, in words."""
    warnings: tuple[str, ...] = ()


def tend_ledger(run: Run, situation: Situation, wish: Wish, site: Site, now: datetime) -> Tended:
    """Return the ledger with what is asked for, and what is due: revocations, and lists that end too soon or too late.

    Nothing is written. An authority whose key is locked signs only with its passphrase; what is due meanwhile is told.
    Raises MaterialError where somebody is to be revoked and the key can't be used.
    """
    ledger = situation.ledger
    if wish.revoke:
        refuse_faults(ledger)
    if not ledger.authorities:
        return Tended(ledger)
    judge_locked(site, locked=ledger.signer is not None and ledger.signer.locked and wish.kind != "order")
    able = {one.number for one in ledger.authorities if not one.locked}
    asked = {entry.serial_number: entry for entry in wish.revoke}
    due = [record for record in ledger.records if _is_due(record, now) and record.serial_number not in asked]
    postponed = _find_postponed(site, wish, ledger, due, now)
    revoking = asked | {
        record.serial_number: Revocation(record.serial_number, now, SUPERSEDED)
        for record in due
        if record.authority in able and record not in postponed
    }
    records = tuple(_lay(record, wish.plan, revoking) for record in ledger.records)
    authorities = tuple(_tend_list(run, situation, wish, site, one, records, now) for one in ledger.authorities)
    is_mended = bool(ledger.lost or ledger.roster.damaged)
    is_changed = is_mended or records != ledger.roster.records
    after = replace(ledger.with_records(records) if is_changed else ledger, authorities=authorities)
    _judge_revoked(wish, authorities)
    renewed = [new.number for old, new in zip(ledger.authorities, authorities, strict=True) if old.crl != new.crl]
    late = tuple(_tell_late(run, record) for record in due if record.authority not in able)
    lone = tuple(_tell_postponed(record) for record in postponed)
    return Tended(after, _tell(records, revoking, renewed), (*late, *lone, *_tell_mended(run, ledger, is_mended)))


def _find_postponed(
    site: Site, wish: Wish, ledger: ClientLedger, due: list[ClientRecord], now: datetime
) -> list[ClientRecord]:
    """Return what is due and would put out the last one who gets in: a person decides that, not the night."""
    clients = site.client_auth
    if clients.mode != "require" or clients.ca_files or wish.lock_out:
        return []
    stays = any(is_living(record, now) for record in ledger.records if record not in due)
    return [] if stays else [record for record in due if is_living(record, now)]


def _judge_revoked(wish: Wish, authorities: Iterable[OwnAuthority]) -> None:
    """Raise MaterialError where a revocation that was asked for is on no list: servers would not know of it."""
    listed = frozenset[int]().union(*(authority.listed for authority in authorities))
    missing = next((entry.serial_number for entry in wish.revoke if entry.serial_number not in listed), None)
    if missing is not None:
        message = f"the certificate {missing:x} is of no authority in {CLIENTS}/ that can still revoke it"
        raise MaterialError(message, f"sslutil client-auth show --serial {missing:x}")


def _tell_postponed(record: ClientRecord) -> str:
    cure = f"sslutil client-auth revoke --serial {record.serial_number:x} --lock-out"
    told = f"CRITICAL: the certificate {record.serial_number:x} of {record.address} was to be revoked by now"
    return f"{told}, and is the last that gets in: {cure}"


def _tell_mended(run: Run, ledger: ClientLedger, is_mended: bool) -> tuple[str, ...]:  # noqa: FBT001  what was found
    """Return what is to be told of a roster that had lost lines, and of the days that were lost with them."""
    if not is_mended:
        return ()
    told = f"{run.path(ROSTER_PATH)} had lost lines, which are mended from the certificates"
    mended = [record for record in ledger.records if record.serial_number in ledger.lost and record.revoked is None]
    days = (
        f"whether the certificate {record.serial_number:x} of {record.address} was to be revoked on a day is lost"
        for record in mended
        if any(other.not_valid_before > record.not_valid_before for other in ledger.find(record.address))
    )
    return (told, *days)


def judge_locked(site: Site, *, locked: bool) -> None:
    """Raise SiteError where a locked key would have to sign a list every few days, with nobody there to unlock it."""
    if locked and site.client_auth.crl_days:
        message = f"a list that holds for {site.client_auth.crl_days} days is signed by night"
        told = f"{message}, and a passphrase locks the key of the client authority"
        raise SiteError(told, "sslutil client-auth --crl-days 0", key="client_auth.crl_days")


def uses_lists(site: Site, records: Iterable[ClientRecord]) -> bool:
    """Return whether our own lists are in force: somebody is revoked, or will be, or other authorities have lists."""
    clients = site.client_auth
    if clients.mode == "off" or not clients.own_ca:
        return False
    return bool(clients.crl_files) or any(record.revoked or record.revoke_at for record in records)


def list_end(authority: OwnAuthority, days: int, now: datetime) -> datetime:
    """Return when a list that is signed now ends: with its authority, or after so many days."""
    end = authority.facts.not_valid_after
    return min(end, now + timedelta(days=days)) if days else end


def _is_due(record: ClientRecord, now: datetime) -> bool:
    return record.revoked is None and record.revoke_at is not None and record.revoke_at <= now


def _lay(record: ClientRecord, plan: Mapping[int, datetime], revoking: Mapping[int, Revocation]) -> ClientRecord:
    if record.revoked is not None:
        return record
    entry = revoking.get(record.serial_number)
    if entry:
        return record._replace(revoked=entry.time, reason=entry.reason, revoke_at=None)
    return record._replace(revoke_at=plan.get(record.serial_number, record.revoke_at))


def _tend_list(  # noqa: PLR0913, PLR0917  all that a list depends on
    run: Run,
    situation: Situation,
    wish: Wish,
    site: Site,
    authority: OwnAuthority,
    records: Iterable[ClientRecord],
    now: datetime,
) -> OwnAuthority:
    """Return the authority with the list that it needs."""
    known = authority.revocations
    wanted = known | {
        record.serial_number: Revocation(record.serial_number, record.revoked, record.reason or "unspecified")
        for record in records
        if record.authority == authority.number and record.revoked and record.serial_number not in known
    }
    is_over = now > authority.facts.not_valid_after
    is_stale = uses_lists(site, records) and _is_stale(authority, site.client_auth.crl_days, now)
    if is_over or (wanted.keys() == authority.listed and not is_stale):
        return authority
    is_asked = any(entry.serial_number in wanted.keys() - known.keys() for entry in wish.revoke)
    if authority.locked and not is_asked:
        return authority
    from sslutil.pki.crls import make_crl

    with open_folder(run.registry) as root:
        key = open_key(root, authority.number, wish.passphrase)
    number = _find_number(situation, authority) + 1
    end = list_end(authority, site.client_auth.crl_days, now)
    crl = make_crl(key, authority.certificate, wanted.values(), number=number, now=now, next_update=end)
    return authority._replace(crl=crl)


def _find_number(situation: Situation, authority: OwnAuthority) -> int:
    """Return the highest number of a list of this authority, in the ledger or in force: it never goes back."""
    from sslutil.pki.crls import describe_lists

    lists = (authority.crl, read_client_files(situation).crls)
    found = [one for crls in lists if crls for one in describe_lists(authority.certificate, crls)]
    return max((one.number or 0 for one in found if one.authority is not None), default=0)


def _is_stale(authority: OwnAuthority, days: int, now: datetime) -> bool:
    """Return whether the list ends at another time than the site wishes, or a third of its time is left at most."""
    from sslutil.pki.crls import describe_lists

    current = describe_lists(authority.certificate, authority.crl)[0]
    if current.this_update > now + _SLACK:  # signed by a clock that was ahead: servers refuse everybody until then
        return True
    end = authority.facts.not_valid_after
    if current.next_update is None or not days:
        return current.next_update != end
    span = current.next_update - current.this_update
    is_last = current.next_update == end and span <= timedelta(days=days) + _SLACK
    return not is_last and (span > timedelta(days=days) + _SLACK or now >= current.this_update + span * SPENT)


def _tell(records: Iterable[ClientRecord], revoking: Mapping[int, Revocation], renewed: list[int]) -> tuple[str, ...]:
    """Return what was done, in words: whom it put out, each of a few."""
    gone = [record for record in records if record.serial_number in revoking]
    if len(gone) > _MANY:
        return (f"revoked {len(gone)} client certificates",)
    if gone:
        return tuple(f"revoked the client certificate {one.serial_number:x} of {one.address}" for one in gone)
    return tuple(f"the revocation list of client authority {number} is renewed" for number in renewed)


def _tell_late(run: Run, record: ClientRecord) -> str:
    words = ("client-auth", "revoke", "--serial", f"{record.serial_number:x}", "--ca-passphrase-file", "FILE")
    late = f"CRITICAL: the certificate {record.serial_number:x} of {record.address} was to be revoked by now"
    return f"{late}, and a passphrase locks the authority's key: {run.command(*words)}"
