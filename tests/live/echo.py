"""A backend that answers each request with the headers that it got, line by line, and a client that sends any."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from tests.live.sites import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 20


class Echo(NamedTuple):
    """What a backend got."""

    status: int
    """Of the answer; another than 200 where the request did not get there."""
    headers: list[tuple[str, str]]
    """As the backend read them."""

    @property
    def identity(self) -> dict[str, str]:
        """What an application takes for the client's identity, with names as CGI, WSGI and PHP fold them."""
        told: dict[str, str] = {}
        for name, value in self.headers:
            folded = re.sub(r"[^A-Z0-9]", "_", name.upper())
            if folded.startswith("X_SSL_CLIENT"):
                assert folded not in told, self.headers
                told[folded.removeprefix("X_SSL_CLIENT_")] = value
        return {name: value for name, value in told.items() if value}


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        body = "\n".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def backend() -> Iterator[int]:
    """Serve on a port of 127.0.0.1, which is given."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield web.server_address[1]
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


def ask(port: int, *headers: str, path: str = "/", trusted: Path | None = None, client: Path | None = None) -> Echo:
    """Send a request with these lines as they are, over TLS where a certificate is trusted; show `client`'s."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {NAME}", *headers, "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as plain, contextlib.ExitStack() as stack:
        connection = (
            stack.enter_context(_context(trusted, client).wrap_socket(plain, server_hostname=NAME))
            if trusted
            else plain
        )
        connection.sendall("\r\n".join(lines).encode())
        received = b""
        with contextlib.suppress(ssl.SSLEOFError, ConnectionResetError):
            while chunk := connection.recv(65536):
                received += chunk
    head, _, body = received.decode().partition("\r\n\r\n")
    found = re.match(r"HTTP/1\.[01] (\d{3}) ", head)
    assert found, received
    status = int(found[1])
    told = [line.partition(": ") for line in body.splitlines()] if status == 200 else []
    return Echo(status, [(name, value) for name, _, value in told])


def _context(trusted: Path, client: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(trusted))
    if client:
        context.load_cert_chain(client)
    return context
