"""Root in a user's land, a user in root's, and a site.toml that a stranger may write."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError
from tests.store.lands import SELF_SIGN, SHARED_GROUP, give, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.disk import Owners
    from tests import accounts
    from tests.conftest import Result, Run

pytestmark = pytest.mark.needs("root")


class TestRoot:
    """Root, by the command line."""

    def test_registry_of_a_user(
        self,
        user_folder: Path,
        sslutil_run: Run,
        second_user: accounts.Account,
        second_user_sslutil: Callable[..., Result],
    ) -> None:
        """Root does not work in a user's registry, says who can, and leaves no trace there; questions are answered."""
        registry = user_folder / "registry"
        assert 0 == second_user_sslutil("--registry-path", str(registry), *SELF_SIGN).status
        before = tree(registry)
        for command in (("disable",), ("certificate", "renew", "--force"), ("csr",), ("apply",), SELF_SIGN):
            refused = sslutil_run("--registry-path", str(registry), *command)
            assert 4 == refused.status, (command, refused)
            assert f"belongs to {second_user.name}" in refused.stderr
            assert f"hint: sudo -u {second_user.name} sslutil --registry-path {registry} {command[0]}" in refused.stderr
        assert before == tree(registry)
        status = sslutil_run("--registry-path", str(registry), "status")
        assert (0, False) == (status.status, "warning" in status.stderr), status

    def test_new_registry_in_a_user_folder(self, user_folder: Path, sslutil_run: Run) -> None:
        """A key of root's never lies where a user could take its place."""
        refused = sslutil_run("--registry-path", f"{user_folder}/registry", *SELF_SIGN)

        assert 4 == refused.status
        assert [] == tree(user_folder)

    def test_registry_that_is_a_link(self, folder: Path, sslutil_run: Run) -> None:
        """A registry may be reached by a link of root's; paths in its files are the real ones."""
        (folder / "link").symlink_to("real")

        assert 0 == sslutil_run("--registry-path", f"{folder}/link", *SELF_SIGN).status
        assert (folder / "link").is_symlink()
        text = (folder / "real" / "current" / "apache.conf").read_text(encoding="utf-8")
        assert f'"{folder}/real/current/server.key"' in text
        assert "/link/" not in text

    def test_race_in_a_sticky_folder(
        self, folder: Path, owners: Owners, second_user: accounts.Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A stranger who is quicker at making the registry in a sticky folder gets no key."""
        from sslutil import disk
        from sslutil.store.opening import open_for_change

        (folder / "shared").mkdir()
        (folder / "shared").chmod(0o1777)
        make = disk.Folder.make_folder

        def be_quicker(self: disk.Folder, name: str, mode: int = 0o700) -> disk.Folder:
            if name == "registry":
                (folder / "shared" / "registry").mkdir()
                give(folder / "shared" / "registry", second_user)
            return make(self, name, mode)

        monkeypatch.setattr(disk.Folder, "make_folder", be_quicker)
        opening = open_for_change(f"{folder}/shared/registry", owners, verb="x", wait=0)
        with pytest.raises(RegistryError, match=f"^{folder}/shared/registry belongs to {second_user.name}"), opening:
            pass
        assert ["shared", "shared/registry"] == tree(folder)


class TestUser:
    """A user, by the command line."""

    @pytest.fixture
    def run(self, second_user_sslutil: Callable[..., Result]) -> Callable[..., Result]:
        """Run sslutil as the user on a registry."""
        return lambda registry, *words: second_user_sslutil("--registry-path", str(registry), *words)

    def test_own_home(self, user_folder: Path, run: Callable[..., Result], second_user: accounts.Account) -> None:
        """A user's registry in a home works, and everything in it is the user's."""
        assert 0 == run(user_folder / "registry", *SELF_SIGN).status
        assert {second_user.uid} == {path.lstat().st_uid for path in (user_folder / "registry").rglob("*")}

    def test_private_group(self, user_folder: Path, run: Callable[..., Result], second_user: accounts.Account) -> None:
        """A home that the user's private group may write is fine; one that a shared group may write is not."""
        user_folder.chmod(0o775)
        assert 0 == run(user_folder / "registry", *SELF_SIGN).status
        give(user_folder, second_user, SHARED_GROUP)
        refused = run(user_folder / "registry", "disable")
        assert 4 == refused.status
        assert f"the folder {user_folder} can be written by others" in refused.stderr
        assert f"hint: chmod go-w {user_folder}\n" in refused.stderr

    def test_registry_of_roots(self, folder: Path, sslutil_run: Run, run: Callable[..., Result]) -> None:
        """A user asks root's registry what is public, and changes nothing."""
        registry = folder / "registry"
        sslutil_run("--registry-path", str(registry), *SELF_SIGN)
        before = tree(registry)
        refused = run(registry, "disable")

        assert 4 == refused.status
        assert "hint: sudo sslutil" in refused.stderr
        assert before == tree(registry)
        for question in ("status", "history"):
            answer = run(registry, question)
            assert (0, True) == (answer.status, bool(answer.stdout)), answer

    def test_folder_of_roots(self, folder: Path, run: Callable[..., Result]) -> None:
        """Where the user may write nothing, the answer is one sentence, and nothing is there."""
        refused = run(folder / "registry", *SELF_SIGN)

        assert 4 == refused.status
        assert f"error: can't make {folder}/registry: permission denied" in refused.stderr
        assert [] == tree(folder)

    def test_folder_that_can_not_be_entered(self, tmp_path: Path, run: Callable[..., Result]) -> None:
        """Where the user may not even look, no second registry is born elsewhere."""
        refused = run(tmp_path / "registry", "status")
        assert 4 == refused.status
        refused = run(tmp_path / "registry", *SELF_SIGN)
        assert 4 == refused.status
        assert "permission denied" in refused.stderr


class TestSite:
    """site.toml: a regular file of root's or the owner's that others can't write."""

    @pytest.fixture
    def site(self, registry: Path, sslutil_run: Run) -> Path:
        """The site of a registry that has a generation, with an edit that is pending."""
        assert 0 == sslutil_run(*SELF_SIGN).status
        path = registry / "site.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("http_port = 80\n", "http_port = 8080\n"), "utf-8")
        return path

    @staticmethod
    def assert_orders_go_on(registry: Path, run: Run, told: str) -> None:
        """Assert that apply and edits are refused, while an order does its work without the file."""
        for command in (("apply",), ("disable",)):
            refused = run(*command)
            assert (3, True) == (refused.status, told in refused.stderr), refused
        before = (registry / "current").resolve()
        done = run("certificate", "renew", "--force")
        assert (0, True) == (done.status, told in done.stdout + done.stderr), done
        assert before != (registry / "current").resolve()
        assert "http_port = 80\n" in (registry / "current" / "site.toml").read_text(encoding="utf-8")

    def test_strange(self, site: Path, registry: Path, sslutil_run: Run, second_user: accounts.Account) -> None:
        """A stranger's is not read: with it would come the commands that root runs."""
        give(site, second_user)

        self.assert_orders_go_on(registry, sslutil_run, f"{site} belongs to user id {second_user.uid}")

    @pytest.mark.parametrize("mode", [0o646, 0o664, 0o666])
    def test_writable(self, site: Path, registry: Path, sslutil_run: Run, mode: int) -> None:
        """One that others, or a shared group, may write is not read either."""
        os.chown(site, 0, SHARED_GROUP)
        site.chmod(mode)

        self.assert_orders_go_on(registry, sslutil_run, f"{site} can be written by others than its owner")

    @pytest.mark.parametrize("plant", ["link", "fifo", "folder"])
    def test_no_file(self, site: Path, registry: Path, sslutil_run: Run, tmp_path: Path, plant: str) -> None:
        """A link, a FIFO or a folder is no site, and hangs nobody."""
        site.rename(tmp_path / "elsewhere.toml")
        if plant == "link":
            site.symlink_to(tmp_path / "elsewhere.toml")
        elif plant == "fifo":
            os.mkfifo(site)
        else:
            site.mkdir()

        told = "too many levels of symbolic links" if plant == "link" else f"{site} is not a regular file"
        self.assert_orders_go_on(registry, sslutil_run, told)

    def test_missing(self, site: Path, registry: Path, sslutil_run: Run) -> None:
        """A missing one stops apply and edits, with the copy to take, and never an order."""
        site.unlink()

        self.assert_orders_go_on(registry, sslutil_run, f"{site} is missing")
        assert f"hint: cp {registry}/current/site.toml {site}\n" in sslutil_run("apply").stderr

    def test_fine(self, site: Path, registry: Path, sslutil_run: Run) -> None:
        """One that nobody but its owner may write is taken in."""
        site.chmod(0o600)

        assert 0 == sslutil_run("apply").status
        assert "http_port = 8080\n" in (registry / "current" / "site.toml").read_text(encoding="utf-8")
