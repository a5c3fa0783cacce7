"""The registry opened, and links planted in the places of its names."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from sslutil import disk
from sslutil.errors import BusyError, RegistryError
from sslutil.store.opening import open_for_change, open_for_question
from tests.store.lands import SELF_SIGN, tree

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.disk import Owners
    from tests.conftest import Call, Run

pytestmark = pytest.mark.needs("root")


class TestQuestion:
    """Opened for a question: without a lock, a judgement or a trace."""

    def test_none(self, tmp_path: Path) -> None:
        """Where there is none yet, the answer is none, and none is made."""
        assert open_for_question(f"{tmp_path}/a/b") is None
        (tmp_path / "link").symlink_to("nowhere")
        assert open_for_question(f"{tmp_path}/link") is None
        assert ["link"] == tree(tmp_path)

    def test_opened(self, tmp_path: Path) -> None:
        """An existing one is opened as it is, whoever may write it."""
        tmp_path.chmod(0o777)
        root = open_for_question(str(tmp_path))

        assert root
        with root:
            assert [] == root.names()

    def test_no_folder(self, tmp_path: Path) -> None:
        """What is no folder is no registry, and is not taken for an absent one."""
        (tmp_path / "x").touch()
        for path in ("x", "x/y"):
            with pytest.raises(RegistryError, match=f"^can't open {tmp_path}/{path}: not a directory"):
                open_for_question(f"{tmp_path}/{path}")


class TestChange:
    """Opened for a change: judged, made, locked."""

    def test_made(self, folder: Path, owners: Owners) -> None:
        """Missing folders are made on the way, readable for servers and writable for nobody else."""
        with open_for_change(f"{folder}/a/b", owners, verb="x", wait=0) as root:
            assert f"{folder}/a/b" == root.path
            assert [".lock"] == root.names()
        for name in ("a", "a/b"):
            assert 0o755 == stat.S_IMODE((folder / name).stat().st_mode)

    def test_locked(self, folder: Path, owners: Owners) -> None:
        """Who is second is told who is first; afterwards it is free again."""
        with open_for_change(str(folder), owners, verb="first", wait=0):
            second = open_for_change(str(folder), owners, verb="second", wait=0)
            with pytest.raises(BusyError, match=rf"^process {os.getpid()} \(first\) holds {folder}/.lock$"), second:
                pass
        with open_for_change(str(folder), owners, verb="second", wait=0):
            pass

    def test_two_at_once(self, folder: Path, owners: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two first commands that make the same registry meet in one."""
        make = disk.Folder.make_folder

        def be_quicker(self: disk.Folder, name: str, mode: int = 0o700) -> disk.Folder:
            make(self, name, mode).close()
            return make(self, name, mode)

        monkeypatch.setattr(disk.Folder, "make_folder", be_quicker)
        with open_for_change(f"{folder}/a/b", owners, verb="x", wait=0):
            pass
        assert ["a", "a/b", "a/b/.lock"] == tree(folder)

    def test_nothing_made(self, folder: Path, owners: Owners) -> None:
        """A place that is refused is left without a trace."""
        (folder / "a").mkdir()
        (folder / "a").chmod(0o777)
        with pytest.raises(RegistryError), open_for_change(f"{folder}/a/b/c", owners, verb="x", wait=0):
            pass
        assert ["a"] == tree(folder)

    def test_descriptors(self, folder: Path, owners: Owners) -> None:
        """No descriptor stays open, come what may."""
        before = os.listdir("/proc/self/fd")  # noqa: PTH208  numbers
        with open_for_change(f"{folder}/a/b/c", owners, verb="x", wait=0):
            pass
        (folder / "file").touch()
        with pytest.raises(RegistryError), open_for_change(f"{folder}/file/x", owners, verb="x", wait=0):
            pass
        assert len(before) == len(os.listdir("/proc/self/fd"))  # noqa: PTH208  numbers


class TestPlanted:
    """Links in the places of our own names: though only root or the owner can plant one, none is followed."""

    @pytest.fixture
    def victim(self, tmp_path: Path) -> Path:
        """A folder outside, with a file in it, that must stay as it is."""
        victim = tmp_path / "victim"
        victim.mkdir(mode=0o750)
        (victim / "precious").write_bytes(b"precious")
        (victim / "precious").chmod(0o640)
        return victim

    @staticmethod
    def look(victim: Path) -> object:
        """Return all that can be told of the victim."""
        return [
            (path.lstat().st_mode, path.lstat().st_mtime_ns, tree(victim)) for path in (victim, victim / "precious")
        ]

    @staticmethod
    def plant(registry: Path, name: str, target: Path | str) -> Path:
        """Put a link in the place of a name, and return that place."""
        place = registry / name
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.is_dir():
            shutil.rmtree(place)
        place.symlink_to(target)
        return place

    @pytest.mark.parametrize(
        "name",
        [
            ".lock",
            ".refused",
            "current",
            "deployed",
            "generations",
            "generations/000001",
            "generations/000001/server.key",
            "generations/000001/generation.toml",
        ],
    )
    @pytest.mark.parametrize("target", [".", "precious"])
    def test_names_that_count(self, registry: Path, victim: Path, sslutil_run: Run, name: str, target: str) -> None:
        """A change stops at a link in a name that counts, with one sentence."""
        sslutil_run(*SELF_SIGN)
        self.plant(registry, name, victim / target)
        before = self.look(victim)
        refused = sslutil_run("disable")

        assert (4, 1) == (refused.status, refused.stderr.count("sslutil: error: ")), refused
        assert before == self.look(victim)

    @pytest.mark.parametrize(
        "name", ["generations/.000002", ".site.toml.2", ".current.new", ".deployed.new", ".refused.new"]
    )
    @pytest.mark.parametrize("target", [".", "precious", "nothing"])
    def test_names_that_do_not(self, registry: Path, victim: Path, sslutil_run: Run, name: str, target: str) -> None:
        """A link in the place of a hidden name is swept, and the change goes on."""
        sslutil_run(*SELF_SIGN)
        place = self.plant(registry, name, victim / target)
        before = self.look(victim)
        done = sslutil_run("disable")

        assert (0, False) == (done.status, place.is_symlink()), done
        assert before == self.look(victim)

    def test_requests(self, registry: Path, victim: Path, sslutil_run: Run) -> None:
        """A request is never made through a link."""
        sslutil_run(*SELF_SIGN)
        (registry / "requests").symlink_to(victim)
        before = self.look(victim)

        assert 4 == sslutil_run("csr", "mail.example.org").status
        assert before == self.look(victim)

    @pytest.mark.parametrize(
        "target", ["{victim}", "../victim", "generations/../../victim", "generations", "generations/000001/", "/etc"]
    )
    def test_current(self, registry: Path, victim: Path, sslutil_call: Call, target: str) -> None:
        """`current` points below generations/, or nothing is read through it."""
        sslutil_call(*SELF_SIGN)
        self.plant(registry, "current", target.format(victim=victim))
        for command in (("status",), ("export", "apache"), ("disable",)):
            answer = sslutil_call(*command)
            assert (4, "") == (answer.status, answer.stdout), answer
            assert f"{registry}/current points to" in answer.stderr
