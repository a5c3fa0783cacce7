"""What the tests of the server's room share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.made import MadeRegistry, Wanted, make_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any


@pytest.fixture
def make_registry(tmp_path: Path) -> Callable[..., MadeRegistry]:
    """Make a registry below `tmp_path`: (server=…, or any other field of Wanted)."""

    def make(**wanted: Any) -> MadeRegistry:  # noqa: ANN401  (the fields of Wanted)
        servers = wanted.pop("servers", None) or (make_server(),)
        return MadeRegistry(tmp_path / "registry", Wanted(servers, **wanted))

    return make
