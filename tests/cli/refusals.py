"""What every refusal must be: one sentence, a hint that can be typed, a status of the table."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click

from sslutil.cli.tree import sslutil
from sslutil.errors import SslutilError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Result

ERROR = "sslutil: error: "
HINT = "sslutil: hint: "
REMEDIES = ("write ", "move ", "remove ", "change ", "name ", "add ", "put ", "mend ")
"""How a hint begins that says what to write into site.toml."""
PROGRAMS = {
    "cd",
    "ls",
    "df",
    "cp",
    "rm",
    "mkdir",
    "chmod",
    "chown",
    "getent",
    "file",
    "sudo",
    "cat",
    "openssl",
    "${EDITOR:-vi}",
}


def statuses(kind: type[SslutilError] = SslutilError) -> Iterator[int]:
    """Yield the status of each kind of error."""
    yield kind.status
    for child in kind.__subclasses__():
        yield from statuses(child)


def assert_refused(result: Result, status: int) -> tuple[str, list[str]]:
    """Judge a refusal; return its sentence and its hints."""
    assert status == result.status, result.stderr
    assert status in set(statuses())
    first, *others = result.stderr.splitlines()
    assert first.startswith(ERROR), result.stderr
    message = first.removeprefix(ERROR)
    assert "Traceback" not in result.stderr
    assert message
    assert not message.endswith(".") or message.endswith(("…", "...")), message
    assert not re.match("[A-Z][a-z]", message), message
    assert "internal" not in message
    hints = [line.removeprefix(HINT) for line in others]
    assert all(line.startswith(HINT) for line in others), result.stderr
    assert hints, message
    for hint in hints:
        assert_can_be_typed(hint)
    return message, hints


def assert_can_be_typed(hint: str) -> None:
    """Judge a hint: a command line that click takes, one of another program, or what to write into site.toml."""
    if hint.startswith(REMEDIES):
        return
    for line in hint.split(" && "):
        words = shlex.split(line, comments=True)
        while words and words[0] == "sudo":
            words = words[3:] if words[1] == "-u" else words[1:]
        assert words, hint
        if words[0] == "sslutil":
            assert_taken(words[1:])
        else:
            assert words[0] in PROGRAMS, hint


def assert_taken(words: list[str]) -> None:
    """Judge a command line of ours: click finds the command, and every option."""
    from sslutil.cli.options import Look

    command: click.Command = sslutil
    context = None
    while True:
        try:
            context = command.make_context("sslutil", list(words), parent=context, obj=Look(words))
        except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):  # --help, --version, a bare group
            return
        if not isinstance(command, click.Group):
            return
        _, found, words = command.resolve_command(context, [*context._protected_args, *context.args])  # noqa: SLF001
        assert found is not None
        command = found
