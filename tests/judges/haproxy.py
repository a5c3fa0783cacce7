"""The distribution's HAProxy, on 127.0.0.1, before a backend of its own that answers each request with one page."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

from tests.judges import Verdict, ask
from tests.judges.running import Server, own_folder, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVED = "served by haproxy\n"
"""What the backend of OUTSIDE says to every request."""
OUTSIDE = r"""
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
backend webmail
    http-request return status 200 content-type text/plain string "served by haproxy\n"
"""
"""The operator's own file: what the exported one builds on."""
_BIND = re.compile(r"^( *bind) (?:[^ ]*:(\d+)),\[::\]:\2 v6only", re.MULTILINE)


@contextlib.contextmanager
def serving(text: str, *, outside: str = OUTSIDE) -> Iterator[Server]:
    """Start HAProxy with a configuration beside the operator's, and stop it at the end; RefusedError where it won't.

    Its ports are opened on 127.0.0.1 alone, whatever the text says.
    """
    ports = [int(port) for _, port in _BIND.findall(text)]
    with _written(text, outside) as (folder, argv), started(Server, [*argv, "-db"], folder, ports) as server:
        yield server


def check(text: str, *, outside: str = OUTSIDE) -> Verdict:
    """Ask -c of the same; it loads every file, group and suite."""
    with _written(text, outside) as (_, argv):
        status, words = ask([*argv, "-c"])
    return Verdict(status == 0, words)


@contextlib.contextmanager
def _written(text: str, outside: str) -> Iterator[tuple[Path, list[str]]]:
    local, found = _BIND.subn(r"\1 127.0.0.1:\2", text)
    assert found == text.count(" bind ") > 0, text
    with own_folder("haproxy") as folder:
        argv = [shutil.which("haproxy") or "haproxy"]
        for number, part in enumerate((outside, local)):
            if part:
                (folder / f"{number}.cfg").write_text(part, encoding="utf-8")
                argv += ["-f", str(folder / f"{number}.cfg")]
        yield folder, argv
