"""An editor saves site.toml at each moment of a command: what was saved is never lost, and becomes pending."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

import pytest

from tests.crash.courses import told
from tests.crash.moments import Moment, watched
from tests.crash.scenarios import CSR_BIRTH, FIRST, NAME, SCENARIOS, Lab, Scenario
from tests.crash.soundness import Tree, files, hidden, link, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Result

MARK = "# an editor was here\n"
BY_HAND = f'version = 1\n{MARK}[site]\nnames = ["{NAME}"]\nhttp_port = 8081\n'
EDITS = {"another-name", "ports", "no-reload", "refused", "broken-before", "enable"}
ORDERS = {"renew", "csr", "undo", "owed", "prune"}
APPLIES = {"apply"}
EVERY_DAY = {"ports", "refused"}
SOME = 20
"""Every day, of the moments that are far from site.toml each one of so many."""


class Editor(Protocol):
    """Saves a text into a file, in one go or two."""

    def begin(self, path: Path, content: str) -> None:
        """Begin to save."""

    def end(self) -> None:
        """Have it saved."""


class Renaming:
    """Writes a new file beside the old one and renames it: vim, and most others."""

    def begin(self, path: Path, content: str) -> None:
        """Save at once."""
        fresh = path.with_name("site.toml~")
        fresh.write_text(content)
        fresh.replace(path)

    def end(self) -> None:
        """Do nothing more."""


class Truncating:
    """Empties the file and writes it anew: nano, and a shell's redirection."""

    def begin(self, path: Path, content: str) -> None:
        """Save at once."""
        path.write_text(content)

    def end(self) -> None:
        """Do nothing more."""


class Slow:
    """Empties the file, writes one half of it, and the other one a few calls later."""

    file: IO[str]
    rest: str = ""

    def begin(self, path: Path, content: str) -> None:
        """Write the first half."""
        half = len(content) // 2
        self.rest = content[half:]
        self.file = path.open("w")
        self.file.write(content[:half])
        self.file.flush()

    def end(self) -> None:
        """Write the second half."""
        self.file.write(self.rest)
        self.file.close()


class Saved(NamedTuple):
    """What came of a command during which an editor saved."""

    moment: Moment
    content: str
    result: Result
    unsafe: bool
    """Whether it was the one moment in which the design lets a save be lost."""


def is_window(last: Moment, now: Moment) -> bool:
    """Return whether a moment is the one between comparing and renaming."""
    compared = (last.name, last.arguments[0]) == ("lstat", "site.toml")
    return compared and now.name == "rename" and now.arguments[1] == "site.toml"


def record(lab: Lab, scenario: Scenario) -> list[Moment]:
    """Return the moments of a command, whose first run in this process makes some that no other makes."""
    lab.call(*scenario.argv)
    lab.restore("start")
    moments: list[Moment] = []
    with watched(moments.append):
        result = lab.call(*scenario.argv)
    assert scenario.status == result.status, result.stderr
    return moments


def run_with_save(lab: Lab, scenario: Scenario, editor: Editor, content: str, at: Moment) -> Result:
    """Run a command while an editor saves."""
    begun, ended = "", False

    def save(moment: Moment) -> None:
        nonlocal begun, ended
        if moment.number == at.number:
            editor.begin(lab.registry / "site.toml", content)
            begun = moment.name
        elif begun and not ended and moment.number >= at.number + 4:
            editor.end()
            ended = True

    with watched(save):
        result = lab.call(*scenario.argv)
    assert at.name == begun, f"saved at another moment, or not at all: {result}"
    if not ended:
        editor.end()
    return result


def each_save(lab: Lab, scenario: Scenario, make_editor: type[Editor], *, every: bool) -> Iterator[Saved]:
    """Yield what comes of a save at `every` moment of a command, or at those near to site.toml and a few more."""
    scenario.prepare(lab)
    lab.registry.mkdir(exist_ok=True)  # no editor saves where there is no folder
    lab.keep("start")
    site = lab.registry / "site.toml"
    content = site.read_text().replace("http_port = 80\n", f"http_port = 8081\n{MARK}") if site.exists() else BY_HAND
    moments = record(lab, scenario)
    near = {moment.number for moment in moments if "site.toml" in repr(moment.arguments) and moment.name != "write"}
    for moment in moments:
        number = moment.number
        if every or {number, number - 1} & near or number % SOME == 0:
            lab.restore("start")
            result = run_with_save(lab, scenario, make_editor(), content, moment)
            yield Saved(moment, content, result, number > 0 and is_window(moments[number - 1], moment))


@pytest.mark.parametrize("editor", [Renaming, Truncating, Slow], ids=lambda kind: kind.__name__.lower())
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(each, id=each.name, marks=() if each.name in EVERY_DAY else pytest.mark.full)
        for each in SCENARIOS
        if each.name in EDITS | ORDERS | APPLIES
    ],
)
def test_no_save_is_lost(scenario: Scenario, editor: type[Editor], lab: Lab, request: pytest.FixtureRequest) -> None:
    """Saved at any moment but one, a text stands in site.toml afterwards, and `apply` then takes it in."""
    lost = 0
    ends: list[Tree] = []
    for saved in each_save(lab, scenario, editor, every=request.config.getoption("--full")):
        with told(saved.moment, saved.result.stderr):
            assert saved.result.status in {0, 3, scenario.status}
            end = lab.tree()
            if saved.unsafe:
                lost += saved.content.encode() != text(end)
            else:
                assert saved.content.encode() == text(end)
                if public(end) not in ends:
                    ends.append(public(end))
                    lab.mend()
                    assert_taken_in(lab, scenario, saved.content)
    assert lost == (scenario.name in EDITS - {"refused"})


def public(tree: Tree) -> Tree:
    """Return what is the same in two runs that did the same."""
    random = (".key", ".crt", ".pem", "generation.toml", ".lock")
    return {path: entry for path, entry in tree.items() if not path.endswith(random)}


def assert_taken_in(lab: Lab, scenario: Scenario, content: str) -> None:
    """Assert that the saved text is pending, or in force where the command was one that takes it in; then apply it."""
    tree = lab.tree()
    number = link(tree, "current")
    assert number is not None
    in_force = files(tree, number)["site.toml"].content == content.encode()
    assert in_force <= (scenario.name in APPLIES)
    pending = json.loads(lab.call("status", "--json").stdout)["pending"]
    assert in_force or "site.http_port" in pending
    lab.done("apply", "--replace")
    after = lab.tree()
    number = link(after, "current")
    assert number == link(after, "deployed")
    assert number is not None
    assert content.encode() == text(after) == files(after, number)["site.toml"].content
    assert set() == hidden(after)


@pytest.mark.parametrize("scenario", [FIRST, pytest.param(CSR_BIRTH, marks=pytest.mark.full)], ids=str)
def test_a_site_that_is_written_during_the_first_run_is_kept(
    scenario: Scenario, lab: Lab, request: pytest.FixtureRequest
) -> None:
    """What somebody writes into the place of site.toml before it is born stays: as it is, or with the run's edits."""
    for saved in each_save(lab, scenario, Renaming, every=request.config.getoption("--full")):
        with told(saved.moment, saved.result.stderr):
            assert 0 == saved.result.status
            final = text(lab.tree()) or b""
            assert saved.unsafe or (MARK.encode() in final and b"http_port = 8081" in final)
