"""Pebble, Let's Encrypt's own ACME server for tests, asked by certbot and by lego: on loopback, with ports as given."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.authorities import PATIENCE, Answer, certificates, openssl_ca, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAMS = ("pebble", "pebble-challtestsrv", "certbot", "lego")
_KINDER = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_CHAIN_LENGTH": "2"}
"""No pauses and no refusals at random, and two intermediates."""


@dataclass(frozen=True)
class Server:
    """A Pebble that runs."""

    folder: Path
    directory: str
    """The URL of its ACME directory."""
    management: str
    challenge_port: int
    """Where it comes to look for the answer of the challenge http-01, whatever the name."""

    @property
    def trust(self) -> Path:
        """The certificate of the authority that its own pages are behind."""
        return self.folder / "pages" / "authority-0.crt"

    def root(self) -> bytes:
        """Return the root below which it signs; a new one at each start."""
        context = ssl.create_default_context(cafile=self.trust)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.management}/roots/0", timeout=PATIENCE) as page:
            return certificates(page.read())[0]


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Start Pebble and its name server in a folder, and end both."""
    listen, management, challenge, unused, names, names_management = _ports(6)
    _make_pages(folder)
    server = Server(folder, f"https://127.0.0.1:{listen}/dir", f"https://127.0.0.1:{management}", challenge)
    wish = {
        "listenAddress": f"127.0.0.1:{listen}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(folder / "pages.crt"),
        "privateKey": str(folder / "pages.key"),
        "httpPort": challenge,
        "tlsPort": unused,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": wish}))
    off = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "")
    at = ("-dns01", f"127.0.0.1:{names}", "-management", f"127.0.0.1:{names_management}")
    with (
        _started(folder, "pebble-challtestsrv", *off, *at),
        _started(folder, "pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{names}"),
    ):
        for port in (listen, management, names_management):
            _wait_for(port)
        yield server


def sign_by_certbot(request: Path, folder: Path, names: Sequence[str]) -> Answer:
    """Return what certbot brings back for a request."""
    with served(folder) as server:
        folders = [word for kind in ("config", "work", "logs") for word in (f"--{kind}-dir", folder / kind)]
        saved = (
            "--cert-path",
            folder / "c.pem",
            "--chain-path",
            folder / "ch.pem",
            "--fullchain-path",
            folder / "f.pem",
        )
        how = ("--standalone", "--http-01-address", "127.0.0.1", "--http-01-port", str(server.challenge_port))
        who = ("--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--server", server.directory)
        asked = [word for name in names for word in ("-d", name)]
        words = ("certonly", *who, *how, *folders, *saved, *asked, "--csr", request)
        run("certbot", *words, cwd=folder, env={"REQUESTS_CA_BUNDLE": str(server.trust)})
        return _answer(server, folder / "f.pem")


def sign_by_lego(request: Path, folder: Path, names: Sequence[str]) -> Answer:
    """Return what lego brings back for a request; it takes the names from there."""
    with served(folder) as server:
        how = ("--http", "--http.port", f"127.0.0.1:{server.challenge_port}", "--path", folder / "lego")
        who = ("--accept-tos", "--email", "postmaster@example.org", "--server", server.directory)
        run("lego", *who, *how, "--csr", request, "run", cwd=folder, env={"LEGO_CA_CERTIFICATES": str(server.trust)})
        return _answer(server, folder / "lego" / "certificates" / f"{names[0]}.crt")


def _answer(server: Server, chain: Path) -> Answer:
    leaf, *intermediates = certificates(chain.read_bytes())
    return Answer(leaf, tuple(intermediates), server.root())


def _make_pages(folder: Path) -> None:
    """Make key and certificate for Pebble's own pages."""
    key, request = folder / "pages.key", folder / "pages.csr"
    wish = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=pebble")
    run("openssl", "req", "-new", *wish, "-keyout", key, "-out", request, cwd=folder)
    authority = openssl_ca.make_authority(folder / "pages", name="Pages", depth=0)
    answer = openssl_ca.sign_with(authority, request, ["127.0.0.1", "localhost"])
    (folder / "pages.crt").write_bytes(answer.leaf)


@contextlib.contextmanager
def _started(folder: Path, *argv: str) -> Iterator[None]:
    with (folder / f"{argv[0]}.log").open("wb") as log:
        environment = {"PATH": os.environ["PATH"], **_KINDER}
        child = subprocess.Popen(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield
        finally:
            child.kill()
            child.wait(PATIENCE)


def _ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.05)
        else:
            return
