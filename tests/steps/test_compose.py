"""Every byte of a generation, from its inputs alone."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from sslutil.exporters import EXPORTERS
from sslutil.facts import GenerationRecord
from sslutil.plan import OLDEST_OPENSSL
from sslutil.site import Site, change
from sslutil.steps import compose as room
from sslutil.steps.client_files import ClientFiles
from sslutil.steps.compose import (
    compose,
    find_versions,
    keep_files,
    key_files,
    make_client_files,
    make_export_plan,
)
from sslutil.steps.material import Material
from tests.steps.made import NAMES, NOW, make_situation

INSTALLED = {"apache": "2.4.57", "openssl": "3.0.17"}


def make_site(**edits: Any) -> Site:  # noqa: ANN401  TOML's values
    """Return a site of the keys that are given with __ for a dot."""
    return change(Site(), {"site.names": NAMES} | {key.replace("__", "."): value for key, value in edits.items()})


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have the programs of INSTALLED."""
    monkeypatch.setattr(
        room, "installed_versions", lambda programs: {name: INSTALLED[name] for name in programs if name in INSTALLED}
    )


def groups_of(site: Site, versions: dict[str, str]) -> tuple[bool, bool]:
    """Return whether settings.toml and apache.conf name the hybrid group of OpenSSL 3.5."""
    texts = {file.name: file.content.decode() for file in compose(site, "/r", versions)}
    line = next(line for line in texts["apache.conf"].splitlines() if line.startswith("SSLOpenSSLConfCmd Groups"))
    return "X25519MLKEM768" in tomllib.loads(texts["settings.toml"])["tls"]["groups"], "X25519MLKEM768" in line


class TestVersions:
    """What exports are written for."""

    def test_installed(self) -> None:
        """The installed versions count where the site says nothing."""
        assert INSTALLED == find_versions(make_site())

    def test_given(self) -> None:
        """What the site says counts before what is installed."""
        assert {"apache": "2.4.62", "openssl": "3.0.17"} == find_versions(
            make_site(deploy__versions={"apache": "2.4.62"})
        )

    def test_not_asked(self) -> None:
        """Without an export the machine is not asked, unless one is asked for."""
        assert {} == find_versions(make_site(deploy__exports=[]))
        assert INSTALLED == find_versions(make_site(deploy__exports=[]), asked="apache")

    def test_oldest(self) -> None:
        """A version that nobody knows is the oldest supported."""
        assumed = make_export_plan(make_site(), "/r", {})
        known = make_export_plan(make_site(), "/r", INSTALLED)

        oldest = {name: row.oldest for name, row in EXPORTERS.items() if row.oldest}
        assert {**oldest, "openssl": OLDEST_OPENSSL} == assumed.versions
        assert assumed.versions.keys() == assumed.assumed
        assert {**oldest, "apache": (2, 4, 57), "openssl": (3, 0, 17)} == known.versions
        assert oldest.keys() - {"apache"} == known.assumed

    @pytest.mark.parametrize(
        ("installed", "given", "named"),
        [("3.0.17", None, (False, False)), ("3.5.4", None, (False, True)), ("3.0.17", "3.5.0", (True, True))],
    )
    def test_groups(self, installed: str, given: str | None, named: tuple[bool, bool]) -> None:
        """settings.toml names a recent group only where the site says which OpenSSL reads it; Apache's is known."""
        site = make_site(deploy__versions={"openssl": given} if given else {})
        versions = {"apache": "2.4.62", "openssl": given or installed}

        assert named == groups_of(site, versions)


class TestCompose:
    """The files."""

    def test_names(self) -> None:
        """settings.toml always, and the files of the exports that the site asks for."""
        assert ["settings.toml", "apache.conf", "apache-plain.conf"] == [
            file.name for file in compose(make_site(), "/r", INSTALLED)
        ]
        assert ["settings.toml"] == [file.name for file in compose(make_site(deploy__exports=[]), "/r", {})]

    def test_again(self) -> None:
        """Equal inputs make equal bytes."""
        assert compose(make_site(), "/r", INSTALLED) == compose(make_site(), "/r", INSTALLED)

    def test_public(self) -> None:
        """Everything that is composed here may be read by everybody."""
        assert {(0o644, None)} == {(file.mode, file.group) for file in compose(make_site(), "/r", INSTALLED)}

    def test_paths(self) -> None:
        """Paths go through `current`, so that a reload is enough after a flip."""
        text = next(
            file.content for file in compose(make_site(), "/srv/k e y", INSTALLED) if file.name == "apache.conf"
        )

        assert b'SSLCertificateFile "/srv/k e y/current/server.crt"' in text

    @pytest.mark.parametrize(
        ("clients", "names"),
        [
            (ClientFiles(), []),
            (ClientFiles(b"a"), ["client-ca.crt"]),
            (ClientFiles(b"a", b"l"), ["client-ca.crt", "client-ca.crl", "client-trust.pem"]),
        ],
        ids=["nobody", "no list", "a list"],
    )
    def test_clients(self, clients: ClientFiles, names: list[str]) -> None:
        """Authorities are carried where there are any, lists where there is one, and both in one file for Dovecot."""
        carried = {file.name: file.content for file in make_client_files(clients)}

        assert names == list(carried)
        assert "client-trust.pem" not in carried or b"al" == carried["client-trust.pem"]


class TestKeep:
    """What a renewal keeps."""

    @staticmethod
    def make_record(*names: str) -> GenerationRecord:
        """Return the record of a generation with these files."""
        return GenerationRecord(7, 6, NOW, "x", "root", (), False, {}, dict.fromkeys(names, "ab"), "")  # noqa: FBT003

    def test_sealed(self) -> None:
        """It keeps what was sealed, but for material, client authorities, record and site."""
        names = ("settings.toml", "apache.conf", "client-ca.crt", "server.key", "server.crt", "bundle.pem", "site.toml")
        files = {**{name: name.encode() for name in names}, "generation.toml": b""}
        kept = keep_files(make_situation(record=self.make_record(*names), files=files))

        assert {
            "settings.toml": b"settings.toml",
            "apache.conf": b"apache.conf",
        } == {file.name: file.content for file in kept}

    @pytest.mark.parametrize("stray", ["server.key~", "server.key.bak", ".apache.conf.swp", "notes"])
    def test_stray(self, stray: str) -> None:
        """What an editor or a person left in the folder is not carried on: it may hold a key, and would be public."""
        files = {"settings.toml": b"", stray: b"-----BEGIN PRIVATE KEY-----"}
        kept = keep_files(make_situation(record=self.make_record("settings.toml"), files=files))

        assert ["settings.toml"] == [file.name for file in kept]


class TestKeyFiles:
    """The material's files."""

    @pytest.mark.parametrize(("group", "mode"), [(None, 0o600), (4711, 0o640), (0, 0o640)])
    def test_modes(self, group: int | None, mode: int) -> None:
        """Key and bundle, which is key, then chain, are private or for one group; the certificate is public."""
        assert [
            ("server.key", b"key", mode, group),
            ("server.crt", b"chain", 0o644, None),
            ("bundle.pem", b"keychain", mode, group),
        ] == [tuple(file) for file in key_files(Material(b"key", b"chain"), group)]
