"""One command at a time: the lock waits, bounded, says who holds it, and is never left behind."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from sslutil.disk import Folder, open_folder
from sslutil.errors import BusyError, RegistryError
from sslutil.store.lock import locked
from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST = 30
HOLDER = """
import sys
from sslutil.disk import open_folder
from sslutil.store.lock import locked
with open_folder(sys.argv[1]) as root, locked(root, "certificate renew", 0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def root(registry: Path) -> Iterator[Folder]:
    """An open registry with nothing in it."""
    registry.mkdir()
    with open_folder(str(registry)) as folder:
        yield folder


@pytest.fixture
def holder(root: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock."""
    argv = [sys.executable, "-c", HOLDER, root.path]
    with subprocess.Popen(argv, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert b"held\n" == process.stdout.readline()
        yield process
        process.kill()


def test_one_after_the_other(root: Folder, registry: Path) -> None:
    """The lock is free again after its use, and after a failed one; its file is the same one, the owner's alone."""
    with locked(root, "apply", 0):
        first = (registry / ".lock").stat()
        assert f"{os.getpid()} apply\n" == (registry / ".lock").read_text()
    with pytest.raises(ZeroDivisionError), locked(root, "a much longer verb", 0):
        raise ZeroDivisionError
    with locked(root, "csr", 0):
        assert f"{os.getpid()} csr\n" == (registry / ".lock").read_text()
    assert first.st_ino == (registry / ".lock").stat().st_ino
    assert 0o600 == first.st_mode & 0o777


@pytest.mark.parametrize("wait", [0, 0.2])
def test_busy(wait: float, root: Folder, holder: subprocess.Popen[bytes]) -> None:
    """Whoever waits no longer is told the process and the verb that hold it, and what would wait longer."""
    start = time.monotonic()
    with pytest.raises(BusyError) as caught, locked(root, "apply", wait):
        pytest.fail("two hold it")
    assert wait <= time.monotonic() - start < LONGEST
    assert f"process {holder.pid} (certificate renew) holds {root.path}/.lock" == caught.value.message
    assert ("--wait", "300") == caught.value.added
    assert 5 == caught.value.status


def test_two_in_one_process(root: Folder, registry: Path) -> None:
    """The lock belongs to an opening, not to a process: two threads are two commands."""
    with locked(root, "apply", 0), open_folder(str(registry)) as other, pytest.raises(BusyError):  # noqa: SIM117
        with locked(other, "csr", 0):
            pytest.fail("two hold it")


def test_waited_for(root: Folder, holder: subprocess.Popen[bytes]) -> None:
    """Whoever waits gets it as soon as the other one has ended."""
    assert holder.stdin
    release = threading.Timer(0.2, holder.stdin.close)
    release.start()
    with locked(root, "apply", LONGEST):
        assert f"{os.getpid()} apply\n".encode() == root.read(".lock")
    release.join()


def test_killed_holder(root: Folder, holder: subprocess.Popen[bytes]) -> None:
    """A killed holder holds nothing."""
    holder.kill()
    holder.wait(LONGEST)
    with locked(root, "apply", 0):
        pass


def test_not_inherited(root: Folder) -> None:
    """A program that is started while the lock is held does not hold it on."""
    with locked(root, "apply", 0):
        child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, close_fds=False)
    with child:
        with locked(root, "csr", LONGEST):  # the kernel closes what is not inherited a moment after it starts the child
            assert child.poll() is None
        child.kill()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 5000])
def test_strange_content(content: bytes, root: Folder, registry: Path, holder: subprocess.Popen[bytes]) -> None:
    """Whatever stands in the file, who waits in vain gets one sentence."""
    assert holder.poll() is None
    (registry / ".lock").write_bytes(content)
    with pytest.raises(BusyError) as caught, locked(root, "apply", 0):
        pytest.fail("two hold it")
    assert f"holds {root.path}/.lock" in caught.value.message
    assert len(caught.value.message) < 500


def test_no_locks(root: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no locks is told, not waited for."""

    def failing(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(RegistryError, match=r"can't lock .*: no locks available"), locked(root, "apply", LONGEST):
        pytest.fail("nothing was locked")


@pytest.mark.parametrize("target", ["elsewhere", "/etc/passwd"])
def test_link(target: str, root: Folder, registry: Path) -> None:
    """A link in the place of the file is not followed: nothing is written anywhere else."""
    (registry / ".lock").symlink_to(target)
    with pytest.raises(RegistryError, match="can't lock"), locked(root, "apply", 0):
        pytest.fail("a link was followed")
    assert not (registry / "elsewhere").exists()
