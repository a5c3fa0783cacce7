"""Reading: only regular files, of trusted owners, as they are at one moment."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil import disk
from sslutil.disk import READ_LIMIT, File, Folder, Owners, open_folder
from sslutil.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ME = os.geteuid()
PRIVATE_GROUP = 4711
OWNERS = Owners(ME, lambda group: group == PRIVATE_GROUP, lambda user: f"#{user}")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Folder]:
    """A folder, opened."""
    with open_folder(str(tmp_path)) as folder:
        yield folder


class TestRead:
    """Only regular files, as they are at one moment."""

    @given(st.binary(max_size=300_000))
    def test_round_trip(self, content: bytes) -> None:
        """What was written is read."""
        with open_folder("/dev/shm" if os.path.isdir("/dev/shm") else "/tmp") as folder:  # noqa: PTH112, S108
            name = f".sslutil-test-{os.getpid()}"
            folder.create(File(name, content))
            try:
                assert content == folder.read(name)
            finally:
                folder.remove(name)

    def test_missing(self, root: Folder) -> None:
        """Absence is an answer of its own."""
        with pytest.raises(FileNotFoundError):
            root.read("x")

    def test_fifo(self, root: Folder, tmp_path: Path) -> None:
        """A FIFO in the place of a file does not hang."""
        os.mkfifo(tmp_path / "x")
        with pytest.raises(RegistryError, match=f"^{tmp_path}/x is not a regular file$"):
            root.read("x")

    @pytest.mark.parametrize("target", ["/etc/passwd", "other", "nowhere"])
    def test_link(self, root: Folder, tmp_path: Path, target: str) -> None:
        """A link is not followed, wherever it leads."""
        (tmp_path / "other").write_bytes(b"x")
        (tmp_path / "x").symlink_to(target)
        with pytest.raises(RegistryError, match=f"^can't read {tmp_path}/x: too many levels of symbolic links"):
            root.read("x")

    def test_folder(self, root: Folder, tmp_path: Path) -> None:
        """A folder is no file."""
        (tmp_path / "x").mkdir()
        with pytest.raises(RegistryError, match="is not a regular file"):
            root.read("x")

    @pytest.mark.parametrize(("size", "taken"), [(READ_LIMIT, True), (READ_LIMIT + 1, False)])
    def test_limit(self, root: Folder, tmp_path: Path, size: int, taken: bool) -> None:  # noqa: FBT001
        """A file of the limit's size is read, one that is a byte larger is refused."""
        with (tmp_path / "x").open("wb") as file:
            file.truncate(size)
        if taken:
            assert size == len(root.read("x"))
            return
        with pytest.raises(RegistryError, match="is larger than 16 MiB"):
            root.read("x")

    def test_changing(self, root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that grows while it is read is read again, until it holds still."""
        path = tmp_path / "x"
        path.write_bytes(b"half")
        os.utime(path, ns=(1, 1))
        read, rest = os.read, [b" and", b" half"]

        def grow(descriptor: int, size: int) -> bytes:
            if rest:
                with path.open("ab") as file:
                    file.write(rest.pop(0))
                os.utime(path, ns=(1, 1))  # a clock that is coarse hides a change
            return read(descriptor, size)

        monkeypatch.setattr(os, "read", grow)

        assert b"half and half" == root.read("x")

    def test_changed_in_place(self, root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that is overwritten at the same length, after it was read, is read again too."""
        path = tmp_path / "x"
        path.write_bytes(b"aaaa")
        read = os.read
        saved: list[int] = []

        def save(descriptor: int, size: int) -> bytes:
            part = read(descriptor, size)
            if not saved:
                saved.append(path.write_bytes(b"bbbb"))
                os.utime(path, ns=(1, 1))
            return part

        monkeypatch.setattr(os, "read", save)

        assert b"bbbb" == root.read("x")

    def test_never_still(self, root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that never holds still is told, after a bounded number of tries."""
        path = tmp_path / "x"
        path.write_bytes(b"")
        read = os.read

        def grow(descriptor: int, size: int) -> bytes:
            part = read(descriptor, size)
            if not part:
                with path.open("ab") as file:
                    file.write(b"x")
            return part

        monkeypatch.setattr(os, "read", grow)
        with pytest.raises(RegistryError, match=f"^{path} changes all the time"):
            root.read("x")
        assert disk.READ_TRIES == path.stat().st_size

    def test_replaced(self, root: Folder, tmp_path: Path) -> None:
        """A file that is replaced by renames all the time is read whole, as one of those that were there."""
        contents = [bytes([letter]) * 100_000 for letter in b"ab"]
        (tmp_path / "x").write_bytes(contents[0])
        stop = threading.Event()

        def replace() -> None:
            while not stop.is_set():
                for content in contents:
                    (tmp_path / "new").write_bytes(content)
                    (tmp_path / "new").rename(tmp_path / "x")

        writer = threading.Thread(target=replace)
        writer.start()
        try:
            assert all(root.read("x") in contents for _ in range(200))
        finally:
            stop.set()
            writer.join()


class TestOwners:
    """Whose files are trusted."""

    @staticmethod
    def judge(mode: int, user: int = ME, group: int = 0) -> None:
        """Judge a file of this mode, owner and group."""
        OWNERS.judge("/r/x", os.stat_result((stat.S_IFREG | mode, 1, 1, 1, user, group, 0, 0, 0, 0)))

    @pytest.mark.parametrize("user", sorted({0, ME}))
    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
    def test_own(self, user: int, mode: int) -> None:
        """Root's and the runner's are, where nobody else may write."""
        self.judge(mode, user)

    def test_strange(self) -> None:
        """A stranger's is not, however it is locked."""
        with pytest.raises(RegistryError, match=r"^/r/x belongs to user id 4712, neither to root nor to user id"):
            self.judge(0o400, 4712)

    @pytest.mark.parametrize("mode", [0o602, 0o620, 0o666, 0o646])
    def test_writable(self, mode: int) -> None:
        """One that group or others may write is not, and the cure takes their right away."""
        with pytest.raises(RegistryError, match=r"^/r/x can be written by others") as refused:
            self.judge(mode)
        assert "chmod go-w /r/x" == refused.value.hint

    def test_private_group(self) -> None:
        """A group that is the user's alone may write, others may not all the same."""
        self.judge(0o660, group=PRIVATE_GROUP)
        with pytest.raises(RegistryError, match="can be written by others"):
            self.judge(0o662, group=PRIVATE_GROUP)

    def test_read_judges(self, root: Folder, tmp_path: Path) -> None:
        """Reading with owners judges the file that was opened; without them it doesn't."""
        (tmp_path / "x").write_bytes(b"x")
        (tmp_path / "x").chmod(0o666)

        assert b"x" == root.read("x")
        with pytest.raises(RegistryError, match="can be written by others"):
            root.read("x", owners=OWNERS)
        (tmp_path / "x").chmod(0o644)
        assert b"x" == root.read("x", owners=OWNERS)
