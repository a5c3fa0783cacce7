"""Run sslutil under strace: list the calls that change the disk, then let one of them kill the run, or fail."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING, NamedTuple

from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

WRITES = ("write", "pwrite64", "writev", "ftruncate")
NAMES = ("rename", "renameat", "renameat2", "symlink", "symlinkat", "link", "linkat", "unlink", "unlinkat")
FOLDERS = ("mkdir", "mkdirat", "rmdir")
MODES = ("chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat")
CHANGES = ("openat", "creat", "fsync", "fdatasync", "sync", "syncfs", *WRITES, *NAMES, *FOLDERS, *MODES)
"""Every system call that changes a disk, or makes a change last."""

KILLED = -9
SECONDS = 60
_CHANGING = re.compile(r"[0-9a-f]{30,40}(?=\.crt)")
"""What each run names anew: a certificate by its serial number."""
_LINE = re.compile(r"(?P<name>\w+)\((?P<text>.*)\)\s+= (?P<result>-?\d+|\?)(?P<rest>.*)", re.DOTALL)
_UNFINISHED = re.compile(r"(?P<name>\w+)\((?P<text>.*?)\)?\s*(= \?|<unfinished)", re.DOTALL)


class Call(NamedTuple):
    """One system call of a run."""

    name: str
    nth: int
    """1 for the first call of this name in the run: what strace counts by."""
    text: str
    """Its arguments as strace writes them, descriptors with the path that they are open on."""
    result: int | None
    """None where the call never returned."""

    @property
    def place(self) -> str:
        """What is the same in each run: name and arguments, without the bytes that are written."""
        text = self.text.partition(", ")[0] if self.name in WRITES else self.text
        return f"{self.name}({_CHANGING.sub('#', text)})"


class Traced(NamedTuple):
    """How a run ended, and what it called."""

    status: int
    """As subprocess gives it: KILLED where the kernel ended it."""
    stdout: str
    stderr: str
    calls: tuple[Call, ...]
    injected: bool
    """Whether a call was made to fail."""


def freeze_package(folder: Path) -> Path:
    """Copy the package, compiled, into a folder: each run of the copy then opens the same files in the same order."""
    copy = folder / "frozen"
    shutil.copytree(REPOSITORY / "sslutil", copy / "sslutil", ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(copy, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return copy


class Tracer:
    """Runs sslutil on the real interpreter, not on a link or a shim of it: strace injects into what it starts."""

    def __init__(self, frozen: Path, environment: Mapping[str, str], log: Path) -> None:
        """`frozen` is what freeze_package gave; `log` a file that each run writes anew, outside of what is watched."""
        paths = (str(frozen), sysconfig.get_path("purelib"))
        kept = {name: value for name, value in environment.items() if not name.startswith(("PYTHON", "COVERAGE"))}
        self.environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": "0",  # each run makes the same calls in the same order
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.log = log
        self.start = [os.path.realpath(sys.executable), "-S", "-c", "from sslutil.cli import run; run()"]

    def trace(self, argv: Sequence[str], *, inject: str = "", wide: bool = False) -> Traced:
        """Run a command; `inject` is strace's own word, such as "fsync:error=EIO:when=2"; `wide` keeps all bytes."""
        options = ["-y", f"--output={self.log}", f"--trace={','.join(CHANGES)}"]
        options += ["-s", "1000000"] if wide else ["-s", "64"]
        options += [f"--inject={inject}"] if inject else []
        done = subprocess.run(  # not -f: a reload program of the run's must meet no injection
            ["strace", *options, *self.start, *argv],
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        log = self.log.read_text(encoding="utf-8", errors="surrogateescape")
        return Traced(done.returncode, done.stdout, done.stderr, tuple(_parse(log)), "(INJECTED)" in log)

    def kill_at(self, call: Call, argv: Sequence[str]) -> Traced:
        """Run a command that is killed by this call, before the call takes effect."""
        traced = self.trace(argv, inject=f"{call.name}:signal=KILL:when={call.nth}")
        assert KILLED == traced.status, f"not killed at {call}: {traced.stderr}"
        assert call.place == traced.calls[-1].place, "killed elsewhere"
        return traced

    def fail_at(self, call: Call, error: str, argv: Sequence[str]) -> Traced:
        """Run a command for which this call fails with `error`, without taking effect."""
        traced = self.trace(argv, inject=f"{call.name}:error={error}:when={call.nth}")
        assert traced.injected, f"nothing failed at {call}: {traced.stderr}"
        assert call.place in {other.place for other in traced.calls if other[:2] == call[:2]}, "failed elsewhere"
        return traced


def changes_below(calls: Sequence[Call], folder: Path) -> list[Call]:
    """Return the calls that change what is below a folder, or make it last."""
    return [call for call in calls if str(folder) in call.place and (call.name != "openat" or "O_CREAT" in call.text)]


def _parse(log: str) -> Iterator[Call]:
    counts: dict[str, int] = {}
    for line in log.splitlines():
        found = _LINE.match(line) or _UNFINISHED.match(line)
        if found:
            name = found["name"]
            counts[name] = counts.get(name, 0) + 1
            result = found.groupdict().get("result", "?")
            yield Call(name, counts[name], found["text"], None if result == "?" else int(result))
