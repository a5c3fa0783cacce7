"""The handshake matrix: key types, profiles and client authentication over loopback, each success with its twin."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from sslutil import server
from sslutil.profiles import PROFILES
from tests.server.loopback import RefusedError, make_client_context, served
from tests.server.made import make_authority, make_client, make_crl, make_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.made import MadeRegistry, Pair

KEY_TYPES = ("p256", "rsa2048", "ed25519")
MODES = ("off", "optional", "require")
ALL_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
VERSION_REFUSALS = {"UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER", "NO_SHARED_CIPHER", "VERSION_TOO_LOW"}


@pytest.fixture(scope="module")
def authority() -> Pair:
    """A CA for clients."""
    return make_authority()


@pytest.fixture(scope="module")
def client(authority: Pair) -> Pair:
    """A client of the CA."""
    return make_client(authority)


def versions_of(key_type: str, profile: str) -> list[str]:
    """Ed25519 keys sign in TLS 1.2 and newer only (RFC 8422, 5.10)."""
    spoken = PROFILES[profile].protocols
    return [version for version in spoken if key_type != "ed25519" or version in {"TLSv1.2", "TLSv1.3"}]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("key_type", KEY_TYPES)
class TestMatrix:
    """Every key type, profile and mode."""

    def test_each_version_of_the_profile_is_spoken_and_no_other(
        self, make_registry: Callable[..., MadeRegistry], authority: Pair, key_type: str, profile: str, mode: str
    ) -> None:
        """A client that speaks one version alone is let in exactly where the profile has it."""
        mode = "optional" if mode == "require" else mode  # without a certificate; the other test shows one
        made = make_registry(servers=(make_server(key_type),), profile=profile, mode=mode, ca=authority.pem)
        spoken = versions_of(key_type, profile)
        with served(server.load(made.path).ssl_context()) as here:
            for version in ALL_VERSIONS:
                alone = make_client_context(made.server, version=version)
                if version in spoken:
                    seen = here.greet(alone)
                    assert (version, made.server.der) == (seen.version, seen.certificate)
                    continue
                with pytest.raises(RefusedError) as refusal:
                    here.greet(alone)
                assert refusal.value.reason in VERSION_REFUSALS

    def test_client_certificates_are_judged_as_the_mode_says(
        self, make_registry: Callable[..., MadeRegistry], authority: Pair, key_type: str, profile: str, mode: str
    ) -> None:
        """One of our CA, none, and one of a stranger's CA: who gets in, in each version of TLS from 1.2 on."""
        made = make_registry(servers=(make_server(key_type),), profile=profile, mode=mode, ca=authority.pem)
        showing = (make_client(authority), None, make_client(make_authority()))
        expected = {"off": [1, 1, 1], "optional": [1, 1, 0], "require": [1, 0, 0]}[mode]
        with served(server.load(made.path).ssl_context()) as here:
            for version in set(versions_of(key_type, profile)) & {"TLSv1.2", "TLSv1.3"}:
                contexts = [
                    make_client_context(made.server, version=version, shown=shown, folder=made.path)
                    for shown in showing
                ]
                assert expected == [is_let_in(here.greet, context) for context in contexts]


def is_let_in(greet: Callable[[ssl.SSLContext], object], context: ssl.SSLContext) -> int:
    """1 or 0; a refusal must be one of the client's certificate."""
    try:
        greet(context)
    except RefusedError as refusal:
        assert refusal.reason in {"PEER_DID_NOT_RETURN_A_CERTIFICATE", "CERTIFICATE_VERIFY_FAILED"}  # noqa: PT017
        return 0
    return 1


class TestServersCertificate:
    """What a client finds wrong must be wrong."""

    def test_a_wrong_name_is_refused_by_the_client(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """The certificate speaks for its names and no other."""
        made = make_registry(servers=(make_server(names=("mail.example.org", "xn--bcher-kva.example")),))
        with served(server.load(made.path).ssl_context()) as here:
            assert made.server.der == here.greet(make_client_context(made.server), "xn--bcher-kva.example").certificate
            with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
                here.greet(make_client_context(made.server), "other.example.org")

    def test_a_client_that_trusts_another_certificate_refuses(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """Trust in one self-signed certificate is not trust in another of the same name."""
        made = make_registry()
        with (
            served(server.load(made.path).ssl_context()) as here,
            pytest.raises(ssl.SSLCertVerificationError, match="self-signed"),
        ):
            here.greet(make_client_context(make_server(number=7)))

    def test_of_two_certificates_each_client_gets_the_one_that_it_takes(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """One entry per key type is loaded, and the first of two with the same type holds."""
        ecdsa, rsa, second = make_server("p256"), make_server("rsa2048"), make_server("p256", number=9)
        made = make_registry(servers=(ecdsa, rsa, second))
        with served(server.load(made.path).ssl_context()) as here:
            for pair, ciphers in ((ecdsa, "ECDHE-ECDSA-AES128-GCM-SHA256"), (rsa, "ECDHE-RSA-AES128-GCM-SHA256")):
                seen = here.greet(make_client_context(pair, version="TLSv1.2", ciphers=ciphers))
                assert (pair.der, ciphers) == (seen.certificate, seen.cipher)


class TestSuites:
    """The suites of TLS 1.2 and below."""

    @pytest.mark.parametrize(
        ("key_type", "inside", "outside"),
        [
            ("p256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-CCM"),
            ("rsa2048", "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-SHA256"),
            ("ed25519", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA256"),
        ],
    )
    def test_a_suite_outside_the_profile_is_refused(
        self, make_registry: Callable[..., MadeRegistry], key_type: str, inside: str, outside: str
    ) -> None:
        """Only what the list names is agreed on; OpenSSL would have taken the other."""
        made = make_registry(servers=(make_server(key_type),))
        inner, outer = (make_client_context(made.server, version="TLSv1.2", ciphers=one) for one in (inside, outside))
        with served(server.load(made.path).ssl_context()) as here:
            assert inside == here.greet(inner).cipher
            with pytest.raises(RefusedError, match="NO_SHARED_CIPHER"):
                here.greet(outer)
        made.flip(tls={"ciphers": [inside, outside]})
        with served(server.load(made.path).ssl_context()) as here:
            assert outside == here.greet(outer).cipher

    @pytest.mark.parametrize("prefer", [True, False])
    def test_the_order_is_the_servers_or_the_clients(
        self, make_registry: Callable[..., MadeRegistry], *, prefer: bool
    ) -> None:
        """prefer_server_ciphers is followed both ways, whatever Python's default."""
        ours, theirs = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"
        made = make_registry(tls={"ciphers": [ours, theirs], "prefer_server_ciphers": prefer})
        client = make_client_context(made.server, version="TLSv1.2", ciphers=f"{theirs}:{ours}")
        with served(server.load(made.path).ssl_context()) as here:
            assert (ours if prefer else theirs) == here.greet(client).cipher

    @pytest.mark.parametrize("protocols", [["TLSv1", "TLSv1.2"], ["TLSv1.1", "TLSv1.3"], ["TLSv1.1"]])
    def test_protocols_with_a_gap_are_exactly_those(
        self, make_registry: Callable[..., MadeRegistry], protocols: list[str]
    ) -> None:
        """A version between two others can be left out, and Python's deprecations stay inside."""
        old = {"protocols": protocols, "ciphers": ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256"]}
        made = make_registry(profile="old", tls=old)
        with served(server.load(made.path).ssl_context()) as here:
            for version in ALL_VERSIONS:
                client = make_client_context(made.server, version=version)
                if version in protocols:
                    assert version == here.greet(client).version
                    continue
                with pytest.raises(RefusedError):
                    here.greet(client)

    @pytest.mark.needs("openssl")
    def test_nobody_may_renegotiate(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """A client of TLS 1.2 that asks is told no."""
        made = make_registry()
        with served(server.load(made.path).ssl_context()) as here:
            argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{here.port}", "-tls1_2"]
            done = subprocess.run(argv, input="R\n", capture_output=True, text=True, timeout=60, check=False)
        assert "RENEGOTIATING" in done.stdout + done.stderr
        assert "no renegotiation" in done.stderr

    @pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
    @pytest.mark.parametrize("tickets", [True, False])
    def test_tickets_are_given_only_where_they_are_wanted(
        self, make_registry: Callable[..., MadeRegistry], version: str, *, tickets: bool
    ) -> None:
        """Without session_tickets no client gets one, in either version."""
        made = make_registry(tls={"session_tickets": tickets})
        with served(server.load(made.path).ssl_context()) as here:
            with here.connect(make_client_context(made.server, version=version)) as secure:
                session = secure.session
            assert tickets == (session is not None and session.has_ticket)


class TestRevocation:
    """Where there is a CRL."""

    def test_a_revoked_client_is_refused_and_its_neighbour_is_not(
        self, make_registry: Callable[..., MadeRegistry], authority: Pair, client: Pair, tmp_path: Path
    ) -> None:
        """The CRL decides; without it both are let in."""
        other = make_client(authority, "abuse")
        made = make_registry(mode="require", ca=authority.pem)
        contexts = [make_client_context(made.server, shown=shown, folder=tmp_path) for shown in (client, other)]
        for crl, expected in ((b"", [1, 1]), (make_crl(authority, client), [0, 1])):
            made.flip(crl=crl)
            with served(server.load(made.path).ssl_context()) as here:
                assert expected == [is_let_in(here.greet, context) for context in contexts]

    def test_a_revoked_intermediate_lets_nobody_in(
        self, make_registry: Callable[..., MadeRegistry], authority: Pair, tmp_path: Path
    ) -> None:
        """The whole chain is asked for, so each CA needs a CRL, and one that has lapsed lets nobody in."""
        middle = make_authority("Example intermediate", authority)
        shown = make_client(middle)
        made = make_registry(mode="require", ca=authority.pem + middle.pem)
        context = make_client_context(made.server, shown=shown, folder=tmp_path)
        good, ours = make_crl(authority), make_crl(middle)
        cases = [(b"", 1), (good + ours, 1), (make_crl(authority, middle) + ours, 0), (good, 0), (ours, 0)]
        for crl, expected in [*cases, (good + make_crl(middle, days=-1), 0)]:
            made.flip(crl=crl)
            with served(server.load(made.path).ssl_context()) as here:
                assert expected == is_let_in(here.greet, context)


class TestUnsupported:
    """What this Python can't express is said, and nothing else."""

    def test_groups_are_said_to_be_openssls(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """Before Python 3.15 a list of groups can't be set; from it on nothing is lost."""
        said = server.load(make_registry().path).unsupported
        if hasattr(ssl.SSLContext, "set_groups"):
            assert () == said
        else:
            groups = "['X25519', 'prime256v1', 'secp384r1']"
            offered = "this Python's ssl offers the groups of OpenSSL itself"
            cure = "the file of `sslutil export openssl-conf`, named by OPENSSL_CONF, sets them"
            assert (f"tls.groups = {groups}: {offered}; {cure}",) == said

    def test_one_group_alone_is_expressed(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """set_ecdh_curve takes one: then it is that one, a client without it is refused, and nothing is lost."""
        made = make_registry()
        other = make_client_context(made.server)
        other.set_ecdh_curve("prime256v1")
        with served(server.load(made.path).ssl_context()) as here:
            assert made.server.der == here.greet(other).certificate
        made.flip(tls={"groups": ["secp384r1"]})
        settings = server.load(made.path)
        assert () == settings.unsupported
        with served(settings.ssl_context()) as here:
            assert made.server.der == here.greet(make_client_context(made.server)).certificate
            with pytest.raises(RefusedError, match=r"NO_SUITABLE_KEY_SHARE|NO_SHARED_GROUP"):
                here.greet(other)

    @pytest.mark.skipif(hasattr(ssl.SSLContext, "set_ciphersuites"), reason="Python 3.15 sets them")
    @pytest.mark.parametrize(
        ("suites", "prefer", "lost"),
        [
            (["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"], False, False),
            (["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"], True, True),
            (["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"], True, False),
            (["TLS_AES_256_GCM_SHA384"], False, True),
        ],
    )
    def test_suites_of_tls_1_3_are_lost_only_where_they_differ(
        self, make_registry: Callable[..., MadeRegistry], suites: list[str], *, prefer: bool, lost: bool
    ) -> None:
        """The same set is as good as asked; the order counts only where the server's holds."""
        tls = {"groups": ["secp384r1"], "ciphersuites": suites, "prefer_server_ciphers": prefer}
        said = server.load(make_registry(tls=tls).path).unsupported
        assert lost == any(sentence.startswith(f"tls.ciphersuites = {suites}: ") for sentence in said)
        assert lost == bool(said)

    def test_a_suite_that_this_openssl_lacks_is_named(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """OpenSSL drops it without a word."""
        ciphers = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-NOT-OF-THIS-WORLD"]
        made = make_registry(tls={"groups": ["secp384r1"], "ciphers": ciphers})
        expected = ("tls.ciphers: this Python's OpenSSL has no ECDHE-ECDSA-NOT-OF-THIS-WORLD",)
        assert expected == server.load(made.path).unsupported

    def test_what_clients_are_not_told_is_said_only_where_they_are_asked(
        self, make_registry: Callable[..., MadeRegistry], authority: Pair
    ) -> None:
        """The depth limits nothing where no client shows a certificate, and no CA need be named."""
        made = make_registry(tls={"groups": ["secp384r1"]}, depth=3)
        assert () == server.load(made.path).unsupported
        made.flip(mode="require", ca=authority.pem)
        depth, authorities = server.load(made.path).unsupported
        assert depth.startswith("client_auth.depth = 3: ")
        assert authorities.startswith("client_auth.ca_file: ")
