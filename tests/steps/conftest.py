"""What the tests of reloads start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.scenarios import Lab
from tests.steps.served import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Call


@pytest.fixture
def lab(tmp_path: Path, sslutil_call: Call) -> Lab:
    """A registry whose generation 2 is in force, and a server that accepts it and refuses port 8443."""
    folder = tmp_path / "lab"
    folder.mkdir()
    return serve(Lab(folder, sslutil_call))
