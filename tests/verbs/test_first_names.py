"""The names of a first certificate, where nobody typed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import UsageError
from sslutil.host import machine
from sslutil.verbs import csr, enable, self_sign
from tests.verbs.conftest import NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from tests.verbs.conftest import At

VERBS: tuple[Callable[[Run], Answer], ...] = (
    lambda run: self_sign.self_sign(run, self_sign.Request()),
    lambda run: csr.csr(run, csr.Request()),
    lambda run: enable.enable(run, enabled=True),
)
"""Commands that a registry can be born with."""


class Person:
    """Gives one answer, and counts how often it is asked."""

    def __init__(self, answer: str) -> None:
        """Keep the answer."""
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    def __call__(self, question: str, offer: str) -> str:
        """Answer."""
        self.asked.append((question, offer))
        return self.answer or offer


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows its full name."""
    monkeypatch.setattr(machine, "full_name", lambda: "mx.example.net")


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("verb", VERBS, ids=["self-sign", "csr", "enable"])
def test_a_person_is_asked_once(verb: Callable[[Run], Answer], at: At, registry: Path) -> None:
    """The question is asked once, with the machine's name as the offer, and never again."""
    person = Person(f"{NAME}  imap.example.org")
    verb(at(ask=person))
    assert ["mx.example.net"] == [offer for _, offer in person.asked]
    assert f'names = ["{NAME}", "imap.example.org"]' in (registry / "current/settings.toml").read_text()
    verb(at(ask=person))
    assert 1 == len(person.asked)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("verb", VERBS, ids=["self-sign", "csr", "enable"])
def test_a_script_is_told(verb: Callable[[Run], Answer], at: At, registry: Path) -> None:
    """Where nobody can be asked it is the machine's own name, and the answer says so."""
    assert "no name was given, so it is this machine's own: mx.example.net" in verb(at()).warnings
    assert 'names = ["mx.example.net"]' in (registry / "current/settings.toml").read_text()
    assert () == verb(at()).warnings


@pytest.mark.parametrize("verb", VERBS, ids=["self-sign", "csr", "enable"])
def test_no_name_at_all(verb: Callable[[Run], Answer], at: At, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows no full name of its own is no reason to invent one."""
    monkeypatch.setattr(machine, "full_name", lambda: None)
    with pytest.raises(UsageError, match="no name given") as refused:
        verb(at())
    assert "sslutil certificate self-sign mail.example.org" == refused.value.hint
    assert not registry.exists()


@pytest.mark.usefixtures("named")
def test_an_answer_that_is_no_name(at: At, registry: Path) -> None:
    """It is refused like one that was typed, before anything is made."""
    with pytest.raises(UsageError, match="is a URL") as refused:
        VERBS[0](at(ask=Person("https://mail.example.org/")))
    assert (NAME,) == refused.value.added
    assert not registry.exists()
