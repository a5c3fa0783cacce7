"""gunicorn: a configuration in Python, which takes its context from sslutil.server for each connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.exporters.recipes import find_losses, quote, quote_argument, render_recipe

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

__all__ = ["find_losses", "quote", "render", "render_include"]

NAME = "gunicorn"
FILE = "gunicorn.conf.py"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of gunicorn.conf.py, by file name."""
    use = f"gunicorn {render_include(plan.directory)[FILE]} MODULE:APPLICATION"
    return {FILE: render_recipe(plan, NAME, NAME, use, _PROGRAM)}


def render_include(directory: str) -> dict[str, str]:
    """Return the option that makes gunicorn read the file."""
    return {FILE: f"--config {quote_argument(f'{directory}/{FILE}')}"}


_PROGRAM = '''\
import contextlib
import importlib.util
import logging
import os

from sslutil import server

# gunicorn imports this file, and its bytecode would break the seal of the generation.
with contextlib.suppress(OSError):
    bytecode = importlib.util.cache_from_source(__file__)
    os.unlink(bytecode)
    os.rmdir(os.path.dirname(bytecode))

settings = server.load({registry})
bind = f"0.0.0.0:{settings.https_port}"
if settings.enabled:
    context = settings.ssl_context()
    # They say that TLS is on; the context has a pair of its own.
    certfile = str(settings.certificates[0].certificate_file)
    keyfile = str(settings.certificates[0].key_file)


def on_starting(arbiter):
    for sentence in settings.unsupported:
        arbiter.log.warning("sslutil: %s", sentence)


def ssl_context(config, default_ssl_context_factory):
    """gunicorn asks for each connection: a new generation is served without a reload."""
    try:
        settings.reload_if_changed()
    except server.SslutilError as fault:
        logging.getLogger("gunicorn.error").error("sslutil: %s; %s", fault.message, fault.hint)
    return context
'''
