"""Apache httpd with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import apache
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


class Apache(Kind):
    """A virtual host with a name and one Include."""

    name = "apache"
    programs = ("apache2",)

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return apache.serving([(port, site.host())])

    def check(self, site: Site, port: int) -> Verdict:
        """Return what -t says; it misses a bad group, a bad suite and a strange key, which only a start proves."""
        return apache.check([(port, site.host())])
