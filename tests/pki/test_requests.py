"""Certificate signing requests: judged by OpenSSL, and read whoever made them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import MaterialError
from sslutil.facts import RequestFacts
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.pki.keys import make_key
from sslutil.pki.requests import describe_request, make_request
from tests.judges import gnutls, openssl

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.names import Identity
    from sslutil.pki.keys import Key

NAMES = parse_identities(["mail.example.org", "*.example.org", "bücher.example", "192.0.2.1", "2001:db8::1"])
LONG = parse_identities([".".join(["a" * 30] * 3)])
SIGNER = make_key("p256")
GOOD = make_request(SIGNER, NAMES)
KNOWN_TO_OPENSSL = [name for name in KEY_TYPES if ssl.OPENSSL_VERSION_INFO >= (3, 5) or not name.startswith("ml-dsa")]
"""ML-DSA is known from 3.5; `test_reads_back` and `test_forged_for_each_type` judge it everywhere."""
NEW_REQUEST = "sslutil certificate csr"


def forged(pem: bytes, old: bytes, new: bytes) -> bytes:
    """Return the request with other words in it, and the signature of before."""
    der = ssl.PEM_cert_to_DER_cert(pem.decode().replace("CERTIFICATE REQUEST", "CERTIFICATE"))
    assert old in der
    return pem_of(der.replace(old, new))


def pem_of(der: bytes) -> bytes:
    """Return a request's DER as PEM."""
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "CERTIFICATE REQUEST").encode()


class TestMade:
    """What make_request makes."""

    @pytest.mark.needs("openssl")
    @pytest.mark.parametrize("key", KNOWN_TO_OPENSSL, indirect=True)
    def test_openssl_finds_it_signed(self, key: Key, tmp_path: Path) -> None:
        """OpenSSL finds a request signed by its key, and one with another name not."""
        good, bad = tmp_path / "good.csr", tmp_path / "bad.csr"
        good.write_bytes(make_request(key, NAMES))
        bad.write_bytes(forged(good.read_bytes(), b"mail.example", b"fail.example"))

        verdict = openssl.judge_request(good)

        assert verdict.accepted, verdict.words
        assert not openssl.judge_request(bad).accepted

    def test_reads_back(self, key: Key) -> None:
        """A request is told as it was asked for."""
        assert RequestFacts(NAMES, "CN=mail.example.org", key.facts) == describe_request(make_request(key, NAMES))

    def test_asks_for_names_alone(self, key: Key) -> None:
        """It asks for nothing but names, and is signed with the hash of its type."""
        request = x509.load_pem_x509_csr(make_request(key, NAMES))
        algorithm = request.signature_hash_algorithm

        assert [x509.SubjectAlternativeName] == [type(extension.value) for extension in request.extensions]
        assert KEY_TYPES[key.facts.key_type].signature_hash == (algorithm and algorithm.name)

    @pytest.mark.parametrize(
        ("names", "subject", "critical"), [(NAMES, "CN=mail.example.org", False), (LONG, "", True)]
    )
    def test_names_stand_for_an_empty_subject(
        self,
        names: tuple[Identity, ...],
        subject: str,
        critical: bool,  # noqa: FBT001
    ) -> None:
        """Where no name fits a common name, the subject is empty and the names are critical."""
        request = x509.load_pem_x509_csr(make_request(SIGNER, names))

        assert subject == request.subject.rfc4514_string()
        assert critical is request.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


SUBJECT = {
    "organization": "Exämple & Söhne",
    "unit": "Mail",
    "locality": "Vienna",
    "state": "Wien",
    "country": "AT",
    "email": "postmaster@example.org",
}


class TestAskedFor:
    """What only some authorities need, and only where it was asked for."""

    def test_subject(self, key: Key) -> None:
        """The parts stand in the order of the Baseline Requirements, the country as a PrintableString."""
        request = x509.load_pem_x509_csr(make_request(key, NAMES, subject=SUBJECT))
        held = [attribute.rfc4514_attribute_name for attribute in request.subject]
        mail = x509.NameOID.EMAIL_ADDRESS.dotted_string

        assert ["C", "ST", "L", "O", "OU", "CN", mail] == held
        assert request.is_signature_valid
        assert (
            SUBJECT["organization"] == request.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)[0].value
        )

    @pytest.mark.parametrize("part", SUBJECT)
    def test_one_part(self, part: str) -> None:
        """Each part comes alone."""
        request = x509.load_pem_x509_csr(make_request(SIGNER, NAMES, subject={part: SUBJECT[part]}))

        assert {"mail.example.org", SUBJECT[part]} == {attribute.value for attribute in request.subject}

    def test_without_a_common_name(self) -> None:
        """Where no name fits a common name but the subject has a part, it is not empty, and names are not critical."""
        request = x509.load_pem_x509_csr(make_request(SIGNER, LONG, subject={"country": "AT"}))

        assert "C=AT" == request.subject.rfc4514_string()
        assert not request.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical

    def test_must_staple(self, key: Key) -> None:
        """Must-staple is the TLS feature status_request, 1.3.6.1.5.5.7.1.24, and is there only where asked for."""
        asked, plain = (
            x509.load_pem_x509_csr(make_request(key, NAMES, must_staple=must_staple)) for must_staple in (True, False)
        )
        feature = asked.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"))

        assert x509.TLSFeature([x509.TLSFeatureType.status_request]) == feature.value
        assert not feature.critical
        assert 2 == len(asked.extensions)
        assert 1 == len(plain.extensions)

    @pytest.mark.needs("openssl", "certtool")
    @pytest.mark.parametrize("part", [*SUBJECT, "must_staple"])
    def test_judged(self, part: str, tmp_path: Path) -> None:
        """OpenSSL and GnuTLS read each option where it was asked for, and nowhere else, and find the request signed."""
        path, plain = tmp_path / "asked.csr", tmp_path / "plain.csr"
        options = {"must_staple": True} if part == "must_staple" else {"subject": {part: SUBJECT[part]}}
        path.write_bytes(make_request(SIGNER, NAMES, **options))
        plain.write_bytes(make_request(SIGNER, NAMES))
        seen = {
            "must_staple": ("status_request", "OCSP Status Request(5)"),
            "organization": (r"O=Ex\C3\A4mple & S", "O=Exämple & S"),
        }
        seen |= {
            "email": ("emailAddress=postmaster@", "EMAIL=postmaster@"),
            "unit": ("OU=Mail",) * 2,
            "state": ("ST=Wien",) * 2,
        }
        seen |= {"locality": ("L=Vienna",) * 2, "country": ("C=AT",) * 2}

        assert openssl.judge_request(path).accepted
        for read, words in zip((openssl.request_text, gnutls.request_text), seen[part], strict=True):
            assert words in read(path)
            assert words not in read(plain)
        assert "Self signature: verified" in gnutls.request_text(path)

    @pytest.mark.needs("openssl")
    def test_nothing_that_authorities_refuse(self, tmp_path: Path) -> None:
        """However much is asked for, no key usage and no purpose is."""
        path = tmp_path / "full.csr"
        path.write_bytes(make_request(SIGNER, NAMES, subject=SUBJECT, must_staple=True))
        text = openssl.request_text(path)

        assert "Subject Alternative Name" in text
        assert "Key Usage" not in text
        assert "Basic Constraints" not in text


class TestDescribed:
    """What describe_request tells of a stranger's."""

    def test_no_names(self) -> None:
        """A request without names has none, whatever its common name says."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
        request = x509.CertificateSigningRequestBuilder(name).sign(SIGNER.signer, hashes.SHA256())

        facts = describe_request(request.public_bytes(Encoding.PEM))

        assert ((), "CN=mail.example.org") == (facts.names, facts.subject)

    def test_older_label(self) -> None:
        """The label that old programs write is read too."""
        old = GOOD.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")

        assert describe_request(GOOD) == describe_request(old)

    @pytest.mark.parametrize(
        ("pem", "fault"),
        [
            (b" \n", "the request is empty"),
            (b"hello", "the request holds no certificate request in PEM"),
            (SIGNER.pem, "the request holds no certificate request in PEM"),
            (GOOD[:-40], "the request holds no certificate request in PEM"),
            (pem_of(b"0"), "the request is damaged"),
            (forged(GOOD, b"mail.example", b"fail.example"), "the request is not signed by the key that it names"),
        ],
        ids=["empty", "text", "key", "cut short", "damaged", "forged"],
    )
    def test_refused(self, pem: bytes, fault: str) -> None:
        """What is no request, or another's, is refused in a sentence with the command that makes one."""
        with pytest.raises(MaterialError) as refused:
            describe_request(pem)

        assert refused.value.message.startswith(fault)
        assert NEW_REQUEST == refused.value.hint

    def test_forged_for_each_type(self, key: Key) -> None:
        """The signature is checked for every type of key."""
        with pytest.raises(MaterialError, match="is not signed"):
            describe_request(forged(make_request(key, NAMES), b"mail.example", b"fail.example"))

    def test_names_the_file(self) -> None:
        """The sentence begins with the file."""
        with pytest.raises(MaterialError, match=r"^/srv/a\.csr is empty$"):
            describe_request(b"", "/srv/a.csr")

    @given(st.data())
    def test_damaged_anywhere(self, data: st.DataObject) -> None:
        """Whatever byte is changed, the request is refused: its signature is over all that counts."""
        der = bytearray(x509.load_pem_x509_csr(GOOD).public_bytes(Encoding.DER))
        place = data.draw(st.integers(0, len(der) - 1))
        der[place] = data.draw(st.integers(0, 255).filter(lambda value: value != der[place]))

        with pytest.raises(MaterialError):
            describe_request(pem_of(bytes(der)))
