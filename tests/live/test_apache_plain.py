"""A real Apache's plain port: redirect, offer, denial; whatever a client sends, it is never led to another server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges import apache, curl
from tests.live.raw import Reply, ask, get
from tests.live.sites import NAME, Site, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.needs("apache2", "curl")

NAMES = [NAME, "imap.example.org", "*.example.net", "bücher.example", "2001:db8::1", "192.0.2.7"]
PORT = 8443
FIRST = f"https://{NAME}:{PORT}"
ANSWER = "answer to a challenge\n"
CHALLENGE = "/.well-known/acme-challenge/"


class Plain(NamedTuple):
    """The ports of one Apache."""

    redirect: int
    """Of a site with all kinds of names."""
    standard: int
    """Of one whose https has the standard port."""
    wildcard: int
    """Of one that has no name but a wildcard."""
    offer: int
    closed: int
    disabled: int
    disabled_https: int


@pytest.fixture(scope="module")
def challenges() -> Iterator[str]:
    """What an operator adds for challenges: a folder that the server's own account can read."""
    with tempfile.TemporaryDirectory(prefix="sslutil-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "token").write_text(ANSWER)
        yield f'Alias {CHALLENGE} "{folder}/"\n<Directory "{folder}">\nRequire all granted\n</Directory>'


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], challenges: str) -> Iterator[Plain]:
    """One Apache with a plain virtual host for each kind of site."""
    folder = tmp_path_factory.mktemp("plain")

    def site(name: str, plain_http: str, *, names: list[str] | None = None, port: int = PORT, more: str = "") -> Site:
        wanted = f'[site]\nnames = {names or NAMES}\nplain_http = "{plain_http}"\nhttps_port = {port}\n{more}'
        return made(folder / name, wanted)

    disabled = site("disabled", "redirect", more="enabled = false\n")
    sites = [
        site("redirect", "redirect"),
        site("standard", "redirect", port=443),
        site("wildcard", "redirect", names=["*.example.net"]),
        site("offer", "offer"),
        site("closed", "closed"),
        disabled,
    ]
    hosts = [(free_port(), one.host(challenges, file="apache-plain.conf")) for one in sites]
    hosts.append((free_port(), disabled.host()))
    with apache.serving(hosts):
        yield Plain(*(port for port, _ in hosts))


class TestPath:
    """Path and query, byte by byte."""

    @pytest.mark.parametrize(
        "target",
        [
            "/",
            "/a/b",
            "/a/b?c=d",
            "/a%2Fb",
            "/a%20b?q=%20",
            "/a%3Fb",
            "/a%3Fb?x=1",
            "/a%23b",
            "/%C3%BC?%C3%BC",
            "/ü?ü",
            "//other.example/",
            "/x//y",
            "/?a=b&c=%26",
            "/a?",
            "/?",
            "/??",
            "/a?b?c?",
            "/a;b=c",
            "/a/../b",
            "/a%5Cb\\c",
            "/a%0d%0aX:y",
            "/%25{HTTP_HOST}",
            "/$1?%{HTTP_HOST}&$1&%1&%25{HTTP_HOST}",
            "/a?http://other.example/",
            "/a:b@c",
            "/a+b",
            "/'\"<>",
            "/a?%zz%0a%00",
            f"/{'a' * 4000}?{'b' * 3000}",
        ],
        ids=lambda target: target[:20],
    )
    def test_kept(self, plain: Plain, target: str) -> None:
        """Nothing is decoded, encoded, expanded or lost."""
        assert Reply(308, f"{FIRST}{target}".encode()) == get(plain.redirect, target)._replace(body=b"")

    @given(
        st.lists(
            st.text("aZ0-._~!$&'()*+,;=:@{}\"<>|^`\\", max_size=5)
            | st.sampled_from(["%2F", "%C3%BC", "%3f", "%25", "%0A"])
        ),
        st.none() | st.lists(st.text("aZ0-._~!$&'()*+,;=:@/?{}%[]", max_size=5) | st.just("%26")),
    )
    def test_any(self, plain: Plain, segments: list[str], query: list[str] | None) -> None:
        """The same for whatever a client can put there."""
        path = "/".join(["", *(f"x{segment}" for segment in segments)]) or "/"
        target = path if query is None else f"{path}?{''.join(query)}"

        assert f"{FIRST}{target}" == get(plain.redirect, target).location.decode()

    @pytest.mark.parametrize(
        ("target", "status"),
        [("/%2e%2e/x", 400), ("/a%zz", 400), ("/a%00b", 404), ("/a#b", 400), ("/a b", 400), ("a", 400), ("/a\tb", 400)],
    )
    def test_refused(self, plain: Plain, target: str, status: int) -> None:
        """What no browser sends Apache refuses itself; nobody is led anywhere."""
        assert (status, b"") == get(plain.redirect, target)[:2]

    def test_standard_port(self, plain: Plain) -> None:
        """The port is said where it is not 443, and only there."""
        assert b"https://mail.example.org/a?b" == get(plain.standard, "/a?b").location

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "CONNECT"])
    def test_method(self, plain: Plain, method: str) -> None:
        """Each method gets the status that keeps it."""
        target = b"other.example:443" if method == "CONNECT" else b"/a?b"
        reply = ask(plain.redirect, method.encode() + b" " + target + b" HTTP/1.1", b"Host: x", b"Content-Length: 0")

        assert (308, f"{FIRST}/{'' if method == 'CONNECT' else 'a?b'}".encode()) == reply[:2]


class TestHost:
    """The name that a client is led to is one of the site's."""

    @pytest.mark.parametrize(
        ("host", "led_to"),
        [
            ("imap.example.org", "imap.example.org"),
            ("imap.example.org:80", "imap.example.org"),
            ("imap.example.org.", "imap.example.org"),
            ("IMAP.Example.ORG.:8080", "imap.example.org"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:DB8::1]:80", "[2001:db8::1]"),
            ("192.0.2.7", "192.0.2.7"),
            ("www.example.net", "www.example.net"),
            ("WWW.example.net.:80", "WWW.example.net"),
            # What is not one of the names goes to the first one.
            ("other.example", NAME),
            ("other.example:8443", NAME),
            ("example.net", NAME),
            ("a.b.example.net", NAME),
            ("a_b.example.net", NAME),
            ("www.example.net.other.example", NAME),
            ("imap.example.org.other.example", NAME),
            ("imapxexample.org", NAME),
            ("192.0.2.8", NAME),
            ("[::1]", NAME),
        ],
    )
    def test_host(self, plain: Plain, host: str, led_to: str) -> None:
        """A name of the site is kept, whatever its spelling; any other one is replaced by the first."""
        assert Reply(308, f"https://{led_to}:{PORT}/a?b".encode()) == get(plain.redirect, "/a?b", host)._replace(
            body=b""
        )

    def test_no_host(self, plain: Plain) -> None:
        """A client of HTTP/1.0 that names no host is led to the first name."""
        assert Reply(308, f"{FIRST}/a".encode()) == ask(plain.redirect, b"GET /a HTTP/1.0")._replace(body=b"")

    @pytest.mark.parametrize(
        ("target", "led_to"),
        [
            (b"http://imap.example.org/a?b", b"https://imap.example.org:8443/a?b"),
            (b"http://imap.example.org?b", b"https://imap.example.org:8443/?b"),
            (b"http://imap.example.org", b"https://imap.example.org:8443/"),
            (b"http://other.example//a%2Fb?b", FIRST.encode() + b"//a%2Fb?b"),
            (b"https://other.example/a", FIRST.encode() + b"/a"),
            (b"http:/a", b"https://imap.example.org:8443/"),
        ],
    )
    def test_absolute_form(self, plain: Plain, target: bytes, led_to: bytes) -> None:
        """A request line that names a host (RFC 9112, section 3.2.2) leads to a name of the site too."""
        host = b"imap.example.org" if target.startswith((b"http:/a", b"http://imap")) else b"other.example"

        assert led_to == get(plain.redirect, target, host.decode()).location

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [b"Host:"],
            [b"Host: imap.example.org/other.example"],
            [b"Host: imap.example.org@other.example"],
            [b"Host: imap.example.org", b"Host: other.example"],
            [b"Host: imap.example.org\r\n other.example"],
            [b"Host: imap.example.org\rX: y"],
            [b"Host: imap.example.org%0d%0aX:y"],
            [b"Host: b\xc3\xbccher.example"],
        ],
    )
    def test_malformed(self, plain: Plain, headers: list[bytes]) -> None:
        """A host that is none, or two, is refused by Apache itself, or is not one of the names."""
        reply = ask(plain.redirect, b"GET /a HTTP/1.1", *headers)

        assert (reply.status, reply.location) in {(400, b""), (308, f"{FIRST}/a".encode())}

    def test_forwarded(self, plain: Plain) -> None:
        """Headers by which proxies pass a host on are not believed."""
        headers = [b"Host: imap.example.org", b"X-Forwarded-Host: other.example", b"Forwarded: host=other.example"]

        assert b"https://imap.example.org:8443/a" == ask(plain.redirect, b"GET /a HTTP/1.1", *headers).location

    @pytest.mark.parametrize(
        ("host", "status", "location"),
        [
            ("www.example.net", 308, b"https://www.example.net:8443/a?b"),
            ("example.net", 403, b""),
            ("a.b.example.net", 403, b""),
            ("other.example", 403, b""),
        ],
    )
    def test_wildcard_alone(self, plain: Plain, host: str, status: int, location: bytes) -> None:
        """Where there is no name but a wildcard, a host that is not below it is denied: there is none to lead it to."""
        assert (status, location) == get(plain.wildcard, "/a?b", host)[:2]


class TestChallenges:
    """What a certificate authority fetches on port 80 (RFC 8555, section 8.3)."""

    @pytest.mark.parametrize("host", [NAME, "other.example"])
    def test_served(self, plain: Plain, host: str) -> None:
        """A challenge is served where all else is redirected."""
        assert (200, b"", ANSWER.encode()) == get(plain.redirect, f"{CHALLENGE}token", host)

    @pytest.mark.parametrize("target", [f"{CHALLENGE[:-1]}X", f"/x{CHALLENGE}token", f"{CHALLENGE}../../x"])
    def test_nothing_else(self, plain: Plain, target: str) -> None:
        """What only looks like one is redirected."""
        assert Reply(308, f"{FIRST}{target}".encode()) == get(plain.redirect, target)._replace(body=b"")


class TestOthers:
    """What plain http does instead."""

    def test_offer(self, plain: Plain) -> None:
        """Offered, it serves its pages."""
        assert Reply(200, b"", apache.SERVED.encode()) == get(plain.offer, "/")

    @pytest.mark.parametrize("target", ["/", "/a/b?c=d", f"{CHALLENGE}token", "//", "/.well-known/"])
    def test_closed(self, plain: Plain, target: str) -> None:
        """Closed, it denies everything, a challenge too."""
        assert (403, b"") == get(plain.closed, target)[:2]

    def test_closed_to_other_methods(self, plain: Plain) -> None:
        """Closed, it takes nothing either."""
        assert 403 == ask(plain.closed, b"POST /a HTTP/1.1", b"Host: x", b"Content-Length: 0").status

    def test_disabled(self, plain: Plain) -> None:
        """A disabled site serves plain http on both ports, without redirect and HSTS; nobody gets TLS."""
        for port in (plain.disabled, plain.disabled_https):
            answer = curl.fetch(f"http://{NAME}:{port}/")
            assert (200, apache.SERVED) == (answer.status, answer.body), answer.words
            assert "strict-transport-security" not in answer.headers
        assert 35 == curl.fetch(f"https://{NAME}:{plain.disabled_https}/").exit_status


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
