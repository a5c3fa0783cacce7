"""rollback: the values of an older generation, and its key and certificate where they are still good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil.documents.site_file import parse_site
from sslutil.errors import MaterialError, RegistryError, SiteError, UsageError
from sslutil.registry import CERTIFICATE, KEY, SITE
from sslutil.site import settings
from sslutil.steps.deploy import deploy
from sslutil.steps.material import Material
from sslutil.steps.situation import look, read_record
from sslutil.steps.tell import answer_change, render_date
from sslutil.steps.wish import Wish, ways_out
from sslutil.store import generations as store
from sslutil.store.opening import judge_place, open_for_question

if TYPE_CHECKING:
    from sslutil.disk import Folder
    from sslutil.site import Site
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


def rollback(run: Run, number: int | None, *, keep_certificate: bool, replace: bool, lock_out: bool = False) -> Answer:
    """Return the answer to going back to a generation, the one before by default; ledgers stay as they are today."""
    run = run.at(judge_place(run.registry, run.owners))
    situation = look(run, run.owners)
    root = open_for_question(run.registry)
    if root is None or situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to go back to"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    _refuse_pending(run, situation)
    with root:
        target = _choose(run, root, situation, number)
        site, material = _read(run, root, target)
    if not keep_certificate:
        _judge(run, situation, target, material)
    wish = Wish(
        "edit",
        _find_edits(situation.in_force.site, site, keep_certificate=keep_certificate),
        replace=replace,
        lock_out=lock_out,
        material=None if keep_certificate else material,
        why=(f"key and certificate of generation {target}",),
        cure=(*run.words("rollback", str(target)), "--replace"),
    )
    done = deploy(run, wish)
    made = f"went back to generation {target}, as generation {done.after.number}"
    return answer_change(run, done, made=made, nothing=f"what is in force is as generation {target} was")


def _refuse_pending(run: Run, situation: Situation) -> None:
    """Raise SiteError where site.toml has edits of the operator's: going back would drop them unasked."""
    if situation.fault:
        raise situation.fault
    if situation.pending:
        words = "; ".join(change.words for change in situation.pending)
        message = f"{situation.path_of_site} has edits that going back would drop ({words})"
        raise SiteError(message, ways_out(run, situation))


def _choose(run: Run, root: Folder, situation: Situation, number: int | None) -> int:
    """Return the generation that is meant: the one that was in force before, where none is named."""
    there = store.read_numbers(root)
    chosen = number if number is not None else situation.record.parent if situation.record else None
    if chosen is None:
        message = f"generation {situation.number} is the first, so there is none to go back to"
        raise UsageError(message, run.command("history"))
    if chosen not in there:
        known = ", ".join(str(one) for one in there)
        message = f"there is no generation {chosen}; there are {known}"
        raise UsageError(message, typed=str(number), near=(str(there[-1]),))
    return chosen


def _read(run: Run, root: Folder, number: int) -> tuple[Site, Material]:
    """Return site and material of a generation; RegistryError where a file of it is not as it was sealed."""
    record = read_record(root, number)
    contents = {}
    with store.open_generation(root, number) as folder:
        for name in (SITE, KEY, CERTIFICATE):
            path = folder.path_of(name)
            try:
                contents[name] = folder.read(name)
            except FileNotFoundError:
                contents[name] = b""
            if store.digest(contents[name]) != record.sha256.get(name):
                message = f"{path} was edited or removed by hand, so generation {number} can't be gone back to"
                raise RegistryError(message, run.command("history"))
        site = parse_site(contents[SITE], folder.path_of(SITE)).site
    return site, Material(contents[KEY], contents[CERTIFICATE])


def _judge(run: Run, situation: Situation, number: int, material: Material) -> None:
    """Raise MaterialError where the generation's key or certificate must not serve again."""
    from sslutil.pki.certificates import describe_certificate

    certificate = describe_certificate(material.chain, f"the certificate of generation {number}")
    fault = ""
    if certificate.key.fingerprint in situation.compromised:
        fault = f"the key of generation {number} is marked as compromised, and nothing uses it again"
    elif run.clock() > certificate.not_valid_after:
        fault = f"the certificate of generation {number} expired on {render_date(certificate.not_valid_after)}"
    if fault:
        message = f"{fault}: take its settings alone with --keep-certificate"
        raise MaterialError(message).cured_with("--keep-certificate")


def _find_edits(present: Site, target: Site, *, keep_certificate: bool) -> dict[str, Any]:
    """Return the keys in which the older site differs, with its values; not those that today's certificate is for."""
    return {
        key: setting.render(target.value(key))
        for key, setting in settings().items()
        if target.value(key) != present.value(key)
        and not (keep_certificate and (key == "site.names" or setting.table == "certificate"))
    }
