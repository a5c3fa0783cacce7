"""The few lines of TOML that sslutil writes itself, judged by the standard library's reader."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.documents.toml import render_lines, render_text, render_value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 1, 1)).map(  # noqa: DTZ001  made aware below
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
)
KEYS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(VALUES)
def test_round_trip(value: Any) -> None:  # noqa: ANN401  whatever TOML can hold
    """Whatever is written on one line is read as the same value of the same type."""
    text = render_value(value)
    read = tomllib.loads(f"x = {text}\n")["x"]

    assert (value, type(value)) == (read, type(read))
    assert "\n" not in text


@given(st.dictionaries(KEYS, PLAIN))
def test_lines(values: dict[str, Any]) -> None:
    """Each key has one line, in the order that was given."""
    text = render_lines(values)

    assert list(values.items()) == list(tomllib.loads(text).items())
    assert len(values) == text.count("\n")


def test_tuple() -> None:
    """A tuple is an array, as a list is."""
    assert render_value(["a", ["b"]]) == render_value(("a", ("b",)))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"\\', r'"\"\\"'),
        ("\x00\x7f", r'"\u0000\u007f"'),
        ("\r\n\t", r'"\r\n\t"'),
        ("bücher", '"bücher"'),
    ],
)
def test_escapes(text: str, written: str) -> None:
    """Quotes, backslashes and control characters are escaped; letters of any script are not."""
    assert written == render_text(text)
