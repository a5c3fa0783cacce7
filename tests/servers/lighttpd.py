"""lighttpd with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import lighttpd
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


def block(site: Site, port: int, *directives: str, file: str = "lighttpd.conf") -> str:
    """Return the block of a port with one file of the registry."""
    path = str(site.current / file).replace('"', '\\"')
    return lighttpd.socket_of(port, f'include "{path}"', *directives)


class Lighttpd(Kind):
    """A socket with one include."""

    name = "lighttpd"
    programs = ("lighttpd",)
    strangers_pass = True

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return lighttpd.serving(block(site, port))

    def check(self, site: Site, port: int) -> Verdict:
        """Return what -tt says."""
        return lighttpd.check(block(site, port))
