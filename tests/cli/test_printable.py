"""Text from strangers, before a terminal gets it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis.strategies import characters, text

from sslutil.cli.printable import printable, printable_json

HARMFUL = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u2066", "\u200f", "\u2028", "\ud800"]


@given(text(characters(codec=None, exclude_categories=())))
def test_nothing_harmful_passes(typed: str) -> None:
    """Whatever comes in, no control character comes out, and what can be printed stays as it is."""
    shown = printable(typed)
    assert not set(HARMFUL) & set(shown)
    assert printable(shown) == shown


@given(text(characters(codec=None, exclude_categories=())))
def test_json_means_the_same(typed: str) -> None:
    """JSON keeps its meaning, and holds nothing harmful but line feeds."""
    shown = printable_json(json.dumps({"text": typed}, ensure_ascii=False, indent=2))
    assert {"text": typed} == json.loads(shown)
    assert {"\n"} >= set(HARMFUL) & set(shown)


def test_letters_stay() -> None:
    """Letters of any script are letters."""
    for plain in ("mail.example.org", "bücher.example", "почта.example", "→ …", "例え.example"):
        assert plain == printable(plain)


def test_how_it_is_shown() -> None:
    """An escape says which character it was."""
    assert "a\\x1b[31mb\\x0a\\u202ec\\ud800" == printable("a\x1b[31mb\n\u202ec\ud800")
