"""Generations and the links to them: read, stage, flip, settle, sweep, prune. The order of the calls is the design."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from sslutil.disk import PUBLIC_FILE, PUBLIC_FOLDER, File
from sslutil.errors import RegistryError, command
from sslutil.registry import (
    AUTHORITY_CRL,
    CLIENTS,
    COMPROMISED,
    CURRENT,
    DEPLOYED,
    GENERATIONS,
    ISSUED,
    REFUSED_MARK,
    REQUEST_ANSWER,
    REQUEST_DISCARDED,
    REQUESTS,
    ROSTER,
    SITE,
    generation_name,
    generation_target,
    parse_generation_name,
    parse_generation_target,
    waiting_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslutil.disk import Folder

_FRESH = "|".join(
    re.escape(name)
    for name in (
        CURRENT,
        DEPLOYED,
        REFUSED_MARK[1:],
        REQUEST_ANSWER,
        REQUEST_DISCARDED,
        COMPROMISED,
        AUTHORITY_CRL,
        ISSUED,
        ROSTER,
    )
)
_OUR_HIDDEN = re.compile(rf"\.(?:{_FRESH})\.new|\.{re.escape(SITE)}\.(?P<number>\d+)")
"""Exactly our own names: an editor's .site.toml.swp and a .git are not ours to sweep."""


def digest(content: bytes | None) -> str:
    """Return the SHA-256 in hexadecimal, or an empty string for what is not there."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def read_link(root: Folder, name: str) -> int | None:
    """Return the number that `current` or `deployed` names, or None where there is no such link."""
    target = root.read_link(name)
    if target is None:
        return None
    number = parse_generation_target(target)
    if number is None:
        message = f"{root.path_of(name)} points to {target}, not to a generation"
        raise RegistryError(message, command("ls", "-l", root.path))
    return number


def read_numbers(root: Folder, folder: str = GENERATIONS) -> list[int]:
    """Return the numbers below generations/, requests/ or clients/, ascending."""
    if not root.exists(folder):
        return []
    with root.folder(folder) as numbered:
        return sorted(number for name in numbered.names() if (number := parse_generation_name(name)) is not None)


def open_generation(root: Folder, number: int) -> Folder:
    """Return the folder of a generation, opened once: what is read through it is all of that generation."""
    with root.folder(GENERATIONS) as generations:
        return generations.folder(generation_name(number))


def read_site(root: Folder) -> bytes | None:
    """Return the bytes of site.toml, or None where there is none."""
    try:
        return root.read(SITE)
    except FileNotFoundError:
        return None


def read_waiting(root: Folder, number: int | None) -> bytes | None:
    """Return the text that waits for the outcome of a generation, or None."""
    if number is None:
        return None
    try:
        return root.read(waiting_name(number))
    except FileNotFoundError:
        return None


def next_number(root: Folder, folder: str = GENERATIONS) -> int:
    """Return one above the highest number there, so that no number ever means two things."""
    return max(read_numbers(root, folder), default=0) + 1


def stage(root: Folder, number: int, files: Iterable[File], text: bytes | None) -> None:
    """Write a whole generation under its number, durably, with the text of site.toml that waits for its outcome.

    Nothing that is served has changed when this returns.
    """
    first = not root.exists(GENERATIONS)
    if first:
        root.make_folder(GENERATIONS, PUBLIC_FOLDER).close()
    with root.folder(GENERATIONS) as generations:
        hidden = write_hidden(generations, number, files, PUBLIC_FOLDER)
        _write_waiting(root, number, text)
        generations.rename(hidden, generation_name(number))
        generations.sync()
    if first or text is not None:
        root.sync()


def hidden_name(number: int) -> str:
    """Return the name that a numbered folder bears while it is written or removed."""
    return f".{generation_name(number)}"


def write_hidden(parent: Folder, number: int, files: Iterable[File], mode: int) -> str:
    """Write a numbered folder with exactly this mode, durably, and return its hidden name."""
    hidden = hidden_name(number)
    with parent.make_folder(hidden) as folder:
        for file in files:
            folder.create(file)
        folder.set_mode(mode)
        folder.sync()
    return hidden


def _write_waiting(root: Folder, number: int, text: bytes | None) -> None:
    if text is not None:
        mode = root.mode_of(SITE) if root.exists(SITE) else PUBLIC_FILE
        root.create(File(waiting_name(number), text, mode))


def flip(root: Folder, link: str, number: int) -> None:
    """Point `current` or `deployed` to a generation: for `current` this one rename is the change."""
    root.replace_link(link, generation_target(number))


def settle(root: Folder, number: int, before: str) -> None:
    """Give site.toml the text that waits for this generation, unless somebody has saved the file since it was read.

    `before` is the digest of the text that was read. What was saved in between stays, and becomes pending; only a save
    between the last look and the rename is lost, which is a window of microseconds.
    """
    waiting = waiting_name(number)
    if not root.exists(waiting):
        return
    seen = root.stamp(SITE)
    if _is_still(root, before) and root.stamp(SITE) == seen:
        root.rename(waiting, SITE)
    else:
        root.remove(waiting)
    root.sync()


def _is_still(root: Folder, before: str) -> bool:
    """Return whether site.toml has this digest; what can't be read as a file is somebody else's doing, and stays."""
    try:
        return digest(read_site(root)) == before
    except RegistryError:
        if root.is_file(SITE):
            raise
        return False


def read_mark(root: Folder) -> int | None:
    """Return the generation that the mark of an undo names, or None where no undo is under way."""
    try:
        return int(root.read(REFUSED_MARK))
    except FileNotFoundError:
        return None
    except ValueError as fault:
        path = root.path_of(REFUSED_MARK)
        message = f"{path} is damaged: it names no generation"
        raise RegistryError(message, command("rm", path)) from fault


def write_mark(root: Folder, number: int) -> None:
    """Commit to the undo of a generation, durably."""
    fresh = f"{REFUSED_MARK}.new"
    root.remove(fresh)
    root.create(File(fresh, f"{number}\n".encode()))
    root.rename(fresh, REFUSED_MARK)
    root.sync()


def remove_durably(root: Folder, name: str) -> None:
    """Remove a file or link of the registry, if it is there, and sync."""
    if root.remove(name):
        root.sync()


def find_left(root: Folder, keep: Iterable[int | None]) -> list[tuple[str, str]]:
    """Return what an interrupted run left, as folder and name: hidden names of ours, but for texts that still wait.

    `keep` are the generations whose text may wait: the one in force, and the one whose undo is under way.
    """
    kept = set(keep)
    left = []
    for name in root.names():
        ours = _OUR_HIDDEN.fullmatch(name)
        if ours and not (ours["number"] and int(ours["number"]) in kept):
            left.append(("", name))
    for parent in (GENERATIONS, REQUESTS, CLIENTS):
        if root.exists(parent):
            with root.folder(parent) as folder:
                hidden = (name for name in folder.names() if name.startswith("."))
                left += [(parent, name) for name in hidden if parse_generation_name(name[1:]) is not None]
    return left


def sweep(root: Folder, keep: Iterable[int | None]) -> None:
    """Remove what an interrupted run left; `keep` as for find_left."""
    for parent, name in find_left(root, keep):
        if parent:
            with root.folder(parent) as folder:
                folder.remove_tree(name)
        else:
            root.remove(name)


def prune(root: Folder, keep: Iterable[int]) -> None:
    """Remove the generations that are not in `keep`.

    Each gets a hidden name first, and for good, so that none is ever half there.
    """
    kept = set(keep)
    old = [number for number in read_numbers(root) if number not in kept]
    if not old:
        return
    with root.folder(GENERATIONS) as generations:
        for number in old:
            generations.rename(generation_name(number), hidden_name(number))
        generations.sync()
        for number in old:
            generations.remove_tree(hidden_name(number))
