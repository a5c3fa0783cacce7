"""The subject of a request: what fits is taken as it is, what no certificate may hold is refused with its option."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import UsageError
from sslutil.names import parse_identities
from sslutil.pki.keys import make_key
from sslutil.pki.requests import make_request
from sslutil.steps.subject import PARTS, parse_subject, render_subject

KEY = make_key("p256")
NAMES = parse_identities(["mail.example.org"])
TYPED = st.fixed_dictionaries({}, optional={name: st.text(max_size=80) for name in PARTS})


def test_nothing() -> None:
    """Nothing is in the subject that nobody asked for."""
    assert {} == parse_subject(dict.fromkeys(PARTS)) == parse_subject({})
    assert not render_subject({})


def test_everything() -> None:
    """Every part is taken and told, in the order in which people write them."""
    typed = {name: part.example for name, part in reversed(PARTS.items())}
    subject = parse_subject(typed)
    assert list(PARTS) == list(subject)
    assert typed == subject
    words = "organization Example Ltd, unit Mail, locality Vienna, state Vienna, country AT"
    assert f"{words}, e-mail address postmaster@example.org" == render_subject(subject)


@pytest.mark.parametrize(
    ("name", "typed", "held"),
    [
        ("country", "at", "AT"),
        ("organization", "  Müller & Söhne ", "Müller & Söhne"),
        ("organization", "x" * 64, "x" * 64),
        ("locality", "ö" * 128, "ö" * 128),
        ("email", "postmaster@Bücher.example", "postmaster@xn--bcher-kva.example"),
        ("email", "a+b.c@mail.example.org", "a+b.c@mail.example.org"),
    ],
)
def test_taken(name: str, typed: str, held: str) -> None:
    """It is held without blanks around it, a country in capitals, a domain in ASCII; longest texts fit."""
    assert {name: held} == parse_subject({name: typed})


@pytest.mark.parametrize(
    ("name", "typed", "fault"),
    [
        ("country", "AUT", "is two letters of ISO 3166, not AUT"),
        ("country", "4T", "is two letters"),
        ("country", "ÄT", "is two letters"),
        ("country", "", "is two letters"),
        ("organization", "", "has a letter or a digit, or is left away"),
        ("organization", " ", "has a letter or a digit"),
        ("unit", ".", "has a letter or a digit"),
        ("state", "-", "has a letter or a digit"),
        ("organization", "a\nb", "has no control characters"),
        ("organization", "a\x1b[31m", "has no control characters"),
        ("organization", "a\udcff", "has no control characters"),
        ("organization", "a\u202eb", "has no control characters"),
        ("organization", "x" * 65, "has at most 64 characters, and this one has 65"),
        ("unit", "x" * 65, "has at most 64"),
        ("locality", "x" * 129, "has at most 128"),
        ("state", "x" * 129, "has at most 128"),
        ("email", "postmaster", "is an address in ASCII, with one @"),
        ("email", "@example.org", "is an address in ASCII"),
        ("email", "pöst@example.org", "is an address in ASCII"),
        ("email", "a@b@example.org", "is an address in ASCII"),
        ("email", "a b@example.org", "is an address in ASCII"),
        ("email", f"{'x' * 65}@example.org", "is an address in ASCII"),
        ("email", "a@", "has a domain: "),
        ("email", "a@exa mple.org", "has a domain: "),
        ("email", "a@192.0.2.1", "has the domain of a mail server"),
        ("email", "a@*.example.org", "has the domain of a mail server"),
        ("email", f"a@{'x.' * 130}org", "has at most 255"),
    ],
)
def test_refused(name: str, typed: str, fault: str) -> None:
    """What no certificate may hold is refused in a sentence that names the option, with a command that works."""
    with pytest.raises(UsageError) as refused:
        parse_subject({name: typed})
    assert refused.value.message.startswith(f"--{name} {fault}")
    assert refused.value.hint.startswith(f"sslutil certificate csr --{name} ")


@given(TYPED)
def test_whatever_is_taken_can_be_asked_for(typed: dict[str, str]) -> None:
    """Whatever passes stands in a request that reads back the same."""
    try:
        subject = parse_subject(typed)
    except UsageError:
        return
    request = x509.load_pem_x509_csr(make_request(KEY, NAMES, subject=subject))
    held = [attribute.value for attribute in request.subject]
    assert sorted([*subject.values(), "mail.example.org"]) == sorted(held)
