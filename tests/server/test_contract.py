"""Reading the registry: which one, which generation, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil import registry, server
from sslutil.errors import RegistryError, UsageError
from sslutil.server.contract import READINGS, read_with
from tests.server.made import NAME, MadeRegistry, make_authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.server.contract import Contents


class TestWhich:
    """Which registry `load` reads."""

    @pytest.fixture
    def places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
        """Four registries, one for each way to name one; the machine's file and default are below `tmp_path`."""
        paths = {name: tmp_path / name for name in ("given", "variable", "machine", "default")}
        for path in paths.values():
            MadeRegistry(path)
        (tmp_path / "registry-path").write_text(f"{paths['machine']}\n")
        monkeypatch.setattr(registry, "MACHINE_FILE", str(tmp_path / "registry-path"))
        monkeypatch.setattr(registry, "MACHINE_DEFAULT", str(paths["default"]))
        monkeypatch.setenv(registry.VARIABLE, str(paths["variable"]))
        return paths

    def test_the_given_path_then_the_variable_then_the_machine_then_the_default(
        self, places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each is asked only where those before it say nothing."""

        def found() -> Path:
            return server.load().directory.parent.parent

        assert places["given"] == server.load(places["given"]).directory.parent.parent
        assert places["variable"] == found()
        monkeypatch.setenv(registry.VARIABLE, "")
        assert places["machine"] == found()
        (tmp_path / "registry-path").unlink()
        assert places["default"] == found()

    def test_a_home_is_never_asked(
        self, places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a user stored for oneself does not move a server."""
        stored = tmp_path / "home" / ".config" / "sslutil" / "registry-path"
        stored.parent.mkdir(parents=True)
        stored.write_text(f"{places['given']}\n")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
        monkeypatch.delenv(registry.VARIABLE)
        assert places["machine"] == server.load().directory.parent.parent

    def test_relative_paths_are_made_absolute(self, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
        """A server may change its folder later."""
        monkeypatch.chdir(places["given"].parent)
        monkeypatch.setenv(registry.VARIABLE, "variable")
        assert places["given"] == server.load("given").directory.parent.parent
        assert places["variable"] == server.load().directory.parent.parent

    @pytest.mark.usefixtures("places")
    def test_a_bad_path_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither the variable nor the machine's file is guessed at."""
        monkeypatch.setenv(registry.VARIABLE, "bad\npath")
        with pytest.raises(UsageError):
            server.load()
        monkeypatch.delenv(registry.VARIABLE)
        (tmp_path / "registry-path").write_text("not/absolute\n")
        with pytest.raises(RegistryError, match="registry-path holds no absolute path"):
            server.load()
        (tmp_path / "registry-path").write_bytes(b"/\xff")
        with pytest.raises(RegistryError, match=r"can't read .*/registry-path"):
            server.load()


class TestCurrent:
    """What `current` may be."""

    def test_the_directory_is_the_generations_own(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """Not through the link: files opened later are of the same generation."""
        made = make_registry()
        made.flip()
        settings = server.load(made.path)
        assert (made.path / "generations" / "000002", 2) == (settings.directory, settings.generation)
        assert all(one.bundle_file.parent == settings.directory for one in settings.certificates)

    def test_no_registry_and_no_generation_have_the_command_that_makes_one(self, tmp_path: Path) -> None:
        """Both are told apart."""
        for path, message in ((tmp_path / "none", "there is no registry"), (tmp_path, "no generation is in force")):
            with pytest.raises(RegistryError, match=message) as fault:
                server.load(path)
            assert f"sslutil --registry-path {path} certificate self-sign" == fault.value.hint

    @pytest.mark.parametrize(
        "target",
        ["/etc", "../elsewhere", "generations/../elsewhere", "generations/1", "requests/000001"],
    )
    def test_current_points_to_a_generation_only(self, make_registry: Callable[..., MadeRegistry], target: str) -> None:
        """Anything else is no commit of ours."""
        made = make_registry()
        made.point_to(target)
        with pytest.raises(RegistryError, match="does not point to a generation"):
            server.load(made.path)

    def test_current_that_is_no_link_is_refused(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """A copy by a tool that follows links would never be flipped."""
        made = make_registry()
        (made.path / "current").unlink()
        made.folder.rename(made.path / "current")
        with pytest.raises(RegistryError, match=r"can't read the link .*/current"):
            server.load(made.path)

    def test_a_link_below_the_registry_is_refused(
        self, make_registry: Callable[..., MadeRegistry], tmp_path: Path
    ) -> None:
        """No link but `current` is followed there; the registry itself may lie behind one."""
        made = make_registry()
        behind = tmp_path / "behind"
        behind.symlink_to(made.path)
        assert server.load(behind).generation == 1
        made.folder.rename(tmp_path / "moved")
        made.folder.symlink_to(tmp_path / "moved")
        with pytest.raises(RegistryError, match="there is a link on the way"):
            server.load(made.path)

    def test_a_missing_generation_is_told(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """It is not waited for."""
        made = make_registry()
        made.point_to("generations/000009")
        with pytest.raises(RegistryError, match=r"000009/settings\.toml is missing"):
            server.load(made.path)

    def test_settings_whose_generation_was_pruned_become_those_in_force(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """ssl_context opens the key later than load read the settings."""
        made = make_registry()
        settings = server.load(made.path)
        made.flip(https_port=8384)
        made.prune(keep=1)
        settings.ssl_context()
        assert (2, 8384) == (settings.generation, settings.https_port)

    @pytest.mark.parametrize("flips", [1, 7, READINGS])
    def test_a_reading_is_begun_again_where_its_files_went(
        self, make_registry: Callable[..., MadeRegistry], flips: int
    ) -> None:
        """As long as another generation is in force each time, and not for ever."""
        made = make_registry()
        left = iter(range(flips))

        def make(contents: Contents) -> Path:
            if next(left, None) is not None:
                made.flip()
                made.prune(keep=1)
            (contents.directory / "bundle.pem").read_bytes()
            return contents.directory

        if flips == READINGS:
            with pytest.raises(RegistryError, match="changed during each of 100 readings"):
                read_with(made.path, make)
            return
        contents, directory = read_with(made.path, make)
        assert flips + 1 == contents.generation
        assert directory == contents.directory


class TestSettingsFile:
    """What settings.toml says."""

    def test_every_value_is_read(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """All that the contract names, spelt as in the file."""
        names = (NAME, "*.example.net", "192.0.2.1", "2001:db8::1")
        authority = make_authority()
        made = make_registry(
            names=names, https_port=8384, http_port=8383, hsts_max_age=9, mode="optional", ca=authority.pem, depth=2
        )
        settings = server.load(made.path)
        assert settings.enabled
        assert names == settings.names
        assert (8384, 8383, "offer", 9) == (
            settings.https_port,
            settings.http_port,
            settings.plain_http,
            settings.hsts_max_age,
        )
        assert (("TLSv1.2", "TLSv1.3"), ("X25519", "prime256v1", "secp384r1")) == (settings.protocols, settings.groups)
        assert (6, 3) == (len(settings.ciphers), len(settings.ciphersuites))
        assert not settings.prefer_server_ciphers
        assert not settings.session_tickets
        expected = server.ClientAuth("optional", 2, made.folder / "client-ca.crt", None)
        assert expected == settings.client_auth

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("version = 1", "version = 2", "version = 2"),
            ("version = 1\n", "", "version in .* is missing"),
            ("enabled = true", 'enabled = "yes"', "enabled in .* is neither true nor false"),
            ("https_port = 443", "https_port = true", "https_port in .* is not a number"),
            ("http_port = 80", "http_port = -1", "http_port in .* is not a number"),
            ('"offer"', '"open"', "plain_http in .* is none of offer, redirect, closed"),
            ('mode = "off"', 'mode = "of"', r"client_auth\.mode in .* is none of off, optional, require"),
            ('mode = "off"', 'mode = "require"', r"client_auth\.ca_file in .* is missing"),
            ("[client_auth]", "[else]", "client_auth in .* is missing"),
            ("[[certificate]]", "[certificate]", "certificate in .* is not an array of tables"),
            ('"bundle.pem"', '"../bundle.pem"', r"certificate\.bundle_file in .* is not the name of a file beside it"),
            ('"bundle.pem"', '"/etc/passwd"', r"certificate\.bundle_file in .* is not the name of a file beside it"),
            ('["TLSv1.2", "TLSv1.3"]', "[]", r"tls\.protocols in .* is not a list of one or more of"),
            ('"TLSv1.2"', '"SSLv3"', r"tls\.protocols in .* is not a list of one or more of"),
            ('"X25519"', '"X25519:P-521"', r"tls\.groups in .* is not a list of names"),
            ('["mail.example.org"]', '["mail.example.org\\n"]', "names in .* is not a list of names"),
            ("[tls]", "[tls", "is no TOML"),
            ("# Made", "# \udcff", "is no UTF-8"),
        ],
    )
    def test_what_is_wrong_is_told_with_file_and_key(
        self, make_registry: Callable[..., MadeRegistry], old: str, new: str, said: str
    ) -> None:
        """Nothing is guessed: a file cut short never means less than what it was."""
        made = make_registry()
        file = made.folder / "settings.toml"
        text = file.read_text()
        assert old in text
        file.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
        with pytest.raises(RegistryError, match=said) as fault:
            server.load(made.path)
        assert str(file) in fault.value.message
        assert fault.value.hint

    def test_a_settings_file_that_cant_be_read_is_told(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """A folder in its place is no file."""
        made = make_registry()
        (made.folder / "settings.toml").unlink()
        (made.folder / "settings.toml").mkdir()
        with pytest.raises(RegistryError, match=r"can't read .*/settings\.toml: Is a directory"):
            server.load(made.path)

    def test_every_line_that_is_missing_is_missed(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """Cut anywhere, the file is refused or means the same; an unknown key is left alone."""
        made = make_registry(mode="require", ca=make_authority().pem)
        file = made.folder / "settings.toml"
        lines = file.read_text().splitlines(keepends=True)
        for number, line in enumerate(lines):
            file.write_text("".join(lines[:number]))
            if line.strip():
                with pytest.raises(RegistryError):
                    server.load(made.path)
        file.write_text("novelty = 1\n" + "".join(lines))
        assert server.load(made.path).client_auth.mode == "require"

    def test_files_of_clients_count_only_where_clients_are_asked(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """What is named with mode "off" need not even be there."""
        made = make_registry()
        file = made.folder / "settings.toml"
        file.write_text(file.read_text() + 'ca_file = "none.crt"\ncrl_file = "none.crl"\n')
        settings = server.load(made.path)
        assert server.ClientAuth("off", 1, None, None) == settings.client_auth
        settings.ssl_context()

    @pytest.mark.parametrize(
        "ciphers", [[], ["HIGH"], ["ALL"], ["NOT-OF-THIS-WORLD"], ["TLS_AES_128_GCM_SHA256"], ["aNULL"]]
    )
    def test_what_names_no_suite_is_no_policy(
        self, make_registry: Callable[..., MadeRegistry], ciphers: list[str]
    ) -> None:
        """OpenSSL's own abbreviations would offer more than was written, an empty list its default."""
        made = make_registry(tls={"ciphers": ciphers})
        with pytest.raises(RegistryError, match=r"tls\.ciphers in "):
            server.load(made.path).ssl_context()
