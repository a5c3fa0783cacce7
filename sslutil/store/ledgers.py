"""What every ledger on disk shares: a private folder, its numbered entries, and files put in place whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.disk import PRIVATE_FOLDER, File
from sslutil.registry import generation_name
from sslutil.store.generations import write_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslutil.disk import Folder


def open_ledger(root: Folder, name: str) -> Folder:
    """Return the folder of a ledger, made private where it is missing."""
    if not root.exists(name):
        root.make_folder(name).close()
        root.sync()
    return root.folder(name)


def stage_entry(root: Folder, name: str, number: int, files: Iterable[File]) -> None:
    """Write a numbered folder of a ledger, private and durable; its one rename is the moment from which it exists."""
    with open_ledger(root, name) as ledger:
        ledger.rename(write_hidden(ledger, number, files, PRIVATE_FOLDER), generation_name(number))
        ledger.sync()


def open_entry(root: Folder, name: str, number: int) -> Folder:
    """Return a numbered folder of a ledger."""
    with root.folder(name) as ledger:
        return ledger.folder(generation_name(number))


def put_file(root: Folder, folder: Folder, file: File) -> None:
    """Put a file into a folder by one rename from the registry's root, where what a kill leaves is swept."""
    if read_file(folder, file.name) == file.content:
        return
    _move_in(root, folder, file, file.name)
    folder.sync()
    root.sync()


def put_files(root: Folder, folder: Folder, files: Iterable[File], fresh: str) -> None:
    """Put several files into a folder, each whole, with one sync for their names; each is written as `fresh` first."""
    for file in files:
        _move_in(root, folder, file, fresh)
    folder.sync()
    root.sync()


def read_file(folder: Folder, name: str) -> bytes | None:
    """Return the bytes of a file, or None where there is none."""
    try:
        return folder.read(name)
    except FileNotFoundError:
        return None


def _move_in(root: Folder, folder: Folder, file: File, name: str) -> None:
    fresh = f".{name}.new"
    root.remove(fresh)
    root.create(file._replace(name=fresh))
    root.move(fresh, folder, file.name)
