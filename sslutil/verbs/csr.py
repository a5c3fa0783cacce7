"""certificate csr: a key and a request for a certificate authority; nothing that is served changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import UsageError
from sslutil.files import judge_out, write_out
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.registry import REQUEST_DISCARDED, REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD, REQUESTS, generation_name
from sslutil.steps import requests
from sslutil.steps.answer import Answer
from sslutil.steps.deploy import changing, deploy_locked, finish, is_nothing_owed, refuse
from sslutil.steps.draft import Draft, make_draft
from sslutil.steps.situation import Situation, look, look_at, read_requests
from sslutil.steps.subject import PARTS, parse_subject, render_subject
from sslutil.steps.tell import make_diff, pending_warning, plan_lines, render_names
from sslutil.steps.wish import Wish, make_site, with_names
from sslutil.store.opening import judge_place, open_for_question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslutil.disk import Folder
    from sslutil.facts import RequestEntry, RequestRecord
    from sslutil.steps.run import Run

STDOUT = "-"
_MUST_STAPLE = (
    "with must-staple, clients refuse a server that does not staple an OCSP answer, and authorities without OCSP refuse"
    " the order (Let's Encrypt ended its OCSP on 2025-08-06)"
)
_EMAIL = "public authorities ignore an e-mail address in the subject, or refuse it"


class Request(NamedTuple):
    """What was typed; None and () leave it as the site says."""

    names: tuple[str, ...] = ()
    key_type: str | None = None
    new_key: bool = False
    organization: str | None = None
    unit: str | None = None
    locality: str | None = None
    state: str | None = None
    country: str | None = None
    email: str | None = None
    must_staple: bool = False
    out: str | None = None
    force: bool = False
    discard: int | None = None
    """The number of a request to discard, instead of making one."""

    @property
    def file(self) -> str | None:
        """The file that is to get the request too; None where there is none, or stdout is meant."""
        return None if self.out == STDOUT else self.out

    @property
    def subject(self) -> dict[str, str | None]:
        """The parts of the subject, as typed."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def words(self) -> tuple[str, ...]:
        """The words that wish for the same request again."""
        typed = {"--key-type": self.key_type} | {f"--{name}": text for name, text in self.subject.items()}
        valued = (word for option, text in typed.items() if text is not None for word in (option, text))
        flags = (flag for flag, given in (("--new-key", self.new_key), ("--must-staple", self.must_staple)) if given)
        return (*self.names, *valued, *flags)


class _Plan(NamedTuple):
    """What is wished for."""

    wanted: requests.Wanted
    birth: Wish
    """What brings the site into being where there is none."""
    draft: Draft | None
    """The generation that it is born with; None where there is one."""


class _Made(NamedTuple):
    """What is there in the end."""

    record: RequestRecord
    pem: bytes
    fresh: bool
    born: bool
    """Whether the site was born with it."""
    diff: str = ""


class _Discard(NamedTuple):
    """A request that is to be discarded."""

    number: int
    entry: RequestEntry | None
    """None where it was discarded before, and its folder is gone."""
    fate: requests.Fate


def csr(run: Run, request: Request) -> Answer:
    """Return the request: an equal one that waits already, or a new one over the key in force.

    Where a number is to be discarded, return what became of that request.
    """
    run = run.at(judge_place(run.registry, run.owners))
    if request.discard is not None:
        return _discard(run, request, request.discard)
    before = look(run, run.owners)
    plan = _judge(run, before, request)
    waiting = _find_waiting(run, before, plan.wanted)
    if request.file is not None:
        judge_out(request.file, force=request.force, content=waiting.pem if waiting else None)
    if run.dry_run:
        return _answer_dry(run, before, plan, waiting)
    if waiting is not None and before.number is not None and is_nothing_owed(run, before):
        return _answer(run, request, plan, waiting, before)
    with changing(run) as root:
        made = _make(run, plan, root)
        after = look_at(root, run.owners)
    return _answer(run, request, plan, made, after)


def _judge(run: Run, situation: Situation, request: Request) -> _Plan:
    """Return what is wished for; raises SslutilError before anything is made."""
    typed = parse_identities(request.names)
    subject = parse_subject(request.subject)
    edits = {} if _has_names(situation) or not typed else {"site.names": [name.unicode for name in typed]}
    if request.key_type and situation.number is None:
        edits["certificate.key_type"] = request.key_type  # type: ignore[assignment]
    birth = with_names(run, situation, Wish("order" if situation.number else "edit", edits))
    site = make_site(run, situation, birth).site
    draft = None
    if situation.number is None:
        birth = birth._replace(edits={"site.names": [name.unicode for name in site.site.names], **edits})
        draft = make_draft(run, situation, birth, run.clock())
    key_type = request.key_type or site.certificate.key_type
    other_type = situation.certificate is not None and situation.certificate.key.key_type != key_type
    new_key = request.new_key or other_type
    wanted = requests.Wanted(typed or site.site.names, key_type, new_key, subject, request.must_staple)
    requests.refuse_compromised(run, situation, wanted)
    return _Plan(wanted, birth, draft)


def _has_names(situation: Situation) -> bool:
    return situation.number is not None or bool(situation.working and situation.working.site.site.names)


def _find_waiting(run: Run, situation: Situation, wanted: requests.Wanted) -> _Made | None:
    root = open_for_question(run.registry)
    if root is None:
        return None
    with root:
        entry = requests.find_waiting(root, situation, wanted)
        if entry is None:
            return None
        return _Made(entry.record, requests.read_pem(root, entry.record.number), fresh=False, born=False)


def _make(run: Run, plan: _Plan, root: Folder) -> _Made:
    outcome = finish(run, root)
    situation = look_at(root, run.owners)
    record, pem, fresh = requests.make_request(run, plan.wanted, root, situation)
    if situation.number is not None:
        refuse(run, outcome)
        return _Made(record, pem, fresh, born=False)
    done = deploy_locked(run, plan.birth._replace(key=requests.read_key(root, record.number)), root)
    return _Made(record, pem, fresh, born=True, diff=make_diff(done.before, done.draft) if run.diff else "")


def _answer(run: Run, request: Request, plan: _Plan, made: _Made, after: Situation) -> Answer:
    folder = _folder(run, made.record.number)
    written = tuple(f"{folder}/{name}" for name in (REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD)) if made.fresh else ()
    if request.file is not None and write_out(request.file, made.pem, force=request.force):
        written = (*written, os.path.abspath(request.file))
    pending = f"request {made.record.number} asks for this already"
    told = f"wrote {request.file}: {pending}" if written else f"nothing to do: {pending}"
    headline = f"made request {made.record.number}" if made.fresh else told
    born = ("Born with it", "a self-signed certificate over the same key serves until the answer comes")
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=bool(written),
        generation=after.number,
        lines=(
            *_lines(plan.wanted, KEY_TYPES[plan.wanted.key_type].title),
            ("Request", request.file or f"{folder}/{REQUEST_PEM}"),
            (
                "Send it",
                "to your certificate authority, the whole text with its BEGIN and END lines; the key stays here",
            ),
            *((born,) if made.born else ()),
        ),
        written=written,
        warnings=_warnings(run, plan, after),
        next=(run.command("certificate", "csr", *request.words, "--out", STDOUT), run.command("status")),
        diff=made.diff,
        bare=made.pem.decode() if request.out == STDOUT else None,
        fields={"request": made.record.number, "pem": made.pem.decode(), "born": made.born} | _fields(plan.wanted),
    )


def _answer_dry(run: Run, situation: Situation, plan: _Plan, waiting: _Made | None) -> Answer:
    """Return what would be made: request, and the site that is born with it; no key is made for that."""
    headline = (
        f"nothing to do: request {waiting.record.number} asks for this already" if waiting else "would make a request"
    )
    if waiting and plan.draft:
        headline = f"would bring into force what request {waiting.record.number} began"
    title = KEY_TYPES[plan.wanted.key_type].title
    key = title if waiting else f"{title}, {'a new one' if plan.wanted.new_key or plan.draft else 'the one in force'}"
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=waiting is None or plan.draft is not None,
        generation=situation.number,
        lines=(*_lines(plan.wanted, key), *(_birth_lines(run, plan.draft) if plan.draft else ())),
        warnings=_warnings(run, plan, situation),
        diff=make_diff(situation, plan.draft) if plan.draft and run.diff else "",
        fields={"dry_run": True, "request": waiting.record.number if waiting else None} | _fields(plan.wanted),
    )


def _lines(wanted: requests.Wanted, key: str) -> tuple[tuple[str, str], ...]:
    subject = f"{render_subject(wanted.subject)} (public authorities put in what they checked themselves)"
    return (
        ("Names", render_names(wanted.names)),
        *((("Subject", subject),) if wanted.subject else ()),
        *((("Must-staple", "asked for"),) if wanted.must_staple else ()),
        ("Key", key),
    )


def _birth_lines(run: Run, draft: Draft) -> tuple[tuple[str, str], ...]:
    """Return what comes into being with the request, whose own key it is over."""
    plan = {label: value for label, value in plan_lines(run, draft) if label != "Key"}
    certificate = plan.pop("Certificate", "as it is")
    return (("Born with it", f"a certificate over the same key: {certificate}"), *plan.items())


def _warnings(run: Run, plan: _Plan, after: Situation) -> tuple[str, ...]:
    wanted = plan.wanted
    said = {
        KEY_TYPES[wanted.key_type].warning: True,
        _EMAIL: "email" in wanted.subject,
        _MUST_STAPLE: wanted.must_staple,
    }
    return (*plan.birth.told, *(text for text, holds in said.items() if holds and text), *pending_warning(run, after))


def _fields(wanted: requests.Wanted) -> dict[str, object]:
    names = [name.text for name in wanted.names]
    return {"names": names, "subject": dict(wanted.subject), "must_staple": wanted.must_staple}


def _folder(run: Run, number: int) -> str:
    return run.path(f"{REQUESTS}/{generation_name(number)}")


def _discard(run: Run, request: Request, number: int) -> Answer:
    """Discard a request, after a person has said so where one can be asked."""
    if request != Request(discard=number):
        message = "--discard takes the number of a request alone: it makes none, and so goes with no name or wish"
        raise UsageError(message, run.command("certificate", "csr", "--discard", str(number)))
    before = look(run, run.owners)
    found = _find(run, before, number)
    nothing = f"nothing to do: request {number} is discarded already"
    if found.fate == "nothing" and is_nothing_owed(run, before):
        return _answer_discard(run, before, found, nothing)
    if run.dry_run:
        return _answer_discard(run, before, found, f"would discard request {number}")
    if not _is_confirmed(run, before, found):
        left = found._replace(fate="nothing")
        return _answer_discard(run, before, left, f"nothing to do: request {number} stays as it is")
    with changing(run) as root:
        outcome = finish(run, root)
        after = look_at(root, run.owners)
        done = found._replace(fate=_discard_locked(root, after, number, found.fate))
        refuse(run, outcome)
    headline = nothing if done.fate == "nothing" else f"discarded request {number}"
    return _answer_discard(run, after, done, headline)


def _find(run: Run, situation: Situation, number: int) -> _Discard:
    """Return the request and its fate; UsageError for a number that none ever had."""
    root = open_for_question(run.registry)
    if root is None:
        raise _unknown(run, number, ())
    with root:
        entries = read_requests(root)
        entry = next((entry for entry in entries if entry.record.number == number), None)
        if entry is not None:
            return _Discard(number, entry, requests.plan_discard(root, situation, entry))
        if 0 < number < max((entry.record.number for entry in entries), default=0):
            return _Discard(number, None, "nothing")
        raise _unknown(run, number, entries)


def _unknown(run: Run, number: int, entries: Sequence[RequestEntry]) -> UsageError:
    there = ", ".join(f"{entry.record.number} ({', '.join(entry.record.names)})" for entry in entries)
    message = f"there is no request {number} in {run.registry}; those there are: {there or 'none'}"
    return UsageError(message, run.command("status"))


def _is_confirmed(run: Run, situation: Situation, found: _Discard) -> bool:
    if run.ask is None or found.entry is None or found.fate == "nothing":
        return True
    names = render_names(parse_identities(found.entry.record.names))
    kept = "its key is kept, a certificate may still come"
    effect = f"its folder goes, and {_reason(situation, found.entry)}" if found.fate == "remove" else kept
    answer = run.ask(f"discard request {found.number} for {names}? {effect} (y/n)", "n")
    return answer.strip().lower() in {"y", "yes"}


def _reason(situation: Situation, entry: RequestEntry) -> str:
    """Return why the key need not be kept with it."""
    is_compromised = entry.record.key_fingerprint in situation.compromised
    return "its key is compromised" if is_compromised else "its key is in a generation too"


def _discard_locked(root: Folder, situation: Situation, number: int, asked: requests.Fate) -> requests.Fate:
    """Discard it as it is now, but do nothing worse than what was asked for; another run may have been quicker."""
    entry = next((entry for entry in read_requests(root) if entry.record.number == number), None)
    if entry is None:
        return "nothing"
    fate = requests.plan_discard(root, situation, entry)
    if fate == "remove" and asked != "remove":
        fate = "nothing" if entry.state == "discarded" else "mark"
    requests.discard(root, number, fate)
    return fate


def _answer_discard(run: Run, situation: Situation, found: _Discard, headline: str) -> Answer:
    folder = _folder(run, found.number)
    names: tuple[str, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    if found.entry is not None:
        names = found.entry.record.names
        kept = f"stays in {folder}, for a certificate that may still come"
        key = f"goes with its folder: {_reason(situation, found.entry)}" if found.fate == "remove" else kept
        lines = (("Names", render_names(parse_identities(names))), ("Key", key))
    removed = found.fate == "remove"
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=found.fate != "nothing",
        generation=situation.number,
        lines=lines,
        written=(f"{folder}/{REQUEST_DISCARDED}",) if found.fate == "mark" and not run.dry_run else (),
        warnings=pending_warning(run, situation),
        next=(run.command("status"),),
        fields={"dry_run": run.dry_run, "request": found.number, "names": list(names), "removed": removed},
    )
