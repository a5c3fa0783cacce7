"""The request desk: one request for one wish, never over a compromised key, and no key lost by discarding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sslutil.disk import open_folder
from sslutil.errors import MaterialError, RegistryError
from sslutil.facts import GenerationRecord, RequestRecord
from sslutil.names import parse_identities
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.keys import make_key
from sslutil.pki.requests import describe_request
from sslutil.registry import CERTIFICATE, KEY
from sslutil.steps import requests
from sslutil.steps.requests import Wanted, find_waiting, make_request
from sslutil.steps.situation import look_at, read_compromised, read_requests
from sslutil.store import requests as ledger
from tests.steps.made import NOW, make_run, make_situation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslutil.disk import Folder
    from sslutil.steps.situation import Situation

NAMES = parse_identities(["mail.example.org", "imap.example.org"])
WANTED = Wanted(NAMES, "p256", new_key=False)
IN_FORCE, OTHER = make_key("p256"), make_key("p256")
CHAIN = make_self_signed(IN_FORCE, NAMES, now=NOW, days=90)
RUN = make_run()
OTHERS: list[dict[str, Any]] = [
    {"names": NAMES[::-1]},
    {"names": NAMES[:1]},
    {"key_type": "p384"},
    {"new_key": True},
    {"subject": {"country": "AT"}},
    {"must_staple": True},
]


def served(*, parent: int | None = None, **more: Any) -> Situation:  # noqa: ANN401  fields of a situation
    """Return a situation in which the first key is in force."""
    record = GenerationRecord(7, parent, NOW, "test", "root", (), False, {}, {}, "")  # noqa: FBT003
    return make_situation(files={KEY: IN_FORCE.pem, CERTIFICATE: CHAIN}, record=record, **more)


@pytest.fixture
def root(registry: Path) -> Iterator[Folder]:
    """An open registry with nothing in it."""
    registry.mkdir()
    with open_folder(str(registry)) as folder:
        yield folder


class TestMade:
    """One request for one wish."""

    def test_over_the_key_in_force(self, root: Folder) -> None:
        """It is over the key in force, and its record says all that was wished."""
        wanted = WANTED._replace(subject={"country": "AT"}, must_staple=True)
        record, pem, fresh = make_request(RUN, wanted, root, served())
        facts = describe_request(pem)

        assert fresh
        assert (NAMES, IN_FORCE.facts) == (facts.names, facts.key)
        assert wanted.is_of(record)
        assert [(record, "waiting")] == [(entry.record, entry.state) for entry in read_requests(root)]
        assert IN_FORCE.pem == requests.read_key(root, record.number)
        assert pem == requests.read_pem(root, record.number)

    @pytest.mark.parametrize("first", [{}, *OTHERS])
    def test_the_same_wish(self, root: Folder, first: dict[str, Any]) -> None:
        """The same wishes twice are one request, whatever they are; any other wish is another one."""
        wanted = WANTED._replace(**first)
        made = make_request(RUN, wanted, root, served())
        assert (*made[:2], False) == make_request(RUN, wanted, root, served())
        for other in ({}, *OTHERS):
            if other != first:
                assert find_waiting(root, served(), WANTED._replace(**other)) is None

    @pytest.mark.parametrize("end", ["answered", "discarded"])
    def test_ended(self, root: Folder, end: str) -> None:
        """An answered or discarded request no longer waits: the same wishes make a new one, with its own number."""
        make_request(RUN, WANTED, root, served())
        if end == "answered":
            requests.keep_answer(root, 1, CHAIN)
        else:
            requests.discard(root, 1, "mark")
        assert [end] == [entry.state for entry in read_requests(root)]
        assert find_waiting(root, served(), WANTED) is None
        record, _, fresh = make_request(RUN, WANTED, root, served())
        assert (2, True) == (record.number, fresh)

    def test_another_key_in_force(self, root: Folder) -> None:
        """A request over the key of before does not count, unless it has a key of its own by wish."""
        other = replace(served(), files={KEY: OTHER.pem, CERTIFICATE: make_self_signed(OTHER, NAMES, now=NOW, days=9)})
        make_request(RUN, WANTED, root, other)
        make_request(RUN, WANTED._replace(new_key=True), root, other)

        assert find_waiting(root, served(), WANTED) is None
        found = find_waiting(root, served(), WANTED._replace(new_key=True))
        assert found
        assert 2 == found.record.number
        assert found.record.key_fingerprint not in {IN_FORCE.facts.fingerprint, OTHER.facts.fingerprint}


class TestCompromised:
    """A compromised key is never used again."""

    def test_refused(self, root: Folder) -> None:
        """No request is made over it; with a new key it is."""
        situation = served(compromised=frozenset({IN_FORCE.facts.fingerprint}))
        with pytest.raises(MaterialError, match="marked as compromised") as refused:
            make_request(RUN, WANTED, root, situation)
        assert ("sslutil certificate csr --new-key", ("--new-key",)) == (refused.value.hint, refused.value.added)
        with pytest.raises(MaterialError, match="marked as compromised"):
            requests.refuse_compromised(RUN, situation, WANTED)
        assert [] == read_requests(root)
        requests.refuse_compromised(RUN, situation, WANTED._replace(new_key=True))
        assert make_request(RUN, WANTED._replace(new_key=True), root, situation)[2]

    def test_does_not_wait(self, root: Folder) -> None:
        """A waiting request over it does not count."""
        wanted = WANTED._replace(new_key=True)
        record, _, _ = make_request(RUN, wanted, root, served())
        assert find_waiting(root, served(), wanted)
        assert find_waiting(root, served(compromised=frozenset({record.key_fingerprint})), wanted) is None

    def test_ledger(self, root: Folder) -> None:
        """It is written down once, for ever, beside others, and each look finds it."""
        assert frozenset() == read_compromised(root)
        for fingerprint in ("ab", "cd", "ab"):
            requests.mark_compromised(RUN, root, fingerprint, NOW)
        assert {"ab", "cd"} == read_compromised(root) == look_at(root, None).compromised

    def test_damaged(self, root: Folder, registry: Path) -> None:
        """A damaged ledger is told, never taken for an empty one, and never written over."""
        requests.mark_compromised(RUN, root, "ab", NOW)
        ledger = registry / "requests" / "compromised.toml"
        ledger.write_text("x")
        for act in (read_compromised, lambda root: requests.mark_compromised(RUN, root, "cd", NOW)):
            with pytest.raises(RegistryError, match=r"compromised\.toml is damaged"):
                act(root)
        assert "x" == ledger.read_text()


class TestDiscarded:
    """No key goes that a certificate may still come for."""

    @pytest.fixture
    def two(self, root: Folder) -> Folder:
        """Request 1 over the key in force, and request 2 over one of its own."""
        make_request(RUN, WANTED, root, served())
        make_request(RUN, WANTED._replace(new_key=True), root, served())
        return root

    @staticmethod
    def fate(root: Folder, situation: Situation, number: int = 1) -> str:
        """Return what discarding would do to a request."""
        return requests.plan_discard(root, situation, read_requests(root)[number - 1])

    def test_waiting(self, two: Folder) -> None:
        """One that waits is marked, once; folder and key stay."""
        assert "mark" == self.fate(two, served())
        requests.discard(two, 1, "mark")
        assert "nothing" == self.fate(two, served())
        assert IN_FORCE.pem == requests.read_key(two, 1)

    def test_answered(self, two: Folder) -> None:
        """An answered one goes where its key is in force, and is marked where the key has no other home."""
        requests.keep_answer(two, 1, CHAIN)
        assert "remove" == self.fate(two, served())
        assert "mark" == self.fate(two, make_situation())
        requests.discard(two, 1, "mark")
        assert "remove" == self.fate(two, served())
        requests.discard(two, 1, "remove")
        assert [2] == [entry.record.number for entry in read_requests(two)]

    def test_edited_key(self, two: Folder) -> None:
        """A key that somebody edited is no home."""
        requests.keep_answer(two, 1, CHAIN)
        assert "mark" == self.fate(two, served(edited=(KEY,)))
        assert "mark" == self.fate(two, replace(served(), files={KEY: b"edited"}))

    def test_generation_before(self, two: Folder, registry: Path) -> None:
        """The key of the generation before is a home too, as long as it is there."""
        requests.keep_answer(two, 1, CHAIN)
        folder = registry / "generations" / "000006"
        folder.mkdir(parents=True)
        (folder / KEY).write_bytes(IN_FORCE.pem)
        moved = replace(served(parent=6), files={KEY: OTHER.pem})
        assert "remove" == self.fate(two, moved)
        assert "mark" == self.fate(two, replace(moved, record=served(parent=5).record))
        (folder / KEY).unlink()
        assert "mark" == self.fate(two, moved)

    def test_compromised(self, two: Folder) -> None:
        """One over a compromised key goes, answered or not."""
        assert "remove" == self.fate(two, make_situation(compromised=frozenset({IN_FORCE.facts.fingerprint})))

    def test_the_highest_number(self, two: Folder) -> None:
        """The last one is never removed: its number would come again, for another request."""
        fingerprint = read_requests(two)[1].record.key_fingerprint
        situation = make_situation(compromised=frozenset({fingerprint}))
        assert "mark" == self.fate(two, situation, 2)
        requests.discard(two, 2, "mark")
        assert "nothing" == self.fate(two, situation, 2)
        make_request(RUN, WANTED._replace(must_staple=True), two, served())
        assert "remove" == self.fate(two, situation, 2)


def test_a_key_is_never_told() -> None:
    """What travels of a request holds no byte of its key."""
    record = RequestRecord(1, NOW, "root", ("a.example",), "p256", False, IN_FORCE.facts.fingerprint)  # noqa: FBT003
    assert IN_FORCE.pem.splitlines()[1].decode() not in f"{record} {WANTED}"


class TestRead:
    """The ledger is read without a lock."""

    def test_gone_meanwhile(self, root: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        """A request that is removed while the ledger is read is left out; one that only can't be read is told."""
        for must_staple in (True, False):
            make_request(RUN, WANTED._replace(must_staple=must_staple), root, served())
        opened = ledger.open_request

        def open_late(root: Folder, number: int) -> Folder:
            if number == 1:
                ledger.remove(root, 1)
            return opened(root, number)

        monkeypatch.setattr(ledger, "open_request", open_late)
        assert [2] == [entry.record.number for entry in read_requests(root)]

    def test_record_that_is_missing(self, root: Folder, registry: Path) -> None:
        """A request without its record is damage, and the sentence names the file."""
        make_request(RUN, WANTED, root, served())
        (registry / "requests/000001/request.toml").unlink()
        with pytest.raises(RegistryError, match=rf"^{registry}/requests/000001/request\.toml is missing$"):
            read_requests(root)
