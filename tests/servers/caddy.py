"""Caddy with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.exporters.caddy import render_include
from tests.judges import caddy
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


class Caddy(Kind):
    """Two sites by one import, below a snippet of the operator's own file."""

    name = "caddy"
    programs = ("caddy",)

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return caddy.serving(_line(site), [port])

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002  the file has it
        """Return what validate says."""
        return caddy.check(_line(site))


def _line(site: Site) -> str:
    return render_include(str(site.current))["caddy.conf"]
