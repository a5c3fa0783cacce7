"""Generations on disk: staged whole, flipped in one rename, settled without loss."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from sslutil.disk import File, Folder
from sslutil.errors import RegistryError
from sslutil.store import generations as store

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    File("server.key", b"key\n", 0o600),
    File("settings.toml", b"settings\n"),
    File("generation.toml", b"record\n"),
)
OLD, NEW, SAVED = b"old\n", b"new\n", b"saved\n"


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    """Return the permission bits."""
    return path.lstat().st_mode & 0o7777


class TestStage:
    """A generation is written whole, and nothing that is served changes."""

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    def test_whole(self, umask: int, root: Folder, registry: Path) -> None:
        """Every file has its bytes and its exact mode, whatever the umask; the folder is open, and nothing hidden."""
        before = os.umask(umask)
        try:
            store.stage(root, 1, FILES, None)
        finally:
            os.umask(before)
        folder = registry / "generations" / "000001"
        assert {file.name: (file.content, file.mode) for file in FILES} == {
            path.name: (path.read_bytes(), mode(path)) for path in folder.iterdir()
        }
        assert (0o755, 0o755) == (mode(folder), mode(folder.parent))
        assert ["generations"] == names(registry)

    def test_born_private(self, root: Folder, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """While it is written, the folder is the owner's alone, and so is each file until it has its bytes."""
        seen: set[tuple[int, int]] = set()
        write = os.write

        def writing(descriptor: int, content: bytes) -> int:
            hidden = registry / "generations" / ".000001"
            seen.add((mode(hidden), os.fstat(descriptor).st_mode & 0o7777))
            return write(descriptor, content)

        monkeypatch.setattr(os, "write", writing)
        store.stage(root, 1, FILES, None)
        assert {(0o700, 0o600)} == seen

    @pytest.mark.parametrize("wanted", [0o644, 0o640, 0o600])
    def test_text_that_waits(self, wanted: int, root: Folder, registry: Path) -> None:
        """The new text of site.toml waits beside it, with the mode of the old one, which is not touched."""
        (registry / "site.toml").write_bytes(OLD)
        (registry / "site.toml").chmod(wanted)
        store.stage(root, 1, FILES, NEW)
        assert (NEW, wanted) == ((registry / ".site.toml.1").read_bytes(), mode(registry / ".site.toml.1"))
        assert OLD == (registry / "site.toml").read_bytes()

    def test_never_over_another(self, root: Folder, registry: Path) -> None:
        """A number that is taken is not written again: sealed is sealed."""
        store.stage(root, 1, FILES, None)
        with pytest.raises(RegistryError, match=r"can't rename .*/generations/\.000001"):
            store.stage(root, 1, [File("server.key", b"other\n")], None)
        assert b"key\n" == (registry / "generations" / "000001" / "server.key").read_bytes()


class TestNumbers:
    """No number means two things."""

    def test_next(self, root: Folder, registry: Path) -> None:
        """The next number is one above the highest there, in force or not; what is no number does not count."""
        assert 1 == store.next_number(root)
        for number in (1, 7):
            store.stage(root, number, FILES, None)
        for name in (".000009", "12", "0000011", "000010.bak", "00000\u0661"):
            (registry / "generations" / name).mkdir()
        assert [1, 7] == store.read_numbers(root)
        assert 8 == store.next_number(root)
        assert [] == store.read_numbers(root, "requests")

    def test_above_six_digits(self, root: Folder) -> None:
        """A million generations are no end."""
        store.stage(root, 1_000_000, FILES, None)
        assert 1_000_001 == store.next_number(root)


class TestLinks:
    """`current` and `deployed`."""

    def test_flip(self, root: Folder, registry: Path) -> None:
        """A link names its generation relative to the registry, so that a copy of the registry is whole."""
        assert None is store.read_link(root, "current")
        for number in (1, 2):
            store.flip(root, "current", number)
            assert number == store.read_link(root, "current")
        assert "generations/000002" == str((registry / "current").readlink())
        assert ["current"] == names(registry)

    def test_flip_is_one_rename(self, root: Folder, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no moment without a link, whatever an interrupted run has left in the way."""
        store.flip(root, "current", 1)
        (registry / ".current.new").symlink_to("generations/000009")
        seen: list[str] = []
        for name in ("symlink", "unlink", "rename", "fsync"):
            call = getattr(os, name)

            def watching(*arguments: object, _call: object = call, **options: object) -> object:
                seen.append(str((registry / "current").readlink()))
                return _call(*arguments, **options)  # type: ignore[operator]

            monkeypatch.setattr(os, name, watching)
        store.flip(root, "current", 2)
        assert ["generations/000001"] * 3 + ["generations/000002"] == seen

    @pytest.mark.parametrize("target", ["/etc", "generations", "generations/../..", "requests/000001", "generations/1"])
    def test_elsewhere(self, target: str, root: Folder, registry: Path) -> None:
        """A link that leads anywhere but to a generation is an error that names both."""
        (registry / "current").symlink_to(target)
        with pytest.raises(RegistryError, match=f"current points to {target}, not to a generation"):
            store.read_link(root, "current")

    def test_no_link(self, root: Folder, registry: Path) -> None:
        """So is a file or a folder in the place of a link."""
        (registry / "current").mkdir()
        with pytest.raises(RegistryError, match="can't read the link"):
            store.read_link(root, "current")


class TestSettle:
    """site.toml gets the text that waits, unless somebody has saved it meanwhile."""

    @pytest.fixture
    def site(self, root: Folder, registry: Path) -> Path:
        """A site.toml with an old text, beside which a new one waits."""
        path = registry / "site.toml"
        path.write_bytes(OLD)
        store.stage(root, 1, FILES, NEW)
        return path

    def settle(self, root: Folder) -> None:
        """Settle, where OLD is what was read."""
        store.settle(root, 1, store.digest(OLD))

    def test_taken(self, site: Path, root: Folder, registry: Path) -> None:
        """Untouched since it was read, it gets the new text, and nothing waits any more; a second time is harmless."""
        for _ in range(2):
            self.settle(root)
            assert NEW == site.read_bytes()
            assert ["generations", "site.toml"] == names(registry)

    def test_born(self, root: Folder, registry: Path) -> None:
        """Where there was none, it is born."""
        store.stage(root, 1, FILES, NEW)
        store.settle(root, 1, store.digest(None))
        assert NEW == (registry / "site.toml").read_bytes()

    def test_saved(self, site: Path, root: Folder, registry: Path) -> None:
        """What was saved stays, and the text that waited goes: it is in its generation."""
        site.write_bytes(SAVED)
        self.settle(root)
        assert SAVED == site.read_bytes()
        assert ["generations", "site.toml"] == names(registry)

    def test_written_first(self, root: Folder, registry: Path) -> None:
        """So does one that somebody wrote where there was none."""
        store.stage(root, 1, FILES, NEW)
        (registry / "site.toml").write_bytes(SAVED)
        store.settle(root, 1, store.digest(None))
        assert SAVED == (registry / "site.toml").read_bytes()

    def test_removed(self, site: Path, root: Folder) -> None:
        """One that somebody has removed is not brought back."""
        site.unlink()
        self.settle(root)
        assert not site.exists()

    @pytest.mark.parametrize("way", ["rename", "truncate"])
    def test_saved_after_comparing(self, way: str, site: Path, root: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A save between reading the text and the last look is seen, however it is made."""
        compare = store._is_still  # noqa: SLF001  the moment between the two is inside

        def comparing(root: Folder, before: str) -> bool:
            equal = compare(root, before)
            fresh = site.with_name("fresh")
            fresh.write_bytes(SAVED)
            if way == "rename":
                fresh.rename(site)
            else:
                site.write_bytes(fresh.read_bytes())
            return equal

        monkeypatch.setattr(store, "_is_still", comparing)
        self.settle(root)
        assert SAVED == site.read_bytes()

    def test_unreadable(self, site: Path, root: Folder, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that can't read it just now decides nothing: the text goes on waiting."""

        def failing(_descriptor: int, _size: int) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with monkeypatch.context() as patch:
            patch.setattr(os, "read", failing)
            with pytest.raises(RegistryError, match=r"can't read .*: input/output error"):
                self.settle(root)
        assert (OLD, NEW) == (site.read_bytes(), (registry / ".site.toml.1").read_bytes())
        self.settle(root)
        assert NEW == site.read_bytes()

    @pytest.mark.parametrize("place", ["link", "folder", "pipe"])
    def test_no_file(self, place: str, site: Path, root: Folder, registry: Path) -> None:
        """What is no file is somebody's doing: it stays, and stops nothing."""
        site.unlink()
        if place == "link":
            site.symlink_to("elsewhere")
        elif place == "folder":
            site.mkdir()
        else:
            os.mkfifo(site)
        before = site.lstat()
        self.settle(root)
        assert before.st_ino == site.lstat().st_ino
        assert ["generations", "site.toml"] == names(registry)


class TestMark:
    """The commit point of an undo."""

    def test_whole(self, root: Folder, registry: Path) -> None:
        """It names its generation, appears by a rename, and goes."""
        assert None is store.read_mark(root)
        (registry / ".refused.new").write_text("99")
        store.write_mark(root, 7)
        assert 7 == store.read_mark(root)
        assert [".refused"] == names(registry)
        store.remove_durably(root, ".refused")
        assert None is store.read_mark(root)

    @pytest.mark.parametrize("content", ["", "seven", "7 8"])
    def test_damaged(self, content: str, root: Folder, registry: Path) -> None:
        """One that names no generation is an error with the command that helps."""
        (registry / ".refused").write_text(content)
        with pytest.raises(RegistryError, match="is damaged") as caught:
            store.read_mark(root)
        assert f"rm {registry}/.refused" == caught.value.hint
