"""The judges of certificates and requests accept the good and refuse the bad."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.judges import gnutls, openssl, pkilint
from tests.judges.conftest import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges.conftest import Material

pytestmark = pytest.mark.needs("openssl", "certtool")


@pytest.mark.parametrize("name", [NAME, "127.0.0.1"])
def test_openssl_takes_a_pinned_self_signed_certificate(material: Material, name: str) -> None:
    """A self-signed certificate is good for each of its names where it is its own trust."""
    verdict = openssl.judge_certificate(material.self_signed, name)
    assert verdict.accepted, verdict.words


@pytest.mark.parametrize("name", ["other.example.com", "127.0.0.2"])
def test_openssl_refuses_another_name(material: Material, name: str) -> None:
    """A name or address that the certificate does not carry is a mismatch."""
    verdict = openssl.judge_certificate(material.self_signed, name)
    assert not verdict.accepted
    assert "mismatch" in verdict.words


def test_openssl_takes_a_certificate_from_its_ca_alone(material: Material) -> None:
    """A signed certificate is good under its CA, and under no other certificate."""
    assert openssl.judge_certificate(material.signed, NAME, trusted=material.authority).accepted
    assert not openssl.judge_certificate(material.signed, NAME, trusted=material.self_signed).accepted


def test_openssl_is_strict(material: Material, tmp_path: Path) -> None:
    """What RFC 5280 forbids is refused, and so is a file without a certificate."""
    verdict = openssl.judge_certificate(material.careless, NAME, trusted=material.authority)
    assert not verdict.accepted
    assert "Missing Authority Key Identifier" in verdict.words
    empty = tmp_path / "empty.crt"
    empty.touch()
    assert not openssl.judge_certificate(empty, NAME).accepted


def test_openssl_judges_the_signature_of_a_request(material: Material, tmp_path: Path) -> None:
    """A request is good as it was made, and bad once a bit of its signature is turned."""
    assert openssl.judge_request(material.request).accepted
    text = material.request.read_text()
    der = bytearray(base64.b64decode("".join(text.splitlines()[1:-1])))
    der[-1] ^= 1
    bent = tmp_path / "bent.csr"
    lines = base64.encodebytes(bytes(der)).decode()
    bent.write_text(f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}-----END CERTIFICATE REQUEST-----\n")
    assert not openssl.judge_request(bent).accepted


def test_openssl_judges_a_key(material: Material) -> None:
    """A private key is whole; a certificate is no private key."""
    assert openssl.judge_key(material.key).accepted
    assert not openssl.judge_key(material.self_signed).accepted


def test_openssl_reads_public_keys(material: Material) -> None:
    """Key, certificate and request over one key show one public key; another key shows another."""
    expected = openssl.public_key_of_key(material.key)
    assert expected == openssl.public_key_of_certificate(material.self_signed)
    assert expected == openssl.public_key_of_request(material.request)
    assert expected != openssl.public_key_of_key(material.other_key)


def test_both_print_what_is_there(material: Material) -> None:
    """The printed text names the extensions of a certificate, and the subject of a request."""
    assert f"DNS:{NAME}, IP Address:127.0.0.1" in openssl.certificate_text(material.self_signed)
    assert f"DNSname: {NAME}" in gnutls.certificate_text(material.self_signed)
    assert f"Subject: CN={NAME}" in openssl.request_text(material.request)
    with pytest.raises(AssertionError):
        openssl.certificate_text(material.key)
    with pytest.raises(AssertionError):
        gnutls.certificate_text(material.key)


def test_certtool_judges_a_chain(material: Material) -> None:
    """GnuTLS takes a signed certificate under its CA and its name alone."""
    good = gnutls.judge_chain(material.signed, NAME, trusted=material.authority)
    assert good.accepted, good.words
    assert not gnutls.judge_chain(material.signed, "other.example.com", trusted=material.authority).accepted
    assert not gnutls.judge_chain(material.signed, NAME, trusted=material.self_signed).accepted


def test_pkilint_finds_what_rfc_5280_forbids(material: Material) -> None:
    """Good certificates have no findings; one without its authority's key identifier has just that."""
    assert [] == pkilint.pkix_findings(material.self_signed)
    assert [] == pkilint.pkix_findings(material.signed)
    found = pkilint.pkix_findings(material.careless)
    assert ["pkix.authority_key_identifier_extension_absent"] == [finding.code for finding in found]


def test_pkilint_knows_the_rules_for_public_servers(material: Material) -> None:
    """A certificate of no public CA breaks the CA/Browser Forum's rules, a loopback address among them."""
    codes = {finding.code for finding in pkilint.public_server_findings(material.signed)}
    assert "cabf.internal_ip_address" in codes
