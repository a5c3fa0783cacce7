"""What every web server's secure port and whole virtual host do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.exporters import ExportPlan
from sslutil.plan import make_policy
from sslutil.site import Site as Wanted
from sslutil.site import change
from tests.judges import curl, openssl
from tests.live.contracts import NAMES, Cases, Contract, check_refused, web_site
from tests.live.raw import get
from tests.live.sites import NAME, Site
from tests.server.made import make_authority, make_pair
from tests.servers import debian13

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.judges import Verdict
    from tests.servers.kinds import Kind

HSTS_AGE = 63072000
STOPPED = 124
"""The status of timeout where the program still ran."""


class Whole(NamedTuple):
    """A site, its ports, and its virtual host."""

    site: Site
    https: int
    http: int
    text: str


def make_whole(export: str, folder: Path, free_port: Callable[[], int], deployed: str = "") -> Whole:
    """Return a site that redirects, with its virtual host."""
    https, http = free_port(), free_port()
    more = f"https_port = {https}\nhttp_port = {http}\n{deployed}"
    site = web_site(export, folder / "registry", "redirect", names=NAMES, more=more)
    answer = site.sslutil("export", export, "--vhost")
    assert 0 == answer.status, answer.stderr
    return Whole(site, https, http, answer.stdout)


def write_certificate(folder: Path) -> str:
    """Write a certificate that an authority made, which HSTS needs, and ca.pem; return the table [certificate]."""
    authority = make_authority()
    server = make_pair(NAME, issuer=authority, names=(NAME,), purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    (folder / "server.crt").write_bytes(server.pem + authority.pem)
    (folder / "server.key").write_bytes(server.key_pem)
    (folder / "ca.pem").write_bytes(authority.pem)
    files = f'certificate_file = "{folder}/server.crt"\nkey_file = "{folder}/server.key"\n'
    return f'[certificate]\nissuer = "files"\n{files}'


def strict_plan(site: Site, https: int, http: int, versions: Mapping[str, tuple[int, ...]]) -> ExportPlan:
    """Return the plan of a site with HSTS."""
    wanted = change(Wanted(), {"site.names": [NAME], "site.https_port": https, "site.http_port": http})
    wanted = replace(wanted, site=replace(wanted.site, hsts_max_age=HSTS_AGE))  # a self-signed site can't have it
    return ExportPlan(wanted, make_policy(wanted), str(site.current), versions)


def check_hsts(site: Site, https: int, http: int, status: int) -> None:
    """Check that HSTS stands in an answer of the secure port, and in none of the plain one."""
    answer = curl.fetch(f"https://{NAME}:{https}/", trusted=site.certificate)

    assert (status, f"max-age={HSTS_AGE}") == (answer.status, answer.headers["strict-transport-security"])
    assert "strict-transport-security" not in curl.fetch(f"http://{NAME}:{http}/").headers


class SecureContract(Contract):
    """The secure port of a server that has a document root."""

    kind: ClassVar[Kind]
    cases: ClassVar[dict[str, Cases]] = {
        "test_one_protocol": Cases(
            "lists,spoken",
            [
                ('protocols = ["TLSv1.2"]\nciphers = ["ECDHE-ECDSA-AES256-GCM-SHA384"]\n', ["TLSv1.2"]),
                ('protocols = ["TLSv1.3"]\nciphersuites = ["TLS_AES_256_GCM_SHA384"]\n', ["TLSv1.3"]),
            ],
            ["TLSv1.2", "TLSv1.3"],
        )
    }

    def test_hsts(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """HSTS stands in every answer of the secure port, an error page too."""
        port = free_port()
        more = f"https_port = {port}\nhsts_max_age = {HSTS_AGE}\n{write_certificate(tmp_path)}"
        site = web_site(self.kind.name, tmp_path / "registry", "closed", more=more)
        with self.kind.serving(site, port):
            for path, status in (("", 200), ("nothing-here", 404)):
                answer = curl.fetch(f"https://{NAME}:{port}/{path}", trusted=tmp_path / "ca.pem")
                assert (status, f"max-age={HSTS_AGE}") == (answer.status, answer.headers["strict-transport-security"])

    def test_one_protocol(self, tmp_path: Path, free_port: Callable[[], int], lists: str, spoken: list[str]) -> None:
        """A policy of one's own with one protocol, one suite and one group is just that."""
        port = free_port()
        custom = f'[tls]\nprofile = "custom"\ngroups = ["secp384r1"]\n{lists}'
        site = web_site(self.kind.name, tmp_path / "registry", more=f"https_port = {port}\n{custom}")
        with self.kind.serving(site, port):
            seen = [openssl.connect(port, NAME, protocol=protocol) for protocol in openssl.PROTOCOL_OPTIONS]
            refused = openssl.connect(port, NAME, options=["-groups", "X25519"])

        assert spoken == [handshake.protocol for handshake in seen if handshake.completed]
        assert not refused.completed


class RegistryContract(Contract):
    """A registry may be called anything, or is refused."""

    export: ClassVar[str]
    statuses: ClassVar[set[int]] = {3}

    def test_refused(self, tmp_path: Path, name: str) -> None:
        """What the server would read as something else is refused before anything is written."""
        toml = f'site.names = ["{NAME}"]\ndeploy.exports = ["{self.export}"]\n'

        check_refused(Site(tmp_path / name), toml, "sslutil registry-path", self.statuses)


class WholeContract(Contract):
    """A whole virtual host."""

    export: ClassVar[str]
    status: ClassVar[int]
    """Of a page that is not there."""

    def serving(self, whole: Whole) -> AbstractContextManager[object]:
        """Run it."""
        raise NotImplementedError

    @pytest.fixture
    def whole(self, tmp_path: Path, free_port: Callable[[], int]) -> Whole:
        """One with all kinds of names."""
        return make_whole(self.export, tmp_path, free_port)

    def test_starts(self, whole: Whole) -> None:
        """It answers by both ports, speaks HTTP/2, and needs no file but the key and certificate."""
        with self.serving(whole):
            self.check_ports(whole)

        assert "include" not in re.sub("#.*", "", whole.text)

    def check_ports(self, whole: Whole) -> None:
        """Check what both ports answer."""
        url = f"https://{NAME}:{whole.https}/nothing-here"
        assert self.status == curl.fetch(url, trusted=whole.site.certificate).status
        seen = openssl.connect(whole.https, NAME, trusted=whole.site.certificate, options=["-alpn", "h2"])
        assert seen.verified
        assert "ALPN protocol: h2" in seen.words
        assert f"https://{NAME}:{whole.https}/a?b".encode() == get(whole.http, "/a?b").location


class NewerContract:
    """The next Debian's."""

    export: ClassVar[str]

    def serving(self, text: str) -> AbstractContextManager[object]:
        """Run a whole virtual host."""
        raise NotImplementedError

    def check(self, text: str) -> Verdict:
        """Return what the server's own test says of it."""
        raise NotImplementedError

    def test_virtual_host(self, newer: Path, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """A whole virtual host for it starts without a warning, and its plain port leads to the secure one."""
        versions = debian13.find_versions(newer)
        given = "\n".join(f'{name} = "{versions[name]}"' for name in (self.export, "openssl"))
        whole = make_whole(self.export, tmp_path, free_port, f"[deploy.versions]\n{given}\n")

        verdict = self.check(whole.text)
        with self.serving(whole.text):
            seen = openssl.connect(whole.https, NAME, trusted=whole.site.certificate)
            assert f"https://{NAME}:{whole.https}/a?b".encode() == get(whole.http, "/a?b").location

        assert (True, "X25519MLKEM768") == (seen.verified, seen.group), seen.words
        assert verdict.accepted, verdict.words
        assert "warn" not in verdict.words
