"""What a verb answers: words for a person and fields for a program, before anybody decides how they look."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.facts import Card


class Answer(NamedTuple):
    """The frozen result of one command."""

    headline: str
    """One sentence, without a full stop."""
    registry: str
    changed: bool = False
    generation: int | None = None
    """The generation in force afterwards."""
    lines: tuple[tuple[str, str], ...] = ()
    """Labels and values, in reading order."""
    heads: tuple[str, ...] = ()
    """The heads of the columns of `rows`."""
    rows: tuple[tuple[str, ...], ...] = ()
    """The last column but one may be long: on a narrow terminal it goes below the others."""
    cards: tuple[Card, ...] = ()
    """What else is shown, one after another."""
    written: tuple[str, ...] = ()
    """Absolute paths of what was written."""
    warnings: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    """The exact command lines that come next."""
    diff: str = ""
    """A unified diff, without a byte of any key."""
    bare: str | None = None
    """What stdout gets and nothing else, where a program reads it: a path, a PEM text, a configuration."""
    raw: bytes | None = None
    """The same where it is binary or holds a key: for a pipe, never for a terminal, nor for JSON but as `fields`."""
    fields: Mapping[str, Any] = MappingProxyType({})
    """Further fields of --json."""
