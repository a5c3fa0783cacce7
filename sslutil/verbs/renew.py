"""certificate renew: the one unattended verb, all that clock, ledgers and followed files ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, SiteError, UsageError, command
from sslutil.site import BY_CA, FROM_FILES
from sslutil.steps.acceptance import Terms
from sslutil.steps.asking import Asked, ask_again, is_request_due
from sslutil.steps.deploy import deploy
from sslutil.steps.followed import find_files, follow
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, due_words
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from sslutil.site import Site
    from sslutil.steps.answer import Answer
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Request(NamedTuple):
    """What was typed."""

    force: bool = False
    new_key: bool = False
    compromised: bool = False
    replace: bool = False


def renew(run: Run, request: Request) -> Answer:
    """Return the answer to a renewal, which does nothing before it is due unless the request says so.

    What we sign is renewed at once, what an authority signs is asked for once, and what another program owns is taken
    over when it has changed.
    """
    run = run.at(judge_place(run.registry, run.owners))
    situation = look(run, run.owners)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to renew"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    if request.compromised and not request.force and _has_just_gone(situation):
        request = request._replace(compromised=False)
    site = situation.in_force.site
    if site.certificate.issuer == FROM_FILES:
        return _renew_files(run, situation, site, request)
    if site.certificate.issuer == BY_CA:
        return _renew_by_ca(run, site, request)
    wish = Wish("order", new_key=request.new_key, force=request.force, compromises=request.compromised)
    done = deploy(run, wish)
    kept = "with a new key" if done.draft.material.new_key else "over the same key"
    made = _tell_made(done, f"renewed the certificate {kept}")
    return answer_change(run, done, made=made, nothing=_not_due(site, done.after))


def _tell_made(done: Deployed, made: str) -> str:
    """Return what was made of the certificate; where that stays, what clients asked for: a list, a revocation."""
    draft = done.draft
    is_of_server = draft.material.new_certificate or draft.marks or draft.given is not None
    return made if is_of_server else f"saw to the clients: {'; '.join(draft.why)}"


def _has_just_gone(situation: Situation) -> bool:
    """Return whether what is in force has retired a compromised key: the same command again means no second one."""
    certificate, record = situation.certificate, situation.record
    is_sound = certificate is not None and certificate.key.fingerprint not in situation.compromised
    return record is not None and record.withdraws and is_sound


def _not_due(site: Site, situation: Situation) -> str:
    certificate = situation.certificate
    return f"renewal is due from {due_words(site, certificate)}" if certificate else ""


def _renew_files(run: Run, situation: Situation, site: Site, request: Request) -> Answer:
    """Take over what the other program's files hold now; a compromised key is marked, and is theirs to replace."""
    files = find_files(site)
    if files is None:
        raise AssertionError(site)
    if request.new_key:
        message = f"the key in {files.key} is another program's, and that program makes a new one"
        raise UsageError(message, run.command("certificate", "renew"))
    if request.compromised:
        done = deploy(run, Wish("order", compromises=True))
        made = "marked the key in force as compromised"
        answer = answer_change(run, done, made=made, nothing="the key in force is marked as compromised already")
        cure = f"have the program that owns {files.key} make a new key, then run: {run.command('certificate', 'renew')}"
        return answer._replace(warnings=(*answer.warnings, cure))
    try:
        done, _ = follow(run, situation, files, Terms(replace=request.replace), renews=True)
    except MaterialError:
        deploy(run, Wish("order"))  # what clients ask for must not wait until the other program's files are mended
        raise
    nothing = f"{files.certificate} and {files.key} hold what is in force"
    made = _tell_made(done, f"took over what {files.certificate} and {files.key} hold")
    return answer_change(run, done, made=made, nothing=nothing)


def _renew_by_ca(run: Run, site: Site, request: Request) -> Answer:
    """See to a request once it is due, and to the self-signed certificate that stands in until its answer comes."""
    stands_in = request.compromised and request.replace
    done = deploy(run, Wish("order", compromises=request.compromised, stands_in=stands_in, replace=stands_in))
    made = "marked the key in force as compromised"
    if done.draft.material.new_certificate:
        made = f"a self-signed certificate over {'a new' if done.draft.material.new_key else 'the same'} key stands in"
    answer = answer_change(run, done, made=_tell_made(done, made), nothing=_not_due(site, done.after))
    asked = request.force or request.new_key or request.compromised
    if not (asked or is_request_due(site, done.after, run.clock())):
        return answer
    return _answer_asked(run, answer, ask_again(run, site, new_key=request.new_key))


def _answer_asked(run: Run, answer: Answer, asked: Asked) -> Answer:
    """Return the answer with the request: that it was made is said once, and from then on that it waits."""
    fresh = bool(asked.written) or asked.number is None
    if asked.number is None:
        told = "would make a request"
    else:
        told = f"made request {asked.number}" if fresh else f"request {asked.number} waits for its answer"
    before = f"{answer.headline}, and " if answer.changed else "" if fresh else "nothing to do: "
    send = ("Send it", "to your certificate authority, the whole text with its BEGIN and END lines; the key stays here")
    return answer._replace(
        headline=f"{before}{told}",
        changed=answer.changed or fresh,
        lines=(*answer.lines, *((("Request", asked.path),) if asked.path else ()), *((send,) if fresh else ())),
        written=(*answer.written, *asked.written),
        next=(command("cat", asked.path), run.command("certificate", "import", "ANSWER")) if asked.path else (),
        fields={**answer.fields, "request": asked.number},
    )
