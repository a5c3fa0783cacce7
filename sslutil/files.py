"""The operator's own files: read within limits, written whole or not at all."""

from __future__ import annotations

import os

from sslutil.disk import PRIVATE_FILE, PUBLIC_FILE, File, Folder, told
from sslutil.errors import MaterialError, RegistryError, UsageError, command

_LIMIT = 1 << 20


def read_file(path: str, limit: int = _LIMIT) -> bytes:
    """Return the bytes of a file of the operator's, at most `limit`; MaterialError where it can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise _unreadable(path, fault) from fault
    return _read(descriptor, path, limit)


def read_descriptor(number: int, path: str, limit: int = _LIMIT) -> bytes:
    """Return what comes from a descriptor that is open here, at most `limit` bytes; it stays open."""
    try:
        descriptor = os.dup(number)
    except OSError as fault:
        raise _unreadable(path, fault) from fault
    return _read(descriptor, path, limit)


def list_folder(path: str) -> list[str]:
    """Return the names in a folder of the operator's, sorted; MaterialError where it can't be read."""
    try:
        return sorted(os.listdir(path))
    except OSError as fault:
        raise _unreadable(path, fault) from fault


def _read(descriptor: int, path: str, limit: int) -> bytes:
    try:
        with open(descriptor, "rb") as file:
            os.set_blocking(descriptor, True)  # only opening must not wait: a FIFO that nobody writes ends at once
            content = file.read(limit + 1) or b""
    except OSError as fault:
        raise _unreadable(path, fault) from fault
    if len(content) > limit:
        message = f"{path} is larger than {limit / (1 << 20):g} MiB"
        raise MaterialError(message, command("ls", "-l", path))
    return content


def _unreadable(path: str, fault: OSError) -> MaterialError:
    return MaterialError(f"can't read {path}: {(fault.strerror or str(fault)).lower()}", command("ls", "-l", path))


def judge_out(path: str, *, force: bool, content: bytes | None = None) -> None:
    """Raise UsageError where `--out` names what can't or mustn't be written, before anything is made.

    A file that holds `content` already may stay.
    """
    _judge_kind(path)
    if content is not None and _read_equal(path, content, private=False):
        return
    if os.path.lexists(path) and not force:
        message = f"{path} exists: name another file, or overwrite it with --force"
        raise UsageError(message).cured_with("--force")
    parent = os.path.dirname(_absolute(path))
    if not os.path.isdir(parent):
        message = f"the folder {parent} does not exist"
        raise UsageError(message, command("mkdir", "-p", parent))
    if not os.access(parent, os.W_OK | os.X_OK):
        message = f"the folder {parent} can't be written by this account"
        raise UsageError(message, command("ls", "-ld", parent))


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except FileNotFoundError as fault:
        message = f"the working directory is gone, and {path} is relative to it"
        raise UsageError(message, command("cd", "/")) from fault


def _judge_kind(path: str) -> None:
    """Refuse what a rename would replace by a file of its own: folders, devices, and links, whoever planted them."""
    if os.path.islink(path):
        message = f"{path} is a link, and --out names the file itself"
        plain = os.path.isfile(path) or not os.path.exists(path)
        raise UsageError(message, typed=path, near=(os.path.realpath(path) if plain else "-",))
    if os.path.isdir(path):
        message = f"{path} is a folder, and --out names a file"
        raise UsageError(message, typed=path, near=(os.path.join(path, "FILE"),))
    if os.path.exists(path) and not os.path.isfile(path):
        message = f"{path} is not a regular file"
        raise UsageError(message, typed=path, near=("-",))


def write_out(path: str, content: bytes, *, force: bool, private: bool = False) -> bool:
    """Write `--out`, whole, by a rename; return whether it changed. An equal file is left alone."""
    _judge_kind(path)
    if _read_equal(path, content, private=private):
        return False
    judge_out(path, force=force)
    parent, name = os.path.split(os.path.abspath(path))
    with told("open", parent):
        folder = Folder(os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), parent)
    with folder:
        fresh = f".{name}.new"
        try:
            folder.remove(fresh)  # what a run left that was killed: a key may be in it
            folder.create(File(fresh, content, PRIVATE_FILE if private else PUBLIC_FILE))
            folder.rename(fresh, name)
        except RegistryError as fault:
            folder.remove(fresh)
            raise UsageError(fault.message, command("ls", "-ld", parent)) from fault
        folder.sync()
    return True


def _read_equal(path: str, content: bytes, *, private: bool) -> bool:
    try:
        with open(path, "rb") as file:
            too_open = private and os.fstat(file.fileno()).st_mode & 0o077
            return not too_open and file.read(len(content) + 1) == content
    except OSError:
        return False
