"""Where a registry's path is stored, and which of the stored, given and default ones counts."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sslutil.errors import RegistryError
from sslutil.host import places as room
from sslutil.host.places import Places

if TYPE_CHECKING:
    from pathlib import Path

    from tests import accounts

USER = 4711
"""An account that is not root's; the machine knows no home of it."""


class Machine(NamedTuple):
    """Where a machine of its own keeps what is its own."""

    folder: Path
    """For homes."""
    file: Path
    """Where its registry's path is stored."""
    default: Path
    """Its default registry."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine of its own, on which nothing is stored."""
    own = Machine(tmp_path, tmp_path / "xdg" / "sslutil" / "registry-path", tmp_path / "machine")
    monkeypatch.setattr(room, "MACHINE_FILE", str(own.file))
    monkeypatch.setattr(room, "MACHINE_DEFAULT", str(own.default))
    return own


def places(environment: dict[str, str] | None = None, user: int = USER) -> Places:
    """Return the places of an account in /work."""
    return Places(environment or {}, user, "/work")


def store(path: Path, text: str) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class TestChoice:
    """Which registry counts, and why."""

    def test_precedence(self, machine: Machine) -> None:
        """Option, variable, user, machine, default: each counts until the one before it is given."""
        home = machine.folder / "home"
        environment = {"HOME": str(home)}
        told = [places(environment).choose(None)[:2]]
        store(machine.file, "/by/machine\n")
        told.append(places(environment).choose(None)[:2])
        store(home / ".config/sslutil/registry-path", "/by/user\n")
        told.append(places(environment).choose(None)[:2])
        environment["SSLUTIL_REGISTRY_PATH"] = "by/variable"
        told.append(places(environment).choose(None)[:2])
        told.append(places(environment).choose("by/option")[:2])

        assert [
            (f"{home}/.local/share/sslutil", "default"),
            ("/by/machine", "machine"),
            ("/by/user", "user"),
            ("/work/by/variable", "variable"),
            ("/work/by/option", "option"),
        ] == told

    def test_root(self, machine: Machine) -> None:
        """Root's choice is the machine's: what stands in its home does not count."""
        store(machine.folder / ".config/sslutil/registry-path", "/by/user\n")

        assert (str(machine.default), "default") == places({"HOME": str(machine.folder)}, 0).choose(None)[:2]
        store(machine.file, "/by/machine\n")
        assert ("/by/machine", "machine") == places({"HOME": str(machine.folder)}, 0).choose(None)[:2]

    def test_default_of_a_machine_that_has_one(self, machine: Machine) -> None:
        """Where the machine has a registry, it is everybody's default."""
        assert str(machine.folder / "data/sslutil") == places({"XDG_DATA_HOME": str(machine.folder / "data")}).default
        machine.default.mkdir()
        assert str(machine.default) == places({"XDG_DATA_HOME": str(machine.folder / "data")}).default

    def test_given_asks_nothing_else(self, machine: Machine) -> None:
        """A path that is given needs no home, and reads no file, however broken it is."""
        store(machine.file, "broken")

        assert "/x" == places().choose("/x").path
        assert "/x" == places({"SSLUTIL_REGISTRY_PATH": "/x"}).choose(None).path

    @pytest.mark.usefixtures("machine")
    def test_empty_variable(self) -> None:
        """An empty variable, as a shell exports it, chooses nothing."""
        assert "default" == places({"SSLUTIL_REGISTRY_PATH": "", "HOME": "/h"}).choose(None).source

    def test_original_spelling(self, machine: Machine) -> None:
        """The original's spelling lies below the default place, which without a home is the machine's."""
        assert f"{machine.folder}/machine/software/x" == places().choose(r"software\x").path
        assert (
            f"{machine.folder}/machine/software/ipswitch/imail/ssl"
            == places(user=0).choose(r"software\ipswitch\imail\ssl").path
        )


class TestHome:
    """Whose home counts."""

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize("value", ["", "relative", "~"])
    def test_variables_that_are_no_folder(self, value: str) -> None:
        """A variable that is empty or relative is ignored, as the XDG specification says."""
        chosen = places({"HOME": "/h", "XDG_DATA_HOME": value, "XDG_CONFIG_HOME": value})

        assert ("/h/.local/share/sslutil", "/h/.config/sslutil/registry-path") == (chosen.default, chosen.file)

    def test_no_home(self, machine: Machine) -> None:
        """An account without a home, as in a container, is asked to name a registry, unless the machine has one."""
        for ask in (lambda: places().choose(None), lambda: places().store("/x")):
            with pytest.raises(RegistryError, match=r"^this account has no home"):
                ask()
        store(machine.file, "/by/machine\n")
        assert "/by/machine" == places().choose(None).path

    @pytest.mark.usefixtures("machine")
    def test_home_of_the_accounts_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Under `env -i` the home is that of the list of accounts."""
        monkeypatch.setattr(room, "home_of", {USER: "/home/listed"}.get)

        assert "/home/listed/.local/share/sslutil" == places().default

    @pytest.mark.needs("root")
    def test_root_in_the_home_of_another(self, machine: Machine, second_user: accounts.Account) -> None:
        """Root, who may be here by sudo, stores for the machine and never in a user's home."""
        strange = {"HOME": str(second_user.home), "XDG_CONFIG_HOME": str(second_user.home / "config")}
        before = sorted(second_user.home.iterdir())
        places(strange, 0).store("/x")

        assert "/x\n" == machine.file.read_text(encoding="utf-8")
        assert "/x" == places(strange, 0).stored()
        assert before == sorted(second_user.home.iterdir())
        assert str(machine.folder / "machine") == places(strange, 0).default


class TestStore:
    """What is stored is read again."""

    @pytest.mark.parametrize("path", ["/srv/keys", "/srv/k e y s", "/srv/schlüssel", "/srv/\udcff", "/"])
    def test_round_trip(self, machine: Machine, path: str) -> None:
        """Any path that can be typed is stored and read as itself, and forgotten again."""
        mine = places({"HOME": str(machine.folder / "home")})
        mine.store(path)

        assert (path, path) == (mine.stored(), mine.choose(None).path)
        assert ["registry-path"] == os.listdir(machine.folder / "home/.config/sslutil")  # noqa: PTH208  names are enough
        mine.forget()
        assert mine.stored() is None
        with pytest.raises(RegistryError, match=f"^can't write {mine.file}: no such file"):
            mine.forget()

    def test_replaced(self, machine: Machine) -> None:
        """A second path takes the place of the first, readable for everybody."""
        mine = places({"HOME": str(machine.folder)})
        mine.store("/a" * 100)
        mine.store("/b")

        assert "/b" == mine.stored()
        assert 0o644 == stat.S_IMODE(os.stat(mine.file).st_mode)  # noqa: PTH116  a text

    @pytest.mark.parametrize("text", ["", "\n", "relative\n", "/a\n/b\n", "/a\0b\n", "# /a\n"])
    def test_no_path(self, machine: Machine, text: str) -> None:
        """A file that holds something else is told: what it meant is not guessed, and no second registry is made."""
        store(machine.file, text)
        with pytest.raises(RegistryError, match=f"^{machine.file} holds no absolute path$") as refused:
            places({"HOME": "/h"}).choose(None)
        assert f"rm {machine.file}" == refused.value.hint

    def test_unreadable(self, machine: Machine) -> None:
        """One that can't be read is told, and not passed over."""
        machine.file.mkdir(parents=True)
        with pytest.raises(RegistryError, match=f"^can't read {machine.file}: is a directory"):
            places({"HOME": "/h"}).choose(None)

    def test_unwritable(self, machine: Machine) -> None:
        """A folder that can't be made is told, with the file that was to be written."""
        (machine.folder / "file").touch()
        mine = places({"HOME": str(machine.folder / "file")})
        with pytest.raises(RegistryError, match=f"^can't write {mine.file}: "):
            mine.store("/x")
        assert mine.stored() is None
