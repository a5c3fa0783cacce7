"""Other programs: what they get of us, and how they end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from sslutil.host import programs
from sslutil.host.programs import ENVIRONMENT, run_program

if TYPE_CHECKING:
    import subprocess


def run(script: str, *arguments: str, seconds: float = 30.0) -> programs.Ended:
    """Run a script of the shell."""
    return run_program(("/bin/sh", "-c", script, "sh", *arguments), seconds)


def tell(expression: str) -> object:
    """Return what an expression is in a Python that was run."""
    script = f"import json, os, signal, sys; print(json.dumps({expression}))"
    ended = run_program((sys.executable, "-I", "-c", script))
    assert not ended.fault, ended
    return json.loads(ended.output)


def is_gone(process: int) -> bool:
    """Return whether a process has ended, within a bounded wait; one that nobody has reaped has."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
    return False


class TestGiven:
    """What a program gets of us: nothing but its words."""

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment is ours alone, whatever stands in that of the runner."""
        monkeypatch.setenv("LD_PRELOAD", "/nowhere.so")
        monkeypatch.setenv("BASH_ENV", "/nowhere")

        assert ENVIRONMENT == tell("{k: v for k, v in os.environ.items() if k != 'LC_CTYPE'}")

    def test_input(self, tmp_path: Path) -> None:
        """Nothing can be read, whatever the runner's own input is."""
        (tmp_path / "x").write_text("secret", encoding="utf-8")
        own = os.dup(0)
        with (tmp_path / "x").open() as file, contextlib.ExitStack() as stack:
            stack.callback(os.close, own)
            stack.callback(os.dup2, own, 0)
            os.dup2(file.fileno(), 0)

            assert ["/dev/null", ""] == tell("[os.readlink('/proc/self/fd/0'), sys.stdin.read()]")

    def test_place(self) -> None:
        """It runs in the root folder, as the leader of a session and a group of its own."""
        assert ["/", True, True] == tell(
            "[os.getcwd(), os.getsid(0) == os.getpid() != " + str(os.getsid(0)) + ", os.getpgrp() == os.getpid()]"
        )

    def test_descriptors(self, tmp_path: Path) -> None:
        """No file that is open here is open there, even one that may be inherited."""
        with (tmp_path / "secret").open("w") as file:
            os.set_inheritable(file.fileno(), True)  # noqa: FBT003  the signature is the library's

            assert [0, 1, 2] == tell(
                "sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd))"
            )

    def test_words(self) -> None:
        """Its words are its words: no shell takes them apart."""
        words = ("a b", "$(id)", "*", "", "'", "--", "ü")
        ended = run_program((sys.executable, "-I", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words))

        assert list(words) == json.loads(ended.output)


class TestEnd:
    """How it ends."""

    def test_accepted(self) -> None:
        """Status 0 is no fault."""
        assert ("", "done") == run("echo done")

    @pytest.mark.parametrize(
        ("script", "fault"),
        [("exit 1", "exit status 1"), ("exit 255", "exit status 255"), ("kill -9 $$", "killed by signal 9")],
    )
    def test_refused(self, script: str, fault: str) -> None:
        """Every other end is one, and says which."""
        assert fault == run(script).fault

    def test_both_streams(self) -> None:
        """What it printed on either stream is kept, in order."""
        assert "a\nb\nc" == run("echo a; echo b >&2; echo c; exit 1").output

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("/nowhere/program", "it can't be started: no such file or directory"),
            ("/etc", "it can't be started: permission denied"),
            ("/etc/passwd", "it can't be started: permission denied"),
        ],
    )
    def test_no_program(self, path: str, told: str) -> None:
        """What can't be started is told, not raised."""
        assert (told, "") == run_program((path,))

    def test_no_format(self, tmp_path: Path) -> None:
        """A file that is no program is told too."""
        (tmp_path / "x").write_bytes(b"\x00\x01")
        (tmp_path / "x").chmod(0o755)

        assert "it can't be started: exec format error" == run_program((f"{tmp_path}/x",)).fault

    def test_interrupted_while_it_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A signal that comes while a program is being started ends it, as soon as it can be."""
        started: list[int] = []
        start = programs._start  # noqa: SLF001  the moment itself

        def interrupted(argv: tuple[str, ...], output: IO[bytes]) -> subprocess.Popen[bytes]:
            child = start(argv, output)
            started.append(child.pid)
            signal.raise_signal(signal.SIGINT)
            return child

        monkeypatch.setattr(programs, "_start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run("sleep 60")

        assert is_gone(*started)


class TestBounds:
    """Nothing that it does takes for ever."""

    def test_time(self) -> None:
        """Whoever gives no answer is told so, with what it printed until then."""
        start = time.monotonic()
        ended = run("echo waiting; sleep 300", seconds=0.3)

        assert ("no answer in 0.3 s", "waiting") == ended
        assert time.monotonic() - start < 10

    def test_grandchildren(self, tmp_path: Path) -> None:
        """What it has started ends with it, even where it asks not to be ended."""
        note = tmp_path / "pid"
        ended = run('trap "" TERM HUP INT; sleep 300 & echo $! >"$1"; sleep 300', str(note), seconds=0.5)

        assert "no answer in 0.5 s" == ended.fault
        assert is_gone(int(note.read_text(encoding="utf-8")))

    def test_daemon(self, tmp_path: Path) -> None:
        """What it leaves behind on purpose lives on, and nobody waits for it: so does a server that is started."""
        note = tmp_path / "pid"
        start = time.monotonic()
        ended = run('sleep 300 & echo $! >"$1"; echo started', str(note))
        daemon = int(note.read_text(encoding="utf-8"))

        assert ("", "started") == ended
        assert time.monotonic() - start < 10
        assert Path(f"/proc/{daemon}").exists()
        os.kill(daemon, 9)
        assert is_gone(daemon)

    def test_interrupted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever interrupts the wait ends the program."""
        note = tmp_path / "pid"

        def interrupt(_descriptor: int) -> os.stat_result:
            if not note.exists() or not note.read_text(encoding="utf-8"):
                return fstat(_descriptor)
            raise KeyboardInterrupt

        fstat = os.fstat
        monkeypatch.setattr(os, "fstat", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run('echo $$ >"$1"; sleep 300', str(note))
        monkeypatch.undo()
        assert is_gone(int(note.read_text(encoding="utf-8")))

    def test_last_words(self) -> None:
        """Of a long output the end is kept, where the fault is told."""
        ended = run("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo fault >&2; exit 1")

        assert ended.output.endswith("line 2999\nfault")
        assert 4000 < len(ended.output) <= 4096

    def test_endless_output(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever prints without end is ended, long before the memory is."""
        monkeypatch.setattr(programs, "MOST_OUTPUT", 1 << 20)

        assert "it printed more than 1 MiB" == run_program(("/usr/bin/yes",), 30.0).fault

    def test_not_text(self) -> None:
        """Bytes that are no text are marked, not raised."""
        assert "a\ufffdb" == run(r"printf 'a\377b'").output
