"""What all tests share: options, marks, a clean environment, and the ways to run sslutil."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import hypothesis
import pytest

from tests import accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SERVER_FOLDERS = "/usr/sbin:/sbin"
"""Where Debian keeps servers; a user's PATH lacks it."""

os.umask(0o022)
# A shell ignores SIGINT for what it runs in the background, nohup ignores SIGHUP, and what we start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.environ["PATH"] += f":{SERVER_FOLDERS}"
for variable in [name for name in os.environ if name.startswith(("SSLUTIL_", "XDG_"))]:
    del os.environ[variable]

hypothesis.settings.register_profile("sslutil", deadline=None, print_blob=True)  # no time limits: machines differ
hypothesis.settings.load_profile("sslutil")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --full."""
    parser.addoption("--full", action="store_true", help="run the long tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests, without a word on each, unless they are asked for."""
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Judge the mark `needs` before the fixtures of a test are made."""
    require(*(name for mark in item.iter_markers("needs") for name in mark.args))


def require(*names: str) -> None:
    """Skip the running test where a program, or the account "root", is missing; fail it where CI is true."""
    missing = [name for name in names if not _is_there(name)]
    if missing:
        go_without(", ".join(missing))


def go_without(what: str) -> None:
    """Skip the running test for want of `what`; fail it where CI is true: there tests/setup must have made it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing here: {what} (tests/setup installs what the tests need)", pytrace=False)
    pytest.skip(f"missing here: {what}")


def _is_there(name: str) -> bool:
    return os.geteuid() == 0 if name == "root" else shutil.which(name) is not None


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    status: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Runs sslutil in a process of its own."""

    def __call__(
        self,
        *argv: str,
        stdin: str | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        before: Sequence[str] = (),
    ) -> Result:
        """Run it with `stdin` as its input (/dev/null without).

        A variable in `env` that is None is left out. `before` stands before the interpreter: strace, `private_etc`.
        """


class Call(Protocol):
    """Runs sslutil inside this process."""

    def __call__(self, *argv: str, stdin: str = "", env: Mapping[str, str | None] | None = None) -> Result:
        """Run it: quicker than a process, with the same answer."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Where a registry can be born: not there yet, below folders that only the runner may write."""
    return tmp_path / "registry"


@pytest.fixture
def environment(home: Path, registry: Path) -> dict[str, str]:
    """The environment of a command: an empty home, and `registry` as the registry, so that none other is touched."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "COVERAGE"))}
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "SSLUTIL_REGISTRY_PATH": str(registry),
    }


@pytest.fixture
def sslutil_run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run sslutil in a process of its own, in `tmp_path` and in `environment`; waits 60 seconds at most."""

    def run(
        *argv: str,
        stdin: str | None = None,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        before: Sequence[str] = (),
    ) -> Result:
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        done = subprocess.run(
            [*before, sys.executable, "-m", "sslutil", *argv],
            **source,
            env=_with(environment, env),
            cwd=cwd or tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def own_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which timers are written in place of the machine, and whose systemd takes everything."""
    top = tmp_path_factory.mktemp("machine")
    for name in ("run/systemd/system", "etc/systemd/system", f"run/user/{os.geteuid()}/systemd", "usr/bin"):
        (top / name).mkdir(parents=True)
    systemctl = top / "usr/bin/systemctl"
    systemctl.write_text("#!/bin/sh\necho UnitFileState=enabled; echo ActiveState=active\n")
    systemctl.chmod(0o755)
    monkeypatch.setattr("sslutil.host.timers.TOP", str(top))
    monkeypatch.setattr("sslutil.cli.timer._program", lambda: ("/bin/true",))
    return top


@pytest.fixture
def sslutil_call(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_machine: Path,  # noqa: ARG001  nothing that a test calls may write a timer into the real one
) -> Call:
    """Run sslutil inside this process, in `tmp_path` and in `environment`: for many commands in a row."""

    def call(*argv: str, stdin: str = "", env: Mapping[str, str | None] | None = None) -> Result:
        from sslutil.cli import main

        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in _with(environment, env).items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                status = _status_of(lambda: main(list(argv)))
        return Result(status, _text_of(stdout), _text_of(stderr))

    return call


def _with(environment: dict[str, str], changes: Mapping[str, str | None] | None) -> dict[str, str]:
    merged: dict[str, str | None] = {**environment, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _status_of(main: Callable[[], int]) -> int:
    try:
        return main()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _text_of(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode(errors="backslashreplace")  # PKCS#12 and DER are no text


MACHINE_WIDE = (Path("/etc/sslutil"), Path("/etc/xdg/sslutil"))
"""Where root's commands write unless told otherwise."""
TIMER_FOLDERS = ("/etc/cron.d", "/etc/systemd/system")


@pytest.fixture(scope="session", autouse=True)
def _machine_untouched() -> Iterator[None]:
    """Fail the session that wrote to the machine's own registry or its path: see `private_etc`."""
    before = _machine_wide()
    yield
    assert before == _machine_wide()


def _machine_wide() -> list[Path]:
    """Return what is there of sslutil's on the machine, its timers included."""
    timers = [path for folder in TIMER_FOLDERS for path in Path(folder).glob("sslutil-renew*")]
    return sorted([*(path for path in MACHINE_WIDE if path.exists()), *timers])


@pytest.fixture
def private_etc(tmp_path: Path) -> list[str]:
    """What to put before a command so that its /etc is a copy: the same one for each command of a test.

    The copy is `tmp_path / "etc"`. Needs root and a kernel that lets root mount.
    """
    require("root", "unshare", "mount")
    copy = tmp_path / "etc"
    subprocess.run(["cp", "--archive", "/etc", copy], check=True, timeout=60)
    before = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(copy)]
    if subprocess.run([*before, "true"], capture_output=True, timeout=60, check=False).returncode != 0:
        go_without("a mount namespace")
    return before


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Ask the kernel for a TCP port of 127.0.0.1 that nobody uses; each call gives another one."""
    given: set[int] = set()

    def ask() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            if port not in given:
                given.add(port)
                return port

    return ask


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of the runner's that everybody may enter and read, as another account must: `tmp_path` is private."""
    with tempfile.TemporaryDirectory(prefix="sslutil-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def second_user() -> Iterator[accounts.Account]:
    """A real account of the system that owns nothing but a home; made once for each session, needs root."""
    require("root", "useradd", "userdel")
    with accounts.made_account() as account:
        yield account


@pytest.fixture(scope="session")
def second_user_sslutil(second_user: accounts.Account) -> Iterator[Callable[..., Result]]:
    """Run sslutil as the second user, in its home: (*argv, env=…, groups=…) → Result."""
    with contextlib.ExitStack() as stack:
        try:
            start = stack.enter_context(accounts.sslutil_for(second_user))
        except LookupError as missing:
            go_without(str(missing))

        def run(*argv: str, env: dict[str, str] | None = None, groups: Sequence[int] = ()) -> Result:
            done = accounts.run_as(second_user, [*start, *argv], env=env, groups=groups)
            return Result(done.returncode, done.stdout, done.stderr)

        yield run


@pytest.fixture(scope="session")
def run_as() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program as an account: see `tests.accounts.run_as`."""
    return accounts.run_as
