"""Stories: transcripts of whole sittings, which read like the manual and are run.

A story is a file of lines:

    # what a reader should know                     (not run)
    $ a command for the shell                       `> ` goes on, as in a here-document
    what it answers, both streams together          … stands for any text, alone on a line for any lines
    ? 3                                             its status, where that is not 0
    % exists PATH …  % absent PATH …                what is there after it, and what is not
    % unchanged PATH …                              has every byte, mode and time that it had before the command
    % mode 0640 PATH …                              has exactly this mode

The command's folder stands as /srv in what it answers. Empty lines part the steps.
"""

from __future__ import annotations

import hashlib
import os
import select
import stat
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.docs.sandbox import is_like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

SHOWN_FOLDER = "/srv"
PATIENCE = 30.0
"""Seconds after which a command counts as hung."""
_MARK = b"\x1e"
State = dict[str, tuple[object, ...]]


@dataclass
class Step:
    """One command, with all that is expected of it."""

    line: int
    command: str
    answer: list[str] = field(default_factory=list)
    status: int = 0
    claims: list[list[str]] = field(default_factory=list)
    """The words behind each %."""


def steps_of(text: str) -> Iterator[Step]:
    """Yield the steps of a story; ValueError where it begins with anything but a command or a remark."""
    step: Step | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            if step:
                yield step
            step = Step(number, line[2:])
        elif not line or line.startswith("# "):
            continue
        elif step is None:
            message = f"line {number}: a story begins with a command: $ …"
            raise ValueError(message)
        else:
            _take(step, line)
    if step:
        yield step


def _take(step: Step, line: str) -> None:
    if line.startswith("> ") or line == ">":
        step.command += f"\n{line[2:]}"
    elif line.startswith("? "):
        step.status = int(line[2:])
    elif line.startswith("% "):
        step.claims.append(line[2:].split())
    else:
        step.answer.append(line)


class Shell:
    """One shell for a whole story: its variables and its working directory go on."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], before: Sequence[str] = (), **options: int
    ) -> None:
        """Start it in `folder`; `before` stands before its name, `options` are those of Popen (user, group)."""
        self._folder = folder
        self._shell = subprocess.Popen(
            [*before, "bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            **options,  # type: ignore[call-overload]
        )

    def close(self) -> None:
        """End it."""
        self._shell.communicate(timeout=PATIENCE)

    def run(self, command: str) -> tuple[int, str]:
        """Return status and output of a command; its input is /dev/null."""
        assert self._shell.stdin is not None
        script = f"{{ {command}\n}} </dev/null\nprintf '\\036%s\\036' $?\n"
        self._shell.stdin.write(script.encode())
        self._shell.stdin.flush()
        output, status, _ = self._read().split(_MARK)
        return int(status), output.decode().replace(str(self._folder), SHOWN_FOLDER)

    def _read(self) -> bytes:
        assert self._shell.stdout is not None
        descriptor, content, end = self._shell.stdout.fileno(), b"", time.monotonic() + PATIENCE
        while content.count(_MARK) < 2:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
            part = os.read(descriptor, 1 << 16) if ready else b""
            assert part, f"the shell ended, or hangs, after: {content.decode()}"
            content += part
        return content


def play(text: str, folder: Path, shell: Shell) -> Iterator[str]:
    """Run a story in its folder; yield what came otherwise than it says."""
    for step in steps_of(text):
        before = state_of(folder)
        status, output = shell.run(step.command)
        if status != step.status:
            yield f"line {step.line}: status {status}, not {step.status}, of: {step.command}\n{output}"
        if not is_like(step.answer, output):
            yield f"line {step.line}: {step.command}\nexpected:\n" + "\n".join(step.answer) + f"\nis:\n{output}"
        for words in step.claims:
            yield from (f"line {step.line}: {fault}" for fault in _judge(words, folder, before))


def state_of(folder: Path) -> State:
    """Return everything that can be seen of every file below a folder, and of itself, by relative path."""
    state: State = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        content: object = None
        if stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).digest()
        elif stat.S_ISLNK(status.st_mode):
            content = path.readlink()
        shown = str(path.relative_to(folder))
        state[shown] = (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, content)
    return state


def _judge(words: list[str], folder: Path, before: State) -> Iterator[str]:
    """Yield each claim that does not hold."""
    claim, arguments = words[0], words[1:]
    if claim == "mode":
        wanted, arguments = int(arguments[0], 8), arguments[1:]
        claims: dict[str, Callable[[str], bool]] = {
            "mode": lambda path: stat.S_IMODE(os.lstat(folder / path).st_mode) == wanted
        }
    else:
        after = state_of(folder)
        claims = {
            "exists": lambda path: os.path.lexists(folder / path),
            "absent": lambda path: not os.path.lexists(folder / path),
            "unchanged": lambda path: _below(path, before) == _below(path, after),
        }
    yield from (f"{' '.join(words)}: {path} is not so" for path in arguments if not claims[claim](path))


def _below(path: str, state: State) -> State:
    whole = os.path.normpath(path)
    return {name: seen for name, seen in state.items() if whole in {".", name} or name.startswith(f"{whole}/")}
