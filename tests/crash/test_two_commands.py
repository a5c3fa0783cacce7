"""Two commands at once: one waits, bounded, and then says who holds the lock; whatever the order, nothing is torn."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING

import pytest

from tests.accounts import REPOSITORY
from tests.crash.scenarios import NAME, SELF_SIGN, Lab
from tests.crash.soundness import (
    assert_whole_generation,
    assert_whole_request,
    files,
    hidden,
    keys,
    link,
    numbers,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LONGEST = 60
HELD = """#!/bin/sh
echo told >{folder}/told
read line <{folder}/release
"""


@contextlib.contextmanager
def started(lab: Lab, environment: Mapping[str, str], *argv: str) -> Iterator[subprocess.Popen[str]]:
    """Start sslutil in a process of its own, and see to it that it has ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "sslutil", *argv],
        cwd=REPOSITORY,
        env={**environment, "SSLUTIL_REGISTRY_PATH": str(lab.registry)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


class Holder:
    """A command that holds the lock, for its server does not answer until it is released."""

    def __init__(self, lab: Lab, child: subprocess.Popen[str], told: IO[str], release: IO[str]) -> None:
        """Return when the lock is held."""
        self.lab = lab
        self.child = child
        self._told, self._release = told, release
        assert "told\n" == told.readline()

    def release(self) -> None:
        """Let the server answer, now and whenever it is asked again, and wait for the command's good end."""
        self._release.write("done\n" * 10)
        self._release.flush()
        _, stderr = self.child.communicate(timeout=LONGEST)
        assert 0 == self.child.returncode, stderr


def open_pipe(path: Path, mode: str) -> IO[str]:
    """Return one end of a new pipe with a name, which holds the other end open too, so that no opening waits."""
    os.mkfifo(path)
    return os.fdopen(os.open(path, os.O_RDWR), mode, encoding="utf-8")


@pytest.fixture
def holder(lab: Lab, environment: Mapping[str, str]) -> Iterator[Holder]:
    """A running `configure ports`, which holds the lock."""
    lab.done(*SELF_SIGN)
    lab.edit("reload = []", f'reload = [["{lab.server}"]]')
    lab.done("apply")
    lab.server.write_text(HELD.format(folder=lab.folder))
    with (
        open_pipe(lab.folder / "told", "r") as told,
        open_pipe(lab.folder / "release", "w") as release,
        started(lab, environment, "configure", "ports", "--https-port", "8444") as child,
    ):
        yield Holder(lab, child, told, release)


def test_the_second_waits_no_longer_than_it_is_told(lab: Lab, holder: Holder) -> None:
    """After --wait it ends with status 5, names the holder's process and verb, and has changed nothing."""
    before = lab.tree()
    start = time.monotonic()
    result = lab.call("disable", "--wait", "0.3")
    assert 0.3 <= time.monotonic() - start < LONGEST
    assert 5 == result.status
    assert f"process {holder.child.pid} (configure ports) holds {lab.registry}/.lock" in result.stderr
    assert before == lab.tree()


@pytest.mark.usefixtures("holder")
def test_questions_do_not_wait(lab: Lab) -> None:
    """A question and a dry run take no lock."""
    for argv in (("status",), ("history",), ("export", "apache"), ("disable", "--dry-run")):
        lab.done(*argv)


def test_the_second_goes_on_when_the_first_has_ended(lab: Lab, holder: Holder, environment: Mapping[str, str]) -> None:
    """One that waits long enough does its work after the first one, upon what that one made."""
    with started(lab, environment, "disable") as second:
        holder.release()
        _, stderr = second.communicate(timeout=LONGEST)
    assert 0 == second.returncode, stderr
    tree = lab.tree()
    number = link(tree, "current")
    assert number == max(numbers(tree)) == link(tree, "deployed")
    settings = files(tree, number)["settings.toml"].content
    assert b"https_port = 8444" in settings
    assert b"enabled = false" in settings


def _served(lab: Lab) -> None:
    lab.done(*SELF_SIGN)


Pair = tuple["Callable[[Lab], None]", "Sequence[str]", "Sequence[str]"]
PAIRS: dict[str, Pair] = {
    "two first runs": (Lab.clear, SELF_SIGN, SELF_SIGN),
    "a request and a first run": (Lab.clear, ("csr", NAME), SELF_SIGN),
    "one request twice": (_served, ("csr",), ("csr",)),
    "two edits": (_served, ("disable",), ("configure", "ports", "--https-port", "8444")),
    "an edit and an order": (_served, ("disable",), ("certificate", "renew", "--force", "--new-key")),
}


@pytest.mark.parametrize("wait", ["30", "0"])
@pytest.mark.parametrize("races", [1, pytest.param(15, marks=pytest.mark.full)])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_a_race_has_no_loser(pair: Pair, races: int, wait: str, lab: Lab, environment: Mapping[str, str]) -> None:
    """Of two that start at once both do their work, or one is busy; the registry is whole, and nothing is left over."""
    prepare, *both = pair
    for _ in range(races):
        lab.clear()
        prepare(lab)
        before = lab.tree()
        with contextlib.ExitStack() as stack:
            children = [stack.enter_context(started(lab, environment, *argv, "--wait", wait)) for argv in both]
            stderr = [child.communicate(timeout=LONGEST)[1] for child in children]
        statuses = sorted(child.returncode for child in children)
        assert statuses in ([0, 0], [0, 5] if wait == "0" else [0, 0]), stderr
        now = lab.tree()
        current = link(now, "current")
        assert current == link(now, "deployed")
        assert current is not None
        assert files(now, current)["site.toml"].content == text(now)
        assert set() == hidden(now)
        assert keys(before) <= keys(now)
        assert_one_wish_once(lab, both, statuses)


def assert_one_wish_once(lab: Lab, both: list[Sequence[str]], statuses: list[int]) -> None:
    """Assert that what both wished was done once, and what each wished is in force where both did their work."""
    tree = lab.tree()
    current = link(tree, "current")
    assert current is not None
    settings = files(tree, current)["settings.toml"].content
    wished = {b"enabled = false" for argv in both if "disable" in argv}
    wished |= {b"https_port = 8444" for argv in both if "8444" in argv}
    assert statuses == [0, 5] or all(words in settings for words in wished)
    assert len(numbers(tree, "requests")) <= 1
    for number in numbers(tree):
        assert_whole_generation(tree, number)
    for number in numbers(tree, "requests"):
        assert_whole_request(tree, number)
