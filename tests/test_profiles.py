"""Profiles: that the names are OpenSSL's and IANA's, and that a policy of one's own is read well."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.profiles import (
    CIPHERS,
    CIPHERSUITES,
    DEFAULT_PROFILE,
    GROUPS,
    PROFILES,
    PROTOCOLS,
    UNSTOCKED_CIPHERS,
    parse_cipher,
    parse_ciphersuite,
    parse_group,
    parse_protocol,
)
from tests.judges import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        expected = openssl_version >= GROUPS[name]
        with socket.socket() as nobody:  # bound, and never listens: a client that gets so far is refused at once
            nobody.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{nobody.getsockname()[1]}"
            _, words = ask(["openssl", "s_client", "-groups", name, "-connect", address])

        assert expected is ("Connection refused" in words), words
        assert expected is ("SSL_CONF_cmd(-groups" not in words)


class TestProfiles:
    """What a profile promises."""

    def test_names(self) -> None:
        """There are three, and the default is the one for almost everybody."""
        assert ["modern", "intermediate", "old"] == list(PROFILES)
        assert "intermediate" == DEFAULT_PROFILE

    @pytest.mark.parametrize("name", PROFILES)
    def test_is_in_the_tables(self, name: str) -> None:
        """A profile is made of names that the tables know, and says what it follows."""
        profile = PROFILES[name]

        assert set(profile.protocols) <= set(PROTOCOLS)
        assert set(profile.ciphers) <= CIPHERS.keys()
        assert set(profile.ciphersuites) <= set(CIPHERSUITES)
        assert set(profile.groups) <= GROUPS.keys()
        assert re.search(r"TLSRef \d\.\d", profile.guideline)

    @pytest.mark.parametrize("name", PROFILES)
    def test_each_suite_can_be_used(self, name: str) -> None:
        """No suite belongs to a protocol that the profile leaves out, and no protocol is without a suite."""
        profile = PROFILES[name]

        assert {CIPHERS[cipher].protocol for cipher in profile.ciphers} <= set(profile.protocols)
        assert bool(profile.ciphers) is (PROTOCOLS.index(profile.protocols[0]) < PROTOCOLS.index("TLSv1.3"))
        assert profile.ciphersuites

    @pytest.mark.parametrize("name", PROFILES)
    def test_hybrid_first(self, name: str) -> None:
        """Each begins with the hybrid key agreement, goes on with what every OpenSSL loads, and has no tickets."""
        profile = PROFILES[name]

        assert "X25519MLKEM768" == profile.groups[0]
        assert all(GROUPS[group] <= (1, 1, 1) for group in profile.groups[1:])
        assert not profile.session_tickets

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
    yield from ((parse_ciphersuite, name, name) for name in CIPHERSUITES)
    yield from ((parse_group, name, name) for name in GROUPS)
    yield from ((parse_protocol, name, name) for name in PROTOCOLS)
    yield from ((parse_group, name, "prime256v1") for name in ("P-256", "secp256r1"))
    yield parse_group, "P-384", "secp384r1"
    yield parse_group, "P-521", "secp521r1"
    yield parse_protocol, "TLSv1.0", "TLSv1"


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
    (parse_protocol, "TLS1.2", "unknown protocol", "did you mean TLSv1.2"),
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
