"""What Python's ssl can't set, OPENSSL_CONF does: the suites of TLS 1.3 and the groups, as a client sees them."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.judges import openssl, python_servers
from tests.live.sites import NAME, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.live.sites import Site

SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS = ("X25519", "prime256v1", "secp384r1", "secp521r1", "X448")
SUITE = "TLS_AES_256_GCM_SHA384"
WANTED = ("secp384r1", "secp521r1")
TLS = (
    'profile = "custom"\nprotocols = ["TLSv1.2", "TLSv1.3"]\nciphers = ["ECDHE-ECDSA-AES128-GCM-SHA256"]\n'
    f'ciphersuites = ["{SUITE}"]\ngroups = {json.dumps(WANTED)}\n'
)
SERVER = """\
import socket, sys
from sslutil import server
context = server.load(sys.argv[1]).ssl_context()
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    connection, _ = listener.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except OSError:
        connection.close()
"""
UNSUPPORTED = "import json, sys; from sslutil import server; print(json.dumps(server.load(sys.argv[1]).unsupported))"

pytestmark = pytest.mark.needs("openssl")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a policy that no default is."""
    exports = '[deploy]\nexports = ["openssl-conf"]\n'
    return made(tmp_path / "registry", f'[site]\nnames = ["{NAME}"]\n[tls]\n{TLS}{exports}')


def environment(site: Site, *, configured: bool) -> dict[str, str]:
    """Return the variable, or nothing."""
    return {"OPENSSL_CONF": str(site.current / "openssl.cnf")} if configured else {}


@contextlib.contextmanager
def serving(site: Site, port: int, *, configured: bool) -> Iterator[None]:
    """Run a server over sslutil.server, in a process of its own."""
    argv = [sys.executable, "-c", SERVER, str(site.registry), str(port)]
    with python_servers.running(argv, port, site.registry.parent, env=environment(site, configured=configured)):
        yield


def taken(port: int, option: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return with which of these alone a client gets a session."""
    return tuple(
        name for name in names if openssl.connect(port, NAME, protocol="TLSv1.3", options=[option, name]).completed
    )


@pytest.mark.parametrize("configured", [True, False])
def test_offer(site: Site, free_port: Callable[[], int], *, configured: bool) -> None:
    """With our file the policy is all that is offered; without it OpenSSL's defaults are."""
    closed = configured or hasattr(ssl.SSLContext, "set_groups")  # Python 3.15 needs no file

    with serving(site, port := free_port(), configured=configured):
        assert ((SUITE,) if closed else SUITES) == taken(port, "-ciphersuites", SUITES)
        assert (WANTED if closed else GROUPS) == taken(port, "-groups", GROUPS)
        assert "ECDHE-ECDSA-AES128-GCM-SHA256" == openssl.connect(port, NAME, protocol="TLSv1.2").cipher


@pytest.mark.skipif(hasattr(ssl.SSLContext, "set_groups"), reason="Python 3.15 sets all of it")
@pytest.mark.parametrize(("configured", "said"), [(True, ["tls.groups"]), (False, ["tls.ciphersuites", "tls.groups"])])
def test_unsupported(site: Site, said: list[str], *, configured: bool) -> None:
    """The suites are seen to be right then; of groups Python can't tell, so the cure is still named."""
    done = subprocess.run(
        [sys.executable, "-c", UNSUPPORTED, site.registry],
        env={"PYTHONPATH": str(python_servers.OURS), **environment(site, configured=configured)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    sentences = json.loads(done.stdout)

    assert said == [sentence.partition(" = ")[0] for sentence in sentences]
    assert all("sslutil export openssl-conf" in sentence for sentence in sentences)
