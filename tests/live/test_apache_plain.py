"""A real Apache's plain port: redirect, offer, denial; whatever a client sends, it is never led to another server."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.judges import apache, curl
from tests.live import plain_port
from tests.live.contracts import Cases
from tests.live.raw import ask, get
from tests.live.sites import NAME, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("apache2", "curl")

IMAP = b"Host: imap.example.org"
OTHER = b"Host: other.example"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[plain_port.Plain]:
    """One Apache with a plain virtual host for each kind of site, and what an operator adds for challenges."""
    more = dict.fromkeys(plain_port.KINDS, f"https_port = {plain_port.PORT}\n") | {"standard": ""}
    sites = plain_port.make_sites("apache", tmp_path_factory.mktemp("plain"), more)
    ports, secure = {kind: free_port() for kind in sites}, free_port()
    with plain_port.challenge_folder() as folder:
        alias = f'Alias {plain_port.CHALLENGES} "{folder}/"\n<Directory "{folder}">\nRequire all granted\n</Directory>'
        hosts = [(ports[kind], site.host(alias, file="apache-plain.conf")) for kind, site in sites.items()]
        with apache.serving([*hosts, (secure, sites["disabled"].host())]):
            yield plain_port.Plain(**ports, disabled_https=secure)


class TestPath(plain_port.PathContract, plain_port.StandardPort):
    """Path and query, byte by byte."""

    cases: ClassVar = plain_port.PathContract.cases | {
        "test_kept": Cases(
            "target",
            [
                *plain_port.TARGETS,
                "/a/b",
                "/a%20b?q=%20",
                "/a%3Fb",
                "/a%3Fb?x=1",
                "/a%23b",
                "/%C3%BC?%C3%BC",
                "/ü?ü",
                "/x//y",
                "/?a=b&c=%26",
                "/a?",
                "/??",
                "/a;b=c",
                "/a%5Cb\\c",
                "/%25{HTTP_HOST}",
                "/$1?%{HTTP_HOST}&$1&%1&%25{HTTP_HOST}",
                "/a?http://other.example/",
                "/a:b@c",
                "/a+b",
                "/a?%zz%0a%00",
            ],
            plain_port.name_target,
        )
    }

    @pytest.mark.parametrize(
        ("target", "status"),
        [("/%2e%2e/x", 400), ("/a%zz", 400), ("/a%00b", 404), ("/a#b", 400), ("/a b", 400), ("a", 400), ("/a\tb", 400)],
    )
    def test_refused(self, plain: plain_port.Plain, target: str, status: int) -> None:
        """What no browser sends Apache refuses itself; nobody is led anywhere."""
        assert (status, b"") == get(plain.redirect, target)[:2]

    def test_connect(self, plain: plain_port.Plain) -> None:
        """What asks for a tunnel gets the root."""
        reply = ask(plain.redirect, b"CONNECT other.example:443 HTTP/1.1", b"Host: x", b"Content-Length: 0")

        assert (308, f"{plain.first}/".encode()) == reply[:2]


class TestHost(plain_port.HostContract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar = plain_port.HostContract.cases | {
        "test_host": Cases(
            "host,led_to",
            [
                *plain_port.HOSTS,
                plain_port.KEEPS_CASE,
                ("imap.example.org:80", "imap.example.org"),
                ("imap.example.org.", "imap.example.org"),
                ("[2001:db8::1]", "[2001:db8::1]"),
                ("a_b.example.net", NAME),
                ("imap.example.org.other.example", NAME),
                ("192.0.2.8", NAME),
            ],
        ),
        "test_other_forms": Cases(
            "request_line,headers,led_to,path",
            [
                plain_port.FORWARDED,
                (b"GET /a HTTP/1.0", [], NAME, "/a"),
                (b"GET http://imap.example.org/a?b HTTP/1.1", [IMAP], "imap.example.org", "/a?b"),
                (b"GET http://imap.example.org?b HTTP/1.1", [IMAP], "imap.example.org", "/?b"),
                (b"GET http://imap.example.org HTTP/1.1", [IMAP], "imap.example.org", "/"),
                (b"GET http://other.example//a%2Fb?b HTTP/1.1", [OTHER], NAME, "//a%2Fb?b"),
                (b"GET https://other.example/a HTTP/1.1", [OTHER], NAME, "/a"),
                (b"GET http:/a HTTP/1.1", [IMAP], "imap.example.org", "/"),
            ],
        ),
        "test_malformed": Cases(
            "headers",
            [
                *plain_port.MALFORMED,
                [b"Host: imap.example.org\r\n other.example"],
                [b"Host: imap.example.org\rX: y"],
                [b"Host: b\xc3\xbccher.example"],
            ],
        ),
    }


class TestOthers(plain_port.OtherContract):
    """Challenges, and what plain http does instead of a redirect."""

    served = apache.SERVED
    cases: ClassVar = plain_port.OtherContract.cases | {
        "test_closed": Cases("target", ["/", "/a/b?c=d", plain_port.CHALLENGE, "//", "/.well-known/"])
    }

    def test_closed_to_other_methods(self, plain: plain_port.Plain) -> None:
        """Closed, it takes nothing either."""
        assert 403 == ask(plain.closed, b"POST /a HTTP/1.1", b"Host: x", b"Content-Length: 0").status


def test_followed(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A client that follows the redirect arrives at the secure port with its method, path, query and body."""
    http, https = free_port(), free_port()
    wanted = f'[site]\nnames = ["{NAME}"]\nhttps_port = {https}\nhttp_port = {http}\nplain_http = "redirect"\n'
    site = made(tmp_path / "registry", wanted)
    seen = 'Header always set X-Seen "expr=%{THE_REQUEST} %{HTTP:Content-Length}"'
    follow = ["--location", "--data", "a=b", "--connect-to", f"{NAME}:{https}:127.0.0.1:{https}"]
    with apache.serving([(http, site.host(file="apache-plain.conf")), (https, site.host(seen))]):
        answer = curl.fetch(f"http://{NAME}:{http}/?q=%26&r=", trusted=site.certificate, options=follow)

    assert 0 == answer.exit_status
    assert 308 == answer.status
    assert "X-Seen: POST /?q=%26&r= HTTP/1.1 3" in answer.words
