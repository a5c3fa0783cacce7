"""What the tests of this room share: folders of root's and of the second user's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sslutil.disk import open_folder as open_disk_folder
from sslutil.host import accounts as host
from tests.store.lands import give

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslutil.disk import Folder, Owners
    from tests import accounts


@pytest.fixture
def owners() -> Owners:
    """Whom the runner trusts."""
    return host.owners()


@pytest.fixture
def folder(open_folder: Path) -> Path:
    """A folder of root's that the second user may enter."""
    return open_folder


@pytest.fixture
def user_folder(second_user: accounts.Account) -> Iterator[Path]:
    """A new folder of the second user's."""
    path = second_user.home / "work"
    path.mkdir(mode=0o755)
    give(path, second_user)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def root(registry: Path) -> Iterator[Folder]:
    """An open registry with nothing in it."""
    registry.mkdir()
    with open_disk_folder(str(registry)) as folder:
        yield folder
