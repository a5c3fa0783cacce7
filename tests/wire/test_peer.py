"""What a server shows: real handshakes on loopback, by STARTTLS and at once; and everything that goes wrong."""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import IssuerError
from sslutil.names import parse_identity
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.keys import make_key
from sslutil.wire import peer
from sslutil.wire.peer import look_at_server, render_endpoint
from sslutil.wire.starttls import CHOICES, DIALECTS, PORTS
from tests.judges import openssl
from tests.wire.peers import HONEST, IMAP, POP3, SIEVE, SMTP, make_context, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.facts import Served

NAME = "mail.example.org"
HERE = parse_identity("127.0.0.1")
QUICK = 0.5
"""Seconds for a server that never answers."""


@cache
def pair() -> tuple[bytes, bytes]:
    """Return a certificate and its key, made once."""
    key = make_key("p256")
    return make_self_signed(key, [parse_identity(NAME)], now=datetime.now(UTC), days=9), key.pem


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """A server's context."""
    return make_context(tmp_path, *pair())


def look(port: int, starttls: str = "none", seconds: float = 10) -> Served:
    """Look at a server of this machine."""
    return look_at_server(HERE, port, starttls=starttls, seconds=seconds)


def refused(port: int, starttls: str = "none", seconds: float = 10) -> str:
    """Return the sentence of a server that can't be looked at, without the place before it."""
    with pytest.raises(IssuerError) as caught:
        look(port, starttls, seconds)
    assert caught.value.hint
    place = f"127.0.0.1:{port} "
    assert caught.value.message.startswith(place)
    return caught.value.message.removeprefix(place)


def test_at_once(context: ssl.SSLContext) -> None:
    """A server that takes TLS at once shows protocol, cipher and its certificate, byte for byte."""
    with serving(context=context) as port:
        served = look(port)
    assert (pair()[0],) == served.chain
    assert ("TLSv1.3", "127.0.0.1", "none", True, "") == (
        served.protocol,
        served.address,
        served.starttls,
        served.is_whole,
        served.refusal,
    )
    assert served.cipher.startswith("TLS_")


@pytest.mark.parametrize("dialect", HONEST)
def test_by_starttls(dialect: str, context: ssl.SSLContext) -> None:
    """In each protocol the server is asked for TLS, and shows the same."""
    with serving(HONEST[dialect], context) as port:
        served = look(port, dialect)
    assert (dialect, (pair()[0],)) == (served.starttls, served.chain)


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("dialect", HONEST)
def test_our_servers_are_honest(dialect: str, context: ssl.SSLContext) -> None:
    """OpenSSL's own client comes to TLS with the servers of these tests, in each protocol."""
    with serving(HONEST[dialect], context) as port:
        handshake = openssl.connect(port, NAME, options=["-starttls", dialect])
    assert handshake.completed, handshake.words


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
def test_old_and_new(protocol: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A server that speaks one protocol alone, however old, is shown; OpenSSL's client sees the same cipher."""
    (tmp_path / "pair.pem").write_bytes(b"".join(reversed(pair())))
    port = free_port()
    options = openssl.PROTOCOL_OPTIONS[protocol]
    argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(tmp_path / "pair.pem"), "-quiet"]
    with subprocess.Popen([*argv, *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            served = look(port)
            judged = openssl.connect(port, NAME, protocol=protocol)
        finally:
            server.kill()
    assert (protocol, judged.cipher) == (served.protocol, served.cipher)
    assert judged.fingerprint == hashlib.sha256(ssl.PEM_cert_to_DER_cert(served.chain[0].decode())).hexdigest()


def wait_for(port: int) -> None:
    """Wait until something listens."""
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return


def test_a_whole_chain_as_it_was_sent(tmp_path: Path) -> None:
    """Every certificate comes, in the order of the server, duplicates and strangers included."""
    certificate, key = pair()
    stranger = make_self_signed(make_key("p256"), [parse_identity("other.example")], now=datetime.now(UTC), days=9)
    chain = (certificate, stranger, certificate)
    with serving(context=make_context(tmp_path, b"".join(chain), key)) as port:
        assert chain == look(port).chain


@pytest.mark.parametrize("way", ["public", "leaf alone"])
def test_other_versions_of_python(way: str, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain comes by the public way of Python 3.13 too; where there is no way, the leaf alone, and it is said."""
    der = ssl.PEM_cert_to_DER_cert(pair()[0].decode())
    if way == "public":
        monkeypatch.setattr(ssl.SSLObject, "get_unverified_chain", lambda _: [der, der], raising=False)
    else:
        monkeypatch.setattr(ssl.SSLObject, "get_unverified_chain", None, raising=False)
        monkeypatch.setattr(peer, "_INNER_WAY", "no_such_method")
    with serving(context=context) as port:
        served = look(port)
    assert ((2, True) if way == "public" else (1, False)) == (len(served.chain), served.is_whole)


def test_the_name_is_sent_and_an_address_is_not(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with several names hears which one is asked for, in ASCII; an address is never sent as a name."""
    heard: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: heard.append(name)
    monkeypatch.setattr(peer, "_resolve", lambda *_: ["127.0.0.1"])
    with serving(context=context) as port:
        look_at_server(parse_identity("bücher.example"), port)
        look_at_server(HERE, port)
    assert ["xn--bcher-kva.example", None] == heard


def test_a_server_that_wants_a_client_certificate(tmp_path: Path) -> None:
    """Whoever is sent away for want of a client certificate still sees the server's, and is told."""
    context = make_context(tmp_path, *pair(), maximum_version=ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(cadata=pair()[0].decode())
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(context=context) as port:
        served = look(port)
    assert (pair()[0],) == served.chain
    assert "handshake failure" in served.refusal
    assert ("", "") == (served.protocol, served.cipher)


@pytest.mark.parametrize(
    "greeting", [SMTP[0], IMAP[0], b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\x00" * 99, b"garbage" * 99]
)
def test_no_tls(greeting: bytes) -> None:
    """A server that speaks in plain text, or nonsense, is named so."""
    with serving([greeting]) as port:
        assert "speaks no TLS at once" == refused(port)


HOSTILE = {
    "no STARTTLS, SMTP": ("smtp", (SMTP[0], b"250-mail.example.org\r\n250 SIZE 1\r\n"), "does not offer STARTTLS"),
    "busy": ("smtp", (b"421 busy\r\n",), 'greets with "421 busy"'),
    "STARTTLS that fails": ("smtp", (*SMTP[:2], b"454 no\r\n"), 'answers STARTTLS with "454 no"'),
    "EHLO refused": ("smtp", (SMTP[0], b"502 what\r\n"), 'answers EHLO with "502 what"'),
    "codes that change": ("smtp", (b"220-a\r\n421 b\r\n",), 'greets with "421 b"'),
    "SMTP without end": ("smtp", (b"220-a\r\n" * 999,), "answers without end"),
    "a line without end": ("smtp", (b"2" * 70000,), "answers without end"),
    "web server": ("smtp", (b"HTTP/1.0 400 Bad Request\r\n\r\n",), 'greets with "HTTP/1.0 400 Bad Request"'),
    "control characters": ("smtp", (b"5\xff\x1b[2J\r\n",), 'greets with "5\\xff\x1b[2J"'),
    "more than it may": ("smtp", (*SMTP[:2], SMTP[2] + b"250 injected\r\n"), "says more in plain text"),
    "no STARTTLS, IMAP": ("imap", (IMAP[0], b"* CAPABILITY IMAP4rev1\r\na1 OK\r\n"), "does not offer STARTTLS"),
    "IMAP says good bye": ("imap", (b"* BYE\r\n",), 'greets with "* BYE"'),
    "IMAP says no": ("imap", (*IMAP[:2], b"a2 NO never\r\n"), 'answers "a2 NO never"'),
    "IMAP without end": ("imap", (IMAP[0], b"* X\r\n" * 999), "answers without end"),
    "no STLS": ("pop3", (POP3[0], b"-ERR no\r\n"), 'does not offer STLS: it answers "-ERR no"'),
    "POP3 busy": ("pop3", (b"-ERR busy\r\n",), 'greets with "-ERR busy"'),
    "no STARTTLS, sieve": ("sieve", (b'"SIEVE" "x"\r\nOK\r\n',), "does not offer STARTTLS"),
    "sieve says no": ("sieve", (SIEVE[0], b'NO "x"\r\n'), 'answers STARTTLS with "NO "x""'),
    "sieve without end": ("sieve", (b'"A"\r\n' * 999,), "answers without end"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile(case: str, context: ssl.SSLContext) -> None:
    """A server that does not come to TLS, or does not come to an end, is told from each other in one sentence."""
    dialect, says, expected = HOSTILE[case]
    with serving(says, context) as port:
        assert refused(port, dialect).startswith(expected)


def test_garbage_in_the_place_of_the_handshake() -> None:
    """After STARTTLS a server has to shake hands."""
    with serving(SMTP, last=b"garbage\r\n") as port:
        assert "speaks no TLS at once" == refused(port, "smtp")


@pytest.mark.parametrize("dialect", CHOICES)
@pytest.mark.parametrize("says", [(), (b"2",)], ids=["silent", "stuck"])
def test_silence(dialect: str, says: tuple[bytes, ...]) -> None:
    """A server that says nothing, or stops in the middle, is left in time."""
    begin = time.monotonic()
    with serving(says) as port:
        assert f"gave no answer in {QUICK} s" == refused(port, dialect, QUICK)
    assert time.monotonic() - begin < QUICK + 2


def test_dripping() -> None:
    """A server that sends a byte now and then has no more time than one that sends none."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                for _ in range(40):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        begin = time.monotonic()
        assert "gave no answer in 0.5 s" == refused(listening.getsockname()[1], "smtp", QUICK)
        assert time.monotonic() - begin < QUICK + 1
        dripping.join(5)


def test_nobody_listens(free_port: Callable[[], int]) -> None:
    """A closed port, and a connection that is closed at once."""
    assert "can't be reached: connection refused" == refused(free_port())
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def close_each() -> None:
            for _ in range(2):
                listening.accept()[0].close()

        closing = threading.Thread(target=close_each, daemon=True)
        closing.start()
        assert "closed the connection" == refused(listening.getsockname()[1], "imap")
        assert refused(listening.getsockname()[1]).startswith("did not shake hands")
        closing.join(5)


@pytest.mark.parametrize("dialect", CHOICES)
def test_reset(dialect: str) -> None:
    """A connection that is reset at any moment, before the handshake begins or later, is a fault of the network."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def reset_each() -> None:
            for number in range(20):
                connection, _ = listening.accept()
                time.sleep(number / 5000)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        resetting = threading.Thread(target=reset_each, daemon=True)
        resetting.start()
        for _ in range(20):
            assert refused(port, dialect)
        resetting.join(5)


def test_a_name_without_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows is told, with the command that asks the resolver; a resolver that hangs is left."""

    def fail(*_args: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(IssuerError, match=r"^no\.example:443 has no address$") as caught:
        look_at_server(parse_identity("no.example"), 443)
    assert "getent ahosts no.example" == caught.value.hint

    def hang(*_args: object, **_options: object) -> list[object]:
        time.sleep(2 * QUICK)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(IssuerError, match=r"gave no answer in 0\.5 s"):
        look_at_server(parse_identity("no.example"), 443, seconds=QUICK)


def test_a_dead_address_leaves_time_for_the_next(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several addresses the first that answers is taken, and told."""
    monkeypatch.setattr(peer, "_resolve", lambda *_: ["127.0.0.2", "127.0.0.1"])
    with serving(context=context) as port:
        assert "127.0.0.1" == look_at_server(parse_identity(NAME), port).address


def test_hints(free_port: Callable[[], int]) -> None:
    """Where another protocol may help, the hint is the command with it."""
    with serving([SMTP[0]]) as port:
        for dialect, other in (("none", "smtp"), ("imap", "none")):
            with pytest.raises(IssuerError) as caught:
                look(port, dialect)
            assert f"sslutil certificate show 127.0.0.1:{port} --starttls {other}" == caught.value.hint
    with pytest.raises(IssuerError) as caught:
        look(free_port())
    assert "--starttls" not in caught.value.hint


def test_what_is_usual_on_a_port() -> None:
    """The well-known ports of mail begin in plain text, and each names a protocol that is known."""
    assert {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 4190: "sieve"} == PORTS
    assert set(DIALECTS) == set(PORTS.values())


def test_endpoints_as_they_are_typed() -> None:
    """An IPv6 address has brackets, and nothing else has."""
    assert "[2001:db8::1]:25" == render_endpoint(parse_identity("2001:db8::1"), 25)
    assert "mail.example.org:443" == render_endpoint(parse_identity(NAME), 443)
