"""The house plan as rules: each takes a module of the package and names the lines that break it.

docs/explanation/architecture.md tells why.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PACKAGE = REPOSITORY / "sslutil"

ARROW = (
    ("__main__",),
    ("cli",),
    ("verbs",),
    ("steps",),
    ("exporters", "pki", "store", "documents", "files", "wire", "host", "checks", "formats"),
    ("plan",),
    ("facts",),
    ("site",),
    ("names", "keytypes", "profiles", "registry", "disk"),
    ("errors",),
)
"""A room imports rooms of later lines only; rooms of one line are strangers to each other."""
RANKS = {room: rank for rank, line in enumerate(ARROW) for room in line}
SERVER = "server"
"""The room for mail web servers stands beside the arrow: it needs the standard library and these alone."""
SERVER_IMPORTS = {"registry", "errors", SERVER}

LIBRARY_OWNERS = {
    "click": ("cli",),
    "rich": ("cli.show",),
    "tomlkit": ("documents",),
    "cryptography": ("pki", "keytypes"),
    "ssl": ("wire", SERVER),
    "socket": ("wire",),
    "socketserver": ("wire",),
    "http": ("wire",),
    "urllib.request": ("wire",),
    "smtplib": ("wire",),
    "imaplib": ("wire",),
    "poplib": ("wire",),
    "asyncio": ("wire",),
    "subprocess": ("host",),
    "multiprocessing": ("host",),
    "pty": ("host",),
}
"""Which rooms (or modules, with a dot) may import a library."""

HEAVY = ("cryptography", "rich", "tomlkit", "ssl", "idna", "importlib.metadata", "asyncio", "logging", "subprocess")
"""What makes a command slow to start, and so is imported in function bodies."""
EAGER_BY_RIGHT = {"pki": ("cryptography",), SERVER: ("ssl",), "host": ("subprocess",)}
"""Rooms that a light command does not enter: what they are made of stands at their top."""
CALLS_OF_CLI = (
    "print",
    "input",
    "exit",
    "quit",
    "sys.exit",
    "os._exit",
    "os.getenv",
    "os.environ",
    "sys.argv",
    "sys.stdin",
    "sys.stdout",
    "sys.stderr",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
)
"""Printing, exit, environment and clock: what the cli alone touches, and hands on as values."""
ENVIRONMENT_READERS = {"cli", "__main__", SERVER}

FORBIDDEN_WORDS = {"util", "helper", "manager", "handler", "process", "data", "info", "base", "common", "misc"}
TERMS = ("common_name", "data_home")
"""Words of others that stay as they are: X.509's common name, XDG_DATA_HOME."""
LONGEST_FUNCTION = 60
LONGEST_FILE = 400


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str
    """Dotted, without the package: "pki.keys"; empty for the package itself."""
    text: str
    is_package: bool = False

    @property
    def room(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text)


def modules() -> Iterator[Module]:
    """Read each source file of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        yield Module(name, path.read_text(encoding="utf-8"), is_package)


def imports(module: Module, tree: ast.AST | None = None) -> Iterator[tuple[int, str]]:
    """Yield line and full name of each thing that is imported: "sslutil.pki.keys.make_key", "os.path"."""
    for node in ast.walk(tree or module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = ["sslutil", *module.name.split(".")][: None if module.is_package else -1]
    kept = package[: len(package) - (node.level - 1)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def wrong_directions(module: Module) -> Iterator[str]:
    """Name each import of a room that this room must not know."""
    for line, name in imports(module):
        package, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if package == "sslutil" and not (_is_attribute(target) or _may_import(module.room, target)):
            yield f"{module.name}:{line} imports {name}"


def _is_attribute(target: str) -> bool:
    """Tell what the package itself holds, such as its version, from a room."""
    return target in {"", "__version__"}


def _may_import(room: str, target: str) -> bool:
    if room == SERVER:
        return target in SERVER_IMPORTS
    if room == target:
        return True
    return RANKS.get(target, -1) > RANKS.get(room, len(ARROW))


def foreign_libraries(module: Module) -> Iterator[str]:
    """Name each import of a library that another room owns, and in the room for servers of any that is no standard."""
    for line, name in _imports_when_run(module):
        for library, owners in LIBRARY_OWNERS.items():
            if _is_within(name, library) and not any(_is_within(module.name, owner) for owner in owners):
                yield f"{module.name}:{line} imports {name}"
        root = name.partition(".")[0]
        if module.room == SERVER and root != "sslutil" and root not in sys.stdlib_module_names:
            yield f"{module.name}:{line} imports {name}"


def _is_within(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def eager_imports(module: Module) -> Iterator[str]:
    """Name each heavy import that happens when the module is imported."""
    allowed = EAGER_BY_RIGHT.get(module.room, ())
    for statement in _run_at_import(module.tree.body):
        for line, name in imports(module, statement):
            for library in HEAVY:
                if _is_within(name, library) and library not in allowed:
                    yield f"{module.name}:{line} imports {name}"


def _imports_when_run(module: Module) -> Iterator[tuple[int, str]]:
    """Yield what `imports` does, less what is there for the type checker alone."""
    typing_only = {
        found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.If) and _is_typing_only(node)
        for statement in node.body
        for found in imports(module, statement)
    }
    yield from (found for found in imports(module) if found not in typing_only)


def _is_typing_only(statement: ast.If) -> bool:
    return ast.unparse(statement.test).endswith("TYPE_CHECKING")


def _run_at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If) and _is_typing_only(statement):
            yield from _run_at_import(statement.orelse)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from _run_at_import(statement.body)


def calls_of_cli(module: Module) -> Iterator[str]:
    """Name each place outside the cli that prints, exits, or asks the environment or the clock."""
    if module.room in {"cli", "__main__"}:
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        spelt = ast.unparse(node)
        for name in CALLS_OF_CLI:
            is_it = spelt == name or (spelt.endswith(f".{name}") and "." in name)
            if is_it and not (name.startswith("os.") and module.room in ENVIRONMENT_READERS):
                yield f"{module.name}:{node.lineno} uses {spelt}"


def too_long(module: Module) -> Iterator[str]:
    """Name the file, and each function, that no longer fits in a head."""
    length = module.text.count("\n")
    if length > LONGEST_FILE:
        yield f"{module.name} has {length} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{module.name}:{node.lineno} {node.name} has {length} lines"


def forbidden_names(module: Module) -> Iterator[str]:
    """Name each name with a word that says nothing."""
    for line, name in _names_given(module):
        spelt = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        for term in TERMS:
            spelt = spelt.replace(term, "")
        words = set(re.findall(r"[a-z0-9]+", spelt))
        if words & (FORBIDDEN_WORDS | {f"{word}s" for word in FORBIDDEN_WORDS}):
            yield f"{module.name}:{line} {name}"


def _names_given(module: Module) -> Iterator[tuple[int, str]]:
    yield 1, module.name
    for node in ast.walk(module.tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case _:
                pass


Rule: TypeAlias = "Callable[[Module], Iterator[str]]"
RULES: tuple[Rule, ...] = (wrong_directions, foreign_libraries, eager_imports, calls_of_cli, too_long, forbidden_names)
