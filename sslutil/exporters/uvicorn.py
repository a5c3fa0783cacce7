"""uvicorn: a program that serves an ASGI application with a context of sslutil.server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.exporters.recipes import find_losses, quote, quote_argument, render_recipe

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

__all__ = ["find_losses", "quote", "render", "render_include"]

NAME = "uvicorn"
FILE = "uvicorn_server.py"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of uvicorn_server.py, by file name."""
    use = f"{render_include(plan.directory)[FILE]} MODULE:APPLICATION"
    return {FILE: render_recipe(plan, NAME, NAME, use, _PROGRAM)}


def render_include(directory: str) -> dict[str, str]:
    """Return the command that runs the program."""
    return {FILE: f"python3 {quote_argument(f'{directory}/{FILE}')}"}


_PROGRAM = '''\
import argparse
import asyncio
import contextlib
import logging
import sys

import uvicorn
from sslutil import server

log = logging.getLogger("uvicorn.error")


async def follow(settings):
    """Take each new generation in, within a second."""
    while True:
        try:
            settings.reload_if_changed()
        except server.SslutilError as fault:
            log.error("sslutil: %s; %s", fault.message, fault.hint)
        await asyncio.sleep(1)


async def main():
    settings = server.load({registry})
    parser = argparse.ArgumentParser()
    parser.add_argument("application", help="module:name")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=settings.https_port)
    asked = parser.parse_args()
    sys.path.insert(0, "")
    secure = {}
    if settings.enabled:
        context = settings.ssl_context()
        secure = {"ssl_context_factory": lambda config, default: context}
    config = uvicorn.Config(asked.application, host=asked.host, port=asked.port, **secure)
    for sentence in settings.unsupported:
        log.warning("sslutil: %s", sentence)
    following = asyncio.create_task(follow(settings))
    await uvicorn.Server(config).serve()
    following.cancel()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
'''
