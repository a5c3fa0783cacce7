"""The next Debian's servers: newer dialects, and an OpenSSL that knows the hybrid groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from sslutil.profiles import PROFILES
from tests.servers import debian13
from tests.servers.catalogue import KINDS
from tests.servers.offers import KEYS, MODES, Applier, Wish, connect, look, tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HYBRID = "X25519MLKEM768"
SERVERS = tuple(name for name in KINDS if name in debian13.PACKAGES)
WISHES = tuple(
    Wish(profile, MODES[(number + turn) % 3], KEYS[turn])
    for number, profile in enumerate(PROFILES)
    for turn in range(2)
)

pytestmark = [
    pytest.mark.full,
    pytest.mark.needs("root", "chroot", "curl", "debootstrap", "dpkg-query", "sslscan", "unshare"),
]


class Newer(NamedTuple):
    """The folder's programs."""

    programs: Path
    """To be put before PATH."""
    versions: dict[str, str]
    applier: Applier


@pytest.fixture(scope="module")
def newer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Newer:
    """Debian 13, and sites for it."""
    root = debian13.root_folder(request.config, tmp_path_factory)
    folder = tmp_path_factory.mktemp("newer")
    debian13.write_programs(root, folder / "programs")
    return Newer(folder / "programs", debian13.find_versions(root), Applier(folder, free_port, SERVERS))


@pytest.mark.parametrize("wish", WISHES, ids="-".join)
@pytest.mark.parametrize("name", SERVERS)
def test_offer(name: str, wish: Wish, newer: Newer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes its export, offers what was told, and agrees on a hybrid key where nothing told otherwise."""
    kind = KINDS[name]
    applied = newer.applier.apply(wish, newer.versions)
    monkeypatch.setenv("PATH", str(newer.programs), prepend=":")
    told = tell(kind, applied)

    verdict = kind.check(applied.site, applied.port)
    with kind.serving(applied.site, applied.port):
        seen = look(kind, applied, told)
        group = connect(kind, applied, protocol="TLSv1.3").group

    assert told == seen
    assert verdict.accepted, verdict.words
    assert (HYBRID in (told.groups or ())) is (group == HYBRID)
