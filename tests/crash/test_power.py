"""The power fails after any call: what was not synced is gone, and what is in force is whole all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.courses import EACH_SCENARIO, Course, told
from tests.crash.power import Disk
from tests.crash.scenarios import FIRST, PORTS
from tests.crash.soundness import Tree, assert_sound, hidden
from tests.crash.test_kills import assert_finished
from tests.crash.tracing import changes_below

if TYPE_CHECKING:
    from tests.crash.scenarios import Lab, Scenario
    from tests.crash.tracing import Call, Tracer


@EACH_SCENARIO
def test_a_power_loss_at_any_moment_is_survived(scenario: Scenario, lab: Lab, tracer: Tracer) -> None:
    """Whatever of the unsynced reached the disk: old or new is in force, whole; the next run leaves one sound end."""
    course = Course(scenario, lab, tracer)
    calls = written_calls(course, lab, tracer)
    disk = Disk(lab.folder, lab.registry.name, course.start)
    seen: list[Tree] = []
    for call in calls:
        disk.replay(call)
        for number, tree in enumerate(disk.losses()):
            if tree in seen:
                continue
            seen.append(tree)
            with told(call, f"loss {number}"):
                assert_sound(course.start, tree, texts=course.texts, keep=scenario.keep)
                lab.restore("start")
                course.told = lab.forget_reloads()
                lab.write(tree)
                assert_finished(course, tree, lab.call(*scenario.argv), scenario.argv)
    assert len(seen) > 2 * len(calls) / 3
    assert_lasting(course, disk)


@EACH_SCENARIO
def test_syncs_are_as_few_as_they_can_be(scenario: Scenario, lab: Lab, tracer: Tracer) -> None:
    """No sync is needless, and the rename over `current` is synced at once, after everything else was."""
    course = Course(scenario, lab, tracer)
    calls = written_calls(course, lab, tracer)
    disk = Disk(lab.folder, lab.registry.name, course.start)
    for call, following in zip(calls, [*calls[1:], None], strict=True):
        if call.name == "renameat" and call.text.endswith('"current"'):
            assert following
            assert ("fsync", str(lab.registry)) == (following.name, following.text.partition("<")[2].rstrip(">"))
        disk.replay(call)
    assert [] == disk.needless


@pytest.mark.parametrize("scenario", [FIRST, pytest.param(PORTS, marks=pytest.mark.full)], ids=str)
def test_a_sync_that_is_missing_is_noticed(scenario: Scenario, lab: Lab, tracer: Tracer) -> None:
    """Without any one of its syncs the run is found wanting: so each is needed, and the proof would see it go."""
    course = Course(scenario, lab, tracer)
    calls = written_calls(course, lab, tracer)
    syncs = [index for index, call in enumerate(calls) if call.name == "fsync"]
    assert syncs
    for missing in syncs:
        with pytest.raises((AssertionError, LookupError, ValueError)):
            assert_every_loss_is_sound(course, calls[:missing] + calls[missing + 1 :])


def assert_every_loss_is_sound(course: Course, calls: list[Call]) -> None:
    """Assert that no power loss tears anything, and that what the run has done lasts when it has ended."""
    disk = Disk(course.lab.folder, course.lab.registry.name, course.start)
    for call in calls:
        disk.replay(call)
        for tree in disk.losses():
            assert_sound(course.start, tree, texts=course.texts, keep=course.scenario.keep)
    assert_lasting(course, disk)


def assert_lasting(course: Course, disk: Disk) -> None:
    """Assert that nothing of what the run has done can be lost any more."""
    for tree in disk.losses():
        left = hidden(tree) | {".lock"}
        kept = {path: entry for path, entry in lasting(tree).items() if path not in left}
        assert {path: entry for path, entry in lasting(course.end).items() if path not in left} == kept


def lasting(tree: Tree) -> Tree:
    """Return a tree without what says nothing of it: keys and certificates of one run differ from another's."""
    differing = {"server.key", "server.crt", "bundle.pem", "generation.toml", "request.key", "request.csr"}
    differing |= {"request.toml", ".lock"}
    return {
        path: entry._replace(content=b"") if path.rpartition("/")[2] in differing else entry
        for path, entry in tree.items()
    }


def written_calls(course: Course, lab: Lab, tracer: Tracer) -> list[Call]:
    """Return the command's calls, with every byte that it writes."""
    lab.restore("start")
    return changes_below(tracer.trace(course.scenario.argv, wide=True).calls, lab.folder)
