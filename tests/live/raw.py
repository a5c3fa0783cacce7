"""Requests of http byte by byte, as no decent client sends them."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from tests.live.sites import NAME


class Reply(NamedTuple):
    """What came back."""

    status: int
    location: bytes
    body: bytes = b""


def ask(port: int, request: bytes, *headers: bytes) -> Reply:
    """Send a request as it is, and return what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"\r\n".join([request, *headers, b"Connection: close", b"", b""]))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    locations = re.findall(rb"(?im)^location: *(.*?)\r?$", head)
    assert status, received
    assert len(locations) <= 1
    return Reply(int(status[1]), locations[0] if locations else b"", body)


def get(port: int, target: str | bytes, host: str = NAME) -> Reply:
    """Ask for a target as HTTP/1.1 does."""
    path = target if isinstance(target, bytes) else target.encode()
    return ask(port, b"GET " + path + b" HTTP/1.1", b"Host: " + host.encode())
