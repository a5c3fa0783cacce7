"""The changing commands, each with what stands before it: what the tests of this folder are run over."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.authorities.openssl_ca import make_authority, sign_with
from tests.crash.soundness import Tree, files, link, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.conftest import Call, Result

NAME = "mail.example.org"
SELF_SIGN = ("certificate", "self-sign", NAME)
RENEW = ("certificate", "renew")
REFUSED_PORT = 8443
ANSWERS = Path(tempfile.gettempdir(), f"sslutil-test-answers-{os.getpid()}")
"""Where the answers of an authority lie: a command line has to name them before there is a registry."""
SERVER = """#!/bin/sh
cd {folder} || exit 3
verdict=accepted
if [ -e broken ] || grep -q {port} registry/current/settings.toml; then verdict=refused; fi
echo "$(readlink registry/current) $verdict" >>reloads
[ "$verdict" = accepted ] || {{ echo "port {port} is taken" >&2; exit 1; }}
"""


class Lab:
    """A registry, a server beside it, and the way back to where a test began."""

    def __init__(self, folder: Path, call: Call) -> None:
        """`folder` is empty; `call` runs sslutil inside this process."""
        self.folder = folder
        self.registry = folder / "registry"
        self._call = call
        self.server = folder / "server"
        self.server.write_text(SERVER.format(folder=folder, port=REFUSED_PORT))
        self.server.chmod(0o755)

    def call(self, *argv: str) -> Result:
        """Run sslutil on the registry, quickly."""
        return self._call(*argv, env={"SSLUTIL_REGISTRY_PATH": str(self.registry)})

    def done(self, *argv: str) -> None:
        """Run sslutil, which must succeed."""
        result = self.call(*argv)
        assert 0 == result.status, result.stderr

    def edit(self, old: str, new: str) -> None:
        """Edit site.toml."""
        site = self.registry / "site.toml"
        before = site.read_text()
        assert old in before
        site.write_text(before.replace(old, new))

    def keep(self, moment: str) -> None:
        """Remember the whole folder under a word."""
        shutil.rmtree(self._place(moment), ignore_errors=True)
        shutil.copytree(self.folder, self._place(moment), symlinks=True)

    def restore(self, moment: str) -> None:
        """Go back to what was remembered, at the same path: configuration of servers holds it."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._place(moment), self.folder, symlinks=True)

    def clear(self) -> None:
        """Have no registry."""
        shutil.rmtree(self.registry, ignore_errors=True)

    def _place(self, moment: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}-{moment}")

    def write(self, tree: Tree) -> None:
        """Put a tree in the place of the registry."""
        self.clear()
        self.registry.mkdir()
        for path, entry in sorted(tree.items()):
            place = self.registry / path
            if entry.kind == "link":
                place.symlink_to(entry.content.decode())
            elif entry.kind == "folder":
                place.mkdir()
                place.chmod(entry.mode)
            else:
                place.write_bytes(entry.content)
                place.chmod(entry.mode)

    def tree(self) -> Tree:
        """Return the registry as it is."""
        return read_tree(self.registry)

    def mend(self) -> None:
        """Let a broken server work again."""
        (self.folder / "broken").unlink(missing_ok=True)

    def reloads(self) -> list[str]:
        """Return what the server was told so far: "generations/000002 accepted"."""
        log = self.folder / "reloads"
        return log.read_text().splitlines() if log.exists() else []

    def forget_reloads(self) -> list[str]:
        """Start the server anew, as after a power loss: it reads what is in force; return what it was told since."""
        (self.folder / "reloads").unlink(missing_ok=True)
        return self.reloads()

    def accepts(self, tree: Tree) -> bool:
        """Return whether the server would take what is in force in a tree."""
        number = link(tree, "current")
        assert number is not None
        found = files(tree, number)
        reload = tomllib.loads(found["site.toml"].content.decode())["deploy"]["reload"]
        refuses = (self.folder / "broken").exists() or str(REFUSED_PORT).encode() in found["settings.toml"].content
        return not (reload and refuses)


@dataclass(frozen=True)
class Scenario:
    """One changing command."""

    name: str
    argv: Sequence[str]
    prepare: Callable[[Lab], None]
    status: int = 0
    """Of the command where nobody disturbs it."""
    keep: int | None = None
    """How many generations stay, where that is few."""

    def __str__(self) -> str:
        """Return what pytest calls it."""
        return self.name


def _nothing(_lab: Lab) -> None:
    """Leave the registry unborn."""


def _served(lab: Lab) -> None:
    lab.done(*SELF_SIGN)


def _with_server(lab: Lab) -> None:
    _served(lab)
    lab.edit("reload = []", f'reload = [["{lab.server}"]]')
    lab.done("apply")


def _edited(lab: Lab) -> None:
    _with_server(lab)
    lab.edit("https_port = 443", "https_port = 8444")


def _disabled(lab: Lab) -> None:
    _served(lab)
    lab.done("disable")


def _owed(lab: Lab) -> None:
    _with_server(lab)
    lab.done("configure", "ports", "--https-port", "8444", "--no-reload")


def _broken(lab: Lab) -> None:
    _with_server(lab)
    (lab.folder / "broken").touch()


def _written_by_hand(lab: Lab) -> None:
    lab.registry.mkdir()
    lines = ["version = 1", "[site]", f'names = ["{NAME}"]', f"https_port = {REFUSED_PORT}"]
    lines += ["[deploy]", f'reload = [["{lab.server}"]]']
    (lab.registry / "site.toml").write_text("\n".join(lines) + "\n")


def _other_port(lab: Lab) -> None:
    _with_server(lab)
    lab.done("configure", "ports", "--https-port", "8444")


def _keeping_one(lab: Lab) -> None:
    _with_server(lab)
    lab.edit("keep = 10", "keep = 1")
    lab.done("apply")
    lab.done("certificate", "renew", "--force")


def _undo_begun(lab: Lab) -> None:
    """Leave what a run leaves that was killed right after it had written the mark of an undo."""
    _with_server(lab)
    before = lab.tree()
    assert 9 == lab.call("configure", "ports", "--https-port", str(REFUSED_PORT)).status
    after = lab.tree()
    waiting = files(after, 3)["site.toml"]
    target = after["current"]._replace(content=b"generations/000003")
    mark = waiting._replace(content=b"3\n")
    lab.write(after | {"site.toml": before["site.toml"], "current": target, ".site.toml.3": waiting, ".refused": mark})


def _requested(lab: Lab) -> None:
    _served(lab)
    lab.done("csr")


def _answered(lab: Lab) -> None:
    """Leave an answered request whose key is in force, and a later one."""
    _requested(lab)
    lab.done("csr", "--new-key")
    chain = (lab.registry / "current/server.crt").read_bytes()
    (lab.registry / "requests/000001/answer.pem").write_bytes(chain)


def _asked(lab: Lab) -> None:
    """Leave a request that waits, and two answers of an authority."""
    _with_server(lab)
    lab.done("csr")
    atexit.register(shutil.rmtree, ANSWERS, ignore_errors=True)
    authority = make_authority(ANSWERS)
    for name, days in (("first", 30), ("second", 60)):
        answer = sign_with(authority, lab.registry / "requests/000001/request.csr", [NAME], days=days)
        (ANSWERS / f"{name}.pem").write_bytes(b"".join(answer.chain))


def _imported(lab: Lab) -> None:
    """Leave an answer in force, which the second one renews."""
    _asked(lab)
    lab.done("certificate", "import", str(ANSWERS / "first.pem"))


def _ports(port: int, *options: str) -> tuple[str, ...]:
    return ("configure", "ports", "--https-port", str(port), *options)


FIRST = Scenario("first", SELF_SIGN, _nothing)
REFUSED = Scenario("refused", _ports(REFUSED_PORT), _with_server, status=9)
UNDO = Scenario("undo", RENEW, _undo_begun, status=9)
PRUNE = Scenario("prune", ("certificate", "renew", "--force"), _keeping_one, keep=1)
PORTS = Scenario("ports", _ports(8444), _with_server)
CSR_BIRTH = Scenario("csr-birth", ("csr", NAME), _nothing)
NEW_KEY = Scenario("new-key", ("certificate", "self-sign", "--new-key"), _served)
IMPORT = Scenario("import", ("certificate", "import", str(ANSWERS / "first.pem")), _asked)
SCENARIOS = (
    FIRST,
    Scenario("another-name", (*SELF_SIGN, "webmail.example.org"), _served),
    NEW_KEY,
    CSR_BIRTH,
    Scenario("csr", ("csr",), _served),
    Scenario("csr-new-key", ("csr", "--new-key"), _served),
    Scenario("csr-subject", ("csr", "--organization", "Example Ltd", "--country", "AT", "--must-staple"), _served),
    Scenario("csr-discard", ("csr", "--discard", "1"), _requested),
    Scenario("csr-discard-answered", ("csr", "--discard", "1"), _answered),
    Scenario("renew", ("certificate", "renew", "--force"), _with_server),
    IMPORT,
    Scenario("import-renewal", ("certificate", "import", str(ANSWERS / "second.pem")), _imported),
    Scenario("compromised", ("certificate", "renew", "--compromised"), _with_server),
    Scenario("rollback", ("rollback", "2"), _other_port),
    Scenario("apply", ("apply",), _edited),
    PORTS,
    Scenario("disable", ("disable",), _served),
    Scenario("enable", ("enable",), _disabled),
    PRUNE,
    REFUSED,
    Scenario("refused-prune", _ports(REFUSED_PORT), _keeping_one, status=9, keep=1),
    Scenario("refused-first", ("apply",), _written_by_hand, status=9),
    Scenario("broken-before", _ports(8444), _broken, status=9),
    Scenario("no-reload", _ports(8444, "--no-reload"), _with_server),
    Scenario("owed", RENEW, _owed),
    UNDO,
)
EVERY_DAY = (FIRST, REFUSED)
