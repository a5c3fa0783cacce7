"""The accounts and groups of this machine, with real ones where root can make them."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import subprocess
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.host.accounts import account_name, find_group, home_of, is_private_group, owners

if TYPE_CHECKING:
    from tests import accounts

NOBODY = 2**31 - 7
"""An id that no account and no group of a test machine has."""


def as_account(account: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the room believe that this account runs it."""
    monkeypatch.setattr(os, "geteuid", lambda: account.uid)


class TestNames:
    """Ids and names."""

    def test_account(self) -> None:
        """An account is told by its name; one without a name in the way that sudo takes."""
        assert (pwd.getpwuid(os.geteuid()).pw_name, f"#{NOBODY}") == (account_name(os.geteuid()), account_name(NOBODY))

    def test_home(self) -> None:
        """A home is that of the accounts' own list, whatever HOME says; who is not in it has none."""
        assert pwd.getpwuid(os.geteuid()).pw_dir == home_of(os.geteuid())
        assert home_of(NOBODY) is None

    def test_owners(self) -> None:
        """Whoever runs this is the one whose files are trusted."""
        assert (os.geteuid(), account_name(os.geteuid())) == (owners().runner, owners().account_name(os.geteuid()))


class TestFindGroup:
    """The group that may read a key."""

    @pytest.mark.parametrize("group", [0, 4711, "65534", str(NOBODY)])
    def test_number(self, group: str | int) -> None:
        """A number is a group, whether or not this machine has a name for it: a container's may differ."""
        assert int(group) == find_group(group)

    def test_name(self) -> None:
        """A name is the group of that name."""
        entry = grp.getgrall()[0]

        assert entry.gr_gid == find_group(entry.gr_name)

    def test_none(self) -> None:
        """No name is no group."""
        assert find_group("") is None

    @pytest.mark.parametrize("name", ["no-such-group", "\u00b2", "-1", "1.5", "root "])
    def test_unknown(self, name: str) -> None:
        """A name that no group has is refused as the setting that it is."""
        with pytest.raises(SiteError, match=f"^key_group {name} is no group of this machine$") as refused:
            find_group(name)
        assert "deploy.key_group" == refused.value.key


@pytest.mark.needs("root", "groupadd", "groupdel", "gpasswd")
class TestPrivateGroup:
    """A group that is the user's alone."""

    def test_own(self, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """The group of the account's name, with nobody else in it, is; root's is not this account's."""
        as_account(second_user, monkeypatch)

        assert (True, False) == (is_private_group(second_user.gid), is_private_group(0))

    def test_unknown(self, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """A group that nobody knows is nobody's, and an account that nobody knows has none."""
        as_account(second_user, monkeypatch)
        assert not is_private_group(NOBODY)
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
        assert not is_private_group(second_user.gid)

    def test_member(self, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is no longer, once somebody else is a member; a member that is the account itself does not count."""
        as_account(second_user, monkeypatch)
        for member, private in ((second_user.name, True), ("daemon", False)):
            subprocess.run(["gpasswd", "--add", member, second_user.name], check=True, capture_output=True, timeout=60)
            try:
                assert private is is_private_group(second_user.gid)
            finally:
                done = ["gpasswd", "--delete", member, second_user.name]
                subprocess.run(done, check=True, capture_output=True, timeout=60)
        assert is_private_group(second_user.gid)

    def test_primary_group_of_another(self, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor where it is another account's primary group, which its list of members does not tell."""
        as_account(second_user, monkeypatch)
        everybody = pwd.getpwall()
        twin = pwd.struct_passwd(("twin", "x", NOBODY, second_user.gid, "", "/", "/bin/sh"))
        monkeypatch.setattr(pwd, "getpwall", lambda: [*everybody, twin])

        assert not is_private_group(second_user.gid)

    def test_shared(self, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """A group of another name is shared by its purpose, even while it is empty."""
        as_account(second_user, monkeypatch)
        name = f"{second_user.name}-x"
        subprocess.run(["groupadd", name], check=True, capture_output=True, timeout=60)
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["groupdel", name], check=True, capture_output=True, timeout=60)
            assert not is_private_group(grp.getgrnam(name).gr_gid)
