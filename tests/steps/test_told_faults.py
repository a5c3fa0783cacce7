"""A fault of the disk in the middle of a change: the answer says truly what is in force, and what ends it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.crash.moments import Moment, watched
from tests.crash.scenarios import RENEW, SELF_SIGN, Lab
from tests.crash.soundness import hidden
from tests.steps.served import ACCEPTED, REFUSED, serve, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Call, Result


class Fault(NamedTuple):
    """One call that fails, and what is to be said of it."""

    argv: tuple[str, ...]
    name: str
    argument: str
    """The last of the call's arguments that is a text."""
    told: str
    in_force: tuple[int | None, int | None]
    """The generation in force, and the accepted one."""


NOT_ACCEPTED = "generation 3 is in force, but not every server has accepted it"
REFUSING = "exit status 1); "
FAULTS = {
    "sealing": Fault(ACCEPTED, "rename", "000003", "; generation 2 stays in force", (2, 2)),
    "flipping": Fault(ACCEPTED, "rename", "current", "; generation 2 stays in force", (2, 2)),
    "settling": Fault(ACCEPTED, "rename", "site.toml", f"; {NOT_ACCEPTED}", (3, 2)),
    "deploying": Fault(ACCEPTED, "rename", "deployed", f"; {NOT_ACCEPTED}", (3, 2)),
    "marking": Fault(REFUSED, "open", ".refused.new", f"{REFUSING}{NOT_ACCEPTED}", (3, 2)),
    "going back": Fault(
        REFUSED,
        "symlink",
        ".current.new",
        f"{REFUSING}generation 3 is in force, and its undo is not finished",
        (3, 2),
    ),
    "forgetting the text": Fault(
        REFUSED,
        "unlink",
        ".site.toml.3",
        f"{REFUSING}generation 2 is in force, and the undo of generation 3 is not finished",
        (2, 2),
    ),
}


@pytest.fixture
def lab(tmp_path: Path, sslutil_call: Call) -> Lab:
    """A registry whose generation 2 is in force, and a server that accepts it and refuses port 8443."""
    folder = tmp_path / "lab"
    folder.mkdir()
    return serve(Lab(folder, sslutil_call))


def call_failing(lab: Lab, argv: tuple[str, ...], fails: Callable[[Moment], bool]) -> Result:
    """Run a command while the last call for which `fails` is true, in a run of it, fails for want of a sound disk."""
    lab.keep("start")
    moments: list[Moment] = []
    with watched(moments.append):
        lab.call(*argv)
    last = [moment for moment in moments if fails(moment)][-1]
    lab.restore("start")

    def failing(moment: Moment) -> None:
        if moment.number == last.number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with watched(failing):
        return lab.call(*argv)


def concerns(name: str, argument: str) -> Callable[[Moment], bool]:
    """Return whether a moment is that of this call."""
    return lambda moment: (moment.name, _texts(moment)[-1:]) == (name, [argument])


def _texts(moment: Moment) -> list[str]:
    return [argument for argument in moment.arguments if isinstance(argument, str)]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_what_is_in_force_is_told(fault: Fault, lab: Lab) -> None:
    """One sentence has the call that failed, what a server said, and what is in force; the next run ends it."""
    lab.call(*fault.argv)  # in this process the first run of a command makes calls of its own
    lab.clear()
    serve(lab)
    result = call_failing(lab, fault.argv, concerns(fault.name, fault.argument))
    assert 4 == result.status
    sentence, *hints = result.stderr.splitlines()
    assert "input/output error" in sentence
    assert sentence.endswith(fault.told)
    assert fault.in_force == state(lab)
    begun = fault.in_force != (2, 2) or "undo" in fault.told
    assert begun == any("sslutil certificate renew" in hint for hint in hints)
    assert lab.call(*RENEW).status in {0, 9}
    current, deployed = state(lab)
    assert current == deployed
    assert set() == hidden(lab.tree())


def test_nothing_in_force(lab: Lab) -> None:
    """Where nothing is in force yet, it says so."""
    lab.clear()
    result = call_failing(lab, SELF_SIGN, concerns("rename", "current"))
    assert 4 == result.status
    assert result.stderr.splitlines()[0].endswith("; nothing is in force yet")
    lab.done(*SELF_SIGN)


def test_after_all_is_done(lab: Lab) -> None:
    """A fault of the last step, pruning, says that the change is in force all the same."""
    lab.edit("keep = 10", "keep = 1")
    lab.done("apply")
    result = call_failing(lab, (*RENEW, "--force"), concerns("rename", ".000002"))
    assert 4 == result.status
    assert result.stderr.splitlines()[0].endswith("; generation 4 is in force all the same")
    assert (4, 4) == state(lab)


def test_a_refusal_counts_more_than_pruning(lab: Lab) -> None:
    """Where a server has refused and pruning then fails, the refusal is what is told."""
    lab.edit("keep = 10", "keep = 1")
    lab.done("apply")
    assert 9 == lab.call(*REFUSED).status
    result = call_failing(lab, REFUSED, concerns("rmdir", ".000004"))
    assert 9 == result.status
    assert "a server refused generation 5" in result.stderr
