"""What ends for clients before anybody sees to it: lists whose successor is missed, revocations whose day has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sslutil.checks.clients import EndingList, find_ending_lists, find_late
from sslutil.facts import ClientRecord, ListFacts

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def listed(age: float, left: float | None) -> ListFacts:
    """Return a list of so many days, with so many left; None: it says no end."""
    end = None if left is None else NOW + left * DAY
    return ListFacts(b"", "CN=One", 1, NOW - age * DAY, end, 0, 0)


@pytest.mark.parametrize(
    ("age", "left", "lapsed"),
    [
        (0, 30, None),
        (19, 11, None),
        (21, 9, False),
        (29, 1, False),
        (31, -1, True),
        (300, None, None),
    ],
)
def test_lists(age: float, left: float | None, lapsed: bool | None) -> None:  # noqa: FBT001  what is found
    """From the last third on the next one is missed, and after its end nobody gets in."""
    one = listed(age, left)
    found = () if lapsed is None else (EndingList(one, lapsed),)
    assert found == find_ending_lists([one], NOW)


@pytest.mark.parametrize(
    ("revoke_at", "revoked", "is_late"),
    [(None, None, False), (NOW + DAY, None, False), (NOW - DAY, None, True), (NOW - DAY, NOW - DAY, False)],
    ids=["no day", "to come", "missed", "done"],
)
def test_late(revoke_at: datetime | None, revoked: datetime | None, is_late: bool) -> None:  # noqa: FBT001
    """A certificate that was to be revoked by now, and is not."""
    record = ClientRecord(7, "anna@example.org", 1, NOW, NOW, NOW, "root", revoke_at=revoke_at, revoked=revoked)
    assert ((record,) if is_late else ()) == find_late([record], NOW)
