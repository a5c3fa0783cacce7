"""curl: a client that speaks http after the handshake, and so sees a refusal that comes after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.judges import ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.judges import Argument


@dataclass(frozen=True)
class Answer:
    """What came back."""

    exit_status: int
    """curl's own: 0, 35 no handshake, 56 refused after the handshake, 60 certificate not trusted; `man curl`."""
    status: int
    """Of http; 0 where no answer came."""
    headers: dict[str, str]
    """Names in lower case."""
    body: str
    words: str


def fetch(url: str, *, trusted: Path | None = None, options: Sequence[str | Path] = ()) -> Answer:
    """Fetch `url`, whose host is taken to be 127.0.0.1; follow no redirect.

    The client trusts `trusted` alone; without it, the public CAs.
    """
    parts = urlsplit(url)
    to_loopback = ["--noproxy", "*", "--connect-to", f"{parts.hostname}:{parts.port}:127.0.0.1:{parts.port}"]
    trust: list[Argument] = ["--capath", "/nonexistent", "--cacert", trusted] if trusted else []
    exit_status, words = ask(
        ["curl", "--silent", "--show-error", "--include", "--http1.1", *to_loopback, *trust, *options, url],
    )
    head, _, body = words.replace("\r\n", "\n").partition("\n\n")
    status_line, *lines = head.split("\n")
    if not status_line.startswith("HTTP/"):
        return Answer(exit_status, 0, {}, "", words)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(exit_status, int(status_line.split()[1]), headers, body, words)
