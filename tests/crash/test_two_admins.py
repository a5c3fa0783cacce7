"""Two administrators at once: each certificate once, each with a number of its own, and nobody put out comes back."""

from __future__ import annotations

import contextlib
import fcntl
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crash.client_soundness import assert_clients, assert_ended, hidden_names, serials_of
from tests.crash.scenarios import SELF_SIGN, Lab
from tests.crash.soundness import read_tree
from tests.crash.test_clients import ANNA, BOB
from tests.crash.test_two_commands import LONGEST, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from tests.crash.soundness import Tree


def issue(lab: Lab, address: str, file: str) -> tuple[str, ...]:
    """Return the command that issues for somebody, into a file."""
    return ("client-auth", "issue", address, "--format", "pem", "--out", str(lab.folder / "out" / file))


def run_at_once(lab: Lab, environment: Mapping[str, str], lines: Sequence[Sequence[str]]) -> Tree:
    """Run commands at once, each of which has decided before any goes on; return what they made, all with success."""
    before = read_tree(lab.folder)
    lock = lab.registry / ".lock"
    with contextlib.ExitStack() as stack:
        with lock.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            children = [stack.enter_context(started(lab, environment, *argv)) for argv in lines]
            end = time.monotonic() + LONGEST
            while not all(waits_for(lock, child) for child in children):
                assert time.monotonic() < end
                time.sleep(0.01)
        ended = [(child.communicate(timeout=LONGEST)[1], child.returncode) for child in children]
    assert [0] * len(lines) == [status for _, status in ended], ended
    now = read_tree(lab.folder)
    assert_clients(before, now)
    assert_ended(now)
    assert set() == hidden_names(now)
    return now


def waits_for(lock: Path, child: subprocess.Popen[str]) -> bool:
    """Return whether a process has opened a lock, which it does right before it waits for it."""
    assert child.poll() is None, child.communicate()[1]
    with contextlib.suppress(FileNotFoundError):
        return lock in {each.readlink() for each in Path("/proc", str(child.pid), "fd").iterdir()}
    return False


@pytest.fixture(autouse=True)
def _site(lab: Lab) -> None:
    """Have a site, and a folder for what is handed over."""
    (lab.folder / "out").mkdir()
    lab.done(*SELF_SIGN)


def test_two_first_certificates(lab: Lab, environment: Mapping[str, str]) -> None:
    """There is one authority, and one certificate for each."""
    now = run_at_once(lab, environment, [issue(lab, ANNA, "a.pem"), issue(lab, BOB, "b.pem")])
    assert [1, 1] == [len(serials_of(now, who)) for who in (ANNA, BOB)]
    assert "registry/clients/000002" not in now
    assert {"out/a.pem", "out/b.pem"} <= now.keys()


def test_one_person_twice(lab: Lab, environment: Mapping[str, str]) -> None:
    """Who wishes the same for the same person a moment later finds that there is nothing to do."""
    now = run_at_once(lab, environment, [issue(lab, ANNA, "one.pem"), issue(lab, ANNA, "two.pem")])
    assert 1 == len(serials_of(now, ANNA))
    assert 1 == len({"out/one.pem", "out/two.pem"} & now.keys())


def test_one_comes_and_one_goes(lab: Lab, environment: Mapping[str, str]) -> None:
    """A certificate that is issued while another is revoked costs neither."""
    lab.done(*issue(lab, ANNA, "a.pem"))
    lab.done("client-auth", "--mode", "optional")
    now = run_at_once(lab, environment, [issue(lab, BOB, "b.pem"), ("client-auth", "revoke", ANNA)])
    assert [1, 1] == [len(serials_of(now, who)) for who in (ANNA, BOB)]
    assert b"revoked = " in now["registry/clients/roster.toml"].content


def test_two_go(lab: Lab, environment: Mapping[str, str]) -> None:
    """Two revocations at once are both in the list in force."""
    for who in (ANNA, BOB):
        lab.done(*issue(lab, who, f"{who}.pem"))
    lab.done("client-auth", "--mode", "optional")
    run_at_once(lab, environment, [("client-auth", "revoke", who) for who in (ANNA, BOB)])
    assert 2 == (lab.registry / "clients" / "roster.toml").read_text().count("revoked = ")
    assert "2 revoked" in lab.call("status").stdout


def test_one_goes_twice(lab: Lab, environment: Mapping[str, str]) -> None:
    """Of two who revoke the same person the second finds it done: there is one new list."""
    lab.done(*issue(lab, ANNA, "a.pem"))
    lab.done("client-auth", "--mode", "optional")
    now = run_at_once(lab, environment, [("client-auth", "revoke", ANNA)] * 2)
    assert b"revoked = " in now["registry/clients/roster.toml"].content
    assert 3 == len({path for path in now if re.fullmatch(r"registry/generations/\d{6}", path)})


def test_two_renew_one(lab: Lab, environment: Mapping[str, str]) -> None:
    """Two who renew the same certificate, one now and one with a day, put the old one out, and nobody else."""
    lab.done(*issue(lab, ANNA, "a.pem"))
    renew = ("client-auth", "renew", ANNA, "--format", "pem", "--out")
    now = run_at_once(
        lab, environment, [(*renew, str(lab.folder / "out" / f"{days}.pem"), "--overlap", days) for days in ("0", "14")]
    )
    assert 3 == len(serials_of(now, ANNA))
    assert 1 == now["registry/clients/roster.toml"].content.count(b"revoked = ")
    assert b"revoke_at" not in now["registry/clients/roster.toml"].content


@pytest.mark.full
def test_a_crowd(lab: Lab, environment: Mapping[str, str]) -> None:
    """Twenty at once get twenty certificates, by one authority."""
    people = [f"p{number}@example.org" for number in range(20)]
    now = run_at_once(lab, environment, [issue(lab, who, f"{who}.pem") for who in people])
    assert [1] * 20 == [len(serials_of(now, who)) for who in people]
    assert "registry/clients/000002" not in now
