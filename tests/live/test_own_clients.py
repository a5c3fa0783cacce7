"""Five people are let in and one is put out, by real servers, and without a line of openssl's."""

from __future__ import annotations

import plistlib
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.conftest import require
from tests.judges import apache, curl, gnutls, nss, openssl
from tests.judges.chromium import Client
from tests.live.own_clients import GONE, PEOPLE, Clients, make_clients, make_strangers
from tests.live.sites import NAME, Site
from tests.servers.catalogue import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run
    from tests.servers.kinds import Kind

SIX = ("apache", "nginx", "haproxy", "lighttpd", "dovecot", "gunicorn")

pytestmark = pytest.mark.needs("curl", "openssl")


@pytest.mark.parametrize("name", SIX)
def test_five_in_and_one_out(name: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """All five get in, none but they, and after the revocation and a new start just the four."""
    kind: Kind = KINDS[name]
    require(*kind.programs)
    clients = make_clients(tmp_path / "made", free_port(), name, PEOPLE)
    strangers = make_strangers(clients)

    with kind.serving(clients.site, clients.port):
        assert dict.fromkeys(PEOPLE, True) == {one: clients.enter(kind, clients.file(one)) for one in PEOPLE}
        assert dict.fromkeys(strangers, False) == {what: clients.enter(kind, one) for what, one in strangers.items()}
        assert not clients.enter(kind, None)
    clients.run("client-auth", "revoke", GONE)
    with kind.serving(clients.site, clients.port):
        inside = {one: clients.enter(kind, clients.file(one)) for one in PEOPLE}
        assert dict.fromkeys(PEOPLE, True) | {GONE: False} == inside


@pytest.mark.needs("faketime", "nginx")
def test_expired(tmp_path: Path, free_port: Callable[[], int], sslutil_run: Run) -> None:
    """Whose certificate was for a day, three days ago, is out without a revocation, which is said before it matters."""
    site = Site(tmp_path / "registry")
    site.registry.mkdir()
    port = free_port()
    toml = f'version = 1\n[site]\nnames = ["{NAME}"]\nhttps_port = {port}\n[deploy]\nexports = ["nginx"]\n'
    (site.registry / "site.toml").write_text(toml)
    clients = Clients(site, tmp_path, port)

    def issue(person: str, *options: str) -> tuple[str, ...]:
        out = str(clients.file(person))
        return ("client-auth", "issue", person, "--format", "pem", "--out", out, *options)

    for argv in (("apply",), issue(GONE, "--days", "1")):
        result = sslutil_run("--registry-path", str(site.registry), *argv, before=("faketime", "-f", "-3d"))
        assert 0 == result.status, result.stderr
    assert 3 == site.sslutil("client-auth", "--mode", "require").status
    clients.run(*issue(PEOPLE[0]))
    assert "expired" in clients.run("client-auth", "--mode", "require", "--dry-run").stdout
    clients.run("client-auth", "--mode", "require")

    _check_gone(clients, KINDS["nginx"])


@pytest.mark.parametrize("name", ["postfix", "caddy"])
def test_a_server_that_reads_no_list(name: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The living get in; a revocation that it would not see is refused with what to do, and puts nobody half out."""
    kind: Kind = KINDS[name]
    require(*kind.programs)
    clients = make_clients(tmp_path / "made", free_port(), name, PEOPLE[:2])
    strangers = make_strangers(clients)

    with kind.serving(clients.site, clients.port):
        assert clients.enter(kind, clients.file(GONE))
        assert dict.fromkeys(strangers, False) == {what: clients.enter(kind, one) for what, one in strangers.items()}
        assert not clients.enter(kind, None)
        refused = clients.site.sslutil("client-auth", "revoke", GONE)
        assert 3 == refused.status
        assert "can't read a revocation list" in refused.stderr
        assert "hint: " in refused.stderr
        assert clients.enter(kind, clients.file(GONE))
    assert dict.fromkeys(PEOPLE[:2], "valid") == clients.states
    assert not (clients.site.current / "client-ca.crl").exists()


@pytest.mark.needs("apache2")
def test_a_reload_is_enough(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The command that revokes also reloads the server, which from then on refuses that one, and no other."""
    clients = make_clients(tmp_path / "made", free_port(), "apache", PEOPLE[:3])
    kind = KINDS["apache"]
    with apache.serving([(clients.port, clients.site.host())]) as server:
        assert clients.enter(kind, clients.file(GONE))
        site = clients.site.registry / "site.toml"
        argv = ", ".join(f'"{word}"' for word in server.reload_argv)
        site.write_text(site.read_text().replace("[deploy]\n", f"[deploy]\nreload = [[{argv}]]\n"))
        clients.run("apply")
        clients.run("client-auth", "revoke", GONE)
        assert _is_soon(lambda: not clients.enter(kind, clients.file(GONE)))
        assert clients.enter(kind, clients.file(PEOPLE[0]))


def _is_soon(look: Callable[[], bool]) -> bool:
    """Tell whether something comes true within some seconds: a graceful reload takes its time."""
    for _ in range(50):
        if look():
            return True
        time.sleep(0.1)
    return False


def test_refused_reload(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A server that refuses the new list brings nobody back: not at once, not by another command, nor by rollback."""
    refuses = tmp_path / "refuses"
    reload = f'reload = [["/usr/bin/test", "!", "-e", "{refuses}"]]\n'
    clients = make_clients(tmp_path / "made", free_port(), "nginx", PEOPLE[:2], reload)
    kind = KINDS["nginx"]
    require(*kind.programs)
    before = clients.site.current.readlink().name.lstrip("0")

    refuses.touch()
    answer = clients.site.sslutil("client-auth", "revoke", GONE)
    assert 9 == answer.status, answer.stderr
    assert {PEOPLE[0]: "valid", GONE: "revoked"} == clients.states
    _check_gone(clients, kind)
    assert 9 == clients.site.sslutil("apply").status
    _check_gone(clients, kind)
    refuses.unlink()
    clients.run("rollback", before)
    _check_gone(clients, kind)


def _check_gone(clients: Clients, kind: Kind) -> None:
    """Check by a server that is started anew that one is out, and the other is not."""
    with kind.serving(clients.site, clients.port):
        assert [True, False] == [clients.enter(kind, clients.file(who)) for who in PEOPLE[:2]]


@pytest.mark.parametrize("name", ["apache", "nginx"])
def test_old_and_new_authority(name: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Clients of both get in where a list is in force, which nginx must have of each."""
    kind: Kind = KINDS[name]
    require(*kind.programs)
    clients = make_clients(tmp_path / "made", free_port(), name, PEOPLE[:2])
    clients.run("client-auth", "revoke", GONE)
    clients.run("client-auth", "ca", "renew", "--force")
    new = clients.file("new")
    clients.run("client-auth", "issue", "new@example.org", "--format", "pem", "--out", str(new))
    assert 2 == (clients.site.current / "client-ca.crl").read_text().count("BEGIN X509 CRL")
    with kind.serving(clients.site, clients.port):
        inside = {who: clients.enter(kind, clients.file(who)) for who in (PEOPLE[0], GONE, "new")}
    assert {PEOPLE[0]: True, GONE: False, "new": True} == inside


@pytest.mark.needs("apache2")
def test_pkcs12(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A list of people gets PKCS#12: each opens with the passphrase beside it, and lets in until it is revoked."""
    clients = make_clients(tmp_path / "made", free_port(), "apache", PEOPLE)
    handouts = tmp_path / "handouts"
    handouts.mkdir()
    listed = ("--from", str(clients.folder / "people.csv"), "--out", str(handouts))
    clients.run("client-auth", "revoke", GONE)
    assert "4 had one" in clients.run("client-auth", "issue", *listed).stdout
    (_, row) = (handouts / "passphrases.csv").read_text().splitlines()
    address, file, passphrase = row.split(",")
    assert GONE == address

    shown = Client(handouts / file, passphrase)
    with KINDS["apache"].serving(clients.site, clients.port):
        assert not clients.enter(KINDS["apache"], clients.file(GONE))
        assert 200 == _fetch(clients, shown).status
        assert 0 == _fetch(clients, Client(shown.file, "another")).status
    clients.run("client-auth", "revoke", GONE)
    with KINDS["apache"].serving(clients.site, clients.port):
        assert 0 == _fetch(clients, shown).status


def _fetch(clients: Clients, shown: Client) -> curl.Answer:
    options = ["--cert-type", "P12", "--cert", f"{shown.file}:{shown.passphrase}"]
    return curl.fetch(f"https://{NAME}:{clients.port}/", trusted=clients.site.certificate, options=options)


@pytest.mark.needs("apache2", "gnutls-cli", "pk12util", "certutil")
def test_other_clients(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """OpenSSL's own client and GnuTLS's get in, with each form that there is, and not once it is revoked."""
    clients = make_clients(tmp_path / "made", free_port(), "apache", PEOPLE[:2])
    forms = {"modern": (), "legacy": ("--legacy",), "mobileconfig": ("--format", "mobileconfig")}
    shown = {form: clients.issue_pkcs12(GONE, *options) for form, options in forms.items()}
    profile = shown["mobileconfig"].file
    profile.write_bytes(plistlib.loads(profile.read_bytes())["PayloadContent"][0]["PayloadContent"])
    store = tmp_path / "store"
    store.mkdir()
    name = nss.make_store(store)

    for form, one in shown.items():
        assert openssl.open_pkcs12(*one).accepted, form
        assert not openssl.open_pkcs12(one.file, "another").accepted, form
        assert nss.judge_pkcs12(*one, name).accepted, form
    assert list(shown) == _find_inside(clients, shown)
    clients.run("client-auth", "revoke", GONE)
    assert [] == _find_inside(clients, shown)


def _find_inside(clients: Clients, shown: dict[str, Client]) -> list[str]:
    """Return the forms that let in; the first person's PEM does by GnuTLS, the other's as the forms do."""
    port, trusted = clients.port, clients.site.certificate
    with KINDS["apache"].serving(clients.site, port):
        bodies = {form: openssl.fetch(port, NAME, trusted=trusted, client=one) for form, one in shown.items()}
        inside = [form for form, body in bodies.items() if apache.SERVED in body]
        pems = [gnutls.fetch(port, NAME, trusted=trusted, client=clients.file(who)) for who in PEOPLE[:2]]
    assert [True, bool(inside)] == [apache.SERVED in body for body in pems]
    return inside


@pytest.mark.full
@pytest.mark.parametrize("name", ["apache", "nginx", "gunicorn"])
def test_ten_thousand_revoked(name: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A list of 10,000 is no burden: the server starts, lets the living in, and none of the others."""
    kind: Kind = KINDS[name]
    require(*kind.programs)
    clients = make_clients(tmp_path / "made", free_port(), name, PEOPLE[:2])
    roster = clients.site.registry / "clients" / "roster.toml"
    lines = roster.read_text().splitlines()
    line = lines[-1].partition(" = ")[2].replace(GONE, "crowd@example.org")
    roster.write_text("\n".join([*lines, *(f"{number:x} = {line}" for number in range(1, 10_000))]) + "\n")
    clients.run("client-auth", "revoke", "crowd@example.org")
    clients.run("client-auth", "revoke", GONE)
    assert 10_000 == len(x509.load_pem_x509_crl((clients.site.current / "client-ca.crl").read_bytes()))
    with kind.serving(clients.site, clients.port):
        assert clients.enter(kind, clients.file(PEOPLE[0]))
        assert not clients.enter(kind, clients.file(GONE))


def test_openssl_agrees(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """By what is in force, openssl takes each certificate in the ledger but the revoked ones, and none for a server."""
    clients = make_clients(tmp_path / "made", free_port(), "apache", PEOPLE)
    clients.run("client-auth", "revoke", GONE, "--reason", "key-compromise")
    clients.run("client-auth", "revoke", PEOPLE[3])
    states = {one["serial_number"]: one["state"] for one in clients.listed}
    current, issued = clients.site.current, clients.site.registry / "clients" / "certificates"
    trusted, crls = current / "client-ca.crt", current / "client-ca.crl"

    verdicts = {path.stem: openssl.judge_client(path, trusted=trusted, crls=crls) for path in issued.iterdir()}

    assert {serial: state == "valid" for serial, state in states.items()} == {
        serial: verdict.accepted for serial, verdict in verdicts.items()
    }
    assert 2 == sum("certificate revoked" in verdict.words for verdict in verdicts.values())
    assert not openssl.judge_client(clients.file(PEOPLE[0]), trusted=trusted, crls=crls, purpose="sslserver").accepted
