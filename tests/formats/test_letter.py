"""The page that goes along: it says all that a person needs, only what fits, and nothing that a name smuggles in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.formats.letter import Handover, render_letter

FORMS = ("pkcs12", "pem", "mobileconfig", "request")
PROGRAMS = ("Thunderbird", "Firefox", "Windows", "Mac", "iPhone", "Android", "Chrome", "Outlook", "curl", "mutt")
WIDTH = 76
ANNA = Handover(
    address="anna@bücher.example",
    name="Anna Berg",
    file="anna.p12",
    form="pkcs12",
    site="https://mail.example.org",
    not_valid_after=datetime(2027, 12, 26, 9, 59, 59, tzinfo=UTC),
    serial="5ec2e7",
    contact="postmaster@example.org",
    passphrase_follows=True,
)


def flat(letter: str) -> str:
    """Return the page as one line."""
    return " ".join(letter.split())


class TestPage:
    """What the page says."""

    @pytest.mark.parametrize("form", FORMS)
    def test_all_is_said(self, form: str) -> None:
        """Whom it is for, which site, which file, until when, what to do after a loss, whom to ask: in each form."""
        page = flat(render_letter(ANNA._replace(form=form)))

        for words in (ANNA.address, ANNA.name, ANNA.file, ANNA.site, "26 December 2027", ANNA.serial, ANNA.contact):
            assert words in page
        for words in ("is lost or sold", "revoked", "a new one before that"):
            assert words in page

    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ("pkcs12", {"Thunderbird", "Firefox", "Windows", "Mac", "iPhone", "Android", "Chrome", "Outlook"}),
            ("mobileconfig", {"Mac", "iPhone"}),
            ("pem", {"curl", "mutt"}),
            ("request", set()),
        ],
    )
    def test_only_what_fits(self, form: str, expected: set[str]) -> None:
        """Each form speaks of the programs that take it, and of no other."""
        page = render_letter(ANNA._replace(form=form))

        assert expected == {program for program in PROGRAMS if program in page}

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("follows", [True, False])
    def test_passphrase(self, form: str, follows: bool) -> None:  # noqa: FBT001  a parameter of the test
        """That the passphrase comes by another way is said where there is one, and only there."""
        page = flat(render_letter(ANNA._replace(form=form, passphrase_follows=follows)))

        assert follows == ("comes to you by another way" in page)

    def test_older_form(self) -> None:
        """Who has the older form already is not told to ask for it."""
        assert "older form" in flat(render_letter(ANNA))
        assert "older form" not in flat(render_letter(ANNA._replace(legacy=True)))

    def test_nothing_known(self) -> None:
        """Without name and file the page still reads well."""
        page = flat(render_letter(ANNA._replace(name="", file="")))

        assert page.startswith("Hello anna@bücher.example,")
        assert "the file" in page
        assert "{" not in page


TEXTS = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["{file}", "{0}", "%s", "\x1b[2J", "\u202eanna", "a\r\nb"]
)


class TestHostile:
    """Names come from lists that others write."""

    @given(
        st.sampled_from(FORMS),
        st.builds(dict, address=TEXTS, name=TEXTS, file=TEXTS, site=TEXTS, serial=TEXTS, contact=TEXTS),
    )
    def test_any(self, form: str, texts: dict[str, str]) -> None:
        """No control character but the end of a line gets in, no name adds a line of its own or is taken for ours."""
        page = render_letter(ANNA._replace(form=form, **texts))  # type: ignore[arg-type]  # of fields of text alone

        assert all(character == "\n" or character.isprintable() for character in page)
        assert page.endswith("\n")
        assert all(len(line) <= WIDTH or " " not in line.strip("* ") for line in page.split("\n"))

    def test_braces(self) -> None:
        """A name that looks like one of our blanks is a name."""
        assert "Hello {serial}," in render_letter(ANNA._replace(name="{serial}"))

    def test_long_address(self) -> None:
        """An address of 254 characters is never broken."""
        address = f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example"

        assert address in render_letter(ANNA._replace(address=address))

    @pytest.mark.parametrize("name", ["\x1b[31mAnna", "Anna\nHello Bernd", "\u202eannA", "Anna\0"])
    def test_control(self, name: str) -> None:
        """A greeting stays one line, without what a terminal or a reader would obey."""
        first = render_letter(ANNA._replace(name=name)).split("\n", 1)[0]

        assert first.startswith("Hello ")
        assert first.endswith(",")
        assert first.isprintable()
