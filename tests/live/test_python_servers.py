"""The recipes with the real servers: the policy, client certificates, and a new generation without a restart."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import go_without
from tests.judges import PATIENCE, curl, openssl, python_servers
from tests.judges.python_servers import RECIPES
from tests.live.sites import NAME, made
from tests.server.made import make_authority, make_client, make_crl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.live.sites import Site

SERVED = "served by python\n"

pytestmark = [pytest.mark.needs("openssl", "curl"), pytest.mark.parametrize("name", RECIPES)]


@pytest.fixture(autouse=True)
def installed(name: str) -> None:
    """Skip where the server is not there."""
    if importlib.util.find_spec(name) is None:
        go_without(name)


def site_of(folder: Path, name: str, toml: str = "") -> Site:
    """Return a site with the recipe for one server."""
    return made(folder / "a 'b' \"c\" ü", f'site.names = ["{NAME}"]\ndeploy.exports = ["{name}"]\n{toml}')


def test_policy(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """It speaks the protocols of the policy, with its certificate, to a client that trusts that alone."""
    site = site_of(tmp_path, name, 'tls.profile = "modern"\n')

    with python_servers.serving(name, site.current / RECIPES[name], port := free_port()):
        answer = curl.fetch(f"https://{NAME}:{port}/", trusted=site.certificate)
        assert (200, SERVED) == (answer.status, answer.body), answer.words
        assert openssl.connect(port, NAME, protocol="TLSv1.3", trusted=site.certificate).verified
        assert not openssl.connect(port, NAME, protocol="TLSv1.2").completed


def test_follows(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """A new certificate and a new policy are served soon, by the same process."""
    site = site_of(tmp_path, name)

    with python_servers.serving(name, site.current / RECIPES[name], port := free_port()):
        assert site.fingerprint == openssl.connect(port, NAME).fingerprint
        assert openssl.connect(port, NAME, protocol="TLSv1.2").completed
        answer = site.apply(
            f'site.names = ["{NAME}", "new.example.org"]\ndeploy.exports = ["{name}"]\ntls.profile = "modern"\n'
        )
        assert 0 == answer.status, answer.stderr
        assert openssl.is_served_soon(port, "new.example.org", site.fingerprint)
        assert not openssl.connect(port, NAME, protocol="TLSv1.2").completed


def test_clients(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """Where a certificate is required, ours gets in; none, a stranger's and a revoked one don't."""
    authority = make_authority()
    revoked = make_client(authority, "revoked")
    shown = {"ours": make_client(authority), "revoked": revoked, "strange": make_client(make_authority("Other"))}
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "ca.crl").write_bytes(make_crl(authority, revoked))
    for client, pair in shown.items():
        (tmp_path / f"{client}.pem").write_bytes(pair.key_pem + pair.pem)
    files = f'client_auth.ca_files = ["{tmp_path}/ca.pem"]\nclient_auth.crl_files = ["{tmp_path}/ca.crl"]\n'
    site = site_of(tmp_path, name, f'client_auth.mode = "require"\n{files}')

    with python_servers.serving(name, site.current / RECIPES[name], port := free_port()):
        for client in ("none", *shown):
            options: list[str | Path] = ["--cert", tmp_path / f"{client}.pem"] if client in shown else []
            answer = curl.fetch(f"https://{NAME}:{port}/", trusted=site.certificate, options=options)
            assert (client == "ours") == (answer.status == 200), (client, answer.words)


def test_disabled(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """A disabled site speaks plain http on the port."""
    site = site_of(tmp_path, name, "site.enabled = false\n")

    with python_servers.serving(name, site.current / RECIPES[name], port := free_port()):
        assert 200 == curl.fetch(f"http://{NAME}:{port}/").status


def test_broken_generation(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """A generation that can't be read leaves the old one in use."""
    site = site_of(tmp_path, name)

    with python_servers.serving(name, site.current / RECIPES[name], port := free_port()):
        (site.registry / "generations/000099").mkdir()
        (site.registry / "generations/000099/settings.toml").write_text("version = 1\n")
        fingerprint = site.fingerprint
        link = site.registry / ".link"
        link.symlink_to("generations/000099")
        link.replace(site.current)
        deadline = time.monotonic() + min(PATIENCE, 2.5)
        while time.monotonic() < deadline:
            assert fingerprint == openssl.connect(port, NAME).fingerprint
            time.sleep(0.4)
