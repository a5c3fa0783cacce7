"""A site behind which an application asks who the client is, and what clients write to be taken for another."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.exporters.parts import IDENTITY_HEADERS
from tests.live import echo
from tests.live.contracts import web_site
from tests.server.made import make_pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.live.sites import Site
    from tests.server.made import Pair

MODES = {
    "off": '[client_auth]\nmode = "off"\n',
    "optional": '[client_auth]\nmode = "optional"\nca_files = ["{ca}"]\nown_ca = false\n',
    "require": '[client_auth]\nmode = "require"\nca_files = ["{ca}"]\nown_ca = false\n',
}


def fold(name: str) -> list[str]:
    """Return what CGI, WSGI or PHP takes for a header of these four words."""
    pattern = name.replace("-", "{}")
    return [pattern.format(*parting) for parting in product("-_.", repeat=3)]


FORGERIES = [
    *([f"{spelling}: SUCCESS" for spelling in fold(name)] for name in IDENTITY_HEADERS),
    *([f"{spelling}: bob"] for spelling in fold("X-SSL-Client-CN")),
    ["x-ssl-client-verify: SUCCESS", "x-ssl-client-cn: bob", "X-SSL-CLIENT-SERIAL: 1", "X-Ssl-Client-Issuer: CN=bob"],
    ["X-SSL-Client-CN:", "X-SSL-Client-CN: bob"],
    ["X_SSL_Client_CN:", "X_SSL_Client_CN: bob"],
    ["X-SSL-Client-CN: 0"],
    ["X-SSL-Client-Verify: SUCCESS", "Connection: X-SSL-Client-CN"],
    ["Connection: x-ssl-client-verify,keep-alive,  X-SSL-CLIENT-CN"],
]
"""The lines that a client writes to be taken for another."""


class Front(NamedTuple):
    """A running web server before the backend, and what its clients need."""

    secure: int
    plain: int
    site: Site
    folder: Path

    def ask(self, *headers: str, client: str = "", path: str = "/") -> echo.Echo:
        """Ask over TLS."""
        shown = self.folder / client if client else None
        return echo.ask(self.secure, *headers, path=path, trusted=self.site.certificate, client=shown)


def make_anna(authority: Pair) -> Pair:
    """Return the certificate of a person."""
    address = "anna@example.org"
    return make_pair(address, issuer=authority, names=(address,), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)


def apply(
    export: str, folder: Path, free_port: Callable[[], int], more: str, authority: Pair, **clients: Pair
) -> Front:
    """Write the clients, and apply a site."""
    (folder / "ca.pem").write_bytes(authority.pem)
    for name, pair in clients.items():
        (folder / name).write_bytes(pair.key_pem + pair.pem)
    secure, plain = free_port(), free_port()
    web = f"https_port = {secure}\nhttp_port = {plain}\n"
    site = web_site(export, folder / "registry", more=web + more.replace("{ca}", str(folder / "ca.pem")))
    return Front(secure, plain, site, folder)
