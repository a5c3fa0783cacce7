"""A real Caddy with its export: plain port, secure port, odd paths, whole Caddyfiles, and whom it lets in."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest

from sslutil.exporters.caddy import render
from tests.judges import ask as run
from tests.judges import caddy, curl, openssl
from tests.live import plain_port
from tests.live.client_certificates import LET_IN, ClientContract, make_clients, who
from tests.live.contracts import Cases, web_site
from tests.live.raw import get
from tests.live.sites import NAME, OTHER_NAME
from tests.live.whole_host import STOPPED, RegistryContract, WholeContract, check_hsts, strict_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.client_certificates import Clients
    from tests.live.sites import Site
    from tests.live.whole_host import Whole

pytestmark = pytest.mark.needs("caddy", "curl", "openssl")

PATHS = [
    "with space",
    " at both ends ",
    'quo"te',
    "apo'strophe",
    "back`tick",
    "#hash",
    "per%cent",
    "$HOME",
    "(a|b)&;!~@",
    "a]b",
    "<<END",
    "-dash",
    "ümläut",
    "日本😀",
    "\u202ebidi\x85\xa0",
]
AUTHORITIES = {
    "off": LET_IN["off"],
    # No word of Caddy's limits the depth, and a comment of the export says so.
    "optional": (["", "good", "deep"], ["foreign", "server"]),
    "require": (["good", "deep"], ["", "foreign", "server"]),
    "both": (["good"], [""]),
}
"""Whom each site lets in that has no list and asks for no depth."""

applied = partial(web_site, "caddy")


def import_of(site: Site) -> str:
    """Return the line that the head of the file gives."""
    found = re.search(r"import .*", (site.current / "caddy.conf").read_text(encoding="utf-8"))
    assert found
    return found[0]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[plain_port.Plain]:
    """One Caddy with all kinds of sites; each needs its secure port for itself."""
    kinds = plain_port.KINDS.keys() - {"standard"}
    ports, secure = {kind: free_port() for kind in kinds}, {kind: free_port() for kind in kinds}
    more = {kind: f"http_port = {ports[kind]}\nhttps_port = {secure[kind]}\n" for kind in kinds}
    sites = plain_port.make_sites("caddy", tmp_path_factory.mktemp("plain"), more)
    with caddy.serving("\n".join(map(import_of, sites.values())), [*ports.values(), *secure.values()]):
        yield plain_port.Plain(
            **ports, disabled_https=secure["disabled"], port=secure["redirect"], wildcard_port=secure["wildcard"]
        )


class TestPath(plain_port.PathContract):
    """Path and query, byte by byte."""

    cases: ClassVar = plain_port.PathContract.cases | {
        "test_kept": Cases(
            "target",
            [
                *plain_port.TARGETS,
                "/ü?ü",
                "/{env.HOME}{http.request.host}?{env.PATH}&{$HOME}&$1&%25&{file./etc/passwd}",
            ],
            plain_port.name_target,
        )
    }


class TestHost(plain_port.HostContract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar = plain_port.HostContract.cases | {
        "test_host": Cases(
            "host,led_to", [*plain_port.HOSTS, plain_port.KEEPS_CASE, ("other.example,www.example.net", NAME)]
        ),
        "test_other_forms": Cases(
            "request_line,headers,led_to,path",
            [
                plain_port.FORWARDED,
                # What names a host in the request line leads to the root: Caddy has no word for the rest of it.
                (b"GET http://other.example//a?b HTTP/1.1", [b"Host: other.example"], NAME, "/"),
                (b"GET http://imap.example.org/a HTTP/1.1", [b"Host: imap.example.org"], NAME, "/"),
                (b"CONNECT other.example:443 HTTP/1.1", [b"Host: other.example:443"], NAME, "/"),
                (b"GET /a HTTP/1.1", [b"Host: x", b"X-Forwarded-Host: other.example"], NAME, "/a"),
            ],
        ),
    }


class TestOthers(plain_port.OtherContract):
    """Challenges, and what plain http does instead of a redirect."""

    served = caddy.SERVED
    answer = caddy.SERVED
    wildcard_host = "www.example.net"
    cases: ClassVar = plain_port.OtherContract.cases | {"test_no_challenge": Cases("target", plain_port.NO_TOKENS)}

    def test_before_what_serves(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Redirect and denial come before whatever the operator's snippet does."""
        snippet = "(webmail) {\n    rewrite * /y\n    handle {\n        respond in\n    }\n}\n"
        ports = {name: free_port() for name in ("redirect", "closed")}
        lines = [
            import_of(applied(tmp_path / name, name, more=f"http_port = {port}\nhttps_port = {free_port()}\n"))
            for name, port in ports.items()
        ]
        with caddy.serving("\n".join(lines), ports.values(), outside=snippet):
            assert get(ports["redirect"], "/a").location.endswith(b"/a")
            assert 403 == get(ports["closed"], "/a").status


class TestSecure:
    """The secure port."""

    def test_hsts(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """HSTS stands in every answer, in Caddy's own errors too."""
        port, plain = free_port(), free_port()
        site = applied(tmp_path / "registry")
        text = render(strict_plan(site, port, plain, {"caddy": (2, 6, 2), "openssl": (3, 0, 19)}))["caddy.conf"]
        for outside, status in ((caddy.SNIPPET, 200), ("(webmail) {\n    error 404\n}\n", 404)):
            with caddy.serving(text, [port, plain], outside=outside):
                check_hsts(site, port, plain, status)

    def test_every_name(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """The policy is the same whatever name a client calls, and where it calls none."""
        port = free_port()
        more = f'https_port = {port}\nhttp_port = {free_port()}\n[tls]\nprofile = "modern"'
        site = applied(tmp_path / "registry", more=more)
        with caddy.serving(import_of(site), [port]):
            for options in (["-servername", OTHER_NAME], ["-noservername"]):
                for protocol, completed in (("TLSv1.2", False), ("TLSv1.3", True)):
                    status, words = run(
                        [
                            "openssl",
                            "s_client",
                            "-connect",
                            f"127.0.0.1:{port}",
                            *options,
                            *openssl.PROTOCOL_OPTIONS[protocol],
                        ]
                    )
                    assert completed is ("Cipher is TLS_" in words), (status, words)


class TestRegistry(RegistryContract):
    """A registry may be called anything, or is refused."""

    export = "caddy"
    cases: ClassVar = {
        "test_refused": Cases("name", ["{env.HOME}", "{$HOME}", "a{", "a*b", "a?b", "[a]", "a\\b", '`"'])
    }

    def test_taken(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Caddy reads the files of any such path, by the line that the head of each gives, and no others."""
        served = {}
        for name in PATHS:
            port = free_port()
            served[name] = (applied(tmp_path / name, more=f"https_port = {port}\nhttp_port = {free_port()}\n"), port)
        with caddy.serving(
            "\n".join(import_of(site) for site, _ in served.values()), [port for _, port in served.values()]
        ):
            seen = {name: openssl.connect(port, NAME).fingerprint for name, (_, port) in served.items()}

        assert {name: site.fingerprint for name, (site, _) in served.items()} == seen


class TestWhole(WholeContract):
    """A whole Caddyfile."""

    export = "caddy"
    status = 404

    def serving(self, whole: Whole) -> AbstractContextManager[object]:
        """Run it."""
        return caddy.serving(whole.text, [whole.https, whole.http])

    def test_serves(self, whole: Whole) -> None:
        """It has a page of the operator's."""
        with self.serving(whole):
            answer = curl.fetch(f"https://{NAME}:{whole.https}/", trusted=whole.site.certificate)

        assert (200, caddy.SERVED) == (answer.status, answer.body)

    def test_as_it_is(self, whole: Whole, tmp_path: Path) -> None:
        """Caddy takes it with not a letter changed, and adapts it without an error."""
        (tmp_path / "Caddyfile").write_text(whole.text)

        status, words = run(["caddy", "adapt", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"])

        assert 0 == status, words

    @pytest.mark.needs("root", "ip", "timeout", "unshare")
    def test_every_address(self, whole: Whole, tmp_path: Path) -> None:
        """It runs with not a letter changed where it can open its ports on every address."""
        (tmp_path / "Caddyfile").write_text(whole.text)
        line = f"ip link set lo up && HOME='{tmp_path}' exec timeout 2 caddy run --adapter caddyfile --config Caddyfile"

        status, words = run(["unshare", "--net", "sh", "-c", f"cd '{tmp_path}' && {line}"])

        assert STOPPED == status, words
        assert "serving initial configuration" in words

    @pytest.mark.full
    @pytest.mark.needs("root", "chroot", "debootstrap", "unshare")
    @pytest.mark.usefixtures("whole", "newer")
    def test_newer(self, whole: Whole) -> None:
        """Debian 13's takes what was written for Debian 12's."""
        self.test_starts(whole)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One Caddy with all sites that it can have."""
    made = make_clients("caddy", tmp_path_factory.mktemp("clients"), free_port, AUTHORITIES)
    with caddy.serving("\n".join(map(import_of, made.sites.values())), made.ports.values()):
        yield made


class TestClients(ClientContract):
    """Whom it lets in."""

    export = "caddy"
    served = caddy.SERVED
    refusals: ClassVar = {35, 52, 55, 56}
    cases: ClassVar = ClientContract.cases | {
        "test_who_is_let_in": who(AUTHORITIES),
        "test_refused": Cases(
            "table,told",
            [
                ('mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]', "revoked client would get in"),
                ('mode = "require"\nca_files = ["{ca}"]\ndepth = 2', "depth of 2"),
            ],
        ),
    }

    def test_several_authorities(self, clients: Clients) -> None:
        """The second authority's clients are let in just where the export does not say that it is left out."""
        text = (clients.sites["both"].current / "caddy.conf").read_text()

        assert ("# Left out: authorities behind the first" in text) is not self.enter(clients, "both", "foreign")
