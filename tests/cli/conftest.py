"""What the tests of the command line share: every command of the tree, and a registry that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from sslutil.cli.tree import sslutil
from tests.server.made import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Call

NAME = "mail.example.org"
ANNA, BOB = "anna@example.org", "bob@example.org"
"""Anna has a client certificate where a command asks for one, Bob has none."""


def commands(
    group: click.Group = sslutil, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the words and the object of every command that does something."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            alone = getattr(command, "alone", None)
            yield from [((*path, name), alone)] if alone else []
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())
"""Every command by its words."""
OUT = {("export", "apache"), ("csr",), ("certificate", "csr")}
FOREIGN = ("foreign.crt", "foreign.key")
"""A pair of another program's, as write_foreign writes it into the working directory."""
NEEDED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("export", "pkcs12"): ("--out", "mail.p12", "--force"),
    ("configure", "ciphers"): ("--profile", "modern"),
    ("certificate", "import"): (FOREIGN[0], "--key", FOREIGN[1]),
    ("certificate", "follow"): ("--certificate", FOREIGN[0], "--key", FOREIGN[1]),
    ("client-auth",): ("--mode", "optional"),
    ("client-auth", "issue"): (BOB,),
    ("client-auth", "renew"): (ANNA, "--force"),
    ("client-auth", "revoke"): (ANNA,),
    ("client-auth", "show"): (ANNA,),
    ("client-auth", "ca", "renew"): ("--force",),
}
"""What has no answer in JSON without this."""

ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("certificate", "import"): ("answer.zip",),
    ("client-auth",): ("--mode", "off"),
    ("client-auth", "renew"): (ANNA,),
}
"""What click wants behind a command."""


def takes(words: tuple[str, ...], option: str) -> bool:
    """Tell whether a command has an option."""
    return any(option in parameter.opts for parameter in COMMANDS[words].params)


@pytest.fixture
def born(sslutil_call: Call, registry: Path) -> Path:
    """A registry with one generation."""
    assert 0 == sslutil_call("certificate", "self-sign", NAME).status
    return registry


def provide(words: tuple[str, ...], born: Path, call: Call) -> None:
    """Make what a command needs that is not in a registry from its birth."""
    if words in NEEDED:
        write_foreign(born.parent)
    if words[0] == "client-auth":
        assert 0 == call("client-auth", "issue", ANNA).status


def write_foreign(folder: Path) -> None:
    """Write a certificate for NAME and its key, which are none of ours, into a folder."""
    pair = make_server(names=(NAME,))
    for name, content in zip(FOREIGN, (pair.pem, pair.key_pem), strict=True):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)


@pytest.fixture
def file_of(registry: Path) -> Callable[[bytes], Path]:
    """Write a site.toml into a registry that is empty else."""

    def write(content: bytes) -> Path:
        registry.mkdir(exist_ok=True)
        path = registry / "site.toml"
        path.write_bytes(content)
        return path

    return write
