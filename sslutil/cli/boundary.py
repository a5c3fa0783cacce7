"""Where errors of every kind become one sentence, a hint and an exit status."""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sslutil.cli.options import Look
from sslutil.cli.tries import explain
from sslutil.errors import SslutilError

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
    look = Look()
    _prepare()
    try:
        return _run(argv, look)
    except SslutilError as error:
        return _fail(error, look)
    except (click.Abort, KeyboardInterrupt):
        _say("sslutil: interrupted\n")
        return INTERRUPTED
    except _SignalledError as signalled:
        return _SIGNALS + signalled.number
    except BrokenPipeError:
        return _leave_pipe()
    except Exception as fault:  # noqa: BLE001  the last one: a traceback would show values, and one may be a key
        return _fail(_describe(fault), look)


def _prepare() -> None:
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    raise _SignalledError(number)


def _run(argv: list[str], look: Look) -> int:
    from sslutil.cli.tree import sslutil

    try:
        answer: Any = sslutil.main(argv, prog_name="sslutil", standalone_mode=False, obj=look)
    except click.exceptions.NoArgsIsHelpError as bare_group:
        click.echo(bare_group.format_message())
        return 0
    except click.ClickException as fault:
        look.json = look.json or "--json" in argv
        raise explain(fault) from fault
    if answer is None or isinstance(answer, int):  # --help, --version, completion: click has answered
        return answer or 0
    from sslutil.cli.show import show

    show(answer, json=look.json, diff=look.diff)
    return CHANGED if look.detailed_exitcode and answer.changed else 0


def _fail(error: SslutilError, look: Look) -> int:
    from sslutil.cli.show import show_error

    show_error(error, json=look.json)
    return error.status


def _describe(fault: Exception) -> SslutilError:
    """Return an internal fault as types and lines, never values."""
    places = []
    trace = fault.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename.rpartition("/sslutil/")[2]
        places.append(f"{name}:{trace.tb_lineno}")
        trace = trace.tb_next
    message = f"internal: {type(fault).__name__} at {' < '.join(places[-1:-5:-1])}"
    return SslutilError(message, "report it with that line; nothing half-done is in force")


def _leave_pipe() -> int:
    """End quietly where whoever read our output has gone; the flush at exit must not find the pipe again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return 0


def _say(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
