"""A command loads what it needs and nothing else: that is nearly all that it costs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import NAME
from tests.modules import loaded_by

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"cryptography", "rich", "tomlkit", "ssl", "idna", "importlib.metadata", "subprocess", "asyncio", "logging"}
"""What costs more than a whole command is to cost."""
NEEDLESS = HEAVY | {
    "difflib",
    "json",
    "ipaddress",
    "unittest",
    "tomllib",
    "shlex",
    "grp",
    "pwd",
    "hashlib",
    "_strptime",
}
"""What printing help needs less than anything; inspect and datetime are click's own."""
DATA = HEAVY - {"cryptography"}
"""What no command needs whose names are ASCII, which edits no file, and whose answer goes into a pipe."""
LIGHT = (
    (("--help",), NEEDLESS),
    (("--version",), NEEDLESS),
    (("certificate",), NEEDLESS),
    (("export", "apache", "--help"), NEEDLESS),
    (("registry-path",), HEAVY | {"json", "difflib", "ipaddress", "tomllib", "hashlib"}),
    (("history",), HEAVY | {"json", "difflib", "ipaddress"}),
    (("export", "apache"), HEAVY | {"json", "difflib"}),
    (("status",), DATA | {"json", "difflib"}),
    (("certificate", "self-sign"), DATA | {"json", "difflib"}),
    (("certificate", "renew"), DATA | {"json", "difflib"}),
    (("apply",), DATA | {"json", "difflib"}),
    (("enable",), DATA | {"json", "difflib"}),
    (("csr",), DATA | {"json", "difflib"}),
    (("disable", "--json"), DATA - {"tomlkit"}),
    (("stauts",), HEAVY - {"idna"} | {"json", "tomllib"}),
)
"""Commands, and what they must not load."""


@pytest.mark.parametrize(("argv", "forbidden"), LIGHT, ids=[" ".join(argv) for argv, _ in LIGHT])
def test_what_a_command_loads(
    argv: tuple[str, ...], forbidden: set[str], environment: dict[str, str], born: Path
) -> None:
    """A command does not load what it does not need."""
    loaded = loaded_by("-m", "sslutil", *argv, environment=environment)
    assert "sslutil.cli.tree" in loaded
    assert set() == loaded & forbidden
    assert born.exists()


def test_a_first_certificate_is_light_too(environment: dict[str, str], registry: Path) -> None:
    """The main job, from nothing: no tomlkit, since the file is born whole."""
    loaded = loaded_by("-m", "sslutil", "certificate", "self-sign", NAME, environment=environment)
    assert "cryptography" in loaded
    assert set() == loaded & (DATA | {"json", "difflib", "_strptime"})
    assert (registry / "current").exists()


def test_what_is_needed_is_loaded(environment: dict[str, str], born: Path) -> None:
    """The weighing sees what a command does need: letters beyond ASCII, an edit, a child."""
    program = born.parent / "reload"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    site = born / "site.toml"
    site.write_text(site.read_text().replace("reload = []", f'reload = [["{program}"]]'))
    loaded = loaded_by("-m", "sslutil", "apply", environment=environment)
    assert {"subprocess"} == loaded & {"subprocess", "tomlkit", "idna"}
    loaded = loaded_by(
        "-m", "sslutil", "certificate", "self-sign", NAME, "bücher.example", "--diff", environment=environment
    )
    assert {"tomlkit", "idna", "subprocess", "difflib", "cryptography"} <= loaded
    assert os.access(program, os.X_OK)
