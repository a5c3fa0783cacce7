"""Something happens right before one call of the operating system, inside a command that runs in this process."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = ("open", "close", "read", "write", "pwrite", "ftruncate", "fsync", "fchmod", "fchown")
LOOKS = ("fstat", "lstat", "stat", "readlink", "listdir")
NAMES = ("mkdir", "rmdir", "unlink", "rename", "symlink")
CALLS = (*FILES, *LOOKS, *NAMES)
WAITING = "sslutil.host.programs"
"""Who waits for a program to end looks at it as often as there is time: such calls are not counted."""


class Moment(NamedTuple):
    """The moment right before a call."""

    number: int
    """From 0, over the whole command."""
    name: str
    """Of the function in os."""
    arguments: tuple[Any, ...]


@contextmanager
def watched(before_each: Callable[[Moment], None]) -> Iterator[None]:
    """Call `before_each` before each call that this thread makes; what it calls itself does not count."""
    thread, busy, count = threading.get_ident(), False, 0

    def watch(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  whatever os takes and gives
            nonlocal busy, count
            caller = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001  the one way to ask who calls
            if not busy and caller != WAITING and threading.get_ident() == thread:
                busy = True
                try:
                    before_each(Moment(count, name, arguments))
                finally:
                    busy, count = False, count + 1
            return call(*arguments, **options)

        return watching

    originals = {name: getattr(os, name) for name in CALLS}
    for name, call in originals.items():
        setattr(os, name, watch(name, call))
    try:
        yield
    finally:
        for name, call in originals.items():
            setattr(os, name, call)
