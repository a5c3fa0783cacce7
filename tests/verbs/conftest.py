"""Verbs called as the command line calls them, with a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from sslutil.host.accounts import owners
from sslutil.registry import Choice
from sslutil.steps.run import Run
from sslutil.verbs import self_sign

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mail.example.org"
BIRTH = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When the registries of these tests are born."""


class At(Protocol):
    """Gives the circumstances of a command."""

    def __call__(self, *, days: float = 0, verb: str = "test", **circumstances: Any) -> Run:  # noqa: ANN401
        """Return a Run so many days after BIRTH."""


@pytest.fixture
def at(registry: Path) -> At:
    """Circumstances of a command in the registry of the test, nobody to be asked."""

    def make(*, days: float = 0, verb: str = "test", **circumstances: Any) -> Run:  # noqa: ANN401
        choice = Choice(str(registry), "variable", "the test says so")
        moment = BIRTH + timedelta(days=days)
        return Run(choice, verb, lambda: moment, owners(), **circumstances)

    return make


@pytest.fixture
def born(at: At, registry: Path) -> Path:
    """A registry with one generation, made at BIRTH, whose certificate lives for 100 days."""
    self_sign.self_sign(at(verb="certificate self-sign"), self_sign.Request((NAME,), days=100))
    return registry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where files for people are written."""
    path = tmp_path / "handouts"
    path.mkdir()
    return path
