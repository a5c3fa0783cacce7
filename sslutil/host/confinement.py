"""Work on what strangers sent, in a forked child: bounded in time and memory, inside a library of C or Rust too."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import time
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from sslutil import errors
from sslutil.errors import SslutilError

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 1.5
"""Of the child's own computing: an honest answer takes some hundredths of one, however busy the machine is."""
MEMORY = 48 * 1024 * 1024
"""Bytes of address space above what the parent has already."""
LONGEST_REPLY = 12 * 1024 * 1024
TOO_LONG, TOO_LARGE, BROKEN = "takes too long to read", "needs too much memory to be read", "can't be read"
_PATIENCE = 10
"""How many times longer a child may take that the machine lets wait; on an idle one both clocks run alike."""
_GRACE = 0.2
_WITHOUT_PROC = 512 * 1024 * 1024
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG, prctl(2)."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DONE, _REFUSED, _FAILED, _FULL = b"D", b"R", b"F", b"M"
_REASONS = {signal.SIGPROF: TOO_LONG, signal.SIGALRM: TOO_LONG, signal.SIGXCPU: TOO_LONG, signal.SIGABRT: TOO_LARGE}
"""What an ending tells: a library of Rust or C that gets no memory aborts."""


class ConfinedError(Exception):
    """The child did not come to an end: `reason` is TOO_LONG, TOO_LARGE or BROKEN, for the caller's own sentence."""

    def __init__(self, reason: str, place: str = "") -> None:
        """`place` is the kind of a fault of ours and the line where it happened, without any value."""
        super().__init__(f"{reason} ({place})" if place else reason)
        self.reason = reason
        self.place = place


def confined(work: Callable[[], bytes], *, seconds: float = SECONDS, memory: int = MEMORY) -> bytes:
    """Return what `work` returns, done by a child that has no file, no terminal and no lock.

    `seconds` are of computing, or ten times as many of real time; `memory` is in bytes, beyond what is in use here. An
    SslutilError that `work` raises is raised here; ConfinedError says that it did not come so far.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # till the child has none of our ways to end
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of 3.12, about other threads
            child = os.fork()
    except OSError as fault:
        os.close(reader)
        os.close(writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise ConfinedError(BROKEN, (fault.strerror or str(fault)).lower()) from fault
    if child == 0:
        _live(work, writer, parent, seconds, memory)
    ending = 0
    try:
        os.close(writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        reply = _read(reader, time.monotonic() + seconds * _PATIENCE + _GRACE)
    finally:
        ending = _end(child)
        os.close(reader)
    return _judge(reply, ending)


def _live(work: Callable[[], bytes], writer: int, parent: int, seconds: float, memory: int) -> NoReturn:
    """Be the child: whatever happens, end by a signal, so that nothing of the parent's is flushed or tidied twice."""
    reply = b""
    try:
        writer = _confine(writer, parent, seconds, memory)
        reply = _DONE + work()
    except SslutilError as refusal:
        told = (type(refusal).__name__, refusal.message, refusal.hint, refusal.added)
        reply = _REFUSED + json.dumps(told).encode()
    except MemoryError:
        reply = _FULL
    except BaseException as fault:  # noqa: BLE001  its words may hold what was read
        reply = _FAILED + _locate(fault).encode()
    finally:
        with suppress(OSError):
            _write(writer, reply)
        while True:
            os.kill(os.getpid(), signal.SIGKILL)


def _locate(fault: BaseException) -> str:
    trace, place = fault.__traceback__, ""
    while trace:
        place = f"{trace.tb_frame.f_code.co_filename.rpartition('/sslutil/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(fault).__name__} at {place}"


def _confine(writer: int, parent: int, seconds: float, memory: int) -> int:
    """Give up all that a child of ours has, but the pipe, whose number is returned."""
    for number in (*_ENDING, signal.SIGPROF, signal.SIGALRM, signal.SIGXCPU, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # their default action needs no Python to act
    signal.setitimer(signal.ITIMER_REAL, seconds * _PATIENCE)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _die_with(parent)
    writer = _keep_only(writer)
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_AS, _address_space() + memory),
    )
    for limit, value in limits:
        _, most = resource.getrlimit(limit)
        lower = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (lower, lower))
    return writer


def _die_with(parent: int) -> None:
    """Have the system kill this child when its parent dies; where there is no such call, the alarm does it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before
        os.kill(os.getpid(), signal.SIGKILL)


def _keep_only(writer: int) -> int:
    """Close every descriptor but one, the registry's lock among them; the standard three lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    kept = os.dup(writer)
    while kept <= 2:  # noqa: PLR2004  the standard three were closed in the parent
        kept = os.dup(kept)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, kept)
    os.closerange(kept + 1, max(os.sysconf("SC_OPEN_MAX"), kept + 1))
    return kept


def _address_space() -> int:
    """Return the bytes of address space in use: that is what the limit counts, not what is resident."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return _WITHOUT_PROC


def _write(descriptor: int, reply: bytes) -> None:
    rest = memoryview(len(reply).to_bytes(8) + reply)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int, deadline: float) -> bytes:
    """Return what the child wrote, as one that is whole is marked by its length; empty where it is not whole."""
    reply = bytearray()
    while len(reply) <= LONGEST_REPLY:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        part = os.read(descriptor, 1 << 16) if ready else b""
        if not part:
            break
        reply += part
    return bytes(reply[8:]) if len(reply) - 8 == int.from_bytes(reply[:8]) else b""


def _end(child: int) -> int:
    """Kill and reap the child, and nothing else; return the signal that it ended by."""
    ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _judge(reply: bytes, ending: int) -> bytes:
    kind, rest = reply[:1], reply[1:]
    if kind == _DONE:
        return rest
    if kind == _REFUSED:
        name, message, hint, added = json.loads(rest)
        refused: type[SslutilError] = getattr(errors, name)
        raise refused(message, hint).cured_with(*added)
    if kind == _FULL:
        raise ConfinedError(TOO_LARGE)
    if kind == _FAILED:
        raise ConfinedError(BROKEN, rest.decode("utf-8", "replace"))
    raise ConfinedError(_REASONS.get(signal.Signals(-ending), BROKEN) if ending < 0 else BROKEN)
