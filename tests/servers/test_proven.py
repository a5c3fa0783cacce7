"""The versions that the reference page calls proven are those that the tests run."""

from __future__ import annotations

import pytest

from sslutil.exporters import EXPORTERS
from sslutil.host.machine import installed_version
from sslutil.profiles import GROUPS
from tests.servers import debian13

SERVERS = [row.name for row in EXPORTERS.values() if row.oldest]


def branch(version: str) -> list[str]:
    """Return the first two numbers of a version: a point release of the distribution changes the last alone."""
    return version.split(".")[:2]


@pytest.mark.parametrize("name", SERVERS)
def test_installed(name: str) -> None:
    """The server of this machine, where it is installed, is of a branch that the page names."""
    found = installed_version(name)
    assert found is None or branch(found) in [branch(version) for version in EXPORTERS[name].proven]


def test_each_server_has_both() -> None:
    """Each program with a version of its own names two, none older than the oldest that is supported."""
    for row in EXPORTERS.values():
        versions = [tuple(map(int, version.split("."))) for version in row.proven]
        assert (2 if row.oldest else 0) == len(versions)
        assert all(version >= row.oldest[: len(version)] for version in versions)


def test_versions_are_comparable() -> None:
    """No oldest version ends in a nought: 4.97 would be older than 4.97.0."""
    oldest = [row.oldest for row in EXPORTERS.values() if row.oldest]
    assert all(version[-1] for version in [*oldest, *(row.since for row in GROUPS.values())])


@pytest.mark.full
@pytest.mark.needs("root", "debootstrap")
def test_newer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each server of Debian 13 is of the second branch that the page names."""
    found = debian13.find_versions(debian13.root_folder(request.config, tmp_path_factory))
    servers = found.keys() & set(SERVERS)
    assert {name: branch(EXPORTERS[name].proven[1]) for name in servers} == {
        name: branch(found[name]) for name in servers
    }
