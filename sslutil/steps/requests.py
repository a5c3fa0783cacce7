"""The request desk: what is wished of an authority, the request that asks for it, and what becomes of one."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from sslutil.disk import PRIVATE_FILE, File
from sslutil.documents.records import parse_compromised, render_compromised, render_request
from sslutil.errors import MaterialError, RegistryError
from sslutil.facts import CompromisedKey, RequestEntry, RequestRecord
from sslutil.registry import CURRENT, KEY, REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD, REQUESTS
from sslutil.steps.material import read_material
from sslutil.steps.situation import COMPROMISED_PATH, read_requests
from sslutil.store import generations as store
from sslutil.store import requests as ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.names import Identity
    from sslutil.pki.keys import Key
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

Fate = Literal["nothing", "mark", "remove"]
"""What discarding a request does to it."""


class Wanted(NamedTuple):
    """The request that is wished for: two wishes with the same values are one request."""

    names: tuple[Identity, ...]
    key_type: str
    new_key: bool
    """Whether it is to be over a key of its own, and not over the one in force."""
    subject: Mapping[str, str] = MappingProxyType({})
    """As RequestRecord.subject."""
    must_staple: bool = False

    def is_of(self, record: RequestRecord) -> bool:
        """Return whether a request was made for the same wishes."""
        return (record.names, record.key_type, record.new_key, dict(record.subject), record.must_staple) == (
            tuple(name.text for name in self.names),
            self.key_type,
            self.new_key,
            dict(self.subject),
            self.must_staple,
        )


def find_waiting(root: Folder, situation: Situation, wanted: Wanted) -> RequestEntry | None:
    """Return the newest request of the same wishes that still waits for its answer, or None.

    It is never one over a compromised key, and without `new_key` it is over the key that is in force.
    """
    current = situation.certificate.key.fingerprint if situation.certificate else None
    for entry in reversed(read_requests(root)):
        fingerprint = entry.record.key_fingerprint
        fits = wanted.new_key or current in {None, fingerprint}
        if entry.waits and wanted.is_of(entry.record) and fits and fingerprint not in situation.compromised:
            return entry
    return None


def read_pem(root: Folder, number: int) -> bytes:
    """Return the text of a request."""
    return _read(root, number, REQUEST_PEM)


def read_key(root: Folder, number: int) -> bytes:
    """Return the private key of a request, PEM: secret."""
    return _read(root, number, REQUEST_KEY)


def _read(root: Folder, number: int, name: str) -> bytes:
    with ledger.open_request(root, number) as folder:
        return folder.read(name)


def refuse_compromised(run: Run, situation: Situation, wanted: Wanted) -> None:
    """Raise MaterialError where the request would be over a key in force that is marked as compromised."""
    if not wanted.new_key and situation.certificate:
        _refuse(run, situation, situation.certificate.key.fingerprint)


def _refuse(run: Run, situation: Situation, fingerprint: str) -> None:
    if fingerprint in situation.compromised:
        message = "the key in force is marked as compromised, and nothing is asked for over it: take a new one"
        raise MaterialError(message, run.command("certificate", "csr", "--new-key")).cured_with("--new-key")


def make_request(run: Run, wanted: Wanted, root: Folder, situation: Situation) -> tuple[RequestRecord, bytes, bool]:
    """Return the request for the wishes, its PEM text, and whether it was made now: an equal one that waits stays.

    `root` is open and locked, `situation` was looked at in the lock. Nothing that is served changes. Raises
    MaterialError where the key it would be over is compromised.
    """
    waiting = find_waiting(root, situation, wanted)
    if waiting:
        return waiting.record, read_pem(root, waiting.record.number), False
    record, pem = _stage(run, wanted, root, situation)
    return record, pem, True


def _stage(run: Run, wanted: Wanted, root: Folder, situation: Situation) -> tuple[RequestRecord, bytes]:
    from sslutil.pki.requests import make_request as make_pem

    key = _take_key(run, wanted, situation)
    number = store.next_number(root, REQUESTS)
    record = RequestRecord(
        number=number,
        time=run.clock(),
        who=run.owners.account_name(run.owners.runner),
        names=tuple(name.text for name in wanted.names),
        key_type=wanted.key_type,
        new_key=wanted.new_key,
        key_fingerprint=key.facts.fingerprint,
        subject=dict(wanted.subject),
        must_staple=wanted.must_staple,
    )
    pem = make_pem(key, wanted.names, subject=wanted.subject, must_staple=wanted.must_staple)
    files = (
        File(REQUEST_KEY, key.pem, PRIVATE_FILE),
        File(REQUEST_PEM, pem),
        File(REQUEST_RECORD, render_request(record).encode()),
    )
    ledger.stage_request(root, number, files)
    return record, pem


def _take_key(run: Run, wanted: Wanted, situation: Situation) -> Key:
    from sslutil.pki.keys import make_key, parse_key

    kept = read_material(situation).key
    if wanted.new_key or not kept:
        return make_key(wanted.key_type)
    key = parse_key(kept, run.path(f"{CURRENT}/{KEY}"))
    _refuse(run, situation, key.facts.fingerprint)
    return key


def keep_answer(root: Folder, number: int, chain: bytes) -> None:
    """Keep a chain, PEM, in the folder of the request that it answers; the same one again changes nothing."""
    ledger.write_answer(root, number, chain)


def mark_compromised(run: Run, root: Folder, fingerprint: str, now: datetime) -> None:
    """Write down, for ever, that a key is never to be used again; once."""
    text = ledger.read_compromised(root)
    marked = parse_compromised(text, root.path_of(COMPROMISED_PATH)) if text is not None else ()
    if any(key.fingerprint == fingerprint for key in marked):
        return
    key = CompromisedKey(fingerprint, now, run.owners.account_name(run.owners.runner))
    ledger.write_compromised(root, render_compromised((*marked, key)).encode())


def plan_discard(root: Folder, situation: Situation, entry: RequestEntry) -> Fate:
    """Return what discarding does: no key is removed that an answer may still come for, or that has no other home.

    The highest number stays, marked, so that no number ever means two things.
    """
    record = entry.record
    is_spent = record.key_fingerprint in situation.compromised or (
        entry.has_answer and record.key_fingerprint in _find_homes(root, situation)
    )
    if is_spent and record.number != max(store.read_numbers(root, REQUESTS)):
        return "remove"
    return "nothing" if entry.state == "discarded" else "mark"


def discard(root: Folder, number: int, fate: Fate) -> None:
    """Do to a request what was decided."""
    if fate == "mark":
        ledger.discard(root, number)
    elif fate == "remove":
        ledger.remove(root, number)


def _find_homes(root: Folder, situation: Situation) -> frozenset[str]:
    """Return the fingerprints of the keys that the generations in force and before hold, sound."""
    from sslutil.pki.keys import describe_key

    pems = [read_material(situation).key]
    parent = situation.record.parent if situation.record else None
    if parent is not None and parent in store.read_numbers(root):
        pems.append(_read_former(root, parent))
    fingerprints = set()
    for pem in pems:
        try:
            fingerprints.add(describe_key(pem).fingerprint)
        except MaterialError:  # none there, or somebody edited it: no home
            continue
    return frozenset(fingerprints)


def _read_former(root: Folder, number: int) -> bytes:
    try:
        with store.open_generation(root, number) as folder:
            return folder.read(KEY)
    except (FileNotFoundError, RegistryError):
        return b""
