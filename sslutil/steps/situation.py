"""What is there: the site in force, the site as the operator left it, what is served, what is owed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.documents.records import parse_compromised, parse_generation, parse_request
from sslutil.documents.site_file import SiteFile, parse_site
from sslutil.errors import RegistryError, SiteError, SslutilError, command
from sslutil.facts import RequestEntry
from sslutil.plan import Change, find_changes
from sslutil.registry import CURRENT, DEPLOYED, RECORD, REQUESTS, SITE
from sslutil.steps.client_ledger import ClientLedger, look_for_clients, read_client_ledger
from sslutil.steps.material import read_material
from sslutil.store import generations as store
from sslutil.store import requests as ledger
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sslutil.disk import Folder, Owners
    from sslutil.facts import CertificateFacts, GenerationRecord
    from sslutil.steps.run import Run

_TRIES = 10
COMPROMISED_PATH = f"{REQUESTS}/{registry.COMPROMISED}"


@dataclass(frozen=True)
class Situation:
    """A registry as it is at one moment."""

    registry: str
    number: int | None = None
    """The generation in force."""
    record: GenerationRecord | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The files of the generation in force by name, without those that this account may not read."""
    edited: tuple[str, ...] = ()
    """Files of the generation in force that somebody edited or removed."""
    in_force: SiteFile | None = None
    text: bytes | None = None
    """The bytes of site.toml, or of the text that is about to replace it."""
    working: SiteFile | None = None
    fault: SslutilError | None = None
    """Why site.toml can't be taken, where it can't."""
    deployed: int | None = None
    undo: int | None = None
    """The generation whose undo is under way."""
    waiting: bool = False
    """Whether a text waits for the outcome of the generation in force."""
    compromised: frozenset[str] = frozenset()
    """Fingerprints of keys that are never used again, as far as this account may read the ledger."""
    ledger: ClientLedger = field(default_factory=ClientLedger)
    """Of the client certificates."""

    @cached_property
    def pending(self) -> tuple[Change, ...]:
        """The keys in which site.toml differs from the site in force; none before the first generation."""
        if self.in_force is None or self.working is None:
            return ()
        return find_changes(self.in_force.site, self.working.site)

    @cached_property
    def certificate(self) -> CertificateFacts | None:
        """What the served certificate says; None where there is none, or none of its files is as it was written."""
        chain = read_material(self).chain
        if not chain:
            return None
        from sslutil.pki.certificates import describe_certificate

        return describe_certificate(chain)

    @property
    def settled(self) -> bool:
        """Whether every server has accepted what is in force, and no outcome is open."""
        return self.number == self.deployed and self.undo is None and not self.waiting

    @property
    def path_of_site(self) -> str:
        """The path of site.toml."""
        return f"{self.registry}/{SITE}"


def look(run: Run, owners: Owners | None = None) -> Situation:
    """Return the situation of a registry, without its lock.

    With `owners`, for whoever is going to act on it, site.toml must be theirs alone; a question may read any.
    """
    root = open_for_question(run.registry)
    if root is None:
        return Situation(run.registry)
    with root:
        return look_at(root, owners)


def look_at(root: Folder, owners: Owners | None) -> Situation:
    """Return the situation of an open registry; a flip, or a generation pruned meanwhile, is looked at again."""
    for _ in range(_TRIES):
        number = store.read_link(root, CURRENT)
        try:
            seen = _look_once(root, number, owners)
        except FileNotFoundError:
            continue
        except RegistryError:
            if store.read_link(root, CURRENT) == number:
                raise
        else:
            if store.read_link(root, CURRENT) == number:  # else site.toml may be one that came with the flip
                return seen
    message = f"{root.path} changes all the time while it is read"
    raise RegistryError(message, "run the same command again")


def _look_once(root: Folder, number: int | None, owners: Owners | None) -> Situation:
    files: dict[str, bytes] = {}
    names: list[str] = []
    record = in_force = None
    if number is not None:
        files, names = _read_generation(root, number)
        record = parse_generation(_needed(root, number, files, RECORD), _path(root, number, RECORD))
        in_force = parse_site(_needed(root, number, files, SITE), _path(root, number, SITE))
    waiting = store.read_waiting(root, number)
    text, working, fault = _read_working(root, waiting, owners)
    return Situation(
        root.path,
        number,
        record,
        files,
        _find_edited(record, files, names),
        in_force,
        text,
        working,
        fault,
        store.read_link(root, DEPLOYED),
        store.read_mark(root),
        waiting is not None,
        _read_compromised(root),
        _read_clients(root, files.get(registry.CLIENT_CRL, b""), owners),
    )


def _read_clients(root: Folder, lists: bytes, owners: Owners | None) -> ClientLedger:
    return look_for_clients(root, lists) if owners is None else read_client_ledger(root, lists)


def _path(root: Folder, number: int, name: str) -> str:
    return f"{root.path}/{registry.generation_target(number)}/{name}"


def _read_generation(root: Folder, number: int) -> tuple[dict[str, bytes], list[str]]:
    """Return the files that this account may read, and the names of all."""
    files = {}
    with store.open_generation(root, number) as folder:
        names = folder.names()
        for name in names:
            try:
                files[name] = folder.read(name)
            except RegistryError as fault:
                if not isinstance(fault.__cause__, PermissionError):
                    raise
    return files, names


def _needed(root: Folder, number: int, files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        message = f"{_path(root, number, name)} is missing or can't be read"
        raise RegistryError(message, command("ls", "-l", f"{root.path}/{registry.generation_target(number)}"))
    return files[name]


def _find_edited(record: GenerationRecord | None, files: Mapping[str, bytes], names: Iterable[str]) -> tuple[str, ...]:
    digests = record.sha256 if record else {}
    edited = {name for name in files.keys() & digests.keys() if store.digest(files[name]) != digests[name]}
    return tuple(sorted(edited | (digests.keys() - set(names))))


def _read_working(
    root: Folder, waiting: bytes | None, owners: Owners | None
) -> tuple[bytes | None, SiteFile | None, SslutilError | None]:
    try:
        text = waiting if waiting is not None else _read_site(root, owners)
    except RegistryError as fault:
        return None, None, SiteError(fault.message, fault.hint)
    if text is None:
        return None, None, None
    try:
        return text, parse_site(text, root.path_of(SITE)), None
    except SiteError as fault:
        return text, None, fault


def _read_site(root: Folder, owners: Owners | None) -> bytes | None:
    try:
        return root.read(SITE, owners=owners)
    except FileNotFoundError:
        return None


def read_record(root: Folder, number: int) -> GenerationRecord:
    """Return the record of one generation."""
    with store.open_generation(root, number) as folder:
        return parse_generation(folder.read(RECORD), folder.path_of(RECORD))


def read_records(root: Folder) -> list[GenerationRecord]:
    """Return the record of each generation, ascending; one that is pruned meanwhile is left out."""
    records = []
    for number in store.read_numbers(root):
        try:
            records.append(read_record(root, number))
        except (FileNotFoundError, RegistryError):
            if number in store.read_numbers(root):
                raise
    return records


def read_requests(root: Folder) -> list[RequestEntry]:
    """Return each request, ascending; RegistryError where this account may not read them."""
    entries = []
    for number in store.read_numbers(root, REQUESTS):
        try:
            entries.append(_read_request(root, number))
        except RegistryError:
            if number in store.read_numbers(root, REQUESTS):  # else it was discarded meanwhile
                raise
    return entries


def look_for_requests(run: Run) -> list[RequestEntry] | None:
    """Return each request, for a question; None where this account may not read them."""
    root = open_for_question(run.registry)
    if root is None:
        return []
    with root:
        try:
            return read_requests(root)
        except RegistryError as fault:
            if isinstance(fault.__cause__, PermissionError):
                return None
            raise


def _read_request(root: Folder, number: int) -> RequestEntry:
    name = registry.REQUEST_RECORD
    with ledger.open_request(root, number) as folder:
        try:
            record = parse_request(folder.read(name), folder.path_of(name))
        except FileNotFoundError as fault:
            message = f"{folder.path_of(name)} is missing"
            raise RegistryError(message, command("ls", "-l", folder.path)) from fault
        has_answer = folder.exists(registry.REQUEST_ANSWER)
        if folder.exists(registry.REQUEST_DISCARDED):
            return RequestEntry(record, "discarded", has_answer)
        return RequestEntry(record, "answered" if has_answer else "waiting", has_answer)


def read_compromised(root: Folder) -> frozenset[str]:
    """Return the fingerprints of the keys that are never used again; RegistryError where this account can't tell."""
    text = ledger.read_compromised(root)
    if text is None:
        return frozenset()
    return frozenset(key.fingerprint for key in parse_compromised(text, root.path_of(COMPROMISED_PATH)))


def _read_compromised(root: Folder) -> frozenset[str]:
    try:
        return read_compromised(root)
    except RegistryError as fault:
        if isinstance(fault.__cause__, PermissionError):
            return frozenset()
        raise
