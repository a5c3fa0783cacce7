"""The distribution's Caddy, on 127.0.0.1, with a snippet that answers each request with one page."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from tests.judges import Verdict, ask
from tests.judges.running import Server, own_folder, started

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SERVED = "served by caddy\n"
"""What the snippet says to every request, and the index page of a whole Caddyfile."""
SNIPPET = """
(webmail) {
    respond "served by caddy\n"
}
"""
"""The operator's own part: what the exported one builds on."""
_OPTIONS = """    auto_https off
    admin off
    default_bind 127.0.0.1
    storage file_system "{folder}"
"""
_GLOBAL = "    auto_https off\n"
"""The line of the global options that marks where those of a test go."""


@contextlib.contextmanager
def serving(lines: str, ports: Iterable[int], *, outside: str = SNIPPET) -> Iterator[Server]:
    """Start Caddy with these lines below the operator's own, and stop it at the end; RefusedError where it won't start.

    Its ports are opened on 127.0.0.1 alone. Lines that begin with global options of their own are a whole Caddyfile.
    """
    with _written(lines, outside) as (folder, arguments):
        env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        with started(Server, [_program(), "run", *arguments], folder, ports, env=env) as server:
            yield server


def check(lines: str, *, outside: str = SNIPPET) -> Verdict:
    """Ask validate of the same; it loads every file, group and suite."""
    with _written(lines, outside) as (folder, arguments):
        status, words = ask(["env", f"HOME={folder}", _program(), "validate", *arguments])
    return Verdict(status == 0, words)


@contextlib.contextmanager
def _written(lines: str, outside: str) -> Iterator[tuple[Path, list[str]]]:
    with own_folder("caddy", page=SERVED) as folder:
        options = _OPTIONS.format(folder=folder)
        whole = lines if _GLOBAL in lines else f"{{\n{_GLOBAL}}}\n{outside}\n{lines}\n"
        local = whole.replace(_GLOBAL, options).replace("/var/www/html", f"{folder}/www")
        (folder / "Caddyfile").write_text(local, encoding="utf-8")
        yield folder, ["--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _program() -> str:
    return shutil.which("caddy") or "caddy"
