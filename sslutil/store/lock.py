"""One command changes a registry at a time; the others wait, bounded, and then say who holds it."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sslutil.disk import PRIVATE_FILE, told
from sslutil.errors import BusyError
from sslutil.registry import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslutil.disk import Folder

_PAUSE = 0.05


@contextmanager
def locked(root: Folder, verb: str, wait: float) -> Iterator[None]:
    """Hold the registry's lock; BusyError after `wait` seconds. The file is never unlinked: that would be a race."""
    path = root.path_of(LOCK)
    with told("lock", path):
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(LOCK, flags, PRIVATE_FILE, dir_fd=root.descriptor)
    try:
        with told("lock", path):
            _acquire(descriptor, path, wait)
        with told("write", path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {verb}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: str, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            if fault.errno not in {errno.EWOULDBLOCK, errno.EAGAIN}:
                raise
            if time.monotonic() >= deadline:
                raise _busy(descriptor, path) from fault
        else:
            return
        time.sleep(_PAUSE)


def _busy(descriptor: int, path: str) -> BusyError:
    pid, _, verb = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip().partition(" ")
    holder = f"process {pid} ({verb})" if pid else "another sslutil"
    message = f"{holder} holds {path}"
    return BusyError(message).cured_with("--wait", "300")
