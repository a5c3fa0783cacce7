"""Requests that wait for their answer too long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sslutil.plan import due_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import CertificateFacts, RequestEntry, RequestRecord

PATIENCE = timedelta(days=14)
"""An authority's people answer within days; after two weeks somebody has to ask."""
LAST_WEEK = timedelta(days=7)


class Overdue(NamedTuple):
    """A request whose answer is missed."""

    request: RequestRecord
    critical: bool
    """Whether the certificate in force ends within a week, or has ended."""


def find_overdue(
    requests: Iterable[RequestEntry], certificate: CertificateFacts | None, renew_at: float, now: datetime
) -> tuple[Overdue, ...]:
    """Return the waiting requests whose answer is missed: old ones, and each once the certificate in force is due.

    A self-signed certificate renews itself, so that its end makes nothing urgent.
    """
    is_due = is_last_week = False
    if certificate is not None and not certificate.self_signed:
        is_due = now >= due_at(certificate, renew_at)
        is_last_week = now >= certificate.not_valid_after - LAST_WEEK
    return tuple(
        Overdue(entry.record, is_last_week)
        for entry in requests
        if entry.waits and (is_due or is_last_week or now - entry.record.time >= PATIENCE)
    )
