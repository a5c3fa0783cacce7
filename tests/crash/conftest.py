"""What the tests of kills and faults share: a registry with a server beside it, and strace."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import require
from tests.crash.scenarios import Lab
from tests.crash.tracing import Tracer, freeze_package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import Call

MEMORY = Path("/dev/shm")  # noqa: S108  thousands of registries are made, and no disk need see them


@pytest.fixture
def lab(sslutil_call: Call) -> Iterator[Lab]:
    """An empty folder in memory, for a registry and a server."""
    with tempfile.TemporaryDirectory(prefix="sslutil-test-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name, "lab")
        folder.mkdir()
        yield Lab(folder, sslutil_call)


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled copy of the package, which nobody edits meanwhile."""
    return freeze_package(tmp_path_factory.mktemp("package"))


@pytest.fixture
def tracer(frozen: Path, lab: Lab, environment: Mapping[str, str], tmp_path: Path) -> Tracer:
    """Run sslutil under strace, on the registry of `lab`."""
    require("strace")
    return Tracer(frozen, {**environment, "SSLUTIL_REGISTRY_PATH": str(lab.registry)}, tmp_path / "strace.log")
