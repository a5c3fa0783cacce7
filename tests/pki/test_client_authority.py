"""The small authority for clients, judged by openssl and GnuTLS: good for its clients, and for nothing else."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from sslutil.errors import MaterialError
from sslutil.facts import Revocation
from sslutil.names import parse_client
from sslutil.pki.client_authority import (
    describe_client,
    find_public_key,
    is_for_clients,
    is_locked,
    lock_key,
    make_client,
    make_client_authority,
    unlock_key,
)
from sslutil.pki.crls import make_crl
from sslutil.pki.keys import make_key
from tests.server import made

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sslutil.pki.keys import Key

NOW = datetime.now(UTC).replace(microsecond=0)
ANNA = "anna@example.org"

pytestmark = pytest.mark.needs("openssl", "certtool")


class Authority(NamedTuple):
    """An authority's key and certificate, PEM."""

    key: Key
    pem: bytes


def make(domains: Sequence[str] = (), name: str = "Client CA 1 of mail.example.org", days: int = 3650) -> Authority:
    """Return an authority, bound to mail domains where some are given."""
    key = make_key("p256")
    return Authority(key, make_client_authority(key, common_name=name, domains=domains, now=NOW, days=days))


def client_of(authority: Authority, address: str = ANNA, *, days: int = 397) -> bytes:
    """Return a client's certificate, PEM."""
    public = make_key("p256").signer.public_key()
    return make_client(authority.key, authority.pem, public, identity=parse_client(address), now=NOW, days=days)


def verify(folder: Path, client: bytes, trusted: bytes, *options: str, crl: bytes = b"") -> int:
    """Return the number of openssl's error; 0 where it takes the client."""
    for name, content in (("client.pem", client), ("ca.pem", trusted), ("list.pem", crl)):
        (folder / name).write_bytes(content)
    asked = ["openssl", "verify", "-x509_strict", *(options or ("-purpose", "sslclient")), "-CAfile", "ca.pem"]
    asked += ["-crl_check", "-CRLfile", "list.pem"] if crl else []
    done = subprocess.run([*asked, "client.pem"], cwd=folder, capture_output=True, text=True, check=False)
    return 0 if done.returncode == 0 else int(done.stderr.partition("error ")[2].split()[0])


def gnutls_takes(folder: Path, client: bytes, trusted: bytes, crl: bytes = b"") -> bool:
    """Return whether GnuTLS takes the client."""
    for name, content in (("client.pem", client + trusted), ("ca.pem", trusted), ("list.pem", crl)):
        (folder / name).write_bytes(content)
    lists = ["--load-crl", "list.pem"] if crl else []
    asked = ["certtool", "--verify", "--load-ca-certificate", "ca.pem", *lists, "--infile", "client.pem"]
    return subprocess.run(asked, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("address", [ANNA, "relay.example.org", f"{'a' * 64}@example.org", f"{'a' * 60}.example.org"])
def test_a_client_gets_in(address: str, tmp_path: Path) -> None:
    """Whoever it is for: strictly read it is good for a client, and for no server."""
    authority = make()
    client = client_of(authority, address)
    assert 0 == verify(tmp_path, client, authority.pem)
    assert gnutls_takes(tmp_path, client, authority.pem)
    assert 26 == verify(tmp_path, client, authority.pem, "-purpose", "sslserver")
    identity, facts = describe_client(client, "client.pem")
    assert (parse_client(address), True) == (identity, is_for_clients(client))
    assert facts.subject
    assert identity is not None
    common = x509.load_pem_x509_certificate(client).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [identity.text] * (len(identity.text) <= 64) == [one.value for one in common]


def test_strangers(tmp_path: Path) -> None:
    """Another authority of the same name lets nobody in, by either reader."""
    ours, twin = make(), make()
    assert 0 != verify(tmp_path, client_of(twin), ours.pem)
    assert not gnutls_takes(tmp_path, client_of(twin), ours.pem)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (ANNA, 0),
        ("anna@sub.example.org", 0),
        ("relay.example.org", 0),
        ("anna@example.com", 47),
        ("anna@notexample.org", 47),
        ("relay.example.net", 47),
    ],
)
def test_mail_domains(address: str, error: int, tmp_path: Path) -> None:
    """Bound to a domain, it can name nobody else."""
    authority = make(["example.org"])
    assert error == verify(tmp_path, client_of(authority, address), authority.pem)
    assert (error == 0) == gnutls_takes(tmp_path, client_of(authority, address), authority.pem)


def test_it_makes_no_authority(tmp_path: Path) -> None:
    """What an authority below it signs is refused: its path length is 0."""
    ours = make()
    pair = made.Pair(x509.load_pem_x509_certificate(ours.pem), ours.key.signer)  # type: ignore[arg-type]
    below = made.make_authority("Below", pair)
    client = made.make_client(below, ANNA)
    (tmp_path / "below.pem").write_bytes(below.pem)
    options = ("-purpose", "sslclient", "-untrusted", "below.pem")
    assert 0 != verify(tmp_path, client.pem, ours.pem, *options)


def test_nothing_outlives_it() -> None:
    """A certificate ends with its authority at the latest."""
    authority = make(days=30)
    _, facts = describe_client(client_of(authority, days=397), "")
    assert x509.load_pem_x509_certificate(authority.pem).not_valid_after_utc == facts.not_valid_after


def test_a_revoked_one(tmp_path: Path) -> None:
    """The list puts out just whom it names, by either reader; without a list of its own nobody gets in."""
    authority, twin = make(), make()
    gone, stays = client_of(authority), client_of(authority)
    serial = x509.load_pem_x509_certificate(gone).serial_number
    lists = {
        one: make_crl(
            one.key, one.pem, [Revocation(serial, NOW)], number=2, now=NOW, next_update=NOW + timedelta(days=9)
        )
        for one in (authority, twin)
    }
    assert [23, 0] == [verify(tmp_path, one, authority.pem, crl=lists[authority]) for one in (gone, stays)]
    assert [False, True] == [gnutls_takes(tmp_path, one, authority.pem, lists[authority]) for one in (gone, stays)]
    assert 0 != verify(tmp_path, stays, authority.pem, crl=lists[twin])


class TestLocks:
    """A passphrase on the key."""

    def test_right_and_wrong(self) -> None:
        """It opens with its passphrase, and with no other, nor without."""
        key = make_key("p256")
        locked = lock_key(key, b"sesame")
        assert (True, False) == (is_locked(locked), is_locked(key.pem))
        assert key.pem == unlock_key(locked, b"sesame", "ca.key").pem
        assert key.pem == unlock_key(key.pem, None, "ca.key").pem
        for wrong in (b"barley", None):
            with pytest.raises(MaterialError, match=r"ca\.key"):
                unlock_key(locked, wrong, "ca.key")
        assert b"sesame" not in locked


class TestRequests:
    """Somebody's own request."""

    def ask(self, folder: Path, *key: str) -> bytes:
        """Return a request that openssl makes."""
        asked = ["openssl", "req", "-new", *key, "-noenc", "-subj", "/CN=x", "-keyout", "key.pem", "-out", "r.pem"]
        subprocess.run(asked, cwd=folder, capture_output=True, check=True)
        return (folder / "r.pem").read_bytes()

    def test_taken(self, tmp_path: Path) -> None:
        """Its key is taken, and what it asks for is not: the names are ours to give."""
        request = self.ask(tmp_path, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        public = find_public_key(request, "r.pem")
        authority = make()
        client = make_client(authority.key, authority.pem, public, identity=parse_client(ANNA), now=NOW, days=9)
        assert parse_client(ANNA) == describe_client(client, "")[0]
        assert public == x509.load_pem_x509_certificate(client).public_key()

    def test_refused(self, tmp_path: Path) -> None:
        """A weak key, a forged signature and what is no request are refused with the file."""
        weak = self.ask(tmp_path, "-newkey", "rsa:1024")
        good = self.ask(tmp_path, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        forged = good[:-60] + (b"AAAA" if good[-60:-56] != b"AAAA" else b"BBBB") + good[-56:]
        for request in (weak, forged, b"", b"junk"):
            with pytest.raises(MaterialError, match=r"r\.pem"):
                find_public_key(request, "r.pem")
