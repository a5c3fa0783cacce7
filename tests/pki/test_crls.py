"""Revocation lists: what is written comes back, and openssl reads the same."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError
from sslutil.facts import Revocation
from sslutil.pki.authorities import judge_authorities, judge_lists, merge_lists, split_authorities
from sslutil.pki.client_authority import make_client_authority
from sslutil.pki.crls import REASONS, describe_lists, make_crl, read_revocations, split_crls
from sslutil.pki.keys import make_key

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY, OTHER_KEY = make_key("p256"), make_key("p256")
CA = make_client_authority(KEY, common_name="One", domains=(), now=NOW, days=3650)
TWIN = make_client_authority(OTHER_KEY, common_name="One", domains=(), now=NOW, days=3650)
OTHER = make_client_authority(OTHER_KEY, common_name="Two", domains=(), now=NOW, days=3650)


@cache  # two signatures of the same list differ
def make(number: int = 5, *, begin: int = 0, days: int = 7, entries: tuple[Revocation, ...] = ()) -> bytes:
    """Return a list of One's, which begins so many days after NOW and holds for some."""
    now = NOW + timedelta(days=begin)
    return make_crl(KEY, CA, entries, number=number, now=now, next_update=now + timedelta(days=days))


@cache
def make_other(number: int = 5) -> bytes:
    """Return a list of Two's."""
    return make_crl(OTHER_KEY, OTHER, (), number=number, now=NOW, next_update=NOW + timedelta(days=7))


def test_round_trip() -> None:
    """Each reason that can be typed comes back, and number, dates and authority with it."""
    entries = tuple(Revocation(serial, NOW, reason) for serial, reason in enumerate(REASONS.values(), 1))
    crl = make(entries=entries)
    (told,) = describe_lists(TWIN + CA, crl)
    assert entries == read_revocations(crl)
    assert ("CN=One", 5, NOW, NOW + timedelta(days=7), 6, 1) == told[1:]
    assert (crl, make_other()) == split_crls(crl + make_other())


@pytest.mark.needs("openssl")
def test_openssl_reads_it(tmp_path: Path) -> None:
    """Number, serial number and reason are there; "unspecified" is left out, as RFC 5280 wants it."""
    (tmp_path / "list.pem").write_bytes(make(entries=(Revocation(0x4F, NOW, "keyCompromise"), Revocation(0x50, NOW))))
    asked: list[str | Path] = ["openssl", "crl", "-in", tmp_path / "list.pem", "-noout", "-text", "-crlnumber"]
    text = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "crlNumber=0x05" in text.replace("crlNumber=05", "crlNumber=0x05")
    assert ["4F", "50"] == [line.split()[-1] for line in text.splitlines() if "Serial Number" in line]
    assert 1 == text.count("Reason Code")


def test_ten_thousand() -> None:
    """A long list is read whole."""
    entries = tuple(Revocation(serial, NOW) for serial in range(1, 10_001))
    assert entries == read_revocations(make(entries=entries))


class TestJudged:
    """Lists of other authorities."""

    def test_taken(self) -> None:
        """Lists of the authorities are taken, of each the newest, and once they are in force again."""
        content = make(3, begin=-1) + make(5) + make_other()
        taken = judge_lists(CA + OTHER, content, "lists", now=NOW)
        assert {make(5), make_other()} <= set(split_crls(taken))
        assert [5, 5] == [one.number for one in describe_lists(CA + OTHER, taken)]
        assert taken == judge_lists(CA + OTHER, content, "lists", now=NOW, in_force=taken)
        assert taken == merge_lists(CA + OTHER, taken + taken)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (make(4), "an older list of CN=One than the one in force: number 4 of"),
            (make(5, begin=-1), "an older list"),
            (make_other(), "which none of the authorities in ca_files has signed"),
            (make_crl(OTHER_KEY, TWIN, (), number=9, now=NOW, next_update=NOW + timedelta(days=7)), "which none of"),
            (make(6, begin=-9), "lapsed on 2026-02-27 12:00 UTC"),
            (make(6, begin=2), "begins on 2026-03-03"),
            (make(6)[:-60], "cut short"),
            (CA, 'a PEM block "CERTIFICATE"'),
            (b"", "holds no revocation list"),
        ],
        ids=["number", "time", "another", "same name", "lapsed", "future", "cut", "certificate", "nothing"],
    )
    def test_refused(self, content: bytes, told: str) -> None:
        """A list that would bring somebody back, or lock everybody out, is refused with its file."""
        with pytest.raises(MaterialError) as refused:
            judge_lists(CA, content, "lists", now=NOW, in_force=make(5))
        assert refused.value.message.startswith("lists holds")
        assert told in refused.value.message

    def test_a_lapsed_one_stays(self) -> None:
        """What is in force already is no reason to stop when its time is over."""
        crl = make(5)
        assert crl == judge_lists(CA, crl, "lists", now=NOW + timedelta(days=30), in_force=crl)

    def test_in_between(self) -> None:
        """The list of an authority that is not at hand is taken only where chains may be longer."""
        assert make_other() == judge_lists(CA, make_other(), "lists", now=NOW, below=True)
        with pytest.raises(MaterialError):
            judge_lists(CA, make_other(), "lists", now=NOW)


class TestAuthorities:
    """Other authorities."""

    @pytest.mark.parametrize(("days", "told"), [(4000, "which expired on"), (-1, "which is not valid before")])
    def test_time(self, days: int, told: str) -> None:
        """One that has ended or not begun is refused, unless it is not judged by time."""
        assert CA == judge_authorities(CA, "ca", NOW) == judge_authorities(CA, "ca")
        with pytest.raises(MaterialError, match=rf"^ca holds CN=One, {told}"):
            judge_authorities(CA, "ca", NOW + timedelta(days=days))

    def test_split(self) -> None:
        """Several in one file are told apart."""
        assert (CA, OTHER) == split_authorities(CA + b"words\n" + OTHER)
        assert () == split_authorities(b"")
