"""A registry may be called anything: a real Apache reads it by the line that the command gives, or it is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sslutil.exporters.apache import LONGEST_PATH
from tests.judges import apache, openssl
from tests.live.sites import NAME, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("apache2", "openssl")

TAKEN = [
    "with space",
    " at both ends ",
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "end\\",
    "two\\\\",
    '\\"',
    "#hash",
    "per%cent%{HTTP_HOST}",
    "$dollar$1$",
    "{x}$ {x}",
    "(a|b)&;!~@`",
    "a]b",
    "<VirtualHost>",
    "-dash",
    "ümläut",
    "日本😀",
    "\u202ebidi\x85\xa0",
]
REFUSED = ["${X}", "$${PATH}", "a*b", "a?b", "a[bc]d", "[", "\\*", "\udcff"]
MEANINGLESS = ["a\nb", "a\tb", "a\x7fb", "a\x1b[31mb"]
LONGEST = LONGEST_PATH - len("/current/apache-plain.conf")
"""Bytes of a registry's path, so that each of its files can be named."""


def long_path(folder: Path, length: int) -> Path:
    """Return a path of so many bytes below a folder."""
    path = str(folder)
    while len(path) + 251 < length:
        path += "/" + "y" * 200
    return folder / f"{path}/{'z' * (length - len(path) - 1)}"


def self_sign(registry: Path) -> Site:
    """Return the site that the main command makes."""
    site = Site(registry)
    answer = site.sslutil("certificate", "self-sign", NAME)
    assert 0 == answer.status, answer.stderr
    return site


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[dict[str, tuple[Site, int]]]:
    """One Apache with a virtual host for each registry, by the line that its own file gives."""
    folder = tmp_path_factory.mktemp("paths")
    sites = {name: self_sign(folder / name) for name in TAKEN}
    sites["longest"] = self_sign(long_path(folder, LONGEST))
    served = {name: (site, free_port()) for name, site in sites.items()}
    with apache.serving([(port, f"ServerName {NAME}\n{include_of(site)}") for site, port in served.values()]):
        yield served


def include_of(site: Site) -> str:
    """Return the Include line that the introduction of apache.conf gives."""
    found = re.search(r"Include .*", (site.current / "apache.conf").read_text())
    assert found
    return found[0]


@pytest.mark.parametrize("name", [*TAKEN, "longest"], ids=ascii)
def test_taken(servers: dict[str, tuple[Site, int]], name: str) -> None:
    """Apache serves the certificate of this registry and of no other."""
    site, port = servers[name]

    seen = openssl.connect(port, NAME, trusted=site.certificate)

    assert site.fingerprint == seen.fingerprint
    assert seen.verified, seen.words


@pytest.mark.parametrize(
    ("name", "status"), [*((name, 3) for name in REFUSED), *((name, 2) for name in MEANINGLESS)], ids=ascii
)
def test_refused(tmp_path: Path, name: str, status: int) -> None:
    """What Apache could not read, or would read as something else, is refused before anything is written."""
    answer = Site(tmp_path / name).sslutil("certificate", "self-sign", NAME)

    assert status == answer.status
    assert answer.stderr.replace("\n", "").isprintable()
    assert "sslutil registry-path" in answer.stderr
    assert [] == list(tmp_path.iterdir())


def test_too_long(tmp_path: Path) -> None:
    """So is a path that is one byte too long for the files below it."""
    assert 3 == Site(long_path(tmp_path, LONGEST + 1)).sslutil("certificate", "self-sign", NAME).status
    assert [] == list(tmp_path.iterdir())


def test_answer_gives_the_line(tmp_path: Path) -> None:
    """The answer gives the same line, so that it can be copied."""
    site = Site(tmp_path / 'a "b')

    answer = site.sslutil("certificate", "self-sign", NAME)

    assert include_of(site) in answer.stdout
    assert f'Include "{tmp_path}/a \\"b/current/apache.conf"' in answer.stdout


@pytest.mark.parametrize("name", ["a*b", "${X}"])
def test_without_the_export(tmp_path: Path, name: str) -> None:
    """Where Apache is not asked for, its dialect does not stand in the way."""
    answer = Site(tmp_path / name).apply(f'site.names = ["{NAME}"]\ndeploy.exports = []\n')

    assert 0 == answer.status, answer.stderr
