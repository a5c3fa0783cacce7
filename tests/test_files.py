"""The operator's own files: read within limits; `--out` whole or not at all, and never in place of another thing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, UsageError
from sslutil.files import judge_out, list_folder, read_descriptor, read_file, write_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests import accounts
    from tests.conftest import Result


class TestRead:
    """What the operator names."""

    @pytest.mark.parametrize("size", [0, 1, 1 << 20])
    def test_within_the_limit(self, tmp_path: Path, size: int) -> None:
        """A file of up to 1 MiB is read, through a link too: the operator chose it."""
        (tmp_path / "x").write_bytes(b"x" * size)
        (tmp_path / "link").symlink_to("x")

        assert size == len(read_file(f"{tmp_path}/x")) == len(read_file(f"{tmp_path}/link"))

    def test_above_the_limit(self, tmp_path: Path) -> None:
        """A larger one is refused, an endless one too."""
        (tmp_path / "x").write_bytes(b"x" * ((1 << 20) + 1))
        for path in (f"{tmp_path}/x", "/dev/zero"):
            with pytest.raises(MaterialError, match=f"^{path} is larger than 1 MiB$"):
                read_file(path)

    @pytest.mark.parametrize(("name", "told"), [("nothing", "no such file"), ("folder", "is a directory")])
    def test_unreadable(self, tmp_path: Path, name: str, told: str) -> None:
        """What can't be read is told, with a command that looks at it."""
        (tmp_path / "folder").mkdir()
        with pytest.raises(MaterialError, match=f"^can't read {tmp_path}/{name}: {told}") as refused:
            read_file(f"{tmp_path}/{name}")
        assert f"ls -l {tmp_path}/{name}" == refused.value.hint

    def test_limit(self, tmp_path: Path) -> None:
        """Where more is in order, more is read, and no more than that."""
        (tmp_path / "x").write_bytes(b"x" * 2001)

        assert 2001 == len(read_file(f"{tmp_path}/x", 2001))
        with pytest.raises(MaterialError, match=rf"^{tmp_path}/x is larger than "):
            read_file(f"{tmp_path}/x", 2000)

    def test_descriptor(self, tmp_path: Path) -> None:
        """A descriptor is read within the limit too, and stays open; one that is not open is told."""
        (tmp_path / "x").write_bytes(b"secret")
        with (tmp_path / "x").open("rb") as file:
            assert b"secret" == read_descriptor(file.fileno(), "fd:9", 6)
            os.fstat(file.fileno())
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            with pytest.raises(MaterialError, match=r"^fd:9 is larger than "):
                read_descriptor(file.fileno(), "fd:9", 5)
        with pytest.raises(MaterialError, match=r"^can't read fd:999: bad file descriptor$"):
            read_descriptor(999, "fd:999")

    def test_folder(self, tmp_path: Path) -> None:
        """A folder gives its names, sorted; one that can't be read is told."""
        for name in ("b", "a"):
            (tmp_path / name).touch()

        assert ["a", "b"] == list_folder(str(tmp_path))
        with pytest.raises(MaterialError, match=f"^can't read {tmp_path}/nothing: no such file"):
            list_folder(f"{tmp_path}/nothing")

    def test_fifo(self, tmp_path: Path) -> None:
        """A FIFO that nobody writes to does not hang."""
        os.mkfifo(tmp_path / "x")

        assert b"" == read_file(f"{tmp_path}/x")


class TestWrite:
    """What `--out` names."""

    @pytest.mark.parametrize(("private", "mode"), [(False, 0o644), (True, 0o600)])
    def test_new(self, tmp_path: Path, private: bool, mode: int) -> None:  # noqa: FBT001  a parameter of the test
        """A new file is written with its mode, and nothing is left beside it."""
        path = tmp_path / "x"

        assert write_out(str(path), b"new", force=False, private=private)
        assert (b"new", mode) == (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        assert ["x"] == os.listdir(tmp_path)  # noqa: PTH208  names are enough

    def test_relative(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A bare name is a file of the working directory."""
        monkeypatch.chdir(tmp_path)
        write_out("x", b"new", force=False)

        assert b"new" == (tmp_path / "x").read_bytes()

    def test_existing(self, tmp_path: Path) -> None:
        """A file that differs is overwritten only where that is asked for, and whole."""
        path = tmp_path / "x"
        path.write_bytes(b"old")
        with pytest.raises(UsageError, match=f"^{path} exists") as refused:
            write_out(str(path), b"new", force=False)
        assert ("--force",) == refused.value.added
        assert b"old" == path.read_bytes()
        assert write_out(str(path), b"new", force=True)
        assert b"new" == path.read_bytes()

    @pytest.mark.parametrize("force", [False, True])
    def test_equal(self, tmp_path: Path, force: bool) -> None:  # noqa: FBT001  a parameter of the test
        """A file that holds this already is not touched, and nothing has changed."""
        path = tmp_path / "x"
        path.write_bytes(b"same")
        os.utime(path, ns=(1, 1))
        before = path.stat()

        assert not write_out(str(path), b"same", force=force)
        assert (before.st_ino, 1) == (path.stat().st_ino, path.stat().st_mtime_ns)

    @pytest.mark.parametrize("old", [b"", b"sam", b"same!"])
    def test_nearly_equal(self, tmp_path: Path, old: bytes) -> None:
        """A file that holds less or more of it is another one."""
        (tmp_path / "x").write_bytes(old)
        with pytest.raises(UsageError):
            write_out(f"{tmp_path}/x", b"same", force=False)

    def test_equal_but_open(self, tmp_path: Path) -> None:
        """A private file that others may read does not pass for written."""
        path = tmp_path / "x"
        path.write_bytes(b"same")
        path.chmod(0o644)
        with pytest.raises(UsageError):
            write_out(str(path), b"same", force=False, private=True)
        assert write_out(str(path), b"same", force=True, private=True)
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def plant_folder(path: Path) -> None:
    """Make a folder."""
    path.mkdir()


def plant_fifo(path: Path) -> None:
    """Make a FIFO, which nobody reads or writes."""
    os.mkfifo(path)


def plant_link(path: Path) -> None:
    """Make a link to a file of somebody else's."""
    (path.parent / "victim").write_bytes(b"old")
    path.symlink_to("victim")


def plant_broken_link(path: Path) -> None:
    """Make a link to what is not there."""
    path.symlink_to("victim")


def plant_link_to_folder(path: Path) -> None:
    """Make a link to a folder."""
    path.symlink_to(path.parent)


PLANTS = [
    (plant_folder, "is a folder, and --out names a file", "{folder}/x/FILE"),
    (plant_fifo, "is not a regular file", "-"),
    (plant_link, "is a link, and --out names the file itself", "{folder}/victim"),
    (plant_broken_link, "is a link, and --out names the file itself", "{folder}/victim"),
    (plant_link_to_folder, "is a link, and --out names the file itself", "-"),
]


class TestJudge:
    """What must not be replaced, judged before anything is made."""

    @pytest.mark.parametrize(("plant", "told", "meant"), PLANTS)
    @pytest.mark.parametrize("force", [False, True])
    def test_no_file(
        self,
        tmp_path: Path,
        plant: Callable[[Path], None],
        told: str,
        meant: str,
        force: bool,  # noqa: FBT001  a parameter of the test
    ) -> None:
        """Folders, devices and links are never replaced, nor written through, whatever is forced."""
        plant(tmp_path / "x")
        before = os.lstat(tmp_path / "x")
        with pytest.raises(UsageError, match=f"^{tmp_path}/x {told}$"):
            write_out(f"{tmp_path}/x", b"old", force=force)
        with pytest.raises(UsageError, match=f"^{tmp_path}/x {told}$") as refused:
            judge_out(f"{tmp_path}/x", force=force)
        assert (meant.format(folder=tmp_path),) == refused.value.near
        assert before.st_ino == os.lstat(tmp_path / "x").st_ino
        assert not (tmp_path / "victim").exists() or b"old" == (tmp_path / "victim").read_bytes()

    @pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
    def test_devices(self, path: str) -> None:
        """The devices of the system are no files of the operator's: root would replace them."""
        with pytest.raises(UsageError, match=f"^{path} is ") as refused:
            judge_out(path, force=True)
        assert ("-",) == refused.value.near

    def test_taken(self, tmp_path: Path) -> None:
        """A name that is free, or a file that is to be overwritten, is fine."""
        judge_out(f"{tmp_path}/x", force=False)
        (tmp_path / "x").touch()
        judge_out(f"{tmp_path}/x", force=True)
        with pytest.raises(UsageError, match="exists"):
            judge_out(f"{tmp_path}/x", force=False)

    def test_no_folder(self, tmp_path: Path) -> None:
        """A folder that is missing is not made, and the hint makes it."""
        with pytest.raises(UsageError, match=f"^the folder {tmp_path}/a b/c does not exist$") as refused:
            judge_out(f"{tmp_path}/a b/c/x", force=True)
        assert f"mkdir -p '{tmp_path}/a b/c'" == refused.value.hint
        assert [] == os.listdir(tmp_path)  # noqa: PTH208  names are enough

    def test_strange_folder(
        self, second_user: accounts.Account, second_user_sslutil: Callable[..., Result], open_folder: Path
    ) -> None:
        """A folder that this account can't write is told before a key or a request is made."""
        registry = second_user.home / "registry-for-out"
        refused = second_user_sslutil(
            "--registry-path", str(registry), "csr", "mail.example.org", "--out", f"{open_folder}/x"
        )

        assert 2 == refused.status
        assert f"the folder {open_folder} can't be written by this account" in refused.stderr
        assert not registry.exists()


def test_interrupted(tmp_path: Path) -> None:
    """A write that fails half-way leaves the old file, and nothing beside it."""
    path = tmp_path / "x"
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys\n"
        "from sslutil.errors import UsageError\n"
        "from sslutil.files import write_out\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "try: write_out(sys.argv[1], b'x' * 100, force=True)\n"
        "except UsageError as error: sys.exit(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=30, check=False)

    assert f"can't write {tmp_path}/.x." in done.stderr
    assert "file too large" in done.stderr
    assert (["x"], b"old") == (os.listdir(tmp_path), path.read_bytes())  # noqa: PTH208  names are enough
