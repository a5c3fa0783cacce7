"""Requests whose answer is missed: old ones, and each once the certificate in force is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sslutil.checks.requests import find_overdue
from sslutil.facts import CertificateFacts, KeyFacts, RequestEntry, RequestRecord

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RENEW_AT = 0.67


def request(age: float, number: int = 1) -> RequestRecord:
    """Return a request made so many days ago."""
    return RequestRecord(number, NOW - age * DAY, "root", ("mail.example.org",), "p256", False, "ab")  # noqa: FBT003


def certificate(left: float, *, self_signed: bool = False) -> CertificateFacts:
    """Return a certificate of 100 days with so many left."""
    end = NOW + left * DAY
    return CertificateFacts((), "", "", 1, end - 100 * DAY, end, "cd", KeyFacts("p256", "ab"), self_signed)


@pytest.mark.parametrize(
    ("age", "left", "found"),
    [
        (0, 50, None),
        (13.9, 50, None),
        (14, 50, False),
        (0, 33.1, None),
        (0, 32.9, False),
        (20, 32.9, False),
        (0, 7.1, False),
        (0, 7, True),
        (20, 3, True),
        (0, -1, True),
    ],
)
def test_missed(age: float, left: float, found: bool | None) -> None:  # noqa: FBT001
    """It is missed after two weeks, or once the certificate is due; in its last week that is critical."""
    overdue = find_overdue([RequestEntry(request(age), "waiting")], certificate(left), RENEW_AT, NOW)
    assert ([] if found is None else [found]) == [each.critical for each in overdue]


@pytest.mark.parametrize("left", [50, 20, 3, -1])
def test_self_signed(left: float) -> None:
    """A self-signed certificate renews itself: only the age of the request counts, as where nothing is served."""
    entries = [RequestEntry(request(3, 1), "waiting"), RequestEntry(request(15, 2), "waiting")]
    for served in (certificate(left, self_signed=True), None):
        found = find_overdue(entries, served, RENEW_AT, NOW)
        assert [(2, False)] == [(each.request.number, each.critical) for each in found]


def test_those_that_wait() -> None:
    """Nobody misses an answer that came, or one to a request that was discarded."""
    entries = [RequestEntry(request(90, 1), "answered"), RequestEntry(request(90, 2), "discarded")]
    assert () == find_overdue(entries, certificate(1), RENEW_AT, NOW)


def test_short_lived() -> None:
    """A certificate whose last week comes before it is due is critical from then on."""
    short = certificate(6)._replace(not_valid_before=NOW - DAY)
    assert [True] == [each.critical for each in find_overdue([RequestEntry(request(0), "waiting")], short, 0.9, NOW)]
