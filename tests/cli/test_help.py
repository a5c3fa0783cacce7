"""Help: short enough to be read, with examples that can be typed, and nothing cut off."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
import pytest

from sslutil import __version__
from sslutil.cli.tree import sslutil
from tests.cli.conftest import COMMANDS
from tests.cli.refusals import assert_taken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Call


def groups(group: click.Group = sslutil, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every group."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from groups(command, (*path, name))


GROUPS = list(groups())
EVERY = list(dict.fromkeys((*COMMANDS, *GROUPS)))


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_fits_a_terminal(words: tuple[str, ...], sslutil_call: Call) -> None:
    """No line is longer than 80 columns, and no sentence is cut off."""
    result = sslutil_call(*words, "--help")
    assert (0, "") == (result.status, result.stderr)
    assert [] == [line for line in result.stdout.splitlines() if len(line) > 80]
    _, *below = result.stdout.splitlines()  # the first says how it is used: ARGUMENT...
    assert [] == [line for line in below if line.endswith("...")]
    assert result == sslutil_call(*words, "-h")


@pytest.mark.parametrize("words", GROUPS, ids=" ".join)
def test_a_group_alone_is_its_help(words: tuple[str, ...], sslutil_call: Call) -> None:
    """A group without a command prints its help on stdout, and that is no fault."""
    bare, asked = sslutil_call(*words), sslutil_call(*words, "--help")
    assert (0, asked.stdout, "") == (bare.status, bare.stdout, bare.stderr)


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_examples_can_be_typed(words: tuple[str, ...], sslutil_call: Call) -> None:
    """Each example is a command line that click takes."""
    lines = [line.strip() for line in sslutil_call(*words, "--help").stdout.splitlines()]
    for line in (line for line in lines if line.startswith("sslutil ")):
        typed = line.partition("   ")[0].partition(" | ")[0]
        assert_taken(shlex.split(typed)[1:])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    """Each option has a sentence, and those of every command are the same everywhere."""
    context = click.Context(COMMANDS[words])
    for parameter in COMMANDS[words].params:
        if isinstance(parameter, click.Option):
            record = parameter.get_help_record(context)
            assert record
            assert record[1].endswith((".", "]"))


def test_the_version(sslutil_call: Call) -> None:
    """--version is one line for people and scripts."""
    result = sslutil_call("--version")
    assert (0, f"sslutil {__version__}\n", "") == (result.status, result.stdout, result.stderr)


def test_options_before_the_verb(sslutil_call: Call) -> None:
    """--registry-path may stand before the verb, in its midst and behind it; the one behind it counts."""
    for line in (
        ("--registry-path", "/x", "registry-path"),
        ("registry-path", "--registry-path", "/x"),
        ("--registry-path", "/y", "registry-path", "--registry-path", "/x"),
    ):
        assert "/x\n" == sslutil_call(*line).stdout
    result = sslutil_call("--registry-path", "/y", "export", "--registry-path", "/x", "apache")
    assert "nothing is in force in /x" in result.stderr


def test_self_signed_is_self_sign(sslutil_call: Call) -> None:
    """The original's one run: `certificate --self-signed` is `certificate self-sign`, with all its options."""
    for line in (
        ("certificate", "--self-signed", "mail.example.org", "--dry-run"),
        ("certificate", "mail.example.org", "--dry-run", "--self-signed"),
        ("certificate", "self-sign", "mail.example.org", "--dry-run"),
    ):
        assert sslutil_call(*line).stdout.startswith("would change: first certificate\n")
    helps = {sslutil_call("certificate", option, "--help").stdout for option in ("--self-signed", "self-sign")}
    assert 1 == len(helps)


def test_completion(sslutil_call: Call) -> None:
    """A shell completes commands, options and the values that are few."""
    for typed, offered in (
        ("sslutil cert", "certificate"),
        ("sslutil certificate self-sign --key-type ml", "ml-dsa-65"),
    ):
        words = typed.split()
        asked = {"_SSLUTIL_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
        result = sslutil_call(env=asked)
        assert (0, f"plain,{offered}\n") == (result.status, result.stdout)
