"""The options that commands share, and the circumstances that they make of the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sslutil.host.places import Places
    from sslutil.steps.run import Run

Command = Any
"""A function that click will call."""


@dataclass(slots=True)
class Look:
    """How the answer is to look, and what was said before the verb."""

    json: bool = False
    diff: bool = False
    detailed_exitcode: bool = False
    registry_path: str | None = None


_REGISTRY_PATH = click.option("--registry-path", metavar="PATH", help="Use this registry, for one command.")
_JSON = click.option("--json", is_flag=True, help="Answer with one JSON object on stdout.")
_CHANGING = (
    click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing."),
    click.option("--diff", is_flag=True, help="Show the difference, without keys."),
    click.option("--detailed-exitcode", is_flag=True, help="Status 10 where something changed or would change."),
    click.option(
        "--wait",
        type=click.FloatRange(0, 3600),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="Wait so long for another sslutil to end.",
    ),
    click.option("--no-reload", is_flag=True, help="Tell no server; its reload is owed, and tried by the next change."),
)


def root_options(function: Command) -> Command:
    """Take --registry-path and --json before the verb."""

    def accept(context: click.Context, registry_path: str | None, *, json: bool) -> Any:  # noqa: ANN401  as click calls
        context.obj.registry_path = registry_path
        context.obj.json = json
        return function()

    return _REGISTRY_PATH(_JSON(click.pass_context(update_wrapper(accept, function))))


def question(function: Command) -> Command:
    """Give a command its Run, with the options that every command has."""
    return _REGISTRY_PATH(_JSON(_with_run(function)))


def changing(function: Command) -> Command:
    """Give a command its Run, with the options that every changing command has."""
    wrapped = _with_run(function)
    for option in reversed(_CHANGING):
        wrapped = option(wrapped)
    return _REGISTRY_PATH(_JSON(wrapped))


def _with_run(function: Callable[..., Any]) -> Command:
    def prepare(context: click.Context, /, **typed: Any) -> Any:  # noqa: ANN401  as click calls
        look: Look = context.obj
        look.json = typed.pop("json") or look.json
        look.diff, look.detailed_exitcode = typed.pop("diff", False), typed.pop("detailed_exitcode", False)
        run = _make_run(
            typed.pop("registry_path") or look.registry_path,
            verb=context.command_path.removeprefix("sslutil "),
            wait=typed.pop("wait", 0.0),
            dry_run=typed.pop("dry_run", False),
            reload=not typed.pop("no_reload", False),
            may_ask=not look.json,
        )
        return function(run, **typed)

    return click.pass_context(update_wrapper(prepare, function))


def make_places() -> Places:
    """Return the places of this account, environment and working directory."""
    from sslutil.host.places import Places

    return Places(os.environ, os.geteuid(), _working_directory())


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


def _make_run(option: str | None, *, verb: str, wait: float, dry_run: bool, reload: bool, may_ask: bool) -> Run:
    from sslutil.host.accounts import owners
    from sslutil.steps.run import Run

    return Run(
        choice=make_places().choose(option),
        verb=verb,
        clock=_now,
        owners=owners(),
        ask=_ask if may_ask and _is_terminal() else None,
        wait=wait,
        dry_run=dry_run,
        reload=reload,
    )


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(microsecond=0)


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _ask(question: str, offer: str) -> str:
    return str(click.prompt(question, default=offer or None, err=True))
