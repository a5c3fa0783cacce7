"""The three streams: whole even where one is closed, full or gone, and never in the way of the work that was done."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from sslutil.errors import UsageError

_STREAMS = 3
_LOST = (OSError, ValueError)
"""What writing raises where it is no use any more."""


def prepare() -> None:
    """Make three streams that can be written to, whatever this process was born with.

    A closed descriptor becomes /dev/null: else the next file that is opened would get its number, and be written to.
    """
    for descriptor in range(_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    sys.stdout = sys.stdout or _open(1)
    sys.stderr = sys.stderr or _open(2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a letter that the locale lacks is shown all the same


def _open(descriptor: int) -> io.TextIOWrapper:
    return open(descriptor, "w", encoding="utf-8", closefd=False)


def write_words(text: str) -> None:
    """Write an answer for people on stdout, in the letters that its locale has."""
    _write(text, None)


def write_exactly(text: str) -> None:
    """Write an answer for programs on stdout: UTF-8 whatever the locale, and a path's own bytes where it is none."""
    _write(text, text.encode("utf-8", "surrogateescape"))


def write_bytes(content: bytes) -> None:
    """Write bytes on stdout, as they are."""
    _write("", content)


def _write(text: str, content: bytes | None) -> None:
    """Write and flush; UsageError where that fails for another reason than a reader's who has gone.

    Such a reader is no fault: the work is done, and nobody wants to know.
    """
    stream = sys.stdout
    try:
        if content is None:
            stream.write(text)
        else:
            stream.flush()
            stream.buffer.write(content)
        stream.flush()
    except BrokenPipeError:
        _leave_pipe()
    except _LOST as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        message = f"can't write the answer to stdout: {reason.lower()}; what was asked for is done"
        raise UsageError(message, "sslutil status") from fault


def _leave_pipe() -> None:
    """Turn stdout to /dev/null: the flush at exit must not find the broken pipe again."""
    with suppress(*_LOST):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def talk(text: str) -> None:
    """Say lines on stderr; where there is none any more, the work is done all the same."""
    with suppress(*_LOST):
        sys.stderr.write(text)
        sys.stderr.flush()


def is_talk_terminal() -> bool:
    """Return whether a person looks at stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def is_terminal() -> bool:
    """Return whether a person looks at stdout."""
    return sys.stdout.isatty()
