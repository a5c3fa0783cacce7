"""A person's browser with the file that was handed over: Chromium, which keeps certificates in NSS as Firefox does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.judges import apache, chromium, nginx
from tests.live.own_clients import GONE, PEOPLE, make_clients
from tests.live.sites import NAME
from tests.servers.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.judges.chromium import Client
    from tests.live.own_clients import Clients

pytestmark = pytest.mark.needs("chromium", "certutil", "pk12util")
REFUSED = {"net::ERR_BAD_SSL_CLIENT_AUTH_CERT", "net::ERR_SOCKET_NOT_CONNECTED"}
"""The second one where the server has closed the connection before Chromium reads why."""


class Shown(NamedTuple):
    """What a person sees."""

    error: str
    text: str


def _visit(clients: Clients, client: Client | None) -> Shown:
    seen = chromium.visit(clients.port, NAME, trusted=clients.site.certificate, client=client)
    return Shown(seen.error, seen.text.strip())


@pytest.mark.needs("apache2")
@pytest.mark.parametrize("legacy", [False, pytest.param(True, marks=pytest.mark.full)], ids=["modern", "legacy"])
def test_in_and_out(tmp_path: Path, free_port: Callable[[], int], *, legacy: bool) -> None:
    """With the file the page is there, without it and once it is revoked it is not."""
    clients = make_clients(tmp_path / "made", free_port(), "apache", PEOPLE[:1])
    file = clients.issue_pkcs12(GONE, *(["--legacy"] if legacy else []))

    with KINDS["apache"].serving(clients.site, clients.port):
        assert Shown("", apache.SERVED.strip()) == _visit(clients, file)
        assert _visit(clients, None).error in REFUSED
    clients.run("client-auth", "revoke", GONE)
    with KINDS["apache"].serving(clients.site, clients.port):
        assert _visit(clients, file).error in REFUSED


@pytest.mark.full
@pytest.mark.needs("nginx")
def test_page_that_says_why(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """By nginx a person without a certificate reads that it is what is missing."""
    clients = make_clients(tmp_path / "made", free_port(), "nginx", PEOPLE[:1])
    file = clients.issue_pkcs12(GONE)

    with KINDS["nginx"].serving(clients.site, clients.port):
        assert Shown("", nginx.SERVED.strip()) == _visit(clients, file)
        assert "No required SSL certificate was sent" in _visit(clients, None).text
