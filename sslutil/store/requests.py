"""The ledger of requests and of compromised keys on disk: it only grows, but for what was discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.disk import PRIVATE_FILE, PRIVATE_FOLDER, File
from sslutil.registry import COMPROMISED, REQUEST_ANSWER, REQUEST_DISCARDED, REQUESTS, generation_name
from sslutil.store.generations import hidden_name, write_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslutil.disk import Folder


def stage_request(root: Folder, number: int, files: Iterable[File]) -> None:
    """Write a request's folder, private and durable; its one rename is the moment from which it exists."""
    with _open_ledger(root) as requests:
        requests.rename(write_hidden(requests, number, files, PRIVATE_FOLDER), generation_name(number))
        requests.sync()


def open_request(root: Folder, number: int) -> Folder:
    """Return the folder of a request."""
    with root.folder(REQUESTS) as requests:
        return requests.folder(generation_name(number))


def write_answer(root: Folder, number: int, chain: bytes) -> None:
    """Keep a chain, PEM, as the answer to a request: then it no longer counts as discarded."""
    with open_request(root, number) as folder:
        if folder.remove(REQUEST_DISCARDED):
            folder.sync()
        _write(root, folder, File(REQUEST_ANSWER, chain))


def discard(root: Folder, number: int) -> None:
    """Mark a request as one whose answer nobody waits for; everything in its folder stays."""
    with open_request(root, number) as folder:
        _write(root, folder, File(REQUEST_DISCARDED, b""))


def remove(root: Folder, number: int) -> None:
    """Remove a request with its key; hidden first, and for good, so that none is ever half there."""
    with root.folder(REQUESTS) as requests:
        requests.rename(generation_name(number), hidden_name(number))
        requests.sync()
        requests.remove_tree(hidden_name(number))


def read_compromised(root: Folder) -> bytes | None:
    """Return the text that names the compromised keys, or None where no key is."""
    if not root.exists(REQUESTS):
        return None
    with root.folder(REQUESTS) as requests:
        return _read(requests, COMPROMISED)


def write_compromised(root: Folder, text: bytes) -> None:
    """Replace the text that names the compromised keys, durably."""
    with _open_ledger(root) as requests:
        _write(root, requests, File(COMPROMISED, text, PRIVATE_FILE))


def _open_ledger(root: Folder) -> Folder:
    if not root.exists(REQUESTS):
        root.make_folder(REQUESTS).close()
        root.sync()
    return root.folder(REQUESTS)


def _write(root: Folder, folder: Folder, file: File) -> None:
    """Put a file into a folder by one rename from the registry's root, where what a kill leaves is swept."""
    if _read(folder, file.name) == file.content:
        return
    fresh = f".{file.name}.new"
    root.remove(fresh)
    root.create(file._replace(name=fresh))
    root.move(fresh, folder, file.name)
    folder.sync()
    root.sync()


def _read(folder: Folder, name: str) -> bytes | None:
    try:
        return folder.read(name)
    except FileNotFoundError:
        return None
