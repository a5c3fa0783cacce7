"""Who may read what: modes, the group of a key, and what a tar keeps of them."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.store.lands import SELF_SIGN, SHARED_GROUP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests import accounts
    from tests.conftest import Result, Run

pytestmark = pytest.mark.needs("root")


class TestKeyGroup:
    """A server under an account of its own reads its key, and nobody else does."""

    @pytest.fixture
    def registry_of_roots(self, folder: Path) -> Path:
        """A registry that every account may enter."""
        return folder / "registry"

    def test_readable(
        self,
        registry_of_roots: Path,
        second_user: accounts.Account,
        sslutil_run: Run,
        run_as: Callable[..., subprocess.CompletedProcess[str]],
    ) -> None:
        """Key and bundle are root's and the group's, 0640; an account in the group reads both, another neither."""
        registry = registry_of_roots
        done = sslutil_run("--registry-path", str(registry), *SELF_SIGN, "--key-group", str(SHARED_GROUP))
        assert 0 == done.status, done
        for name in ("server.key", "bundle.pem"):
            path = registry / "current" / name
            status = path.stat()
            assert (0, SHARED_GROUP, 0o640) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
            assert path.read_text(encoding="utf-8") == run_as(second_user, ["cat", path], groups=[SHARED_GROUP]).stdout
            assert 0 != run_as(second_user, ["cat", path]).returncode
        for name in ("server.crt", "settings.toml", "apache.conf"):
            assert 0 == run_as(second_user, ["cat", registry / "current" / name]).returncode

    def test_private(
        self,
        registry_of_roots: Path,
        second_user: accounts.Account,
        sslutil_run: Run,
        run_as: Callable[..., subprocess.CompletedProcess[str]],
    ) -> None:
        """Without a group both are 0600, and no other account reads them, whatever its groups are."""
        registry = registry_of_roots
        sslutil_run("--registry-path", str(registry), *SELF_SIGN)
        for name in ("server.key", "bundle.pem"):
            path = registry / "current" / name
            assert 0o600 == stat.S_IMODE(path.stat().st_mode)
            assert 0 != run_as(second_user, ["cat", path], groups=[SHARED_GROUP]).returncode

    def test_renewed(self, registry_of_roots: Path, sslutil_run: Run) -> None:
        """What a renewal and an edit make has the same group; taking it away closes the key again."""
        run = ("--registry-path", str(registry_of_roots))
        sslutil_run(*run, *SELF_SIGN, "--key-group", "users")
        key = registry_of_roots / "current" / "server.key"
        for command in (("certificate", "renew", "--force"), ("disable",), ("certificate", "renew", "--new-key")):
            assert 0 == sslutil_run(*run, *command).status
            assert (SHARED_GROUP, 0o640) == (key.stat().st_gid, stat.S_IMODE(key.stat().st_mode))
        site = registry_of_roots / "site.toml"
        site.write_text(site.read_text(encoding="utf-8").replace('key_group = "users"', 'key_group = ""'), "utf-8")
        assert 0 == sslutil_run(*run, "apply").status
        assert (0, 0o600) == (key.stat().st_gid, stat.S_IMODE(key.stat().st_mode))

    def test_unknown(self, registry: Path, sslutil_run: Run) -> None:
        """A group that this machine lacks is told before anything is made."""
        refused = sslutil_run(*SELF_SIGN, "--key-group", "no-such-group")

        assert refused.status in {2, 3}
        assert "no-such-group is no group of this machine" in refused.stderr
        assert not registry.exists()

    def test_group_of_others(
        self, user_folder: Path, second_user_sslutil: Callable[..., Result], second_user: accounts.Account
    ) -> None:
        """A user gives a key to a group that it is in, and to no other."""
        registry = user_folder / "registry"
        words = ("--registry-path", str(registry), *SELF_SIGN, "--key-group", str(SHARED_GROUP))
        refused = second_user_sslutil(*words)
        assert 4 == refused.status, refused
        assert "operation not permitted" in refused.stderr
        assert not (registry / "current").is_symlink()
        assert not list(user_folder.rglob("server.key"))
        assert 0 == second_user_sslutil(*words, groups=[SHARED_GROUP]).status
        key = (registry / "current" / "server.key").stat()
        assert (second_user.uid, SHARED_GROUP, 0o640) == (key.st_uid, key.st_gid, stat.S_IMODE(key.st_mode))


class TestModes:
    """What is private and what is not, whatever the umask."""

    @pytest.mark.parametrize("umask", ["000", "022", "077", "777"])
    def test_modes(self, registry: Path, sslutil_run: Run, umask: str) -> None:
        """Each name of a registry has its mode."""
        before = ["sh", "-c", f'umask {umask}; exec "$@"', "sh"]
        assert 0 == sslutil_run(*SELF_SIGN, before=before).status
        assert 0 == sslutil_run("csr", "new.example.org", before=before).status
        modes = {
            str(path.relative_to(registry)): f"{stat.S_IMODE(path.lstat().st_mode):o}"
            for path in registry.rglob("*")
            if not path.is_symlink()
        }

        assert {
            "site.toml": "644",
            ".lock": "600",
            "generations": "755",
            "generations/000001": "755",
            "generations/000001/settings.toml": "644",
            "generations/000001/server.key": "600",
            "generations/000001/server.crt": "644",
            "generations/000001/bundle.pem": "600",
            "generations/000001/apache.conf": "644",
            "generations/000001/apache-plain.conf": "644",
            "generations/000001/generation.toml": "644",
            "generations/000001/site.toml": "644",
            "requests": "700",
            "requests/000001": "700",
            "requests/000001/request.csr": modes.get("requests/000001/request.csr"),
            "requests/000001/request.key": "600",
            "requests/000001/request.toml": modes.get("requests/000001/request.toml"),
        } == modes
        assert 0o755 == stat.S_IMODE(registry.stat().st_mode)


class TestRestore:
    """A tar of the registry restores whole."""

    def test_elsewhere(self, registry: Path, tmp_path: Path, sslutil_run: Run) -> None:
        """At another place it says the same, and goes on with the same key."""
        sslutil_run(*SELF_SIGN, "--key-group", "users")
        sslutil_run("csr", "new.example.org")
        sslutil_run("disable")
        archive, place = tmp_path / "registry.tar", tmp_path / "elsewhere"
        subprocess.run(["tar", "-C", registry, "-cpf", archive, "."], check=True, timeout=60)
        place.mkdir()
        subprocess.run(["tar", "-C", place, "-xpf", archive], check=True, timeout=60)
        run = ("--registry-path", str(place))
        key = (place / "current" / "server.key").read_bytes()

        before, after = (sslutil_run(*words, "status", "--json").stdout for words in ((), run))
        assert before.replace(str(registry), str(place)).replace("variable", "option") == after
        assert 0 == sslutil_run(*run, "certificate", "renew", "--force").status
        assert key == (place / "current" / "server.key").read_bytes()
        assert (SHARED_GROUP, 0o640) == (
            (path := place / "current" / "server.key").stat().st_gid,
            path.stat().st_mode & 0o777,
        )
        assert 0 == sslutil_run(*run, "enable").status
        assert str(registry) not in (place / "current" / "apache.conf").read_text(encoding="utf-8")
