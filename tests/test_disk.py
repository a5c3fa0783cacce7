"""Files and folders: exact modes, no link followed, nothing half there."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from sslutil.disk import File, Folder, open_folder
from sslutil.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GROUP = 4711


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Folder]:
    """A folder, opened."""
    with open_folder(str(tmp_path)) as folder:
        yield folder


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each umask in turn, the strangest too."""
    before = os.umask(int(request.param))
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.lstat().st_mode)


class TestCreate:
    """A file is born private, and new."""

    @pytest.mark.usefixtures("umask")
    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
    def test_mode(self, root: Folder, tmp_path: Path, mode: int) -> None:
        """It has exactly its mode, whatever the umask."""
        root.create(File("x", b"content", mode))

        assert (mode, b"content") == (mode_of(tmp_path / "x"), (tmp_path / "x").read_bytes())

    @pytest.mark.usefixtures("umask")
    @pytest.mark.parametrize("mode", [0o700, 0o755])
    def test_folder_mode(self, root: Folder, tmp_path: Path, mode: int) -> None:
        """So has a folder."""
        root.make_folder("x", mode).close()

        assert mode == mode_of(tmp_path / "x")

    def test_born_private(self, root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """While its bytes are written nobody else may read it."""
        seen: list[int] = []
        write = os.write

        def watch(descriptor: int, content: bytes) -> int:
            seen.append(mode_of(tmp_path / "x"))
            return write(descriptor, content)

        monkeypatch.setattr(os, "write", watch)
        root.create(File("x", b"secret", 0o644))

        assert [0o600] == seen

    def test_short_writes(self, root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A system that takes one byte at a time gets them all."""
        write = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:1]))
        root.create(File("x", b"content"))

        assert b"content" == (tmp_path / "x").read_bytes()

    @pytest.mark.needs("root")
    def test_group(self, root: Folder, tmp_path: Path) -> None:
        """It gets its group before its mode lets that group in."""
        root.create(File("x", b"", 0o640, GROUP))

        status = (tmp_path / "x").stat()
        assert (0, GROUP, 0o640) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))

    @pytest.mark.parametrize("plant", ["file", "folder", "link", "broken link"])
    def test_existing(self, root: Folder, tmp_path: Path, plant: str) -> None:
        """What bears the name already is neither overwritten nor followed."""
        other = tmp_path / "other"
        other.write_bytes(b"old")
        plants: dict[str, Callable[[], object]] = {
            "file": lambda: (tmp_path / "x").write_bytes(b"old"),
            "folder": (tmp_path / "x").mkdir,
            "link": lambda: (tmp_path / "x").symlink_to(other),
            "broken link": lambda: (tmp_path / "x").symlink_to(tmp_path / "nowhere"),
        }
        plants[plant]()

        with pytest.raises(RegistryError, match=f"^can't write {tmp_path}/x: file exists"):
            root.create(File("x", b"new"))
        assert b"old" == other.read_bytes()
        assert not (tmp_path / "nowhere").exists()
        with pytest.raises(RegistryError, match=f"^can't make {tmp_path}/x: file exists"):
            root.make_folder("x")


class TestLinks:
    """A link is replaced in one step, and read without being followed."""

    def test_new_and_replaced(self, root: Folder, tmp_path: Path) -> None:
        """It points where it should, first and later, and leaves nothing beside it."""
        for target in ("generations/000001", "generations/000002"):
            root.replace_link("current", target)
            assert target == root.read_link("current") == str((tmp_path / "current").readlink())
        assert ["current"] == root.names()

    def test_leftover(self, root: Folder, tmp_path: Path) -> None:
        """What an interrupted run left under the hidden name is in nobody's way."""
        (tmp_path / ".current.new").symlink_to("/etc")
        root.replace_link("current", "generations/000001")

        assert ["current"] == root.names()

    def test_always_there(self, root: Folder, tmp_path: Path) -> None:
        """Whoever looks meets the old or the new one, never none."""
        root.replace_link("current", "a")
        stop = threading.Event()

        def flip() -> None:
            while not stop.is_set():
                root.replace_link("current", "a")
                root.replace_link("current", "b")

        writer = threading.Thread(target=flip)
        writer.start()
        try:
            assert {"a", "b"} >= {str((tmp_path / "current").readlink()) for _ in range(3000)}
        finally:
            stop.set()
            writer.join()

    def test_does_not_replace_a_folder(self, root: Folder, tmp_path: Path) -> None:
        """A folder in its place stays as it is."""
        (tmp_path / "current").mkdir()
        with pytest.raises(RegistryError, match=f"^can't rename {tmp_path}/.current.new: "):
            root.replace_link("current", "a")
        assert (tmp_path / "current").is_dir()

    def test_missing(self, root: Folder) -> None:
        """A link that is not there is no error, and no link."""
        assert root.read_link("current") is None

    @pytest.mark.parametrize("plant", ["file", "folder"])
    def test_no_link(self, root: Folder, tmp_path: Path, plant: str) -> None:
        """What is not a link is told: somebody copied the registry without its links."""
        (tmp_path / "current").touch() if plant == "file" else (tmp_path / "current").mkdir()
        with pytest.raises(RegistryError, match=f"^can't read the link {tmp_path}/current: "):
            root.read_link("current")


class TestFolders:
    """Steps below a folder."""

    def test_link_in_the_place_of_a_folder(self, root: Folder, tmp_path: Path) -> None:
        """It is not followed, even where it leads to a folder of the same owner."""
        (tmp_path / "real").mkdir()
        (tmp_path / "x").symlink_to("real")

        with root.folder("real") as real:
            assert [] == real.names()
        with pytest.raises(RegistryError, match=f"^can't open {tmp_path}/x: "):
            root.folder("x")

    def test_moved(self, root: Folder, tmp_path: Path) -> None:
        """A folder that was opened stays the one that was opened, wherever its name is moved meanwhile."""
        (tmp_path / "a").mkdir()
        (tmp_path / "trap").mkdir()
        with root.folder("a") as folder:
            (tmp_path / "a").rename(tmp_path / "b")
            (tmp_path / "a").symlink_to("trap")
            folder.create(File("x", b""))

        assert (tmp_path / "b" / "x").exists()
        assert not (tmp_path / "trap" / "x").exists()

    def test_exists(self, root: Folder, tmp_path: Path) -> None:
        """A broken link exists; what has no name does not."""
        (tmp_path / "x").symlink_to("nowhere")

        assert (True, False) == (root.exists("x"), root.exists("y"))

    def test_mode_of(self, root: Folder, tmp_path: Path) -> None:
        """The mode is the name's own; a missing one is told."""
        (tmp_path / "x").touch(mode=0o640)

        assert 0o640 == root.mode_of("x")
        with pytest.raises(RegistryError, match=f"^can't look at {tmp_path}/y: no such file"):
            root.mode_of("y")

    def test_closed_once(self, tmp_path: Path) -> None:
        """Closing twice closes nobody else's descriptor."""
        folder = open_folder(str(tmp_path))
        number = folder.descriptor
        folder.close()
        with open_folder(str(tmp_path)) as other:
            assert number == other.descriptor
            folder.close()
            assert [] == other.names()

    def test_missing(self, tmp_path: Path) -> None:
        """A folder that can't be opened is told, with its path."""
        with pytest.raises(RegistryError, match=f"^can't open {tmp_path}/x: no such file"):
            open_folder(f"{tmp_path}/x")

    @pytest.mark.parametrize("name", ["rename", "move", "create", "make_folder", "folder", "remove_tree"])
    def test_told(self, root: Folder, tmp_path: Path, name: str) -> None:
        """Whatever fails is told with the path and what the system said, and a hint that is a command."""
        arguments = {"rename": ("a", "b"), "move": ("a", root, "b"), "create": (File("a", b""),)}.get(name, ("a",))
        with root.make_folder("x") as gone:
            (tmp_path / "x").rmdir()
            with pytest.raises(RegistryError, match=rf"^can't [\w ]+ {tmp_path}/x/a: no such file") as refused:
                getattr(gone, name)(*arguments)
        assert f"ls -ld {tmp_path}/x/a" == refused.value.hint


class TestRemove:
    """What goes, and what stays."""

    def test_remove(self, root: Folder, tmp_path: Path) -> None:
        """A file or a link goes, its target stays, and nothing is no error."""
        (tmp_path / "x").touch()
        (tmp_path / "link").symlink_to("x")

        assert (True, False) == (root.remove("link"), root.remove("nothing"))
        assert ["x"] == root.names()

    def test_folder(self, root: Folder, tmp_path: Path) -> None:
        """A folder is not removed as if it were a file."""
        (tmp_path / "x").mkdir()
        with pytest.raises(RegistryError, match=f"^can't remove {tmp_path}/x: "):
            root.remove("x")

    def test_tree(self, root: Folder, tmp_path: Path) -> None:
        """A tree goes with all that is in it; what its links lead to stays."""
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "precious").touch()
        deep = tmp_path / "x" / "a" / "b"
        deep.mkdir(parents=True)
        (deep / "file").touch()
        (deep / "folder").symlink_to(outside)
        (tmp_path / "x" / "file").symlink_to(outside / "precious")
        os.mkfifo(tmp_path / "x" / "fifo")
        root.remove_tree("x")

        assert ["outside"] == root.names()
        assert (outside / "precious").exists()

    @pytest.mark.parametrize("target", ["outside", "nowhere"])
    def test_link(self, root: Folder, tmp_path: Path, target: str) -> None:
        """A link in the place of a tree goes itself."""
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "precious").touch()
        (tmp_path / "x").symlink_to(target)
        root.remove_tree("x")

        assert (tmp_path / "outside" / "precious").exists()
        assert not root.exists("x")

    def test_rename_replaces(self, root: Folder, tmp_path: Path) -> None:
        """A rename replaces what bears the new name, a link itself and not its target."""
        (tmp_path / "victim").write_bytes(b"old")
        (tmp_path / "x").symlink_to("victim")
        (tmp_path / "new").write_bytes(b"new")
        root.rename("new", "x")

        assert [b"old", b"new"] == [(tmp_path / name).read_bytes() for name in ("victim", "x")]
        assert not (tmp_path / "x").is_symlink()
