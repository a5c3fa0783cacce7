"""Errors: one class for each exit status, and the way they carry their cure."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil import errors
from sslutil.errors import SettingError, SiteError, SslutilError, UsageError, command

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SslutilError)]


def test_statuses() -> None:
    """Scripts rely on these numbers for ever; a setting's fault has the status of the site's."""
    assert {
        "SslutilError": 70,
        "UsageError": 2,
        "SiteError": 3,
        "SettingError": 3,
        "RegistryError": 4,
        "BusyError": 5,
        "MaterialError": 6,
        "IssuerError": 8,
        "ServerRefusedError": 9,
    } == {kind.__name__: kind.status for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_both_sentences(kind: type[SslutilError]) -> None:
    """Every kind keeps its sentence and its hint, is read as its sentence, and says what its status means."""
    error = kind("can't do it", "sslutil status")

    assert ("can't do it", "sslutil status", "can't do it") == (error.message, error.hint, str(error))
    assert kind.meaning


def test_meanings_differ() -> None:
    """Two statuses never mean the same."""
    meanings = {kind.status: kind.meaning for kind in KINDS}

    assert len(meanings) == len(set(meanings.values()))


def test_cures_are_kept() -> None:
    """A fault may say who could do it, or with which words, and stays the same fault."""
    error = SslutilError("x")

    assert error is error.cured_by("root") is error.cured_with("--wait", "300")
    assert ("root", ("--wait", "300")) == (error.account, error.added)


def test_details() -> None:
    """What was typed, and which key is at fault, are kept for whoever tells it; without them nothing is."""
    assert ("a", ("b",)) == ((usage := UsageError("x", typed="a", near=("b",))).typed, usage.near)
    assert (None, ()) == ((usage := UsageError("x")).typed, usage.near)
    assert ("site.names", "") == (SiteError("x", key="site.names").key, SiteError("x").key)
    assert ("tls.profile", "old") == ((fault := SettingError("x", key="tls.profile", near="old")).key, fault.near)


@given(st.lists(st.text(st.characters(exclude_characters="\0"))))
def test_command(words: list[str]) -> None:
    """A shell takes a command apart into exactly the words that it was made of, whatever they hold."""
    assert words == shlex.split(command(*words))
