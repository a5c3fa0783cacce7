"""The options that commands share, and the circumstances that they make of the environment."""

from __future__ import annotations

import os
import sys
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

from sslutil.cli import streams
from sslutil.cli.printable import printable
from sslutil.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sslutil.host.places import Places
    from sslutil.steps.run import Run

Command = Any
"""A function that click will call."""


class Look:
    """What was typed, and how the answer is to look."""

    def __init__(self, argv: list[str]) -> None:
        """Take the words after the program's name."""
        self.argv = argv
        self.command_path = "sslutil"
        """The words that chose the command that runs."""
        self.json = "--json" in argv  # for a line that is refused before it is taken apart
        self.diff = False
        self.detailed_exitcode = False
        self.registry_path: str | None = None
        self.screen = False
        """Whether a person looks at stdout, which is redirected while the command runs."""


class _Seconds(click.ParamType):  # type: ignore[type-arg]  # generic only in type stubs of click 8.5
    """Takes a number of seconds, up to an hour."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401, ARG002
        """Return the seconds."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= _LONGEST_WAIT:
            message = f"--wait is a number of seconds from 0 to {_LONGEST_WAIT}, not {value}"
            raise UsageError(message, typed=str(value), near=(str(_WAIT),))
        return seconds


force_out = click.option("--force", is_flag=True, help="Overwrite FILE.")
"""For commands with --out."""
lock_out = click.option("--lock-out", is_flag=True, help="Do so though nobody could connect any more.")
"""For commands that may require a certificate of clients who have none."""
_LONGEST_WAIT = 3600
_WAIT = 30
_WITH_VALUES = ("--registry-path", "--wait")
_WIDTH = 80
"""Of a terminal that does not know its own."""
_EVERY = (
    click.option("--registry-path", metavar="PATH", help="Use this registry, for one command."),
    click.option("--json", is_flag=True, help="Answer with one JSON object on stdout."),
)
_WRITING = (
    click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing."),
    click.option("--diff", is_flag=True, help="Show the difference, without keys."),
    click.option("--detailed-exitcode", is_flag=True, help="Status 10 where something changed or would change."),
)
_CHANGING = (
    *_WRITING,
    click.option(
        "--wait",
        type=_Seconds(),
        default=_WAIT,
        metavar="SECONDS",
        help=f"Wait so long for another sslutil to end; {_WAIT} by default.",
    ),
    click.option("--no-reload", is_flag=True, help="Tell no server; its reload is owed, and tried by the next change."),
)


def group_options(function: Command) -> Command:
    """Take the options of every command before the verb too."""

    def accept(context: click.Context, registry_path: str | None, *, json: bool) -> Any:  # noqa: ANN401  as click calls
        look: Look = context.obj
        look.registry_path = registry_path or look.registry_path
        look.json = json or look.json
        return function()

    return _take(_EVERY, click.pass_context(update_wrapper(accept, function)))


def question(function: Command) -> Command:
    """Give a command its Run, with the options that every command has."""
    return _take(_EVERY, _with_run(function))


def writing(function: Command) -> Command:
    """Give a command its Run, with the options that every command has which changes anything."""
    return _take((*_EVERY, *_WRITING), _with_run(function))


def changing(function: Command) -> Command:
    """Give a command its Run, with the options that every command has which changes a registry."""
    return _take((*_EVERY, *_CHANGING), _with_run(function))


def _take(options: Sequence[Callable[[Command], Command]], function: Command) -> Command:
    for option in reversed(options):
        function = option(function)
    return function


def _with_run(function: Callable[..., Any]) -> Command:
    def prepare(context: click.Context, /, **typed: Any) -> Any:  # noqa: ANN401  as click calls
        look: Look = context.obj
        look.command_path = context.command_path
        look.json = typed.pop("json") or look.json
        look.diff, look.detailed_exitcode = typed.pop("diff", False), typed.pop("detailed_exitcode", False)
        run = _make_run(
            typed.pop("registry_path") or look.registry_path,
            verb=context.command_path.removeprefix("sslutil "),
            wait=typed.pop("wait", 0.0),
            dry_run=typed.pop("dry_run", False),
            reload=not typed.pop("no_reload", False),
            may_ask=not look.json,
            diff=look.diff or look.json,
        )
        return function(run, **typed)

    return click.pass_context(update_wrapper(prepare, function))


def find_first_word(args: list[str]) -> str:
    """Return the first word that is no option of every group: a command, or an option of another kind; else empty."""
    of_every_group = {*_WITH_VALUES, "--json"}
    return next((word for word in _without_values(args) if word.partition("=")[0] not in of_every_group), "")


def names_command(args: list[str]) -> bool:
    """Return whether a word among these is a command's."""
    return any(not word.startswith("-") for word in _without_values(args))


def _without_values(args: list[str]) -> Iterator[str]:
    """Yield the words but for the values of options that stand before a command."""
    words = iter(args)
    for word in words:
        yield word
        if word in _WITH_VALUES:
            next(words, None)


def make_places() -> Places:
    """Return the places of this account, environment and working directory."""
    from sslutil.host.places import Places

    return Places(os.environ, os.geteuid(), _working_directory())


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was removed under us
        return ""


def _make_run(
    option: str | None, *, verb: str, wait: float, dry_run: bool, reload: bool, may_ask: bool, diff: bool
) -> Run:
    from sslutil.host.accounts import owners
    from sslutil.steps.run import Run

    return Run(
        choice=make_places().choose(option),
        verb=verb,
        clock=_now,
        owners=owners(),
        ask=_ask if may_ask and is_terminal() else None,
        tell=_tell,
        progress=_show_progress if may_ask and streams.is_talk_terminal() else lambda _done, _all: None,
        ask_secret=_ask_secret if may_ask and is_terminal() else None,
        read_stdin=_read_stdin,
        wait=wait,
        dry_run=dry_run,
        reload=reload,
        diff=diff,
    )


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(microsecond=0)


def is_terminal() -> bool:
    """Return whether a person can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _ask_secret(question: str) -> str:
    """Return what a person types without showing it; empty where there is nothing."""
    from getpass import getpass

    try:
        return getpass(f"{question}: ", stream=sys.stderr)
    except EOFError as fault:
        raise click.Abort from fault


def _read_stdin(limit: int) -> bytes:
    """Return what stdin holds; UsageError where a person would have to type it, or it is too much."""
    if sys.stdin is None or sys.stdin.isatty():
        message = "stdin is a terminal, and - stands for what is piped into it"
        raise UsageError(message, typed="-", near=("FILE",))
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        message = f"stdin holds more than {limit / (1 << 20):g} MiB"
        raise UsageError(message, typed="-", near=("FILE",))
    return content


def _ask(question: str, offer: str) -> str:
    """Return a person's answer, or the offer; asked until there is one, and on stderr, since stdout is the answer's."""
    answer = ""
    while not answer:
        sys.stderr.write(printable(f"{question} [{offer}]: " if offer else f"{question}: "))
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise click.Abort
        answer = line.strip() or offer
    return answer


def _show_progress(done: int, all_of_them: int) -> None:
    """Show how far a long work is, in one line that the next one overwrites."""
    streams.talk(f"\r{done} of {all_of_them}{chr(10) if done == all_of_them else ''}")


def _tell(line: str) -> None:
    """Say a line before a question, where the question is: on stderr."""
    from textwrap import fill

    shown = printable(line)
    if not shown.startswith((" ", "+", "-", "@")):  # in columns, or of a difference
        width = os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
        shown = fill(shown, width, break_long_words=False, break_on_hyphens=False)
    streams.talk(f"{shown}\n")
