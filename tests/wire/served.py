"""An issuer's web server on 127.0.0.1, that answers as a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass
class Issuer:
    """A server that is listening."""

    port: int
    requests: list[str] = field(default_factory=list)
    """What came, each up to the blank line."""

    def url(self, path: str = "/") -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def serving(answers: Mapping[str, bytes | Callable[[socket.socket], None]]) -> Iterator[Issuer]:
    """Answer each path with these bytes, or have a function do what it wants with the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        issuer = Issuer(listening.getsockname()[1])
        asking = threading.Thread(target=_serve, args=(listening, issuer, answers), daemon=True)
        asking.start()
        yield issuer
        listening.shutdown(socket.SHUT_RDWR)
        asking.join(5)


def _serve(
    listening: socket.socket, issuer: Issuer, answers: Mapping[str, bytes | Callable[[socket.socket], None]]
) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            came = b""
            while b"\r\n\r\n" not in came:
                came += connection.recv(4096)
            issuer.requests.append(came.decode())
            found = answers.get(came.split(b" ")[1].decode(), answer(b"", "404 Not Found"))
            if callable(found):
                found(connection)
            else:
                connection.sendall(found)
