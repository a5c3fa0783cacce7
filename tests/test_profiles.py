"""Profiles: that the names are OpenSSL's and IANA's, and that a policy of one's own is read well."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.keytypes import KEY_TYPES
from sslutil.profiles import (
    CIPHERS,
    CIPHERSUITES,
    DEFAULT_PROFILE,
    GROUPS,
    PROFILES,
    PROTOCOLS,
    UNSTOCKED_CIPHERS,
    find_kind,
    parse_cipher,
    parse_ciphersuite,
    parse_group,
    parse_protocol,
)
from tests.judges import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What TLSRef 6.0 says, of "old" what 5.8 does: protocols, suites of TLS 1.2 and below, whether the server chooses.
OF_TLSREF = {"modern": (1, 0, False), "intermediate": (2, 6, False), "old": (4, 21, True)}
SUITES_OF_TLSREF = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
GROUPS_OF_TLSREF = ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1")
_CURVES = {"prime256v1", "secp384r1", "secp521r1"}
_AES = r"TLS_AES_(128_GCM_SHA256|256_GCM_SHA384|128_CCM_SHA256)"
ALLOWED = {
    "bsi": (
        r"ECDHE-(ECDSA|RSA)-AES(128|256)-(GCM-SHA\d+|SHA256|SHA384|CCM)",
        _AES,
        _CURVES | {"SecP256r1MLKEM768", "SecP384r1MLKEM1024"},
    ),
    "nist": (r"ECDHE-(ECDSA|RSA)-AES(128|256)-(GCM-SHA\d+|SHA\d*|CCM)", _AES, _CURVES),
    "ncsc-nl": (
        r"ECDHE-(ECDSA|RSA)-(AES(128|256)-(GCM-SHA\d+|CCM)|CHACHA20-POLY1305)",
        rf"{_AES}|TLS_CHACHA20_POLY1305_SHA256",
        _CURVES | {"X25519", "X448"},
    ),
}
"""What each authority recommends: suites of TLS 1.2, of TLS 1.3, groups; BSI's hybrids are of curves that it names."""
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
SUITE_LINE = re.compile(r"^(?P<iana>\S+) +- (?P<name>\S+) +(?P<protocol>\S+) +Kx=(?P<agreement>\S+) +Au=(?P<sign>\S+)")


@pytest.fixture(scope="module")
def openssl_suites() -> dict[str, re.Match[str]]:
    """What the installed OpenSSL says of each suite that it has, by its name for it."""
    status, words = ask(["openssl", "ciphers", "-s", "-v", "-stdname", EVERYTHING])
    assert status == 0, words
    lines = [SUITE_LINE.match(line) for line in words.splitlines()]
    return {line["name"]: line for line in lines if line}


@pytest.fixture(scope="module")
def openssl_version() -> tuple[int, ...]:
    """The version of the installed OpenSSL."""
    _, words = ask(["openssl", "version"])
    found = re.match(r"OpenSSL (\d+)\.(\d+)\.(\d+)", words)
    assert found, words
    return tuple(map(int, found.groups()))


@pytest.mark.needs("openssl")
class TestNamesOfOpenSSL:
    """The tables against the installed OpenSSL."""

    @pytest.mark.parametrize("name", [name for name in CIPHERS if name not in UNSTOCKED_CIPHERS])
    def test_cipher(self, name: str, openssl_suites: dict[str, re.Match[str]]) -> None:
        """OpenSSL has each suite, with the same IANA name, kind of key and first protocol."""
        row, judged = CIPHERS[name], openssl_suites[name]
        # What came with SSL 3.0 can be had from the oldest protocol that is left.
        first = PROTOCOLS[0] if judged["protocol"] == "SSLv3" else judged["protocol"]

        assert (judged["iana"], judged["sign"].lower(), first) == (row.iana, row.authentication, row.protocol)

    @pytest.mark.parametrize("name", UNSTOCKED_CIPHERS)
    def test_unstocked(self, name: str, openssl_suites: dict[str, re.Match[str]]) -> None:
        """What is marked as missing from stock builds has its right name where it is not missing."""
        judged = openssl_suites.get(name)

        assert judged is None or judged["iana"] == CIPHERS[name].iana

    def test_ciphersuites(self, openssl_suites: dict[str, re.Match[str]]) -> None:
        """OpenSSL takes each suite of TLS 1.3."""
        status, words = ask(["openssl", "ciphers", "-s", "-tls1_3", "-ciphersuites", ":".join(CIPHERSUITES)])

        assert (0, list(CIPHERSUITES)) == (status, words.strip().split(":"))
        assert "TLSv1.3" == openssl_suites[CIPHERSUITES[0]]["protocol"]

    @pytest.mark.parametrize("name", GROUPS)
    def test_group(self, name: str, openssl_version: tuple[int, ...]) -> None:
        """OpenSSL loads each group exactly where its version is one that is said to."""
        expected = openssl_version >= GROUPS[name].since
        with socket.socket() as nobody:  # bound, and never listens: a client that gets so far is refused at once
            nobody.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{nobody.getsockname()[1]}"
            _, words = ask(["openssl", "s_client", "-groups", name, "-connect", address])

        assert expected is ("Connection refused" in words), words
        assert expected is ("SSL_CONF_cmd(-groups" not in words)


class TestProfiles:
    """What a profile promises."""

    def test_names(self) -> None:
        """Three are TLSRef's, three an authority's, and the default is the one for almost everybody."""
        assert ["modern", "intermediate", "old", "bsi", "nist", "ncsc-nl"] == list(PROFILES)
        assert "intermediate" == DEFAULT_PROFILE

    @pytest.mark.parametrize("name", PROFILES)
    def test_is_in_the_tables(self, name: str) -> None:
        """A profile is made of names that the tables know, and says what it follows."""
        profile = PROFILES[name]

        assert set(profile.protocols) <= set(PROTOCOLS)
        assert set(profile.ciphers) <= CIPHERS.keys()
        assert set(profile.ciphersuites) <= set(CIPHERSUITES)
        assert set(profile.groups) <= GROUPS.keys()
        assert re.search(r"TLSRef \d\.\d|version 2026-01|revision 2|of May 2025", profile.guideline)
        assert set(profile.short_keys) <= KEY_TYPES.keys()

    @pytest.mark.parametrize("name", PROFILES)
    def test_each_suite_can_be_used(self, name: str) -> None:
        """No suite belongs to a protocol that the profile leaves out, and no protocol is without a suite."""
        profile = PROFILES[name]

        assert {CIPHERS[cipher].protocol for cipher in profile.ciphers} <= set(profile.protocols)
        assert bool(profile.ciphers) is (PROTOCOLS.index(profile.protocols[0]) < PROTOCOLS.index("TLSv1.3"))
        assert profile.ciphersuites

    @pytest.mark.parametrize("name", OF_TLSREF)
    def test_hybrid_first(self, name: str) -> None:
        """Each begins with the hybrid key agreement, goes on with what every OpenSSL loads, and has no tickets."""
        profile = PROFILES[name]

        assert "X25519MLKEM768" == profile.groups[0]
        assert all(GROUPS[group].since <= (1, 1, 1) for group in profile.groups[1:])

    @pytest.mark.parametrize("name", PROFILES)
    def test_for_every_openssl(self, name: str) -> None:
        """Hybrids come before all other groups, of which there is one that every OpenSSL loads; no tickets."""
        profile = PROFILES[name]

        hybrid = [GROUPS[group].hybrid for group in profile.groups]
        assert sorted(hybrid, reverse=True) == hybrid
        assert not all(hybrid)
        assert not profile.session_tickets

    @pytest.mark.parametrize("name", OF_TLSREF)
    def test_is_the_guideline(self, name: str) -> None:
        """TLSRef's are what was compared with its 6.0 and 5.8, list by list."""
        profile, counted = PROFILES[name], OF_TLSREF[name]

        assert counted == (len(profile.protocols), len(profile.ciphers), profile.prefer_server_ciphers)
        assert SUITES_OF_TLSREF == profile.ciphersuites
        assert GROUPS_OF_TLSREF == profile.groups

    @pytest.mark.parametrize("name", ALLOWED)
    def test_is_no_laxer_than_the_authority(self, name: str) -> None:
        """An authority's profile has nothing that its guideline does not recommend."""
        profile, (ciphers, suites, groups) = PROFILES[name], ALLOWED[name]

        assert ("TLSv1.2", "TLSv1.3") == profile.protocols
        assert all(re.fullmatch(ciphers, cipher) for cipher in profile.ciphers)
        assert {"ecdsa", "rsa"} == {CIPHERS[cipher].authentication for cipher in profile.ciphers}
        assert all(re.fullmatch(suites, suite) for suite in profile.ciphersuites)
        assert set(profile.groups) <= groups

    def test_intermediate_keeps_secrets(self) -> None:
        """Intermediate has forward secrecy and authenticated encryption alone, for both kinds of key."""
        ciphers = PROFILES["intermediate"].ciphers

        assert all(re.fullmatch(r"ECDHE-.*-(GCM-SHA\d+|POLY1305)", cipher) for cipher in ciphers)
        assert {"ecdsa", "rsa"} == {CIPHERS[cipher].authentication for cipher in ciphers}
        assert ("TLSv1.2", "TLSv1.3") == PROFILES["intermediate"].protocols

    def test_modern_is_tls_1_3(self) -> None:
        """Modern is TLS 1.3 and nothing else."""
        assert (("TLSv1.3",), ()) == (PROFILES["modern"].protocols, PROFILES["modern"].ciphers)

    def test_old_prefers_the_good(self) -> None:
        """Old lists what intermediate has first, and has the server choose."""
        better = PROFILES["intermediate"].ciphers

        assert better == PROFILES["old"].ciphers[: len(better)]
        assert PROFILES["old"].prefer_server_ciphers
        assert not PROFILES["intermediate"].prefer_server_ciphers


def each_spelling() -> Iterator[tuple[Callable[[str], str], str, str]]:
    """Yield parser, spelling and name for each spelling of each name."""
    for row in CIPHERS.values():
        yield parse_cipher, row.name, row.name
        yield parse_cipher, row.iana, row.name
        yield parse_cipher, row.gnutls, row.name
    yield from ((parse_ciphersuite, name, name) for name in CIPHERSUITES)
    yield from ((parse_group, name, name) for name in GROUPS)
    yield from ((parse_protocol, name, name) for name in PROTOCOLS)
    yield from ((parse_group, name, "prime256v1") for name in ("P-256", "secp256r1"))
    yield parse_group, "P-384", "secp384r1"
    yield parse_group, "P-521", "secp521r1"
    yield from ((parse_group, row.gnutls, row.name) for row in GROUPS.values())
    yield from ((parse_protocol, spelling, "TLSv1") for spelling in ("TLSv1.0", "VERS-TLS1.0", "TLS 1.0"))
    yield from ((parse_protocol, spelling, "TLSv1.3") for spelling in ("VERS-TLS1.3", "TLS 1.3", "TLS1.3"))


REFUSED = [
    (parse_cipher, "ECDHE-RSA-AES128-GCM-SHA265", "unknown cipher", "did you mean ECDHE-RSA-AES128-GCM-SHA256"),
    (
        parse_cipher,
        "TLS_ECDHE_RSA_WITH_AES128_GCM_SHA256",
        "unknown",
        "did you mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    ),
    (parse_cipher, "tls_aes_128_gcm_sha256", "is a suite of TLS 1.3", "put TLS_AES_128_GCM_SHA256 into ciphersuites"),
    (parse_cipher, "HIGH:!aNULL", "is a list or an expression", 'write profile = "intermediate"'),
    (parse_cipher, "NULL-SHA", "unknown cipher", 'write profile = "intermediate"'),
    (parse_cipher, "", "unknown cipher ''", 'write profile = "intermediate"'),
    (parse_ciphersuite, "AES128-SHA", "is a suite of TLS 1.2 and below", "put AES128-SHA into ciphers"),
    (parse_ciphersuite, "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS 1.2 and below", "put AES128-SHA into ciphers"),
    (parse_ciphersuite, "TLS_AES_256_GCM_SHA284", "unknown ciphersuite", "did you mean TLS_AES_256_GCM_SHA384"),
    (parse_group, "X25519Kyber768", "unknown group", "did you mean X25519MLKEM768"),
    (parse_group, "X25519:P-256", "is a list or an expression", "each group is one of X25519MLKEM768, "),
    (parse_protocol, "TLSv1.4", "unknown protocol", "did you mean TLS"),
    (parse_protocol, "SSLv3", "given up", "write TLSv1.2 and TLSv1.3"),
    (parse_protocol, "\x1b[2J", r"'\x1b[2J'", "each protocol is one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"),
]


class TestParsed:
    """A policy of one's own."""

    @pytest.mark.parametrize(("parse", "spelling", "name"), list(each_spelling()))
    def test_every_spelling(self, parse: Callable[[str], str], spelling: str, name: str) -> None:
        """Each spelling, in any letter case, is OpenSSL's name."""
        assert name == parse(spelling) == parse(spelling.lower()) == parse(spelling.upper())

    @pytest.mark.parametrize(("parse", "text", "fault", "hint"), REFUSED)
    def test_refused(self, parse: Callable[[str], str], text: str, fault: str, hint: str) -> None:
        """Anything else is refused with its own sentence, what was meant, and the key at fault."""
        with pytest.raises(SiteError) as refused:
            parse(text)

        assert fault in refused.value.message
        assert refused.value.hint.startswith(hint)
        assert f"tls.{parse.__name__.removeprefix('parse_')}s" == refused.value.key

    @pytest.mark.parametrize(("parse", "spelling", "name"), list(each_spelling()))
    def test_kind(self, parse: Callable[[str], str], spelling: str, name: str) -> None:
        """Each spelling belongs to one list of [tls]."""
        assert (f"{parse.__name__.removeprefix('parse_')}s", name) == find_kind(spelling)

    def test_kind_of_nothing(self) -> None:
        """What no table has is of no kind."""
        assert find_kind("NULL-SHA") is None
