"""A server on loopback that echoes what it gets, and its clients."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.server.made import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.made import Pair

SECONDS = 20
"""The bound of every wait."""
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class RefusedError(Exception):
    """The server let the client not in; `reason` is what the server's OpenSSL said."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Greeting:
    """What a client saw of a connection that was good for at least one line."""

    version: str
    cipher: str
    certificate: bytes
    """DER."""
    alpn: str | None


def make_client_context(
    trusted: Pair | None,
    *,
    version: str | None = None,
    ciphers: str | None = None,
    shown: Pair | None = None,
    folder: Path | None = None,
) -> ssl.SSLContext:
    """Return a client's context: it trusts one certificate (None: any), speaks one version, shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=trusted.der)
    context.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = VERSIONS[version]
    if shown:
        assert folder
        (folder / "client.pem").write_bytes(shown.key_pem + shown.pem)
        context.load_cert_chain(folder / "client.pem")
    return context


class Served:
    """A context at work on a port of 127.0.0.1: each connection is echoed, line by line, in a thread of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Listen."""
        self.context = context
        self.reasons: queue.Queue[str] = queue.Queue()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        with connection:
            try:
                with self.context.wrap_socket(connection, server_side=True) as secure:
                    while line := secure.recv(100):
                        secure.sendall(line)
            except ssl.SSLError as refusal:
                self.reasons.put(refusal.reason or str(refusal))
            except OSError as gone:
                self.reasons.put(str(gone))

    def connect(self, client: ssl.SSLContext, name: str = NAME, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        """Return a connection that has echoed a line; raises RefusedError, or ssl.SSLError where the client refuses."""
        plain = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        secure = None
        try:
            secure = client.wrap_socket(plain, server_hostname=name, session=session)
            # In TLS 1.3 a client is done before the server has judged its certificate: the answer tells.
            assert echo(secure) == b"hello"
        except (OSError, AssertionError) as refusal:
            plain.close()
            if secure:
                secure.close()
            if isinstance(refusal, ssl.SSLCertVerificationError):
                raise
            raise RefusedError(self.reasons.get(timeout=SECONDS)) from refusal
        return secure

    def greet(self, client: ssl.SSLContext, name: str = NAME) -> Greeting:
        """Connect, and leave."""
        with self.connect(client, name) as secure:
            cipher, certificate, version = secure.cipher(), secure.getpeercert(binary_form=True), secure.version()
            assert cipher
            assert certificate
            assert version
            return Greeting(version, cipher[0], certificate, secure.selected_alpn_protocol())


def echo(secure: ssl.SSLSocket) -> bytes:
    """Return what comes back for "hello"."""
    secure.sendall(b"hello")
    return secure.recv(100)


@contextlib.contextmanager
def served(context: ssl.SSLContext) -> Iterator[Served]:
    """Serve until the block is left."""
    server = Served(context)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
