"""A passphrase: from a file, a descriptor, stdin or a person, never from the command line or the environment."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from sslutil.errors import UsageError, command
from sslutil.files import read_descriptor, read_file

if TYPE_CHECKING:
    from sslutil.steps.run import Run

STDIN = "-"
_DESCRIPTOR = re.compile(r"(?:fd:|/dev/fd/)(\d{1,6})")
_LIMIT = 64 * 1024
_MARK = b"\xef\xbb\xbf"
"""What Windows' editor writes before a text."""


def take_passphrase(run: Run, source: str | None, question: str, *, twice: bool = False) -> bytes | None:
    """Return a passphrase: the first line of `source`, else what a person types; None where nobody can be asked.

    `source` is a path, "-" for stdin, or "fd:3" or "/dev/fd/3" for a descriptor. What is typed is not shown, and asked
    for a second time with `twice`; whoever types nothing gives none. Raises UsageError for an empty line.
    """
    if source is None:
        return _ask(run, question, twice=twice) if run.ask_secret else None
    descriptor = _DESCRIPTOR.fullmatch(source)
    if source == STDIN or (descriptor and int(descriptor[1]) == 0):
        content = run.read_stdin(_LIMIT)
    elif descriptor:
        content = read_descriptor(int(descriptor[1]), source, _LIMIT)
    else:
        content = read_file(source, _LIMIT)
    line = next(iter(content.removeprefix(_MARK).splitlines()), b"")
    if not line:
        message = f"{source} holds no passphrase: its first line is empty"
        raise UsageError(message, typed=source, near=("FILE",))
    return line


def warn_of_readers(source: str | None) -> str:
    """Return the sentence of a passphrase's file that other accounts can read; an empty string where none can."""
    if source is None or source == STDIN or _DESCRIPTOR.fullmatch(source):
        return ""
    try:
        found = os.stat(source)
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode) or not found.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return ""
    return f"{source} holds a passphrase, and other accounts can read it: {command('chmod', '600', source)}"


def _ask(run: Run, question: str, *, twice: bool) -> bytes | None:
    if run.ask_secret is None:
        return None
    while True:
        typed = run.ask_secret(question)
        if not typed:
            return None
        if not twice or run.ask_secret(f"{question}, again") == typed:
            return typed.encode("utf-8", "surrogateescape")
        question = f"The two differ. {question.removeprefix('The two differ. ')}"
