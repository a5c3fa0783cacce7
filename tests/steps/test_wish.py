"""What a command wishes, and the site that comes of it: taken in, refused, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from sslutil.errors import RegistryError, SiteError, UsageError
from sslutil.host import machine
from sslutil.site import settings
from sslutil.steps.wish import Wish, make_site
from tests.steps.made import NAMES, REGISTRY, make_file, make_run, make_situation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sslutil.documents.site_file import SiteFile
    from sslutil.steps.situation import Situation

Kind = Literal["apply", "edit", "order"]
FAULT = SiteError(f"{REGISTRY}/site.toml, line 3: https_port is a whole number", "a hint")
BROKEN: dict[str, Any] = {"working": None, "fault": FAULT}
PENDING = {"working": make_file(site__https_port=8443)}
MISSING = {"working": None}


def wish(kind: Kind, **edits: Any) -> Wish:  # noqa: ANN401  TOML's values
    """Return a wish with the keys that are given with __ for a dot."""
    return Wish(kind, {key.replace("__", "."): value for key, value in edits.items()})


def make(situation: Situation, wished: Wish, ask: Callable[[str, str], str] | None = None) -> SiteFile:
    """Return the site file that comes of a wish."""
    return make_site(make_run(ask=ask), situation, wished)


@pytest.fixture(autouse=True)
def _nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine know no full name."""
    monkeypatch.setattr(machine, "full_name", lambda: None)


class TestPending:
    """The three ways of pending edits."""

    IN_FORCE = make_file()

    def test_applied(self) -> None:
        """Taken in by apply, it is the file, text and all."""
        file = make_file(site__https_port=8443)

        assert file is make(make_situation(self.IN_FORCE, file), wish("apply"))

    def test_edit_is_refused(self) -> None:
        """An edit stops at them, with the difference and both cures."""
        with pytest.raises(
            SiteError, match=r"has edits that are not in force \(site.https_port: 443 → 8443\)$"
        ) as refused:
            make(make_situation(self.IN_FORCE, make_file(site__https_port=8443)), wish("edit", site__enabled=False))
        assert "sslutil apply" in refused.value.hint
        assert f"cp {REGISTRY}/current/site.toml {REGISTRY}/site.toml" in refused.value.hint

    def test_edit_of_its_own_key(self) -> None:
        """Where its own keys alone are pending, it decides them."""
        pending = make_file(site__https_port=8443)

        assert (
            444 == make(make_situation(self.IN_FORCE, pending), wish("edit", site__https_port=444)).site.site.https_port
        )
        assert pending == make(make_situation(self.IN_FORCE, pending), wish("edit", site__https_port=8443))

    def test_edit_of_one_of_two(self) -> None:
        """Of two pending keys, the one that is not its own stops it, and it alone is told."""
        pending = make_file(site__https_port=8443, site__http_port=8080)
        with pytest.raises(SiteError, match=r"\(site.http_port: 80 → 8080\)$"):
            make(make_situation(self.IN_FORCE, pending), wish("edit", site__https_port=444))

    @pytest.mark.parametrize("more", [PENDING, BROKEN, MISSING], ids=["pending", "broken", "missing"])
    def test_order(self, more: dict[str, Any]) -> None:
        """An order works from the site in force, whatever has become of the file."""
        assert self.IN_FORCE is make(make_situation(self.IN_FORCE, **more), wish("order"))

    @pytest.mark.parametrize("kind", ["apply", "edit"])
    def test_broken(self, kind: Kind) -> None:
        """Both apply and edits stop at a broken file, with its own sentence."""
        with pytest.raises(SiteError, match=r"line 3") as refused:
            make(make_situation(self.IN_FORCE, **BROKEN), wish(kind, site__enabled=False))
        assert FAULT is refused.value

    @pytest.mark.parametrize("kind", ["apply", "edit"])
    def test_missing(self, kind: Kind) -> None:
        """And at a missing one, with the copy that mends it."""
        with pytest.raises(SiteError, match=f"^{REGISTRY}/site.toml is missing$") as refused:
            make(make_situation(self.IN_FORCE, **MISSING), wish(kind, site__enabled=False))
        assert f"cp {REGISTRY}/current/site.toml {REGISTRY}/site.toml" == refused.value.hint

    def test_strange_owner(self) -> None:
        """A file that can't be trusted is a fault of the site, whatever its first cause."""
        fault = SiteError(RegistryError("belongs to a stranger").message)
        with pytest.raises(SiteError, match="stranger"):
            make(make_situation(self.IN_FORCE, fault=fault), wish("apply"))


class TestEdit:
    """What an edit writes."""

    def test_own_keys(self) -> None:
        """It changes its own keys, in the operator's text, and nothing else."""
        before = make_file("version = 1\n# ours\n[site]\nnames = ['a.example'] # one\n")
        after = make(make_situation(before, before), wish("edit", site__names=["a.example", "b.example"]))

        assert 'version = 1\n# ours\n[site]\nnames = ["a.example", "b.example"] # one\n' == after.text

    def test_nothing(self) -> None:
        """A wish that is fulfilled is the file as it is."""
        before = make_file()

        assert before is make(make_situation(before, before), wish("edit", site__enabled=True))
        assert before is make(make_situation(before, before), wish("edit"))

    def test_bad_value(self) -> None:
        """A value that was typed and can't be taken is a fault of usage, in the judge's own words."""
        before = make_file()
        with pytest.raises(UsageError, match="https_port is a whole number"):
            make(make_situation(before, before), wish("edit", site__https_port=0))

    def test_contradiction(self) -> None:
        """A value that contradicts the rest of the site is a fault of the site."""
        before = make_file(site__http_port=8080)
        with pytest.raises(SiteError, match="are both 8080"):
            make(make_situation(before, before), wish("edit", site__https_port=8080))


class TestVanished:
    """A half-saved file."""

    def test_apply(self) -> None:
        """A key that stood in the site in force, and is gone with another effect, is asked for."""
        before = make_file("version = 1\n[site]\nnames = ['a.example']\n[deploy]\nkeep = 3\n")
        after = make_file("version = 1\n[site]\nnames = ['a.example']\n")
        with pytest.raises(SiteError, match=r"^keep was 3 and is now absent"):
            make(make_situation(before, after), wish("apply"))

    def test_default(self) -> None:
        """One whose absence means the same may go."""
        before = make_file("version = 1\n[site]\nnames = ['a.example']\n[deploy]\nkeep = 10\n")
        after = make_file("version = 1\n[site]\nnames = ['a.example']\n")

        assert after is make(make_situation(before, after), wish("apply"))

    def test_every_prefix(self) -> None:
        """Whatever of a file was saved, each of its lines is either there or asked for: none is lost in silence."""
        text = "version = 1\n[site]\nnames = ['a.example']\nhttps_port = 8443\n[deploy]\nkeep = 3\nexports = []\n"
        before = make_file(text)
        lines = text.splitlines(keepends=True)
        for count in range(3, len(lines)):
            situation = make_situation(before, make_file("".join(lines[:count])))
            with pytest.raises(SiteError, match=r"now absent|has no name"):
                make(situation, wish("apply"))


class TestFirst:
    """Where nothing is in force yet."""

    def test_born_complete(self) -> None:
        """A site that is born has every key, with the wished ones as wished."""
        file = make(make_situation(), wish("edit", site__names=["a.example"], site__https_port=8443))

        assert (8443, frozenset(settings())) == (file.site.site.https_port, file.explicit)
        assert 'names = ["a.example"]\n' in file.text

    def test_from_a_file(self) -> None:
        """A file that is there already, from a person or a provisioning tool, is edited and not replaced."""
        text = "version = 1\n# ours\n[site]\nhttps_port = 8443\n"
        file = make(make_situation(None, make_file(text)), wish("edit", site__names=["a.example"]))

        assert text.replace("[site]\n", '[site]\nnames = ["a.example"]\n') == file.text

    @pytest.mark.parametrize("kind", ["apply", "edit", "order"])
    def test_its_names_are_enough(self, kind: Kind) -> None:
        """Names that stand in the file are not asked for, whoever could be asked."""
        file = make_file("version = 1\n[site]\nnames = ['a.example']\n")

        assert file is make(make_situation(None, file), wish(kind), ask=_refuse_to_answer)

    def test_apply_without_a_file(self) -> None:
        """Then apply has nothing to take in."""
        with pytest.raises(SiteError, match=f"^{REGISTRY}/site.toml is missing, and nothing is in force yet$"):
            make(make_situation(), wish("apply"))

    @pytest.mark.parametrize("kind", ["apply", "edit", "order"])
    def test_broken(self, kind: Kind) -> None:
        """A broken file stops even an order: there is no other site to work from."""
        with pytest.raises(SiteError, match="line 3"):
            make(make_situation(**BROKEN), wish(kind))

    def test_bad_name(self) -> None:
        """A name that was typed and can't be taken is a fault of usage."""
        with pytest.raises(UsageError, match="underscore"):
            make(make_situation(), wish("edit", site__names=["a_b.example"]))


class TestNames:
    """Asked once."""

    @pytest.mark.parametrize("offer", [None, "mail.example.org"])
    def test_asked(self, offer: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """A person is asked, with the machine's full name as the offer; several names are taken."""
        monkeypatch.setattr(machine, "full_name", lambda: offer)
        asked: list[str] = []

        def answer(_question: str, offered: str) -> str:
            asked.append(offered)
            return " a.example  b.example "

        file = make(make_situation(), wish("edit"), ask=answer)

        assert [offer or ""] == asked
        assert ["a.example", "b.example"] == [name.text for name in file.site.site.names]

    def test_given(self) -> None:
        """Names that are given are not asked for."""
        file = make(make_situation(), wish("edit", site__names=NAMES), ask=_refuse_to_answer)

        assert NAMES == [name.text for name in file.site.site.names]

    def test_in_force(self) -> None:
        """Once something is in force nobody is asked again."""
        file = make_file()

        assert file is make(make_situation(file, file), wish("edit"), ask=_refuse_to_answer)

    @pytest.mark.parametrize(
        ("answer", "told"), [("", "has no name"), ("  ", "has no name"), ("a_b.example", "underscore")]
    )
    def test_bad_answer(self, answer: str, told: str) -> None:
        """An answer that is no name is told, and nothing is made of it."""
        with pytest.raises((SiteError, UsageError), match=told):
            make(make_situation(), wish("edit"), ask=lambda _question, _offer: answer)

    def test_script(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A script gets the machine's full name; where there is none, the full command to type."""
        with pytest.raises(UsageError, match=r"this machine knows no full name of its own$") as refused:
            make(make_situation(), wish("edit"))
        assert "sslutil certificate self-sign mail.example.org" == refused.value.hint
        monkeypatch.setattr(machine, "full_name", lambda: "mail.example.org")
        assert ["mail.example.org"] == [name.text for name in make(make_situation(), wish("edit")).site.site.names]

    @pytest.mark.parametrize("kind", ["apply", "edit"])
    def test_taken_away(self, kind: Kind) -> None:
        """A site that had names and has none would be one without a certificate: it is refused, also with --replace."""
        before = make_file("version = 1\n[site]\nnames = ['a.example']\n")
        situation = make_situation(before, make_file("version = 1\n[site]\nnames = []\n"))
        with pytest.raises(SiteError, match=r"has no name, and a certificate stands for one at least$"):
            make(situation, wish(kind, site__names=[])._replace(replace=True))


def _refuse_to_answer(_question: str, _offer: str) -> str:
    raise AssertionError
