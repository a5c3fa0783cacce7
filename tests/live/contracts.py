"""Tests that several servers share: a class of them, and the cases that each server's own class has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from tests.live.sites import NAME, Site, made

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    import pytest

NAMES = [NAME, "imap.example.org", "*.example.net", "bücher.example", "2001:db8::1", "192.0.2.7"]
"""All kinds of names that a site can have."""


class Cases(NamedTuple):
    """What a test is run with, once for each."""

    names: str
    """Of its arguments, with commas."""
    values: Sequence[Any]
    ids: Sequence[str] | Callable[[Any], object] | None = None


class Contract:
    """Tests that a server's class inherits; it says in `cases` where its own are others."""

    cases: ClassVar[dict[str, Cases]] = {}
    """By the name of the test."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test once for each of its cases."""
        found = self.cases.get(metafunc.function.__name__)
        if found:
            metafunc.parametrize(found.names, found.values, ids=found.ids)


def web_site(
    export: str, registry: Path, plain_http: str = "offer", *, names: list[str] | None = None, more: str = ""
) -> Site:
    """Return a site with the export for one web server; `more` is of the table [site], or follows it."""
    web = f'[site]\nnames = {names or [NAME]}\nplain_http = "{plain_http}"\n{more}'
    return made(registry, f'{web}\n[deploy]\nexports = ["{export}"]\n')


def check_refused(site: Site, toml: str, told: str, statuses: Collection[int] = (3,)) -> None:
    """Check that a site is refused with a word of why, and nothing is made."""
    answer = site.apply(toml)

    assert answer.status in statuses
    assert told in answer.stderr
    assert ["site.toml"] == [path.name for path in site.registry.iterdir()]
