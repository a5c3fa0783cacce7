"""The house plan, held: who may import whom, what starts light, how long a thing may be, and that the tools pass."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.accounts import REPOSITORY
from tests.architecture import (
    HEAVY,
    LONGEST_FILE,
    LONGEST_FUNCTION,
    RANKS,
    RULES,
    SERVER,
    Module,
    Rule,
    calls_of_cli,
    eager_imports,
    forbidden_names,
    foreign_libraries,
    modules,
    too_long,
    wrong_directions,
)
from tests.modules import loaded_by

LIGHT_COMMANDS = (
    ("--version",),
    ("--help",),
    ("certificate", "--help"),
    ("registry-path",),
)
"""Commands that need none of HEAVY."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_module_keeps_the_rule(rule: Rule) -> None:
    """No module of the package breaks the rule."""
    assert [] == [fault for module in modules() for fault in rule(module)]


def test_each_room_is_in_the_plan() -> None:
    """A room that the plan does not know is an error, and so is a package that is not there to be judged."""
    rooms = {module.room for module in modules()} - {""}
    assert rooms
    assert set() == rooms - set(RANKS) - {SERVER}


FAULTS: tuple[tuple[Rule, str, str], ...] = (
    (wrong_directions, "pki.keys", "from sslutil.verbs import apply"),
    (wrong_directions, "pki.keys", "from sslutil import store"),
    (wrong_directions, "pki.keys", "import sslutil.store.lock"),
    (wrong_directions, "pki.keys", "def late():\n    from ..store import lock"),
    (wrong_directions, "errors", "from . import names"),
    (wrong_directions, "plan", "from sslutil.nowhere import x"),
    (wrong_directions, "server.load", "from sslutil import site"),
    (wrong_directions, "verbs.apply", "from sslutil import server"),
    (foreign_libraries, "verbs.apply", "import click"),
    (foreign_libraries, "cli.answers", "from rich.console import Console"),
    (foreign_libraries, "site", "import tomlkit.items"),
    (foreign_libraries, "store", "import socket"),
    (foreign_libraries, "steps.deploy", "def late():\n    import subprocess"),
    (foreign_libraries, "verbs.probe", "from urllib import request"),
    (foreign_libraries, "server.load", "import idna"),
    (eager_imports, "names", "import idna"),
    (eager_imports, "names", "try:\n    import idna\nexcept ImportError:\n    raise"),
    (eager_imports, "names", "class A:\n    import idna"),
    (eager_imports, "steps.open", "from importlib import metadata"),
    (eager_imports, "pki.keys", "import logging"),
    (calls_of_cli, "verbs.apply", "print(1)"),
    (calls_of_cli, "verbs.apply", "import sys\nsys.exit(1)"),
    (calls_of_cli, "host", "import os\nx = os.environ['A']"),
    (calls_of_cli, "plan", "import datetime\nx = datetime.datetime.now()"),
    (calls_of_cli, "server.load", "print(1)"),
    (too_long, "plan", "\n" * (LONGEST_FILE + 1)),
    (too_long, "plan", "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION),
    (forbidden_names, "cli.helpers", ""),
    (forbidden_names, "plan", "def process(): ..."),
    (forbidden_names, "plan", "class KeyManager: ..."),
    (forbidden_names, "plan", "def f(base_path): ..."),
    (forbidden_names, "plan", "for data in (): ..."),
)
FAULTLESS = (
    ("pki.keys", "from sslutil import keytypes, __version__\nfrom . import chains\nimport cryptography.x509"),
    ("server.load", "import os, ssl\nfrom sslutil import registry\npath = os.environ"),
    ("names", "def late():\n    import idna"),
    ("facts", "if TYPE_CHECKING:\n    from sslutil.names import Identity"),
    ("server.contexts", "if TYPE_CHECKING:\n    import socket"),
    ("cli.show", "def late():\n    import rich\nprint(1)"),
    ("store", "import time\nx = time.monotonic()\nmetadata = database = base64 = COMMON_NAME_OID = 1"),
    ("plan", "def f():\n" + "    x = 1\n" * (LONGEST_FUNCTION - 1)),
)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    FAULTS,
    ids=[f"{rule.__name__}-{number}" for number, (rule, _, _) in enumerate(FAULTS)],
)
def test_each_rule_sees_its_fault(rule: Rule, name: str, text: str) -> None:
    """A rule that lets its fault pass holds nothing."""
    assert list(rule(Module(name, text)))


@pytest.mark.parametrize(("name", "text"), FAULTLESS, ids=[name for name, _ in FAULTLESS])
def test_the_rules_let_good_code_pass(name: str, text: str) -> None:
    """What the plan allows breaks no rule."""
    assert [] == [fault for rule in RULES for fault in rule(Module(name, text))]


def heavy_among(loaded: set[str]) -> list[str]:
    """Return those of HEAVY that are loaded."""
    return [name for name in HEAVY if name in loaded]


def test_importing_the_command_line_is_light() -> None:
    """Importing the cli loads nothing that is heavy, so that the quickest command stays quick."""
    loaded = loaded_by("-c", "import sslutil.cli")
    assert "sslutil.cli" in loaded
    assert [] == heavy_among(loaded)


def test_the_weighing_sees_what_is_heavy() -> None:
    """A heavy import is seen, even where it is one of another module."""
    assert ["ssl", "asyncio", "logging", "subprocess"] == heavy_among(loaded_by("-c", "import asyncio.sslproto"))


@pytest.mark.parametrize("argv", LIGHT_COMMANDS, ids=" ".join)
def test_a_command_without_cryptography_is_light(argv: tuple[str, ...]) -> None:
    """A command that needs nothing heavy loads nothing heavy, from its start to its end."""
    loaded = loaded_by("-m", "sslutil", *argv)
    assert "sslutil.cli" in loaded
    assert [] == heavy_among(loaded)


@pytest.mark.parametrize(
    "argv",
    [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
    ids=" ".join,
)
def test_the_tools_find_nothing(argv: tuple[str, ...]) -> None:
    """Linter, formatter and type checker pass, as configured in pyproject.toml."""
    program = Path(sysconfig.get_path("scripts"), argv[0])
    done = subprocess.run(
        [program, *argv[1:]],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
