"""Whether client certificates, their authorities and revocation lists will end before anybody sees to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import ClientRecord, ListFacts

LAST_PART = 1 / 3
"""The part of a list's time from which on the next one is missed: ours are signed anew then, others' come earlier."""


class EndingList(NamedTuple):
    """A revocation list whose successor is missed."""

    list: ListFacts
    lapsed: bool
    """Whether its time is over: a server that checks it refuses every client of its authority."""


def find_ending_lists(lists: Iterable[ListFacts], now: datetime) -> tuple[EndingList, ...]:
    """Return the lists that have lapsed, or of whose time less than a third is left."""
    timed = ((one, one.next_update) for one in lists)
    return tuple(
        EndingList(one, now > end)
        for one, end in timed
        if end is not None and (end - now) < (end - one.this_update) * LAST_PART
    )


def find_late(records: Iterable[ClientRecord], now: datetime) -> tuple[ClientRecord, ...]:
    """Return the client certificates that were to be revoked by now, and are not."""
    return tuple(one for one in records if one.revoked is None and one.revoke_at is not None and one.revoke_at < now)
