"""What cards tell: openssl and certtool read the same; what is damaged, foreign or huge is told or passed over."""

from __future__ import annotations

import base64
import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sslutil.errors import MaterialError
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identity
from sslutil.pki.cards import (
    describe_any_key,
    describe_certificate_details,
    describe_crl,
    describe_request_details,
    find_crl_signer,
    find_revoked,
    find_signers,
    split_certificates,
)
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.extensions import KEY_USAGES, PURPOSES
from sslutil.pki.requests import make_request
from tests.judges import gnutls, openssl
from tests.pki.chain_parts import LEAF, NOW, Holder, Parts, make_certificate
from tests.pki.conftest import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.facts import CertificateDetails
    from sslutil.pki.keys import Key

ROOT, MIDDLE, SERVER = Holder("Root"), Holder("Middle"), Holder("mail.example.org")
NAMES = [parse_identity("mail.example.org"), parse_identity("192.0.2.1")]


def make_rich() -> bytes:
    """Return a certificate that states everything that a card has a line for, and one thing that nobody knows."""
    key = ec.generate_private_key(ec.SECP384R1())
    place = x509.UniformResourceIdentifier
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place("http://ca.example/ca.crt")),
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place("http://ocsp.example/")),
    ]
    names: list[x509.GeneralName] = [
        x509.DNSName("mail.example.org"),
        x509.RFC822Name("a@example.org"),
        place("https://example.org/"),
        x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x0c\x01x"),
    ]
    usage = dict.fromkeys([*KEY_USAGES, "encipher_only", "decipher_only"], False) | {
        "digital_signature": True,
        "key_agreement": True,
        "encipher_only": True,
        "crl_sign": True,
    }
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 0x0AFFEE, NOW, NOW + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.5")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=2), critical=True)
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        .add_extension(
            x509.CRLDistributionPoints([x509.DistributionPoint([place("http://ca.example/crl")], None, None, None)]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier(b"\xab" * 20), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(b"\xcd" * 20, None, None), critical=False)
        .add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.6"), b"\x05\x00"), critical=False)
    )
    return builder.sign(key, hashes.SHA384()).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def rich() -> bytes:
    """Such a certificate, made once."""
    return make_rich()


@pytest.fixture
def details(rich: bytes) -> CertificateDetails:
    """What its card tells."""
    return describe_certificate_details(rich, "rich.pem")


def test_everything_is_told(details: CertificateDetails) -> None:
    """Each extension has its field, in the names of X.509; what is not known is told as a number."""
    extensions = details.extensions
    assert ("digitalSignature", "keyAgreement", "cRLSign", "encipherOnly") == extensions.key_usage
    assert ("serverAuth", "1.2.3.5") == extensions.extended_key_usage
    assert (True, 2, True) == (extensions.ca, extensions.path_length, extensions.must_staple)
    assert ("http://ca.example/ca.crt",) == extensions.issuer_addresses
    assert ("http://ocsp.example/",) == extensions.ocsp_addresses
    assert ("http://ca.example/crl",) == extensions.crl_addresses
    assert ("ab" * 20, "cd" * 20) == (extensions.subject_key_identifier, extensions.authority_key_identifier)
    assert ("tlsFeature", "1.2.3.6") == extensions.further
    others = ("email:a@example.org", "URI:https://example.org/", "directory:CN=x", "registeredID:1.2.3")
    assert (*others, "otherName:1.2.3.4") == extensions.other_names
    assert "ECDSA with SHA-384" == details.signature


def test_nothing_is_told_that_is_not_there() -> None:
    """A certificate without extensions has none on its card."""
    bare = make_certificate(ROOT, ROOT, Parts(ca=None, signs=None, identifiers=False))
    extensions = describe_certificate_details(bare, "bare.pem").extensions
    assert (None, None, (), (), (), "") == (
        extensions.ca,
        extensions.path_length,
        extensions.key_usage,
        extensions.extended_key_usage,
        extensions.further,
        extensions.subject_key_identifier,
    )


def squeeze(text: str) -> str:
    """Return a text without white space and colons, in lower case, as fingerprints can be found in it."""
    return re.sub(r"[\s:]", "", text).lower()


@pytest.mark.needs("openssl")
def test_openssl_reads_the_same(details: CertificateDetails, rich: bytes, tmp_path: Path) -> None:
    """What the card tells stands in what openssl prints."""
    path = tmp_path / "rich.pem"
    path.write_bytes(rich)
    text = openssl.certificate_text(path)
    for words in (
        "Digital Signature, Key Agreement, CRL Sign, Encipher Only",
        "TLS Web Server Authentication, 1.2.3.5",
        "CA:TRUE, pathlen:2",
        "CA Issuers - URI:http://ca.example/ca.crt",
        "OCSP - URI:http://ocsp.example/",
        "URI:http://ca.example/crl",
        "email:a@example.org, URI:https://example.org/",
        "ecdsa-with-SHA384",
        "status_request",
        "0xaffee",
    ):
        assert words in text
    assert 0xAFFEE == details.facts.serial_number
    assert details.extensions.subject_key_identifier in squeeze(text)
    assert details.extensions.authority_key_identifier in squeeze(text)


@pytest.mark.needs("certtool")
def test_certtool_reads_the_same(details: CertificateDetails, rich: bytes, tmp_path: Path) -> None:
    """Both fingerprints, both identifiers, uses and signature stand in what certtool prints."""
    path = tmp_path / "rich.pem"
    path.write_bytes(rich)
    text = gnutls.certificate_text(path)
    for digits in (
        details.facts.fingerprint,
        details.sha1_fingerprint,
        details.extensions.subject_key_identifier,
        details.extensions.authority_key_identifier,
    ):
        assert digits in squeeze(text)
    for words in ("ECDSA-SHA384", "Path Length Constraint: 2", "TLS WWW Server", "CRL signing", "Digital signature"):
        assert words in text


def test_every_purpose_is_one_of_the_library() -> None:
    """The numbers of the purposes are those that the library has, each once."""
    known = {oid.dotted_string for oid in vars(ExtendedKeyUsageOID).values() if isinstance(oid, x509.ObjectIdentifier)}
    assert set(PURPOSES) <= known
    assert len(PURPOSES) == len(set(PURPOSES.values()))


SIGNATURES = {
    "rsa2048": "RSA with SHA-256",
    "rsa3072": "RSA with SHA-256",
    "rsa4096": "RSA with SHA-256",
    "p256": "ECDSA with SHA-256",
    "p384": "ECDSA with SHA-384",
    "ed25519": "Ed25519",
    "ml-dsa-65": "ML-DSA-65",
}


def test_each_key_type(key: Key) -> None:
    """Certificates, requests and keys of each type that we make are told, and it is the same key."""
    certificate = describe_certificate_details(make_self_signed(key, NAMES, now=NOW, days=9), "a.pem")
    request = describe_request_details(make_request(key, NAMES, must_staple=True), "a.csr")
    assert key.facts == certificate.facts.key == request.facts.key == describe_any_key(key.pem, "a.key")
    assert SIGNATURES[key.facts.key_type] == certificate.signature == request.signature
    assert request.signature_valid
    assert request.extensions.must_staple
    assert tuple(NAMES) == request.facts.names
    assert set(KEY_TYPES) == set(SIGNATURES)


@pytest.mark.parametrize(
    ("private", "name"),
    [
        (x25519.X25519PrivateKey.generate, "x25519"),
        (ed448.Ed448PrivateKey.generate, "ed448"),
        (lambda: dsa.generate_private_key(2048), "dsa"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (lambda: rsa.generate_private_key(65537, 1024), "rsa1024"),  # noqa: S505  that is the case
    ],
    ids=["x25519", "ed448", "dsa", "secp256k1", "rsa1024"],
)
def test_keys_that_no_server_uses(private: object, name: str) -> None:
    """A key that can't serve is shown all the same."""
    made = private()  # type: ignore[operator]
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert name == describe_any_key(pem, "a.key").key_type


def test_pss() -> None:
    """A signature by RSA-PSS is told with its hash."""
    key = made_once("rsa2048").signer
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
    scheme = padding.PSS(padding.MGF1(hashes.SHA512()), padding.PSS.DIGEST_LENGTH)
    pem = builder.sign(key, hashes.SHA512(), rsa_padding=scheme).public_bytes(Encoding.PEM)
    assert "RSA-PSS with SHA-512" == describe_certificate_details(pem, "a.pem").signature


def tamper(pem: bytes, at: int) -> bytes:
    """Return a PEM text with one byte of its DER changed."""
    lines = pem.split(b"\n")
    der = bytearray(base64.b64decode(b"".join(lines[1:-2])))
    der[at] ^= 1
    return b"\n".join([lines[0], base64.b64encode(der), *lines[-2:]])


def test_a_request_that_its_key_did_not_sign() -> None:
    """A request with a wrong signature is shown, and it is said."""
    request = make_request(made_once("ed25519"), NAMES)
    assert describe_request_details(request, "a.csr").signature_valid
    assert not describe_request_details(tamper(request, -1), "a.csr").signature_valid


@pytest.mark.parametrize(
    ("describe", "label"),
    [
        (describe_certificate_details, "CERTIFICATE"),
        (describe_request_details, "CERTIFICATE REQUEST"),
        (describe_crl, "X509 CRL"),
        (describe_any_key, "PRIVATE KEY"),
    ],
)
def test_damaged(describe: object, label: str) -> None:
    """What can't be read is one sentence with its place."""
    pem = f"-----BEGIN {label}-----\nMAMCAQE=\n-----END {label}-----\n".encode()
    with pytest.raises(MaterialError, match=r"some\.pem") as caught:
        describe(pem, "some.pem")  # type: ignore[operator]
    assert "damaged" in caught.value.message


def make_crl(issuer: Holder, *serials: int, number: int | None = 7, following: bool = True) -> bytes:
    """Return a revocation list."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer.name)])
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(NOW)
    builder = builder.next_update(NOW + timedelta(days=1 if following else 0))
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        )
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_revocation_list() -> None:
    """Issuer, number, times and count; one without a number has none."""
    crl = describe_crl(make_crl(ROOT, 1, 2, 3), "a.crl")
    assert ("CN=Root", 7, 3, NOW) == (crl.issuer, crl.number, crl.revoked, crl.this_update)
    assert crl.next_update == NOW + timedelta(days=1)
    assert describe_crl(make_crl(ROOT, number=None), "a.crl").number is None


def test_who_signed_the_list_and_whom_it_revokes() -> None:
    """The certificate whose key signed a list is found among lookalikes; it revokes by issuer and serial number."""
    root, false = make_certificate(ROOT, ROOT), make_certificate(Holder("Root", "false"), Holder("Root", "false"))
    leaf, other = make_certificate(SERVER, ROOT, LEAF), make_certificate(SERVER, MIDDLE, LEAF)
    serials = [describe_certificate_details(pem, "").facts.serial_number for pem in (leaf, other)]
    crl = make_crl(ROOT, *serials)
    assert 2 == find_crl_signer(crl, [leaf, false, root])
    assert find_crl_signer(crl, [leaf, false]) is None
    assert (0,) == find_revoked(crl, [leaf, other, root])
    assert () == find_revoked(make_crl(MIDDLE), [leaf, other, root])


def test_who_signed_whom() -> None:
    """By signature, never by order or by name alone."""
    leaf = make_certificate(SERVER, MIDDLE, LEAF)
    middle, root = make_certificate(MIDDLE, ROOT), make_certificate(ROOT, ROOT)
    false = make_certificate(Holder("Middle", "false"), ROOT)
    assert (3, 2, 2, 2) == find_signers([leaf, false, root, middle])
    assert (None, None) == find_signers([leaf, false])
    assert () == find_signers([])


def test_a_crowd_of_one_name_costs_little() -> None:
    """Five hundred certificates of one name, none of which signed another, are done with in a moment."""
    pem = make_certificate(Holder("Same", "a"), Holder("Same", "b"))
    begin = time.monotonic()
    assert (None,) * 500 == find_signers([pem] * 500)
    assert time.monotonic() - begin < 2


def test_a_chain_in_parts() -> None:
    """A text of several certificates is taken apart in its order, whatever stands between."""
    leaf, root = make_certificate(SERVER, ROOT, LEAF), make_certificate(ROOT, ROOT)
    assert (leaf, root) == split_certificates(leaf + b"words\n" + root)
    assert () == split_certificates(b"")
