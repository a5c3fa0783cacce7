"""Accounts of the system for tests: someone who owns nothing of the runner's."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PREFIX = "sslutil-test-"
_numbers = itertools.count(1)
REPOSITORY = Path(__file__).parent.parent
TOOLS_ONLY = ("mypy*", "ruff*", "ansible*", "pkilint*", "pip*", "_pytest", "hypothesis", "*.so.debug")


@dataclass(frozen=True)
class Account:
    """A system account with a group of its own, made for the tests."""

    name: str
    uid: int
    gid: int
    home: Path
    """A folder of the account's own, mode 0755, below a folder that everybody may enter."""


@contextlib.contextmanager
def made_account() -> Iterator[Account]:
    """Make an account, and remove it and its home at the end; needs root."""
    name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
    with _one_at_a_time():
        remove_left_behind()
        add_account(name)
    entry = pwd.getpwnam(name)
    top = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        top.chmod(0o755)
        home = top / "home"
        home.mkdir(mode=0o755)
        os.chown(home, entry.pw_uid, entry.pw_gid)
        yield Account(name, entry.pw_uid, entry.pw_gid, home)
    finally:
        shutil.rmtree(top)
        with _one_at_a_time():
            _run(["userdel", name])


def run_as(
    account: Account,
    argv: Sequence[str],
    *,
    groups: Sequence[int] = (),
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program as the account, in its home, with no groups but its own and `groups`; waits 60 seconds at most."""
    return subprocess.run(
        argv,
        user=account.uid,
        group=account.gid,
        extra_groups=groups,
        umask=0o022,
        cwd=cwd or account.home,
        env={"PATH": os.environ["PATH"], "HOME": str(account.home), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def sslutil_for(account: Account) -> Iterator[list[str]]:
    """Yield the argv that starts sslutil as the account.

    It is this interpreter and this source tree where the account may read them. Below a private home, such as that of
    root, it is a copy that lasts as long as the context.
    """
    if _can_run(account, [sys.executable, "-c", "import sslutil, cryptography.x509"]):
        yield [sys.executable, "-m", "sslutil"]
        return
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        copy = Path(name)
        copy.chmod(0o755)
        packages = sysconfig.get_path("purelib")
        shutil.copytree(packages, copy, ignore=shutil.ignore_patterns(*TOOLS_ONLY), dirs_exist_ok=True)
        shutil.copytree(REPOSITORY / "sslutil", copy / "sslutil")
        yield ["env", f"PYTHONPATH={copy}", public_python(account), "-m", "sslutil"]


def public_python(account: Account) -> str:
    """Give a Python of this version that the account may run; LookupError where the machine has none."""
    version = f"python3.{sys.version_info.minor}"
    candidates = [sys.executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"]
    for candidate in candidates:
        if _can_run(account, [candidate, "-c", ""]):
            return candidate
    message = f"a {version} that other accounts may run"
    raise LookupError(message)


def add_account(name: str) -> None:
    """Add a system account with a group of its name and without a home."""
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    _run(["useradd", *options, "--shell", "/usr/sbin/nologin", name])


def remove_left_behind() -> None:
    """Remove the accounts of sessions that were killed: their names hold the id of a process that is gone."""
    for entry in pwd.getpwall():
        maker = entry.pw_name.removeprefix(PREFIX).partition("-")[0]
        if entry.pw_name.startswith(PREFIX) and maker.isdigit() and not Path("/proc", maker).exists():
            _run(["userdel", entry.pw_name])


def _can_run(account: Account, argv: list[str]) -> bool:
    try:
        return run_as(account, argv).returncode == 0
    except OSError:
        return False


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock over all test sessions of the machine: useradd does not wait for another useradd."""
    with (Path(tempfile.gettempdir()) / f"{PREFIX}accounts.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(argv: list[str]) -> None:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    subprocess.run(argv, check=True, capture_output=True, timeout=60, env={"PATH": path})
