"""Where errors of every kind become one sentence, a hint and an exit status."""

from __future__ import annotations

import io
import os
import resource
import signal
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sslutil.cli import streams
from sslutil.cli.options import Look
from sslutil.errors import SslutilError, UsageError

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
CHANGED = 10
_SIGNALS = 128


class _SignalledError(BaseException):
    """A signal that asks us to end; not an Exception, so that nobody takes it for a fault."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def call(argv: list[str]) -> int:
    """Run one command line and return its exit status."""
    look = Look(argv)
    try:
        _prepare()
        return _run(look)
    except SslutilError as error:
        return _fail(error, look)
    except (click.Abort, KeyboardInterrupt):
        streams.talk("sslutil: interrupted\n")
        return INTERRUPTED
    except _SignalledError as signalled:
        return _SIGNALS + signalled.number
    except Exception as fault:  # noqa: BLE001  the last one: a traceback would show values, and one may be a key
        return _fail(_describe(fault), look)


def _prepare() -> None:
    streams.prepare()
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    raise _SignalledError(number)


def _run(look: Look) -> int:
    from sslutil.cli.tree import sslutil

    look.screen = streams.is_terminal()
    content = io.BytesIO()  # click's own words, which take the way of every answer: help, version, completion
    words = io.TextIOWrapper(content, encoding="utf-8", write_through=True)
    try:
        with redirect_stdout(words):
            answer: Any = sslutil.main(look.argv, prog_name="sslutil", standalone_mode=False, obj=look)
    except SystemExit as stop:  # so ends click's completion
        answer = stop.code
    except click.exceptions.NoArgsIsHelpError as bare_group:
        streams.write_words(f"{bare_group.format_message()}\n")
        return 0
    except click.ClickException as fault:
        from sslutil.cli.tries import explain

        raise explain(fault, look.argv) from fault
    if answer is None or isinstance(answer, int):
        streams.write_words(content.getvalue().decode())
        return answer or 0
    from sslutil.cli.show import show

    show(answer, json=look.json, diff=look.diff)
    return CHANGED if look.detailed_exitcode and answer.changed else 0


def _fail(error: SslutilError, look: Look) -> int:
    from sslutil.cli.show import show_error
    from sslutil.cli.tries import complete

    with suppress(UsageError):  # the error is told on stderr, and its status stays, where stdout can't be written
        show_error(complete(error, look), json=look.json)
    return error.status


def _describe(fault: Exception) -> SslutilError:
    """Return an internal fault as types and lines, never values."""
    places = []
    trace = fault.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename.rpartition("/sslutil/")[2]
        places.append(f"{name}:{trace.tb_lineno}")
        trace = trace.tb_next
    message = f"internal: {type(fault).__name__} at {' < '.join(places[-1:-5:-1])}; nothing half-done is in force"
    return SslutilError(message, "sslutil status  # and report the line above")
