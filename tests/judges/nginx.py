"""nginx on 127.0.0.1, with all that it writes in a folder of its own."""

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

SERVED = "served by nginx\n"
"""The index page of each server block that names no root of its own."""
_LISTEN = re.compile(r"^(\s*listen) (?:127\.0\.0\.1:)?(\d+)", re.MULTILINE)
_LISTEN_IPV6 = re.compile(r"^\s*listen \[::\]:.*\n", re.MULTILINE)


def on_loopback(text: str) -> str:
    """Return server blocks that open their ports on 127.0.0.1 alone."""
    return _LISTEN.sub(r"\1 127.0.0.1:\2", _LISTEN_IPV6.sub("", text))


@contextlib.contextmanager
def serving(servers: str) -> Iterator[Server]:
    """Start nginx with these server blocks, and stop it at the end; RefusedError where it does not start.

    Its ports are opened on 127.0.0.1 alone, whatever the text says; includes are read as they are.
    """
    local = on_loopback(servers)
    ports = [int(port) for _, port in _LISTEN.findall(local)]
    with _written(local) as (folder, argv), started(Server, [*argv, "-g", "daemon off;"], folder, ports) as server:
        yield server


def check(servers: str) -> Verdict:
    """Ask -t, which loads every file, group and suite, and opens the ports; it misses an EC key with an RSA one."""
    with _written(on_loopback(servers)) as (_, argv):
        status, words = ask([*argv, "-t"])
    return Verdict(status == 0, words)


@contextlib.contextmanager
def _written(servers: str) -> Iterator[tuple[Path, list[str]]]:
    with own_folder("nginx", page=SERVED) as folder:
        (folder / "main.conf").write_text(_configuration(folder, servers), encoding="utf-8")
        yield (
            folder,
            [shutil.which("nginx") or "nginx", "-e", str(folder / "error.log"), "-c", str(folder / "main.conf")],
        )


def _configuration(folder: Path, servers: str) -> str:
    writes = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "\n".join(
        [
            *(["user www-data;"] if os.geteuid() == 0 else []),
            "worker_processes 1;",
            f"pid {folder}/nginx.pid;",
            f"error_log {folder}/error.log notice;",
            "events { worker_connections 256; }",
            "http {",
            "access_log off;",
            f"root {folder}/www;",
            "large_client_header_buffers 4 16k;",
            *(f"{name}_temp_path {folder}/{name};" for name in writes),
            servers,
            "}\n",
        ]
    )
