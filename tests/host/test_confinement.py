"""A child that works on what strangers sent: what it may, what it has, and that it never outlives its time."""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, SslutilError, UsageError
from sslutil.host.confinement import BROKEN, TOO_LARGE, TOO_LONG, ConfinedError, confined

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20
LIBC = ctypes.CDLL(None)


def children() -> set[int]:
    """Return the children of this process, those that nobody has reaped among them."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return {int(number) for number in found}


@pytest.fixture(autouse=True)
def _leaves_nobody() -> object:
    """Hold that no child is left, alive or dead, and no descriptor."""
    before = children(), open_descriptors()
    yield
    assert before == (children(), open_descriptors())


def loop() -> bytes:
    """Work in Python without an end."""
    while True:
        pass


def compute() -> bytes:
    """Work inside a library without an end, where no Python is run."""
    return hashlib.pbkdf2_hmac("sha256", b"x", b"y", 1_000_000_000)


def sleep() -> bytes:
    """Wait inside a library without an end."""
    LIBC.sleep(60)
    return b""


def fill() -> bytes:
    """Take 400 MiB."""
    return bytes(400 * MIB)


def fill_outside() -> bytes:
    """Take memory outside Python, and end as libraries do that get none."""
    LIBC.malloc.restype = ctypes.c_void_p
    if not LIBC.malloc(ctypes.c_size_t(400 * MIB)):
        LIBC.abort()
    return b"there was memory"


def crash() -> bytes:
    """Read where nothing is."""
    return ctypes.string_at(0)


def fail() -> bytes:
    """Fail in a way of our own making."""
    return bytes([int("no number, but a secret")])


class TestReturned:
    """What comes back."""

    @pytest.mark.parametrize("size", [0, 1, 70_000, 8 * MIB])
    def test_bytes(self, size: int) -> None:
        """The bytes that the work returns come back whole."""
        assert b"x" * size == confined(lambda: b"x" * size)

    @pytest.mark.parametrize("kind", [MaterialError, UsageError, SslutilError])
    def test_refusal(self, kind: type[SslutilError]) -> None:
        """An error of ours comes back as the same class with its sentences."""

        def refuse() -> bytes:
            raise kind("ünd so: it is not", "sslutil status").cured_with("--force")

        with pytest.raises(kind) as refused:
            confined(refuse)
        assert kind is type(refused.value)
        assert ("ünd so: it is not", "sslutil status", ("--force",)) == (
            refused.value.message,
            refused.value.hint,
            refused.value.added,
        )

    def test_too_much(self) -> None:
        """A reply without measure is not read to its end."""
        with pytest.raises(ConfinedError, match=BROKEN):
            confined(lambda: b"x" * (20 * MIB))


FAULTS: list[tuple[Callable[[], bytes], str]] = [
    (loop, TOO_LONG),
    (compute, TOO_LONG),
    (sleep, TOO_LONG),
    (fill, TOO_LARGE),
    (fill_outside, TOO_LARGE),
    (crash, BROKEN),
    (fail, BROKEN),
]


@pytest.mark.parametrize(("work", "reason"), FAULTS, ids=[work.__name__ for work, _ in FAULTS])
def test_fault(work: Callable[[], bytes], reason: str) -> None:
    """Each way not to come to an end is told, within its time, inside a library of C too."""
    begun = time.monotonic()
    with pytest.raises(ConfinedError) as fault:
        confined(work, seconds=0.1)
    assert reason == fault.value.reason
    assert time.monotonic() - begun < 5
    assert "secret" not in str(fault.value)


def test_fault_of_ours() -> None:
    """A fault of our own tells its kind and its line, and no value."""
    with pytest.raises(ConfinedError, match=r"^can't be read \(ValueError at .*test_confinement\.py:\d+\)$"):
        confined(fail)


def ask(question: Callable[[], object]) -> object:
    """Return what a question gets for an answer in the child."""
    return json.loads(confined(lambda: json.dumps(question()).encode()))


class TestGiven:
    """What the child has: nothing but its work."""

    def test_descriptors(self, tmp_path: Path) -> None:
        """No file that is open here is open there, the lock among them; the standard three lead nowhere."""
        with (tmp_path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            opened = ask(lambda: [str(Path(f"/proc/self/fd/{number}").readlink()) for number in open_descriptors()])
            assert isinstance(opened, list)
            assert ["/dev/null"] * 3 == opened[:3]
            assert 1 == len(opened[3:])
            assert opened[3].startswith("pipe:")
            with (tmp_path / "lock").open("w") as other, pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_limits(self) -> None:
        """It can write no file, leave no core and start no other, as far as the system holds it to that."""
        names = (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC)

        assert [[0, 0]] * 3 == ask(lambda: [resource.getrlimit(name) for name in names])

    def test_dies_with_us(self) -> None:
        """A child whose parent is killed does not go on."""
        script = (
            "import ctypes, os\n"
            "from sslutil.host.confinement import confined\n"
            "def work():\n"
            "    ctypes.CDLL(None).sleep(60)\n"
            "real = os.fork\n"
            "def fork():\n"
            "    child = real()\n"
            "    if child: print(child, flush=True)\n"
            "    return child\n"
            "os.fork = fork\n"
            "confined(work, seconds=60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout
            child = int(parent.stdout.readline())
            time.sleep(0.2)
            parent.kill()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and is_alive(child):
            time.sleep(0.02)
        assert not is_alive(child)

    def test_nothing_is_flushed_twice(self, tmp_path: Path) -> None:
        """What waits in a buffer here is not written by the child too, nor is anything tidied that is ours."""
        script = (
            "import atexit, sys\n"
            "from sslutil.host.confinement import confined\n"
            "atexit.register(print, 'end')\n"
            "sys.stdout.write('waits ')\n"
            "confined(lambda: b'')\n"
        )
        with (tmp_path / "out").open("w") as out:
            subprocess.run([sys.executable, "-c", script], stdout=out, check=True, timeout=60)
        assert "waits end\n" == (tmp_path / "out").read_text(encoding="ascii")


def open_descriptors() -> list[int]:
    """Return the numbers that are open."""
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def is_alive(number: int) -> bool:
    """Return whether there is such a process, other than one that nobody has reaped."""
    try:
        return " Z " not in Path(f"/proc/{number}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False


class TestInterrupted:
    """A person gives up."""

    def test_interrupt(self) -> None:
        """The child ends with it, at once, and is reaped."""
        before = children()
        signal.setitimer(signal.ITIMER_REAL, 0)
        old = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begun = time.monotonic()
        try:
            with pytest.raises(KeyboardInterrupt):
                confined(sleep, seconds=30)
        finally:
            signal.signal(signal.SIGALRM, old)
        assert time.monotonic() - begun < 5
        assert before == children()

    def test_signal_mask(self) -> None:
        """Afterwards signals arrive as before."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        confined(bytes)
        assert before == signal.pthread_sigmask(signal.SIG_BLOCK, ())


def interrupt(*_: object) -> None:
    """Raise what ctrl-C raises."""
    raise KeyboardInterrupt


def test_no_descriptor_for_nothing() -> None:
    """Work that reads its file from memory needs no descriptor."""
    content = io.BytesIO(b"abc")

    assert b"abc" == confined(content.read)
