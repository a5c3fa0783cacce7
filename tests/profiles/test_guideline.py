"""A guideline in TLSRef's form: what is taken, and that a stranger's file ends in a sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.profiles.guideline import parse_guideline
from tests.profiles.guidelines import document

PATH = "6.1.json"


def parse(value: object, profile: str | None = "strict") -> Any:  # noqa: ANN401  a Guideline
    """Parse a document."""
    return parse_guideline(json.dumps(value).encode(), profile, PATH)


def test_taken() -> None:
    """The lists come in our spelling, the version as it was written, the source from its address."""
    found = parse(document())

    assert "TLSRef 6.1, strict" == found.title
    assert ("TLSv1.2", "TLSv1.3") == found.protocols
    assert ("ECDHE-RSA-AES256-GCM-SHA384",) == found.ciphers
    assert ("TLS_AES_256_GCM_SHA384",) == found.ciphersuites
    assert ("X25519", "prime256v1") == found.groups
    assert found.prefer_server_ciphers
    assert () == found.unknown


@pytest.mark.parametrize(
    ("version", "href", "title"),
    [
        ("6.0", "https://data.tlsref.org/guidelines/6.0.json", "TLSRef 6.0"),
        ("7", "https://ssl-config.mozilla.org/guidelines/7.json", "Mozilla 7"),
        ("7.10", "https://tlsref.org.example.org/7.json", "guideline 7.10"),
        ("7", "7", "guideline 7"),
    ],
)
def test_source(version: str, href: str, title: str) -> None:
    """Only the two that publish this form are named; 6.0 stays 6.0."""
    text = json.dumps(document() | {"href": href}).replace('"version": 6.1', f'"version": {version}')
    assert f"{title}, strict" == parse_guideline(text.encode(), "strict", PATH).title


def test_only_iana() -> None:
    """A file without OpenSSL's names is read by IANA's, and a byte order mark is no fault."""
    value = document(ciphers={"iana": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]})
    found = parse_guideline(b"\xef\xbb\xbf" + json.dumps(value).encode(), "strict", PATH)
    assert ("ECDHE-RSA-AES128-GCM-SHA256",) == found.ciphers


def test_unknown_names() -> None:
    """Unknown names are left out and named; those in the wrong list are unknown there."""
    found = parse(
        document(
            tls_curves=["ffdhe2048", "X25519"],
            ciphersuites=["TLS_AES_256_GCM_SHA384", "AES128-SHA"],
            tls_versions=["SSLv3", "TLSv1.2", "TLSv1.3"],
        )
    )
    assert {"ffdhe2048", "AES128-SHA", "SSLv3"} == set(found.unknown)
    assert ("X25519",) == found.groups


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"tls_curves": ["ffdhe2048"]}, "groups"),
        ({"tls_versions": ["TLSv1.4"]}, "protocols"),
        ({"ciphers": {"openssl": ["DHE-RSA-AES128-SHA"]}}, "ciphers"),
        ({"ciphersuites": []}, "ciphersuites"),
    ],
)
def test_nothing_left(changes: dict[str, Any], missing: str) -> None:
    """A list that is needed and has nothing that we know is refused, with the names."""
    with pytest.raises(
        SiteError, match=f"^the profile strict of 6.1.json leaves no {missing} that sslutil knows"
    ) as fault:
        parse(document(**changes))
    assert f"tls.{missing}" == fault.value.key


@pytest.mark.parametrize(
    ("profile", "message", "hint"),
    [
        ("strit", "6.1.json has no profile 'strit'; did you mean strict?", "it has strict, modern"),
        ("intermediate", "6.1.json has no profile 'intermediate'", "it has strict, modern"),
        (
            None,
            "6.1.json has several profiles: choose one of them with --profile",
            "add --profile NAME, of strict, modern",
        ),
    ],
)
def test_no_such_profile(profile: str | None, message: str, hint: str) -> None:
    """A missing profile is answered with what was meant, and all there are."""
    with pytest.raises(SiteError) as fault:
        parse(document(), profile)
    assert (message, hint) == (fault.value.message, fault.value.hint)


DAMAGED: list[tuple[bytes, str]] = [
    (b"", "it is no JSON"),
    (b"{", "it is no JSON"),
    (b"\xff\xfe", "it is no JSON"),
    (b"[" * 100_000, "it is no JSON"),
    (b'{"a":' * 100_000, "it is no JSON"),
    (b"[]", "it is no object"),
    (b"9" * 5000, "it is no object"),
    (b"{}", "configurations is missing"),
    (b'{"configurations": []}', "configurations is not an object"),
    (b'{"configurations": {"strict": 1}}', "the profile strict is no object"),
    (b'{"configurations": {}}', "it has no profiles, or too many"),
    (
        json.dumps({"configurations": {str(number): {} for number in range(101)}}).encode(),
        "it has no profiles, or too many",
    ),
    *(
        (json.dumps({"configurations": {"strict": {}, name: {}}}).encode(), "a profile has no name that can be typed")
        for name in ("", "x" * 51, "a\nb", "m\u202eo", "\x1b[2J")
    ),
]
CHANGED: list[tuple[dict[str, Any], str]] = [
    ({"ciphers": None}, "ciphers is missing"),
    ({"ciphers": []}, "ciphers is not an object"),
    ({"ciphers": {"openssl": "ALL"}}, "openssl is not a list"),
    ({"tls_curves": None}, "tls_curves is missing"),
    ({"tls_curves": [1]}, "tls_curves has an entry that is no name"),
    ({"tls_curves": ["x" * 81]}, "tls_curves has an entry that is no name"),
    ({"tls_curves": ["X25519"] * 201}, "tls_curves has 201 entries"),
    ({"server_preferred_order": None}, "server_preferred_order is missing"),
    ({"server_preferred_order": "no"}, "server_preferred_order is not true or false"),
]


EVERY_DAMAGE = [*DAMAGED, *((json.dumps(document(**changes)).encode(), fault) for changes, fault in CHANGED)]


@pytest.mark.parametrize(("text", "fault"), EVERY_DAMAGE, ids=[f"{n} {row[1]}" for n, row in enumerate(EVERY_DAMAGE)])
def test_damaged(text: bytes, fault: str) -> None:
    """Damage is one sentence that names the file and the member."""
    with pytest.raises(SiteError) as refused:
        parse_guideline(text, "strict", PATH)
    assert f"6.1.json is no guideline in TLSRef's form: {fault}" == refused.value.message


@pytest.mark.parametrize("version", [None, "6.1; rm", [], "1" * 30, -1, 1e400])
def test_version(version: object) -> None:
    """The version stands in site.toml, so that it is a number and nothing else."""
    with pytest.raises(SiteError, match=r"version is no number$"):
        parse(document() | {"version": version})


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)


@given(name=st.sampled_from(sorted(document()["configurations"]["strict"])), value=_JSON)
def test_any_member(name: str, value: object) -> None:
    """Whatever stands in a member ends in a guideline or in our own error."""
    changed = document()
    changed["configurations"]["strict"][name] = value
    with suppress(SiteError):
        assert "TLSRef 6.1, strict" == parse(changed).title
