"""The wizard's questions as states: forth, back, again; no terminal and no disk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.profiles import PROFILES
from sslutil.site import Site, change, judge_whole, settings
from sslutil.steps.interview import Interview, begin, go_back, go_to, take
from sslutil.steps.questions import make_questions
from tests.site.allowed import CUSTOM

NAMES = ["mail.example.org", "www.example.org"]


def start(*, signed: bool = False, **edits: Any) -> Interview:  # noqa: ANN401  TOML's values
    """Return the interview of a site with these keys, __ for a dot, at its first question."""
    site = change(Site(), {"site.names": NAMES} | {key.replace("__", "."): value for key, value in edits.items()})
    return begin(make_questions(site, signed=signed), site)


def key_of(interview: Interview) -> str:
    """Return the key that is asked for; empty at the end."""
    return interview.question.key if interview.question else ""


def answer(interview: Interview, **typed: str) -> Interview:
    """Return the interview at its end: what is given by the last part of a key is typed, Enter elsewhere."""
    while interview.question:
        before = interview
        name = interview.question.key.partition(".")[2]
        interview = take(interview, typed.get(name, interview.offer))
        assert len(interview.path) > len(before.path), interview.told
    return interview


class TestEnter:
    """An empty answer keeps what is."""

    @pytest.mark.parametrize(
        "edits",
        [
            {},
            {"certificate__issuer": "ca", "site__plain_http": "closed"},
            {
                "certificate__issuer": "files",
                "certificate__certificate_file": "/a b/chain.pem",
                "certificate__key_file": "/k",
            },
            {"client_auth__mode": "require", "client_auth__ca_files": ["/a b.pem", "/ü'.pem"]},
            {f"tls__{name}": value for name, value in CUSTOM.items()},
            {"deploy__exports": []},
            {"site__enabled": False, "site__https_port": 8384, "site__http_port": 8383},
        ],
        ids=["defaults", "ca", "files", "clients", "custom", "no exports", "disabled"],
    )
    def test_all_the_way(self, edits: dict[str, Any]) -> None:
        """Enter at each question changes nothing, whatever the site."""
        assert {} == answer(start(**edits)).edits

    @pytest.mark.parametrize(("signed", "issuer", "asked"), [(True, "ca", True), (False, "ca", False)])
    def test_hsts_is_asked_where_it_is_allowed(self, signed: bool, issuer: str, asked: bool) -> None:  # noqa: FBT001
        """HSTS is a question only where its answer can be taken."""
        end = answer(start(signed=signed, certificate__issuer=issuer), plain_http="closed")
        assert asked == ("site.hsts_max_age" in [end.questions[place].key for place in end.path[:-1]])

    def test_hsts_goes_with_what_allowed_it(self) -> None:
        """Whoever opens plain http again takes HSTS back, in the same change."""
        had = {"certificate__issuer": "ca", "site__plain_http": "closed", "site__hsts_max_age": 300}
        assert {"site.plain_http": "offer", "site.hsts_max_age": 0} == answer(
            start(signed=True, **had), plain_http="offer"
        ).edits
        assert {"site.hsts_max_age": 600} == answer(start(signed=True, **had), hsts_max_age="600").edits


class TestAnswers:
    """What is typed becomes TOML's values, only where they differ."""

    @pytest.mark.parametrize(
        ("typed", "edits"),
        [
            ({"names": "a.example, b.example"}, {"site.names": ["a.example", "b.example"]}),
            ({"names": "MAIL.example.org www.example.org"}, {}),
            ({"issuer": "ca"}, {"certificate.issuer": "ca"}),
            ({"issuer": "C"}, {"certificate.issuer": "ca"}),
            ({"profile": "mod"}, {"tls.profile": "modern"}),
            ({"https_port": "8384", "http_port": "8383"}, {"site.https_port": 8384, "site.http_port": 8383}),
            ({"plain_http": "redirect"}, {"site.plain_http": "redirect"}),
            (
                {"mode": "require", "ca_files": "/a.pem '/b c.pem'", "crl_files": "none"},
                {"client_auth.mode": "require", "client_auth.ca_files": ["/a.pem", "/b c.pem"]},
            ),
            ({"exports": "none"}, {"deploy.exports": []}),
            ({"exports": "nginx, Dovecot"}, {"deploy.exports": ["nginx", "dovecot"]}),
        ],
        ids=range(10),
    )
    def test_edits(self, typed: dict[str, str], edits: dict[str, Any]) -> None:
        """An answer that differs is an edit, and the site that it makes is one that the judge takes."""
        end = answer(start(), **typed)
        assert edits == end.edits
        judge_whole(end.site)

    def test_files_and_back_to_an_authority(self) -> None:
        """The files are asked for where they are followed, and forgotten where they are no longer."""
        files = {"issuer": "files", "certificate_file": "/c.pem", "key_file": "/k.pem"}
        end = answer(start(), **files)
        assert {f"certificate.{key}": value for key, value in files.items()} == end.edits
        former: dict[str, Any] = {f"certificate__{key}": value for key, value in files.items()}
        assert {
            "certificate.issuer": "ca",
            "certificate.certificate_file": "",
            "certificate.key_file": "",
        } == answer(start(**former), issuer="ca").edits

    def test_lists_of_ones_own_go_with_their_profile(self) -> None:
        """A named profile in the place of custom takes its lists away."""
        own = {f"tls__{name}": value for name, value in CUSTOM.items()}
        cleared: dict[str, list[str]] = {
            f"tls.{name}": [] for name in ("protocols", "ciphers", "ciphersuites", "groups")
        }
        assert {"tls.profile": "modern", **cleared} == answer(start(**own), profile="modern").edits

    @pytest.mark.parametrize(
        ("key", "typed", "sentence"),
        [
            ("site.names", "https://mail.example.org/", "is a URL"),
            ("certificate.issuer", "nobody", "issuer is one of self-signed, ca, files"),
            ("tls.profile", "custom", "needs protocols"),
            ("tls.profile", "intermediat3", "did you mean intermediate?"),
            ("site.https_port", "70000", "https_port is a whole number from 1 to 65535, not 70000"),
            ("site.https_port", "eighty", "https_port is a whole number from 1 to 65535"),
            ("site.http_port", "443", "https_port and http_port are both 443"),
            ("site.plain_http", "shut", "plain_http is one of offer, redirect, closed"),
            ("client_auth.mode", "required", 'mode is one of off, optional, require, not "required"'),
            ("deploy.exports", "sendmail", "exports is one of apache"),
        ],
        ids=range(10),
    )
    def test_a_wrong_answer(self, key: str, typed: str, sentence: str) -> None:
        """It is told with the judge's sentence, and the same question stands."""
        interview = start()
        while key_of(interview) != key:
            interview = take(interview, interview.offer)
        wrong = take(interview, typed)
        assert sentence in " ".join(wrong.told)
        assert (key, interview.path, interview.answers) == (key_of(wrong), wrong.path, wrong.answers)
        assert interview.path < take(wrong, wrong.offer).path

    def test_clients_of_nobody(self) -> None:
        """Asking for certificates is no fault where no other authority is named: there is our own."""
        interview = start()
        while key_of(interview) != "client_auth.mode":
            interview = take(interview, interview.offer)
        interview = take(interview, "require")
        assert ("client_auth.ca_files", "none") == (key_of(interview), interview.offer)
        for typed, sentence in (("ca.pem", "absolute"), ("'/a", "not closed")):
            wrong = take(interview, typed)
            assert sentence in " ".join(wrong.told)
            assert "client_auth.ca_files" == key_of(wrong)
        assert "client_auth.crl_files" == key_of(take(interview, "/ca.pem"))
        assert "client_auth.crl_files" != key_of(take(interview, "none"))


class TestBack:
    """Back goes one question back, and loses nothing."""

    @pytest.mark.parametrize("word", ["back", "<", "BACK"])
    def test_one_back(self, word: str) -> None:
        """The answer that was given is the offer now."""
        there = take(start(), "a.example")
        again = take(there, word)
        assert ("site.names", "a.example") == (key_of(again), again.offer)
        assert there.question == take(again, again.offer).question

    def test_over_what_was_not_asked(self) -> None:
        """It goes to the question that was asked before, not to one that did not apply."""
        interview = start()
        while key_of(interview) != "tls.profile":
            interview = take(interview, interview.offer)
        assert "certificate.issuer" == key_of(take(interview, "<"))

    def test_at_the_first(self) -> None:
        """Before the first question there is none, and that is told."""
        first = take(start(), "<")
        assert "site.names" == key_of(first)
        assert "ctrl-C" in first.told[0]

    def test_from_the_end(self) -> None:
        """From the end it goes to the last question; a key that is at fault has its own."""
        end = answer(start())
        assert "deploy.exports" == key_of(go_back(end))
        named = go_to(end, "site.names", "some sentence")
        assert ("site.names", "some sentence") == (key_of(named), named.told[0])
        assert "site.http_port" == key_of(go_to(end, "site.http_port", ""))
        assert "deploy.exports" == key_of(go_to(end, "no.such", "told"))
        assert "certificate.issuer" == key_of(take(named, named.offer))

    def test_an_answer_that_counts_no_more(self) -> None:
        """What was typed to a question that is no longer asked changes nothing."""
        end = answer(start(), issuer="files", certificate_file="/c.pem", key_file="/k.pem")
        again = answer(go_to(end, "certificate.issuer", ""), issuer="self-signed")
        assert {} == again.edits


def test_each_question_explains_itself() -> None:
    """? says what it is about and how to go on; each question has words and every choice of the judge."""
    interview = start(certificate__issuer="ca", signed=True, client_auth__mode="optional", client_auth__ca_files=["/a"])
    while interview.question:
        explained = take(interview, "?")
        assert interview.question.explanation == explained.told[0]
        assert interview.path == explained.path
        choices = tuple(name for name, _ in interview.question.choices)
        known = tuple(name for name in settings()[interview.question.key].choices if name != "custom")
        assert choices == known
        assert all(len(line) <= 80 for line in interview.told)
        interview = take(interview, interview.offer)


WORDS = st.sampled_from(
    (
        *("back", "<", "?", "none", "ca", "files", "self-signed", "/a.pem", "80", "443", "8384", "0", "300"),
        *("closed", "redirect", "offer", "require", "off", "a.example", "apache nginx", "x y", *PROFILES),
    )
)


@given(st.lists(st.one_of(st.just(""), WORDS), max_size=60), st.booleans())
def test_whatever_is_typed(typed: list[str], signed: bool) -> None:  # noqa: FBT001
    """No row of answers gets lost: there is a question or the end, and the end is a site that the judge takes."""
    interview = start(signed=signed)
    for word in typed:
        if interview.question is None:
            judge_whole(interview.site)
            interview = go_back(interview)
        interview = take(interview, word or interview.offer)
        assert 1 <= len(interview.path) <= len(interview.questions) + 1
    if interview.question is None:
        judge_whole(interview.site)
