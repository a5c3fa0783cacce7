"""Who listens on a TCP port of this machine, from the kernel's own tables: nothing is connected to."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TOP = "/proc"
_TABLES = ("net/tcp", "net/tcp6")
_LISTENS = "0A"
"""TCP_LISTEN of the kernel's include/net/tcp_states.h, as the tables write it."""
_STATE, _INODE = 3, 9
"""Columns (the kernel's Documentation/networking/proc_net_tcp.rst)."""
_LARGEST_TABLE = 1 << 24
_MOST_DESCRIPTORS = 100_000
"""So many are looked at (about 0.2 s, measured) before the program stays unnamed."""


class Listener(NamedTuple):
    """A program that listens."""

    port: int
    program: str = ""
    """Its short name; empty where this account may not know."""
    number: int | None = None
    """Its process id."""


def find_listeners(ports: Iterable[int]) -> tuple[Listener, ...]:
    """Return who listens on these ports, one for each that is taken."""
    wanted = set(ports)
    sockets: dict[str, int] = {}
    for table in _TABLES if wanted else ():
        sockets |= {inode: port for inode, port in _read_table(f"{TOP}/{table}") if port in wanted}
    owners = _find_owners(sockets) if sockets else {}
    return tuple(owners.get(port, Listener(port)) for port in sorted(set(sockets.values())))


def _read_table(path: str) -> Iterator[tuple[str, int]]:
    """Yield inode and port of each socket that listens."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            lines = file.read(_LARGEST_TABLE).splitlines()[1:]
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > _INODE and words[_STATE] == _LISTENS:
            yield words[_INODE], int(words[1].rpartition(":")[2], 16)


def _find_owners(sockets: Mapping[str, int]) -> dict[int, Listener]:
    """Return the first program that has each of the sockets open, as far as this account may look."""
    names = {f"socket:[{inode}]": port for inode, port in sockets.items()}
    found: dict[int, Listener] = {}
    for seen, (number, target) in enumerate(_read_descriptors()):
        port = names.get(target)
        if port is not None and port not in found:
            found[port] = Listener(port, _read_program(number), int(number))
        if seen >= _MOST_DESCRIPTORS or len(found) == len(set(names.values())):
            break
    return found


def _read_descriptors() -> Iterator[tuple[str, str]]:
    """Yield the number of each process and what each of its descriptors is."""
    with suppress(OSError):
        for number in sorted((name for name in os.listdir(TOP) if name.isdigit()), key=int):
            with suppress(OSError):  # it has ended, or is another account's
                for descriptor in os.listdir(f"{TOP}/{number}/fd"):
                    with suppress(OSError):
                        yield number, os.readlink(f"{TOP}/{number}/fd/{descriptor}")


def _read_program(number: str) -> str:
    try:
        with open(f"{TOP}/{number}/comm", encoding="utf-8", errors="replace") as file:
            return file.read(100).strip()
    except OSError:
        return ""
