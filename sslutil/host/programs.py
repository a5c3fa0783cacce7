"""Other programs, run by absolute path, without a shell, with nothing of our environment, within a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
RELOAD_SECONDS = 60.0
MOST_OUTPUT = 16 * 1024 * 1024
_OUTPUT_LIMIT = 4096
_PAUSE = 0.1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(NamedTuple):
    """How a program ended."""

    fault: str
    """Empty where it ended with status 0; else "exit status 1", "no answer in 60 s", "no such program"."""
    output: str
    """The last 4 KiB of what it printed on both streams, untrusted."""


def run_program(argv: tuple[str, ...], seconds: float = RELOAD_SECONDS) -> Ended:
    """Return how a program ended, which is killed with its whole process group when the time is up."""
    with open(os.memfd_create("output", os.MFD_CLOEXEC), "w+b") as output:  # a pipe that a daemon keeps open never ends
        child = None
        try:
            with _signals_deferred():
                child = _start(argv, output)
            ending = _wait(child, output, seconds)
        except OSError as fault:
            return Ended(f"it can't be started: {(fault.strerror or str(fault)).lower()}", "")
        finally:
            if child is not None and child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return Ended(ending, _tail(output))


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Let what asks us to end come afterwards: between fork and the end of Popen nobody could end the child."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
        for late in came:
            signal.raise_signal(late)


def _start(argv: tuple[str, ...], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


def _wait(child: subprocess.Popen[bytes], output: IO[bytes], seconds: float) -> str:
    """Return what was wrong, with the child ended or not; what it prints is kept in memory, and so bounded too."""
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        try:
            return _fault(child.wait(max(0, min(_PAUSE, left))))
        except subprocess.TimeoutExpired:
            if left <= 0:
                return f"no answer in {seconds:g} s"
            if os.fstat(output.fileno()).st_size > MOST_OUTPUT:
                return f"it printed more than {MOST_OUTPUT >> 20} MiB"


def _fault(status: int) -> str:
    if status == 0:
        return ""
    return f"exit status {status}" if status > 0 else f"killed by signal {-status}"


def _tail(output: IO[bytes]) -> str:
    descriptor = output.fileno()
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, _OUTPUT_LIMIT, max(0, size - _OUTPUT_LIMIT)).decode("utf-8", "replace").strip()
