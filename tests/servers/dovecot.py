"""Dovecot with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import dovecot
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


class Dovecot(Kind):
    """IMAP over TLS; who is let in shows at the login, not before."""

    name = "dovecot"
    programs = ("root", "dovecot", "doveconf")
    http = False
    scheme = "imaps"
    login = f"{dovecot.USER}:{dovecot.PASSWORD}"
    strangers_pass = True

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it."""
        return dovecot.serving({"imaps": port}, _include(site))

    def check(self, site: Site, port: int) -> Verdict:  # noqa: ARG002  the export names no port
        """Return what doveconf says, which opens the files; it takes any protocol, suite and group."""
        return dovecot.check(_include(site))


def _include(site: Site) -> str:
    return f"!include {site.current / 'dovecot.conf'}"
