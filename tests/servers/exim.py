"""Exim's submission in the matrix, as Debian builds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sslutil.exporters.exim import FILE
from tests.conftest import go_without
from tests.judges import exim
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.judges import Verdict
    from tests.live.sites import Site


class Exim(Kind):
    """The port of submission, which begins TLS by STARTTLS; the build with GnuTLS."""

    name: ClassVar[str] = "exim"
    programs: ClassVar[tuple[str, ...]] = ("apt-get", "dpkg", "unshare", "root")
    starttls: ClassVar[str] = "smtp"
    http: ClassVar[bool] = False
    scheme: ClassVar[str] = "smtp"
    strangers_pass: ClassVar[bool] = True
    build: ClassVar[str] = "gnutls"

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it on `port` alone."""
        self._require()
        return exim.serving(self.build, site.current / FILE, {"submission": port})

    def check(self, site: Site, port: int) -> Verdict:
        """Return what -bV says."""
        self._require()
        return exim.check(self.build, site.current / FILE, {"submission": port})

    def _require(self) -> None:
        try:
            exim.find_program(self.build)
        except LookupError as missing:
            go_without(str(missing))
