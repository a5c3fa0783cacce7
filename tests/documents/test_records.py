"""generation.toml, request.toml, compromised.toml: what is written is read again, and what is damaged is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.documents.records import (
    parse_compromised,
    parse_generation,
    parse_request,
    render_compromised,
    render_generation,
    render_request,
)
from sslutil.errors import RegistryError
from sslutil.facts import CompromisedKey, GenerationRecord, RequestRecord
from sslutil.steps.subject import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/r/generations/000007/generation.toml"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(1, 10**9)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001  made aware here
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
FILES = st.sampled_from(["server.key", "settings.toml", "apache-plain.conf"])
GENERATIONS = st.builds(
    GenerationRecord,
    number=NUMBERS,
    parent=st.none() | NUMBERS,
    time=MOMENTS,
    verb=TEXTS,
    who=TEXTS,
    why=st.lists(TEXTS, max_size=3).map(tuple),
    withdraws=st.booleans(),
    inputs=st.dictionaries(st.sampled_from(["apache", "openssl", "profiles"]), TEXTS),
    sha256=st.dictionaries(FILES, TEXTS),
    before=TEXTS,
)
REQUESTS = st.builds(
    RequestRecord,
    number=NUMBERS,
    time=MOMENTS,
    who=TEXTS,
    names=st.lists(TEXTS, max_size=3).map(tuple),
    key_type=TEXTS,
    new_key=st.booleans(),
    key_fingerprint=TEXTS,
    subject=st.dictionaries(st.sampled_from(sorted(PARTS)), TEXTS),
    must_staple=st.booleans(),
)
COMPROMISED = st.lists(st.builds(CompromisedKey, fingerprint=TEXTS, time=MOMENTS, who=TEXTS), min_size=1, max_size=3)
GENERATION = GenerationRecord(
    number=7,
    parent=6,
    time=datetime(2026, 11, 24, 12, tzinfo=UTC),
    verb="certificate renew",
    who="root",
    why=("renewal is due",),
    withdraws=False,
    inputs={"profiles": "1"},
    sha256={"server.key": "ab"},
    before="cd",
)
REQUEST = RequestRecord(
    number=3,
    time=datetime(2026, 11, 24, 12, tzinfo=UTC),
    who="root",
    names=("mail.example.org",),
    key_type="p256",
    new_key=False,
    key_fingerprint="ab",
)


@given(GENERATIONS)
def test_generation(record: GenerationRecord) -> None:
    """A generation's record is read as it was written."""
    assert record == parse_generation(render_generation(record).encode(), PATH)


@given(REQUESTS)
def test_request(record: RequestRecord) -> None:
    """A request's record is read as it was written."""
    assert record == parse_request(render_request(record).encode(), PATH)


@given(COMPROMISED)
def test_compromised(keys: list[CompromisedKey]) -> None:
    """The compromised keys are read as they were written."""
    assert tuple(keys) == parse_compromised(render_compromised(keys).encode(), PATH)


def test_request_of_before() -> None:
    """A request.toml without subject and must-staple, as older versions wrote it, asks for neither."""
    text = render_request(REQUEST)
    read = parse_request(text.encode(), PATH)

    assert "subject" not in text
    assert ({}, False) == (read.subject, read.must_staple)


@pytest.mark.parametrize("line", ["subject = 1", "subject = { unit = 1 }", "must_staple = 1", 'must_staple = "yes"'])
def test_wrong_wish(line: str) -> None:
    """What is seldom asked for is damage too where it is of another type."""
    with pytest.raises(RegistryError, match=f"^{PATH} is damaged: {line.partition(' ')[0]} is "):
        parse_request(f"{render_request(REQUEST)}{line}\n".encode(), PATH)


@pytest.mark.parametrize(
    "spelling", ["2026-11-24T13:00:00+01:00", "2026-11-24 12:00:00Z", "2026-11-24T12:00:00.000000Z"]
)
def test_time_of_another_zone(spelling: str) -> None:
    """A time is the same moment in whichever zone it is written, and is told in UTC."""
    text = render_request(REQUEST).replace("2026-11-24T12:00:00Z", spelling)
    read = parse_request(text.encode(), PATH)

    assert spelling in text
    assert REQUEST == read
    assert timedelta(0) == read.time.utcoffset()


def test_written_in_utc() -> None:
    """The time stands there in UTC, which is what the Z says."""
    assert "time = 2026-11-24T12:00:00Z\n" in render_generation(GENERATION)


RECORDS = [
    pytest.param(parse_generation, render_generation(GENERATION), id="generation"),
    pytest.param(parse_request, render_request(REQUEST), id="request"),
    pytest.param(parse_compromised, render_compromised([CompromisedKey("ab", REQUEST.time, "root")]), id="compromised"),
]


@pytest.mark.parametrize(("parse", "text"), RECORDS)
def test_missing_key(parse: Callable[[bytes, str], object], text: str) -> None:
    """A record that lacks one of its keys is damaged, and the sentence names file and key."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        key = line.partition(" = ")[0]
        if " = " in line and key not in {"version", "from", "profiles", '"server.key"'}:
            with pytest.raises(RegistryError, match=f"^{PATH} is damaged: {key} is missing"):
                parse("\n".join(lines[:index] + lines[index + 1 :]).encode(), PATH)


@pytest.mark.parametrize(("parse", "text"), RECORDS)
@pytest.mark.parametrize("other", ["1979-05-27", "1.5", "{}", "[1]", "[{}]"])
def test_wrong_type(parse: Callable[[bytes, str], object], text: str, other: str) -> None:
    """A key of another type is damage too, never a fault further on."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        key = line.partition(" = ")[0]
        if " = " in line and key != "version":
            damaged = [*lines[:index], f"{key} = {other}", *lines[index + 1 :]]
            with pytest.raises(RegistryError, match=f"^{PATH} is damaged: "):
                parse("\n".join(damaged).encode(), PATH)


@pytest.mark.parametrize("parse", [parse_generation, parse_request, parse_compromised])
@pytest.mark.parametrize(
    "content",
    [b"", b"number = 7", b"\xff", b"x = [", b"number = true", b"x = " + b"[" * 100_000, b"x = " + b"1" * 5000],
)
def test_damaged(parse: Callable[[bytes, str], object], content: bytes) -> None:
    """What is no record is told in one sentence, with a command that shows the file."""
    with pytest.raises(RegistryError, match=f"^{PATH} is damaged: ") as refused:
        parse(content, PATH)
    assert f"ls -l {PATH}" == refused.value.hint


@given(st.integers(0, len(render_generation(GENERATION)) - 1))
def test_cut_short(length: int) -> None:
    """A record that was cut short is damaged, or had all of it: it is never taken for another one."""
    text = render_generation(GENERATION)[:length]
    try:
        read = parse_generation(text.encode(), PATH)
    except RegistryError:
        return
    assert GENERATION._replace(sha256=read.sha256) == read
