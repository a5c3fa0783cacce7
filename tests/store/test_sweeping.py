"""What an interrupted run left is swept, and old generations are pruned: exactly these, and whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sslutil.disk import File, Folder
from sslutil.store import generations as store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILES = (File("server.key", b"key\n", 0o600), File("generation.toml", b"record\n"))


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class TestSweep:
    """What an interrupted run left."""

    FOREIGN = (
        ".site.toml.swp",
        ".site.toml.7.bak",
        ".git",
        ".lock",
        "site.toml~",
        ".current",
        ".refused",
        "current.new",
        ".answer.pem",
        ".answerXpem.new",
    )

    def test_ours_alone(self, root: Folder, registry: Path) -> None:
        """Exactly our own names go; an editor's, a version control's and the lock stay."""
        for name in self.FOREIGN:
            (registry / name).write_text("x")
        fresh = [
            f".{name}.new" for name in ("current", "deployed", "refused", "answer.pem", "discarded", "compromised.toml")
        ]
        for name in (*fresh, ".site.toml.7", ".site.toml.8"):
            (registry / name).write_text("x")
        for parent in ("generations", "requests"):
            (registry / parent / ".000003" / "deep").mkdir(parents=True)
            (registry / parent / ".000003" / "server.key").write_text("x")
            (registry / parent / ".mine").mkdir()
            (registry / parent / "000002").mkdir()
        assert 10 == len(store.find_left(root, (None, None)))
        store.sweep(root, (None, None))
        assert sorted([*self.FOREIGN, "generations", "requests"]) == names(registry)
        assert [".mine", "000002"] == names(registry / "generations") == names(registry / "requests")
        assert [] == store.find_left(root, (None, None))

    def test_what_still_waits(self, root: Folder, registry: Path) -> None:
        """A text stays as long as the outcome of its generation is open."""
        for number in (6, 7, 8):
            (registry / f".site.toml.{number}").write_text("x")
        store.sweep(root, (7, 8))
        assert [".site.toml.7", ".site.toml.8"] == names(registry)

    def test_no_link_is_followed(self, root: Folder, registry: Path, tmp_path: Path) -> None:
        """A link among what is removed goes, and what it points to stays."""
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / "file").write_text("x")
        (registry / "generations" / ".000003").mkdir(parents=True)
        (registry / "generations" / ".000003" / "link").symlink_to(victim)
        (registry / "generations" / ".000004").symlink_to(victim)
        store.sweep(root, (None, None))
        assert [] == names(registry / "generations")
        assert ["file"] == names(victim)


class TestPrune:
    """Old generations go."""

    def test_others_stay(self, root: Folder, registry: Path) -> None:
        """Those that are not named go, whole; so do no strange names."""
        for number in (1, 2, 3, 4):
            store.stage(root, number, FILES, None)
        (registry / "generations" / "notes").mkdir()
        store.prune(root, {2, 4, 99})
        assert ["000002", "000004", "notes"] == names(registry / "generations")

    def test_never_half_there(self, root: Folder, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """When the first file is removed, no generation has its number that will not keep it."""
        for number in (1, 2, 3):
            store.stage(root, number, FILES, None)
        seen: list[list[str]] = []
        unlink = os.unlink

        def removing(name: str, *, dir_fd: int) -> None:
            seen.append([each for each in names(registry / "generations") if not each.startswith(".")])
            unlink(name, dir_fd=dir_fd)

        monkeypatch.setattr(os, "unlink", removing)
        store.prune(root, {3})
        assert [["000003"]] * 2 * len(FILES) == seen
