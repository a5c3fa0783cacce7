"""Clients' certificates and revocation lists before judges: OpenSSL at its strictest, GnuTLS, pkilint."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from sslutil.facts import Revocation
from sslutil.names import Identity, parse_client
from sslutil.pki.certificates import CLOCK_SKEW, make_self_signed
from sslutil.pki.client_authority import (
    describe_client,
    find_domains,
    is_for_clients,
    make_client,
    make_client_authority,
)
from sslutil.pki.crls import REASONS, make_crl
from tests.judges import ask, pkilint
from tests.pki.authorities import NOW
from tests.pki.conftest import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges import Argument

pytestmark = pytest.mark.needs("openssl", "certtool")

KEY, OTHER_KEY = made_once("p384"), made_once("p256")
CLIENT, SERVER = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"
LATER = NOW + timedelta(days=30)
ANNA, RELAY = parse_client("anna@example.org"), parse_client("relay.example.org")
LONG = (parse_client(f"{'a' * 60}@example.org"), parse_client(f"{'a' * 60}.relay.example.org"))


def make_ca(*domains: str) -> bytes:
    """Return our authority, bound to these domains."""
    return make_client_authority(KEY, common_name="Clients", domains=domains, now=NOW, days=3650)


CA, BOUND = make_ca(), make_ca("example.org")
NAMESAKE = make_client_authority(OTHER_KEY, common_name="Clients", domains=(), now=NOW, days=3650)


def sign(identity: Identity, ca: bytes = CA, key_type: str = "p256", days: int = 30) -> bytes:
    """Return a client's certificate."""
    public = made_once(key_type).signer.public_key()
    return make_client(KEY, ca, public, identity=identity, now=NOW, days=days)


def ask_openssl(folder: Path, ca: bytes, leaf: bytes, *options: str, crl: bytes = b"") -> tuple[bool, str]:
    """Ask openssl whether one who trusts the authority alone takes the certificate."""
    for name, content in {"ca.crt": ca, "client.crt": leaf, "ca.crl": crl}.items():
        (folder / name).write_bytes(content)
    purpose = [] if "-purpose" in options else ["-purpose", "sslclient"]
    lists: list[Argument] = ["-CRLfile", folder / "ca.crl"] if crl else []
    trust: list[Argument] = ["-no-CApath", "-no-CAstore", "-CAfile", folder / "ca.crt"]
    status, words = ask(
        ["openssl", "verify", "-x509_strict", *purpose, *options, *trust, *lists, folder / "client.crt"]
    )
    return status == 0, words


def ask_gnutls(folder: Path, purpose: str = CLIENT, *, listed: bool = False) -> tuple[bool, str]:
    """Ask certtool the same of the files that are there."""
    lists: list[Argument] = ["--load-crl", folder / "ca.crl"] if listed else []
    trust: list[Argument] = ["--load-ca-certificate", folder / "ca.crt", "--verify-purpose", purpose]
    status, words = ask(["certtool", "--verify", *trust, *lists, "--infile", folder / "client.crt"])
    return status == 0, words


@pytest.mark.parametrize("identity", [ANNA, RELAY, *LONG, parse_client("a@bücher.example")])
@pytest.mark.parametrize("key_type", ["p256", "rsa2048"])
def test_taken(tmp_path: Path, identity: Identity, key_type: str) -> None:
    """Persons and services are taken whatever their key, and for no server; pkilint finds nothing."""
    leaf = sign(identity, key_type=key_type)
    verdicts = [ask_openssl(tmp_path, CA, leaf), ask_gnutls(tmp_path)]
    for_servers = [ask_openssl(tmp_path, CA, leaf, "-purpose", "sslserver"), ask_gnutls(tmp_path, SERVER)]
    of_another = [ask_openssl(tmp_path, NAMESAKE, leaf), ask_gnutls(tmp_path)]

    assert [True, True] == [taken for taken, _ in verdicts], verdicts
    assert [False] * 4 == [taken for taken, _ in for_servers + of_another]
    assert [] == pkilint.pkix_findings(tmp_path / "client.crt")
    assert identity == describe_client(leaf, "client.crt")[0]


@pytest.mark.parametrize("inside", ["anna@example.org", "anna@mail.example.org", "example.org", "a.b.example.org"])
@pytest.mark.parametrize("outside", ["anna@example.com", "anna@badexample.org", "badexample.org"])
def test_bounds(tmp_path: Path, inside: str, outside: str) -> None:
    """Within its domains an authority is taken by both judges, outside by neither; without bounds it is."""
    for address, ca, expected in ((inside, BOUND, True), (outside, BOUND, False), (outside, CA, True)):
        verdicts = [ask_openssl(tmp_path, ca, sign(parse_client(address), ca)), ask_gnutls(tmp_path)]
        assert [expected, expected] == [taken for taken, _ in verdicts], verdicts


def test_domains() -> None:
    """The domains can be read off an authority; one that is not bound has none."""
    assert find_domains(make_ca("example.org", "xn--bcher-kva.example")) == ("example.org", "xn--bcher-kva.example")
    assert find_domains(CA) == ()


def test_days(tmp_path: Path) -> None:
    """A certificate is taken from its first second to its end, and not outside."""
    begin, end = NOW - CLOCK_SKEW, NOW - CLOCK_SKEW + timedelta(days=30)
    last = end - timedelta(seconds=2)  # OpenSSL counts the second that notAfter names as too late
    moments = [begin, last, begin - timedelta(seconds=1), end]
    verdicts = [ask_openssl(tmp_path, CA, sign(ANNA), "-attime", f"{at.timestamp():.0f}") for at in moments]

    assert [True, True, False, False] == [taken for taken, _ in verdicts]


def test_purposes() -> None:
    """The server's own certificate lets nobody in, a client's does."""
    server = make_self_signed(OTHER_KEY, [Identity("dns", "mail.example.org")], now=NOW, days=1)

    assert [True, False] == [is_for_clients(pem) for pem in (sign(ANNA), server)]


@pytest.mark.parametrize(
    ("begin", "end", "signer", "fault"),
    [
        (NOW, LATER, CA, ""),
        (NOW, LATER, NAMESAKE, "CRL"),
        (NOW - timedelta(days=3), NOW - timedelta(days=1), CA, "CRL has expired"),
        (NOW + timedelta(days=1), LATER, CA, "CRL is not yet valid"),
    ],
    ids=["ours", "namesake", "lapsed", "future"],
)
@pytest.mark.parametrize("check", ["-crl_check", "-crl_check_all"])
def test_lists(tmp_path: Path, begin: datetime, end: datetime, signer: bytes, fault: str, check: str) -> None:  # noqa: PLR0913, PLR0917
    """Who is on the list is out and nobody else; with a list that lapsed or is another's, everybody is out."""
    anna, bernd = sign(ANNA), sign(parse_client("bernd@example.org"))
    entry = Revocation(x509.load_pem_x509_certificate(anna).serial_number, NOW, "keyCompromise")
    key = KEY if signer == CA else OTHER_KEY
    crl = make_crl(key, signer, [entry], number=1, now=begin, next_update=end)
    out, out_words = ask_openssl(tmp_path, CA, anna, check, crl=crl)
    taken, words = ask_openssl(tmp_path, CA, bernd, check, crl=crl)

    assert (False, not fault) == (out, taken), out_words + words
    assert fault in words
    assert fault or "certificate revoked" in out_words


def test_lists_of_gnutls(tmp_path: Path) -> None:
    """GnuTLS agrees on who is out."""
    anna, bernd = sign(ANNA), sign(parse_client("bernd@example.org"))
    entry = Revocation(x509.load_pem_x509_certificate(anna).serial_number, NOW)
    crl = make_crl(KEY, CA, [entry], number=1, now=NOW, next_update=LATER)
    verdicts = []
    for leaf in (anna, bernd):
        ask_openssl(tmp_path, CA, leaf, crl=crl)
        verdicts.append(ask_gnutls(tmp_path, listed=True))

    assert [False, True] == [taken for taken, _ in verdicts], verdicts


@pytest.mark.parametrize("reason", REASONS.values())
def test_reasons(tmp_path: Path, reason: str) -> None:
    """OpenSSL prints each reason by its name; "unspecified" is left out, as RFC 5280 section 5.3.1 wants it."""
    path = tmp_path / "ca.crl"
    path.write_bytes(make_crl(KEY, CA, [Revocation(5, NOW, reason)], number=7, now=NOW, next_update=LATER))
    _, text = ask(["openssl", "crl", "-noout", "-text", "-in", path])
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in reason).lower()

    assert ("CRL Reason Code" not in text) == (reason == "unspecified")
    assert reason == "unspecified" or spaced in text.lower()
    assert "X509v3 CRL Number: \n                7\n" in text
