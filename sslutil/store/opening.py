"""The registry opened, for a question or for a change."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sslutil.disk import PUBLIC_FOLDER, Folder, open_folder, told
from sslutil.errors import RegistryError
from sslutil.store.lock import locked
from sslutil.store.owners import judge_registry, judge_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslutil.disk import Owners


def open_for_question(path: str) -> Folder | None:
    """Return the registry's folder, or None where there is none yet; no lock, no judgement of owners.

    Raises RegistryError where nobody can tell: a registry that may not be seen is not one that is not there.
    """
    try:
        return open_folder(path)
    except RegistryError as fault:
        if isinstance(fault.__cause__, FileNotFoundError):
            return None
        raise


def judge_place(path: str, owners: Owners) -> str:
    """Return the registry's path with links resolved, if a key may live there; RegistryError where not."""
    real = judge_way(path, owners)
    with told("look at", real), suppress(FileNotFoundError):
        judge_registry(real, os.lstat(real), owners)
    return real


def refuse_unwritable(path: str) -> None:
    """Raise RegistryError where this account can't write to a registry, nor make it: before a person is asked."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.access(path, os.W_OK | os.X_OK):
        reason = errno.EACCES if os.geteuid() else errno.EROFS
        with told("write in", path):
            raise OSError(reason, os.strerror(reason))


@contextmanager
def open_for_change(path: str, owners: Owners, *, verb: str, wait: float) -> Iterator[Folder]:
    """Give the registry's folder, made where it is missing, locked; `wait` is in seconds."""
    real = judge_place(path, owners)
    if _make_way(real):
        judge_place(real, owners)  # in a sticky folder a stranger may have been quicker
    with open_folder(real) as root, locked(root, verb, wait):
        yield root


def _make_way(path: str) -> bool:
    """Make the folders of a path that are missing; return whether there were any."""
    missing = []
    while not os.path.lexists(path):
        missing.append(os.path.basename(path))
        path = os.path.dirname(path)
    if not missing:
        return False
    folder = open_folder(path)
    try:
        while missing:
            try:
                inner = folder.make_folder(missing[-1], PUBLIC_FOLDER)
            except Exception:
                if not folder.exists(missing[-1]):  # another first command was quicker
                    raise
                inner = folder.folder(missing[-1])
            folder.sync()
            folder.close()
            folder = inner
            missing.pop()
    finally:
        folder.close()
    return True
