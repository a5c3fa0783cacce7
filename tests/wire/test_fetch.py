"""What is fetched from an issuer's address, and what is not."""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import IssuerError
from sslutil.wire import fetch
from sslutil.wire.fetch import MOST_BYTES, Errand, fetch_issuer
from tests.wire.served import Issuer, answer, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY = b"\x30\x03\x02\x01\x01"
REDIRECT = "302 Found"


def drip(connection: socket.socket) -> None:
    """Send an answer that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"a")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    """Send an answer without a length that is too long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * (MOST_BYTES + 1))


def bloat(connection: socket.socket) -> None:
    """Send informational answers for ever."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 1000)


ANSWERS: dict[str, bytes | Callable[[socket.socket], None]] = {
    "/": answer(BODY),
    "/ca.crt?name=a%20b": answer(BODY),
    "/full": answer(b"a" * MOST_BYTES),
    "/large": answer(b"a" * (MOST_BYTES + 1)),
    "/flood": flood,
    "/bloat": bloat,
    "/drip": drip,
    "/open": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + BODY + b"\r\n0\r\n\r\n",
    "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + BODY,
    "/empty": answer(b""),
    "/silent": b"",
    "/ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "/error": answer(BODY, "500 Internal Server Error"),
    "/1": answer(b"", REDIRECT, "Location: /2"),
    "/2": answer(b"", "301 Moved", "Location: /3"),
    "/3": answer(b"", "307 Temporary Redirect", "Location: /"),
    "/0": answer(b"", "308 Permanent Redirect", "Location: /1"),
    "/loop": answer(b"", REDIRECT, "Location: /loop"),
    "/nowhere": answer(b"", REDIRECT),
    "/tls": answer(b"", REDIRECT, "Location: https://127.0.0.1/"),
    "/file": answer(b"", REDIRECT, "Location: file:///etc/passwd"),
    "/port": answer(b"", REDIRECT, "Location: http://127.0.0.1:1/"),
    "/metadata": answer(b"", REDIRECT, "Location: http://169.254.169.254/latest"),
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """A server of ANSWERS."""
    with serving(ANSWERS) as served:
        yield served


@pytest.fixture(autouse=True)
def _port(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the server's port for the port of http, which a test can't have."""
    monkeypatch.setattr(fetch, "PORT", issuer.port)


def get(url: str, *, seconds: float = 5) -> bytes:
    """Fetch with private addresses allowed."""
    return fetch_issuer(url, Errand(allow_private=True, seconds=seconds))


def fault(url: str, *, seconds: float = 5, allow_private: bool = True) -> str:
    """Return why nothing is fetched."""
    with pytest.raises(IssuerError) as caught:
        fetch_issuer(url, Errand(allow_private=allow_private, seconds=seconds))
    return caught.value.message


class TestFetched:
    """What comes back."""

    @pytest.mark.parametrize("path", ["/", "/ca.crt?name=a%20b", "/open", "/chunked", "/1", "/2", "/3"])
    def test_body(self, issuer: Issuer, path: str) -> None:
        """The body, however it is framed, redirects followed."""
        assert BODY == get(issuer.url(path))

    def test_largest(self, issuer: Issuer) -> None:
        """Up to 64 KiB."""
        assert MOST_BYTES == len(get(issuer.url("/full")))

    def test_request(self, issuer: Issuer) -> None:
        """It says little of us: no version, no cookie, no language."""
        get(issuer.url("/#fragment"))
        lines = issuer.requests[-1].strip().split("\r\n")

        assert [
            "GET / HTTP/1.1",
            f"Host: 127.0.0.1:{issuer.port}",
            "User-Agent: sslutil",
            "Accept: */*",
            "Connection: close",
        ] == lines

    def test_no_proxy(self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
        """No proxy of the environment is asked."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
        assert BODY == get(issuer.url())

    def test_scheme_in_capitals(self, issuer: Issuer) -> None:
        """Schemes have no case (RFC 3986, 3.1)."""
        assert BODY == get(issuer.url().replace("http", "HTTP"))


class TestRefused:
    """What is not taken, in a sentence with the address."""

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("/large", "gives more than 64 KiB"),
            ("/flood", "gives more than 64 KiB"),
            ("/bloat", "gives more than 64 KiB"),
            ("/chunks", "no http"),
            ("/short", "cut short"),
            ("/empty", "is empty"),
            ("/silent", ""),
            ("/ssh", "no http"),
            ("/error", "answers with status 500"),
            ("/absent", "answers with status 404"),
            ("/0", "more than 4 steps"),
            ("/loop", "more than 4 steps"),
            ("/nowhere", "answers with status 302"),
            ("/tls", "only http addresses"),
            ("/file", "only http addresses"),
            ("/port", "is fetched from"),
            ("/metadata", "not a public address"),
        ],
    )
    def test_answers(self, issuer: Issuer, path: str, words: str) -> None:
        """What a server may say, redirects to forbidden places included."""
        message = fault(issuer.url(path))

        assert words in message
        assert message.startswith(f"can't fetch {issuer.url(path)}")
        assert not message.endswith(".")

    def test_drip(self, issuer: Issuer) -> None:
        """The time is that of the whole, however the answer drips."""
        begin = time.monotonic()
        assert "no answer in 0.3 s" in fault(issuer.url("/drip"), seconds=0.3)
        assert time.monotonic() - begin < 2

    def test_mute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server that takes the connection and says nothing costs no more."""
        with socket.create_server(("127.0.0.1", 0)) as mute:
            monkeypatch.setattr(fetch, "PORT", mute.getsockname()[1])
            assert "no answer in 0.2 s" in fault("http://127.0.0.1/", seconds=0.2)

    def test_closed(self, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> None:
        """Nobody is there."""
        monkeypatch.setattr(fetch, "PORT", free_port())
        assert "connection refused" in fault("http://127.0.0.1/")

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "http://",
            "https://127.0.0.1/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://user:secret@127.0.0.1/",
            "http://127.0.0.1:22/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:x/",
            "http://[::1/",
            "http://127.0.0.1/\r\nX: y",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/ä",
            "http://a_b c/",
            "http://127.0.0.1%00/",
            "http://-/",
            "http://127.0.0.1/" + "a" * 2048,
        ],
        ids=range(18),
    )
    def test_no_address(self, url: str, issuer: Issuer) -> None:
        """What is no plain http address is refused before anything is asked."""
        before = len(issuer.requests)
        assert len(fault(url)) < 2300
        assert before == len(issuer.requests)

    def test_steps_of_an_errand(self, issuer: Issuer) -> None:
        """The four steps are those of the whole errand."""
        errand = Errand(allow_private=True)
        fetch_issuer(issuer.url("/2"), errand)
        fetch_issuer(issuer.url("/"), errand)

        with pytest.raises(IssuerError, match="more than 4 steps"):
            fetch_issuer(issuer.url("/"), errand)


class TestAddresses:
    """Which addresses may be connected to."""

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]"]
    )
    def test_private(self, issuer: Issuer, host: str) -> None:
        """This machine is not fetched from unless that is allowed, in whichever spelling."""
        before = len(issuer.requests)
        message = fault(f"http://{host}/", allow_private=False)

        assert "which is not a public address (--allow-private permits it)" in message
        assert before == len(issuer.requests)

    @pytest.mark.parametrize(
        ("text", "public", "private"),
        [
            ("8.8.8.8", True, True),
            ("2606:4700::1111", True, True),
            ("::ffff:8.8.8.8", True, True),
            ("64:ff9b::808:808", True, True),
            ("10.0.0.1", False, True),
            ("192.168.1.1", False, True),
            ("172.16.0.1", False, True),
            ("100.64.0.1", False, True),
            ("127.0.0.1", False, True),
            ("::1", False, True),
            ("fd00::1", False, True),
            ("::ffff:10.0.0.1", False, True),
            ("64:ff9b::a00:1", False, True),
            ("2002:a00:1::1", False, True),
            ("0.0.0.0", False, False),  # noqa: S104  it is not bound to
            ("::", False, False),
            ("169.254.169.254", False, False),
            ("::ffff:169.254.169.254", False, False),
            ("fe80::1", False, False),
            ("fe80::1%lo", False, False),
            ("224.0.0.1", False, False),
            ("ff02::1", False, False),
            ("255.255.255.255", False, True),
        ],
    )
    def test_allowed(self, text: str, *, public: bool, private: bool) -> None:
        """Public ones in any form; private ones by choice; those of no single host, and link-local, never."""
        assert str(ip_address(text))
        assert (public, private) == tuple(fetch._is_allowed(text, allow_private=allowed) for allowed in (False, True))  # noqa: SLF001

    def test_resolved_once(self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The address that was judged is the one that is connected to: a name can't change in between."""
        asked = []

        def resolve(host: str, port: int, **_options: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
            asked.append(host)
            return [(0, 0, 0, "", ("127.0.0.1", port))]

        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: real(host, *rest, **more) if host[0] == "1" else resolve(host, *rest),
        )

        assert BODY == get(f"http://issuer.example:{issuer.port}/")
        assert ["issuer.example"] == asked
        assert f"Host: issuer.example:{issuer.port}" in issuer.requests[-1]

    def test_public_among_private(self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of several addresses the private ones are passed over."""
        before = len(issuer.requests)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("127.0.0.1", 80))] * 2)

        assert "issuer.example is at 127.0.0.1" in fault("http://issuer.example/", allow_private=False)
        assert before == len(issuer.requests)

    def test_unknown_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that nobody has."""

        def resolve(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert "the name issuer.example has no address" in fault("http://issuer.example/")

    def test_resolver_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A resolver that does not answer costs the errand's time and no more."""
        release = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
        begin = time.monotonic()

        assert "no answer in 0.2 s" in fault("http://issuer.example/", seconds=0.2)
        assert time.monotonic() - begin < 1
        release.set()
