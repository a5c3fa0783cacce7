"""Each server with each policy: what a client and a scanner see is what the operator was told, and nothing else."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sslutil.profiles import PROFILES
from tests.conftest import require
from tests.servers.catalogue import KINDS
from tests.servers.offers import KEYS, MODES, Applier, Wish, look, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

pytestmark = pytest.mark.needs("openssl", "curl", "sslscan")


class Case(NamedTuple):
    """One server with one site."""

    kind: str
    profile: str
    mode: str
    key_type: str


MATRIX = tuple(itertools.starmap(Case, itertools.product(KINDS, PROFILES, MODES, KEYS)))
DIAGONAL = frozenset(
    Case(kind, *wish)
    for number, kind in enumerate(KINDS)
    for wish in (
        ("intermediate", MODES[number % 3], KEYS[number % 2]),
        (tuple(PROFILES)[number % len(PROFILES)], MODES[(number + 1) % 3], KEYS[(number + 1) % 2]),
    )
)
"""What runs every day: each server twice, each profile, mode and key type with some of them."""


@pytest.fixture(scope="session")
def applier(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Applier:
    """Puts a site into force, once for all servers."""
    return Applier(tmp_path_factory.mktemp("matrix"), free_port, KINDS)


def each(cases: Iterable[Case]) -> list[object]:
    """Return cases as parameters; those that are not for every day are marked."""
    marks = {True: (), False: (pytest.mark.full,)}
    return [pytest.param(case, id="-".join(case), marks=marks[case in DIAGONAL]) for case in cases]


@pytest.mark.parametrize("case", each(MATRIX))
def test_offer(case: Case, applier: Applier) -> None:
    """The server takes its export, and offers what the policy says but for what its losses name."""
    kind = KINDS[case.kind]
    require(*kind.programs)
    applied = applier.apply(Wish(*case[1:]))
    told = tell(kind, applied)

    verdict = kind.check(applied.site, applied.port)
    with kind.serving(applied.site, applied.port):
        seen = look(kind, applied, told)

    assert told == seen
    assert verdict.accepted, verdict.words
