"""What a changing verb wishes of the registry, and the site that comes of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from sslutil.documents.site_edit import edit_site
from sslutil.documents.site_file import SiteFile, render_site
from sslutil.errors import SettingError, SiteError, UsageError, command
from sslutil.names import parse_identities
from sslutil.plan import refuse_vanished
from sslutil.registry import CURRENT, SITE
from sslutil.site import Site, change, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sslutil.facts import Revocation
    from sslutil.steps.material import Material
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


Judged = TypeVar("Judged")


class Wish(NamedTuple):
    """What one command asks for."""

    kind: Literal["apply", "edit", "order"]
    edits: Mapping[str, Any] = MappingProxyType({})
    """TOML's values by dotted key: the command's own keys of the site."""
    new_key: bool = False
    force: bool = False
    replace: bool = False
    key: bytes = b""
    """PEM: the key that the first certificate goes over, instead of a new one."""
    material: Material | None = None
    """What is to be served as it is, instead of what would be made."""
    why: tuple[str, ...] = ()
    """Where that material comes from, in words, for the record."""
    answer: tuple[int, bytes] | None = None
    """A request's number, and the chain that answers it, to be kept in its folder."""
    stands_in: bool = False
    """Whether a self-signed certificate over a new key takes over until the authority's answer comes."""
    compromises: bool = False
    """Whether the key in force is to be marked as compromised, for ever."""
    revoke: tuple[Revocation, ...] = ()
    """Client certificates to be revoked."""
    plan: Mapping[int, datetime] = MappingProxyType({})
    """Days on which client certificates are to be revoked, by serial number."""
    passphrase: bytes | None = None
    """What unlocks the key of the client authority: secret."""
    unattended: bool = False
    """Whether nobody is there to mend what other authorities' files hold: then it stops nothing, as with an order."""
    lock_out: bool = False
    """Whether a choice is wanted that lets no client in."""
    cure: tuple[str, ...] = ()
    """The words of the command that drops names all the same."""
    told: tuple[str, ...] = ()
    """What is to be told of the wish itself."""

    def __repr__(self) -> str:
        """Return what may be told: no byte of a key, and no passphrase."""
        return f"Wish({self.kind}, {dict(self.edits)})"


def make_site(run: Run, situation: Situation, wish: Wish) -> SiteFile:
    """Return the site that the wish leads to; raises SslutilError for what can't or mustn't be taken."""
    file = _make_site(run, situation, wish)
    if not file.site.site.names:
        message = f"{situation.path_of_site} has no name, and a certificate stands for one at least"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"), key="site.names")
    return file


def _make_site(run: Run, situation: Situation, wish: Wish) -> SiteFile:
    if situation.in_force is None:
        return _first_site(run, situation, wish)
    if wish.kind == "order":
        return situation.in_force
    working = _working(situation)
    if wish.kind == "apply":
        refuse_vanished(situation.in_force.explicit, working.explicit, situation.pending)
        return working
    _refuse_pending(run, situation, wish)
    return _edit(working, wish, situation.path_of_site)


def _working(situation: Situation) -> SiteFile:
    if situation.fault:
        raise situation.fault
    if situation.working is None:
        message = f"{situation.path_of_site} is missing"
        cure = command("cp", f"{situation.registry}/{CURRENT}/{SITE}", situation.path_of_site)
        raise SiteError(message, cure)
    return situation.working


def _first_site(run: Run, situation: Situation, wish: Wish) -> SiteFile:
    if situation.fault:
        raise situation.fault
    if situation.working is None and wish.kind == "apply":
        message = f"{situation.path_of_site} is missing, and nothing is in force yet"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    wish = with_names(run, situation, wish)
    if situation.working is not None:
        return _edit(situation.working, wish, situation.path_of_site)
    site = _judged(lambda: change(Site(), wish.edits), wish)
    return SiteFile(render_site(site), site, frozenset(settings()))


def with_names(run: Run, situation: Situation, wish: Wish) -> Wish:
    """Return the wish with the names that it lacks: where nothing is in force, and none are given and none are written.

    A person is asked, once, before the lock; a script gets the machine's own name, with a sentence. Raises UsageError
    for an answer that is no name, and where there is nobody to ask and no name to take.
    """
    from sslutil.host.machine import full_name

    if situation.in_force or situation.fault or (situation.working is None and wish.kind == "apply"):
        return wish
    if "site.names" in wish.edits or (situation.working and situation.working.site.site.names):
        return wish
    offer = full_name()
    if run.ask:
        names = _judge_answer(run.ask("Which name do users type for this mail web server", offer or ""))
        return wish._replace(edits={**wish.edits, "site.names": names})
    if offer is None:
        message = "no name given, and this machine knows no full name of its own"
        raise UsageError(message, run.command("certificate", "self-sign", "mail.example.org"))
    told = f"no name was given, so it is this machine's own: {offer}"
    return wish._replace(edits={**wish.edits, "site.names": [offer]}, told=(told,))


def _judge_answer(answer: str) -> list[str]:
    try:
        return [name.unicode for name in parse_identities(answer.split())]
    except UsageError as fault:
        raise fault.cured_with(*fault.near) from None


def _edit(before: SiteFile, wish: Wish, path: str) -> SiteFile:
    return _judged(lambda: edit_site(before, wish.edits, path), wish)


def _judged(make: Callable[[], Judged], wish: Wish) -> Judged:
    """Return what `make` returns; a fault in a key that the command line gave is one of usage, same sentence."""
    try:
        return make()
    except SettingError as fault:
        if fault.key in wish.edits:
            raise UsageError(fault.message, fault.hint) from fault
        raise


def _refuse_pending(run: Run, situation: Situation, wish: Wish) -> None:
    others = [change for change in situation.pending if change.key not in wish.edits]
    if others:
        words = "; ".join(change.words for change in others)
        message = f"{situation.path_of_site} has edits that are not in force ({words})"
        raise SiteError(message, ways_out(run, situation))


def ways_out(run: Run, situation: Situation) -> str:
    """Return the two ways out of pending edits, a command line each."""
    undo = command("cp", f"{situation.registry}/{CURRENT}/{SITE}", situation.path_of_site)
    return f"{run.command('apply')}  # takes them in\n{undo}  # drops them"
