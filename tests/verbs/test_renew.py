"""Renewal follows the clock, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.verbs.renew import Request, renew
from tests.verbs.conftest import BIRTH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At

DUE = 67 - 1 / 24
"""Days: two thirds of 100, and the certificate begins an hour back."""


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(
    ("days", "changed"), [(0, False), (DUE - 0.01, False), (DUE + 0.01, True), (99, True), (500, True)]
)
def test_due(days: float, changed: bool, at: At) -> None:  # noqa: FBT001
    """The certificate is renewed from two thirds of its life on, and when it has expired too."""
    answer = renew(at(days=days), Request())
    assert changed == answer.changed
    assert ("renewal is due" in answer.fields["why"]) == changed
    assert (2 if changed else 1) == answer.generation


@pytest.mark.usefixtures("born")
def test_each_night(at: At) -> None:
    """Run every night for a year, it renews when due, and only then."""
    made = [days for days in range(365) if renew(at(days=days), Request()).changed]
    assert [67, 134, 201, 268, 335] == made


def test_the_key_stays(at: At, born: Path) -> None:
    """A renewal keeps the key, unless a new one is asked for."""
    key = (born / "current/server.key").read_bytes()
    renew(at(days=70), Request())
    assert key == (born / "current/server.key").read_bytes()
    renew(at(days=71), Request(new_key=True))
    assert key != (born / "current/server.key").read_bytes()


@pytest.mark.usefixtures("born")
def test_early(at: At) -> None:
    """--force renews before it is due, and says why it did."""
    answer = renew(at(days=1), Request(force=True))
    assert ["early renewal asked for"] == answer.fields["why"]
    assert answer.fields["certificate"]["not_valid_before"] > BIRTH.strftime("%Y-%m-%dT%H")


@pytest.mark.usefixtures("born")
def test_a_dry_run(at: At) -> None:
    """A dry run says what would be renewed, and renews nothing."""
    assert renew(at(days=70, dry_run=True), Request()).changed
    assert 1 == renew(at(days=1), Request()).generation


def test_nothing_to_renew(at: At, registry: Path) -> None:
    """Where nothing is in force there is nothing to renew, and the night run says so."""
    with pytest.raises(SiteError, match="nothing is in force") as refused:
        renew(at(), Request())
    assert "sslutil certificate self-sign mail.example.org" == refused.value.hint
    assert not registry.exists()


def test_compromised(at: At, born: Path) -> None:
    """A compromised key is replaced at once and never comes back; the same command again burns no second key."""
    old = (born / "current/server.key").read_bytes()
    first = renew(at(days=1), Request(compromised=True))
    new = (born / "current/server.key").read_bytes()
    assert old != new
    assert ["the key in force is marked as compromised"] == first.fields["why"]
    assert not renew(at(days=1), Request(compromised=True)).changed
    assert new == (born / "current/server.key").read_bytes()
    assert renew(at(days=1), Request(compromised=True, force=True)).changed
    assert new != (born / "current/server.key").read_bytes()
