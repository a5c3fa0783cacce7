"""Postfix's submission in the matrix."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

from sslutil.exporters.postfix import MAIN, MASTER
from tests.judges import postfix
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.judges import Verdict
    from tests.live.sites import Site


class Postfix(Kind):
    """The service submission, which begins TLS by STARTTLS."""

    name: ClassVar[str] = "postfix"
    programs: ClassVar[tuple[str, ...]] = ("postfix", "root")
    starttls: ClassVar[str] = "smtp"
    http: ClassVar[bool] = False
    scheme: ClassVar[str] = "smtp"
    strangers_pass: ClassVar[bool] = True

    @contextlib.contextmanager
    def serving(self, site: Site, port: int) -> Iterator[None]:
        """Run the service on `port`, and no other."""
        with postfix.serving(*_texts(site), {"submission": port}):
            yield

    def check(self, site: Site, port: int) -> Verdict:
        """Ask `postfix check`, and `postconf` for warnings."""
        return postfix.check(*_texts(site), {"submission": port})


def _texts(site: Site) -> tuple[str, str]:
    return (site.current / MAIN).read_text(), (site.current / MASTER).read_text()
