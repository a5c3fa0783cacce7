"""The roster: what is written comes back, and damage never raises, never invents somebody."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.documents.roster import Roster, parse_roster, render_line, render_roster
from sslutil.facts import ClientRecord

BEGIN = datetime(2026, 11, 24, 23, tzinfo=UTC)
ANNA = ClientRecord(0xA1, "anna@example.org", 1, BEGIN, BEGIN.replace(year=2027), BEGIN, "root")
BERND = ANNA._replace(
    serial_number=0xB2,
    address="bernd@example.org",
    name='Bernd "B." Blöd\\',
    handed_over=BEGIN,
    revoked=BEGIN.replace(month=12),
    reason="keyCompromise",
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(9999, 1, 1)).map(  # noqa: DTZ001  made aware here
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
RECORDS = st.lists(
    st.builds(
        ClientRecord,
        serial_number=st.integers(0, 2**159 - 1),
        address=TEXTS,
        authority=st.integers(1, 10**6),
        not_valid_before=TIMES,
        not_valid_after=TIMES,
        time=TIMES,
        who=TEXTS,
        name=TEXTS,
        handed_over=st.none() | TIMES,
        revoke_at=st.none() | TIMES,
        revoked=st.none() | TIMES,
        reason=TEXTS,
    ),
    unique_by=lambda record: record.serial_number,
    max_size=5,
)
WHOLE = render_roster([ANNA, BERND]).encode()


class TestRoundTrip:
    """What is written comes back."""

    @given(RECORDS)
    def test_any(self, records: list[ClientRecord]) -> None:
        """Whatever names hold, each record has one line of its own, and comes back as it was."""
        text = render_roster(records)

        assert Roster(tuple(records)) == parse_roster(text.encode())
        assert len(records) == len(tomllib.loads(text)["client"])

    def test_line(self) -> None:
        """What says nothing is left out of a line."""
        assert render_line(ANNA).startswith('a1 = { address = "anna@example.org", ')
        assert not {"name", "handed_over", "revoked", "reason"} & tomllib.loads(render_line(ANNA))["a1"].keys()

    def test_nobody(self) -> None:
        """A roster of nobody, and an empty file, are a roster of nobody."""
        assert Roster() == parse_roster(render_roster([]).encode()) == parse_roster(b"")


class TestDamage:
    """What is damaged is told by its line."""

    def test_cut(self) -> None:
        """A file that is cut short anywhere has whole records, or none."""
        for length in range(len(WHOLE)):
            found = parse_roster(WHOLE[:length]).records
            assert (ANNA, BERND)[: len(found)] == found

    @given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
    def test_flipped(self, at: int, bits: int) -> None:
        """One wrong byte never raises, costs one line at most, and adds nobody."""
        content = bytearray(WHOLE)
        content[at] ^= bits
        found = parse_roster(bytes(content))

        assert len(found.records) <= len((ANNA, BERND))
        assert {ANNA, BERND} & set(found.records)

    @given(st.binary(max_size=300))
    def test_anything(self, content: bytes) -> None:
        """Bytes that are no roster have nobody."""
        assert parse_roster(content).records == ()

    @pytest.mark.parametrize(
        "line",
        [
            'a3 = {address = "anna@example.org"}',
            render_line(ANNA).replace("authority = 1", 'authority = "1"'),
            render_line(ANNA).replace("authority = 1", "authority = true"),
            render_line(ANNA).replace("address", "adress"),
            render_line(ANNA).replace("a1 =", "A1 ="),
            render_line(ANNA).replace("a1 =", f"{'f' * 41} ="),
            render_line(ANNA)[:-1] + ", colour = 1}",
            "a3 = {" + "a = {" * 2000 + "}" * 2001,
            "a3 = {authority = " + "9" * 5000 + "}",
        ],
    )
    def test_line(self, line: str) -> None:
        """A line that lacks something, or says too much or another kind of thing, is told, and costs no other."""
        head, anna, bernd = WHOLE.decode().rpartition("a1 = ")[0], render_line(ANNA), render_line(BERND)
        text = f"{head}{anna}\n{line}\n{bernd}\n"

        assert Roster((ANNA, BERND), (len(head.splitlines()) + 2,)) == parse_roster(text.encode())

    def test_twice(self) -> None:
        """A serial number that comes twice is the first one's."""
        text = WHOLE.decode() + render_line(ANNA._replace(address="mallory@example.org")) + "\n"

        assert Roster((ANNA, BERND), (len(text.splitlines()),)) == parse_roster(text.encode())
