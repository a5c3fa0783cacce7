"""The ledger of requests and of compromised keys on disk: it only grows, but for what was discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.disk import PRIVATE_FILE, File
from sslutil.registry import COMPROMISED, REQUEST_ANSWER, REQUEST_DISCARDED, REQUESTS, generation_name
from sslutil.store.generations import hidden_name
from sslutil.store.ledgers import open_entry, open_ledger, put_file, read_file, stage_entry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslutil.disk import Folder


def stage_request(root: Folder, number: int, files: Iterable[File]) -> None:
    """Write a request's folder, private and durable; its one rename is the moment from which it exists."""
    stage_entry(root, REQUESTS, number, files)


def open_request(root: Folder, number: int) -> Folder:
    """Return the folder of a request."""
    return open_entry(root, REQUESTS, number)


def write_answer(root: Folder, number: int, chain: bytes) -> None:
    """Keep a chain, PEM, as the answer to a request: then it no longer counts as discarded."""
    with open_request(root, number) as folder:
        if folder.remove(REQUEST_DISCARDED):
            folder.sync()
        put_file(root, folder, File(REQUEST_ANSWER, chain))


def discard(root: Folder, number: int) -> None:
    """Mark a request as one whose answer nobody waits for; everything in its folder stays."""
    with open_request(root, number) as folder:
        put_file(root, folder, File(REQUEST_DISCARDED, b""))


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
        return read_file(requests, COMPROMISED)


def write_compromised(root: Folder, text: bytes) -> None:
    """Replace the text that names the compromised keys, durably."""
    with open_ledger(root, REQUESTS) as requests:
        put_file(root, requests, File(COMPROMISED, text, PRIVATE_FILE))
