"""hypercorn: a program that serves an application with a context of sslutil.server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.exporters.recipes import find_losses, quote, quote_argument, render_recipe

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

__all__ = ["find_losses", "quote", "render", "render_include"]

NAME = "hypercorn"
FILE = "hypercorn_server.py"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of hypercorn_server.py, by file name."""
    use = f"{render_include(plan.directory)[FILE]} MODULE:APPLICATION"
    return {FILE: render_recipe(plan, NAME, NAME, use, _PROGRAM)}


def render_include(directory: str) -> dict[str, str]:
    """Return the command that runs the program."""
    return {FILE: f"python3 {quote_argument(f'{directory}/{FILE}')}"}


_PROGRAM = '''\
import argparse
import asyncio
import importlib
import logging
import signal
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from sslutil import server

log = logging.getLogger("sslutil")


class Secure(Config):
    """A configuration whose TLS is the registry's; settings are set on it before it is used."""

    settings = None

    @property
    def ssl_enabled(self):
        return self.settings.enabled

    def create_ssl_context(self):
        if not self.settings.enabled:
            return None
        context = self.settings.ssl_context()
        context.set_alpn_protocols(self.alpn_protocols)
        return context


async def follow(settings):
    """Take each new generation in, within a second."""
    while True:
        try:
            settings.reload_if_changed()
        except server.SslutilError as fault:
            log.error("%s; %s", fault.message, fault.hint)
        await asyncio.sleep(1)


async def main():
    settings = server.load({registry})
    parser = argparse.ArgumentParser()
    parser.add_argument("application", help="module:name")
    parser.add_argument("--bind", default=f"0.0.0.0:{settings.https_port}", help="address:port")
    asked = parser.parse_args()
    sys.path.insert(0, "")
    for sentence in settings.unsupported:
        log.warning("%s", sentence)
    config = Secure()
    config.settings, config.bind = settings, [asked.bind]
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    following = asyncio.create_task(follow(settings))
    module, _, name = asked.application.partition(":")
    application = getattr(importlib.import_module(module), name)
    await serve(application, config, shutdown_trigger=stopped.wait)
    following.cancel()


if __name__ == "__main__":
    asyncio.run(main())
'''
