"""Whose folders a key may lie below: each rule with a real second user."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError
from sslutil.store.opening import judge_place
from sslutil.store.owners import judge_way
from tests.store.lands import SHARED_GROUP, give, tree

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.disk import Owners
    from tests import accounts

pytestmark = pytest.mark.needs("root")


class TestWay:
    """Each folder and link on the way, as root."""

    def test_own(self, folder: Path, owners: Owners) -> None:
        """A way of root's own is fine, and what is missing at its end is not looked at."""
        (folder / "a").mkdir()

        assert f"{folder}/a/b/c" == judge_way(f"{folder}/a/b/c", owners)
        assert [str(folder), "a"] == [str(folder), *tree(folder)]

    @pytest.mark.parametrize("last", [False, True])
    def test_strange_folder(self, folder: Path, owners: Owners, second_user: accounts.Account, last: bool) -> None:  # noqa: FBT001
        """A stranger's folder on the way, or at its end, is refused, with the account that could work there."""
        (folder / "a" / "b").mkdir(parents=True)
        give(folder / "a", second_user)
        told = f"^{folder}/a belongs to {second_user.name}, neither to root nor to the account that runs this$"
        with pytest.raises(RegistryError, match=told) as refused:
            judge_way(f"{folder}/a" if last else f"{folder}/a/b/c", owners)
        assert second_user.name == refused.value.account

    @pytest.mark.parametrize("mode", [0o757, 0o777, 0o775, 0o770])
    @pytest.mark.parametrize("last", [False, True])
    def test_writable_folder(self, folder: Path, owners: Owners, mode: int, last: bool) -> None:  # noqa: FBT001
        """A folder that others or a shared group may write is refused, and the hint mends it."""
        (folder / "a" / "b").mkdir(parents=True)
        os.chown(folder / "a", 0, SHARED_GROUP)
        (folder / "a").chmod(mode)
        path = f"{folder}/a" if last else f"{folder}/a/b"
        with pytest.raises(RegistryError, match=f"^the folder {folder}/a can be written by others") as refused:
            judge_way(path, owners)
        subprocess.run(refused.value.hint.split(), check=True, timeout=30)
        assert path == judge_way(path, owners)

    def test_private_group(self, folder: Path, owners: Owners) -> None:
        """The runner's own group may write: nobody else is in it."""
        (folder / "a").mkdir()
        (folder / "a").chmod(0o770)

        assert f"{folder}/a" == judge_way(f"{folder}/a", owners)
        with pytest.raises(RegistryError, match="can be written by others"):
            judge_way(f"{folder}/a", owners._replace(is_private_group=lambda _group: False))

    def test_sticky(self, folder: Path, owners: Owners, second_user: accounts.Account) -> None:
        """In a sticky folder nobody renames what is another's: one's own below it is fine, a stranger's is not."""
        (folder / "shared" / "mine").mkdir(parents=True)
        (folder / "shared" / "theirs").mkdir()
        (folder / "shared").chmod(0o1777)
        give(folder / "shared" / "theirs", second_user)

        for name in ("mine", "mine/new", "new"):
            assert f"{folder}/shared/{name}" == judge_way(f"{folder}/shared/{name}", owners)
        with pytest.raises(RegistryError, match=f"^{folder}/shared/theirs belongs to"):
            judge_way(f"{folder}/shared/theirs/new", owners)

    def test_sticky_is_no_registry(self, folder: Path, owners: Owners) -> None:
        """A sticky folder is a way, and no registry: anybody could add files to it."""
        (folder / "shared").mkdir()
        (folder / "shared").chmod(0o1777)
        with pytest.raises(RegistryError, match=f"^the folder {folder}/shared can be written by others"):
            judge_way(f"{folder}/shared", owners)

    def test_sticky_of_a_stranger(self, folder: Path, owners: Owners, second_user: accounts.Account) -> None:
        """The owner of a sticky folder renames what is in it: a stranger's is refused."""
        (folder / "shared" / "mine").mkdir(parents=True)
        (folder / "shared").chmod(0o1777)
        give(folder / "shared", second_user)
        with pytest.raises(RegistryError, match=f"^{folder}/shared belongs to"):
            judge_way(f"{folder}/shared/mine", owners)

    @pytest.mark.parametrize("target", ["real", "./real/", "../{name}/real", "{folder}/real", "real/../real/."])
    def test_link(self, folder: Path, owners: Owners, target: str) -> None:
        """A link of one's own on the way is followed, and the real way is the answer."""
        (folder / "real").mkdir()
        (folder / "a").symlink_to(target.format(name=folder.name, folder=folder))

        assert f"{folder}/real" == judge_way(f"{folder}/a", owners)
        assert f"{folder}/real/b" == judge_way(f"{folder}/a/b", owners)

    def test_broken_link(self, folder: Path, owners: Owners) -> None:
        """A link to what is not there yet leads to where it will be."""
        (folder / "a").symlink_to("new")

        assert f"{folder}/new/b" == judge_way(f"{folder}/a/b", owners)

    def test_strange_link(self, folder: Path, owners: Owners, second_user: accounts.Account) -> None:
        """A stranger's link is refused, even one to a place of one's own: next it may lead elsewhere."""
        (folder / "real").mkdir()
        (folder / "a").symlink_to("real")
        give(folder / "a", second_user)
        with pytest.raises(RegistryError, match=f"^{folder}/a belongs to {second_user.name}"):
            judge_way(f"{folder}/a/b", owners)

    def test_link_into_a_strange_folder(
        self, folder: Path, user_folder: Path, owners: Owners, second_user: accounts.Account
    ) -> None:
        """What a link leads to is judged as if it had been typed."""
        (folder / "a").symlink_to(user_folder)
        with pytest.raises(RegistryError, match=f"belongs to {second_user.name}"):
            judge_way(f"{folder}/a/b", owners)

    @pytest.mark.parametrize("target", ["a", "b/../a", "../{name}/a"])
    def test_circle(self, folder: Path, owners: Owners, target: str) -> None:
        """A circle of links ends in a sentence."""
        (folder / "b").mkdir()
        (folder / "a").symlink_to(target.format(name=folder.name))
        with pytest.raises(RegistryError, match=f"^{folder}/a/c runs in a circle of links$"):
            judge_way(f"{folder}/a/c", owners)

    @pytest.mark.parametrize("links", [40, 41])
    def test_many_links(self, folder: Path, owners: Owners, links: int) -> None:
        """As many links are followed as the kernel follows."""
        (folder / "0").mkdir()
        for number in range(links):
            (folder / str(number + 1)).symlink_to(str(number))
        if links <= 40:
            assert (folder / str(links)).is_dir()
            assert f"{folder}/0" == judge_way(f"{folder}/{links}", owners)
            return
        with pytest.raises(OSError, match="symbolic links"):
            (folder / str(links)).stat()
        with pytest.raises(RegistryError, match="circle of links"):
            judge_way(f"{folder}/{links}", owners)

    @pytest.mark.parametrize("path", ["file", "file/b"])
    def test_no_folder(self, folder: Path, owners: Owners, path: str) -> None:
        """A file on the way, or at its end, is no folder."""
        (folder / "file").touch()
        with pytest.raises(RegistryError, match=f"^{folder}/file is not a folder$"):
            judge_way(f"{folder}/{path}", owners)

    def test_root_folder(self, owners: Owners) -> None:
        """The folder above all is a way too."""
        assert "/" == judge_way("/", owners)


class TestPlace:
    """The registry itself."""

    def test_own(self, folder: Path, owners: Owners) -> None:
        """One's own is, and one that is not there yet."""
        assert str(folder) == judge_place(str(folder), owners)
        assert f"{folder}/new" == judge_place(f"{folder}/new", owners)

    def test_roots(self, folder: Path, owners: Owners, second_user: accounts.Account) -> None:
        """A user may not change root's registry, though the way to it is trusted."""
        user = owners._replace(runner=second_user.uid)
        with pytest.raises(RegistryError, match=f"^the registry {folder} belongs to root, and only root") as refused:
            judge_place(str(folder), user)
        assert "root" == refused.value.account
        assert f"{folder}/new" == judge_place(f"{folder}/new", user)
