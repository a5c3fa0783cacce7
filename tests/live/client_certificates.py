"""Client authentication as every web server does it: whom it lets in and whom not, told by how curl ends.

In TLS 1.3 a client's handshake is over before the server judges its certificate, so a handshake alone tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.judges import curl, openssl
from tests.live.contracts import Cases, Contract, check_refused, web_site
from tests.live.sites import NAME, OTHER_NAME, Site
from tests.server.made import make_authority, make_client, make_crl, make_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.server.made import Pair

SITES = {
    "off": 'mode = "off"',
    "optional": 'mode = "optional"\nca_files = ["{ca}"]',
    "require": 'mode = "require"\nca_files = ["{ca}"]',
    "both": 'mode = "require"\nca_files = ["{ca}", "{foreign}"]',
    "deep": 'mode = "require"\nca_files = ["{ca}"]\ndepth = 2',
    "optional-listed": 'mode = "optional"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]',
    "listed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]',
    "deep-listed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}", "{below}"]\ndepth = 2',
    "lapsed": 'mode = "require"\nca_files = ["{ca}"]\ncrl_files = ["{crl}"]',
}
"""The table [client_auth] of each site."""
LET_IN = {
    "off": (["", "good", "foreign"], []),
    "optional": (["", "good", "revoked"], ["foreign", "deep", "server"]),
    "require": (["good", "revoked"], ["", "foreign", "deep", "server"]),
    "both": (["good", "foreign"], ["", "deep"]),
    "deep": (["good", "deep", "withdrawn"], ["", "foreign"]),
    "optional-listed": (["", "good"], ["revoked", "foreign"]),
    "listed": (["good"], ["", "revoked", "foreign", "deep"]),
    "deep-listed": (["good", "deep"], ["", "revoked", "withdrawn"]),
    # A list that nobody renewed closes the door: better than letting in whom the next one names.
    "lapsed": ([], ["", "good"]),
}
"""The clients that each site lets in, and those that it refuses; "" shows no certificate."""
UNLISTED = 'mode = "require"\nca_files = ["{ca}", "{foreign}"]\ncrl_files = ["{crl}"]'
"""An authority without a list beside one that has one: all its clients would be out."""


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


def make_clients(export: str, folder: Path, free_port: Callable[[], int], names: Iterable[str] = SITES) -> Clients:
    """Write the clients, and apply a site.toml written by hand for each site."""
    files = make_files(folder)
    ports = {name: free_port() for name in names}
    sites = {}
    for name, port in ports.items():
        web = f"https_port = {port}\nhttp_port = {free_port()}\n"
        table = f"[client_auth]\n{SITES[name].format_map(files)}\n"
        sites[name] = web_site(export, folder / f"site-{name}", more=web + table)
        if name == "lapsed":
            let_lapse(sites[name], files)
    return Clients(folder, ports, sites)


def let_lapse(site: Site, files: dict[str, Path]) -> None:
    """Let the list in force be one whose time is over: such a one is not taken, but may become so."""
    for file in ("client-ca.crl", "client-trust.pem"):
        path = site.current / file
        path.write_bytes(path.read_bytes().replace(files["crl"].read_bytes(), files["lapsed"].read_bytes()))


def who(let_in: dict[str, tuple[list[str], list[str]]]) -> Cases:
    """Return the cases of who is let in."""
    return Cases("site,let_in,refused", [(site, *clients) for site, clients in let_in.items()], list(let_in))


class ClientContract(Contract):
    """Just those get in whom the site's authorities, lists and depth allow."""

    export: ClassVar[str]
    served: ClassVar[str]
    """The server's page."""
    refusals: ClassVar[set[int]] = {35, 56}
    """How curl ends where TLS refused its certificate."""
    cases: ClassVar[dict[str, Cases]] = {
        "test_who_is_let_in": who(LET_IN),
        "test_who_is_asked": Cases("site,asked", [("off", False), ("optional", True), ("require", True)]),
        "test_refused": Cases("table,told", [(UNLISTED, "Their clients")]),
    }

    def enter(self, clients: Clients, site: str, client: str, *options: str) -> bool:
        """Tell whether a client gets the page, and otherwise that it is TLS which refused it."""
        answer = self.fetch(clients, site, client, *options)
        if answer.exit_status == 0:
            assert (200, self.served) == (answer.status, answer.body)
            return True
        assert answer.exit_status in self.refusals, answer.words
        return False

    def fetch(self, clients: Clients, site: str, client: str, *options: str) -> curl.Answer:
        """Ask for the page as a client."""
        shown: list[str | Path] = ["--cert", clients.folder / client] if client else []
        url = f"https://{NAME}:{clients.ports[site]}/"
        return curl.fetch(url, trusted=clients.sites[site].certificate, options=[*options, *shown])

    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_who_is_let_in(
        self, clients: Clients, site: str, let_in: list[str], refused: list[str], version: str
    ) -> None:
        """Each client by each protocol."""
        options = ("--tlsv" + version, "--tls-max", version)

        answers = {client: self.enter(clients, site, client, *options) for client in (*let_in, *refused)}

        assert dict.fromkeys(let_in, True) | dict.fromkeys(refused, False) == answers

    def test_who_is_asked(self, clients: Clients, site: str, asked: bool) -> None:  # noqa: FBT001
        """Clients are asked for a certificate only where it matters, and are told by which authority."""
        seen = openssl.connect(clients.ports[site], NAME, trusted=clients.sites[site].certificate)

        assert asked is ("CN = Our clients" in seen.words.replace("CN=", "CN = "))
        assert "Their clients" not in seen.words

    def test_refused(self, tmp_path: Path, table: str, told: str) -> None:
        """What would let someone in, or everyone out, is refused before anything is made."""
        client_auth = table.format_map(make_files(tmp_path))
        toml = f'[site]\nnames = ["{NAME}"]\n[deploy]\nexports = ["{self.export}"]\n[client_auth]\n{client_auth}\n'

        check_refused(Site(tmp_path / "registry"), toml, told)

    def test_other_name(self, clients: Clients) -> None:
        """The certificate is taken by the site's name and no other."""
        port, site = clients.ports["off"], clients.sites["off"]

        assert openssl.connect(port, NAME, trusted=site.certificate).verified
        assert not openssl.connect(port, OTHER_NAME, trusted=site.certificate).verified
