"""registry-path: where the keys live, why there, and who may say so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from sslutil.errors import RegistryError, UsageError
from sslutil.host import places as places_room
from sslutil.host.accounts import owners
from sslutil.host.places import Places
from sslutil.steps.run import Run
from sslutil.verbs.registry_path import registry_path

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.steps.answer import Answer

USER = 12345
"""No account of any machine, so without a home in the list of accounts."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of the test's own: its /etc is a folder."""
    monkeypatch.setattr(places_room, "MACHINE_FILE", str(tmp_path / "etc/xdg/sslutil/registry-path"))
    monkeypatch.setattr(places_room, "MACHINE_DEFAULT", str(tmp_path / "etc/sslutil"))
    return tmp_path


def of(machine: Path, user: int = USER, **environment: str) -> Places:
    """Return the places of an account on that machine."""
    return Places({"HOME": str(machine / "home"), **environment}, user, str(machine))


def call(places: Places, path: str | None = None, *, option: str | None = None, **said: Any) -> Answer:  # noqa: ANN401
    """Run the verb."""
    dry_run = said.pop("dry_run", False)
    run = Run(places.choose(option), "registry-path", lambda: None, owners(), dry_run=dry_run)  # type: ignore[arg-type, return-value]
    return registry_path(run, places, path, unset=said.get("unset", False))


def test_show(machine: Path) -> None:
    """It shows one bare path, and says why."""
    answer = call(of(machine), option="/x")
    assert ("/x\n", "/x, because the option --registry-path says so") == (answer.bare, answer.headline)
    assert ("option", False) == (answer.fields["source"], answer.changed)


def test_store(machine: Path) -> None:
    """A path is stored absolute, once, whether or not it is there."""
    places = of(machine)
    answer = call(places, "there")
    assert (f"{machine}/there\n", True, (places.file,)) == (answer.bare, answer.changed, answer.written)
    assert f"{machine}/there\n" == (machine / "home/.config/sslutil/registry-path").read_text()
    assert not (machine / "there").exists()
    again = call(places, f"{machine}/x/../there/")
    assert (False, ()) == (again.changed, again.written)
    assert "nothing to do" in again.headline
    assert ["registry-path"] == [path.name for path in (machine / "home/.config/sslutil").iterdir()]


def test_forget(machine: Path) -> None:
    """What was stored is forgotten, once; the answer is what counts from then on."""
    places = of(machine)
    places.store("/stored")
    answer = call(places, unset=True)
    assert (True, f"{machine}/home/.local/share/sslutil\n") == (answer.changed, answer.bare)
    assert not os.path.lexists(places.file)
    assert not call(places, unset=True).changed


def test_dry_runs(machine: Path) -> None:
    """A dry run tells the difference and changes nothing."""
    places = of(machine)
    assert f"--- {places.file}\n+++ {places.file}\n@@ -0 +1 @@\n+/a\n" == call(places, "/a", dry_run=True).diff
    assert not os.path.lexists(places.file)
    places.store("/a")
    assert call(places, "/b", dry_run=True).diff.endswith("-/a\n+/b\n")
    assert call(places, unset=True, dry_run=True).diff.endswith("@@ -1 +0 @@\n-/a\n")
    assert "/a" == places.stored()


def test_a_variable_overrides(machine: Path) -> None:
    """Whoever stores a path that a variable overrides is warned."""
    places = of(machine, SSLUTIL_REGISTRY_PATH="/variable")
    assert ("the variable SSLUTIL_REGISTRY_PATH overrides what is stored: /variable",) == call(places, "/a").warnings
    assert () == call(places, "/variable").warnings
    assert () == call(of(machine), "/b").warnings


@pytest.mark.parametrize(
    "typed", [r"software\ipswitch\imail\ssl", "softwareipswitchimailssl", r"\Software\Ipswitch\IMail\SSL"]
)
def test_the_original(typed: str, machine: Path) -> None:
    """The original's spelling, its backslashes eaten by a shell or not, is folders below the default place."""
    answer = call(of(machine), typed)
    assert f"{machine}/home/.local/share/sslutil/software/ipswitch/imail/ssl\n" == answer.bare


def test_what_is_no_folder(machine: Path) -> None:
    """A file can't be a registry."""
    (machine / "file").touch()
    with pytest.raises(RegistryError, match="file is not a folder"):
        call(of(machine), "file")


def test_contradictions(machine: Path) -> None:
    """A path to store, and one for this command alone or --unset, are two wishes."""
    for said in ({"option": "/x"}, {"unset": True}):
        with pytest.raises(UsageError, match="give one of the two"):
            call(of(machine), "/a", **said)
