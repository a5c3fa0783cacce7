"""What is written depends on the OpenSSL that Apache loads: too new a group and it does not start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.judges import apache, ask, openssl
from tests.live.sites import NAME, Site, made
from tests.servers import debian13

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HYBRID = "X25519MLKEM768"


def groups_of(site: Site) -> list[str]:
    """Return the groups that apache.conf names."""
    found = re.search(r"^SSLOpenSSLConfCmd Groups (.*)$", (site.current / "apache.conf").read_text(), re.MULTILINE)
    assert found
    return found[1].split(":")


def installed_openssl() -> tuple[int, ...]:
    """Return the version of the library that the openssl command, and Apache with it, loads."""
    _, words = ask(["openssl", "version"])
    found = re.search(r"Library: OpenSSL (\d+)\.(\d+)\.(\d+)", words)
    assert found
    return tuple(int(part) for part in found.groups())


def serves_hybrid(port: int) -> bool:
    """Tell whether a client that offers only the hybrid group gets a session with it."""
    seen = openssl.connect(port, NAME, protocol="TLSv1.3", options=["-groups", HYBRID])
    return (seen.completed, seen.group) == (True, HYBRID)


@pytest.mark.needs("apache2", "openssl")
class TestInstalled:
    """The OpenSSL of this machine."""

    def test_found(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Its version is found, the groups that it knows are written, and those it does not know are named."""
        site = made(tmp_path / "registry", f'site.names = ["{NAME}"]\n')
        knows = installed_openssl() >= (3, 5)

        assert knows is (HYBRID in groups_of(site))
        version = ".".join(map(str, installed_openssl()))
        comment = f"# Left out: {HYBRID}, unknown to OpenSSL {version}"
        assert knows is not (comment in (site.current / "apache.conf").read_text().splitlines())
        with apache.serving([(port := free_port(), site.host())]):
            assert knows is serves_hybrid(port)

    def test_given(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """A version in site.toml is believed instead: Apache starts with the group only where that is true."""
        site = made(tmp_path / "registry", f'site.names = ["{NAME}"]\ndeploy.versions = {{ openssl = "3.5.0" }}\n')
        serving = apache.serving([(free_port(), site.host())])

        assert HYBRID == groups_of(site)[0]
        if installed_openssl() >= (3, 5):
            with serving:
                return
        with pytest.raises(apache.RefusedError, match="AH02407"), serving:
            pass


@pytest.fixture
def newer_programs(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let the judges run the next Debian's Apache and openssl."""
    debian13.write_programs(debian13.root_folder(request.config, tmp_path_factory), tmp_path / "programs")
    monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=":")


@pytest.mark.full
@pytest.mark.needs("root", "debootstrap", "unshare", "apache2", "openssl")
@pytest.mark.usefixtures("newer_programs")
class TestNewer:
    """An OpenSSL that knows the hybrid groups."""

    @pytest.mark.parametrize("key_type", ["p256", "rsa2048", "ml-dsa-65"])
    def test_hybrid(self, tmp_path: Path, free_port: Callable[[], int], key_type: str) -> None:
        """A client gets a session with the hybrid group, and the certificate of any key type."""
        version = ".".join(map(str, installed_openssl()))
        wanted = f'deploy.versions = {{ openssl = "{version}" }}\ncertificate.key_type = "{key_type}"\n'
        site = made(tmp_path / "registry", f'site.names = ["{NAME}"]\n{wanted}')

        with apache.serving([(port := free_port(), site.host())]):
            seen = openssl.connect(port, NAME, trusted=site.certificate)
            assert serves_hybrid(port)
            assert not openssl.connect(port, NAME, options=["-groups", "SecP384r1MLKEM1024"]).completed

        assert (True, HYBRID) == (seen.verified, seen.group), seen.words
        assert site.fingerprint == seen.fingerprint

    def test_oldest(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """What was written for an older OpenSSL is served by a newer one, without the group."""
        site = made(tmp_path / "registry", f'site.names = ["{NAME}"]\ndeploy.versions = {{ openssl = "3.0.0" }}\n')

        with apache.serving([(port := free_port(), site.host())]):
            assert openssl.connect(port, NAME, trusted=site.certificate).verified
            assert not serves_hybrid(port)
