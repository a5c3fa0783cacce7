"""Bring what is in force to its end: reload, settle, deploy, or undo. Whoever runs it, however often, the end is one.

The order of the calls is the design's own text; each step is safe to be killed after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.documents.site_file import parse_site
from sslutil.errors import RegistryError
from sslutil.facts import Refusal
from sslutil.registry import CURRENT, DEPLOYED, REFUSED_MARK, SITE, waiting_name
from sslutil.steps.situation import read_record
from sslutil.store import generations as store

if TYPE_CHECKING:
    from sslutil.disk import Folder, Owners

UNDONE = "undone"
OWED = "owed"
ACCEPTED = "accepted"
NOTHING = "nothing"


class Outcome(NamedTuple):
    """How it ended.

    The state is ACCEPTED, NOTHING (settled before), UNDONE (the former is in force) or OWED (in force, unaccepted).
    """

    state: str
    refused: int | None = None
    """The generation that a server refused."""
    refusal: Refusal | None = None


def sweep(root: Folder) -> None:
    """Remove what an interrupted run left, but for what belongs to an outcome that is still open."""
    store.sweep(root, (store.read_link(root, CURRENT), store.read_mark(root)))


class Finish:
    """One finishing of an open, locked registry."""

    def __init__(self, root: Folder, owners: Owners, *, reload: bool) -> None:
        """With `reload` false no server is told, and the reload is owed."""
        self.root = root
        self.owners = owners
        self.may_reload = reload
        self.refusal: Refusal | None = None

    def run(self) -> Outcome:
        """Return the outcome, after which nothing hidden is left and `current` is decided.

        A fault of the disk that comes after a refusal says both.
        """
        try:
            return self._run()
        except RegistryError as fault:
            if self.refusal is not None:
                command = " ".join(self.refusal.command)
                fault.message = f"{fault.message}, after a server had refused ({command}: {self.refusal.reason})"
            raise

    def _run(self) -> Outcome:
        root = self.root
        sweep(root)
        number = store.read_link(root, CURRENT)
        mark = store.read_mark(root)
        if number is None:
            return Outcome(NOTHING)
        if mark is not None:
            return self._undo(mark, None)
        if number == store.read_link(root, DEPLOYED):
            return Outcome(NOTHING)
        return self._bring_into_force(number)

    def _bring_into_force(self, number: int) -> Outcome:
        refusal = self._reload(number) if self.may_reload else None
        if self.may_reload and refusal is None:
            self._settle(number)
            store.flip(self.root, DEPLOYED, number)
            return Outcome(ACCEPTED)
        deployed = store.read_link(self.root, DEPLOYED)
        if refusal is not None and deployed is not None and not read_record(self.root, number).withdraws:
            store.write_mark(self.root, number)
            return self._undo(number, refusal)
        self._settle(number)
        store.remove_durably(self.root, DEPLOYED)
        return Outcome(OWED, number if refusal else None, refusal)

    def _undo(self, refused: int, refusal: Refusal | None) -> Outcome:
        """Undo a refused generation, unless the server refuses the former one too: then it was broken before."""
        root = self.root
        deployed = store.read_link(root, DEPLOYED)
        if store.read_link(root, CURRENT) == refused and deployed is not None:
            store.flip(root, CURRENT, deployed)
        number = store.read_link(root, CURRENT)
        again = self._reload(number) if self.may_reload and number is not None else None
        if again is None and number is not None and number != refused:
            if not self.may_reload:
                store.remove_durably(root, DEPLOYED)
            store.remove_durably(root, waiting_name(refused))
            store.remove_durably(root, REFUSED_MARK)
            if self.may_reload and deployed is None:
                store.flip(root, DEPLOYED, number)
            return Outcome(UNDONE, refused, refusal)
        if number != refused:
            store.flip(root, CURRENT, refused)
        store.remove_durably(root, DEPLOYED)
        last = self._reload(refused) if self.may_reload else None
        store.remove_durably(root, REFUSED_MARK)
        self._settle(refused)
        if last is None and self.may_reload:
            store.flip(root, DEPLOYED, refused)
            return Outcome(ACCEPTED)
        return Outcome(OWED, refused, last or again or refusal)

    def _settle(self, number: int) -> None:
        if store.read_waiting(self.root, number) is not None:
            store.settle(self.root, number, read_record(self.root, number).before)

    def _reload(self, number: int) -> Refusal | None:
        """Return the first refusal of the commands that this generation's own site names, or None: all accepted."""
        with store.open_generation(self.root, number) as folder:
            site = parse_site(folder.read(SITE, owners=self.owners), folder.path_of(SITE)).site
        if not site.deploy.reload:
            return None
        from sslutil.host.programs import run_program

        for argv in site.deploy.reload:
            ended = run_program(argv)
            if ended.fault:
                self.refusal = Refusal(argv, ended.fault, ended.output)
                return self.refusal
        return None
