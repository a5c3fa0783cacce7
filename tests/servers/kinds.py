"""What the matrix must know of a server to run it with its export."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from tests.judges import curl
from tests.live.sites import NAME

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.judges import Verdict
    from tests.live.sites import Site

REFUSED = {8, 35, 52, 55, 56, 67}
"""How curl ends where it was let into nothing: no TLS, no answer, a connection that was closed, a login denied."""
BAD_REQUEST = 400
OK = 200


class Kind(Protocol):
    """One kind of server; a class of its own for each, made without arguments."""

    name: ClassVar[str]
    """Of its exporter."""
    programs: ClassVar[tuple[str, ...]]
    """What must be there, for the mark `needs`; "root" where it must run as root."""
    starttls: ClassVar[str] = ""
    """What `openssl s_client -starttls` is told, and sslscan; empty where the port speaks TLS from the first byte."""
    http: ClassVar[bool] = True
    """Whether it answers GET / with status 200; else it is a mail server."""
    scheme: ClassVar[str] = "https"
    """What curl calls it: "https", "imaps", "smtp"."""
    login: ClassVar[str] = ""
    """What curl logs in with, "user:password", where nothing less shows who is let in."""
    strangers_pass: ClassVar[bool] = False
    """Whether a strange certificate counts as none where none is required."""

    def serving(self, site: Site, port: int) -> AbstractContextManager[object]:
        """Run it with the export of `site`, so that `port` of 127.0.0.1 speaks TLS by the policy; stop it at the end.

        The site was applied with `port` as site.https_port.
        """

    def check(self, site: Site, port: int) -> Verdict:
        """Return what the server's own config test says, the one that means something."""

    def enter(self, site: Site, port: int, client: Path | None) -> bool:
        """Tell whether a client with this certificate and key in one file, or none, is let in; it trusts the site's."""
        shown: list[str | Path] = ["--cert", client] if client else []
        if self.http:
            answer = curl.fetch(f"https://{NAME}:{port}/", trusted=site.certificate, options=shown)
            assert answer.exit_status in REFUSED or answer.status in {OK, BAD_REQUEST}, answer.words
            return (answer.exit_status, answer.status) == (0, OK)
        how = ["--ssl-reqd", *(["--user", self.login] if self.login else []), "--request", "NOOP"]
        answer = curl.fetch(f"{self.scheme}://{NAME}:{port}/", trusted=site.certificate, options=[*how, *shown])
        assert answer.exit_status in REFUSED or answer.exit_status == 0, answer.words
        return answer.exit_status == 0
