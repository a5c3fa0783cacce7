"""What is written depends on the OpenSSL that Apache loads: too new a group and it does not start."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import go_without
from tests.judges import apache, ask, openssl
from tests.live.sites import NAME, Site, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HYBRID = "X25519MLKEM768"
NEWER_DEBIAN = "trixie"
"""With OpenSSL 3.5, the first that knows the hybrid groups."""


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
        comment = f"# Left out, unknown to OpenSSL {version}: {HYBRID}"
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


@pytest.fixture(scope="module")
def newer_debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The next Debian in a folder, with its Apache and its openssl."""
    folder = tmp_path_factory.mktemp("newer") / "root"
    options = ["--variant=minbase", "--include=apache2-bin,openssl", "--merged-usr"]
    done = subprocess.run(
        ["debootstrap", *options, NEWER_DEBIAN, folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        go_without(f"a mirror of Debian {NEWER_DEBIAN}")
    yield folder
    shutil.rmtree(folder)  # 300 MB


@pytest.fixture
def newer_programs(newer_debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the judges run that Apache and that openssl: with their own loader and libraries, no chroot is needed."""
    [loader] = newer_debian.glob("usr/lib/*/ld-linux*")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, path in (("apache2", "usr/sbin/apache2"), ("openssl", "usr/bin/openssl")):
        words = [str(loader), "--library-path", str(loader.parent), str(newer_debian / path)]
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setattr(apache, "MODULES", newer_debian / "usr/lib/apache2/modules")


@pytest.mark.full
@pytest.mark.needs("root", "debootstrap", "apache2", "openssl")
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
