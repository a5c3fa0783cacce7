"""What the tests share does what it says: marks, environment, ports."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TESTS = """
import pytest

def test_plain():
    "It runs."

@pytest.mark.full
def test_long():
    "It runs with --full."

@pytest.mark.needs("sh", "no-such-program")
def test_needy():
    "It never runs."
    raise AssertionError
"""


def summary(folder: Path, *options: str, ci: str | None = None) -> str:
    """Run TESTS in a session of their own, and return the last lines of the answer."""
    file = folder / "test_inner.py"
    file.write_text(TESTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
    ours = ["-c", "pyproject.toml", "--rootdir", ".", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *ours, *options, str(file)],
        cwd=REPOSITORY,
        env=environment | ({"CI": ci} if ci else {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.partition("short test summary info")[2]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """A test that needs a program which is not there is skipped with its name, and a long one is deselected."""
    told = summary(tmp_path)
    assert "missing here: no-such-program" in told
    assert "1 passed, 1 skipped, 1 deselected" in told


def test_nothing_may_be_missing_in_ci(tmp_path: Path) -> None:
    """Where CI is true the same test is an error."""
    told = summary(tmp_path, ci="true")
    assert "missing here: no-such-program" in told
    assert "1 passed, 1 deselected, 1 error" in told


def test_long_tests_run_when_asked_for(tmp_path: Path) -> None:
    """With --full nothing is deselected."""
    assert "2 passed, 1 skipped" in summary(tmp_path, "--full")


def test_the_environment_is_clean(environment: dict[str, str], home: Path, registry: Path) -> None:
    """No variable of the developer's reaches a command; home and registry are the test's own."""
    assert [] == [name for name in os.environ if name.startswith(("SSLUTIL_", "XDG_"))]
    assert (str(home), str(registry)) == (environment["HOME"], environment["SSLUTIL_REGISTRY_PATH"])
    assert not registry.exists()
    assert [] == list(home.iterdir())


def test_ports_are_free_and_different(free_port: Callable[[], int]) -> None:
    """Each call gives another port."""
    assert 20 == len({free_port() for _ in range(20)})


def test_a_private_etc_is_private(private_etc: list[str], tmp_path: Path) -> None:
    """What a command writes to /etc is in the copy, for the next command too, and never on the machine."""
    name = f"/etc/sslutil-test-{os.getpid()}"
    subprocess.run([*private_etc, "touch", name], check=True, timeout=60)
    subprocess.run([*private_etc, "test", "-e", name], check=True, timeout=60)
    assert (tmp_path / name.lstrip("/")).exists()
    assert not os.path.lexists(name)
