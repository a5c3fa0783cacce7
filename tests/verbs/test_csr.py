"""certificate csr: one request for one wish, what authorities ignore or refuse is said, and discarding loses no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, UsageError
from sslutil.pki.certificates import describe_certificate
from sslutil.steps.requests import mark_compromised
from sslutil.store.opening import open_for_question
from sslutil.verbs.csr import Request, csr
from tests.crash.soundness import read_tree
from tests.verbs.conftest import BIRTH, NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.verbs.conftest import At

SUBJECT = {"organization": "Example Ltd", "country": "AT"}
OF_A_FIRM = Request(**SUBJECT)  # type: ignore[arg-type]


def answered(registry: Path, number: int) -> None:
    """Put an answer into a request's folder."""
    chain = (registry / "current/server.crt").read_bytes()
    (registry / f"requests/{number:06d}/answer.pem").write_bytes(chain)


def told(questions: list[str], answer: str) -> Callable[[str, str], str]:
    """Return a person who answers so, and remembers the questions."""

    def ask(question: str, offer: str) -> str:
        questions.append(question)
        return answer or offer

    return ask


class TestWishes:
    """What is asked for."""

    @pytest.mark.usefixtures("born")
    def test_subject(self, at: At) -> None:
        """Subject and must-staple are part of the wish: the same is one request, another another."""
        wish = OF_A_FIRM._replace(must_staple=True)
        first = csr(at(), wish)
        assert {"subject": SUBJECT, "must_staple": True} == {
            key: first.fields[key] for key in ("subject", "must_staple")
        }
        assert (
            "Subject",
            "organization Example Ltd, country AT (public authorities put in what they checked themselves)",
        ) in first.lines
        again = csr(at(days=1), wish)
        assert (1, False) == (again.fields["request"], again.changed)
        others = (Request(), OF_A_FIRM, Request(must_staple=True), Request(organization="Example Ltd"))
        assert [2, 3, 4, 5] == [csr(at(), other).fields["request"] for other in others]

    @pytest.mark.usefixtures("born")
    def test_next_repeats_the_wish(self, at: At) -> None:
        """The command that prints the request again wishes for exactly the same."""
        wish = OF_A_FIRM._replace(names=(NAME,), key_type="p384", new_key=True, must_staple=True)
        words = f"{NAME} --key-type p384 --organization 'Example Ltd' --country AT --new-key --must-staple --out -"
        assert f"sslutil certificate csr {words}" == csr(at(), wish).next[0]
        assert 1 == csr(at(), wish._replace(out="-")).fields["request"]

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize(
        ("wish", "warning"),
        [
            (Request(email="postmaster@example.org"), "public authorities ignore an e-mail address"),
            (Request(must_staple=True), "Let's Encrypt ended its OCSP on 2025-08-06"),
            (Request(key_type="ed25519"), "public certificate authorities don't take Ed25519 keys"),
        ],
    )
    def test_warned(self, wish: Request, warning: str, at: At) -> None:
        """What public authorities refuse is said, in a dry run too; a plain request is told nothing."""
        for run in (at(dry_run=True), at(), at()):
            warnings = csr(run, wish).warnings
            assert 1 == len(warnings)
            assert warning in warnings[0]
        assert () == csr(at(), Request()).warnings

    def test_wrong_subject(self, at: At, born: Path) -> None:
        """A subject that no certificate may hold leaves no trace."""
        before = read_tree(born)
        with pytest.raises(UsageError, match=r"^--country is two letters"):
            csr(at(), Request(country="Austria"))
        assert before == read_tree(born)

    def test_compromised(self, at: At, born: Path) -> None:
        """Nothing is asked for over a compromised key, in a dry run neither; over a new one it is."""
        fingerprint = describe_certificate((born / "current/server.crt").read_bytes()).key.fingerprint
        csr(at(), Request())
        root = open_for_question(str(born))
        assert root
        with root:
            mark_compromised(at(), root, fingerprint, BIRTH)
        before = read_tree(born)
        for dry in (True, False):
            with pytest.raises(MaterialError, match="the key in force is marked as compromised"):
                csr(at(dry_run=dry), Request())
        assert before == read_tree(born)
        assert 2 == csr(at(), Request(new_key=True)).fields["request"]


class TestDryRun:
    """A dry run shows the plan, and makes nothing: no key either."""

    def test_from_nothing(self, at: At, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Request, key and the site that would be born are told."""
        monkeypatch.setattr("sslutil.pki.keys.make_key", None)
        answer = csr(at(dry_run=True), OF_A_FIRM._replace(names=(NAME,)))
        lines = dict(answer.lines)
        assert "would make a request" == answer.headline
        assert answer.changed
        assert "ECDSA P-256, a new one" == lines["Key"]
        assert lines["Subject"].startswith("organization Example Ltd, country AT")
        assert f"a certificate over the same key: self-signed, 397 days, for {NAME}" == lines["Born with it"]
        assert f"{registry}/current/settings.toml" == lines["Settings"]
        assert ("apache-plain.conf, apache.conf", "none") == (lines["Exports"], lines["Reloads"])
        assert "+++ new/settings.toml" in answer.diff
        assert not registry.exists()

    def test_from_a_site_toml(self, at: At, registry: Path) -> None:
        """Reloads that a site.toml names are told, and not run."""
        registry.mkdir()
        (registry / "site.toml").write_text(
            f'version = 1\n[site]\nnames = ["{NAME}"]\n[deploy]\nexports = []\nreload = [["/bin/false"]]\n'
        )
        lines = dict(csr(at(dry_run=True), Request()).lines)
        assert ("none", "/bin/false") == (lines["Exports"], lines["Reloads"])
        assert ["site.toml"] == [path.name for path in registry.iterdir()]

    def test_served(self, at: At, born: Path) -> None:
        """Where something is served, only the request is new, over the key in force unless a new one is asked for."""
        before = read_tree(born)
        assert {"Names": NAME, "Key": "ECDSA P-256, the one in force"} == dict(csr(at(dry_run=True), Request()).lines)
        assert "ECDSA P-256, a new one" == dict(csr(at(dry_run=True), Request(new_key=True)).lines)["Key"]
        assert before == read_tree(born)


class TestDiscard:
    """csr --discard N."""

    @pytest.fixture
    def two(self, at: At, born: Path) -> Path:
        """A registry with request 1 over the key in force and request 2 over a new one."""
        csr(at(), Request())
        csr(at(), Request(new_key=True))
        return born

    def test_waiting(self, at: At, two: Path) -> None:
        """A script is not asked: the request is marked, once, its key stays, and the same wish makes a new one."""
        key = (two / "requests/000001/request.key").read_bytes()
        answer = csr(at(), Request(discard=1))
        assert ("discarded request 1", True, False) == (answer.headline, answer.changed, answer.fields["removed"])
        assert (f"{two}/requests/000001/discarded",) == answer.written
        assert key == (two / "requests/000001/request.key").read_bytes()
        before = read_tree(two)
        answer = csr(at(), Request(discard=1))
        assert ("nothing to do: request 1 is discarded already", False) == (answer.headline, answer.changed)
        assert before == read_tree(two)
        assert 3 == csr(at(), Request()).fields["request"]

    def test_answered(self, at: At, two: Path) -> None:
        """An answered one whose key is in force goes; once more there is nothing to do."""
        answered(two, 1)
        answer = csr(at(), Request(discard=1))
        assert (True, ()) == (answer.fields["removed"], answer.written)
        assert "goes with its folder: its key is in a generation too" == dict(answer.lines)["Key"]
        assert ["000002"] == [path.name for path in (two / "requests").iterdir()]
        assert not csr(at(), Request(discard=1)).changed

    def test_answered_with_the_only_key(self, at: At, two: Path) -> None:
        """An answered one stays where no generation has its key."""
        csr(at(), Request(must_staple=True))
        answered(two, 2)
        assert not csr(at(), Request(discard=2)).fields["removed"]
        assert (two / "requests/000002/request.key").exists()

    @pytest.mark.parametrize(
        ("said", "changed"), [("y", True), ("YES", True), ("n", False), ("", False), ("what", False)]
    )
    def test_asked(self, said: str, changed: bool, at: At, two: Path) -> None:  # noqa: FBT001
        """A person is asked, once; whoever does not say yes changes nothing, and that is no fault."""
        before, questions = read_tree(two), list[str]()
        answer = csr(at(ask=told(questions, said)), Request(discard=1))
        effect = "its key is kept, a certificate may still come"
        assert [f"discard request 1 for {NAME}? {effect} (y/n)"] == questions
        assert changed == answer.changed
        assert changed == (before != read_tree(two))
        assert changed or answer.headline.startswith("nothing to do")

    def test_asked_of_what_goes(self, at: At, two: Path) -> None:
        """The question says truly that a folder goes; where there is nothing to do nobody is asked."""
        answered(two, 1)
        questions: list[str] = []
        run = at(ask=told(questions, "y"))
        csr(run, Request(discard=1))
        csr(run, Request(discard=1))
        assert [f"discard request 1 for {NAME}? its folder goes, and its key is in a generation too (y/n)"] == questions

    def test_a_dry_run(self, at: At, two: Path) -> None:
        """A dry run says what would become of it, asks nobody and changes nothing."""
        before, questions = read_tree(two), list[str]()
        answer = csr(at(dry_run=True, ask=told(questions, "y")), Request(discard=1))
        assert ("would discard request 1", True, []) == (answer.headline, answer.changed, questions)
        assert before == read_tree(two)

    @pytest.mark.parametrize("number", [3, 0, -1, 10**9])
    def test_unknown(self, number: int, at: At, two: Path) -> None:
        """A number that no request ever had is refused, with those that there are."""
        with pytest.raises(UsageError, match=rf"^there is no request {number} in .*: 1 \({NAME}\), 2 \({NAME}\)$"):
            csr(at(), Request(discard=number))
        assert 2 == len(list((two / "requests").iterdir()))

    def test_nothing_there(self, at: At, registry: Path) -> None:
        """Where nothing is, nothing is made."""
        with pytest.raises(UsageError, match=r"those there are: none$"):
            csr(at(), Request(discard=1))
        assert not registry.exists()

    @pytest.mark.parametrize(
        "wish",
        [
            Request((NAME,)),
            Request(key_type="p256"),
            Request(new_key=True),
            Request(organization="Example Ltd"),
            Request(must_staple=True),
            Request(out="-"),
            Request(force=True),
        ],
    )
    def test_mixed(self, wish: Request, at: At, two: Path) -> None:
        """It goes with no other wish."""
        before = read_tree(two)
        with pytest.raises(UsageError, match=r"^--discard takes the number of a request alone") as refused:
            csr(at(), wish._replace(discard=1))
        assert "sslutil certificate csr --discard 1" == refused.value.hint
        assert before == read_tree(two)

    def test_pending_edits(self, at: At, two: Path) -> None:
        """A broken site.toml stops it no more than any order."""
        (two / "site.toml").write_text("version = 2\n")
        answer = csr(at(), Request(discard=1))
        assert answer.changed
        assert "what is in force stays as it is" in answer.warnings[0]
