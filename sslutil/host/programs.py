"""Other programs, run by absolute path, without a shell, with nothing of our environment, within a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import NamedTuple

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
RELOAD_SECONDS = 60.0
_OUTPUT_LIMIT = 4096


class Ended(NamedTuple):
    """How a program ended."""

    fault: str
    """Empty where it ended with status 0; else "exit status 1", "no answer in 60 s", "no such program"."""
    output: str
    """The last 4 KiB of what it printed on both streams, untrusted."""


def run_program(argv: tuple[str, ...], seconds: float = RELOAD_SECONDS) -> Ended:
    """Return how a program ended, which is killed with its whole process group when the time is up."""
    with open(os.memfd_create("output", os.MFD_CLOEXEC), "w+b") as output:  # a pipe that a daemon keeps open never ends
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as fault:
            return Ended(f"it can't be started: {(fault.strerror or str(fault)).lower()}", "")
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            return Ended(f"no answer in {seconds:g} s", _tail(output))
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        return Ended(_fault(status), _tail(output))


def _fault(status: int) -> str:
    if status == 0:
        return ""
    return f"exit status {status}" if status > 0 else f"killed by signal {-status}"


def _tail(output: object) -> str:
    descriptor = output.fileno()  # type: ignore[attr-defined]
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, _OUTPUT_LIMIT, max(0, size - _OUTPUT_LIMIT)).decode("utf-8", "replace").strip()
