"""A real HAProxy with its export: plain port, secure port, odd paths, whole configurations, and whom it lets in."""

from __future__ import annotations

import contextlib
import shlex
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest

from sslutil.exporters.haproxy import render, render_include
from tests.judges import ask as run
from tests.judges import haproxy, openssl
from tests.live import plain_port
from tests.live.client_certificates import LET_IN, UNLISTED, ClientContract, make_clients, who
from tests.live.contracts import Cases, web_site
from tests.live.sites import NAME
from tests.live.whole_host import STOPPED, RegistryContract, WholeContract, check_hsts, strict_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.client_certificates import Clients
    from tests.live.sites import Site
    from tests.live.whole_host import Whole

pytestmark = pytest.mark.needs("haproxy", "curl", "openssl")

PATHS = [
    "with space",
    " at both ends ",
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "end\\",
    "#hash",
    "%[src]",
    "${HOME}",
    "$HOME",
    "a*b?[c]",
    "{x},y;z",
    "-dash",
    "\u202ebidi\x85\xa0",
    "ümläut",
    "日本😀",
]

SHALLOW = {
    "off": LET_IN["off"],
    # No word of HAProxy's limits the depth, and a comment of the export says so.
    "optional": (["", "good", "revoked", "deep"], ["foreign", "server"]),
    "require": (["good", "revoked", "deep"], ["", "foreign", "server"]),
    "both": (["good", "foreign", "deep"], [""]),
    "optional-listed": (["", "good"], ["revoked", "foreign", "deep", "withdrawn"]),
    "listed": (["good"], ["", "revoked", "foreign", "deep", "withdrawn"]),
    "lapsed": LET_IN["lapsed"],
}
"""Whom each site lets in that asks for no depth."""

applied = partial(web_site, "haproxy")


def text_of(site: Site) -> str:
    """Return the exported file."""
    return (site.current / "haproxy.cfg").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[plain_port.Plain]:
    """One HAProxy for each kind of site; where they redirect to is another port than theirs."""
    kinds = plain_port.KINDS.keys() - {"standard"}
    ports, secure = {kind: free_port() for kind in kinds}, {kind: free_port() for kind in kinds}
    more = {kind: f"http_port = {ports[kind]}\nhttps_port = {plain_port.PORT}\n" for kind in kinds}
    sites = plain_port.make_sites("haproxy", tmp_path_factory.mktemp("plain"), more)
    with contextlib.ExitStack() as stack:
        for kind, site in sites.items():
            own = f":{secure[kind]},[::]:{secure[kind]}"
            stack.enter_context(
                haproxy.serving(text_of(site).replace(f":{plain_port.PORT},[::]:{plain_port.PORT}", own))
            )
        yield plain_port.Plain(**ports, disabled_https=secure["disabled"])


class TestPath(plain_port.PathContract):
    """Path and query, byte by byte."""

    cases: ClassVar = plain_port.PathContract.cases | {
        "test_kept": Cases(
            "target", [*plain_port.TARGETS, "/%[src]?%[env(HOME)]&$1&%25&%{+Q}o"], plain_port.name_target
        )
    }


class TestHost(plain_port.HostContract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar = plain_port.HostContract.cases | {
        "test_host": Cases("host,led_to", [*plain_port.HOSTS, plain_port.KEEPS_CASE]),
        "test_malformed": Cases(
            "headers",
            [
                *plain_port.MALFORMED,
                [b"Host: other.example,www.example.net"],
                [b"Host: other.example/.example.net"],
                [b"Host: x@www.example.net"],
                [b"Host: "],
            ],
        ),
        "test_other_forms": Cases(
            "request_line,headers,led_to,path",
            [
                plain_port.FORWARDED,
                (b"GET /a HTTP/1.0", [], NAME, "/a"),
                (b"GET http://other.example//a?b HTTP/1.1", [b"Host: other.example"], NAME, "//a?b"),
                (b"GET http://imap.example.org/a HTTP/1.1", [b"Host: imap.example.org"], "imap.example.org", "/a"),
                (b"CONNECT other.example:443 HTTP/1.1", [b"Host: other.example:443"], NAME, "/"),
                (b"OPTIONS * HTTP/1.1", [b"Host: x"], NAME, "/"),
            ],
        ),
    }


class TestOthers(plain_port.OtherContract):
    """Challenges, which go to the backend, and what plain http does instead of a redirect."""

    served = haproxy.SERVED
    answer = haproxy.SERVED
    cases: ClassVar = plain_port.OtherContract.cases | {"test_no_challenge": Cases("target", plain_port.NO_TOKENS)}


class TestSecure:
    """The secure port."""

    def test_hsts(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """HSTS stands in every answer, in HAProxy's own errors too."""
        port, plain = free_port(), free_port()
        site = applied(tmp_path / "registry")
        versions = {"haproxy": (2, 6, 12), "openssl": (3, 0, 19)}
        text = render(strict_plan(site, port, plain, versions))["haproxy.cfg"]
        for outside, status in ((haproxy.OUTSIDE, 200), ("defaults\n    mode http\nbackend webmail\n", 503)):
            with haproxy.serving(text, outside=outside):
                check_hsts(site, port, plain, status)

    def test_preference(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """The server's order counts where the policy says so, but for a client that prefers ChaCha20."""
        port = free_port()
        more = f'https_port = {port}\nhttp_port = {free_port()}\n[tls]\nprofile = "old"'
        site = applied(tmp_path / "registry", more=more)
        aes = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
        with haproxy.serving(text_of(site)):
            chosen = [
                openssl.connect(port, NAME, protocol="TLSv1.2", options=["-cipher", ":".join(offered)]).cipher
                for offered in (aes, ["ECDHE-ECDSA-CHACHA20-POLY1305", *aes])
            ]

        assert [aes[1], "ECDHE-ECDSA-CHACHA20-POLY1305"] == chosen

    def test_other_binds(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Beside it the operator's own frontends keep their policy."""
        port, other = free_port(), free_port()
        more = f'https_port = {port}\nhttp_port = {free_port()}\n[tls]\nprofile = "modern"'
        site = applied(tmp_path / "registry", more=more)
        mine = f"frontend mine\n    bind 127.0.0.1:{other} ssl crt '{site.current}/bundle.pem'\n"
        with haproxy.serving(text_of(site), outside=f"{haproxy.OUTSIDE}{mine}    default_backend webmail\n"):
            assert not openssl.connect(port, NAME, protocol="TLSv1.2").completed
            assert openssl.connect(other, NAME, protocol="TLSv1.2").completed


class TestRegistry(RegistryContract):
    """A registry may be called anything, or is refused."""

    export = "haproxy"
    statuses: ClassVar = {2, 3}  # 2: with control characters, whatever is exported
    cases: ClassVar = {"test_refused": Cases("name", ["a\tb", "a\x1bb", "\udcff"], ascii)}

    @pytest.mark.parametrize("name", [*PATHS, "x" * 200], ids=ascii)
    def test_taken(self, tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
        """HAProxy reads the files of any such path, and is told of it by one option."""
        more = f"https_port = {free_port()}\nhttp_port = {free_port()}\n"
        site = applied(tmp_path / name, more=more)
        (tmp_path / "own.cfg").write_text(haproxy.OUTSIDE)
        option = shlex.split(render_include(str(site.current))["haproxy.cfg"])

        status, words = run(["haproxy", "-c", "-f", tmp_path / "own.cfg", *option])
        with haproxy.serving(text_of(site)):
            seen = openssl.connect(int(more.split()[2]), NAME, trusted=site.certificate)

        assert 0 == status, words
        assert site.fingerprint == seen.fingerprint


class TestWhole(WholeContract):
    """A whole configuration."""

    export = "haproxy"
    status = 503

    def serving(self, whole: Whole) -> AbstractContextManager[object]:
        """Run it."""
        return haproxy.serving(whole.text, outside="")

    def test_as_it_is(self, whole: Whole, tmp_path: Path) -> None:
        """HAProxy takes it with not a letter changed, and without a warning."""
        (tmp_path / "haproxy.cfg").write_text(whole.text)

        status, words = run(["haproxy", "-c", "-f", tmp_path / "haproxy.cfg"])

        assert 0 == status, words
        assert "WARNING" not in words

    @pytest.mark.needs("root", "timeout", "unshare")
    def test_every_address(self, whole: Whole, tmp_path: Path) -> None:
        """It runs with not a letter changed where it can open its ports on every address, of both families."""
        (tmp_path / "haproxy.cfg").write_text(whole.text)

        status, words = run(["unshare", "--net", "timeout", "1", "haproxy", "-db", "-f", tmp_path / "haproxy.cfg"])

        assert STOPPED == status, words

    @pytest.mark.full
    @pytest.mark.needs("root", "chroot", "debootstrap", "unshare")
    @pytest.mark.usefixtures("whole", "newer")
    def test_newer(self, whole: Whole) -> None:
        """Debian 13's takes what was written for Debian 12's."""
        self.test_starts(whole)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One HAProxy for each site."""
    made = make_clients("haproxy", tmp_path_factory.mktemp("clients"), free_port, SHALLOW)
    with contextlib.ExitStack() as stack:
        for site in made.sites.values():
            stack.enter_context(haproxy.serving(text_of(site)))
        yield made


class TestClients(ClientContract):
    """Whom it lets in."""

    export = "haproxy"
    served = haproxy.SERVED
    refusals: ClassVar = {35, 52, 55, 56, 60}  # 60: told that something, here the list, has lapsed
    cases: ClassVar = ClientContract.cases | {
        "test_who_is_let_in": who(SHALLOW),
        "test_refused": Cases(
            "table,told",
            [(UNLISTED, "Their clients"), ('mode = "require"\nca_files = ["{ca}"]\ndepth = 2', "depth of 2")],
        ),
    }
