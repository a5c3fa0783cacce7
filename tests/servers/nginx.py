"""nginx with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import nginx
from tests.live.sites import NAME
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


def secure_block(site: Site, *directives: str, name: str = NAME) -> str:
    """Return the server block of the secure port: its name, and nginx.conf as it would be included.

    It is copied, so that the judge can keep the port that it opens to this machine.
    """
    exported = (site.current / "nginx.conf").read_text()
    return "\n".join(["server {", f"server_name {name};", exported, *directives, "}\n"])


def plain_block(site: Site, port: int, *directives: str, name: str = NAME) -> str:
    """Return the server block of the plain port: its name, and nginx-plain.conf."""
    included = f'include "{site.current / "nginx-plain.conf"}";'
    return "\n".join(["server {", f"listen {port};", f"server_name {name};", included, *directives, "}\n"])


class Nginx(Kind):
    """A server block with a name and its includes."""

    name = "nginx"
    programs = ("nginx",)

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:  # noqa: ARG002  the file has it
        """Run it."""
        return nginx.serving(secure_block(site))

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002
        """Return what -t says."""
        return nginx.check(secure_block(site))
