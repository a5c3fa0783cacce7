"""lighttpd on 127.0.0.1, with all that it writes in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import TYPE_CHECKING

from tests.judges import Verdict, ask
from tests.judges.running import Server, own_folder, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVED = "served by lighttpd\n"
"""The index page of each socket that names no root of its own."""
LOADED = ("mod_openssl", "mod_setenv", "mod_redirect", "mod_access", "mod_alias")
_SOCKET = re.compile(r'^\$SERVER\["socket"\] == "(?:127\.0\.0\.1)?:(\d+)"', re.MULTILINE)
_SOCKET_IPV6 = re.compile(r'^\$SERVER\["socket"\] == "\[::\]:\d+" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def socket_of(port: int, *directives: str) -> str:
    """Return the block of a port."""
    return "\n".join([f'$SERVER["socket"] == "127.0.0.1:{port}" {{', *directives, "}\n"])


def on_loopback(text: str) -> str:
    """Return blocks that open their ports on 127.0.0.1 alone."""
    return _SOCKET.sub(r'$SERVER["socket"] == "127.0.0.1:\1"', _SOCKET_IPV6.sub("", text))


@contextlib.contextmanager
def serving(sockets: str) -> Iterator[Server]:
    """Start lighttpd with these blocks, and stop it at the end; RefusedError where it does not start.

    Its ports are opened on 127.0.0.1 alone, whatever the text says; includes are read as they are.
    """
    local = on_loopback(sockets)
    ports = [int(port) for port in _SOCKET.findall(local)]
    with _written(local) as (folder, argv), started(Server, [*argv, "-D"], folder, ports) as server:
        yield server


def check(sockets: str) -> Verdict:
    """Ask -tt, which loads every file and group, and misses a bad suite among good ones."""
    with _written(on_loopback(sockets)) as (_, argv):
        status, words = ask([*argv, "-tt"])
    return Verdict(status == 0, words)


@contextlib.contextmanager
def _written(sockets: str) -> Iterator[tuple[Path, list[str]]]:
    with own_folder("lighttpd", page=SERVED) as folder:
        (folder / "main.conf").write_text(_configuration(folder, sockets), encoding="utf-8")
        yield folder, [shutil.which("lighttpd") or "lighttpd", "-f", str(folder / "main.conf")]


def _configuration(folder: Path, sockets: str) -> str:
    names = ", ".join(f'"{name}"' for name in LOADED)
    return "\n".join(
        [
            *(['server.username = "www-data"'] if os.geteuid() == 0 else []),
            f"server.modules = ( {names} )",
            f'server.document-root = "{folder}/www"',
            'index-file.names = ( "index.html" )',
            'server.bind = "127.0.0.1"',
            f"server.port = {_SOCKET.findall(sockets)[0]}",
            sockets,
        ]
    )
