"""How a server of the tests runs: on 127.0.0.1, in a folder of its own, and ended by its id."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from tests.judges import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.judges import Argument

OUTPUT = "output"
"""The file of a server's folder that takes what it writes to its standard output and error."""
POLL = 0.02


class RefusedError(Exception):
    """A server did not start, or did not survive a reload; the text is its own words."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    parent: subprocess.Popen[str]
    logs: ClassVar[tuple[str, ...]] = ("error.log",)
    """The files below `folder` where it writes beside its output, as patterns; it may have none."""

    @property
    def words(self) -> str:
        """What it said so far."""
        return read(self.folder, OUTPUT, *self.logs)

    def is_ready(self) -> bool:
        """Tell whether what tests need beside its ports is there."""
        return True

    def wait_until(self, is_reached: Callable[[], bool]) -> None:
        """Wait; RefusedError where the server ends before, or it takes too long."""
        wait_until(is_reached, has_ended=lambda: self.parent.poll() is not None, words=lambda: self.words)


Kind = TypeVar("Kind", bound=Server)


@contextlib.contextmanager
def own_folder(name: str, *, page: str = "") -> Iterator[Path]:
    """Make a folder for a server, with `page` as www/index.html, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=f"sslutil-{name}-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # the server's own account reads below it
        if page:
            (folder / "www").mkdir()
            (folder / "www" / "index.html").write_text(page)
        yield folder


@contextlib.contextmanager
def started(
    kind: type[Kind],
    argv: Sequence[Argument],
    folder: Path,
    ports: Iterable[int],
    *,
    env: Mapping[str, str] | None = None,
) -> Iterator[Kind]:
    """Start a program that stays in the foreground, in `folder`, and stop it at the end.

    It must open the ports; RefusedError where it does not.
    """
    awaited = tuple(ports)
    with (folder / OUTPUT).open("w") as output:
        parent = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
    try:
        server = kind(folder, parent)
        server.wait_until(lambda: server.is_ready() and are_open(awaited))
        yield server
    finally:
        _stop(parent)


def wait_until(is_reached: Callable[[], bool], *, has_ended: Callable[[], bool], words: Callable[[], str]) -> None:
    """Wait; RefusedError with the words where the server has ended before, or it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not is_reached():
        if has_ended() or time.monotonic() > deadline:
            raise RefusedError(words())
        time.sleep(POLL)


def are_open(ports: Iterable[int]) -> bool:
    """Tell whether each of these ports of 127.0.0.1 takes connections."""
    return all(map(_is_open, ports))


def read(folder: Path, *patterns: str) -> str:
    """Return the text of the files below `folder` that are there, in the order of the patterns."""
    found = (path for pattern in patterns for path in sorted(folder.glob(pattern)))
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in found)


def stop_by_id(leader: int) -> None:
    """End a process that is no child of ours and leads a group of its own."""
    os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while _is_running(leader):
        if time.monotonic() > deadline:
            os.killpg(leader, signal.SIGKILL)
        time.sleep(POLL)


def _stop(parent: subprocess.Popen[str]) -> None:
    """End it and what it left behind: a child of Exim's that outlives it makes the folder again, for its log."""
    parent.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        parent.wait(timeout=PATIENCE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(parent.pid, signal.SIGKILL)  # the session that was begun for it alone
    parent.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _is_running(pid: int) -> bool:
    """Tell whether a process has not ended; one that nobody has waited for yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
