"""A real Exim with the export, in both of its builds: port 25 stays wide, submission is strict."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sslutil.exporters.exim import FILE
from tests.conftest import go_without
from tests.judges import ask, curl, exim, openssl
from tests.live.sites import NAME, Site, made
from tests.server.made import make_authority, make_client, make_crl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.made import Pair

pytestmark = pytest.mark.needs("apt-get", "dpkg", "unshare", "root", "openssl", "curl")

SERVICES = ("smtp", "submission", "submissions")
PROTOCOLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
BUILDS = [pytest.param("gnutls"), pytest.param("openssl", marks=pytest.mark.full)]
TLS_REFUSED = {8, 35, 55, 56}
"""How curl ends where the server breaks off."""
POLICIES = {
    "intermediate": ("p256", 'profile = "intermediate"'),
    "modern": ("p256", 'profile = "modern"'),
    "old": ("rsa2048", 'profile = "old"'),
    # A suite that TLS 1.0 has too, below a policy that begins with TLS 1.2.
    "custom": (
        "rsa2048",
        """profile = "custom"
protocols = ["TLSv1.2", "TLSv1.3"]
ciphers = ["ECDHE-RSA-AES128-SHA"]
ciphersuites = ["TLS_AES_256_GCM_SHA384"]
groups = ["X25519"]""",
    ),
}


class Running(NamedTuple):
    """An Exim, and what clients need of it."""

    build: str
    name: str
    site: Site
    ports: dict[str, int]
    folder: Path


def require_build(build: str) -> None:
    """Skip the test where the build is not there."""
    try:
        exim.find_program(build)
    except LookupError as missing:
        go_without(str(missing))


def accepted(running: Running, service: str, protocol: str) -> bool:
    """Tell whether a service speaks TLS with a client that has this protocol alone."""
    starttls = () if service == "submissions" else ("-starttls", "smtp")
    return openssl.connect(running.ports[service], NAME, protocol=protocol, options=starttls).completed


def enter(running: Running, service: str, *options: str | Path) -> int:
    """Return how curl ends that says NOOP after the handshake: 0 where the server let it in."""
    scheme = "smtps" if service == "submissions" else "smtp"
    url = f"{scheme}://{NAME}:{running.ports[service]}/"
    return curl.fetch(url, trusted=running.site.certificate, options=["--request", "NOOP", *options]).exit_status


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((build, name), id=f"{build}-{name}", marks=() if build == "gnutls" else pytest.mark.full)
        for build, name in product(exim.BUILDS, POLICIES)
    ],
)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Running]:
    """Exim with a policy."""
    build, name = request.param
    require_build(build)
    folder = tmp_path_factory.mktemp("exim")
    key_type, policy = POLICIES[name]
    site = made(
        folder / "registry",
        f'[site]\nnames = ["{NAME}"]\n[certificate]\nkey_type = "{key_type}"\n[tls]\n{policy}\n'
        '[deploy]\nexports = ["exim"]\n',
    )
    ports = {service: free_port() for service in SERVICES}
    with exim.serving(build, site.current / FILE, ports):
        yield Running(build, name, site, ports, folder)


class TestPolicy:
    """One policy, and port 25 beside it."""

    def test_protocols(self, running: Running) -> None:
        """Submission speaks what the policy says and no other; port 25 all that it can."""
        said = (running.site.current / "settings.toml").read_text()
        wanted = {protocol: f'"{protocol}"' in said for protocol in PROTOCOLS}

        for service in ("submission", "submissions"):
            assert wanted == {protocol: accepted(running, service, protocol) for protocol in PROTOCOLS}, service
        shut = running.build == "openssl" and running.name == "custom"
        wide = PROTOCOLS[2:] if shut else PROTOCOLS
        assert set(wide) == {protocol for protocol in PROTOCOLS if accepted(running, "smtp", protocol)}

    def test_ciphers(self, running: Running) -> None:
        """A suite outside the policy is refused by submission, and taken by port 25."""
        kind = "RSA" if POLICIES[running.name][0] == "rsa2048" else "ECDSA"
        suite = f"ECDHE-{kind}-AES128-CCM" if running.name == "old" else f"ECDHE-{kind}-AES256-SHA"
        for service, taken in (("submission", False), ("smtp", running.name != "old")):
            options = ("-cipher", f"{suite}:@SECLEVEL=0", "-tls1_2", "-starttls", "smtp")
            assert taken is openssl.connect(running.ports[service], NAME, options=options).completed, service

    def test_suites_of_tls13(self, running: Running) -> None:
        """GnuTLS takes the policy's suites of TLS 1.3 alone."""
        options = ("-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256", "-tls1_3", "-starttls", "smtp")
        taken = openssl.connect(running.ports["submission"], NAME, options=options).completed

        assert taken is (running.build == "openssl" or running.name != "custom")

    def test_groups(self, running: Running) -> None:
        """With GnuTLS a group outside the policy is refused by submission, and taken by port 25."""
        if running.build == "openssl":
            assert "Left out: any choice of groups, with OpenSSL" in (running.site.current / FILE).read_text()
            return
        for service, group, taken in (
            ("submission", "P-521", False),
            ("smtp", "P-521", True),
            ("submission", "X25519", True),
        ):
            options = ("-groups", group, "-tls1_3", "-starttls", "smtp")
            assert taken is openssl.connect(running.ports[service], NAME, options=options).completed, (service, group)

    def test_plain_text(self, running: Running) -> None:
        """Port 25 speaks in plain text too; no password is asked for before TLS."""
        assert 0 == enter(running, "smtp")
        assert 0 == enter(running, "smtp", "--ssl-reqd")
        assert 0 == enter(running, "submissions")
        plain = curl.fetch(f"smtp://{NAME}:{running.ports['submission']}/", options=["-v", "-X", "NOOP"]).words
        secret = curl.fetch(
            f"smtp://{NAME}:{running.ports['submission']}/",
            trusted=running.site.certificate,
            options=["-v", "-X", "NOOP", "--ssl-reqd"],
        ).words
        assert "AUTH PLAIN" not in plain
        assert "AUTH PLAIN" in secret

    @pytest.mark.needs("gnutls-cli")
    def test_gnutls_as_a_client(self, running: Running) -> None:
        """The other library gets in too, and with the lowest protocol that it has not."""
        lowest = "TLSv1.3" if running.name == "modern" else "TLSv1" if running.name == "old" else "TLSv1.2"
        for version in ("1.1", "1.2", "1.3"):
            verdict = connect(running, f"NORMAL:-VERS-ALL:+VERS-TLS{version}")
            assert verdict is (f"TLSv{version}" >= lowest), version

    def test_check(self, running: Running) -> None:
        """-bV takes it."""
        verdict = exim.check(running.build, running.site.current / FILE, running.ports)

        assert verdict.accepted, verdict.words


def connect(running: Running, priority: str) -> bool:
    """Tell whether gnutls-cli gets in at the port where TLS begins with the first byte."""
    port = str(running.ports["submissions"])
    status, words = ask(["gnutls-cli", "127.0.0.1", "--port", port, "--no-ca-verification", "--priority", priority])
    return status == 0 and "Handshake was completed" in words


def write(path: Path, *pairs: Pair) -> Path:
    """Write what a client shows: its certificate and key, then the authorities between it and the trusted one."""
    leaf, *between = pairs
    path.write_bytes(leaf.pem + leaf.key_pem + b"".join(pair.pem for pair in between))
    return path


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((build, mode), id=f"{build}-{mode}", marks=() if build == "gnutls" else pytest.mark.full)
        for build, mode in product(exim.BUILDS, ("optional", "require"))
    ],
)
def asking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Running]:
    """Exim that asks for certificates on port 587 alone."""
    build, mode = request.param
    require_build(build)
    folder = tmp_path_factory.mktemp("exim")
    root, foreign = make_authority("Our clients"), make_authority("Their clients")
    revoked = make_client(root, "revoked")
    write(folder / "good", make_client(root))
    write(folder / "revoked", revoked)
    write(folder / "foreign", make_client(foreign))
    (folder / "ca.pem").write_bytes(root.pem)
    (folder / "crl.pem").write_bytes(make_crl(root, revoked))
    site = made(
        folder / "registry",
        f'[site]\nnames = ["{NAME}"]\n[client_auth]\nmode = "{mode}"\nca_files = ["{folder}/ca.pem"]\n'
        f'crl_files = ["{folder}/crl.pem"]\nservices = ["submission"]\n[deploy]\nexports = ["exim"]\n',
    )
    ports = {service: free_port() for service in SERVICES}
    with exim.serving(build, site.current / FILE, ports):
        yield Running(build, mode, site, ports, folder)


class TestClients:
    """Client certificates, on the services that the site names."""

    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_who_is_let_in(self, asking: Running, version: str) -> None:
        """With "require" a client of our authority that is not revoked, and nobody else."""
        tls = ("--ssl-reqd", "--tlsv" + version, "--tls-max", version)
        for client in ("", "good", "foreign", "revoked"):
            shown: list[str | Path] = ["--cert", asking.folder / client] if client else []
            status = enter(asking, "submission", *tls, *shown)
            assert (status == 0) is (asking.name == "optional" or client == "good"), (client, status)
            assert status == 0 or status in TLS_REFUSED

    def test_who_is_asked(self, asking: Running) -> None:
        """The service that is named asks, with the authority's name; port 25 and the other service don't."""
        for service in SERVICES:
            starttls = () if service == "submissions" else ("-starttls", "smtp")
            seen = openssl.connect(asking.ports[service], NAME, options=starttls)
            assert (service == "submission") is ("Our clients" in seen.words), service


@pytest.mark.full
@pytest.mark.parametrize("listed", [True, False])
def test_authorities_of_the_system(tmp_path: Path, free_port: Callable[[], int], listed: bool) -> None:  # noqa: FBT001
    """With OpenSSL the system's authorities are trusted too; the export shuts their clients out all the same.

    Without a list it can't do so alone, and lets in nobody.
    """
    require_build("openssl")
    root, foreign = make_authority("Our clients"), make_authority("An authority of the system")
    (tmp_path / "ca.pem").write_bytes(root.pem)
    (tmp_path / "crl.pem").write_bytes(make_crl(root))
    (tmp_path / "system.pem").write_bytes(foreign.pem)
    crl = f'crl_files = ["{tmp_path}/crl.pem"]\n' if listed else ""
    site = made(
        tmp_path / "registry",
        f'[site]\nnames = ["{NAME}"]\n[client_auth]\nmode = "require"\nca_files = ["{tmp_path}/ca.pem"]\n{crl}'
        'services = ["submission"]\n[deploy]\nexports = ["exim"]\n',
    )
    ours, theirs = write(tmp_path / "ours", make_client(root)), write(tmp_path / "theirs", make_client(foreign))
    without = tmp_path / "without.conf"
    without.write_text(re.sub("^tls_crl.*", "", (site.current / FILE).read_text(), flags=re.MULTILINE))

    let_in = {}
    for file in (site.current / FILE, without):
        ports = {"submission": free_port()}
        with exim.serving("openssl", file, ports, system=tmp_path / "system.pem"):
            there = Running("openssl", "require", site, ports, tmp_path)
            let_in[file] = [
                0 == enter(there, "submission", "--ssl-reqd", "--cert", client) for client in (ours, theirs)
            ]

    assert {site.current / FILE: [listed, False], without: [True, True]} == let_in


@pytest.mark.parametrize("build", BUILDS)
def test_strange_path(build: str, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Exim reads just the path that is meant."""
    require_build(build)
    folder = tmp_path / "a $b \\c #d ü'\"$received_port"
    folder.mkdir()
    site = made(folder / "re", f'[site]\nnames = ["{NAME}"]\n[deploy]\nexports = []\n')
    answer = site.sslutil("export", "exim")
    assert 3 == answer.status, "a quote can't stand in the line that includes the file"

    folder = folder.rename(tmp_path / "a $b \\c #d ü'$received_port")
    site = made(folder / "re", f'[site]\nnames = ["{NAME}"]\n[deploy]\nexports = ["exim"]\n')
    ports = {"submission": free_port()}
    with exim.serving(build, site.current / FILE, ports):
        seen = openssl.connect(ports["submission"], NAME, trusted=site.certificate, options=("-starttls", "smtp"))
        assert seen.verified, seen.words
