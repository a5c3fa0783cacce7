"""Killed at each system call that changes the disk: nothing torn, nothing lost, and the next run ends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.crash.courses import EACH_SCENARIO, Course, told
from tests.crash.scenarios import RENEW, Lab, Scenario
from tests.crash.soundness import Tree, assert_sound, files, hidden, link, numbers, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from tests.conftest import Result
    from tests.crash.tracing import Tracer


@EACH_SCENARIO
def test_a_kill_at_any_moment_is_survived(
    scenario: Scenario, lab: Lab, tracer: Tracer, pytestconfig: pytest.Config
) -> None:
    """Whatever call kills it: old or new is in force, whole; questions answer; the next run leaves one sound end.

    Every day it is each fourth call.
    """
    course = Course(scenario, lab, tracer)
    for call in course.calls[:: 1 if pytestconfig.getoption("--full") else 4]:
        lab.restore("start")
        tracer.kill_at(call, scenario.argv)
        killed = lab.tree()
        with told(call):
            assert_sound(course.start, killed, texts=course.texts, keep=scenario.keep)
            assert_questions_answer(lab, killed)
        lab.keep("killed")
        for follow in (scenario.argv, RENEW):
            lab.restore("killed")
            if follow == RENEW:
                lab.mend()
            with told(call, follow):
                assert_finished(course, killed, lab.call(*follow), follow)


def assert_questions_answer(lab: Lab, killed: Tree) -> None:
    """Assert that questions answer what is in force, and change nothing."""
    for question in ("status", "history"):
        result = lab.call(question, "--json")
        assert 0 == result.status, result.stderr
        assert link(killed, "current") == json.loads(result.stdout)["generation"]
    assert killed == lab.tree()


def assert_finished(course: Course, killed: Tree, result: Result, follow: Sequence[str]) -> None:
    """Assert that the run after a kill has ended what was begun, or taken away what was not."""
    now = course.lab.tree()
    if follow == RENEW and link(killed, "current") is None:
        assert (3, killed) == (result.status, now), "nothing is in force yet, so there is nothing to renew"
        return
    assert result.status in {0, course.scenario.status}, result.stderr
    assert_sound(killed, now, texts=course.texts, keep=course.scenario.keep)
    assert set() == hidden(now)
    assert_one_end(course, killed, now, follow)
    assert_servers_know(course, now, follow)


def assert_one_end(course: Course, killed: Tree, now: Tree, follow: Sequence[str]) -> None:
    """Assert that what is in force is what the command makes, or, after another one, what was there before it."""
    begun = link(killed, "current") != link(course.start, "current")
    ends = {course.settings(course.end)}
    if follow == RENEW and not begun:
        ends = {course.settings(course.start)}
    if follow == RENEW and course.scenario.status:
        ends = {course.settings(course.start), course.settings(course.end)}
    assert course.settings(now) in ends
    number = link(now, "current")
    assert number is not None
    if course.scenario.argv == ("apply",):
        assert text(course.start) == text(now)
    else:
        assert files(now, number)["site.toml"].content == text(now)
    if follow != RENEW:
        assert len(numbers(course.end, "requests")) == len(numbers(now, "requests"))


def assert_servers_know(course: Course, now: Tree, follow: Sequence[str]) -> None:
    """Assert that servers were told what is in force and nothing else, and that `deployed` says so truly."""
    reloads = course.lab.reloads()
    number = link(now, "current")
    accepted = course.lab.accepts(now)
    if "--no-reload" in follow:
        assert course.told == reloads
        assert link(now, "deployed") is None
        return
    assert (number if accepted else None) == link(now, "deployed")
    if reloads:
        assert f"generations/{number:06d} {'accepted' if accepted else 'refused'}" == reloads[-1]
