"""history: what was done, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError
from sslutil.verbs.configure_ports import Request, configure_ports
from sslutil.verbs.history import history

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


def test_nothing_yet(at: At, registry: Path) -> None:
    """Without a generation there is none to tell."""
    assert f"no generation in {registry} yet" == history(at()).headline
    assert () == history(at()).rows


def test_one(at: At, born: Path) -> None:
    """One is one, not several."""
    answer = history(at())
    assert f"1 generation in {born}" == answer.headline
    number, time, verb, _, what, state = answer.rows[0]
    assert ("1", "2026-03-01 12:00", "certificate self-sign", "first certificate", "in force") == (
        number,
        time,
        verb,
        what,
        state,
    )


def test_several(at: At, born: Path) -> None:
    """The newest comes first; the state says which is in force, and whether a reload is owed."""
    configure_ports(at(days=1, verb="configure ports"), Request(https_port=8443))
    configure_ports(at(days=2, verb="configure ports", reload=False), Request(https_port=8444))
    answer = history(at())
    assert f"3 generations in {born}" == answer.headline
    assert ["3", "2", "1"] == [row[0] for row in answer.rows]
    assert ["in force, reload owed", "", ""] == [row[-1] for row in answer.rows]
    assert [2, 1, None] == [entry["from"] for entry in answer.fields["generations"]]
    assert [True, False, False] == [entry["in_force"] for entry in answer.fields["generations"]]
    assert "2026-03-03T12:00:00Z" == answer.fields["generations"][0]["time"]
    assert ["site.https_port: 8443 → 8444"] == answer.fields["generations"][0]["why"]


def test_a_damaged_record(at: At, born: Path) -> None:
    """A record that can't be read is named."""
    record = born / "current/generation.toml"
    record.write_text("number = ")
    with pytest.raises(RegistryError, match=r"generation\.toml is damaged"):
        history(at())
