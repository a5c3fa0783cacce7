"""The line of cron that renews one registry every night: its time and text, nothing on disk."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from sslutil.errors import RegistryError
from sslutil.host.systemd import STEM
from sslutil.registry import MACHINE_DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_LINE = 998
"""Debian's cron and cronie take commands of 999 characters (MAX_COMMAND)."""
_LONGEST_NAME = 100
_FIRST_HOUR, _HOURS = 1, 4
# The words stand behind the script, so that the operator's own SHELL in a crontab takes apart nothing but plain quotes.
_SCRIPT = r"""/bin/sh -c 'out=$("$@" 2>&1) || printf "\%s\n" "$out"' sh"""


def table_name(registry: str) -> str:
    """Return the name of a registry's file in /etc/cron.d, where cron passes over any with a dot or worse in it."""
    if registry == MACHINE_DEFAULT:
        return STEM
    readable = re.sub(r"[^A-Za-z0-9]+", "-", registry).strip("-")[:_LONGEST_NAME]
    return f"{STEM}-{readable}-{sha256(registry.encode()).hexdigest()[:8]}"


def spread(seed: str) -> tuple[int, int]:
    """Return hour and minute of the night for a seed, always the same for one, and others for others."""
    number = int.from_bytes(sha256(seed.encode()).digest()[:8], "big")
    return _FIRST_HOUR + number // 60 % _HOURS, number % 60


def render_line(words: Sequence[str], seed: str, account: str = "") -> str:
    r"""Return the line that runs `words`, and prints what they said where they failed or changed something.

    So cron's mail tells what is worth a mail. `words` have to end with another status than 0 then. `account` is for
    tables of the machine. Raises RegistryError for what no line of cron can say: readings of \ before \ or % differ.
    """
    from shlex import join

    hour, minute = spread(seed)
    spoken = join(words)
    if "\\" in spoken:
        message = f"a line of cron can't say the backslash in {spoken}"
        raise RegistryError(message)
    command = f"{_SCRIPT} {spoken.replace('%', chr(92) + '%')}"
    if len(command.encode()) > _LONGEST_LINE:
        message = f"a line of cron has room for {_LONGEST_LINE} bytes, and this one has more: {spoken}"
        raise RegistryError(message)
    return f"{minute} {hour} * * * {f'{account} ' if account else ''}{command}\n"


def render_table(note: str, words: Sequence[str], seed: str) -> str:
    """Return a file for /etc/cron.d, run as root."""
    return (
        f"{note}\n"
        "SHELL=/bin/sh\n"
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
        "# What failed or changed is printed, and cron mails it to root. MAILTO=someone@example.org goes elsewhere.\n"
        f"{render_line(words, seed, 'root')}"
    )


def take_out(table: bytes, note: str) -> tuple[bytes, bytes]:
    """Return a crontab without our two lines that begin with `note`, and those two, empty where there are none."""
    lines = table.splitlines(keepends=True)
    marks = [index for index, line in enumerate(lines) if line.rstrip(b"\r\n") == note.encode()]
    if not marks:
        return table, b""
    start = marks[0]
    return b"".join(lines[:start] + lines[start + 2 :]), b"".join(lines[start : start + 2])
