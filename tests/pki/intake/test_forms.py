"""Certificates, keys, requests and lists in each form of their own: PEM of every label, DER, PKCS#7, PKCS#12."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sslutil.pki.intake import take_apart
from sslutil.pki.intake.asn1 import FIRST, OBJECT, elements, read_element
from tests.authorities import run
from tests.pki.authorities import KEY, NOW
from tests.pki.intake.hostile import wrap
from tests.pki.intake.parts import (
    CHAIN,
    CRL,
    CRL_PEM,
    ISSUER,
    ISSUER_PEM,
    LEAF,
    LEAF_PEM,
    PKCS8,
    PKCS8_RSA,
    REQUEST,
    ROOT,
    SECRET,
    block,
    found_in,
    key_bytes,
    make_pkcs7,
    make_pkcs12,
)

if TYPE_CHECKING:
    from pathlib import Path

PKCS7 = make_pkcs7(Encoding.DER)
PLAIN_KEY, SEC1, PKCS1, OPENSSH = (
    PrivateFormat.PKCS8,
    PrivateFormat.TraditionalOpenSSL,
    PrivateFormat.TraditionalOpenSSL,
    PrivateFormat.OpenSSH,
)
_LEAF, _REQUEST, _CRL = {"certificates": {LEAF}}, {"requests": {REQUEST}}, {"crls": {CRL}}
_ALL, _KEY, _RSA = {"certificates": CHAIN}, {"keys": {PKCS8}}, {"keys": {PKCS8_RSA}}
TAKEN: dict[str, tuple[bytes, dict[str, set[bytes]]]] = {
    "pem": (LEAF_PEM, _LEAF),
    "pem of X.509": (block("X509 CERTIFICATE", LEAF), _LEAF),
    "pem with a wrong label": (block("CERTIFICATE", REQUEST), _REQUEST),
    "pem of a list": (CRL_PEM, _CRL),
    "pem of a request": (block("CERTIFICATE REQUEST", REQUEST), _REQUEST),
    "pem of a new request": (block("NEW CERTIFICATE REQUEST", REQUEST), _REQUEST),
    "pem of PKCS7": (block("PKCS7", PKCS7), _ALL),
    "pem of signed data": (block("PKCS #7 SIGNED DATA", PKCS7), _ALL),
    "pem of CMS": (block("CMS", PKCS7), _ALL),
    "pem of PKCS7 called a certificate": (block("CERTIFICATE", PKCS7), _ALL),
    "pem of a key": (key_bytes(PLAIN_KEY), _KEY),
    "pem of a SEC 1 key": (key_bytes(SEC1), _KEY),
    "pem of a PKCS#1 key": (key_bytes(PKCS1, rsa=True), _RSA),
    "pem of an OpenSSH key": (key_bytes(OPENSSH), _KEY),
    "pem of parameters and a key": (
        block("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107")) + key_bytes(SEC1),
        _KEY,
    ),
    "der": (LEAF, _LEAF),
    "der of a list": (CRL, _CRL),
    "der of a request": (REQUEST, _REQUEST),
    "der of PKCS#7": (PKCS7, _ALL),
    "der of a key": (PKCS8, _KEY),
    "der of a SEC 1 key": (key_bytes(SEC1, Encoding.DER), _KEY),
    "der of a PKCS#1 key": (key_bytes(PKCS1, Encoding.DER, rsa=True), _RSA),
    "der of several things": (LEAF + PKCS8 + ISSUER + ROOT, _ALL | _KEY),
    "der and a lost line end": (LEAF + b"\r\n", _LEAF),
    "pkcs12": (make_pkcs12(b""), _ALL | _KEY),
    "pkcs12 without a key": (make_pkcs12(b"", key=False), _ALL),
    "pkcs12 of a key and its certificate": (make_pkcs12(b"", above=False), _LEAF | _KEY),
    "pkcs12 with an odd name": (
        make_pkcs12(b"", name="\N{SNOWMAN}\x1b]0;\N{RIGHT-TO-LEFT OVERRIDE}".encode()),
        _ALL | _KEY,
    ),
    "the same twice": (LEAF_PEM + LEAF_PEM + block("X509 CERTIFICATE", LEAF), _LEAF),
}


@pytest.mark.parametrize("name", TAKEN)
def test_each_form_is_taken(name: str) -> None:
    """What comes in any form is found to the byte, each thing once, and nothing is said to be passed over."""
    content, expected = TAKEN[name]
    intake = take_apart(content, "answer")
    assert expected == found_in(intake)
    assert () == intake.skipped
    assert () == intake.encrypted


_SIGNED = wrap(bytes.fromhex("2a864886f70d010702"), OBJECT)


def pkcs7_of(certificate_set: bytes) -> bytes:
    """Return a PKCS#7 with this in the place of its certificates."""
    inner = wrap(
        b"\x02\x01\x01" + wrap(b"", 0x31) + wrap(wrap(bytes.fromhex("2a864886f70d010701"), OBJECT)) + certificate_set
    )
    return wrap(_SIGNED + wrap(inner, FIRST))


SKIPPED: dict[str, tuple[bytes, str]] = {
    "a damaged certificate among good ones": (
        LEAF_PEM + block("CERTIFICATE", ISSUER.replace(b"\x06\x03\x55\x04\x03", b"\x07\x03\x55\x04\x03")),
        "answer: 1 certificate is damaged, or of a kind that sslutil does not know",
    ),
    "broken base64": (LEAF_PEM + ISSUER_PEM.replace(b"M", b"!", 1), 'answer: 1 PEM block "CERTIFICATE" is damaged'),
    "a block cut short": (LEAF_PEM + ISSUER_PEM[:300], 'answer: 1 PEM block "CERTIFICATE" is cut short'),
    "a begin line cut short": (LEAF_PEM + b"-----BEGIN CERTIF", 'answer: 1 PEM block "CERTIF" is cut short'),
    "the word BEGIN cut short": (LEAF_PEM + b"-----BEG", "answer: 1 PEM block is cut short"),
    "an end without a begin": (LEAF_PEM + ISSUER_PEM[-200:], "answer: 1 PEM block is without its BEGIN line"),
    "another block": (
        LEAF_PEM + block("DH PARAMETERS", b"\x30\x06\x02\x01\x05\x02\x01\x02") * 2,
        'answer: 2 blocks "DH PARAMETERS" are no certificate, request or private key',
    ),
    "a public key": (
        LEAF_PEM + block("PUBLIC KEY", b"\x30\x07\x30\x02\x05\x00\x03\x01\x00"),
        'answer: 1 block "PUBLIC KEY" is no certificate, request or private key',
    ),
    "a damaged key": (
        LEAF_PEM + block("PRIVATE KEY", PKCS8[:40] + bytes(len(PKCS8) - 40)),
        "answer: 1 private key is damaged, or of a kind that sslutil does not know",
    ),
    "an empty certificate in a PKCS#7": (
        LEAF_PEM + block("PKCS7", pkcs7_of(wrap(b"\x30\x00", FIRST))),
        "answer: 1 certificate is damaged",
    ),
    "a PKCS#7 of nothing": (
        LEAF_PEM + block("PKCS7", pkcs7_of(b"")),
        "answer: 1 PKCS#7 is damaged, or without certificates",
    ),
    "a PKCS#7 of another thing": (
        LEAF_PEM + block("PKCS7", pkcs7_of(wrap(b"\x05\0\x05\0", FIRST))),
        "answer: 2 PKCS#7 parts are no certificate, request or private key",
    ),
    "der cut short": (LEAF + ISSUER[:-1], "answer: 1 DER text is cut short"),
    "der and other bytes": (LEAF + b"\x01\x02\x03", "answer: 3 bytes behind the end of what was read were passed over"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_what_is_passed_over_is_named(name: str) -> None:
    """What a parser skips in silence is what people look for in vain; the good one beside it is taken."""
    content, sentence = SKIPPED[name]
    intake = take_apart(content, "answer")
    assert {"certificates": {LEAF}} == found_in(intake)
    assert [sentence] == [one[: len(sentence)] for one in intake.skipped]


def test_a_key_that_no_server_can_use_is_named() -> None:
    """A key for agreement alone, which loads, is not kept."""
    pem = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    intake = take_apart(pem, "answer")
    assert {} == found_in(intake)
    assert ("answer: 1 private key is of a kind that no TLS server can sign with",) == intake.skipped


@pytest.mark.needs("ssh-keygen")
def test_an_encrypted_key_of_openssh_tells_how_to_open_it(tmp_path: Path) -> None:
    """No passphrase opens it here, for its function is not in the library: so none is asked for, again and again."""
    argv = ("ssh-keygen", "-q", "-t", "ecdsa", "-N", "correct horse", "-f", "key")
    run(*argv, cwd=tmp_path)
    for given in ((), (SECRET,)):
        intake = take_apart((tmp_path / "key").read_bytes(), "key", given)
        assert () == intake.encrypted
        assert (
            "key: 1 OpenSSH key is encrypted: take its passphrase off with ssh-keygen -p -f FILE, in a copy",
        ) == intake.skipped


def odd_certificate(serial: bytes = b"") -> bytes:
    """Return a certificate with a serial number that nobody should write."""
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    built = x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(KEY.signer.public_key())
    built = built.serial_number(0x1122334455).not_valid_before(NOW).not_valid_after(NOW.replace(year=NOW.year + 1))
    der = built.sign(KEY.signer, hashes.SHA256()).public_bytes(Encoding.DER)
    if serial:
        der = der.replace(bytes.fromhex("1122334455"), serial)
    return der


def with_an_empty_name(der: bytes) -> bytes:
    """Return a certificate with subject and issuer "CN=", and each length right."""
    whole = read_element(der)
    assert whole
    signed, *others = elements(der, whole)
    type_ = wrap(bytes.fromhex("550403"), OBJECT)
    full, empty = (wrap(wrap(wrap(type_ + wrap(text, 0x0C)), 0x31)) for text in (b"odd", b""))
    inner = der[signed.begin : signed.end].replace(full, empty)
    assert len(inner) == signed.end - signed.begin - 6
    return wrap(wrap(inner) + der[others[0].start : others[-1].stop])


def test_odd_certificates_are_no_traceback() -> None:
    """A negative serial number warns in the library, and an empty common name raises there: named, or taken."""
    empty = with_an_empty_name(odd_certificate())
    for der in (odd_certificate(b"\x81\0\0\0\1"), odd_certificate(bytes(5)), empty):
        intake = take_apart(LEAF + der, "answer")
        assert {LEAF} <= found_in(intake)["certificates"]
        assert (len(intake.skipped) == 1) != (der in found_in(intake)["certificates"])
