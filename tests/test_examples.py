"""The examples of docs/examples, run as a reader would run them, in each mode, judged by curl."""

from __future__ import annotations

import contextlib
import html
import http.client
import itertools
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import go_without
from tests.server.loopback import make_client_context
from tests.server.made import MadeRegistry, Wanted, make_authority, make_client, make_crl, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
NODE_MODULES = ROOT / "tests" / "node_modules"
PATIENCE = 20
"""Seconds after which a wait has failed."""
NAMES = ("mail.example.org", "webmail.example.org")
CURL = ("curl", "--silent", "--show-error", "--include", "--max-time", str(PATIENCE), "--noproxy", "*")
ENTER, LEAVE = "Enter secure mode", "Leave secure mode"

pytestmark = pytest.mark.needs("curl")


class Example:
    """One example at work on a registry."""

    def __init__(self, argv: list[str], made: MadeRegistry) -> None:
        """Start it and wait until it listens."""
        self.made = made
        command = [*argv, "--registry-path", str(made.path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for(self, words: str, stream: str = "stdout") -> None:
        """Read what it says until `words` came."""
        pipe = getattr(self.process, stream)
        end = time.monotonic() + PATIENCE
        seen = b""
        while words.encode() not in seen:
            ready, _, _ = select.select([pipe], [], [], max(0, end - time.monotonic()))
            chunk = os.read(pipe.fileno(), 65536) if ready else b""
            assert chunk, f"{words!r} never came, but {seen!r}"
            seen += chunk

    def flip(self, **changes: Any) -> None:  # noqa: ANN401  (the fields of Wanted)
        """Flip, and ask it to follow at once."""
        self.made.flip(**changes)
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(f"generation {self.made.number}:")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal and return its status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def curl(
        self, *argv: str, scheme: str = "https", target: str = "/", shown: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Ask the example, with its certificate trusted; headers come before the page."""
        wanted = self.made.wanted
        port = wanted.https_port if scheme == "https" else wanted.http_port
        trusted = self.made.path / "trusted.pem"
        trusted.write_bytes(self.made.server.pem)
        certificate = ("--cert", str(self.made.path / shown)) if shown else ()
        address = f"{scheme}://{NAMES[0]}:{port}{target}"
        return subprocess.run(
            [*CURL, "--cacert", trusted, "--resolve", f"*:{port}:127.0.0.1", *certificate, *argv, address],
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
        )

    def ask(self, *argv: str, scheme: str = "https", target: str = "/", shown: str = "") -> str:
        """Return headers and page; curl must be content."""
        done = self.curl(*argv, scheme=scheme, target=target, shown=shown)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_closed(self, scheme: str) -> bool:
        """Tell whether nobody listens."""
        port = self.made.wanted.https_port if scheme == "https" else self.made.wanted.http_port
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            return False
        return True


@pytest.fixture(params=["python", "node"])
def argv(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command line of each example; Node's finds its TOML reader beside it, as after `npm install`."""
    if request.param == "python":
        return [sys.executable, str(EXAMPLES / "mail_web_server.py")]
    if not shutil.which("node"):
        go_without("node")
    if not (NODE_MODULES / "smol-toml").is_dir():
        go_without("smol-toml, a TOML reader for Node")
    shutil.copy(EXAMPLES / "mail_web_server.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    return ["node", str(tmp_path / "mail_web_server.mjs")]


@pytest.fixture
def start(argv: list[str], tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[..., Example]]:
    """Start the example on a registry made with (field of Wanted=…); it listens on free ports."""
    with contextlib.ExitStack() as stack:

        def run(*more: str, **wanted: Any) -> Example:  # noqa: ANN401  (the fields of Wanted)
            usual = Wanted((make_server(names=NAMES),), names=NAMES, https_port=free_port(), http_port=free_port())
            made = MadeRegistry(tmp_path / "registry", replace(usual, **wanted))
            example = Example([*argv, *more], made)
            stack.enter_context(example.process)
            stack.callback(example.process.kill)
            example.wait_for("generation 1:")
            return example

        yield run


class TestPlainHttp:
    """What plain http does."""

    def test_an_offer_has_a_way_in_and_a_way_back(self, start: Callable[..., Example]) -> None:
        """Each page has its link, to the same page at the other port; nothing is sent there unasked."""
        example = start(plain_http="offer")
        wanted = example.made.wanted
        plain, secure = (example.ask(scheme=scheme, target="/inbox?a=b&c") for scheme in ("http", "https"))
        assert plain.startswith("HTTP/1.1 200")
        assert f'<a href="https://mail.example.org:{wanted.https_port}/inbox?a=b&c">{ENTER}</a>' in html.unescape(plain)
        assert LEAVE not in plain
        assert secure.startswith("HTTP/1.1 200")
        assert f'<a href="http://mail.example.org:{wanted.http_port}/inbox?a=b&c">{LEAVE}</a>' in html.unescape(secure)
        assert ENTER not in secure

    def test_the_link_goes_to_a_name_of_ours_only(self, start: Callable[..., Example]) -> None:
        """The Host header's where it is one of them, else the first."""
        example = start(plain_http="offer")
        for host, name in (("webmail.example.org", "webmail.example.org"), ("evil.example", "mail.example.org")):
            page = example.ask("--header", f"Host: {host}", scheme="http")
            assert f'href="https://{name}:{example.made.wanted.https_port}/"' in page
            assert "evil" not in page

    def test_a_redirect_keeps_path_and_query(self, start: Callable[..., Example]) -> None:
        """308, for a form too; to a name of ours, whatever the Host header says; and no way back."""
        example = start(plain_http="redirect")
        place = f"https://mail.example.org:{example.made.wanted.https_port}/inbox?a=b%20c&d"
        for more in ([], ["--data", "user=x"], ["--head"], ["--header", "Host: evil.example"]):
            answer = example.ask(*more, scheme="http", target="/inbox?a=b%20c&d")
            assert answer.startswith("HTTP/1.1 308")
            assert f"\nLocation: {place}\n" in answer
        assert LEAVE not in example.ask()

    def test_a_challenge_is_answered_and_not_redirected(self, start: Callable[..., Example], tmp_path: Path) -> None:
        """A certificate authority asks in plain http; nothing else is had that way."""
        (tmp_path / "acme").mkdir()
        (tmp_path / "acme" / "token-1").write_text("token-1.thumbprint")
        example = start("--acme-folder", str(tmp_path / "acme"), plain_http="redirect")
        place = "/.well-known/acme-challenge"
        assert example.ask(scheme="http", target=f"{place}/token-1").endswith("token-1.thumbprint")
        assert example.ask(scheme="http", target=f"{place}/token-2").startswith("HTTP/1.1 404")
        beside = example.ask("--path-as-is", scheme="http", target=f"{place}/../acme/token-1")
        assert beside.startswith("HTTP/1.1 308")

    def test_closed_is_closed(self, start: Callable[..., Example]) -> None:
        """Nobody listens in plain; https is served, with no way back."""
        example = start(plain_http="closed")
        assert example.is_closed("http")
        assert LEAVE not in example.ask()

    def test_disabled_serves_plain_http_alone(self, start: Callable[..., Example]) -> None:
        """No https, no link to it, no redirect."""
        example = start(enabled=False, plain_http="redirect")
        page = example.ask(scheme="http")
        assert page.startswith("HTTP/1.1 200")
        assert ENTER not in page
        assert example.is_closed("https")

    def test_hsts_goes_out_over_https_alone(self, start: Callable[..., Example]) -> None:
        """And only where an age is set."""
        example = start(plain_http="redirect", hsts_max_age=63072000)
        header = "Strict-Transport-Security"
        for target in ("/", "/none"):
            assert f"\n{header}: max-age=63072000\n" in example.ask(target=target)
        assert header not in example.ask(scheme="http")
        example.flip(hsts_max_age=0)
        assert header not in example.ask()


class TestTls:
    """The secure port."""

    def test_the_profile_holds(self, start: Callable[..., Example]) -> None:
        """TLS 1.2 and 1.3 are spoken, 1.1 is not; nor is a suite outside the profile."""
        example = start()
        for version in ("1.2", "1.3"):
            assert example.ask(f"--tlsv{version}", "--tls-max", version).startswith("HTTP/1.1 200")
        weak = ("--ciphers", "ALL:@SECLEVEL=0")
        for more in (("--tlsv1.1", "--tls-max", "1.1", *weak), ("--tls-max", "1.2", "--ciphers", "AES128-SHA")):
            assert example.curl(*more).returncode == 35

    def test_clients_are_let_in_as_the_mode_says(self, start: Callable[..., Example]) -> None:
        """The page names the client; a stranger's and a revoked certificate are refused, in every version of TLS."""
        authority, other = make_authority(), make_authority()
        clients = {
            "ours": make_client(authority),
            "revoked": make_client(authority, "abuse"),
            "other": make_client(other),
        }
        example = start(mode="off", ca=authority.pem, crl=make_crl(authority, clients["revoked"]))
        for name, pair in clients.items():
            (example.made.path / name).write_bytes(pair.key_pem + pair.pem)
        for mode, let_in in (("off", {"", *clients}), ("optional", {"", "ours"}), ("require", {"ours"})):
            example.flip(mode=mode)
            for shown, version in itertools.product(("", *clients), ("1.2", "1.3")):
                done = example.curl("--tls-max", version, shown=shown)
                assert (shown in let_in) == (done.returncode == 0), (mode, shown, version, done)
                is_named = "You are postmaster, as your certificate says." in done.stdout
                assert (shown == "ours" and mode != "off") == is_named

    def test_a_slow_client_holds_up_nobody(self, start: Callable[..., Example]) -> None:
        """Handshakes are made beside each other."""
        example = start()
        with socket.create_connection(("127.0.0.1", example.made.wanted.https_port), PATIENCE):
            assert example.ask().startswith("HTTP/1.1 200")


class TestFlips:
    """A flip while the example is at work."""

    def test_an_open_connection_goes_on_and_the_next_one_is_new(self, start: Callable[..., Example]) -> None:
        """No signal is needed: the next connection finds out."""
        example = start()
        context = make_client_context(example.made.server)
        context.check_hostname = False
        port = example.made.wanted.https_port
        kept = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        assert _status(kept) == 200
        before = kept.sock
        example.made.flip(servers=(make_server("rsa2048", names=NAMES),))
        assert example.ask().startswith("HTTP/1.1 200")
        assert _status(kept) == 200
        assert before is kept.sock
        kept.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            _status(kept)

    def test_ports_open_and_close_with_the_settings(
        self, start: Callable[..., Example], free_port: Callable[[], int]
    ) -> None:
        """Closed, open again, https moved, https off: at once on SIGHUP."""
        example = start(plain_http="offer")
        example.flip(plain_http="closed")
        assert example.is_closed("http")
        example.flip(plain_http="redirect", https_port=free_port())
        assert f":{example.made.wanted.https_port}/" in example.ask(scheme="http")
        assert example.ask().startswith("HTTP/1.1 200")
        example.flip(enabled=False)
        assert example.is_closed("https")
        assert example.ask(scheme="http").startswith("HTTP/1.1 200")

    def test_a_generation_that_cant_be_served_leaves_the_old_one_in_use(self, start: Callable[..., Example]) -> None:
        """It is said, and the next good one is taken."""
        example = start()
        example.made.flip(https_port=example.made.wanted.https_port)
        (example.made.folder / "bundle.pem").write_text("nothing")
        example.process.send_signal(signal.SIGHUP)
        example.wait_for("mail_web_server: error: ", "stderr")
        assert example.ask().startswith("HTTP/1.1 200")
        example.flip(servers=(make_server("ed25519", names=NAMES),))
        assert example.ask().startswith("HTTP/1.1 200")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_cleanly(self, start: Callable[..., Example], number: int) -> None:
        """Status 0, with a connection open."""
        example = start()
        with socket.create_connection(("127.0.0.1", example.made.wanted.https_port), PATIENCE):
            assert example.stop(number) == 0


def test_without_a_registry_it_says_so(argv: list[str], tmp_path: Path) -> None:
    """One sentence, a hint, status 4; never a traceback."""
    done = subprocess.run(
        [*argv, "--registry-path", tmp_path / "none"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (4, "") == (done.returncode, done.stdout)
    error, hint = done.stderr.splitlines()
    assert error.startswith("mail_web_server: error: ")
    assert str(tmp_path / "none") in error
    assert hint.startswith("mail_web_server: hint: sslutil --registry-path ")


def _status(connection: http.client.HTTPSConnection) -> int:
    connection.request("GET", "/inbox")
    answer = connection.getresponse()
    answer.read()
    return answer.status
