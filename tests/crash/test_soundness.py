"""The judge of registries sees each kind of damage, and strace kills where it is told to: else both prove nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.scenarios import NAME, SELF_SIGN
from tests.crash.soundness import Entry, Tree, assert_sound, files, text
from tests.crash.tracing import Call, changes_below

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crash.scenarios import Lab
    from tests.crash.tracing import Tracer

OLD, NEW = "generations/000001", "generations/000002"


def without(path: str) -> Callable[[Tree], Tree]:
    """Lose a path, and all below it."""
    return lambda tree: {
        name: entry for name, entry in tree.items() if name != path and not name.startswith(f"{path}/")
    }


def replaced(path: str, **changes: object) -> Callable[[Tree], Tree]:
    """Have something else in a path."""
    return lambda tree: tree | {path: tree[path]._replace(**changes)}  # type: ignore[arg-type]


def swapped(name: str) -> Callable[[Tree], Tree]:
    """Have a file of the old generation in the new one, as a reader met them who opened two paths."""
    return lambda tree: tree | {f"{NEW}/{name}": tree[f"{OLD}/{name}"]}


DAMAGES = {
    "a key of another certificate": swapped("server.key"),
    "a certificate of another key": swapped("server.crt"),
    "a bundle of another pair": swapped("bundle.pem"),
    "settings of another generation": swapped("settings.toml"),
    "a record of another generation": swapped("generation.toml"),
    "no key": without(f"{NEW}/server.key"),
    "a key that others read": replaced(f"{NEW}/server.key", mode=0o644),
    "an empty file": replaced(f"{NEW}/apache.conf", content=b""),
    "a closed folder": replaced(NEW, mode=0o700),
    "no current": without("current"),
    "current names nothing": replaced("current", content=b"generations/000009"),
    "current leads out": replaced("current", content=b"/etc"),
    "deployed names nothing": replaced("deployed", content=b"generations/000009"),
    "half of site.toml": replaced("site.toml", content=b"version = 1\n[si"),
    "no site.toml": without("site.toml"),
    "the former generation is gone": without(OLD),
    "a request is gone": without("requests/000001"),
    "a request without its key": without("requests/000001/request.key"),
    "a request that others enter": replaced("requests/000001", mode=0o755),
    "a strange file": lambda tree: tree | {"server.key": Entry("file", 0o600)},
    "a text that waits in vain": lambda tree: tree | {".site.toml.2": tree["site.toml"]},
    "a mark of nothing": lambda tree: tree | {".refused": Entry("file", 0o644, b"9\n")},
}


@pytest.fixture
def trees(lab: Lab) -> tuple[Tree, Tree]:
    """A registry with a request, and the same after a change with a new key."""
    lab.done(*SELF_SIGN)
    lab.done("csr")
    before = lab.tree()
    lab.done("certificate", "self-sign", NAME, "webmail.example.org", "--new-key")
    return before, lab.tree()


def test_a_sound_registry_passes(trees: tuple[Tree, Tree]) -> None:
    """Nothing is found where nothing is wrong."""
    before, now = trees
    assert_sound(before, before, texts={text(before)})
    assert_sound(before, now, texts={text(before), text(now)})


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_each_damage_is_seen(damage: Callable[[Tree], Tree], trees: tuple[Tree, Tree]) -> None:
    """One thing is wrong, and it is found."""
    before, now = trees
    with pytest.raises((AssertionError, LookupError, ValueError)):
        assert_sound(before, damage(now), texts={text(before), text(now)})


def test_a_text_that_is_lost_is_seen(trees: tuple[Tree, Tree]) -> None:
    """The new generation is in force, site.toml says the old text, and the new one waits nowhere."""
    before, now = trees
    open_end = without("deployed")(now) | {"site.toml": before["site.toml"]}
    texts = {text(before), text(now)}
    assert_sound(before, open_end | {".site.toml.2": files(now, 2)["site.toml"]}, texts=texts)
    with pytest.raises(AssertionError, match="the new text is lost"):
        assert_sound(before, open_end, texts=texts)


def test_a_kill_lands_before_the_call(lab: Lab, tracer: Tracer) -> None:
    """Killed at the rename over `current`, a first run has nothing in force; one call later, it is."""
    calls = changes_below(tracer.trace(SELF_SIGN).calls, lab.folder)
    place = next(index for index, call in enumerate(calls) if call.text.endswith('"current"'))
    for call, in_force in ((calls[place], False), (calls[place + 1], True)):
        lab.clear()
        tracer.kill_at(call, SELF_SIGN)
        tree = lab.tree()
        assert NEW not in tree
        assert OLD in tree
        assert in_force == ("current" in tree)


def test_a_kill_that_does_not_come_is_noticed(lab: Lab, tracer: Tracer) -> None:
    """A run that ends by itself is no proof, and neither is one that is killed at another call."""
    with pytest.raises(AssertionError, match="not killed"):
        tracer.kill_at(Call("fsync", 1000, "", 0), SELF_SIGN)
    lab.clear()
    with pytest.raises(AssertionError, match="killed elsewhere"):
        tracer.kill_at(Call("fsync", 1, "5</nowhere>", 0), SELF_SIGN)
    lab.clear()
    with pytest.raises(AssertionError, match="nothing failed"):
        tracer.fail_at(Call("fsync", 1000, "", 0), "EIO", SELF_SIGN)
