"""The wizard with a person whose answers a test knows: one change at its end, and nothing before."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError, SiteError, UsageError
from sslutil.store import lock, opening
from sslutil.verbs import wizard as verb
from sslutil.verbs.wizard import wizard
from tests.authorities.openssl_ca import make_authority
from tests.server.made import make_authority as make_client_authority
from tests.stories.transcript import state_of
from tests.verbs.conftest import BIRTH, NAME
from tests.verbs.test_follow import Lineage

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sslutil.disk import Folder
    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

IN_FORCE = "put this in force (yes/no/back)"
HARM = "do so all the same (yes/no)"
NAMES = "names that users type"


class Person:
    """Answers each question by its first words: a text, or one after another; Enter to all others."""

    def __init__(self, **answers: str | list[str]) -> None:
        """Take the answers; a question is named by its first words with _ between."""
        self.answers = {key: [one] if isinstance(one, str) else list(one) for key, one in answers.items()}
        self.asked: list[tuple[str, str]] = []
        self.heard: list[str] = []

    def ask(self, question: str, offer: str) -> str:
        """Answer."""
        assert len(self.asked) < 100, "the wizard goes in circles"
        self.asked.append((question, offer))
        for key, answers in self.answers.items():
            if question.startswith(key.replace("_", " ")) and answers:
                return answers.pop(0)
        assert offer, f"nothing to answer {question}"
        return offer

    @property
    def offers(self) -> dict[str, str]:
        """What was offered, by question."""
        return dict(self.asked)

    @property
    def talk(self) -> str:
        """What was said."""
        return "\n".join(self.heard)


def sit(at: At, person: Person, *, days: float = 0) -> Answer:
    """Return the answer of a wizard that this person sits before."""
    return wizard(at(verb="configure", ask=person.ask, tell=person.heard.append, days=days))


class TestFirst:
    """Where nothing is in force yet."""

    def test_everything_is_asked(self, at: At, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is the first set-up: names, and all the rest, to a self-signed certificate."""
        monkeypatch.setattr(verb, "full_name", lambda: "mx.example.net")
        person = Person(names=f"{NAME} imap.example.org", port_of_https="8384", port_of_plain="8383", put="yes")
        answer = sit(at, person)
        assert ("configured the web server", True, 1) == (answer.headline, answer.changed, answer.generation)
        assert "mx.example.net" == person.offers[NAMES]
        settings = (registry / "current/settings.toml").read_text()
        assert f'names = ["{NAME}", "imap.example.org"]' in settings
        assert "https_port = 8384" in settings
        assert 'verb = "configure"' in (registry / "current/generation.toml").read_text()
        assert f"registry: {registry}, since the test says so; nothing is in force yet" == person.heard[0]
        assert f"site.names: none → {NAME}, imap.example.org" in person.talk

    def test_a_name_is_needed(self, at: At, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an offer of the machine's nothing goes on before a name is given; a no at the end leaves no trace."""
        monkeypatch.setattr(verb, "full_name", lambda: None)
        person = Person(names=["https://x/", NAME], put="no")
        answer = sit(at, person)
        assert not answer.changed
        assert [(NAMES, ""), (NAMES, "")] == person.asked[:2]
        assert not registry.exists()

    def test_an_authority(self, at: At, registry: Path) -> None:
        """Where an authority is to sign, the next command is the request."""
        answer = sit(at, Person(names=NAME, who_signs="ca", put="yes"))
        assert "sslutil certificate csr" == answer.next[0]
        assert 'issuer = "ca"' in (registry / "site.toml").read_text()

    def test_a_site_that_somebody_wrote(self, at: At, registry: Path) -> None:
        """A site.toml from a provisioning tool gives the offers, and one that can't be read stops it at once."""
        registry.mkdir()
        (registry / "site.toml").write_text(f'version = 1\n[site]\nnames = ["{NAME}"]\nhttp_port = 8383\n')
        person = Person(put="yes")
        assert 1 == sit(at, person).generation
        assert (NAME, "8383") == (person.offers[NAMES], person.offers["port of plain http"])

    def test_a_broken_site(self, at: At, registry: Path) -> None:
        """Nobody is asked for what can't be taken."""
        registry.mkdir()
        (registry / "site.toml").write_text("version = 2\n")
        person = Person()
        with pytest.raises(SiteError, match="version is 1"):
            sit(at, person)
        assert [] == person.asked


class TestChange:
    """Where something is in force."""

    def test_enter_all_the_way(self, at: At, born: Path) -> None:
        """Whoever keeps everything is not asked at the end, and no byte changes."""
        before = state_of(born)
        person = Person()
        answer = sit(at, person)
        assert ("nothing to do: everything stays as it is", False, 1) == (
            answer.headline,
            answer.changed,
            answer.generation,
        )
        assert IN_FORCE not in person.offers
        assert before == state_of(born)

    def test_one_change(self, at: At, born: Path) -> None:
        """All answers together are one generation, told before as a list and as a diff of site.toml."""
        person = Person(TLS="modern", port_of_https="8443", what_plain="redirect", servers="none", put="yes")
        answer = sit(at, person)
        assert 2 == answer.generation
        for line in (
            "  site.https_port: 443 → 8443",
            "  tls.profile: intermediate → modern",
            "--- current/site.toml",
            "-https_port = 443",
            "+https_port = 8443",
            '+profile = "modern"',
        ):
            assert line in person.heard
        assert "settings.toml" not in person.talk
        assert "# The port of secure mode." in (born / "site.toml").read_text()
        assert {"000001", "000002"} == {path.name for path in (born / "generations").iterdir()}

    @pytest.mark.parametrize("words", ["no", "n", "NO"])
    def test_no(self, at: At, born: Path, words: str) -> None:
        """A no at the end changes nothing; anything else but yes and back is asked again."""
        before = state_of(born)
        answer = sit(at, Person(port_of_https="8443", put=["maybe", "", words]))
        assert not answer.changed
        assert before == state_of(born)

    def test_back_at_the_end(self, at: At, born: Path) -> None:
        """Back from the last question, and back again, to another answer."""
        person = Person(port_of_https="8443", put=["back", "yes"], servers=["apache", "none"])
        sit(at, person)
        assert 2 == [question for question, _ in person.asked].count("servers to write configuration for")
        assert "exports = []" in (born / "site.toml").read_text()

    def test_pending_edits(self, at: At, born: Path) -> None:
        """Edits that are not in force are told with both ways out, before anything is asked."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace("http_port = 80", "http_port = 81"))
        person = Person()
        with pytest.raises(SiteError, match="has edits that are not in force") as refused:
            sit(at, person)
        assert 2 == len(refused.value.hint.splitlines())
        assert ([], []) == (person.asked, person.heard)

    @pytest.mark.usefixtures("born")
    def test_the_lock_is_free_while_it_asks(self, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody waits for a person who thinks."""
        person = Person(port_of_https="8443", put="yes")
        taken: list[int] = []

        def locked(root: Folder, verb: str, wait: float) -> AbstractContextManager[None]:
            taken.append(len(person.asked))
            return lock.locked(root, verb, wait)

        monkeypatch.setattr(opening, "locked", locked)
        sit(at, person)
        assert [len(person.asked)] == taken

    @pytest.mark.usefixtures("born")
    def test_a_change_in_between(self, at: At) -> None:
        """What another command changed while a person thought stays; what this one was told is added."""
        person = Person(port_of_https="8443", put="yes")

        def ask(question: str, offer: str) -> str:
            if question == IN_FORCE:
                sit(at, Person(TLS="modern", put="yes"))
            return person.ask(question, offer)

        answer = wizard(at(ask=ask, tell=person.heard.append))
        assert 3 == answer.generation
        assert "site.https_port: 443 → 8443" == dict(answer.lines)["What changed"]

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize(("uid", "reason"), [(0, "read-only file system"), (1000, "permission denied")])
    def test_what_cant_be_written(self, at: At, monkeypatch: pytest.MonkeyPatch, uid: int, reason: str) -> None:
        """Whoever can't write there is told so before a single question."""
        run = at(ask=Person().ask)
        monkeypatch.setattr(os, "access", lambda *_words: False)
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        with pytest.raises(RegistryError, match=f"can't write in .*: {reason}") as refused:
            wizard(run)
        assert ("root" if uid else "") == refused.value.account

    def test_nobody_to_ask(self, at: At) -> None:
        """Without a person there is no wizard."""
        with pytest.raises(UsageError, match="nobody can be asked"):
            wizard(at())


class TestHarm:
    """What would harm is told, and asked for once more."""

    def test_a_dropped_name(self, at: At, born: Path) -> None:
        """A no goes back to the question that it came of; a yes does it."""
        person = Person(names=["imap.example.org", NAME], do_so=["no"])
        assert not sit(at, person).changed
        assert ["no" == offer for question, offer in person.asked if question == HARM] == [True]
        assert f"{NAME} would no longer be covered, and its users would see a warning" in person.heard
        answer = sit(at, Person(names="imap.example.org", do_so="yes", put="yes"))
        assert answer.changed
        assert 'names = ["imap.example.org"]' in (born / "site.toml").read_text()

    @pytest.mark.usefixtures("born")
    def test_a_client_authority_that_is_none(self, at: At, tmp_path: Path) -> None:
        """A file that can't serve is told when everything is answered, and its question comes again."""
        good = tmp_path / "ca.pem"
        good.write_bytes(make_client_authority().pem)
        bad = tmp_path / "bad.pem"
        bad.write_text("nothing\n")
        files = [str(tmp_path / "none.pem"), str(bad), str(good)]
        person = Person(certificates="require", files_of_other_authorities=files, put="yes")
        answer = sit(at, person, days=(datetime.now(UTC) - BIRTH) / timedelta(days=1))
        assert answer.changed
        assert [] == person.answers["files_of_other_authorities"]
        assert all(path in person.talk for path in files[:2])

    @pytest.mark.usefixtures("born")
    def test_clients_of_nobody(self, at: At) -> None:
        """Before the first client certificate nobody can be asked for one: that is told, and asked again."""
        person = Person(certificates=["require", "off"], port_of_https="8443", put="yes")

        assert sit(at, person).changed

        assert [] == person.answers["certificates"]
        assert "sslutil client-auth issue" in person.talk


@pytest.mark.needs("openssl", "certtool")
class TestFiles:
    """Another program's files."""

    def test_they_are_followed(self, at: At, born: Path, tmp_path: Path) -> None:
        """Wrong files are told and asked for again; the right ones are served, by the same one change."""
        lineage = Lineage(tmp_path / "certbot", make_authority(tmp_path / "authority"))
        lineage.renew((NAME,))
        days = (datetime.now(UTC) - BIRTH) / timedelta(days=1)
        person = Person(
            who_signs=["files", "files"],
            the_file_of_the_certificate=[str(tmp_path / "none.pem"), str(lineage.certificate)],
            the_file_of_its_key=[str(lineage.key), str(lineage.key)],
            put="yes",
        )
        answer = sit(at, person, days=days)
        assert 2 == answer.generation
        assert f"{tmp_path}/none.pem" in person.talk
        assert (born / "current/server.crt").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
        assert "itself" != dict(answer.lines)["Signed by"]
        assert any(line.endswith("# as its deploy hook") for line in answer.next)
        back = Person(who_signs="self", do_so="yes", put="yes")
        assert "itself" == dict(sit(at, back, days=days).lines)["Signed by"]
        assert any("would take the place of one by" in line for line in back.heard)
