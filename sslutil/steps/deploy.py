"""The one way in which anything changes: decide, lock, finish, decide again, stage, flip, finish, prune."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.disk import File, open_folder
from sslutil.documents.records import render_generation
from sslutil.errors import RegistryError, ServerRefusedError, command
from sslutil.facts import GenerationRecord
from sslutil.plan import find_changes, plan_material, refuse_dropped, tell_why
from sslutil.profiles import VERSION as PROFILES_VERSION
from sslutil.registry import CURRENT, DEPLOYED, RECORD, SITE
from sslutil.steps import finish as finishing
from sslutil.steps.compose import compose, find_versions, keep_files, key_files
from sslutil.steps.material import Material, make_material, read_material
from sslutil.steps.situation import Situation, look, look_at, read_record
from sslutil.steps.wish import Wish, make_site, with_names
from sslutil.store import generations as store
from sslutil.store.opening import judge_place, open_for_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.documents.site_file import SiteFile
    from sslutil.plan import Change, MaterialPlan
    from sslutil.site import Site
    from sslutil.steps.run import Run


class Draft(NamedTuple):
    """A generation that is decided but not made."""

    file: SiteFile
    changes: tuple[Change, ...]
    material: MaterialPlan
    kept: Material
    """What is served now, or the key that the first certificate goes over."""
    versions: Mapping[str, str]
    """What it is made from besides the site: of our profiles, and of the servers that the exports are for."""
    files: tuple[File, ...]
    """All but key, certificate, bundle, record and site.toml."""
    group: int | None
    """Group id that may read the key."""
    differing: tuple[str, ...]
    """Names of the files that differ from those in force; empty where the material is made anew."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.material.new_certificate or self.differing)

    @property
    def why(self) -> tuple[str, ...]:
        """What changes, in words."""
        words = tell_why(self.material, self.changes)
        return words or tuple(f"{name} differs" for name in self.differing)


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


def deploy(run: Run, wish: Wish) -> Deployed:
    """Bring a wish into force, and return what came of it.

    Whatever fails for a reason of the operator's fails before the lock, and leaves no trace. Raises
    ServerRefusedError where a server refused, after everything is decided.
    """
    run = run.at(judge_place(run.registry, run.owners))
    before = look(run, run.owners)
    wish = with_names(run, before, wish)
    draft = make_draft(run, before, wish, run.clock())
    if run.dry_run or (draft.is_nothing and is_nothing_owed(run, before)):
        return Deployed(before, before, draft, changed=not draft.is_nothing, told=wish.told)
    with changing(run) as root:
        return deploy_locked(run, wish, root)._replace(told=wish.told)


def is_nothing_owed(run: Run, situation: Situation) -> bool:
    """Return whether nothing is left to do or to tidy of what an earlier run began, where something is in force."""
    only_reload = situation.deployed is None and situation.undo is None and not situation.waiting
    if not (situation.settled or (only_reload and not run.reload)):
        return False
    with open_folder(run.registry) as root:
        return not store.find_left(root, (situation.number, situation.undo))


def deploy_locked(run: Run, wish: Wish, root: Folder) -> Deployed:
    """Do the same in a registry that is open and locked."""
    now = run.clock()
    outcome = finish(run, root)
    before = look_at(root, run.owners)
    draft = make_draft(run, before, wish, now)
    if draft.is_nothing:
        refuse(run, outcome)
        return Deployed(before, before, draft, changed=False, outcome=outcome)
    number = store.next_number(root)
    files = _compose_all(run, number, before, draft, now)
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
    written = tuple(f"{path}/{file.name}" for file in files)
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
        withdraws=False,
        inputs=dict(draft.versions),
        sha256={file.name: store.digest(file.content) for file in files},
        before=store.digest(situation.text),
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


def make_draft(run: Run, situation: Situation, wish: Wish, now: datetime) -> Draft:
    """Return what the wish means here and now; raises SslutilError for what can't or mustn't be done."""
    from sslutil.host.accounts import find_group

    file = make_site(run, situation, wish)
    site = file.site
    served = situation.certificate
    kept = Material(wish.key) if wish.key else read_material(situation)
    decided = plan_material(site, served, now, new_key=wish.new_key, force=wish.force, has_key=bool(kept.key))
    if served is not None and not wish.replace:
        refuse_dropped(served.names, site.site.names, wish.cure or _cure(run, site))
    group = find_group(site.deploy.key_group)
    versions: dict[str, str] = {}
    if wish.kind == "order" and situation.record and not situation.edited:
        files = keep_files(situation)
        versions = situation.record.inputs
    else:
        versions = {"profiles": PROFILES_VERSION, **find_versions(site)}
        files = compose(site, run.registry, versions)
    changes = find_changes(situation.in_force.site, site) if situation.in_force else ()
    differing = () if decided.new_certificate else _differing(situation, files, kept, group)
    return Draft(file, changes, decided, kept, versions, tuple(files), group, differing)


def _cure(run: Run, site: Site) -> tuple[str, ...]:
    return (*run.words("certificate", "self-sign"), *(name.unicode for name in site.site.names), "--replace")


def _differing(situation: Situation, files: Iterable[File], kept: Material, group: int | None) -> tuple[str, ...]:
    """Return the names of the files of the generation in force that would not be there again, byte for byte."""
    fresh = {file.name: file.content for file in (*files, *key_files(kept, group))}
    served = {name: content for name, content in situation.files.items() if name not in {RECORD, SITE}}
    edited = set(situation.edited) - {RECORD}
    return tuple(
        sorted({name for name in fresh.keys() | served.keys() if fresh.get(name) != served.get(name)} | edited)
    )


def _prune(root: Folder, keep: int) -> None:
    """Remove old generations, never the one in force, the deployed, the one before, or the highest number."""
    numbers = store.read_numbers(root)
    current = store.read_link(root, CURRENT)
    parent = read_record(root, current).parent if current is not None else None
    needed = {current, parent, store.read_link(root, DEPLOYED), *numbers[-keep:]}
    store.prune(root, (number for number in needed if number is not None))
