"""configure on a terminal: question by question to one change, as the original's wizard had it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, SiteError, SslutilError, UsageError
from sslutil.host.machine import full_name
from sslutil.plan import find_changes
from sslutil.site import BY_CA, FROM_FILES, Site
from sslutil.steps.answer import Answer
from sslutil.steps.consequences import describe_short, find_consequences, warn
from sslutil.steps.deploy import deploy, is_nothing_owed
from sslutil.steps.interview import BACK, Interview, begin, decided_by, go_back, go_to, take
from sslutil.steps.questions import make_questions
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, make_site_diff
from sslutil.steps.wish import Wish, make_site
from sslutil.store.opening import judge_place, refuse_unwritable

if TYPE_CHECKING:
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

_REPLACE = "--replace"
_WORDS = {"yes": "yes", "y": "yes", "no": "no", "n": "no"} | dict.fromkeys(BACK, "back")


class _Agreed(NamedTuple):
    """What a person came to, and what it would do."""

    interview: Interview
    wish: Wish
    foreseen: Deployed


def wizard(run: Run) -> Answer:
    """Return the answer to a sitting: nothing is locked or written before its last yes."""
    if run.ask is None:
        message = "nobody can be asked here, and the wizard asks everything"
        raise UsageError(message, run.command("configure", "--help"))
    run = run.at(judge_place(run.registry, run.owners))
    refuse_unwritable(run.registry)
    situation = look(run, run.owners)
    _refuse_unready(run, situation)
    interview = _begin(run, situation)
    while True:
        agreed = _agree(run, situation, interview)
        decision = _decide(run, situation, agreed)
        if decision != "back":
            break
        interview = go_back(agreed.interview)
    if decision == "no":
        return Answer("nothing to do: everything stays as it is", run.registry, generation=situation.number)
    return _carry_out(run, agreed.wish)


def _refuse_unready(run: Run, situation: Situation) -> None:
    """Raise SiteError where no answer could be taken, before any is asked for."""
    if situation.in_force:
        make_site(run, situation, Wish("edit"))
    elif situation.fault:
        raise situation.fault


def _begin(run: Run, situation: Situation) -> Interview:
    state = f"generation {situation.number} is in force" if situation.in_force else "nothing is in force yet"
    for line in (
        f"registry: {run.registry}, since {run.choice.reason}; {state}",
        "Enter keeps what is in brackets, back goes back, ? explains; nothing changes before the last yes",
    ):
        run.tell(line)
    certificate = situation.certificate
    site = situation.working.site if situation.working else Site()
    offer = "" if situation.in_force else full_name() or ""
    return begin(make_questions(site, signed=bool(certificate and not certificate.self_signed), offer=offer), site)


def _ask(run: Run, words: str, offer: str) -> str:
    return run.ask(words, offer) if run.ask else offer


def _agree(run: Run, situation: Situation, interview: Interview) -> _Agreed:
    """Ask until the answers make a change that can be done; what can't is told, and asked again."""
    replace = False
    while True:
        while interview.question:
            replace = False
            for line in interview.told:
                run.tell(line)
            interview = take(interview, _ask(run, interview.question.words, interview.offer))
        try:
            wish = _wish(run, situation, interview, replace=replace)
            return _Agreed(interview, wish, deploy(run._replace(dry_run=True), wish))
        except SslutilError as fault:
            harms = fault.added == (_REPLACE,)
            if harms and _is_harm_wanted(run, fault):
                replace = True
                continue
            told = "" if harms else "; ".join((fault.message, *fault.hint.splitlines()))
            interview = go_to(interview, _find_key(interview, fault), told)


def _find_key(interview: Interview, fault: SslutilError) -> str:
    """Return the key of the answer that a fault comes of; raises the fault where it comes of none."""
    site = interview.site
    for key in ("client_auth.ca_files", "client_auth.crl_files"):
        if site.client_auth.mode != "off" and any(path in fault.message for path in site.value(key)):
            return key
    if isinstance(fault, SiteError):
        decided = {key for question in interview.questions for key in decided_by(question)}
        if fault.key in decided or not fault.key:
            return fault.key
    elif site.certificate.issuer == FROM_FILES and isinstance(fault, MaterialError):
        return "certificate.certificate_file"
    raise fault


def _is_harm_wanted(run: Run, fault: SslutilError) -> bool:
    run.tell("")
    run.tell(fault.message.rpartition(": ")[0])  # what it says behind it is for a command line
    while True:
        typed = _WORDS.get(_ask(run, "do so all the same (yes/no)", "no").lower())
        if typed:
            return typed == "yes"


def _wish(run: Run, situation: Situation, interview: Interview, *, replace: bool) -> Wish:
    """Return the wish of the answers, with what the files of another program hold where those are new."""
    from sslutil.steps.followed import find_files

    wish = Wish("edit", interview.edits, replace=replace)
    site = interview.site
    files = find_files(site)
    if files is None or (situation.in_force and files == find_files(situation.in_force.site)):
        return wish
    from sslutil.steps.acceptance import Terms
    from sslutil.steps.followed import accept_files

    accepted = accept_files(run, situation, files, Terms(replace=replace), site)
    why = (f"certificate over {accepted.key.place}",)
    return wish._replace(material=accepted.material, why=why, told=accepted.told)


def _decide(run: Run, situation: Situation, agreed: _Agreed) -> str:
    """Show what would change; return "yes", "no" or "back"."""
    foreseen = agreed.foreseen
    if not foreseen.changed:
        return "yes" if situation.in_force and not is_nothing_owed(run, situation) else "no"
    before = situation.in_force.site if situation.in_force else Site()
    changes = [change.words for change in find_changes(before, foreseen.draft.file.site)]
    others = [word for word in foreseen.draft.why if word not in changes]
    diff = make_site_diff(foreseen.before, foreseen.draft) if situation.in_force else ""
    for line in ("", "what would change:", *(f"  {word}" for word in (*changes, *others)), *diff.splitlines()):
        run.tell(line)
    for line in _tell_consequences(run, foreseen, before):
        run.tell(line)
    while True:
        typed = _WORDS.get(_ask(run, "put this in force (yes/no/back)", "").lower())
        if typed:
            return typed
        run.tell("yes puts it in force, no leaves everything as it is, back goes one question back")


def _tell_consequences(run: Run, foreseen: Deployed, before: Site) -> tuple[str, ...]:
    """Return what a new policy means: who stays out, what servers leave out; nothing where the policy stays."""
    site = foreseen.draft.file.site
    if site.tls == before.tls and site.deploy.exports == before.deploy.exports:
        return ()
    found = find_consequences(run, foreseen.before, site, foreseen.draft.versions)
    return (*(f"  {label}: {words}" for label, words in describe_short(found)), *warn(found))


def _carry_out(run: Run, wish: Wish) -> Answer:
    done = deploy(run, wish)
    answer = answer_change(run, done, made="configured the web server", nothing="everything stays as it is")
    certificate = done.draft.file.site.certificate
    served = done.after.certificate
    if certificate.issuer == BY_CA and (served is None or served.self_signed):
        request = run.command("certificate", "csr")
        return answer._replace(next=(request, *(line for line in answer.next if line != request)))
    if certificate.issuer == FROM_FILES and wish.material:
        return answer._replace(next=(*answer.next, f"{run.command('certificate', 'renew')}  # as its deploy hook"))
    return answer
