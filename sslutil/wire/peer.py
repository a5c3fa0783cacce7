"""What a server shows to a client that trusts everybody: protocol, cipher, the certificates that it sends."""

from __future__ import annotations

import socket
import threading
import time
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Self

from sslutil.errors import IssuerError, command
from sslutil.facts import Served
from sslutil.wire.starttls import DIALECTS, DIRECT, PORTS, RefusedError

if TYPE_CHECKING:
    import ssl

    from sslutil.names import Identity

SECONDS = 10.0
"""For all of one server: its name, connection, greeting and handshake."""
_MOST_ADDRESSES = 4
_LONGEST_LINE = 4096
"""Bytes; RFC 5321 allows 512, and servers with many capabilities say more in IMAP."""
_MOST_BYTES = 512 * 1024
"""From one server, in plain text and in its handshake, of which OpenSSL takes 100 KiB of certificates."""
_LEGACY_SERVER_CONNECT = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT, which the ssl module names from 3.12 on: servers without RFC 5746."""
_ENCODING_DER = 2
"""X509_FILETYPE_ASN1, of the ssl module's inner part."""
_INNER_WAY = "get_unverified_chain"
"""How that part is asked for a chain in Python 3.10 to 3.12."""
_PLAIN = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
"""What OpenSSL calls an answer that is no TLS at all."""


class _FaultError(Exception):
    """Why a server could not be looked at, in a clause, and what kind of fault that is."""

    def __init__(self, why: str, cause: Literal["name", "time", "plain", ""] = "") -> None:
        super().__init__(why)
        self.why = why
        self.cause = cause


def _render_fault(fault: OSError) -> str:
    return (fault.strerror or str(fault)).lower()


class _Deadline:
    """The end of one server's time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never none; _FaultError where they are over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.fault()
        return left

    def fault(self) -> _FaultError:
        """Return the fault of a server that takes too long."""
        return _FaultError(f"gave no answer in {self.seconds:g} s", "time")


def look_at_server(host: Identity, port: int, *, starttls: str | None = None, seconds: float = SECONDS) -> Served:
    """Return what the server at a port shows; `starttls` is one of CHOICES, None what is usual on that port.

    Nothing is verified, and nothing is sent but a greeting and a handshake. Raises IssuerError where it can't be
    reached in so many seconds, does not speak TLS, or speaks no sense.
    """
    dialect = starttls or PORTS.get(port, DIRECT)
    deadline = _Deadline(seconds)
    try:
        with _connect(host, port, deadline) as connection:
            return _look(connection, host, port, dialect)
    except (_FaultError, RefusedError) as fault:
        where = render_endpoint(host, port)
        raise IssuerError(f"{where} {fault.why}", _advise(host, where, dialect, fault)) from None


def render_endpoint(host: Identity, port: int) -> str:
    """Return host and port as they are typed: "mail.example.org:443", "[2001:db8::1]:25"."""
    return f"[{host.text}]:{port}" if ":" in host.text else f"{host.text}:{port}"


def _advise(host: Identity, where: str, dialect: str, fault: _FaultError | RefusedError) -> str:
    """Return the command that helps: with another protocol where the server speaks, or waits for us to."""
    if isinstance(fault, _FaultError) and fault.cause == "name":
        return command("getent", "ahosts", host.text)
    waits = isinstance(fault, _FaultError) and fault.cause == "time" and dialect != DIRECT
    speaks = isinstance(fault, RefusedError) or fault.cause == "plain"
    other = ("--starttls", "smtp" if dialect == DIRECT else DIRECT) if speaks or waits else ()
    advice = "" if other else "  # once it is reached"
    return command("sslutil", "certificate", "show", where, *other) + advice


def _look(connection: _Connection, host: Identity, port: int, dialect: str) -> Served:
    import ssl

    if dialect != DIRECT:
        _ask_for_tls(connection, dialect)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    name = host.text if host.kind == "dns" else None  # an address is never sent as a name (RFC 6066, 3)
    tls = _make_context().wrap_bio(incoming, outgoing, server_hostname=name)
    refusal = _shake_hands(tls, connection, incoming, outgoing)
    chain, is_whole = _read_chain(tls)
    if refusal and not chain:
        plain = any(name in refusal.upper().replace(" ", "_") for name in _PLAIN)
        why = "speaks no TLS at once" if plain else f"did not shake hands: {refusal}"
        raise _FaultError(why, "plain" if plain else "")
    cipher = None if refusal else tls.cipher()
    return Served(
        host=host,
        port=port,
        address=connection.address,
        starttls=dialect,
        protocol="" if refusal else tls.version() or "",
        cipher=cipher[0] if cipher else "",
        chain=tuple(ssl.DER_cert_to_PEM_cert(der).encode() for der in chain),
        is_whole=is_whole,
        refusal=refusal,
    )


def _shake_hands(tls: ssl.SSLObject, connection: _Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> str:
    """Return why the handshake did not end; empty where it did.

    Through memory: the ssl module's own sockets leak where the server resets the connection before they are made.
    """
    import ssl

    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            try:
                connection.send(outgoing.read())
                part = connection.receive()
            except _FaultError as fault:
                if fault.cause:
                    raise
                return f"it {fault.why}"
            incoming.write(part)
        except ssl.SSLError as fault:
            return (fault.reason or "no reason was given").replace("_", " ").lower()
        else:
            with suppress(_FaultError):  # what there is to see has been seen
                connection.send(outgoing.read())
            return ""


def _make_context() -> ssl.SSLContext:
    """Return a context that takes whatever a server has, however old: it is looked at, not trusted."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore"):  # the ssl module deprecates what is asked for
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0")
    context.options |= _LEGACY_SERVER_CONNECT
    return context


def _read_chain(tls: ssl.SSLObject) -> tuple[list[bytes], bool]:
    """Return the certificates as they were sent, DER, and whether they are all.

    The three ways are Python's from 3.13, from 3.10, and before. OpenSSL takes no chain of more than 100 KiB. After a
    handshake that the server broke off the chain is still there.
    """
    inner: Any = getattr(tls, "_sslobj", None)
    public: Any = getattr(tls, "get_unverified_chain", None)
    try:
        if public is not None:
            return [bytes(der) for der in public()], True
        ask: Any = getattr(inner, _INNER_WAY, None)
        if ask is not None:
            found = ask() or []
            return [bytes(certificate.public_bytes(_ENCODING_DER)) for certificate in found], True
        own = tls.getpeercert(binary_form=True)
    except ValueError:  # no handshake, and so no certificate
        return [], True
    return ([own] if own else []), False


def _ask_for_tls(connection: _Connection, dialect: str) -> None:
    talk = _PlainTalk(connection)
    DIALECTS[dialect](talk)
    if talk.has_more:  # it would be taken for a part of what is protected (CVE-2011-0411)
        raise RefusedError("says more in plain text than it may before the handshake")


class _Connection:
    """Bytes in both directions, within time and size as a whole."""

    def __init__(self, inner: socket.socket, address: str, deadline: _Deadline) -> None:
        self.address = address
        self.own_address = str(inner.getsockname()[0]).partition("%")[0]
        self._inner = inner
        self._deadline = deadline
        self._left = _MOST_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()

    def send(self, content: bytes) -> None:
        """Send bytes."""
        self._inner.settimeout(self._deadline.left())
        try:
            self._inner.sendall(content)
        except TimeoutError:
            raise self._deadline.fault() from None
        except OSError as fault:
            raise _FaultError(f"broke the connection: {_render_fault(fault)}") from None

    def receive(self) -> bytes:
        """Return what comes next."""
        self._inner.settimeout(self._deadline.left())
        try:
            part = self._inner.recv(_LONGEST_LINE)
        except TimeoutError:
            raise self._deadline.fault() from None
        except OSError as fault:
            raise _FaultError(f"broke the connection: {_render_fault(fault)}") from None
        if not part:
            raise _FaultError("closed the connection")
        self._left -= len(part)
        if self._left < 0:
            raise _FaultError("answers without end")
        return part


class _PlainTalk:
    """Lines in both directions."""

    def __init__(self, connection: _Connection) -> None:
        self.own_address = connection.own_address
        self._connection = connection
        self._came = b""

    @property
    def has_more(self) -> bool:
        """Whether more came than was read."""
        return bool(self._came)

    def read_line(self) -> str:
        """Return the next line without its end; what is no ASCII in it is shown escaped."""
        while b"\n" not in self._came:
            if len(self._came) > _LONGEST_LINE:
                raise _FaultError("answers without end")
            self._came += self._connection.receive()
        line, _, self._came = self._came.partition(b"\n")
        return line.rstrip(b"\r").decode("ascii", "backslashreplace")

    def send_line(self, line: str) -> None:
        """Send one line."""
        self._connection.send(f"{line}\r\n".encode("ascii"))


def _connect(host: Identity, port: int, deadline: _Deadline) -> _Connection:
    """Return a connection to the first address of the host that takes one."""
    addresses = _resolve(host.text, port, deadline)[:_MOST_ADDRESSES]
    fault = _FaultError("can't be reached")
    for left, address in enumerate(addresses):
        share = deadline.left() / (len(addresses) - left)  # so that a dead address leaves time for the others
        try:
            return _Connection(socket.create_connection((address, port), timeout=share), address, deadline)
        except TimeoutError:
            fault = deadline.fault()
        except OSError as failed:
            fault = _FaultError(f"can't be reached: {_render_fault(failed)}")
    raise fault


def _resolve(host: str, port: int, deadline: _Deadline) -> list[str]:
    """Return the addresses of a host; the system's resolver has no time limit of its own, so a thread asks it."""
    found: list[str] = []
    faults: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except (OSError, UnicodeError):
            faults.append("has no address")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline.left())
    if not found:
        raise _FaultError(faults[0], "name") if faults else deadline.fault()
    return list(dict.fromkeys(found))
