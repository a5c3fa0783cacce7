"""The certificate of an issuer, fetched from where a certificate says that it is: a stranger's address.

So nothing of it is believed: plain http on its own port, public addresses only, asked once and then connected to (a
name that points elsewhere a moment later changes nothing), little, and soon.
"""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urljoin, urlsplit

from sslutil.errors import IssuerError

if TYPE_CHECKING:
    from typing import IO

    from _typeshed import WriteableBuffer

PORT = 80
STEPS = 4
SECONDS = 10.0
MOST_BYTES = 64 * 1024
_MOST_ON_THE_WIRE = 4 * MOST_BYTES
"""With its headers, and the framing of chunks."""
_LONGEST = 2048
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,253}[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_REDIRECTS = {301, 302, 303, 307, 308}
_OK = 200
_NAT64 = ip_network("64:ff9b::/96")


class _FaultError(Exception):
    """Why an address gives nothing, in a clause."""


class Errand:
    """What may still be spent on fetching: steps, redirects included, and time."""

    def __init__(self, *, allow_private: bool = False, seconds: float = SECONDS) -> None:
        """Begin now."""
        self.allow_private = allow_private
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._steps = STEPS

    def left(self) -> float:
        """Return the seconds that are left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise _FaultError(f"no answer in {self.seconds:g} s")
        return left

    def step(self) -> None:
        """Count a step."""
        if self._steps == 0:
            raise _FaultError(f"there are more than {STEPS} steps to it")
        self._steps -= 1


class _Place(NamedTuple):
    """What an address says."""

    host: str
    port: int
    netloc: str
    target: str


def fetch_issuer(url: str, errand: Errand) -> bytes:
    """Return what an address gives, at most 64 KiB, redirects followed; IssuerError names the address and the fault."""
    at = url
    try:
        while True:
            errand.step()
            answer = _get(_parse(at), errand)
            if isinstance(answer, bytes):
                return answer
            at = urljoin(at, answer)
    except _FaultError as fault:
        by = f" by way of {at[:_LONGEST]}" if at != url else ""
        raise IssuerError(f"can't fetch {url[:_LONGEST]}{by}: {fault}") from None


def _parse(url: str) -> _Place:
    """Return the parts of an address; what is not plainly an http address is refused, before any name is looked up."""
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise _FaultError("it is no web address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _FaultError("it is no web address") from None
    if parts.scheme != "http":
        raise _FaultError("only http addresses are fetched from")
    if parts.username is not None or not _HOST.fullmatch(host):
        raise _FaultError("it is no web address")
    if port not in {None, PORT}:
        raise _FaultError(f"only port {PORT} is fetched from")
    return _Place(host, PORT, parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _get(place: _Place, errand: Errand) -> bytes | str:
    """Return the body, or where it is instead."""
    try:
        with _connect(place, errand) as connection:
            request = f"GET {place.target} HTTP/1.1\r\nHost: {place.netloc}\r\nUser-Agent: sslutil\r\n"
            connection.settimeout(errand.left())
            connection.sendall(f"{request}Accept: */*\r\nConnection: close\r\n\r\n".encode())
            return _read(connection, errand)
    except TimeoutError:
        raise _FaultError(f"no answer in {errand.seconds:g} s") from None
    except OSError as fault:
        raise _FaultError((fault.strerror or str(fault)).lower()) from None
    except (HTTPException, ValueError):
        raise _FaultError("the answer is no http") from None


def _read(connection: socket.socket, errand: Errand) -> bytes | str:
    response = HTTPResponse(cast("socket.socket", _Wire(connection, errand)))  # of which it asks for makefile() alone
    response.begin()
    location = response.getheader("Location")
    if response.status in _REDIRECTS and location:
        return location
    if response.status != _OK:
        raise _FaultError(f"it answers with status {response.status}")
    body = response.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise _FaultError(f"it gives more than {MOST_BYTES // 1024} KiB")
    if not body or response.length:
        raise _FaultError("the answer is cut short" if body else "the answer is empty")
    return body


class _Wire(io.RawIOBase):
    """What comes from a connection, within time and size as a whole, however slowly it drips."""

    def __init__(self, connection: socket.socket, errand: Errand) -> None:
        self._connection = connection
        self._errand = errand
        self._left = _MOST_ON_THE_WIRE

    def makefile(self, _mode: str) -> IO[bytes]:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._connection.settimeout(self._errand.left())
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise _FaultError(f"it gives more than {MOST_BYTES // 1024} KiB")
        return count


def _connect(place: _Place, errand: Errand) -> socket.socket:
    """Return a connection to the first address of the host that takes one, of those that may be asked."""
    found = _resolve(place, errand)
    allowed = [address for address in found if _is_allowed(address, allow_private=errand.allow_private)]
    if not allowed:
        cure = "" if errand.allow_private else " (--allow-private permits it)"
        raise _FaultError(f"{place.host} is at {found[0]}, which is not a public address{cure}")
    fault: OSError = OSError("no address")
    for address in allowed:
        try:
            return socket.create_connection((address, place.port), timeout=errand.left())
        except OSError as failed:
            fault = failed
    raise fault


def _resolve(place: _Place, errand: Errand) -> list[str]:
    """Return the addresses of a host; the system's resolver has no time limit of its own, so a thread asks it."""
    found: list[str] = []
    faults: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except (OSError, UnicodeError):
            faults.append(f"the name {place.host} has no address")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(errand.left())
    if not found:
        raise _FaultError(faults[0] if faults else f"no answer in {errand.seconds:g} s")
    return list(dict.fromkeys(found))


def _is_allowed(text: str, *, allow_private: bool) -> bool:
    """Return whether an address may be connected to: one host's, in public; or private, but never link-local.

    At link-local addresses clouds give out their machines' credentials.
    """
    address = _unwrap(ip_address(text))
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    return allow_private or address.is_global


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address in an IPv6 address that is only a form of one."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
