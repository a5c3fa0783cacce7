"""A real Apache with nothing but a name and one Include: certificate, protocols, suites, groups, by key and profile."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sslutil.keytypes import KEY_TYPES
from sslutil.plan import make_policy
from sslutil.profiles import CIPHERS, CIPHERSUITES, GROUPS, PROTOCOLS, UNSTOCKED_CIPHERS
from sslutil.site import Site as Wanted
from sslutil.site import change
from tests.judges import apache, ask, curl, gnutls, openssl
from tests.live.sites import NAME, OTHER_NAME, Site, made
from tests.server.made import make_authority, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sslutil.facts import Policy

pytestmark = pytest.mark.needs("apache2", "openssl", "curl", "gnutls-cli")


class Case(NamedTuple):
    """One Apache."""

    profile: str
    key_type: str
    mode: str = "off"

    @property
    def values(self) -> dict[str, object]:
        """What site.toml says of the policy, by dotted key."""
        lists = {
            "tls.protocols": PROTOCOLS[2:],
            "tls.ciphers": tuple(CIPHERS),
            "tls.ciphersuites": CIPHERSUITES,
            "tls.groups": tuple(GROUPS),
        }
        return {
            "certificate.key_type": self.key_type,
            "tls.profile": self.profile,
            **(lists if self.profile == "custom" else {}),
        }

    @property
    def policy(self) -> Policy:
        """What its profile means."""
        return make_policy(change(Wanted(), self.values))

    def toml(self, folder: Path) -> str:
        """Return the site.toml."""
        values = {"site.names": (NAME,), **self.values, "client_auth.mode": self.mode}
        if self.mode != "off":
            values["client_auth.ca_files"] = (str(folder / "ca.pem"),)
        return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


EVERY_DAY = (
    Case("intermediate", "p256"),
    Case("intermediate", "rsa2048"),
    Case("modern", "ed25519"),
    Case("old", "rsa2048"),
    Case("old", "p384"),
    # Everything that can be chosen: it shows that a client which is refused elsewhere could have connected.
    Case("custom", "p256"),
    Case("custom", "rsa2048"),
)
MATRIX = tuple(
    Case(*row)
    for row in itertools.product(
        ("intermediate", "modern", "old"), ("p256", "rsa2048", "p384", "ed25519"), ("off", "optional", "require")
    )
)


class Served(NamedTuple):
    """A running Apache's virtual host."""

    case: Case
    site: Site
    port: int
    client: Path | None
    """Certificate and key of a client that is let in, where clients are asked at all."""


@pytest.fixture(scope="module")
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[dict[Case, Served]]:
    """One Apache with a virtual host for each case."""
    folder = tmp_path_factory.mktemp("policy")
    authority = make_authority()
    client = make_client(authority)
    (folder / "ca.pem").write_bytes(authority.pem)
    (folder / "client.pem").write_bytes(client.key_pem + client.pem)
    cases = dict.fromkeys([*EVERY_DAY, *(MATRIX if request.config.getoption("--full") else ())])
    served = {
        case: Served(
            case,
            made(folder / "-".join(case), case.toml(folder)),
            free_port(),
            None if case.mode == "off" else folder / "client.pem",
        )
        for case in cases
    }
    with apache.serving([(one.port, one.site.host()) for one in served.values()]):
        yield served


def each(cases: Iterable[Case]) -> list[Any]:
    """Return cases as parameters of the fixture `served`; those that are not for every day are marked."""
    marks = {case: () if case in EVERY_DAY else (pytest.mark.full,) for case in cases}
    return [pytest.param(case, marks=mark, id="-".join(case)) for case, mark in marks.items()]


@pytest.fixture(params=each([*EVERY_DAY, *MATRIX]))
def served(request: pytest.FixtureRequest, servers: dict[Case, Served]) -> Served:
    """Each case in turn."""
    return servers[request.param]


def connect(
    served: Served, *options: str, protocol: str = "", name: str = NAME, trusted: Path | None = None
) -> openssl.Handshake:
    """Make one handshake as a client that may come in, and trusts the stored certificate or another one."""
    shown: list[str | Path] = ["-cert", served.client, "-key", served.client] if served.client else []
    return openssl.connect(
        served.port, name, trusted=trusted or served.site.certificate, protocol=protocol, options=[*shown, *options]
    )


def test_stored_certificate(served: Served, servers: dict[Case, Served]) -> None:
    """The certificate is the stored one: taken by its name, not by another one, nor by who trusts another."""
    other = next(one for one in servers.values() if one is not served)

    seen = connect(served)

    assert served.site.fingerprint == seen.fingerprint
    assert seen.verified, seen.words
    assert not connect(served, name=OTHER_NAME).verified
    foreign = connect(served, trusted=other.site.certificate)
    assert foreign.completed
    assert not foreign.verified


def test_protocols(served: Served) -> None:
    """Just the protocols of the profile are spoken; Ed25519 needs TLS 1.2 (RFC 8422, section 5.10)."""
    possible = PROTOCOLS[2:] if served.case.key_type == "ed25519" else PROTOCOLS

    spoken = [protocol for protocol in PROTOCOLS if connect(served, protocol=protocol).protocol == protocol]

    assert [protocol for protocol in possible if protocol in served.case.policy.protocols] == spoken


def test_suites(served: Served) -> None:
    """Of all suites of TLS 1.2 and below that there are, just those of the profile that fit the key are usable."""
    tried = [name for name in CIPHERS if name not in UNSTOCKED_CIPHERS]
    fit = KEY_TYPES[served.case.key_type].authentication
    expected = [name for name in served.case.policy.ciphers if CIPHERS[name].authentication == fit]

    taken = [
        name for name in tried if connect(served, "-cipher", f"{name}:@SECLEVEL=0", protocol="TLSv1.2").cipher == name
    ]

    assert set(expected) - UNSTOCKED_CIPHERS == set(taken)


def test_ciphersuites(served: Served) -> None:
    """Of all suites of TLS 1.3, just those of the profile are usable."""
    taken = [name for name in CIPHERSUITES if connect(served, "-ciphersuites", name, protocol="TLSv1.3").cipher == name]

    assert list(served.case.policy.ciphersuites) == taken


def test_groups(served: Served) -> None:
    """Of all key agreements that this OpenSSL knows, just those of the profile are usable."""
    known = known_groups()

    taken = {name for name in known if connect(served, "-groups", name, protocol="TLSv1.3").completed}

    assert {name for name in served.case.policy.groups if name in known} == taken


def known_groups() -> list[str]:
    """Return the groups that the openssl command knows by its own words."""
    _, words = ask(["openssl", "version"])
    version = re.match(r"OpenSSL (\d+)\.(\d+)", words)
    assert version
    return [name for name, row in GROUPS.items() if row.since <= (int(version[1]), int(version[2]))]


def test_preference(served: Served) -> None:
    """Of two suites the client's first one is taken, but the server's where the profile says so."""
    if "TLSv1.2" not in served.case.policy.protocols:
        protocol, option, names = "TLSv1.3", "-ciphersuites", served.case.policy.ciphersuites
    else:
        fit = KEY_TYPES[served.case.key_type].authentication
        protocol, option = "TLSv1.2", "-cipher"
        names = tuple(name for name in served.case.policy.ciphers if CIPHERS[name].authentication == fit)
    ours, theirs = names[:2]

    seen = connect(served, option, f"{theirs}:{ours}", protocol=protocol)

    assert (ours if served.case.policy.prefer_server_ciphers else theirs) == seen.cipher


@pytest.mark.parametrize("served", each(case for case in EVERY_DAY + MATRIX if case.mode != "require"), indirect=True)
def test_gnutls(served: Served) -> None:
    """A GnuTLS client takes the certificate by its name, and refuses another name."""
    good = gnutls.judge_server(served.port, NAME, trusted=served.site.certificate)

    assert good.accepted, good.words
    assert not gnutls.judge_server(served.port, OTHER_NAME, trusted=served.site.certificate).accepted


def test_page(served: Served) -> None:
    """A client of http gets the page, without HSTS; another name or another trust ends with curl's status for it."""
    options: list[str | Path] = ["--cert", served.client] if served.client else []
    url = f"https://{NAME}:{served.port}/"

    answer = curl.fetch(url, trusted=served.site.certificate, options=options)

    assert (0, 200, apache.SERVED) == (answer.exit_status, answer.status, answer.body), answer.words
    assert "strict-transport-security" not in answer.headers
    assert 60 == curl.fetch(url.replace(NAME, OTHER_NAME), trusted=served.site.certificate).exit_status
    assert 60 == curl.fetch(url, options=options).exit_status


def test_client_certificate(served: Served) -> None:
    """Who shows no certificate is let in but where one is required."""
    answer = curl.fetch(f"https://{NAME}:{served.port}/", trusted=served.site.certificate)

    assert (56 if served.case.mode == "require" else 0) == answer.exit_status


def longest_ticket(port: int, protocol: str) -> int:
    """Return the bytes of the longest session ticket that comes in one visit; 0 where none comes."""
    options = ["-connect", f"127.0.0.1:{port}", "-servername", NAME, "-ign_eof", *openssl.PROTOCOL_OPTIONS[protocol]]
    _, words = ask(["openssl", "s_client", *options], stdin=f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n")
    assert "200 OK" in words
    dumps = re.findall(r"TLS session ticket:\n((?: +[0-9a-f]{4} - .*\n)+)", words)
    rows = [re.findall(r" - ((?:[0-9a-f]{2}[ -])+)", dump) for dump in dumps]
    return max((sum(len(row) // 3 for row in dump) for dump in rows), default=0)


@pytest.fixture(scope="module")
def with_tickets(servers: dict[Case, Served], free_port: Callable[[], int]) -> Iterator[int]:
    """The port of an Apache that was told otherwise after the Include."""
    port = free_port()
    with apache.serving([(port, servers[EVERY_DAY[0]].site.host("SSLSessionTickets on"))]):
        yield port


@pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
def test_tickets(servers: dict[Case, Served], with_tickets: int, protocol: str) -> None:
    """No session leaves the server sealed in a ticket; what TLS 1.3 sends is the number of one (32 bytes)."""
    port = servers[EVERY_DAY[0]].port

    assert {"TLSv1.2": 0, "TLSv1.3": 32}[protocol] == longest_ticket(port, protocol)
    assert longest_ticket(with_tickets, protocol) > 100
