"""The client authorities of a generation and their revocation lists: whose clients its servers let in."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.errors import MaterialError, SiteError, SslutilError
from sslutil.steps.client_ledger import is_own_name
from sslutil.steps.tell import render_date
from sslutil.store import generations
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import ListFacts
    from sslutil.site import ClientAuthTable, Site
    from sslutil.steps.client_ledger import ClientLedger, OwnAuthority
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

NAMES = frozenset({registry.CLIENT_CA, registry.CLIENT_CRL, registry.CLIENT_TRUST})


class ClientFiles(NamedTuple):
    """The client authorities and their revocation lists, in PEM; empty where there are none."""

    authorities: bytes = b""
    crls: bytes = b""
    planned: bool = False
    """Whether somebody is to be revoked on a day that is set."""

    @property
    def revokes(self) -> bool:
        """Whether somebody is revoked, or will be."""
        return self.planned or any(one.revoked for one in self.lists)

    @property
    def lists(self) -> tuple[ListFacts, ...]:
        """What each list says."""
        return _describe(self.authorities, self.crls) if self.crls else ()

    @property
    def unlisted(self) -> tuple[str, ...]:
        """The subjects of the authorities without a list, where there is a list at all."""
        if not self.crls:
            return ()
        from sslutil.pki.authorities import find_unlisted

        return find_unlisted(self.authorities, self.crls)

    @property
    def shape(self) -> tuple[object, ...]:
        """All that an export says of them: two that have the same lead to the same text."""
        return bool(self.authorities), bool(self.crls), self.revokes, self.unlisted


@lru_cache(maxsize=8)
def _describe(authorities: bytes, crls: bytes) -> tuple[ListFacts, ...]:
    """Return what each list says: of 10,000 that takes 30 ms, and each change asks several times."""
    from sslutil.pki.crls import describe_lists

    return describe_lists(authorities, crls)


NO_CLIENTS = ClientFiles()
_RESTORE = "bring clients/ back from a backup  # or begin anew: sslutil client-auth --mode off"


def read_client_files(situation: Situation) -> ClientFiles:
    """Return those of the generation in force, as far as they are as they were sealed."""
    sound = {name: situation.files.get(name, b"") for name in NAMES - set(situation.edited)}
    authorities = sound.get(registry.CLIENT_CA, b"")
    planned = bool(authorities) and is_planned(situation.ledger)
    return ClientFiles(authorities, sound.get(registry.CLIENT_CRL, b""), planned)


def is_planned(ledger: ClientLedger) -> bool:
    """Return whether somebody is to be revoked on a day that is set."""
    return any(record.revoke_at and record.revoked is None for record in ledger.records)


def gather_client_files(  # noqa: PLR0913  what is, and what is wished
    run: Run, situation: Situation, site: Site, ledger: ClientLedger, now: datetime, *, follows: bool
) -> tuple[ClientFiles, tuple[str, ...]]:
    """Return whose clients the site lets in, and what is to be told of their lists.

    What the site's files hold is judged, and MaterialError raised for what can't serve. Where the command only
    `follows` what is in force, an order, foreign authorities stay as they are, and a foreign list that can't be taken
    is told and stops nothing. Our own authorities are those of the ledger.
    """
    clients = site.client_auth
    if clients.mode == "off":
        return NO_CLIENTS, ()
    in_force = read_client_files(situation)
    follows = follows and bool(in_force.authorities)
    foreign = _keep_foreign(in_force, ledger) if follows else _judge_authorities(clients, in_force, now)
    lists, warnings = _take_lists(run, clients, foreign, in_force, ledger, now, follows=follows)
    own = _choose_own(clients, ledger, now)
    planned = bool(own) and is_planned(ledger)
    if follows and not (own or foreign):
        warnings += (f"{run.path(registry.CLIENTS)} holds no authority any more: those in force stay",)
        return in_force, warnings
    revokes = planned or any(authority.revocations for authority in own)
    own_lists = b"".join(authority.newest for authority in own) if lists or revokes else b""
    files = ClientFiles(foreign + b"".join(one.certificate for one in own), lists + own_lists, planned)
    if not follows:
        _refuse_lost(ledger, in_force, site, now)
        _refuse_unlisted_again(in_force, files)
    warnings += tuple(f"CRITICAL: {fault}; what is in force stays" for fault in ledger.faults)
    return files, (*warnings, *find_lapsed(files.lists, now), *_tell_unlisted(files))


def _refuse_lost(ledger: ClientLedger, in_force: ClientFiles, site: Site, now: datetime) -> None:
    """Raise MaterialError where an authority of our own in force is gone from the ledger: its clients count on it."""
    lost = find_lost(ledger, in_force, now) if site.client_auth.own_ca else None
    if lost:
        why = ledger.faults[0] if ledger.faults else f"{registry.CLIENTS}/ has it no more"
        message = f"the authority {lost} is in force, and {why}: its clients would be locked out"
        raise MaterialError(message, _RESTORE)


def refuse_lost_ledger(situation: Situation, now: datetime) -> None:
    """Raise MaterialError where an authority of our own in force is gone from the ledger: no new one replaces it."""
    lost = find_lost(situation.ledger, read_client_files(situation), now)
    if lost:
        message = f"the authority {lost} is in force, and {registry.CLIENTS}/ has it no more"
        raise MaterialError(f"{message}: a new one would lock its clients out", _RESTORE)


def find_lost(ledger: ClientLedger, in_force: ClientFiles, now: datetime) -> str:
    """Return the subject of an authority of our own that is in force, and gone from the ledger; empty where none is."""
    from sslutil.pki.authorities import split_authorities
    from sslutil.pki.certificates import describe_certificate

    kept = {one.certificate for one in ledger.authorities}
    gone = [describe_certificate(pem) for pem in split_authorities(in_force.authorities) if pem not in kept]
    ours = (one.subject for one in gone if is_own_name(one.subject) and one.not_valid_after >= now)
    return next(ours, "")


def _refuse_unlisted_again(before: ClientFiles, after: ClientFiles) -> None:
    """Raise SiteError where an authority stays whose list in force revokes somebody, and the list does not."""
    listed = {one.issuer for one in after.lists}
    gone = next((one for one in before.lists if one.revoked and one.issuer not in listed), None)
    if gone and after.authorities and gone.issuer in _name_authorities(after):
        people = "somebody" if gone.revoked == 1 else f"{gone.revoked} clients"
        message = f"without the list of {gone.issuer}, {people} whom it revokes would get in again"
        hint = "name its list in crl_files too, or take the authority out of ca_files"
        raise SiteError(message, hint, key="client_auth.crl_files")


def puts_out(situation: Situation, fresh: ClientFiles) -> bool:
    """Return whether somebody is revoked who is not in what is in force: then nothing brings that back."""
    old = {one.pem for one in read_client_files(situation).lists}
    new = {one.pem for one in fresh.lists} - old
    return bool(new) and bool(_find_revoked(new) - _find_revoked(old))


def _find_revoked(lists: Iterable[bytes]) -> set[tuple[str, int]]:
    """Return issuer and serial number of everyone on these lists."""
    from sslutil.pki.crls import describe_lists, read_revocations

    return {
        (one.issuer, entry.serial_number)
        for pem in lists
        for one in describe_lists(b"", pem)
        for entry in read_revocations(pem)
    }


def tell_difference(before: ClientFiles, after: ClientFiles) -> tuple[str, ...]:
    """Return in words whose clients are let in anew or no longer, and which lists are others."""
    if before[:2] == after[:2]:
        return ()
    old, new = _name_authorities(before), _name_authorities(after)
    come = (f"clients of {name} are let in" for name in new if name not in old)
    gone = (f"clients of {name} are no longer let in" for name in old if name not in new)
    numbers = {one.issuer: _name_list(one) for one in before.lists}
    others = (one for one in after.lists if one.pem not in before.crls)
    lists = (
        f"revocation list of {one.issuer}: {numbers.get(one.issuer, 'none')} → {_name_list(one)}" for one in others
    )
    return (*come, *gone, *lists)


def _name_authorities(files: ClientFiles) -> tuple[str, ...]:
    from sslutil.pki.authorities import split_authorities
    from sslutil.pki.certificates import describe_certificate

    return tuple(describe_certificate(pem).subject for pem in split_authorities(files.authorities))


def _name_list(one: ListFacts) -> str:
    return f"number {one.number}" if one.number is not None else f"that of {render_date(one.this_update)}"


def find_lapsed(lists: Iterable[ListFacts], now: datetime) -> tuple[str, ...]:
    """Return a sentence for each list that has lapsed."""
    return tuple(
        f"the revocation list of {one.issuer} lapsed on {render_date(one.next_update)}, and a server that checks it"
        " refuses every client of that authority: put a new one into its file of crl_files, then run certificate renew"
        for one in lists
        if one.next_update and one.next_update < now
    )


def _tell_unlisted(files: ClientFiles) -> tuple[str, ...]:
    """Return the sentence on authorities without a list beside others: OpenSSL alone then refuses their clients."""
    if not files.unlisted:
        return ()
    names = "; ".join(files.unlisted)
    told = "a server that reads settings.toml, as sslutil.server does, refuses every client of it"
    return (f"there is no revocation list of {names}: {told}; name its list with client-auth --crl",)


def _choose_own(clients: ClientAuthTable, ledger: ClientLedger, now: datetime) -> tuple[OwnAuthority, ...]:
    """Return the own authorities that are trusted: those that have not ended, or where all have, all."""
    if not clients.own_ca:
        return ()
    living = tuple(one for one in ledger.authorities if one.facts.not_valid_after >= now)
    return living or ledger.authorities


def _keep_foreign(in_force: ClientFiles, ledger: ClientLedger) -> bytes:
    from sslutil.pki.authorities import split_authorities

    own = {one.certificate for one in ledger.authorities}
    return b"".join(pem for pem in split_authorities(in_force.authorities) if pem not in own)


def _judge_authorities(clients: ClientAuthTable, in_force: ClientFiles, now: datetime) -> bytes:
    """Return the foreign authorities; those that are in force already are not judged by time again."""
    from sslutil.files import read_file
    from sslutil.pki.authorities import judge_authorities

    parts = []
    for path in clients.ca_files:
        content = read_file(path)
        canonical = judge_authorities(content, path)
        if canonical not in in_force.authorities:
            judge_authorities(content, path, now)
        parts.append(canonical)
    return b"".join(parts)


def _take_lists(  # noqa: PLR0913, PLR0917  what is, and what is wished
    run: Run,
    clients: ClientAuthTable,
    foreign: bytes,
    in_force: ClientFiles,
    ledger: ClientLedger,
    now: datetime,
    *,
    follows: bool,
) -> tuple[bytes, tuple[str, ...]]:
    """Return the foreign lists; an order keeps those in force where it can't take others, with the sentence why."""
    if not follows:
        earlier = _read_earlier(run) if clients.crl_files else b""
        return _judge_lists(clients, foreign, in_force, now, earlier), ()
    from sslutil.pki.authorities import merge_lists
    from sslutil.pki.crls import describe_lists

    own = b"".join(one.certificate for one in ledger.authorities)
    kept = b"".join(one.pem for one in describe_lists(own, in_force.crls) if one.authority is None)
    try:
        return merge_lists(foreign, _judge_lists(clients, foreign, in_force, now) + kept), ()
    except SslutilError as fault:
        return kept, (f"{fault.message}; the lists in force stay as they are",)


def _judge_lists(
    clients: ClientAuthTable, foreign: bytes, in_force: ClientFiles, now: datetime, earlier: bytes = b""
) -> bytes:
    """Return the foreign lists, judged; deeper chains have authorities in between, whose lists are not of ca_files.

    `earlier` are the lists of older generations: none older than those is taken, though none may be in force now.
    """
    from sslutil.files import read_file
    from sslutil.pki.authorities import judge_lists, merge_lists

    below = clients.depth > 1
    judged = b"".join(
        judge_lists(foreign, read_file(path), path, now=now, in_force=in_force.crls, earlier=earlier, below=below)
        for path in clients.crl_files
    )
    return merge_lists(foreign, judged)


def _read_earlier(run: Run) -> bytes:
    """Return the revocation lists of every generation that is kept, PEM."""
    root = open_for_question(run.registry)
    if root is None:
        return b""
    lists = []
    with root:
        for number in generations.read_numbers(root):
            with generations.open_generation(root, number) as folder, suppress(FileNotFoundError):
                lists.append(folder.read(registry.CLIENT_CRL))
    return b"".join(lists)
