"""The judges that connect: openssl, GnuTLS, curl and Chromium at a real Apache."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.judges import apache, chromium, curl, gnutls, openssl
from tests.judges.conftest import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.judges.conftest import Material

pytestmark = pytest.mark.needs("apache2", "openssl", "curl", "gnutls-cli", "chromium", "certutil")


def host(certificate: Path, key: Path) -> str:
    """Return the directives of a virtual host that serves a certificate by TLS 1.2 and 1.3."""
    return f"""ServerName {NAME}
SSLEngine on
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile "{certificate}"
SSLCertificateKeyFile "{key}"
Header always set X-Judge apache"""


@pytest.fixture(scope="module")
def port(material: Material, free_port: Callable[[], int]) -> Iterator[int]:
    """The port of an Apache that serves the self-signed certificate."""
    number = free_port()
    with apache.serving([(number, host(material.self_signed, material.key))]):
        yield number


def fingerprint(certificate: Path) -> str:
    """Return SHA-256 of a certificate, by the standard library."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def test_openssl_sees_the_handshake(port: int, material: Material) -> None:
    """The client reports protocol, suite, group and certificate, and trusts the pinned certificate."""
    seen = openssl.connect(port, NAME, trusted=material.self_signed, options=["-groups", "X25519"])
    assert seen.completed, seen.words
    assert seen.verified, seen.words
    assert ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519") == (seen.protocol, seen.cipher, seen.group)
    assert fingerprint(material.self_signed) == seen.fingerprint
    assert openssl.connect(port, "127.0.0.1", trusted=material.self_signed).verified


def test_openssl_sees_each_protocol(port: int, material: Material) -> None:
    """TLS 1.2 is there, TLS 1.1 and 1.0 are not."""
    seen = openssl.connect(port, NAME, trusted=material.self_signed, protocol="TLSv1.2")
    assert ("TLSv1.2", True) == (seen.protocol, seen.verified), seen.words
    for protocol in ("TLSv1.1", "TLSv1"):
        assert not openssl.connect(port, NAME, trusted=material.self_signed, protocol=protocol).completed


@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1.1"])
def test_openssl_would_see_an_old_protocol(
    material: Material,
    free_port: Callable[[], int],
    protocol: str,
) -> None:
    """A server that does take an old protocol is caught: the client itself does not stand in the way."""
    number = free_port()
    old = host(material.self_signed, material.key).replace(
        "SSLProtocol -all +TLSv1.2 +TLSv1.3",
        f"SSLProtocol -all +{protocol}\nSSLCipherSuite DEFAULT@SECLEVEL=0",
    )
    with apache.serving([(number, old)]):
        seen = openssl.connect(number, NAME, protocol=protocol)
    assert (protocol, True) == (seen.protocol, seen.completed), seen.words


def test_openssl_sees_a_suite_that_is_not_there(port: int, material: Material) -> None:
    """A client that offers only a suite outside the server's gets no session."""
    options = ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]  # the server's key is ECDSA
    seen = openssl.connect(port, NAME, trusted=material.self_signed, protocol="TLSv1.2", options=options)
    assert not seen.completed


def test_openssl_refuses_a_wrong_name_or_trust(port: int, material: Material) -> None:
    """Another name, another trust and no trust each leave a session that is not verified."""
    for name, trusted in (("other.example.com", material.self_signed), (NAME, material.authority), (NAME, None)):
        seen = openssl.connect(port, name, trusted=trusted)
        assert seen.completed
        assert not seen.verified, seen.words


def test_gnutls_judges_a_server(port: int, material: Material) -> None:
    """GnuTLS takes a pinned self-signed certificate by its name, and nothing else."""
    good = gnutls.judge_server(port, NAME, trusted=material.self_signed)
    assert good.accepted, good.words
    assert not gnutls.judge_server(port, "other.example.com", trusted=material.self_signed).accepted
    assert not gnutls.judge_server(port, NAME, trusted=material.authority).accepted
    old = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT"
    assert not gnutls.judge_server(port, NAME, trusted=material.self_signed, priority=old).accepted


def test_curl_fetches(port: int, material: Material) -> None:
    """The answer has status, headers and body; without trust there is an exit status instead."""
    answer = curl.fetch(f"https://{NAME}:{port}/", trusted=material.self_signed)
    assert (0, 200, apache.SERVED) == (answer.exit_status, answer.status, answer.body), answer.words
    assert answer.headers["x-judge"] == "apache"
    assert curl.fetch(f"https://{NAME}:{port}/").exit_status == 60
    assert curl.fetch(f"https://other.example.com:{port}/", trusted=material.self_signed).exit_status == 60


def test_chromium_trusts_a_pinned_self_signed_certificate(port: int, material: Material) -> None:
    """With the certificate as a trusted peer the page is loaded and called secure."""
    seen = chromium.visit(port, NAME, trusted=material.self_signed)
    assert ("", "secure", "TLS 1.3") == (seen.error, seen.security, seen.protocol)
    assert fingerprint(material.self_signed) == seen.fingerprint
    assert apache.SERVED.strip() == seen.text.strip()


def test_chromium_warns_of_an_unknown_certificate(port: int, material: Material) -> None:
    """Without trust there is the warning page, which shows the same certificate."""
    seen = chromium.visit(port, NAME)
    assert ("net::ERR_CERT_AUTHORITY_INVALID", "insecure-broken") == (seen.error, seen.security)
    assert fingerprint(material.self_signed) == seen.fingerprint
    assert "ERR_CERT_AUTHORITY_INVALID" in seen.text


def test_chromium_warns_of_a_wrong_name(port: int, material: Material) -> None:
    """A trusted certificate under a name that it does not carry gets the warning of the name."""
    seen = chromium.visit(port, "other.example.com", trusted=material.self_signed)
    assert seen.error == "net::ERR_CERT_COMMON_NAME_INVALID"


def test_chromium_judges_a_ca(material: Material, free_port: Callable[[], int]) -> None:
    """A certificate from a trusted CA is secure; a leaf can't be trusted as if it were a CA."""
    signed, pinned = free_port(), free_port()
    hosts = [
        (signed, host(material.signed, material.signed.with_suffix(".key"))),
        (pinned, host(material.self_signed, material.key)),
    ]
    with apache.serving(hosts):
        good = chromium.visit(signed, NAME, trusted=material.authority, trust=chromium.AUTHORITY)
        bad = chromium.visit(pinned, NAME, trusted=material.self_signed, trust=chromium.AUTHORITY)
    assert ("", "secure") == (good.error, good.security)
    assert bad.error == "net::ERR_CERT_INVALID"


def test_chromium_shows_plain_http(free_port: Callable[[], int]) -> None:
    """A page without TLS has no certificate and is not secure."""
    number = free_port()
    with apache.serving([(number, f"ServerName {NAME}")]):
        seen = chromium.visit(number, NAME, scheme="http")
    assert ("", "", "") == (seen.error, seen.protocol, seen.fingerprint)
    assert "secure" != seen.security


def test_apache_refuses_a_key_of_another_certificate(material: Material, free_port: Callable[[], int]) -> None:
    """A pair that does not fit is no server but an error with Apache's own words, and no process stays."""
    bad = apache.serving([(free_port(), host(material.self_signed, material.other_key))])
    with pytest.raises(apache.RefusedError, match="do not match"), bad:
        pass


def test_apache_refuses_what_it_can_not_read(free_port: Callable[[], int]) -> None:
    """A directive that does not exist is named."""
    bad = apache.serving([(free_port(), "NoSuchDirective on")])
    with pytest.raises(apache.RefusedError, match="NoSuchDirective"), bad:
        pass


def test_apache_reloads_gracefully(material: Material, free_port: Callable[[], int], tmp_path: Path) -> None:
    """A reload takes the new certificate; a reload with a broken one ends the server, with an error."""
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    certificate.write_bytes(material.self_signed.read_bytes())
    key.write_bytes(material.key.read_bytes())
    number = free_port()
    with apache.serving([(number, host(certificate, key))]) as server:
        assert fingerprint(material.self_signed) == openssl.connect(number, NAME).fingerprint
        certificate.write_bytes(material.signed.read_bytes())
        key.write_bytes(material.signed.with_suffix(".key").read_bytes())
        server.graceful()
        assert openssl.is_served_soon(number, NAME, fingerprint(material.signed))
        key.write_bytes(material.other_key.read_bytes())
        with pytest.raises(apache.RefusedError):
            server.graceful()


def test_apache_leaves_nothing(material: Material, free_port: Callable[[], int]) -> None:
    """At the end the port is free, the process is gone and so is its folder."""
    number = free_port()
    with apache.serving([(number, host(material.self_signed, material.key))]) as server:
        assert server.folder.exists()
        argv = server.reload_argv
        assert 0 == subprocess.run(argv, capture_output=True, timeout=60, check=False).returncode
    assert not server.folder.exists()
    assert server.parent.returncode is not None
    assert not openssl.connect(number, NAME).completed
