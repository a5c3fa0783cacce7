"""What the tests of reloads share: a registry in force, with a real program as its server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.crash.scenarios import REFUSED_PORT, SELF_SIGN, Lab
from tests.crash.soundness import link

if TYPE_CHECKING:
    from pathlib import Path

REFUSED = ("configure", "ports", "--https-port", str(REFUSED_PORT))
ACCEPTED = ("configure", "ports", "--https-port", "8444")


def serve(lab: Lab) -> Lab:
    """Return the lab with generation 2 in force, and a server that accepts it and refuses port 8443."""
    lab.done(*SELF_SIGN)
    name_server(lab, [str(lab.server)])
    lab.forget_reloads()
    return lab


def name_server(lab: Lab, *commands: list[str]) -> None:
    """Write reload commands into site.toml, and take them in without running them."""
    lines = (lab.registry / "site.toml").read_text().splitlines(keepends=True)
    fresh = [f"reload = {json.dumps(commands)}\n" if line.startswith("reload = ") else line for line in lines]
    (lab.registry / "site.toml").write_text("".join(fresh))
    lab.done("apply", "--no-reload")
    (lab.registry / "deployed").unlink(missing_ok=True)
    (lab.registry / "deployed").symlink_to((lab.registry / "current").readlink())


def make_program(lab: Lab, name: str, script: str) -> Path:
    """Return a new program."""
    path = lab.folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def state(lab: Lab) -> tuple[int | None, int | None]:
    """Return the generation in force, and the one that every server accepted."""
    tree = lab.tree()
    return link(tree, "current"), link(tree, "deployed")
