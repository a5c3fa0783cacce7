"""Dovecot 2.3 and 2.4 with their export: logins, client certificates, strange paths, and a reload."""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.conftest import require
from tests.judges import dovecot, openssl
from tests.live.sites import NAME, made
from tests.server.made import make_authority, make_client, make_crl, make_pair
from tests.servers import debian13

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.live.sites import Site

SERVICES = ("imap", "imaps", "pop3", "pop3s")
LET_IN, DENIED = 0, 67
LOGGED_IN = re.compile(r"-login: Info: Log(?:in|ged in): user=<([^>]*)>")
"""What the logs of 2.3 and of 2.4 say."""

pytestmark = pytest.mark.needs("root", "dovecot", "openssl", "curl")


@pytest.fixture(autouse=True, params=["installed", pytest.param("newer", marks=pytest.mark.full)])
def programs(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whose Dovecot it is: this machine's, or the next Debian's."""
    if request.param == "newer":
        require("debootstrap", "unshare")
        debian13.write_programs(debian13.root_folder(request.config, tmp_path_factory), tmp_path / "programs")
        monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")


def site_of(registry: Path, toml: str = "", *, version: tuple[int, ...] = ()) -> Site:
    """Return a site with the export for this Dovecot, or another version."""
    written = ".".join(map(str, version or dovecot.find_version()))
    versions = f'deploy.versions = {{ dovecot = "{written}", openssl = "3.0.0" }}\n'
    return made(registry, f'site.names = ["{NAME}"]\ndeploy.exports = ["dovecot"]\n{versions}{toml}')


def include(site: Site) -> str:
    """Return the line that the file itself says."""
    text = (site.current / "dovecot.conf").read_text().splitlines()[1]
    return text[text.index("!include") :]


def logins(ports: dict[str, int], site: Site, client: Path | None = None) -> dict[str, int]:
    """Return curl's exit status of a login at each port, in TLS from the first byte or by STARTTLS."""
    shown: list[str | Path] = ["--cert", client] if client else []
    trusted: list[str | Path] = ["--cacert", site.certificate]
    return {name: dovecot.log_in(port, name, NAME, *trusted, *shown)[0] for name, port in ports.items()}


def test_logins(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Each port takes a login over TLS, none without, and the policy holds on all of them."""
    site = site_of(tmp_path / "registry", 'tls.profile = "modern"\n')
    ports = {name: free_port() for name in SERVICES}

    with dovecot.serving(ports, include(site)):
        assert dict.fromkeys(SERVICES, LET_IN) == logins(ports, site)
        for name, port in ports.items():
            begun = [] if name in dovecot.SECURE else ["-starttls", name]
            assert openssl.connect(port, NAME, trusted=site.certificate, options=begun).verified
            assert not openssl.connect(port, NAME, protocol="TLSv1.2", options=begun).completed
        for name in ("imap", "pop3"):
            # From Dovecot's own address a plain login counts as secure.
            status, words = dovecot.log_in(ports[name], name, NAME, "--no-ssl-reqd", "--interface", "127.0.0.2")
            assert DENIED == status, words


@pytest.mark.parametrize("mode", ["optional", "require"])
def test_clients(tmp_path: Path, free_port: Callable[[], int], mode: str) -> None:
    """A required certificate is ours and not revoked; POP is not asked where the site names IMAP alone."""
    authority = make_authority()
    revoked = make_client(authority, "revoked")
    clients = {"ours": make_client(authority), "revoked": revoked, "strange": make_client(make_authority("Other"))}
    for name, pair in clients.items():
        (tmp_path / f"{name}.pem").write_bytes(pair.key_pem + pair.pem)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "ca.crl").write_bytes(make_crl(authority, revoked))
    files = f'client_auth.ca_files = ["{tmp_path}/ca.pem"]\nclient_auth.crl_files = ["{tmp_path}/ca.crl"]\n'
    services = 'client_auth.services = ["imap", "imaps"]\n'
    site = site_of(tmp_path / "registry", f'client_auth.mode = "{mode}"\n{files}{services}')
    ports = {name: free_port() for name in SERVICES}
    lists = {"imap": DENIED, "imaps": DENIED} if mode == "require" else {"imap": LET_IN, "imaps": LET_IN}
    unasked = {"pop3": LET_IN, "pop3s": LET_IN}

    with dovecot.serving(ports, include(site)):
        assert dict.fromkeys(SERVICES, LET_IN) == logins(ports, site, tmp_path / "ours.pem")
        for client in (None, tmp_path / "revoked.pem", tmp_path / "strange.pem"):
            assert lists | unasked == logins(ports, site, client)
        for name, told in (("imaps", True), ("pop3s", False)):
            words = openssl.connect(ports[name], NAME, protocol="TLSv1.2").words
            assert told is bool(re.search(r"Acceptable client certificate CA names\nCN ?= ?Example client CA", words))


def test_without_lists(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Where no list is in force none is asked for, and ours gets in."""
    authority = make_authority()
    client = make_client(authority)
    (tmp_path / "ours.pem").write_bytes(client.key_pem + client.pem)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    asked = f'client_auth.mode = "require"\nclient_auth.ca_files = ["{tmp_path}/ca.pem"]\n'
    site = site_of(tmp_path / "registry", f'{asked}client_auth.services = ["imap", "imaps"]\n')
    ports = {"imaps": free_port()}

    with dovecot.serving(ports, include(site)):
        assert {"imaps": LET_IN} == logins(ports, site, tmp_path / "ours.pem")
        assert {"imaps": DENIED} == logins(ports, site)


@pytest.mark.parametrize("mode", ["optional", "require"])
def test_identity(tmp_path: Path, free_port: Callable[[], int], mode: str) -> None:
    """Who shows anna's certificate is anna, whatever name is typed; who shows none is whom the password says."""
    authority = make_authority()
    address = "anna@example.org"
    client = make_pair(address, issuer=authority, names=(address,), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    (tmp_path / "anna.pem").write_bytes(client.key_pem + client.pem)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    asked = f'client_auth.mode = "{mode}"\nclient_auth.ca_files = ["{tmp_path}/ca.pem"]\nclient_auth.own_ca = false\n'
    site = site_of(tmp_path / "registry", f'{asked}client_auth.services = ["imap", "imaps"]\n')
    ports = {"imap": free_port(), "imaps": free_port(), "pop3s": free_port()}
    typed = ("bob@example.org", dovecot.PASSWORD)
    nobody = typed[0] if mode == "optional" else ""

    with dovecot.serving(ports, include(site)) as running:

        def tell(name: str, client: Path | None, *, plain: bool = False) -> str:
            """Return as whom one is logged in who types bob's name and password; empty where refused."""
            before = len(running.log)
            context = ssl.create_default_context(cafile=str(site.certificate))
            context.check_hostname = False
            if client:
                context.load_cert_chain(client)
            with imap_connection(name, ports[name], context) as connection, contextlib.suppress(imaplib.IMAP4.error):
                if plain:
                    connection.authenticate("PLAIN", lambda _: "\0".join(("", *typed)).encode())
                else:
                    connection.login(*typed)
                running.wait_until(lambda: LOGGED_IN.search(running.log, before) is not None)
            return "".join(LOGGED_IN.findall(running.log, before))

        for name in ("imap", "imaps"):
            assert address == tell(name, tmp_path / "anna.pem") == tell(name, tmp_path / "anna.pem", plain=True)
            assert nobody == tell(name, None)
        assert {"pop3s": LET_IN} == logins({"pop3s": ports["pop3s"]}, site, tmp_path / "anna.pem")
        assert dovecot.USER in LOGGED_IN.findall(running.log)


def imap_connection(name: str, port: int, context: ssl.SSLContext) -> imaplib.IMAP4:
    """Return a connection in TLS, begun with the first byte or by STARTTLS."""
    if name == "imaps":
        return imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=20)
    connection = imaplib.IMAP4("127.0.0.1", port, timeout=20)
    connection.starttls(context)
    return connection


def test_reload(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """After a reload a new certificate is served."""
    site = site_of(tmp_path / "registry")

    with dovecot.serving({"imaps": (port := free_port())}, include(site)) as running:
        before = openssl.connect(port, NAME).fingerprint
        assert 0 == site.sslutil("certificate", "self-sign", "--new-key").status
        running.reload()
        assert before != site.fingerprint
        assert openssl.is_served_soon(port, NAME, site.fingerprint)


@pytest.mark.parametrize("name", ["a  b ", "\"a' \\b", "$HOME", "%h", "[a]*?", "ü=<x>!include"])
def test_paths(tmp_path: Path, free_port: Callable[[], int], name: str) -> None:
    """Dovecot reads exactly the path of a registry that is strangely called."""
    site = site_of(tmp_path / name)

    assert dovecot.check(include(site)).accepted
    with dovecot.serving({"imaps": (port := free_port())}, include(site)):
        assert site.fingerprint == openssl.connect(port, NAME).fingerprint


def test_other_dialect(tmp_path: Path) -> None:
    """What is for 2.3 is nothing for 2.4, and the reverse: the check says so, before anything is reloaded."""
    other = (2, 3, 19) if dovecot.find_version() >= (2, 4) else (2, 4, 1)

    assert not dovecot.check(include(site_of(tmp_path / "registry", version=other))).accepted
