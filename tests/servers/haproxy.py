"""HAProxy with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import haproxy
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


class HAProxy(Kind):
    """Two frontends, before a backend of the operator's own file."""

    name = "haproxy"
    programs = ("haproxy",)

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:  # noqa: ARG002  the file has it
        """Run it."""
        return haproxy.serving(_text(site))

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002
        """Return what -c says."""
        return haproxy.check(_text(site))


def _text(site: Site) -> str:
    return (site.current / "haproxy.cfg").read_text(encoding="utf-8")
