"""What was typed for a server: HOST, HOST:PORT, [ADDRESS]:PORT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil.errors import UsageError
from sslutil.names import parse_identity

if TYPE_CHECKING:
    from sslutil.names import Identity

STANDARD_PORT = 443
_LARGEST_PORT = 65535
_BRACKETED = re.compile(r"\[([^\]]*)\](?::(\d+))?")
_WITH_PORT = re.compile(r"([^:]+):(\d+)")
_FILE = re.compile(r"[/\\]|\.(?:pem|crt|cer|key|csr|req|der|p12|pfx|p7b|p7c|p7s|crl|zip|txt|eml|conf)$", re.IGNORECASE)


def parse_endpoint(text: str) -> tuple[Identity, int] | None:
    """Return host and port, 443 where none is typed; None where the text is more likely a file's name.

    Raises UsageError where it can only be a server's, and is no name of one.
    """
    match = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    if match:
        return _parse_host(match[1], text), _parse_port(match[2], text)
    if text.count(":") > 1 and "/" not in text:  # an IPv6 address without brackets
        return _parse_host(text, text), STANDARD_PORT
    if "://" in text:  # which says what was meant
        return _parse_host(text, text), STANDARD_PORT
    if "." not in text.strip(".") or _FILE.search(text):
        return None
    return _parse_host(text, text), STANDARD_PORT


def _parse_host(host: str, typed: str) -> Identity:
    identity = parse_identity(host)
    if identity.wildcard:
        message = f"{typed} stands for many servers, and one is to be asked"
        raise UsageError(message, typed=typed, near=(typed.replace("*", "mail"),))
    return identity


def _parse_port(digits: str | None, typed: str) -> int:
    port = int(digits) if digits else STANDARD_PORT
    if not 1 <= port <= _LARGEST_PORT:
        message = f"a port is a number from 1 to {_LARGEST_PORT}, not {digits}"
        raise UsageError(message, typed=typed, near=(f"{typed.rpartition(':')[0]}:{STANDARD_PORT}",))
    return port
