"""Signals in the middle of the work: the status of the signal, nothing half-done, and a sound registry."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import NAME
from tests.conftest import Result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Call

ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
RELOAD = """#!/bin/sh
[ -e {folder}/hang ] || exit 0
echo $$ > {folder}/pid
echo > {folder}/started
exec sleep 60
"""


def interrupted(argv: list[str], number: signal.Signals, environment: dict[str, str], started: Path) -> Result:
    """Run sslutil, send it a signal once `started` gives its word, and return what it answered."""
    child = subprocess.Popen(
        [sys.executable, "-m", "sslutil", *argv],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started.open() as word:  # blocks until the other end is opened
        word.read()
    child.send_signal(number)
    stdout, stderr = child.communicate(timeout=30)
    return Result(child.returncode, stdout, stderr)


@pytest.fixture
def slow_server(tmp_path: Path, registry: Path) -> Iterator[Path]:
    """A site whose reload gives its word through a FIFO, and then hangs; gives the FIFO."""
    fifo, program = tmp_path / "started", tmp_path / "reload"
    os.mkfifo(fifo)
    program.write_text(RELOAD.format(folder=tmp_path))
    program.chmod(0o755)
    registry.mkdir()
    (registry / "site.toml").write_text(
        f'version = 1\n[site]\nnames = ["{NAME}"]\n[deploy]\nreload = [["{program}"]]\n'
    )
    yield fifo
    # A signal that comes before the child's number is known leaves it: a window of microseconds in subprocess.
    with suppress(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(("number", "status"), ENDS.items(), ids=str)
def test_a_signal_while_a_server_hangs(
    number: signal.Signals, status: int, slow_server: Path, environment: dict[str, str], sslutil_call: Call
) -> None:
    """The command ends at once with the signal's status; what is in force is whole, and the next run finishes it."""
    registry, hang = slow_server.parent / "registry", slow_server.parent / "hang"
    assert 0 == sslutil_call("apply").status
    hang.touch()
    result = interrupted(["configure", "ports", "--https-port", "8443"], number, environment, slow_server)
    hang.unlink()
    assert status == result.status
    assert "Traceback" not in result.stderr
    assert ("sslutil: interrupted" == result.stderr.strip()) == (number == signal.SIGINT)
    assert "generations/000002" == (registry / "current").readlink().as_posix()
    assert 0 == sslutil_call("certificate", "renew").status
    assert "generations/000002" == (registry / "deployed").readlink().as_posix()
    assert "https_port = 8443" in (registry / "site.toml").read_text()
    assert {".lock"} == {path.name for path in registry.rglob(".*")}
