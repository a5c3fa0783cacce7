"""A child's time is its own computing, and neither its limits nor its end reach its parent."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError
from sslutil.host.confinement import BROKEN, TOO_LARGE, TOO_LONG, ConfinedError, confined

if TYPE_CHECKING:
    from collections.abc import Callable

MANY_ROUNDS = 10**9
"""Of PBKDF2: several minutes inside C code, which no exception of Python's interrupts."""


def children() -> list[int]:
    """Return the children of this process, zombies included."""
    return [
        int(one)
        for task in Path("/proc/self/task").iterdir()
        for one in (task / "children").read_text(encoding="ascii").split()
    ]


def descriptors() -> dict[str, str]:
    """Return what is open here, by number, and where it leads."""
    opened = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            opened[link.name] = str(link.readlink())
    return opened


def reason_of(work: Callable[[], bytes], **limits: float) -> str:
    """Return why a work does not come to its end."""
    with pytest.raises(ConfinedError) as caught:
        confined(work, **limits)  # type: ignore[arg-type]
    return caught.value.reason


def test_leaving_python_is_a_fault_and_not_an_end() -> None:
    """What a library does to end a program ends the child alone, and is no result."""

    def crash() -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    assert BROKEN == reason_of(lambda: sys.exit(0))
    assert BROKEN == reason_of(lambda: os._exit(0))
    assert BROKEN == reason_of(crash)


def test_time_is_limited_inside_a_library() -> None:
    """A loop in C, in Python, and one that the child waits in, end soon."""

    def derive() -> bytes:
        return hashlib.pbkdf2_hmac("sha256", b"a", b"b", MANY_ROUNDS)

    def turn() -> bytes:
        while True:
            pass

    def wait() -> bytes:
        time.sleep(60)
        return b""

    for work, seconds in ((derive, 0.2), (turn, 0.2), (wait, 0.02)):
        begun = time.monotonic()
        assert TOO_LONG == reason_of(work, seconds=seconds)
        assert time.monotonic() - begun < 10


def test_a_busy_machine_is_no_fault_of_the_file() -> None:
    """Time that the child does not compute in counts a tenth: else an honest answer would fail on a loaded host."""

    def wait() -> bytes:
        time.sleep(0.6)
        return b"honest"

    assert b"honest" == confined(wait, seconds=0.2)


def test_memory_is_limited() -> None:
    """Python's own memory, and that of a library that aborts where it gets none."""
    assert TOO_LARGE == reason_of(lambda: bytes(64 << 20), memory=32 << 20)
    assert TOO_LARGE == reason_of(os.abort)
    assert b"enough" == confined(lambda: bytes(8 << 20)[:0] + b"enough", memory=32 << 20)


def test_no_child_is_left() -> None:
    """Whatever the ending, the child is reaped, and its pipe closed."""
    before = children()
    opened = len(descriptors())

    def refuse() -> bytes:
        raise MaterialError("no")

    def wait() -> bytes:
        time.sleep(9)
        return b""

    for work in (lambda: b"", refuse, lambda: sys.exit(1), wait):
        with suppress(ConfinedError, MaterialError):
            confined(work, seconds=0.05)
    assert before == children()
    assert opened == len(descriptors())


def test_no_process_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine gives no process, the reason says so, and the pipe is closed."""

    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    opened = len(descriptors())
    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(ConfinedError, match="resource temporarily unavailable"):
        confined(lambda: b"")
    assert opened == len(descriptors())


def test_the_limits_are_the_childs_alone() -> None:
    """The parent keeps its own limits, signals and timers."""
    limits = (resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)

    def state() -> list[object]:
        return [
            *map(resource.getrlimit, limits),
            signal.getsignal(signal.SIGINT),
            signal.getitimer(signal.ITIMER_REAL)[0] > 0,
            signal.getitimer(signal.ITIMER_PROF),
            signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        ]

    before = state()
    confined(lambda: b"")
    assert before == state()


def test_the_closed_standard_streams_of_a_daemon_are_no_obstacle() -> None:
    """Where the parent has no stdin, stdout or stderr, the pipe has one of their numbers, and survives."""
    text = (
        "import os\nfrom sslutil.host.confinement import confined\n"
        "os.closerange(0, 3)\nos._exit(0 if confined(lambda: b'done') == b'done' else 1)"
    )
    assert 0 == subprocess.run([sys.executable, "-c", text], timeout=30, check=False).returncode


def test_an_interruption_ends_the_child_too() -> None:
    """Ctrl-C while the child works: the parent goes its usual way, tidies once, and leaves nobody behind."""
    text = (
        "import os, time\nfrom sslutil.host.confinement import confined\n"
        "try:\n    confined(lambda: time.sleep(60) or b'', seconds=20)\n"
        "except KeyboardInterrupt:\n    print('interrupted')"
    )
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True) as started:
        task = Path(f"/proc/{started.pid}/task/{started.pid}/children")
        while not (child := task.read_text(encoding="ascii").split()):
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        assert "interrupted\n" == started.communicate(timeout=30)[0]
    assert not Path(f"/proc/{child[0]}").exists()
