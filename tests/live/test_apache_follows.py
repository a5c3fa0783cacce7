"""A running Apache follows what the command does, by a reload that site.toml names; and may refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.judges import apache, openssl
from tests.live.sites import NAME, Site, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("apache2", "openssl")


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    """Where the server is."""
    return free_port()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site in force."""
    return made(tmp_path / "registry", f'[site]\nnames = ["{NAME}"]\n')


@pytest.fixture
def server(site: Site, port: int) -> Iterator[apache.Apache]:
    """An Apache that serves it, and that the site knows how to reload."""
    with apache.serving([(port, site.host())]) as running:
        answer = site.apply(toml(running))
        assert 0 == answer.status, answer.stderr
        yield running


def toml(server: apache.Apache, more: str = "") -> str:
    """Return a site.toml that reloads the server."""
    return f'[site]\nnames = ["{NAME}"]\n[deploy]\nreload = {json.dumps([server.reload_argv])}\n{more}'


def served(port: int) -> str:
    """Return the fingerprint of the certificate that a client gets."""
    return openssl.connect(port, NAME).fingerprint


def comes(port: int, fingerprint: str) -> bool:
    """Tell whether a certificate is served before long."""
    return openssl.is_served_soon(port, NAME, fingerprint)


@pytest.mark.usefixtures("server")
def test_new_key(site: Site, port: int) -> None:
    """A new key and certificate are served without any further command; the old ones are gone."""
    before = site.fingerprint
    assert comes(port, before)

    answer = site.sslutil("certificate", "self-sign", NAME, "--new-key")

    assert 0 == answer.status, answer.stderr
    assert before != site.fingerprint
    assert comes(port, site.fingerprint)


@pytest.mark.usefixtures("server")
def test_not_told(site: Site, port: int) -> None:
    """With --no-reload the old certificate is served on, until the next change pays what is owed."""
    before = site.fingerprint
    assert comes(port, before)

    answer = site.sslutil("certificate", "self-sign", NAME, "--new-key", "--no-reload")
    assert 0 == answer.status, answer.stderr
    assert before == served(port)

    assert 0 == site.sslutil("certificate", "renew").status
    assert before != site.fingerprint
    assert comes(port, site.fingerprint)


def test_refused(site: Site, server: apache.Apache, port: int) -> None:
    """A change that Apache refuses, here a file that its Include misses, is undone: status 9, nothing else served."""
    before = site.fingerprint
    wanted = toml(server, 'exports = []\n[certificate]\nkey_type = "p384"\n')

    answer = site.apply(wanted)

    assert 9 == answer.status
    assert "the one before is in force again" in answer.stderr
    assert str(site.current / "apache.conf") in answer.stderr, "Apache's own words"
    assert before == site.fingerprint
    assert f"version = 1\n{wanted}" == (site.registry / "site.toml").read_text()
    assert comes(port, before)
    assert server.parent.poll() is None

    mended = site.apply(toml(server, '[certificate]\nkey_type = "p384"\n'))
    assert 0 == mended.status, mended.stderr
    assert before != site.fingerprint
    assert comes(port, site.fingerprint)


def test_broken_before(site: Site, server: apache.Apache, port: int) -> None:
    """A server that would refuse the old generation too refuses nothing: the new one is in force, its reload owed."""
    before = site.fingerprint
    configuration = server.folder / "apache.conf"
    sound = configuration.read_text()
    configuration.write_text(sound + "NoSuchDirective on\n")

    answer = site.sslutil("certificate", "self-sign", NAME, "--new-key")

    assert 9 == answer.status
    assert "NoSuchDirective" in answer.stderr
    assert "owed" in answer.stderr
    assert before != site.fingerprint
    assert before == served(port)

    configuration.write_text(sound)
    assert 0 == site.sslutil("certificate", "renew").status
    assert comes(port, site.fingerprint)
