"""The second user of the tests is a real one, and the way to run things as it is real too."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import pytest

from tests import accounts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("root", "useradd", "userdel")


def test_an_account_is_made_and_removed() -> None:
    """It is a system account with a group and a home of its own, and nothing of it stays."""
    with accounts.made_account() as account:
        entry = pwd.getpwnam(account.name)
        assert (account.uid, account.gid) == (entry.pw_uid, entry.pw_gid)
        assert 0 < account.uid < 1000
        assert account.uid == account.home.stat().st_uid
    with pytest.raises(KeyError):
        pwd.getpwnam(account.name)
    assert not account.home.parent.exists()


def test_accounts_of_killed_sessions_are_removed() -> None:
    """An account whose maker is gone is removed when the next one is made; one whose maker lives is not."""
    with accounts.made_account() as mine:
        gone = f"{accounts.PREFIX}{2**22}-1"  # above the kernel's highest process id
        accounts.add_account(gone)
        accounts.remove_left_behind()
        with pytest.raises(KeyError):
            pwd.getpwnam(gone)
        assert mine.uid == pwd.getpwnam(mine.name).pw_uid


def test_the_account_is_nobody_else(second_user: accounts.Account, tmp_path: Path) -> None:
    """What it runs has its ids, no further groups, its home, and no way into a private folder of root's."""
    done = accounts.run_as(second_user, ["sh", "-c", "id -u; id -G; pwd; umask"])
    assert [f"{second_user.uid}", f"{second_user.gid}", str(second_user.home), "0022"] == done.stdout.split()
    assert accounts.run_as(second_user, ["touch", "mine"]).returncode == 0
    assert second_user.uid == (second_user.home / "mine").stat().st_uid
    assert accounts.run_as(second_user, ["ls", str(tmp_path)]).returncode != 0


def test_the_account_can_have_another_group(second_user: accounts.Account, open_folder: Path) -> None:
    """A file for root and one group is read with that group, and not without it."""
    secret = open_folder / "secret"
    secret.write_text("x")
    os.chown(secret, 0, 12345)
    secret.chmod(0o640)
    assert accounts.run_as(second_user, ["cat", str(secret)]).returncode != 0
    assert accounts.run_as(second_user, ["cat", str(secret)], groups=[12345]).stdout == "x"


def test_the_account_runs_the_package(second_user: accounts.Account) -> None:
    """The package and cryptography can be imported by the account, from where it may read them."""
    with accounts.sslutil_for(second_user) as start:
        assert ["-m", "sslutil"] == start[-2:]
        code = "import sslutil, cryptography.x509, click; print(sslutil.__version__)"
        done = accounts.run_as(second_user, [*start[:-2], "-c", code])
    assert done.returncode == 0, done.stderr


def test_the_account_runs_a_copy_of_what_is_private(
    second_user: accounts.Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the interpreter lies in a private folder a copy of the package is run by the machine's interpreter."""
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    try:
        with accounts.sslutil_for(second_user) as start:
            code = "import sslutil, cryptography.x509, click; print(sslutil.__file__)"
            done = accounts.run_as(second_user, [*start[:-2], "-c", code])
            assert done.returncode == 0, done.stderr
            assert done.stdout.startswith(start[1].removeprefix("PYTHONPATH="))
    except LookupError:
        pytest.skip("missing here: another interpreter of this version")
