"""certificate csr: a key and a request for a certificate authority; nothing that is served changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.disk import PRIVATE_FILE, File
from sslutil.documents.records import render_request
from sslutil.facts import RequestRecord
from sslutil.files import judge_out, write_out
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.registry import REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD, REQUESTS, generation_name
from sslutil.steps.answer import Answer
from sslutil.steps.deploy import changing, deploy_locked, finish, is_nothing_owed, make_draft, refuse
from sslutil.steps.material import read_material
from sslutil.steps.situation import Situation, look, look_at, read_requests
from sslutil.steps.tell import pending_warning, render_names
from sslutil.steps.wish import Wish, make_site, with_names
from sslutil.store import generations as store
from sslutil.store.opening import judge_place, open_for_question

if TYPE_CHECKING:
    from sslutil.disk import Folder
    from sslutil.names import Identity
    from sslutil.pki.keys import Key
    from sslutil.steps.run import Run

STDOUT = "-"


class Request(NamedTuple):
    """What was typed; None and () leave it as the site says."""

    names: tuple[str, ...] = ()
    key_type: str | None = None
    new_key: bool = False
    out: str | None = None
    force: bool = False

    @property
    def file(self) -> str | None:
        """The file that is to get the request too; None where there is none, or stdout is meant."""
        return None if self.out == STDOUT else self.out


class _Wanted(NamedTuple):
    """The request that is wished for: two wishes with the same values are one request."""

    names: tuple[Identity, ...]
    key_type: str
    new_key: bool
    birth: Wish
    """What brings the site into being where there is none."""


class _Made(NamedTuple):
    """What is there in the end."""

    record: RequestRecord
    pem: bytes
    fresh: bool
    born: bool
    """Whether the site was born with it."""


def csr(run: Run, request: Request) -> Answer:
    """Return the request: an equal one that is pending already, or a new one over the key in force."""
    run = run.at(judge_place(run.registry, run.owners))
    before = look(run, run.owners)
    wanted = _judge(run, before, request)
    pending = _find_pending(run, before, wanted)
    if request.file is not None:
        judge_out(request.file, force=request.force, content=pending[1] if pending else None)
    if run.dry_run:
        return _answer_dry(run, before, wanted, pending)
    if pending is not None and before.number is not None and is_nothing_owed(run, before):
        return _answer(run, request, wanted, _Made(*pending, fresh=False, born=False), before)
    with changing(run) as root:
        made = _make(run, wanted, root)
        after = look_at(root, run.owners)
    return _answer(run, request, wanted, made, after)


def _judge(run: Run, situation: Situation, request: Request) -> _Wanted:
    """Return what is wished for; raises SslutilError before anything is made."""
    typed = parse_identities(request.names)
    edits = {} if _has_names(situation) or not typed else {"site.names": [name.unicode for name in typed]}
    if request.key_type and situation.number is None:
        edits["certificate.key_type"] = request.key_type  # type: ignore[assignment]
    birth = with_names(run, situation, Wish("order" if situation.number else "edit", edits))
    site = make_site(run, situation, birth).site
    if situation.number is None:
        birth = birth._replace(edits={"site.names": [name.unicode for name in site.site.names], **edits})
        make_draft(run, situation, birth, run.clock())
    key_type = request.key_type or site.certificate.key_type
    other_type = situation.certificate is not None and situation.certificate.key.key_type != key_type
    return _Wanted(typed or site.site.names, key_type, request.new_key or other_type, birth)


def _has_names(situation: Situation) -> bool:
    return situation.number is not None or bool(situation.working and situation.working.site.site.names)


def _find_pending(run: Run, situation: Situation, wanted: _Wanted) -> tuple[RequestRecord, bytes] | None:
    root = open_for_question(run.registry)
    if root is None:
        return None
    with root:
        return _find_equal(root, situation, wanted)


def _find_equal(root: Folder, situation: Situation, wanted: _Wanted) -> tuple[RequestRecord, bytes] | None:
    """Return the newest request of the same wishes; without --new-key it must be over the key that is in force."""
    current = situation.certificate.key.fingerprint if situation.certificate else None
    for record in reversed(read_requests(root)):
        same = (record.names, record.key_type, record.new_key) == (
            tuple(name.text for name in wanted.names),
            wanted.key_type,
            wanted.new_key,
        )
        if same and (wanted.new_key or current in {None, record.key_fingerprint}):
            return record, _read(root, record.number, REQUEST_PEM)
    return None


def _read(root: Folder, number: int, name: str) -> bytes:
    with root.folder(REQUESTS) as requests, requests.folder(generation_name(number)) as folder:
        return folder.read(name)


def _make(run: Run, wanted: _Wanted, root: Folder) -> _Made:
    outcome = finish(run, root)
    situation = look_at(root, run.owners)
    equal = _find_equal(root, situation, wanted)
    record, pem = equal or _stage(run, wanted, root, situation)
    born = situation.number is None
    if born:
        deploy_locked(run, wanted.birth._replace(key=_read(root, record.number, REQUEST_KEY)), root)
    else:
        refuse(run, outcome)
    return _Made(record, pem, fresh=equal is None, born=born)


def _stage(run: Run, wanted: _Wanted, root: Folder, situation: Situation) -> tuple[RequestRecord, bytes]:
    from sslutil.pki.requests import make_request

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
    )
    pem = make_request(key, wanted.names)
    files = (
        File(REQUEST_KEY, key.pem, PRIVATE_FILE),
        File(REQUEST_PEM, pem),
        File(REQUEST_RECORD, render_request(record).encode()),
    )
    store.stage_request(root, number, files)
    return record, pem


def _take_key(run: Run, wanted: _Wanted, situation: Situation) -> Key:
    from sslutil.pki.keys import make_key, parse_key

    kept = read_material(situation).key
    if wanted.new_key or not kept:
        return make_key(wanted.key_type)
    return parse_key(kept, run.path(f"{registry.CURRENT}/{registry.KEY}"))


def _answer(run: Run, request: Request, wanted: _Wanted, made: _Made, after: Situation) -> Answer:
    folder = run.path(f"{REQUESTS}/{generation_name(made.record.number)}")
    written = tuple(f"{folder}/{name}" for name in (REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD)) if made.fresh else ()
    if request.file is not None and write_out(request.file, made.pem, force=request.force):
        written = (*written, os.path.abspath(request.file))
    pending = f"request {made.record.number} asks for this already"
    told = f"wrote {request.file}: {pending}" if written else f"nothing to do: {pending}"
    headline = f"made request {made.record.number}" if made.fresh else told
    born = ("Born with it", "a self-signed certificate over the same key serves until the answer comes")
    warning = KEY_TYPES[wanted.key_type].warning
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=bool(written),
        generation=after.number,
        lines=(
            ("Names", render_names(wanted.names)),
            ("Key", KEY_TYPES[wanted.key_type].title),
            ("Request", request.file or f"{folder}/{REQUEST_PEM}"),
            (
                "Send it",
                "to your certificate authority, the whole text with its BEGIN and END lines; the key stays here",
            ),
            *((born,) if made.born else ()),
        ),
        written=written,
        warnings=wanted.birth.told + ((warning,) if warning else ()) + pending_warning(run, after),
        next=(
            run.command("certificate", "csr", *(() if request.names == () else request.names), "--out", STDOUT),
            run.command("status"),
        ),
        bare=made.pem.decode() if request.out == STDOUT else None,
        fields={
            "request": made.record.number,
            "names": list(made.record.names),
            "pem": made.pem.decode(),
            "born": made.born,
        },
    )


def _answer_dry(run: Run, situation: Situation, wanted: _Wanted, pending: tuple[RequestRecord, bytes] | None) -> Answer:
    headline = (
        f"nothing to do: request {pending[0].number} asks for this already" if pending else "would make a request"
    )
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=pending is None,
        generation=situation.number,
        lines=(("Names", render_names(wanted.names)), ("Key", KEY_TYPES[wanted.key_type].title)),
        warnings=wanted.birth.told + pending_warning(run, situation),
        fields={"dry_run": True, "request": pending[0].number if pending else None},
    )
