"""Server certificates: what they hold, and what is told of any certificate."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import MaterialError
from sslutil.keytypes import KEY_TYPES
from sslutil.names import Identity, parse_identities
from sslutil.pki.certificates import describe_certificate, make_self_signed
from sslutil.pki.keys import make_key, parse_key

if TYPE_CHECKING:
    from sslutil.facts import CertificateFacts
    from sslutil.pki.keys import Key

NOW = datetime.now(UTC)
DAYS = 397
NAMES = parse_identities(["mail.example.org", "*.example.org", "bücher.example", "192.0.2.1", "2001:db8::1"])
LONG = parse_identities([".".join(["a" * 30] * 3), ".".join(["b" * 40] * 2)])
SIGNER = make_key("p256")
GOOD = make_self_signed(SIGNER, NAMES, now=NOW, days=DAYS)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])


@pytest.fixture
def certificate(key: Key) -> x509.Certificate:
    """A self-signed certificate over each type of key in turn, as cryptography reads it."""
    return x509.load_pem_x509_certificate(make_self_signed(key, NAMES, now=NOW, days=DAYS))


class TestFields:
    """What make_self_signed writes."""

    def test_leaf(self, certificate: x509.Certificate) -> None:
        """It is a leaf for servers, of version 3, and what forbids more is critical."""
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)

        assert x509.Version.v3 == certificate.version
        assert (True, False) == (constraints.critical, constraints.value.ca)
        assert (True, True, False) == (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign)
        assert [ExtendedKeyUsageOID.SERVER_AUTH] == list(purposes.value)

    def test_only_rsa_decrypts(self, key: Key, certificate: x509.Certificate) -> None:
        """RSA keys may be used in the RSA suites of "old"; other keys can't, and don't say that they may."""
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value

        assert (KEY_TYPES[key.facts.key_type].family == "rsa") is usage.key_encipherment

    def test_names(self, certificate: x509.Certificate) -> None:
        """The names are subject alternative names, in their order, and not critical beside a subject."""
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)

        assert [identity.text for identity in NAMES] == [str(name.value) for name in names.value]
        assert not names.critical

    def test_identifiers(self, certificate: x509.Certificate) -> None:
        """The issuer's key is its own."""
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

        assert x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest == own.digest
        assert own.digest == issuer.key_identifier

    @pytest.mark.parametrize("days", [1, 397, 825])
    def test_lifetime(self, p256: Key, days: int) -> None:
        """It begins an hour back, on a whole second, and holds for its days, the last second included."""
        certificate = x509.load_pem_x509_certificate(make_self_signed(p256, NAMES, now=NOW, days=days))

        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        assert NOW.replace(microsecond=0) - timedelta(hours=1) == begin
        assert timedelta(days=days) == end - begin + timedelta(seconds=1)

    def test_serial_number(self, p256: Key) -> None:
        """Serial numbers are positive, below 2^159, and don't repeat; 64 bits at least are random."""
        numbers = {
            describe_certificate(make_self_signed(p256, NAMES, now=NOW, days=1)).serial_number for _ in range(50)
        }

        assert 50 == len(numbers)
        assert all(0 < number < 2**159 for number in numbers)
        assert max(numbers).bit_length() > 64

    def test_hash(self, key: Key, certificate: x509.Certificate) -> None:
        """It is signed with the hash of its type."""
        algorithm = certificate.signature_hash_algorithm

        assert KEY_TYPES[key.facts.key_type].signature_hash == (algorithm and algorithm.name)

    @pytest.mark.parametrize(
        ("signer", "name"),
        [
            (ec.generate_private_key(ec.SECP521R1()), "sha256"),
            (rsa.generate_private_key(65537, 2560), "sha256"),
            (ed448.Ed448PrivateKey.generate(), None),
        ],
        ids=["p521", "rsa2560", "ed448"],
    )
    def test_hash_of_a_key_brought_along(self, signer: rsa.RSAPrivateKey, name: str | None) -> None:
        """A key of none of the types signs too, with a hash where its algorithm needs one."""
        key = parse_key(signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate = x509.load_pem_x509_certificate(make_self_signed(key, NAMES, now=NOW, days=1))

        assert key.facts.key_type not in KEY_TYPES
        assert name == (certificate.signature_hash_algorithm and certificate.signature_hash_algorithm.name)
        certificate.verify_directly_issued_by(certificate)

    @pytest.mark.parametrize(
        ("typed", "subject"),
        [
            (["mail.example.org", "a.example"], "CN=mail.example.org"),
            (["bücher.example"], "CN=xn--bcher-kva.example"),
            (["192.0.2.1"], "CN=192.0.2.1"),
            (["a." * 30 + "exam"], "CN=" + "a." * 30 + "exam"),
            (["a." * 30 + "examp", "b.example"], "CN=b.example"),
        ],
    )
    def test_common_name(self, p256: Key, typed: list[str], subject: str) -> None:
        """The common name is the first name of at most 64 characters, in A-labels."""
        facts = describe_certificate(make_self_signed(p256, parse_identities(typed), now=NOW, days=1))

        assert (subject, subject) == (facts.subject, facts.issuer)

    def test_no_name_is_short_enough(self, p256: Key) -> None:
        """Where all names are too long for a common name, the issuer still has a name: the first one's parts."""
        facts = describe_certificate(make_self_signed(p256, LONG, now=NOW, days=1))

        assert f"DC={'a' * 30},DC={'a' * 30},DC={'a' * 30}" == facts.subject == facts.issuer


def blank(subject: x509.Name = NAME, issuer: x509.Name = NAME) -> x509.CertificateBuilder:
    """Return a certificate of someone else's making, without extensions."""
    builder = x509.CertificateBuilder(not_valid_before=NOW, not_valid_after=NOW + timedelta(days=1), serial_number=1)
    return builder.subject_name(subject).issuer_name(issuer).public_key(SIGNER.signer.public_key())


def signed(builder: x509.CertificateBuilder, key: Key = SIGNER) -> bytes:
    """Return the certificate, PEM."""
    return builder.sign(key.signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def authority() -> bytes:
    """Return a CA's certificate, PEM."""
    return signed(blank().add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True))


class TestDescribed:
    """What describe_certificate tells."""

    def test_own_certificate(self, key: Key) -> None:
        """A certificate that was made here is told as it was asked for."""
        facts = describe_certificate(make_self_signed(key, NAMES, now=NOW, days=DAYS))

        assert NAMES == facts.names
        assert key.facts == facts.key
        assert facts.self_signed
        assert timedelta(days=DAYS) == facts.not_valid_after - facts.not_valid_before + timedelta(seconds=1)

    def test_fingerprint(self, certificate: x509.Certificate) -> None:
        """The fingerprint is SHA-256 of the DER."""
        der = certificate.public_bytes(Encoding.DER)
        done = subprocess.run(["sha256sum"], input=der, capture_output=True, timeout=30, check=True)

        facts = describe_certificate(certificate.public_bytes(Encoding.PEM))

        assert done.stdout.split()[0].decode() == facts.fingerprint

    def test_first_of_a_chain(self) -> None:
        """Of a bundle the first certificate is told, whatever stands before it."""
        assert describe_certificate(GOOD) == describe_certificate(SIGNER.pem + b"words\n" + GOOD + authority())

    def test_stranger_names(self) -> None:
        """Names are told as they stand there, in lower case, though no such name could be asked for here."""
        names: list[x509.GeneralName] = [x509.DNSName("_Sip.Example.ORG."), x509.RFC822Name("me@example.org")]
        pem = signed(blank().add_extension(x509.SubjectAlternativeName(names), critical=False))

        assert (Identity("dns", "_sip.example.org."),) == describe_certificate(pem).names

    def test_common_name_is_no_name(self) -> None:
        """A certificate without subject alternative names has none: clients look at nothing else (RFC 9525)."""
        assert () == describe_certificate(signed(blank())).names

    @pytest.mark.parametrize(("signer", "own"), [(SIGNER, True), (make_key("p256"), False)], ids=["own", "other"])
    def test_self_signed_by_signature(self, signer: Key, own: bool) -> None:  # noqa: FBT001
        """Without key identifiers the signature tells whether a certificate that names itself is self-signed."""
        assert own is describe_certificate(signed(blank(), signer)).self_signed

    @pytest.mark.parametrize(("issuer", "own"), [(b"one", True), (b"two", False)])
    def test_self_signed_by_identifier(self, issuer: bytes, own: bool) -> None:  # noqa: FBT001
        """With key identifiers those tell: a new key of an authority signed by its old one is not self-signed."""
        builder = blank().add_extension(x509.SubjectKeyIdentifier(b"one"), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(issuer, None, None), critical=False)

        assert own is describe_certificate(signed(builder)).self_signed

    def test_key_that_no_server_uses(self) -> None:
        """A public key of a kind that is never made here is told by its kind."""
        public = x25519.X25519PrivateKey.generate().public_key()
        pem = signed(x509.CertificateBuilder(NAME, NAME, public, 1, NOW, NOW + timedelta(days=1)))

        assert "x25519" == describe_certificate(pem).key.key_type

    def test_issued(self) -> None:
        """A certificate with another issuer is not self-signed."""
        facts = describe_certificate(signed(blank(subject=x509.Name([]))))

        assert not facts.self_signed
        assert ("", "CN=Test authority") == (facts.subject, facts.issuer)

    def test_negative_serial_number(self) -> None:
        """What the reader warns of is told without a warning."""
        der = x509.load_pem_x509_certificate(signed(blank())).public_bytes(Encoding.DER)
        negative = der.replace(bytes.fromhex("a003020102020101"), bytes.fromhex("a0030201020201ff"), 1)
        pem = pem_of("CERTIFICATE", negative)

        assert -1 == describe_certificate(pem).serial_number

    @pytest.mark.parametrize(
        ("pem", "fault"),
        [
            (b"", "the certificate is empty"),
            (b"hello", "the certificate holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"),
            (SIGNER.pem, "holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"),
            (GOOD[:-30], "holds no certificate in PEM"),
            (GOOD.replace(b"MII", b"MIJ"), "the certificate is damaged"),
        ],
        ids=["empty", "text", "key", "cut short", "damaged"],
    )
    def test_refused(self, pem: bytes, fault: str) -> None:
        """What is no certificate is refused in a sentence."""
        with pytest.raises(MaterialError) as refused:
            describe_certificate(pem)

        assert fault in refused.value.message

    def test_names_the_file(self) -> None:
        """The sentence begins with the file."""
        with pytest.raises(MaterialError, match=r"^/srv/a\.crt is empty$"):
            describe_certificate(b"", "/srv/a.crt")

    @given(st.data())
    def test_damaged_anywhere(self, data: st.DataObject) -> None:
        """Whatever byte is changed, there are facts or one sentence, and no warning."""
        der = bytearray(x509.load_pem_x509_certificate(GOOD).public_bytes(Encoding.DER))
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))

        answer = answer_to(pem_of("CERTIFICATE", bytes(der)))

        assert isinstance(answer, str) is ("damaged" in str(answer))


def pem_of(label: str, der: bytes) -> bytes:
    """Return DER as PEM."""
    return ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", label).encode()


def answer_to(pem: bytes) -> CertificateFacts | str:
    """Return the facts, or why there are none."""
    try:
        return describe_certificate(pem)
    except MaterialError as refused:
        return refused.message
