"""Every command under whatever a cron job, a pipe, a daemon or an odd shell gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.accounts import REPOSITORY
from tests.cli.conftest import NAME
from tests.cli.refusals import assert_refused
from tests.conftest import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.accounts import Account
    from tests.conftest import Call

LINES = (
    ("registry-path",),
    ("status",),
    ("history",),
    ("export", "apache"),
    ("certificate", "self-sign", NAME, "imap.example.org"),
    ("certificate", "renew", "--force"),
    ("csr", "--out", "-"),
    ("apply", "--diff"),
    ("enable",),
    ("disable", "--json"),
    ("configure", "ports", "--https-port", "8443", "--diff"),
    ("--help",),
    ("--version",),
    ("certificate",),
    ("stauts",),
)
"""Each command as it is run below, one that is refused among them."""
CONDITIONS = (
    "{} >&-",
    "{} <&-",
    "{} 2>&-",
    "{} <&- >&- 2>&-",
    "{} 2>/dev/full",
    "{} 2>/dev/null | true; (exit ${{PIPESTATUS[0]}})",
    "{} 2>&1 | true; (exit ${{PIPESTATUS[0]}})",
    "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {}",
    "PYTHONIOENCODING=latin-1 {}",
    "mkdir gone && cd gone && rmdir ../gone && {}",
    "env -i $place {}",
)
"""How a shell runs it; each must end as it would have otherwise."""


def bash(script: str, folder: Path, environment: dict[str, str]) -> Result:
    """Run a script in a folder."""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1"))


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:2]))
def test_odd_streams(line: tuple[str, ...], environment: dict[str, str], born: Path, tmp_path: Path) -> None:
    """Closed, full and abandoned streams, no environment and odd locales change neither the work nor the status."""
    program = " ".join([sys.executable, "-m", "sslutil", *(f"'{word}'" for word in line)])
    place = f"SSLUTIL_REGISTRY_PATH={born}"
    expected = 2 if line == ("stauts",) else 0
    script = "".join(f"( {condition.format(program)} ); echo status $? >>statuses\n" for condition in CONDITIONS)
    result = bash(script, tmp_path, environment | {"place": place, "PYTHONPATH": str(REPOSITORY)})
    assert "Traceback" not in result.stderr
    assert "internal" not in result.stderr
    told = (tmp_path / "statuses").read_text().splitlines()
    assert [f"status {expected}"] * len(CONDITIONS) == told, result.stderr


def test_a_full_disk_behind_stdout(environment: dict[str, str], born: Path, tmp_path: Path) -> None:
    """An answer that can't be written is told, and is a fault: a request that nobody got is none."""
    for line in ("csr --out -", "status", "registry-path", "--help", "certificate renew --force --json"):
        result = bash(f"{sys.executable} -m sslutil {line} >/dev/full", tmp_path, environment)
        assert 2 == result.status
        assert "can't write the answer to stdout: no space left on device" in result.stderr
        assert "Traceback" not in result.stderr
    assert (born / "generations/000002").exists()  # the work was done all the same


def test_no_file_gets_the_number_of_a_closed_stream(environment: dict[str, str], born: Path, tmp_path: Path) -> None:
    """With all streams closed nothing of an answer or a fault lands in a file of the registry."""
    lines = ("certificate renew --force", "csr --out -", "stauts --json", "status", "apply --diff --json")
    script = "".join(f"{sys.executable} -m sslutil {line} <&- >&- 2>&-\n" for line in lines)
    assert "" == bash(script, tmp_path, environment).stderr
    status = subprocess.run(
        [sys.executable, "-m", "sslutil", "status"], env=environment, capture_output=True, text=True, check=True
    )
    assert "by hand" not in status.stderr
    assert (born / "generations/000002").exists()
    for path in born.rglob("*"):
        if path.is_file():
            assert b"nothing to do" not in path.read_bytes()
            assert b"sslutil: error" not in path.read_bytes()


@pytest.mark.parametrize("mask", [0o000, 0o027, 0o077, 0o777])
def test_the_umask_changes_no_mode(mask: int, environment: dict[str, str], registry: Path) -> None:
    """Modes are exactly those of the design, whatever the umask."""
    for line in (("certificate", "self-sign", NAME), ("csr",), ("disable",)):
        argv = [sys.executable, "-m", "sslutil", *line]
        subprocess.run(argv, env=environment, umask=mask, capture_output=True, timeout=60, check=True)
    expected = {
        ".": 0o755,
        ".lock": 0o600,
        "site.toml": 0o644,
        "generations": 0o755,
        "generations/000002": 0o755,
        "current/server.key": 0o600,
        "current/bundle.pem": 0o600,
        "current/server.crt": 0o644,
        "current/settings.toml": 0o644,
        "current/apache.conf": 0o644,
        "current/generation.toml": 0o644,
        "current/site.toml": 0o644,
        "requests": 0o700,
        "requests/000001": 0o700,
        "requests/000001/request.key": 0o600,
    }
    assert expected == {name: (registry / name).stat().st_mode & 0o7777 for name in expected}


def test_as_an_account_without_a_home(
    second_user: Account, second_user_sslutil: Callable[..., Result], open_folder: Path
) -> None:
    """An ordinary account works by its own registry, without HOME, TERM or locale; in that of root it reads."""
    home = {"HOME": ""}
    for line in (("certificate", "self-sign", NAME), ("csr",), ("certificate", "renew", "--force"), ("history",)):
        place = ("--registry-path", str(second_user.home / "mail"))
        result = second_user_sslutil(*line, *place, env=home)
        assert 0 == result.status, result.stderr
    made = second_user.home / "mail/current/server.key"
    assert (second_user.uid, 0o600) == (made.stat().st_uid, made.stat().st_mode & 0o777)
    assert open_folder.stat().st_uid != second_user.uid


def test_an_ordinary_account_in_the_registry_of_root(
    second_user_sslutil: Callable[..., Result], open_folder: Path, sslutil_call: Call
) -> None:
    """It may look, and is told by whom a change can be made."""
    place = ("--registry-path", str(open_folder / "mail"))
    assert 0 == sslutil_call("csr", NAME, *place).status
    for question in (("status",), ("history",), ("export", "apache")):
        result = second_user_sslutil(*question, *place)
        assert 0 == result.status, result.stderr
    for line in (("disable",), ("certificate", "renew", "--force"), ("csr", "--new-key")):
        result = second_user_sslutil(*line, *place)
        assert 4 == result.status
        assert f"sslutil: hint: sudo sslutil {' '.join(line)} {' '.join(place)}\n" in result.stderr


def test_root_in_the_registry_of_another(
    second_user: Account, second_user_sslutil: Callable[..., Result], sslutil_call: Call
) -> None:
    """Root does not work in another account's registry, and is told how that account does."""
    place = ("--registry-path", str(second_user.home / "own"))
    assert 0 == second_user_sslutil("certificate", "self-sign", NAME, *place).status
    result = sslutil_call("disable", *place)
    assert 4 == result.status
    assert f"hint: sudo -u {second_user.name} sslutil disable {' '.join(place)}\n" in result.stderr


def test_bytes_that_are_no_text(environment: dict[str, str], tmp_path: Path) -> None:
    """A path that is no UTF-8 goes through as it is to a program, and shown escaped to a person."""
    path = os.fsencode(tmp_path) + b"/caf\xe9"
    argv = [sys.executable, "-m", "sslutil", "registry-path"]
    environ = {os.fsencode(name): os.fsencode(value) for name, value in environment.items()}
    done = subprocess.run(
        argv, env=environ | {b"SSLUTIL_REGISTRY_PATH": path}, capture_output=True, timeout=60, check=True
    )
    assert path + b"\n" == done.stdout
    assert b"caf\\udce9" in done.stderr


def test_a_working_directory_that_is_gone(environment: dict[str, str], tmp_path: Path) -> None:
    """What is relative to a folder that was removed is refused, and never taken for something else."""
    for line in ("csr mail.example.org --out x", "registry-path x", "certificate self-sign --registry-path x"):
        script = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m sslutil {line}"
        result = bash(script, tmp_path, environment | {"PYTHONPATH": str(REPOSITORY)})
        assert_refused(result, 2)
        assert "the working directory is gone, and x is relative to it" in result.stderr
    assert not Path("/x").exists()
