"""Lists of people: what a spreadsheet saves and what a person types is taken, or refused with file, line and fault."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.documents.people import parse_people
from sslutil.errors import UsageError
from sslutil.facts import Person
from sslutil.names import parse_client

ANNA, BERND = parse_client("anna@example.org"), parse_client("bernd@example.org")
TABLES = """\
[[person]]
address = "anna@example.org"
name = "Anna"
days = 30
[[person]]
address = "bernd@example.org"
"""
BERND_INLINE = '{address = "bernd@example.org"}]\n'
PATHS = st.sampled_from(["p.csv", "p.toml", "p"])
WORDS = ("address", "name", "days", "anna@example.org", "b@example.org", "30", "[[person]]", "address = ", "name = ")
PIECES = (*WORDS, *"\",;\t\r\n#\0=[{}'\u00fc\ufeff\u202e", '""')
BOTH = (Person(ANNA, "Anna", 30), Person(BERND))


class TestTaken:
    """What is taken."""

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("address,name,days\nanna@example.org,Anna,30\nbernd@example.org,,\n", "people.csv"),
            ("days;E-Mail;name\n30;anna@example.org;Anna\n;bernd@example.org;\n", "people.csv"),
            ("MAIL\tname\tdays\nanna@example.org\tAnna\t30\nbernd@example.org\n", "people.txt"),
            ("anna@example.org,Anna,30\nbernd@example.org\n", "people.csv"),
            ('\ufeff"Email","name","days"\r\n"anna@example.org","Anna","30"\r\n"bernd@example.org"\r\n', "p.csv"),
            ("# ours\n\naddress,name,days\n anna@EXAMPLE.org , Anna , 30 \n\nbernd@example.org", "-"),
            (TABLES, "people.toml"),
            (
                'version = 1\nperson = [{address = "anna@example.org", name = "Anna", days = 30}, ' + BERND_INLINE,
                "P.TOML",
            ),
            (TABLES.replace("\n", "\r\n"), "-"),
        ],
    )
    def test_same_people(self, text: str, path: str) -> None:
        """Each spelling of one list is the same people in their order."""
        assert BOTH == parse_people(text.encode(), path)

    def test_comma_in_quotes(self) -> None:
        """A name with a comma, in quotes, is one name."""
        assert (Person(ANNA, "Berg, Anna"),) == parse_people(b'address,name\nanna@example.org,"Berg, Anna"\n', "p.csv")

    def test_service(self) -> None:
        """A host name is a service."""
        assert (Person(parse_client("relay.example.org")),) == parse_people(b"address\nrelay.example.org\n", "p.csv")


class TestRefused:
    """What is refused."""

    @pytest.mark.parametrize(
        ("content", "path", "words"),
        [
            (b"", "p.csv", "p.csv has nobody on it"),
            (b"address,name\n", "p.csv", "p.csv has nobody on it"),
            (b"version = 1\n", "p.toml", "p.toml has nobody on it"),
            (b"address\nanna@example.org\nJ\xf6rg@example.org\n", "p.csv", "p.csv is not UTF-8 in line 3"),
            (b"address\nanna@example.org\n\nANNA@example.org\n", "p.csv", "twice: line 2 and line 4"),
            (b"address,days\nanna@example.org,0\n", "p.csv", "p.csv, line 2: days is a whole number"),
            (b"address,days\nanna@example.org,1.5\n", "p.csv", "p.csv, line 2: days is a whole number"),
            (b"address,days\nanna@example.org,\xd9\xa3\n", "p.csv", "p.csv, line 2: days is a whole number"),
            (b"address,days\nanna@example.org,99999999\n", "p.csv", "p.csv, line 2: days is a whole number"),
            (b"address,name\nanna@example.org,A,B\n", "p.csv", "p.csv, line 2: 3 fields, and there are 2 columns"),
            (b"address,mail\na@example.org,b@example.org\n", "p.csv", "p.csv, line 1: two columns are for the address"),
            (b"Anna,anna@example.org\n", "p.csv", "p.csv, line 1: the address is not in the first column"),
            (b"address,name\n,Anna\n", "p.csv", "p.csv, line 2: it has no address"),
            (b"address\nanna@\n", "p.csv", "p.csv, line 2: "),
            (b"address\n*.example.org\n", "p.csv", "p.csv, line 2: "),
            (b"address\n192.0.2.1\n", "p.csv", "p.csv, line 2: "),
            (b'address,name\nanna@example.org,"A\x1b[2J"\n', "p.csv", "p.csv, line 2: a name is a line"),
            (b'address,name\nanna@example.org,"A\nB"\n', "p.csv", "p.csv, line 3: a name is a line"),
            (b'address\n"anna@example.org\n', "p.csv", "p.csv, line 2: "),
            (b'[[person]]\nname = "Anna"\n', "p.toml", "p.toml, entry 1: it has no address"),
            (b'[[person]]\nadress = "anna@example.org"\n', "p.toml", "key adress, did you mean address?"),
            (b'[[people]]\naddress = "anna@example.org"\n', "p.toml", "p.toml has people"),
            (b'[person]\naddress = "anna@example.org"\n', "p.toml", "begins with a line [[person]]"),
            (b'[[person]]\naddress = "anna@example.org"\ndays = true\n', "p.toml", "entry 1: days is a whole number"),
            (b'[[person]]\naddress = "anna@example.org"\nname = 1\n', "p.toml", "entry 1: a name is a line"),
            (b"[[person]]\naddress = \n", "p.toml", "p.toml is not TOML"),
        ],
    )
    def test_sentence(self, content: bytes, path: str, words: str) -> None:
        """The sentence names the file, the place in it and the fault, and a hint goes along."""
        with pytest.raises(UsageError) as refused:
            parse_people(content, path)

        assert words in refused.value.message
        assert refused.value.hint or refused.value.near

    def test_most(self) -> None:
        """A list of 100,000 is taken, one more is refused."""
        lines = b"".join(b"a%d@example.org\n" % number for number in range(100_001))
        with pytest.raises(UsageError, match="more than 100000 people"):
            parse_people(lines, "p.csv")

    @given(st.binary(max_size=200), PATHS)
    def test_bytes(self, content: bytes, path: str) -> None:
        """Bytes raise our error and no other."""
        assert PLACELESS not in answer(content, path)

    @given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6), max_size=6), PATHS)
    def test_pieces(self, lines: list[list[str]], path: str) -> None:
        """Lines that are nearly right raise our error, or are people that can be named."""
        people = answer("\n".join("".join(line) for line in lines).encode(), path)

        assert all(parse_client(person.address.text) == person.address for person in people)
        assert all(person.name.isprintable() for person in people)

    @given(st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text(max_size=20), min_size=1, max_size=5))
    def test_saved_by_a_spreadsheet(self, names: dict[str, str]) -> None:
        """Whatever names a spreadsheet quotes, they come back, or are refused."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerows([("address", "name"), *((f"{user}@example.org", name) for user, name in names.items())])
        people = answer(out.getvalue().encode("utf-8", "replace"), "p.csv")

        assert not people or [name.strip() for name in names.values()] == [person.name for person in people]


PLACELESS = Person(ANNA, "\n")
"""Stands for an error that names no file: no list has such a name."""


def answer(content: bytes, path: str) -> tuple[Person, ...]:
    """Return the people; nobody where the list is refused."""
    try:
        return parse_people(content, path)
    except UsageError as refused:
        return () if path in refused.message else (PLACELESS,)
