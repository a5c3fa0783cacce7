"""What an interpreter loads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def loaded_by(*arguments: str, environment: Mapping[str, str] | None = None) -> set[str]:
    """Return the names of all modules that an interpreter with these arguments imports, until its very end.

    Without an `environment` it is ours, with a registry that is not there.
    """
    given = {**os.environ, "SSLUTIL_REGISTRY_PATH": "/nonexistent/registry"} if environment is None else environment
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env={name: value for name, value in given.items() if not name.startswith("COVERAGE")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
