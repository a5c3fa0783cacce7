"""Client certificates under kills and faults: none is out that nobody knows, no number twice, no list goes back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.crash.client_soundness import (
    PASSPHRASE,
    ROSTER,
    assert_clients,
    assert_ended,
    hidden_names,
    serials_of,
)
from tests.crash.courses import told
from tests.crash.power import Disk
from tests.crash.scenarios import RENEW, SELF_SIGN
from tests.crash.soundness import read_tree
from tests.crash.test_faults import ALIKE, SYNCED, errors_of
from tests.crash.tracing import changes_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.scenarios import Lab
    from tests.crash.soundness import Tree
    from tests.crash.tracing import Call, Tracer

ANNA, BOB, CARLA, DAVE, EVE = (f"{name}@example.org" for name in ("anna", "bob", "carla", "dave", "eve"))
PEM = ("--format", "pem", "--out")


class Case(NamedTuple):
    """A command, and what stands before it."""

    name: str
    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    out: str = ""
    """The last file that it writes for somebody."""
    days_ago: int = 0
    """When that was done which stands before it."""

    def argv(self, lab: Lab) -> tuple[str, ...]:
        """Return the command line."""
        return _fill(self.words, lab)


def _fill(words: tuple[str, ...], lab: Lab) -> tuple[str, ...]:
    return tuple(word.format(out=lab.folder / "out") for word in words)


def _issue(address: str) -> tuple[str, ...]:
    return ("client-auth", "issue", address, *PEM, f"{{out}}/{address}.pem")


REQUIRE, OPTIONAL = (("client-auth", "--mode", mode) for mode in ("require", "optional"))
TWO = (_issue(ANNA), _issue(BOB), REQUIRE)
ONE_OUT = (*TWO[:2], OPTIONAL, ("client-auth", "revoke", BOB))
RENEW_ANNA = ("client-auth", "renew", ANNA, *PEM, "{out}/new.pem", "--force", "--overlap")
SECOND = ("client-auth", "issue", BOB, "--passphrase-file", "{out}/passphrase", "--out", "{out}/bob.p12")
FIRST = Case("first", _issue(ANNA), out=f"{ANNA}.pem")
REVOKE = Case("revoke", ("client-auth", "revoke", ANNA), TWO)
CASES = (
    FIRST,
    Case("second", SECOND, TWO[:1], "bob.p12"),
    Case("list", ("client-auth", "issue", "--from", "{out}/people", *PEM, "{out}"), TWO, f"{EVE}.pem"),
    REVOKE,
    Case("revoke-second", REVOKE.words, ONE_OUT),
    Case("renew", (*RENEW_ANNA, "0"), TWO, "new.pem"),
    Case("renew-later", (*RENEW_ANNA, "1"), TWO, "new.pem"),
    Case("the-day-comes", RENEW, (*TWO, (*RENEW_ANNA, "1")), days_ago=2),
    Case("authority", ("client-auth", "ca", "renew", "--force"), ONE_OUT),
    Case("require", REQUIRE, TWO[:2]),
    Case("short-list", ("client-auth", "--crl-days", "7"), ONE_OUT),
    Case("list-is-due", RENEW, (*ONE_OUT, ("client-auth", "--crl-days", "7")), days_ago=6),
    Case("rollback", ("rollback", "2"), (*TWO, REVOKE.words, OPTIONAL)),
)
EACH = pytest.mark.parametrize(
    "case", [pytest.param(one, id=one.name, marks=() if one in {FIRST, REVOKE} else pytest.mark.full) for one in CASES]
)


def prepare(case: Case, lab: Lab) -> Tree:
    """Make what stands before a case, and return it."""
    out = lab.folder / "out"
    out.mkdir()
    (out / "people").write_text("".join(f"{address}\n" for address in (CARLA, DAVE, EVE)))
    (out / "passphrase").write_bytes(PASSPHRASE)
    (out / "passphrase").chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=case.days_ago)
        patch.setattr("sslutil.cli.options._now", lambda: then)
        for words in (SELF_SIGN, *case.before):
            lab.done(*_fill(words, lab))
    lab.keep("start")
    return read_tree(lab.folder)


def calls_of(case: Case, lab: Lab, tracer: Tracer) -> list[Call]:
    """Return the calls that change the disk; of the files of a generation its key stands for all."""
    traced = tracer.trace(case.argv(lab))
    assert 0 == traced.status, traced.stderr
    ended = read_tree(lab.folder)
    assert_ended(ended)
    assert not case.out or f"out/{case.out}" in ended
    calls = [call for call in changes_below(traced.calls, lab.folder) if not ALIKE.search(call.text)]
    assert calls
    return calls


@EACH
def test_a_kill_at_any_moment_is_survived(case: Case, lab: Lab, tracer: Tracer, pytestconfig: pytest.Config) -> None:
    """Whatever call kills it: what must hold holds, and the same command or the nightly renewal ends it.

    A kill before a sync leaves what one after it leaves, so those are left out; every day it is each fourth call.
    """
    start = prepare(case, lab)
    argv = case.argv(lab)
    calls = [call for call in calls_of(case, lab, tracer) if call.name not in SYNCED]
    for call in calls[:: 1 if pytestconfig.getoption("--full") else 4]:
        lab.restore("start")
        tracer.kill_at(call, argv)
        killed = read_tree(lab.folder)
        with told(call):
            assert_clients(start, killed)
        lab.keep("killed")
        for follow in dict.fromkeys((argv, RENEW)):
            lab.restore("killed")
            with told(call, follow):
                ended = finish(lab, killed, follow)
                left = {path for path in hidden_names(ended) if follow == argv or path.startswith("registry/")}
                assert set() == left
                assert follow != argv or not case.out or f"out/{case.out}" in ended


def finish(lab: Lab, before: Tree, argv: Sequence[str]) -> Tree:
    """Run a command after a kill or a fault, which must end well, and return what is there then."""
    result = lab.call(*argv)
    assert 0 == result.status, result.stderr
    ended = read_tree(lab.folder)
    assert_clients(before, ended)
    assert_ended(ended)
    return ended


@pytest.mark.full
@EACH
def test_a_fault_of_the_disk_is_survived(case: Case, lab: Lab, tracer: Tracer) -> None:
    """Whatever call fails: what must hold holds, and the same command does its work once the disk is well."""
    start = prepare(case, lab)
    argv = case.argv(lab)
    for index, call in enumerate(calls_of(case, lab, tracer)):
        errors = list(errors_of(call))
        lab.restore("start")
        traced = tracer.fail_at(call, errors[index % len(errors)], argv)
        failed = read_tree(lab.folder)
        with told(call, errors[index % len(errors)], traced.stderr):
            assert_clients(start, failed)
            assert set() == hidden_names(finish(lab, failed, argv))


@EACH
def test_a_power_loss_at_any_moment_is_survived(case: Case, lab: Lab, tracer: Tracer) -> None:
    """Whatever of the unsynced reached the disk: no file is out that the roster could forget; the next run ends it."""
    start = prepare(case, lab)
    argv = case.argv(lab)
    calls = changes_below(tracer.trace(argv, wide=True).calls, lab.folder)
    end = read_tree(lab.folder)
    seen: list[Tree] = []
    for tree in every_loss(lab, start, end, calls):
        if tree in seen:
            continue
        seen.append(tree)
        lab.restore("start")
        lab.write({path.removeprefix("registry/"): entry for path, entry in tree.items() if path != "registry"})
        finish(lab, read_tree(lab.folder), argv)
    assert len(seen) > 10


@EACH
def test_syncs_that_are_missing_are_noticed(case: Case, lab: Lab, tracer: Tracer) -> None:
    """Without the syncs of any one file or folder the run is found wanting: the proof would see them go."""
    start = prepare(case, lab)
    calls = changes_below(tracer.trace(case.argv(lab), wide=True).calls, lab.folder)
    end = read_tree(lab.folder)
    synced = {_synced(call) for call in calls if str(lab.registry) in _synced(call)}
    assert synced
    for place in synced:
        with told(place), pytest.raises((AssertionError, LookupError, ValueError)):
            every_loss(lab, start, end, [call for call in calls if place != _synced(call)])


def _synced(call: Call) -> str:
    """Return the path that a call syncs, or nothing."""
    return call.text.partition("<")[2] if call.name == "fsync" else ""


def every_loss(lab: Lab, start: Tree, end: Tree, calls: Sequence[Call]) -> list[Tree]:
    """Return what each power loss may leave of the registry, in which what must hold holds."""
    inner = {path.removeprefix("registry/"): entry for path, entry in start.items() if path.startswith("registry/")}
    disk = Disk(lab.folder, lab.registry.name, inner)
    out = str(lab.folder / "out")
    handed_over = False
    losses = []
    trees: list[Tree] = []
    for call in calls:
        if str(lab.registry) in call.place:
            disk.replay(call)
        handed_over |= call.name == "renameat" and out in call.place
        trees = [_as_lab(tree) for tree in disk.losses()]
        for tree in trees:
            with told(call):
                assert_clients(start, tree)
                assert not handed_over or tree[ROSTER].content.count(b"\n") == end[ROSTER].content.count(b"\n")
        losses += trees
    for tree in trees:
        assert _lasting(end) == _lasting(tree)
    assert [] == disk.needless
    return losses


def _lasting(tree: Tree) -> Tree:
    """Return the registry without what says who holds the lock."""
    return {path: entry for path, entry in tree.items() if re.match(r"registry/(?!\.lock$)", path)}


def _as_lab(tree: Tree) -> Tree:
    return {f"registry/{path}": entry for path, entry in tree.items()}


def test_what_must_hold_can_fail(lab: Lab) -> None:
    """The judge sees a certificate that the roster does not know, and a list that went back."""
    start = prepare(REVOKE, lab)
    lab.done(*REVOKE.words)
    now = read_tree(lab.folder)
    assert_clients(start, now)
    assert_ended(now)
    assert 1 == len(serials_of(now, ANNA))
    key = "registry/clients/000001/ca.key"
    half = now[f"out/{ANNA}.pem"]._replace(content=now[f"out/{ANNA}.pem"].content[:-9])
    for wrong in (
        {path: entry for path, entry in now.items() if path != ROSTER},
        now | {key: now[key]._replace(mode=0o644)},
        now | {"registry/ca.key": now[key]},
        now | {f"out/{BOB}.pem": half},
    ):
        with pytest.raises((AssertionError, ValueError)):
            assert_clients(start, wrong)
    with pytest.raises(AssertionError):
        assert_clients(now, start)
    lagging = now | {"registry/current": start["registry/current"]}
    with pytest.raises(AssertionError):
        assert_ended(lagging)
