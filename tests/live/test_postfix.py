"""A real Postfix with the export: port 25 stays wide, submission is strict, and postconf sets the same."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sslutil.exporters.postfix import MAIN, MASTER, render, render_include, suggest
from tests.exporters.test_postfix import plan
from tests.judges import ask, curl, openssl, postfix
from tests.live.sites import NAME, Site, made
from tests.server.made import make_authority, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.made import Pair

pytestmark = pytest.mark.needs("postfix", "root", "openssl", "curl")

SERVICES = ("smtp", "submission", "submissions")
PROTOCOLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
TLS_REFUSED = {8, 35, 55, 56}
"""How curl ends where the server breaks off the handshake, or answers 454 and closes."""


class Running(NamedTuple):
    """A Postfix, and what clients need of it."""

    site: Site
    ports: dict[str, int]
    folder: Path


def texts(site: Site) -> tuple[str, str]:
    """Return the export."""
    return (site.current / MAIN).read_text(), (site.current / MASTER).read_text()


def accepted(running: Running, service: str, protocol: str) -> bool:
    """Tell whether a service speaks TLS with a client that has this protocol alone."""
    starttls = () if service == "submissions" else ("-starttls", "smtp")
    return openssl.connect(running.ports[service], NAME, protocol=protocol, options=starttls).completed


def enter(running: Running, service: str, *options: str | Path) -> int:
    """Return how curl ends that says NOOP after the handshake: 0 where the server let it in."""
    scheme = "smtps" if service == "submissions" else "smtp"
    url = f"{scheme}://{NAME}:{running.ports[service]}/"
    return curl.fetch(url, trusted=running.site.certificate, options=["--request", "NOOP", *options]).exit_status


@pytest.fixture(scope="module", params=["intermediate", "modern", "old"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Running]:
    """Postfix with a profile."""
    folder = tmp_path_factory.mktemp("postfix")
    key = 'key_type = "rsa2048"' if request.param == "old" else 'key_type = "p256"'
    site = made(
        folder / "registry",
        f'[site]\nnames = ["{NAME}"]\n[certificate]\n{key}\n[tls]\nprofile = "{request.param}"\n'
        '[deploy]\nexports = ["postfix"]\n',
    )
    ports = {service: free_port() for service in SERVICES}
    with postfix.serving(*texts(site), ports):
        yield Running(site, ports, folder)


class TestPolicy:
    """One policy, and port 25 beside it."""

    def test_protocols(self, running: Running) -> None:
        """Submission speaks what the policy says and no other; port 25 all that it can."""
        said = (running.site.current / "settings.toml").read_text()
        wanted = {protocol: f'"{protocol}"' in said for protocol in PROTOCOLS}

        for service in ("submission", "submissions"):
            assert wanted == {protocol: accepted(running, service, protocol) for protocol in PROTOCOLS}, service
        assert all(accepted(running, "smtp", protocol) for protocol in PROTOCOLS)

    def test_ciphers(self, running: Running) -> None:
        """A suite outside the policy is refused by submission, and taken by port 25."""
        said = (running.site.current / "settings.toml").read_text()
        suite = "DHE-RSA-AES128-SHA256" if "rsa" in said else "ECDHE-ECDSA-CAMELLIA128-SHA256"
        options = ("-cipher", suite, "-tls1_2", "-starttls", "smtp")

        assert not openssl.connect(running.ports["submission"], NAME, options=options).completed

    def test_groups(self, running: Running) -> None:
        """A group outside the policy is refused by submission, and taken by port 25; one of it is taken by both."""
        for service, group, taken in (
            ("submission", "P-521", False),
            ("smtp", "P-521", True),
            ("submission", "P-384", True),
            ("submission", "X25519", True),
        ):
            options = ("-groups", group, "-tls1_3", "-starttls", "smtp")
            answer = openssl.connect(running.ports[service], NAME, options=options)
            assert taken is answer.completed, (service, group)

    def test_plain_text(self, running: Running) -> None:
        """Port 25 takes mail in plain text; submission takes no command before TLS."""
        assert 0 == enter(running, "smtp", "--mail-from", "a@example.net", "--mail-rcpt", f"x@{NAME}")
        assert 0 == enter(running, "smtp")
        assert 0 == enter(running, "submission", "--ssl-reqd")
        assert 0 == enter(running, "submissions")
        words = ask(["curl", "-sv", f"smtp://127.0.0.1:{running.ports['submission']}/", "-X", "VRFY x"])[1]
        assert "Must issue a STARTTLS command first" in words

    def test_check(self, running: Running) -> None:
        """`postfix check` and postconf have nothing to say."""
        verdict = postfix.check(*texts(running.site), running.ports)

        assert verdict.accepted, verdict.words


def write(path: Path, *pairs: Pair) -> Path:
    """Write what a client shows: its certificate and key, then the authorities between it and the trusted one."""
    leaf, *between = pairs
    path.write_bytes(leaf.pem + leaf.key_pem + b"".join(pair.pem for pair in between))
    return path


@pytest.fixture(scope="module", params=["optional", "require", "require-deep"])
def asking(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[tuple[str, Running]]:
    """Postfix that asks on port 587 alone."""
    folder = tmp_path_factory.mktemp("postfix")
    mode, _, depth = request.param.partition("-")
    depth = 2 if depth else 1
    root, foreign = make_authority("Our clients"), make_authority("Their clients")
    below = make_authority("A department", root)
    lowest = make_authority("A desk", below)
    write(folder / "good", make_client(root))
    write(folder / "foreign", make_client(foreign))
    write(folder / "deep", make_client(below), below)
    write(folder / "deeper", make_client(lowest), lowest, below)
    (folder / "ca.pem").write_bytes(root.pem)
    site = made(
        folder / "registry",
        f'[site]\nnames = ["{NAME}"]\n[client_auth]\nmode = "{mode}"\ndepth = {depth}\nca_files = ["{folder}/ca.pem"]\n'
        'services = ["submission"]\n[deploy]\nexports = ["postfix"]\n',
    )
    ports = {service: free_port() for service in SERVICES}
    with postfix.serving(*texts(site), ports):
        yield mode, Running(site, ports, folder)


class TestClients:
    """Client certificates, on the services that the site names."""

    @pytest.mark.parametrize("version", ["1.2", "1.3"])
    def test_who_is_let_in(self, asking: tuple[str, Running], version: str) -> None:
        """With "require" a client of our authority alone; with two authorities too, as the file says."""
        mode, there = asking
        tls = ("--ssl-reqd", "--tlsv" + version, "--tls-max", version)
        answers: dict[str, int] = {}
        for client in ("", "good", "foreign", "deep", "deeper"):
            shown: list[str | Path] = ["--cert", there.folder / client] if client else []
            answers[client] = enter(there, "submission", *tls, *shown)

        for client, status in answers.items():
            assert (status == 0) is (mode == "optional" or client in {"good", "deep"}), (client, status)
            assert status == 0 or status in TLS_REFUSED

    def test_who_is_asked(self, asking: tuple[str, Running]) -> None:
        """The service that is named asks, with the authority's name; port 25 and the other service don't."""
        _, there = asking
        for service in SERVICES:
            starttls = () if service == "submissions" else ("-starttls", "smtp")
            seen = openssl.connect(there.ports[service], NAME, options=starttls)
            assert (service == "submission") is ("Our clients" in seen.words)


VARIANTS = {
    "intermediate": {},
    "modern": {"tls.profile": "modern"},
    "old": {"tls.profile": "old"},
    "clients": {
        "client_auth.mode": "require",
        "client_auth.ca_files": ["/ca"],
        "client_auth.services": ["submissions"],
    },
}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("there", [True, pytest.param(False, marks=pytest.mark.full)])
def test_suggestion(tmp_path: Path, values: dict[str, object], there: bool) -> None:  # noqa: FBT001
    """The commands set what the files say, run once or twice, and keep another option of a service."""
    wanted = plan(values)._replace(directory="/srv/a$b\"'#\\ü/current")
    by_commands, by_files = tmp_path / "commands", tmp_path / "files"
    for folder in (by_commands, by_files):
        folder.mkdir()
        (folder / "main.cf").write_text("compatibility_level = 3.6\n")
        (folder / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    other = "submission inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n" if there else ""
    with (by_commands / "master.cf").open("a") as master:
        master.write(other)
    for name, text in render(wanted).items():
        with (by_files / ("main.cf" if name == MAIN else "master.cf")).open("a") as file:
            file.write(text)

    for _ in range(2):
        run(suggest(wanted), by_commands)

    kept = ["submission/inet/smtpd_sasl_auth_enable = yes"] if there else []
    assert told(by_files, "-n") == told(by_commands, "-n")
    assert sorted([*told(by_files, "-P"), *kept]) == told(by_commands, "-P")


def test_include(tmp_path: Path, made_files: Path) -> None:
    """The command that takes main.cf's lines in does so, and running it twice changes nothing."""
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")
    (tmp_path / "master.cf").touch()
    for _ in range(2):
        run(render_include(str(made_files))[MAIN], tmp_path)

    lines = [line for line in (made_files / MAIN).read_text().splitlines() if not line.startswith("#")]
    assert sorted(["compatibility_level = 3.6", *lines]) == told(tmp_path, "-n")


@pytest.fixture
def made_files(tmp_path: Path) -> Path:
    """A folder with a strange name, and the files in it."""
    folder = tmp_path / "a'b"
    folder.mkdir()
    for name, text in render(plan()._replace(directory=str(folder))).items():
        (folder / name).write_text(text)
    return folder


def run(commands: str, folder: Path) -> None:
    """Run command lines on the configuration in `folder`: a postconf of ours passes its words on with -c."""
    (folder / "bin").mkdir(exist_ok=True)
    postconf = folder / "bin" / "postconf"
    postconf.write_text(f'#!/bin/sh\nexec {shutil.which("postconf")} -c "{folder}" "$@"\n')
    postconf.chmod(0o755)
    environment = {"PATH": f"{folder}/bin:/usr/sbin:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-eu"], input=commands, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


def told(folder: Path, option: str) -> list[str]:
    """Return what postconf says of the configuration in `folder`, in order."""
    status, words = ask(["postconf", "-c", folder, option])
    assert status == 0, words
    return sorted(line for line in words.splitlines() if not line.startswith("config_directory"))
