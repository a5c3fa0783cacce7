"""What the tests of real servers share; the contracts tell as much as a test module where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import debian13

if TYPE_CHECKING:
    from pathlib import Path

pytest.register_assert_rewrite(
    "tests.live.client_certificates", "tests.live.contracts", "tests.live.plain_port", "tests.live.whole_host"
)


@pytest.fixture
def newer(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The next Debian's root folder, whose programs the judges run."""
    root = debian13.root_folder(request.config, tmp_path_factory)
    programs = tmp_path_factory.mktemp("newer") / "programs"
    debian13.write_programs(root, programs)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return root
