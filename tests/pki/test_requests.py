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
from tests.judges import openssl

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
