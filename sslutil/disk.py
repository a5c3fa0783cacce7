"""Files and folders, opened relative to a descriptor, born private, synced: it never knows what is written."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

from sslutil.errors import RegistryError, command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

READ_LIMIT = 16 * 1024 * 1024
READ_TRIES = 20
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PUBLIC_FILE = 0o644
PUBLIC_FOLDER = 0o755


class File(NamedTuple):
    """A file to write: one name, its bytes, its exact mode and, where it matters, its group."""

    name: str
    content: bytes
    mode: int = PUBLIC_FILE
    group: int | None = None
    """Group id, or None for the group that the system gives."""


class Owners(NamedTuple):
    """Who may own and write what is trusted: root, and the account that runs."""

    runner: int
    """User id."""
    is_private_group: Callable[[int], bool]
    """Whether a group id is the runner's own group, with no other member."""
    account_name: Callable[[int], str]
    """The name of a user id, or "#1234" where it has none, as sudo takes both."""

    def judge(self, path: str, status: os.stat_result) -> None:
        """Raise RegistryError where somebody else owns or may write what `status` describes."""
        if status.st_uid not in {0, self.runner}:
            message = (
                f"{path} belongs to user id {status.st_uid}, neither to root nor to user id {self.runner} who runs this"
            )
            raise RegistryError(message, command("chown", str(self.runner), path))
        if status.st_mode & stat.S_IWOTH or (
            status.st_mode & stat.S_IWGRP and not self.is_private_group(status.st_gid)
        ):
            message = f"{path} can be written by others than its owner"
            raise RegistryError(message, command("chmod", "go-w", path))


def tell(fault: OSError) -> str:
    """Return what the system said, as part of a sentence."""
    words = fault.strerror or str(fault)
    why = " (none is followed here)" if fault.errno == errno.ELOOP else ""
    return f"{words[:1].lower()}{words[1:]}{why}"


@contextmanager
def told(action: str, path: str) -> Iterator[None]:
    """Turn an OSError into a RegistryError that says what could not be done, to which path, and why."""
    try:
        yield
    except OSError as fault:
        look = ("df", "-h") if fault.errno in {errno.ENOSPC, errno.EDQUOT} else ("ls", "-ld")
        error = RegistryError(f"can't {action} {path}: {tell(fault)}", command(*look, path))
        if isinstance(fault, PermissionError) and os.geteuid():
            error.cured_by("root")
        raise error from fault


class Folder:
    """An open directory. Every name that its methods take is one step below it, and no link is followed."""

    def __init__(self, descriptor: int, path: str) -> None:
        """Take over `descriptor`; `path` is for messages."""
        self.descriptor = descriptor
        self.path = path

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the descriptor."""
        self.close()

    def close(self) -> None:
        """Close the descriptor, once."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def path_of(self, name: str) -> str:
        """Return the path of a name below this folder, for messages."""
        return f"{self.path}/{name}"

    def folder(self, name: str) -> Folder:
        """Return the folder `name`, opened; a link or a file in its place is an error."""
        path = self.path_of(name)
        with told("open", path):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            return Folder(os.open(name, flags, dir_fd=self.descriptor), path)

    def exists(self, name: str) -> bool:
        """Return whether anything bears this name, a broken link included."""
        with told("look at", self.path_of(name)):
            try:
                os.lstat(name, dir_fd=self.descriptor)
            except FileNotFoundError:
                return False
            return True

    def names(self) -> list[str]:
        """Return every name in the folder, sorted."""
        with told("list", self.path):
            return sorted(os.listdir(self.descriptor))

    def read(self, name: str, *, owners: Owners | None = None) -> bytes:
        """Return the bytes of a regular file; one that changes while it is read is read again.

        With `owners` the file must be theirs alone, checked on the open descriptor. Raises RegistryError;
        FileNotFoundError passes, for callers to whom absence is an answer.
        """
        path = self.path_of(name)
        try:
            with told("read", path):
                return self._read(name, path, owners)
        except RegistryError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise error.__cause__ from None
            raise

    def _read(self, name: str, path: str, owners: Owners | None) -> bytes:
        for _ in range(READ_TRIES):
            # O_NONBLOCK: a FIFO in the place of the file must not hang the open.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=self.descriptor)
            try:
                before = os.fstat(descriptor)
                _judge_file(path, before, owners)
                content = _read_all(descriptor, path)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if len(content) == before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns:
                return content
        message = f"{path} changes all the time while it is read"
        raise RegistryError(message, "wait for the program that writes it, then run the same command again")

    def mode_of(self, name: str) -> int:
        """Return the permission bits of a name."""
        with told("look at", self.path_of(name)):
            return stat.S_IMODE(os.lstat(name, dir_fd=self.descriptor).st_mode)

    def is_file(self, name: str) -> bool:
        """Return whether a name is a regular file; a link is none."""
        with told("look at", self.path_of(name)):
            try:
                return stat.S_ISREG(os.lstat(name, dir_fd=self.descriptor).st_mode)
            except FileNotFoundError:
                return False

    def stamp(self, name: str) -> tuple[int, ...]:
        """Return what differs after each save of a file: another file, size or time; empty where there is none."""
        with told("look at", self.path_of(name)):
            try:
                status = os.lstat(name, dir_fd=self.descriptor)
            except FileNotFoundError:
                return ()
            return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def read_link(self, name: str) -> str | None:
        """Return what a link points to, or None where nothing has that name; anything but a link is an error."""
        with told("read the link", self.path_of(name)):
            try:
                return os.readlink(name, dir_fd=self.descriptor)
            except FileNotFoundError:
                return None

    def create(self, file: File) -> None:
        """Write a new file: born 0600, then group and exact mode whatever the umask, then synced."""
        path = self.path_of(file.name)
        with told("write", path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(file.name, flags, PRIVATE_FILE, dir_fd=self.descriptor)
            try:
                _write_all(descriptor, file.content)
                if file.group is not None:
                    os.fchown(descriptor, -1, file.group)
                os.fchmod(descriptor, file.mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def make_folder(self, name: str, mode: int = PRIVATE_FOLDER) -> Folder:
        """Return a new folder, made with exactly this mode whatever the umask."""
        path = self.path_of(name)
        with told("make", path):
            os.mkdir(name, mode, dir_fd=self.descriptor)
            folder = self.folder(name)
            try:
                folder.set_mode(mode)
            except BaseException:
                folder.close()
                raise
            return folder

    def set_mode(self, mode: int) -> None:
        """Give the folder itself exactly this mode."""
        with told("set the mode of", self.path):
            if stat.S_IMODE(os.fstat(self.descriptor).st_mode) != mode:
                os.fchmod(self.descriptor, mode)

    def rename(self, old: str, new: str) -> None:
        """Rename within the folder, replacing what bears the new name."""
        with told("rename", self.path_of(old)):
            os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def move(self, name: str, folder: Folder, new: str) -> None:
        """Rename into another folder of the same disk, replacing what bears the new name there."""
        with told("rename", self.path_of(name)):
            os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=folder.descriptor)

    def replace_link(self, name: str, target: str) -> None:
        """Point `name` to `target` in one rename, and sync the folder."""
        fresh = f".{name}.new"
        with told("link", self.path_of(name)):
            self.remove(fresh)
            os.symlink(target, fresh, dir_fd=self.descriptor)
            self.rename(fresh, name)
        self.sync()

    def remove(self, name: str) -> bool:
        """Remove a file or link; return whether there was one."""
        with told("remove", self.path_of(name)):
            try:
                os.unlink(name, dir_fd=self.descriptor)
            except FileNotFoundError:
                return False
            return True

    def remove_tree(self, name: str) -> None:
        """Remove a name whatever it is, a folder with all that is in it; no link is followed."""
        with told("remove", self.path_of(name)):
            if not stat.S_ISDIR(os.lstat(name, dir_fd=self.descriptor).st_mode):
                os.unlink(name, dir_fd=self.descriptor)
                return
            with self.folder(name) as folder:
                for inner in folder.names():
                    folder.remove_tree(inner)
            os.rmdir(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Make the names in the folder durable."""
        with told("sync", self.path):
            os.fsync(self.descriptor)


def open_folder(path: str) -> Folder:
    """Return the folder at an absolute path, links on the way followed; RegistryError where it can't be opened."""
    with told("open", path):
        return Folder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), path)


def _judge_file(path: str, status: os.stat_result, owners: Owners | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        message = f"{path} is not a regular file"
        raise RegistryError(message, command("ls", "-ld", path))
    if owners is not None:
        owners.judge(path, status)


def _read_all(descriptor: int, path: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
        size += len(part)
        if size > READ_LIMIT:
            message = f"{path} is larger than {READ_LIMIT // 1024 // 1024} MiB"
            raise RegistryError(message, command("ls", "-l", path))
    return b"".join(parts)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
