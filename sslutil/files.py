"""The operator's own files: read within limits, written whole or not at all."""

from __future__ import annotations

import os

from sslutil.disk import PRIVATE_FILE, PUBLIC_FILE, File, Folder, told
from sslutil.errors import MaterialError, RegistryError, UsageError, command

_LIMIT = 1 << 20


def read_file(path: str) -> bytes:
    """Return the bytes of a file of the operator's, at most 1 MiB; MaterialError where it can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as fault:
        message = f"can't read {path}: {(fault.strerror or str(fault)).lower()}"
        raise MaterialError(message, command("ls", "-l", path)) from fault
    if len(content) > _LIMIT:
        message = f"{path} is larger than 1 MiB"
        raise MaterialError(message, command("ls", "-l", path))
    return content


def judge_out(path: str, *, force: bool) -> None:
    """Raise UsageError where `--out` names what must not be overwritten, before anything is made."""
    if os.path.isdir(path):
        message = f"{path} is a folder, and --out names a file"
        raise UsageError(message, f"--out {command(os.path.join(path, 'FILE'))}")
    if os.path.lexists(path) and not force:
        message = f"{path} exists"
        raise UsageError(message, "name another file, or overwrite it: --force")
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent):
        message = f"the folder {parent} does not exist"
        raise UsageError(message, command("mkdir", "-p", parent))


def write_out(path: str, content: bytes, *, force: bool, private: bool = False) -> bool:
    """Write `--out`, whole, by a rename; return whether it changed. An equal file is left alone."""
    if _read_equal(path, content):
        return False
    judge_out(path, force=force)
    parent, name = os.path.split(os.path.abspath(path))
    with told("open", parent):
        folder = Folder(os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), parent)
    with folder:
        fresh = f".{name}.{os.getpid()}"
        try:
            folder.create(File(fresh, content, PRIVATE_FILE if private else PUBLIC_FILE))
            folder.rename(fresh, name)
        except RegistryError as fault:
            folder.remove(fresh)
            raise UsageError(fault.message, "name a file in a folder of yours: --out FILE") from fault
        folder.sync()
    return True


def _read_equal(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False
