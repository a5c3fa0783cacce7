"""How a client of each mail protocol asks for TLS: what is said in plain text before the handshake, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECT = "none"
"""TLS comes at once."""
PORTS = {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 4190: "sieve"}
"""Well-known ports whose servers begin in plain text."""
MOST_LINES = 200
"""Of one answer; Dovecot's and Postfix's have a dozen."""
_LONGEST_SHOWN = 200


class Talk(Protocol):
    """A connection in plain text, with limits of its own on time and size."""

    own_address: str
    """The address of this end."""

    def read_line(self) -> str:
        """Return the next line without its end."""

    def send_line(self, line: str) -> None:
        """Send one line."""


class RefusedError(Exception):
    """The server does not come to TLS: why, in a clause."""

    def __init__(self, why: str) -> None:
        """Keep the clause."""
        super().__init__(why)
        self.why = why


def _ask_smtp(talk: Talk) -> None:
    """RFC 5321 and 3207; the name in EHLO is an address literal, which says no more than the connection does."""
    _expect(_read_smtp(talk), "220", "greets with")
    literal = f"IPv6:{talk.own_address}" if ":" in talk.own_address else talk.own_address
    talk.send_line(f"EHLO [{literal}]")
    offers = _expect(_read_smtp(talk), "250", "answers EHLO with")
    if not any(line[4:].strip().upper() == "STARTTLS" for line in offers):
        raise RefusedError("does not offer STARTTLS")
    talk.send_line("STARTTLS")
    _expect(_read_smtp(talk), "220", "answers STARTTLS with")


def _read_smtp(talk: Talk) -> list[str]:
    """Return the lines of one answer: all but the last have a hyphen behind the code."""
    lines = [talk.read_line()]
    while lines[-1][3:4] == "-":
        if len(lines) >= MOST_LINES:
            raise RefusedError("answers without end")
        lines.append(talk.read_line())
    return lines


def _expect(lines: list[str], code: str, verb: str) -> list[str]:
    if any(line[:3] != code for line in lines):
        raise RefusedError(f"{verb} {_quote(lines[-1])}")
    return lines


def _ask_imap(talk: Talk) -> None:
    """RFC 9051."""
    greeting = talk.read_line()
    if not greeting.upper().startswith("* OK"):
        raise RefusedError(f"greets with {_quote(greeting)}")
    talk.send_line("a1 CAPABILITY")
    offers = [line.upper().split() for line in _read_until(talk, "a1 ") if line.upper().startswith("* CAPABILITY ")]
    if not any("STARTTLS" in words for words in offers):
        raise RefusedError("does not offer STARTTLS")
    talk.send_line("a2 STARTTLS")
    _read_until(talk, "a2 ")


def _read_until(talk: Talk, tag: str) -> list[str]:
    """Return the lines before the one that ends an answer, which must be good."""
    lines: list[str] = []
    while len(lines) < MOST_LINES:
        line = talk.read_line()
        if line.startswith(tag):
            if line[len(tag) :].upper().startswith("OK"):
                return lines
            raise RefusedError(f"answers {_quote(line)}")
        lines.append(line)
    raise RefusedError("answers without end")


def _ask_pop3(talk: Talk) -> None:
    """RFC 2595; CAPA is not asked, since a server that has STLS answers it all the same."""
    greeting = talk.read_line()
    if not greeting.startswith("+OK"):
        raise RefusedError(f"greets with {_quote(greeting)}")
    talk.send_line("STLS")
    answer = talk.read_line()
    if not answer.startswith("+OK"):
        raise RefusedError(f"does not offer STLS: it answers {_quote(answer)}")


def _ask_sieve(talk: Talk) -> None:
    """RFC 5804: the greeting is the list of what the server can."""
    offers = _read_sieve(talk, "greets with")
    if not any(line.strip().upper() == '"STARTTLS"' for line in offers):
        raise RefusedError("does not offer STARTTLS")
    talk.send_line("STARTTLS")
    _read_sieve(talk, "answers STARTTLS with")


def _read_sieve(talk: Talk, verb: str) -> list[str]:
    lines: list[str] = []
    while len(lines) < MOST_LINES:
        line = talk.read_line()
        if line[:2].upper() == "OK":
            return lines
        if not line.startswith('"'):
            raise RefusedError(f"{verb} {_quote(line)}")
        lines.append(line)
    raise RefusedError("answers without end")


def _quote(line: str) -> str:
    shown = line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"
    return f'"{shown}"'


DIALECTS: dict[str, Callable[[Talk], None]] = {
    "smtp": _ask_smtp,
    "imap": _ask_imap,
    "pop3": _ask_pop3,
    "sieve": _ask_sieve,
}
"""Each protocol → what asks for TLS; it ends where the handshake begins, or raises RefusedError."""
CHOICES = (*DIALECTS, DIRECT)
"""What --starttls takes."""
