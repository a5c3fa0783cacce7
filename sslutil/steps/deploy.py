"""The one way in which anything changes: decide, lock, finish, decide again, stage, flip, finish, prune."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.disk import File, open_folder
from sslutil.documents.records import render_generation
from sslutil.errors import RegistryError, ServerRefusedError, command
from sslutil.facts import GenerationRecord
from sslutil.registry import CURRENT, DEPLOYED, RECORD, SITE
from sslutil.steps import finish as finishing
from sslutil.steps.client_ledger import write_client_ledger
from sslutil.steps.compose import key_files
from sslutil.steps.draft import Draft, make_draft
from sslutil.steps.material import make_material
from sslutil.steps.situation import Situation, look, look_at, read_record
from sslutil.steps.wish import Wish, with_names
from sslutil.store import generations as store
from sslutil.store.opening import judge_place, open_for_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.steps.run import Run


class Deployed(NamedTuple):
    """What came of a wish."""

    before: Situation
    after: Situation
    draft: Draft
    changed: bool
    """Whether a new generation is in force, or with a dry run would be."""
    written: tuple[str, ...] = ()
    """Absolute paths."""
    outcome: finishing.Outcome = finishing.Outcome(finishing.NOTHING)
    told: tuple[str, ...] = ()
    """What is to be told of the wish itself."""


def deploy(run: Run, wish: Wish, decide: Callable[[Folder, Situation], Wish] | None = None) -> Deployed:
    """Bring a wish into force, and return what came of it.

    Whatever fails for a reason of the operator's fails before the lock, and leaves no trace. In the lock everything is
    read again, and `decide`, where the wish depends on what is in force, makes it anew. Raises ServerRefusedError where
    a server refused, after everything is decided.
    """
    run = run.at(judge_place(run.registry, run.owners))
    before = look(run, run.owners)
    wish = with_names(run, before, wish)
    draft = make_draft(run, before, wish, run.clock())
    if run.dry_run or (draft.is_nothing and is_nothing_owed(run, before)):
        return Deployed(before, before, draft, changed=not draft.is_nothing, told=wish.told)
    with changing(run) as root:
        return deploy_locked(run, wish, root, decide)._replace(told=wish.told)


def is_nothing_owed(run: Run, situation: Situation) -> bool:
    """Return whether nothing is left to do or to tidy of what an earlier run began, where something is in force."""
    only_reload = situation.deployed is None and situation.undo is None and not situation.waiting
    if not (situation.settled or (only_reload and not run.reload)):
        return False
    with open_folder(run.registry) as root:
        return not store.find_left(root, (situation.number, situation.undo))


def deploy_locked(
    run: Run, wish: Wish, root: Folder, decide: Callable[[Folder, Situation], Wish] | None = None
) -> Deployed:
    """Do the same in a registry that is open and locked."""
    now = run.clock()
    outcome = finish(run, root)
    before = look_at(root, run.owners)
    wish = decide(root, before) if decide else wish
    draft = make_draft(run, before, wish, now)
    number = store.next_number(root)
    files = _compose_all(run, number, before, draft, now) if draft.makes_generation else []
    noted = _write_ledgers(run, root, before, draft, now)
    if not draft.makes_generation:
        refuse(run, outcome)
        after = look_at(root, run.owners) if draft.ledger else before
        return Deployed(before, after, draft, changed=not draft.is_nothing, written=noted, outcome=outcome)
    text = draft.file.text.encode() if wish.kind == "edit" or before.number is None else before.text
    store.stage(root, number, files, text if text != before.text else None)
    store.flip(root, CURRENT, number)
    outcome = finish(run, root)
    in_force = before.in_force if outcome.state == finishing.UNDONE and before.in_force else draft.file
    try:
        _prune(root, in_force.site.deploy.keep)
    finally:
        refuse(run, outcome)
    path = f"{root.path}/{registry.generation_target(number)}"
    written = (*noted, *(f"{path}/{file.name}" for file in files))
    return Deployed(before, look_at(root, run.owners), draft, changed=True, written=written, outcome=outcome)


def _compose_all(run: Run, number: int, situation: Situation, draft: Draft, now: datetime) -> list[File]:
    """Return every file of a generation, its record last: only here is a key or a certificate made."""
    material = make_material(run, draft.kept, draft.material, draft.file.site, now)
    files = [*draft.files, *key_files(material, draft.group), File(SITE, draft.file.text.encode())]
    record = GenerationRecord(
        number=number,
        parent=situation.number,
        time=now,
        verb=run.verb,
        who=run.owners.account_name(run.owners.runner),
        why=draft.why,
        withdraws=draft.withdraws,
        inputs=dict(draft.versions),
        sha256={file.name: store.digest(file.content) for file in files},
        before=store.digest(situation.text),
        policy=draft.policy,
    )
    return [*files, File(RECORD, render_generation(record).encode())]


@contextmanager
def changing(run: Run) -> Iterator[Folder]:
    """Give the registry, locked for a change.

    Whatever stops the change, hidden files are removed; where it is a fault of the disk, it says what is in force.
    """
    with open_for_change(run.registry, run.owners, verb=run.verb, wait=run.wait) as root:
        before = store.read_link(root, CURRENT)
        try:
            yield root
        except BaseException as fault:
            with suppress(RegistryError):
                finishing.sweep(root)
                if isinstance(fault, RegistryError):
                    _tell_what_is_in_force(run, root, before, fault)
            raise


def _tell_what_is_in_force(run: Run, root: Folder, before: int | None, fault: RegistryError) -> None:
    number, undo = store.read_link(root, CURRENT), store.read_mark(root)
    if number is None:
        state = "nothing is in force yet"
    elif undo is not None:
        undoing = "its undo" if undo == number else f"the undo of generation {undo}"
        state = f"generation {number} is in force, and {undoing} is not finished"
    elif number == before:
        state = f"generation {number} stays in force"
    elif number == store.read_link(root, DEPLOYED):
        state = f"generation {number} is in force all the same"
    else:
        state = f"generation {number} is in force, but not every server has accepted it"
    fault.message = f"{fault.message}; {state}"
    if undo is not None or number != before:
        cure = run.command("certificate", "renew")
        fault.hint = f"{fault.hint}\n{cure}  # ends what was begun, once the disk is well" if fault.hint else cure


def finish(run: Run, root: Folder) -> finishing.Outcome:
    """Bring what an interrupted run, or this one, left to its end."""
    return finishing.Finish(root, run.owners, reload=run.reload).run()


def refuse(run: Run, outcome: finishing.Outcome) -> None:
    """Raise ServerRefusedError where a server refused, saying what is in force now."""
    if outcome.refused is None:
        return
    refusal = outcome.refusal
    said = f", which said: {' '.join(refusal.output.split())[-300:]}" if refusal and refusal.output else ""
    told = f" ({command(*refusal.command)}: {refusal.reason}{said})" if refusal else ""
    if outcome.state == finishing.UNDONE:
        what = f"a server refused generation {outcome.refused}{told}; the one before is in force again"
        raise ServerRefusedError(f"{what}, and site.toml is as it was", run.command("status"))
    what = f"a server refused the reload{told}; generation {outcome.refused} is in force all the same"
    cure = run.command("certificate", "renew")
    raise ServerRefusedError(f"{what}, its reload is owed", f"{cure}  # once the server is mended")


def _write_ledgers(run: Run, root: Folder, situation: Situation, draft: Draft, now: datetime) -> tuple[str, ...]:
    """Write down what is never undone, before what is in force changes; return the paths in the ledger of clients."""
    written = write_client_ledger(root, situation.ledger, draft.ledger) if draft.ledger else ()
    if not (draft.marks or draft.answer):
        return written
    from sslutil.steps import requests

    if draft.marks and situation.certificate:
        requests.mark_compromised(run, root, situation.certificate.key.fingerprint, now)
    if draft.answer:
        requests.keep_answer(root, *draft.answer)
    return written


def _prune(root: Folder, keep: int) -> None:
    """Remove old generations, never the one in force, the deployed, the one before, or the highest number."""
    numbers = store.read_numbers(root)
    current = store.read_link(root, CURRENT)
    parent = read_record(root, current).parent if current is not None else None
    needed = {current, parent, store.read_link(root, DEPLOYED), *numbers[-keep:]}
    store.prune(root, (number for number in needed if number is not None))
