"""gunicorn, uvicorn and hypercorn, each in a process of its own on 127.0.0.1, with an application of one answer."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges.running import RefusedError, Server, own_folder, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["OURS", "RECIPES", "RefusedError", "command", "running", "serving"]

OURS = Path(__file__).parents[2]
RECIPES = {"gunicorn": "gunicorn.conf.py", "uvicorn": "uvicorn_server.py", "hypercorn": "hypercorn_server.py"}
"""The file of each server's export."""
APPLICATION = """\
import sys

BODY = b"served by python\\n"
if "gunicorn" in sys.modules:  # which waits two seconds for the last word of a client that is refused
    sys.modules["gunicorn.util"].close_graceful.__defaults__ = (0.05, 65536)


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(BODY))]})
    await send({"type": "http.response.body", "body": BODY})
"""


def command(name: str, recipe: Path, port: int) -> list[str]:
    """Return the command line of a server with its recipe and our application, on 127.0.0.1."""
    address = f"127.0.0.1:{port}"
    threads = (
        "--worker-class",
        "gthread",
        "--threads",
        "4",
    )  # a scanner leaves connections open, and one waits seconds
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", str(recipe), *threads]
    return {
        "gunicorn": [*gunicorn, "--bind", address, "application:wsgi"],
        "uvicorn": [sys.executable, str(recipe), "application:asgi", "--host", "127.0.0.1", "--port", str(port)],
        "hypercorn": [sys.executable, str(recipe), "application:asgi", "--bind", address],
    }[name]


@contextlib.contextmanager
def serving(name: str, recipe: Path, port: int, *, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """Start a server with its recipe, and stop it at the end; RefusedError where it does not start."""
    with own_folder(name) as folder:
        (folder / "application.py").write_text(APPLICATION)
        with running(command(name, recipe, port), port, folder, env=env):
            yield


@contextlib.contextmanager
def running(argv: list[str], port: int, folder: Path, *, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run a program until the block is left; it must open the port. RefusedError with its words where it does not."""
    whole = {"PATH": os.environ["PATH"], "PYTHONPATH": str(OURS), "HOME": str(folder), **(env or {})}
    with started(Server, argv, folder, [port], env=whole):
        yield
