"""One command's course: from where it starts to where it ends when nobody disturbs it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.crash.scenarios import EVERY_DAY, SCENARIOS, Lab, Scenario
from tests.crash.soundness import Tree, files, link, numbers, text
from tests.crash.tracing import Tracer, changes_below

if TYPE_CHECKING:
    from collections.abc import Iterator

EACH_SCENARIO = pytest.mark.parametrize(
    "scenario",
    [pytest.param(each, id=each.name, marks=() if each in EVERY_DAY else pytest.mark.full) for each in SCENARIOS],
)
"""Every changing command; but for a few, with --full only."""


class Course:
    """One command, from where it starts to where it ends when nobody disturbs it."""

    def __init__(self, scenario: Scenario, lab: Lab, tracer: Tracer) -> None:
        """Prepare what stands before, run the command once, and remember both."""
        self.scenario = scenario
        self.lab = lab
        scenario.prepare(lab)
        lab.keep("start")
        self.start = lab.tree()
        self.told = lab.reloads()
        traced = tracer.trace(scenario.argv)
        assert scenario.status == traced.status, traced.stderr
        self.calls = changes_below(traced.calls, lab.folder)
        assert self.calls
        self.end = lab.tree()
        written = {entry["site.toml"].content for entry in (files(self.end, number) for number in numbers(self.end))}
        self.texts: set[bytes | None] = {text(self.start), *written}

    def settings(self, tree: Tree) -> bytes | None:
        """Return what servers are told in a tree."""
        number = link(tree, "current")
        return None if number is None else files(tree, number)["settings.toml"].content


@contextmanager
def told(*circumstances: object) -> Iterator[None]:
    """Say with a failed assertion in which case it failed."""
    try:
        yield
    except AssertionError as fault:
        fault.add_note(f"case: {', then '.join(str(part) for part in circumstances)}")
        raise
