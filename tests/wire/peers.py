"""Mail and web servers on 127.0.0.1, honest and hostile ones, that take TLS at once or when they are asked for it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SECONDS = 20
"""The bound of every wait."""
SMTP = (
    b"220-mail.example.org\r\n220 ESMTP\r\n",
    b"250-mail.example.org\r\n250-SIZE 1000\r\n250-starttls\r\n250 8BITMIME\r\n",
    b"220 2.0.0 Ready\r\n",
)
IMAP = (
    b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
    b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK done\r\n",
    b"{tag} OK begin\r\n",
)
POP3 = (b"+OK ready\r\n", b"+OK begin\r\n")
SIEVE = (b'"IMPLEMENTATION" "example"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "ready"\r\n', b'OK "begin"\r\n')
HONEST = {"smtp": SMTP, "imap": IMAP, "pop3": POP3, "sieve": SIEVE}
"""What each protocol's server says: the greeting, then an answer to each line that comes, with its tag in IMAP."""


def make_context(folder: Path, chain: bytes, key: bytes, **limits: Any) -> ssl.SSLContext:  # noqa: ANN401  attributes of a context
    """Return the context of a server; `limits` are its attributes, such as maximum_version."""
    pair = folder / "pair.pem"
    pair.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pair)
    with warnings.catch_warnings(action="ignore"):  # of old protocols
        for name, value in limits.items():
            setattr(context, name, value)
    return context


@contextlib.contextmanager
def serving(says: Sequence[bytes] = (), context: ssl.SSLContext | None = None, last: bytes = b"") -> Iterator[int]:
    """Serve on a port that the kernel gives: say `says` in plain text, then shake hands where there is a context.

    Without a context it answers whatever comes then with `last`, and holds the connection open.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, says, context, last), daemon=True)
        serving.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join(SECONDS)


def _serve(listening: socket.socket, says: Sequence[bytes], context: ssl.SSLContext | None, last: bytes) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # the end of the test
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(SECONDS)
            _answer(connection, says, context, last)


def _answer(connection: socket.socket, says: Sequence[bytes], context: ssl.SSLContext | None, last: bytes) -> None:
    for number, text in enumerate(says):
        line = _read_line(connection) if number else b""
        connection.sendall(text.replace(b"{tag}", line.partition(b" ")[0]))
    if context is None:
        connection.recv(1 << 16)
        connection.sendall(last)
        connection.recv(1)  # until the client goes
        return
    if not connection.recv(1, socket.MSG_PEEK):  # the ssl module leaves a socket open that it wraps too late
        return
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1)


def _read_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            raise ConnectionResetError
        line += part
    return line
