"""What the tests of the command line share: every command of the tree, and a registry that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from sslutil.cli.tree import sslutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Call

NAME = "mail.example.org"


def commands(
    group: click.Group = sslutil, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the words and the object of every command that does something."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
"""Every command by its words."""
OUT = {("export", "apache"), ("csr",), ("certificate", "csr")}


def takes(words: tuple[str, ...], option: str) -> bool:
    """Tell whether a command has an option."""
    return any(option in parameter.opts for parameter in COMMANDS[words].params)


@pytest.fixture
def born(sslutil_call: Call, registry: Path) -> Path:
    """A registry with one generation."""
    assert 0 == sslutil_call("certificate", "self-sign", NAME).status
    return registry


@pytest.fixture
def file_of(registry: Path) -> Callable[[bytes], Path]:
    """Write a site.toml into a registry that is empty else."""

    def write(content: bytes) -> Path:
        registry.mkdir(exist_ok=True)
        path = registry / "site.toml"
        path.write_bytes(content)
        return path

    return write
