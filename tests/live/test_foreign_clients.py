"""Clients of another authority, one of easy-rsa's as many a small network has it: its people, its revocation list."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.authorities import easy_rsa, run
from tests.conftest import require
from tests.live.own_clients import Clients
from tests.live.sites import NAME, made
from tests.servers.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run
    from tests.servers.kinds import Kind

PEOPLE = ("anna", "bob")
GONE = "bob"
OTHERS = ("apache", "haproxy", "gunicorn")
"""Servers that are asked in the long run only."""

pytestmark = pytest.mark.needs("curl", "faketime", *easy_rsa.PROGRAMS)


class EasyRsa(NamedTuple):
    """An authority, and what it gives to its people and to servers."""

    folder: Path

    def run(self, *words: str, before: tuple[str, ...] = ()) -> None:
        """Run one of its commands."""
        pki = f"--pki-dir={self.folder / 'pki'}"
        run(*before, *easy_rsa.PROGRAMS, "--batch", pki, *words, cwd=self.folder)

    def found(self) -> None:
        """Make it."""
        self.run("init-pki")
        self.run("--use-algo=ec", "--curve=prime256v1", "--req-cn=Easy-RSA CA", "build-ca", "nopass")

    @property
    def authority(self) -> Path:
        """Its certificate."""
        return self.folder / "pki/ca.crt"

    def file(self, person: str) -> Path:
        """Return the file with somebody's certificate and key."""
        return self.folder / f"{person}.pem"

    def issue(self, person: str) -> None:
        """Make somebody's file; the authority's own ones go away with a revocation."""
        self.run("--use-algo=ec", "--curve=prime256v1", "build-client-full", person, "nopass")
        parts = (self.folder / f"pki/issued/{person}.crt", self.folder / f"pki/private/{person}.key")
        self.file(person).write_bytes(b"".join(part.read_bytes() for part in parts))

    def make_list(self, name: str, *before: str) -> Path:
        """Return a new revocation list."""
        self.run("gen-crl", before=before)
        path = self.folder / name
        shutil.copy(self.folder / "pki/crl.pem", path)
        return path


@pytest.fixture(scope="module")
def born(tmp_path_factory: pytest.TempPathFactory) -> EasyRsa:
    """One with two people and nobody revoked."""
    authority = EasyRsa(tmp_path_factory.mktemp("easy-rsa"))
    authority.found()
    for person in PEOPLE:
        authority.issue(person)
    return authority


@pytest.fixture
def authority(born: EasyRsa, tmp_path: Path) -> EasyRsa:
    """A copy, which a test may revoke with."""
    return EasyRsa(shutil.copytree(born.folder, tmp_path / "theirs"))


def make_clients(tmp_path: Path, port: int, export: str, authority: EasyRsa) -> Clients:
    """Return a site that insists on certificates of an authority, with a list of its own on which nobody is."""
    site = made(
        tmp_path / "registry", f'[site]\nnames = ["{NAME}"]\nhttps_port = {port}\n[deploy]\nexports = ["{export}"]\n'
    )
    clients = Clients(site, tmp_path, port)
    first = authority.make_list("first.pem")
    clients.run("client-auth", "--mode", "require", "--ca", str(authority.authority), "--crl", str(first))
    return clients


def who_enters(clients: Clients, kind: Kind, authority: EasyRsa) -> list[str]:
    """Return who of the authority's people gets into a server that is started anew."""
    with kind.serving(clients.site, clients.port):
        return [who for who in PEOPLE if clients.enter(kind, authority.file(who))]


@pytest.mark.parametrize("name", ["nginx", *(pytest.param(one, marks=pytest.mark.full) for one in OTHERS)])
def test_in_and_out(name: str, tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa) -> None:
    """Its people get in, none whom it has revoked once its new list is here, and ours beside them."""
    kind: Kind = KINDS[name]
    require(*kind.programs)
    clients = make_clients(tmp_path, free_port(), name, authority)
    assert list(PEOPLE) == who_enters(clients, kind, authority)

    authority.run("revoke", GONE)
    clients.run("client-auth", "--crl", str(authority.make_list("second.pem")))
    own = clients.file("carla")
    clients.run("client-auth", "issue", "carla@example.org", "--format", "pem", "--out", str(own))
    with kind.serving(clients.site, clients.port):
        shown = {"own": own, "none": None} | {who: authority.file(who) for who in PEOPLE}
        inside = {who: clients.enter(kind, file) for who, file in shown.items()}
    assert {"own": True, "none": False, "anna": True, GONE: False} == inside


@pytest.mark.needs("nginx")
@pytest.mark.parametrize(("days", "told"), [(-1, "older"), (-400, "lapsed")])
def test_list_of_yesterday(
    tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa, days: int, told: str
) -> None:
    """A list that is older than the one in force is refused, and an order keeps the one in force: nobody comes back."""
    clients = make_clients(tmp_path, free_port(), "nginx", authority)
    old = authority.make_list("old.pem", "faketime", "-f", f"{days}d")
    authority.run("revoke", GONE)
    second = authority.make_list("second.pem")
    clients.run("client-auth", "--crl", str(second))
    current = clients.site.current.readlink()

    refused = clients.site.sslutil("client-auth", "--crl", str(old))
    assert 6 == refused.status, refused
    assert told in refused.stderr
    shutil.copy(old, second)
    renewed = clients.site.sslutil("certificate", "renew")
    assert (0, current) == (renewed.status, clients.site.current.readlink())
    assert told in renewed.stderr
    assert ["anna"] == who_enters(clients, KINDS["nginx"], authority)


def test_list_of_another(tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa) -> None:
    """A list that an authority of the same name made is refused, and changes nothing."""
    clients = make_clients(tmp_path, free_port(), "nginx", authority)
    current = clients.site.current.readlink()
    (tmp_path / "others").mkdir()
    other = EasyRsa(tmp_path / "others")
    other.found()

    refused = clients.site.sslutil("client-auth", "--crl", str(other.make_list("list.pem")))

    assert (6, current) == (refused.status, clients.site.current.readlink()), refused
    assert "Easy-RSA CA" in refused.stderr


@pytest.mark.needs("apache2")
def test_list_by_night(tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa) -> None:
    """A newer list in the file that is named is taken by the nightly run, once, and puts out whom it revokes."""
    clients = make_clients(tmp_path, free_port(), "apache", authority)
    assert list(PEOPLE) == who_enters(clients, KINDS["apache"], authority)

    authority.run("revoke", GONE)
    authority.make_list("first.pem")
    assert "revocation list of CN=Easy-RSA CA" in clients.run("certificate", "renew").stdout
    assert clients.run("certificate", "renew").stdout.startswith("nothing to do")
    assert ["anna"] == who_enters(clients, KINDS["apache"], authority)


def test_older_by_seconds(tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa) -> None:
    """Its lists have no number: the refusal names both by their times, and those can be told apart."""
    clients = make_clients(tmp_path, free_port(), "apache", authority)

    old = authority.make_list("old.pem", "faketime", "-f", "-20s")
    refused = clients.site.sslutil("client-auth", "--crl", str(old))

    assert 6 == refused.status, refused
    older, newer = re.findall(r"that of (\S+ \d+:\d+:\d+ UTC)", refused.stderr)
    assert older < newer
    assert "hint: ask the authority for its present list" in refused.stderr


def test_leaf_as_authority(tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa) -> None:
    """Somebody's certificate in the place of the authority's is refused by its name, and changes nothing."""
    clients = make_clients(tmp_path, free_port(), "apache", authority)
    current = clients.site.current.readlink()

    refused = clients.site.sslutil("client-auth", "--ca", str(authority.file("anna")))
    assert (6, current) == (refused.status, clients.site.current.readlink()), refused
    alone = authority.folder / "pki/issued/anna.crt"
    refused = clients.site.sslutil("client-auth", "--ca", str(alone))
    assert (6, current) == (refused.status, clients.site.current.readlink()), refused
    assert f"{alone} holds CN=anna, which is no authority's" in refused.stderr


def test_list_that_lapses(tmp_path: Path, free_port: Callable[[], int], authority: EasyRsa, sslutil_run: Run) -> None:
    """A year later the server's certificate is renewed all the same, and it is said loudly who is kept out."""
    clients = make_clients(tmp_path, free_port(), "nginx", authority)
    fingerprint = clients.site.fingerprint

    def later(*argv: str) -> tuple[int, str]:
        words = ("--registry-path", str(clients.site.registry), *argv)
        result = sslutil_run(*words, before=("faketime", "-f", "+380d"))
        return result.status, result.stdout + result.stderr

    status, words = later("certificate", "renew")
    assert 0 == status, words
    assert "the revocation list of CN=Easy-RSA CA lapsed" in words
    assert fingerprint != clients.site.fingerprint
    assert "lapsed" in later("status")[1]
