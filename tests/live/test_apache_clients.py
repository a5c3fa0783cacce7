"""Client authentication by a real Apache: whom it lets in and whom not, told by how curl ends.

In TLS 1.3 a client's handshake is over before the server judges its certificate, so a handshake alone tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.judges import apache, curl, openssl
from tests.live.sites import NAME, Site, made
from tests.server.made import make_authority, make_client, make_crl, make_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.made import Pair

pytestmark = pytest.mark.needs("apache2", "curl", "openssl")

SITES = {
    "off": 'mode = "off"',
    "optional": 'mode = "optional"\nca_files = ["{ca}"]',
    "require": 'mode = "require"\nca_files = ["{ca}"]',
    "both": 'mode = "require"\nca_files = ["{ca}", "{foreign}"]',
    "deep": 'mode = "require"\nca_files = ["{ca}"]\ndepth = 2',
    "optional-listed": 'mode = "optional"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]',
    "listed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]',
    "deep-listed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}", "{below}"]\ndepth = 2',
    "lapsed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{lapsed}"]',
}
"""The table [client_auth] of each site."""


class Clients(NamedTuple):
    """The folder with each client's certificate, key and chain, and the sites with their ports."""

    folder: Path
    ports: dict[str, int]
    sites: dict[str, Site]


def write(path: Path, *pairs: Pair) -> None:
    """Write what a client shows: its certificate and key, then the authorities between it and the trusted one."""
    leaf, *between = pairs
    path.write_bytes(leaf.pem + leaf.key_pem + b"".join(pair.pem for pair in between))


def make_files(folder: Path) -> dict[str, Path]:
    """Write authorities, their lists, and clients; return the former two by name."""
    root, foreign = make_authority("Our clients"), make_authority("Their clients")
    below, withdrawn = make_authority("A department", root), make_authority("A department that was", root)
    revoked = make_client(root, "revoked")
    write(folder / "good", make_client(root))
    write(folder / "revoked", revoked)
    write(folder / "foreign", make_client(foreign))
    write(folder / "deep", make_client(below), below)
    write(folder / "withdrawn", make_client(withdrawn), withdrawn)
    write(folder / "server", make_pair("x", issuer=root, names=(NAME,), purpose=ExtendedKeyUsageOID.SERVER_AUTH))
    contents = {
        "ca": root.pem,
        "foreign": foreign.pem,
        "crl": make_crl(root, revoked, withdrawn),
        "below": make_crl(below) + make_crl(withdrawn),
        "lapsed": make_crl(root, days=-1),
    }
    paths = {name: folder / f"{name}.pem" for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return paths


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One Apache with a virtual host for each site, each applied from a site.toml written by hand."""
    folder = tmp_path_factory.mktemp("clients")
    files = make_files(folder)
    sites = {
        name: made(folder / f"site-{name}", f'[site]\nnames = ["{NAME}"]\n[client_auth]\n{table.format_map(files)}\n')
        for name, table in SITES.items()
    }
    ports = {name: free_port() for name in SITES}
    with apache.serving([(ports[name], site.host()) for name, site in sites.items()]):
        yield Clients(folder, ports, sites)


def enter(clients: Clients, site: str, client: str, *options: str) -> bool:
    """Tell whether a client gets the page, and otherwise that it is TLS which refused it."""
    shown: list[str | Path] = ["--cert", clients.folder / client] if client else []
    url = f"https://{NAME}:{clients.ports[site]}/"
    answer = curl.fetch(url, trusted=clients.sites[site].certificate, options=[*options, *shown])
    if answer.exit_status == 0:
        assert (200, apache.SERVED) == (answer.status, answer.body)
        return True
    assert answer.exit_status in {35, 56}, answer.words
    return False


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("site", "let_in", "refused"),
    [
        ("off", ["", "good", "foreign"], []),
        ("optional", ["", "good", "revoked"], ["foreign", "deep", "server"]),
        ("require", ["good", "revoked"], ["", "foreign", "deep", "server"]),
        ("both", ["good", "foreign"], ["", "deep"]),
        ("deep", ["good", "deep", "withdrawn"], ["", "foreign"]),
        ("optional-listed", ["", "good"], ["revoked", "foreign"]),
        ("listed", ["good"], ["", "revoked", "foreign", "deep"]),
        ("deep-listed", ["good", "deep"], ["", "revoked", "withdrawn"]),
        # A list that nobody renewed closes the door: better than letting in whom the next one names.
        ("lapsed", [], ["", "good"]),
    ],
    ids=SITES,
)
def test_who_is_let_in(clients: Clients, site: str, let_in: list[str], refused: list[str], version: str) -> None:
    """Just those whom the site's authorities, lists and depth allow; "" shows no certificate."""
    options = ("--tlsv" + version, "--tls-max", version)

    answers = {client: enter(clients, site, client, *options) for client in (*let_in, *refused)}

    assert dict.fromkeys(let_in, True) | dict.fromkeys(refused, False) == answers


@pytest.mark.parametrize(("site", "asked"), [("off", False), ("optional", True), ("require", True)])
def test_who_is_asked(clients: Clients, site: str, asked: bool) -> None:  # noqa: FBT001
    """Clients are asked for a certificate only where it matters, and are told by which authority."""
    seen = openssl.connect(clients.ports[site], NAME, trusted=clients.sites[site].certificate)

    assert asked is ("CN = Our clients" in seen.words.replace("CN=", "CN = "))
    assert "Their clients" not in seen.words


@pytest.mark.parametrize("mode", ["optional", "require"])
def test_no_authority(tmp_path: Path, mode: str) -> None:
    """A mode without an authority is refused, naming the key, before anything is made."""
    site = Site(tmp_path / "registry")

    answer = site.apply(f'[site]\nnames = ["{NAME}"]\n[client_auth]\nmode = "{mode}"\n')

    assert 3 == answer.status
    assert "ca_files" in answer.stderr
    assert ["site.toml"] == [path.name for path in site.registry.iterdir()]
