"""The circumstances of one command, given from outside: who, when, where, how patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sslutil.disk import Owners
    from sslutil.registry import Choice


class Run(NamedTuple):
    """One command's circumstances."""

    choice: Choice
    verb: str
    """As it is typed: "certificate self-sign"."""
    clock: Callable[[], datetime]
    """Gives an aware UTC time."""
    owners: Owners
    ask: Callable[[str, str], str] | None = None
    """Asks a person one question, with an offer; None where nobody can be asked."""
    tell: Callable[[str], None] = lambda _line: None
    """Says a line to the person who is asked."""
    progress: Callable[[int, int], None] = lambda _done, _all: None
    """Shows a person how much of a long work is done."""
    ask_secret: Callable[[str], str] | None = None
    """Asks a person for a passphrase, without showing it; None where nobody can be asked."""
    read_stdin: Callable[[int], bytes] = lambda _limit: b""
    """Gives what stdin holds, at most so many bytes and one."""
    wait: float = 30.0
    """Seconds to wait for the lock."""
    dry_run: bool = False
    reload: bool = True
    """Whether servers are reloaded."""
    diff: bool = True
    """Whether the answer is to tell the difference, which costs a millisecond."""

    @property
    def registry(self) -> str:
        """The registry's absolute path."""
        return self.choice.path

    def path(self, name: str) -> str:
        """Return the path of something in the registry."""
        return f"{self.registry}/{name}"

    def at(self, path: str) -> Run:
        """Return the same run in the same registry by another path."""
        return self._replace(choice=self.choice._replace(path=path))

    def words(self, *words: str) -> tuple[str, ...]:
        """Return the words of the sslutil command that does this to the same registry."""
        place = ("--registry-path", self.registry) if self.choice.source == "option" else ()
        return ("sslutil", *words, *place)

    def command(self, *words: str) -> str:
        """Return that command as one line for a shell."""
        return command(*self.words(*words))
