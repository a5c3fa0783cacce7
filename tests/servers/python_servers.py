"""gunicorn, uvicorn and hypercorn with their recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import Verdict, python_servers
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.live.sites import Site


class Gunicorn(Kind):
    """WSGI, by a configuration in Python."""

    name = "gunicorn"
    programs = ()

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return _serve(self, site, port)

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002  nothing is opened
        """Return whether the recipe is Python."""
        return _compile(self, site)


class Uvicorn(Kind):
    """ASGI, by a program."""

    name = "uvicorn"
    programs = ()

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return _serve(self, site, port)

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002  nothing is opened
        """Return whether the recipe is Python."""
        return _compile(self, site)


class Hypercorn(Kind):
    """ASGI, by a program."""

    name = "hypercorn"
    programs = ()

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return _serve(self, site, port)

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002  nothing is opened
        """Return whether the recipe is Python."""
        return _compile(self, site)


def _serve(kind: Kind, site: Site, port: int) -> AbstractContextManager[object]:
    return python_servers.serving(kind.name, site.current / python_servers.RECIPES[kind.name], port)


def _compile(kind: Kind, site: Site) -> Verdict:
    recipe = site.current / python_servers.RECIPES[kind.name]
    try:
        compile(recipe.read_bytes(), recipe, "exec")
    except SyntaxError as fault:
        return Verdict(accepted=False, words=str(fault))
    return Verdict(accepted=True, words="")
