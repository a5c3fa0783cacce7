"""A full, broken or read-only disk at each system call: one true sentence, status 4, and the next run succeeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.crash.courses import Course, told
from tests.crash.scenarios import FIRST, SCENARIOS
from tests.crash.soundness import Tree, assert_sound, hidden, link
from tests.crash.test_kills import assert_finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.scenarios import Lab, Scenario
    from tests.crash.tracing import Call, Traced, Tracer

ERRORS = {
    "EIO": "input/output error",
    "ENOSPC": "no space left on device",
    "EROFS": "read-only file system",
}
SYNCED = {"fsync", "fdatasync"}
WRITTEN = {"write", "pwrite64"}
ALIKE = re.compile(r'/\.\d{6}(/|>, ")(?!server\.key)\w')
"""A call for any file of a generation but the key: each is written by the same lines."""


def errors_of(call: Call) -> Iterator[str]:
    """Yield what a disk may answer to a call."""
    yield "EIO"
    if call.name not in {"unlinkat", "fchmod", "ftruncate"}:
        yield "ENOSPC"
    if call.name not in SYNCED | WRITTEN:
        yield "EROFS"


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(each, id=each.name, marks=() if each is FIRST else pytest.mark.full) for each in SCENARIOS],
)
def test_a_fault_of_the_disk_is_told_and_survived(
    scenario: Scenario, lab: Lab, tracer: Tracer, request: pytest.FixtureRequest
) -> None:
    """Whatever call fails: the registry is sound, the answer says what is in force, the next run does the work.

    Every day each call fails in one way, and of the files of a generation one stands for all.
    """
    course = Course(scenario, lab, tracer)
    everything = request.config.getoption("--full")
    for index, call in enumerate(call for call in course.calls if everything or not ALIKE.search(call.text)):
        errors = list(errors_of(call))
        for error in errors if everything else [errors[index % len(errors)]]:
            lab.restore("start")
            traced = tracer.fail_at(call, error, scenario.argv)
            failed = lab.tree()
            with told(call, error, traced.stderr):
                assert_sound(course.start, failed, texts=course.texts, keep=scenario.keep)
                assert_told(course, lab, failed, traced, error)
                assert_finished(course, failed, lab.call(*scenario.argv), scenario.argv)


def assert_told(course: Course, lab: Lab, failed: Tree, traced: Traced, error: str) -> None:
    """Assert that the answer is one sentence that names the path and the fault, and says truly what is in force."""
    assert traced.status in {4, course.scenario.status} - {0}
    assert not traced.stdout
    first, *others = traced.stderr.splitlines()
    assert first.startswith("sslutil: error: ")
    sentence = first.removeprefix("sslutil: error: ")
    assert re.match(r"[a-z].*[^.]$", sentence)
    assert not [line for line in others if "error" in line or "Traceback" in line]
    if traced.status != 4:
        return
    assert f"{lab.registry}" in sentence or f"{lab.folder}:" in sentence
    assert ERRORS[error] in sentence
    if "/.lock: " in sentence:  # nothing is begun yet, and nothing to be said of it
        return
    before, number = link(course.start, "current"), link(failed, "current")
    undo = ".refused" in failed
    if number is None:
        assert sentence.endswith(("; nothing is in force yet", ERRORS[error]))
    elif number != before or undo:
        assert f"generation {number} is in force" in sentence
        assert [line for line in others if "certificate renew" in line]
    else:
        assert f"generation {number} stays in force" in sentence
    if number == before and not undo:
        assert set() == hidden(failed)
