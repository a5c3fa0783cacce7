"""Which certificates a server can use, and the sentence for each that it can't."""

from __future__ import annotations

import base64
import re
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.errors import MaterialError
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.leaf import judge_leaf
from sslutil.pki.refusals import REFUSALS, refuse
from tests.pki.chain_parts import DAY, LEAF, NOW, Holder, Parts, make_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from sslutil.facts import CertificateFacts
    from sslutil.pki.keys import Key

CA = Holder("Test CA")
RSA_CA = Holder("Test CA", key_type="rsa2048")
SERVER = Holder("mail.example.org")
PLACE = "answer.zip: mail.crt"
_SHA256_RSA = bytes.fromhex("2a864886f70d01010b")


def judge(pem: bytes, *wanted: str, replace: bool = False) -> CertificateFacts:
    """Judge a certificate for these names."""
    return judge_leaf(pem, PLACE, now=NOW, wanted=parse_identities(wanted), replace=replace)


def refusal(pem: bytes, *wanted: str, replace: bool = False) -> MaterialError:
    """Return why a certificate is refused."""
    with pytest.raises(MaterialError) as caught:
        judge(pem, *wanted, replace=replace)
    return caught.value


def make_leaf(**changes: object) -> bytes:
    """Return a good leaf with these changes."""
    parts = {name: getattr(LEAF, name) for name in Parts.__dataclass_fields__} | changes
    return make_certificate(SERVER, CA, Parts(**parts))


def with_signature(last: int) -> bytes:
    """Return a leaf that says another signature algorithm of RSA (RFC 8017, A.2.4); nobody could sign so any more."""
    pem = make_certificate(SERVER, RSA_CA, LEAF)
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    changed = der.replace(_SHA256_RSA, _SHA256_RSA[:-1] + bytes([last]))
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(changed) + b"-----END CERTIFICATE-----\n"


class TestTaken:
    """What is taken."""

    def test_facts(self) -> None:
        """A good one, and what it says of itself comes back."""
        facts = judge(make_leaf(), "mail.example.org")

        assert ["mail.example.org"] == [name.text for name in facts.names]
        assert not facts.self_signed

    @pytest.mark.parametrize("key_type", KEY_TYPES)
    def test_each_key_type(self, key_type: str) -> None:
        """Keys of every type that we make."""
        judge(make_certificate(Holder("mail.example.org", key_type=key_type), CA, LEAF), "mail.example.org")

    def test_our_own(self, key: Key) -> None:
        """What we sign ourselves passes our own judge."""
        names = parse_identities(["mail.example.org"])
        judge(make_self_signed(key, names, now=NOW, days=7), "mail.example.org")

    @pytest.mark.parametrize(
        "changes",
        [
            {"purposes": ()},
            {"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)},
            {"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)},
            {"signs": None},
            {"ca": None},
            {"begin": NOW, "end": NOW},
            {"identifiers": False},
        ],
        ids=[
            "no purposes",
            "any purpose",
            "two purposes",
            "no key usage",
            "no constraints",
            "one second",
            "no identifiers",
        ],
    )
    def test_variants(self, changes: dict[str, object]) -> None:
        """Absent extensions forbid nothing, and both ends of the validity are within it (RFC 5280, 4.1.2.5)."""
        judge(make_leaf(**changes), "mail.example.org")

    @pytest.mark.parametrize(
        "curve", [ec.SECP521R1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1()], ids=lambda c: c.name
    )
    def test_other_curves(self, curve: ec.EllipticCurve) -> None:
        """Curves with a signature scheme in TLS 1.3 (RFC 8446, RFC 8734)."""
        judge(make_leaf(public=ec.generate_private_key(curve).public_key()))

    def test_ed448(self) -> None:
        """A key that we don't make and that TLS 1.3 has."""
        judge(make_leaf(public=ed448.Ed448PrivateKey.generate().public_key()))

    def test_self_signature(self) -> None:
        """The hash of a self-signature proves nothing, and is not asked."""
        own = Holder("mail.example.org", key_type="rsa2048")
        der = ssl.PEM_cert_to_DER_cert(make_certificate(own, own, LEAF).decode())
        sha1 = der.replace(_SHA256_RSA, _SHA256_RSA[:-1] + b"\x05")
        judge(ssl.DER_cert_to_PEM_cert(sha1).encode())


class TestRefused:
    """What is refused, each with its own sentence."""

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"begin": NOW - 2 * DAY, "end": NOW - DAY}, "expired on"),
            ({"begin": NOW + DAY, "end": NOW + 2 * DAY}, "is not valid before"),
            ({"ca": True}, "is an authority's own, not a server's"),
            ({"signs": True}, "is an authority's own, not a server's"),
            ({"names": ()}, "has no subject alternative name, and no client reads its subject, CN=mail.example.org"),
            ({"handshakes": False}, "does not let its key sign handshakes"),
            (
                {"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
                "is not for servers: its extended key usage is clientAuth",
            ),
            (
                {"purposes": (x509.ObjectIdentifier("1.2.3.4"),)},
                "is not for servers: its extended key usage is 1.2.3.4",
            ),
        ],
        ids=["expired", "not yet", "CA", "keyCertSign", "nameless", "usage", "client", "unknown purpose"],
    )
    def test_what_it_says(self, changes: dict[str, object], words: str) -> None:
        """What a certificate says of itself; --replace changes nothing about that."""
        error = refusal(make_leaf(**changes), replace=True)

        assert words in error.message
        assert error.message.startswith(f"the certificate in {PLACE} ")
        assert error.hint

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: rsa.generate_private_key(65537, 1024), "RSA of 1024 bits"),  # noqa: S505  so it shall be
            (lambda: rsa.generate_private_key(65537, 2052), "RSA of 2052 bits"),
            (lambda: ec.generate_private_key(ec.SECP256K1()), "the curve secp256k1"),
            (lambda: ec.generate_private_key(ec.SECP224R1()), "the curve secp224r1"),
            (lambda: dsa.generate_private_key(1024), "DSA"),  # noqa: S505  the same
            (x25519.X25519PrivateKey.generate, "X25519, which can't sign"),
        ],
        ids=["rsa1024", "rsa2052", "secp256k1", "secp224r1", "dsa", "x25519"],
    )
    def test_weak_key(self, make: object, words: str) -> None:
        """Keys that the library reads without a word, and clients refuse."""
        assert callable(make)
        public: CertificatePublicKeyTypes = make().public_key()

        assert f"over a key that clients refuse: {words}" in refusal(make_leaf(public=public)).message

    @pytest.mark.parametrize(
        ("last", "words"), [(0x04, "MD5"), (0x05, "SHA-1"), (0x63, "the algorithm 1.2.840.113549.1.1.99")]
    )
    def test_weak_signature(self, last: int, words: str) -> None:
        """Hashes with collisions, and what nobody knows."""
        assert f"is signed with {words}, which clients refuse" in refusal(with_signature(last)).message

    def test_strong_twin(self) -> None:
        """The same with SHA-512 passes."""
        judge(with_signature(0x0D))
        judge(make_leaf(hashed=hashes.SHA384()))

    @pytest.mark.parametrize(
        "damage", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
    )
    def test_unreadable(self, damage: bytes) -> None:
        """What is no certificate at all."""
        assert PLACE in refusal(damage).message

    def test_malformed_validity(self) -> None:
        """One that ends before it begins."""
        der = ssl.PEM_cert_to_DER_cert(make_leaf(begin=NOW - DAY, end=NOW + DAY).decode())
        dates = re.findall(rb"\x17\x0d(\d{12}Z)", der)
        swapped = der.replace(dates[0], b"-").replace(dates[1], dates[0]).replace(b"\x17\x0d-", b"\x17\x0d" + dates[1])

        assert "before it begins on" in refusal(ssl.DER_cert_to_PEM_cert(swapped).encode()).message


class TestNames:
    """The names that the site wants."""

    @pytest.mark.parametrize(
        ("names", "wanted"),
        [
            (["mail.example.org"], ["mail.example.org"]),
            (["*.example.org"], ["mail.example.org", "imap.example.org"]),
            (["MAIL.example.org"], ["mail.example.org"]),
            (["other.example.org"], []),
        ],
        ids=str,
    )
    def test_covered(self, names: Sequence[str], wanted: Sequence[str]) -> None:
        """A star stands for one label; case does not count."""
        judge(make_leaf(names=names), *wanted)

    @pytest.mark.parametrize(
        ("names", "wanted", "missing"),
        [
            (["mail.example.org"], ["mail.example.org", "imap.example.org"], "imap.example.org"),
            (["*.example.org"], ["a.b.example.org"], "a.b.example.org"),
            (["*.example.org"], ["example.org"], "example.org"),
            (["mail.example.org"], ["192.0.2.1"], "192.0.2.1"),
        ],
        ids=str,
    )
    def test_missing(self, names: Sequence[str], wanted: Sequence[str], missing: str) -> None:
        """What is missing is named, with both cures; --replace takes the certificate's names."""
        error = refusal(make_leaf(names=names), *wanted)

        assert f"is not for {missing}, which the site wants; it is for {', '.join(names)}" in error.message
        assert f"sslutil certificate csr {' '.join(wanted)}" == error.hint
        assert ("--replace",) == error.added
        judge(make_leaf(names=names), *wanted, replace=True)

    def test_many(self) -> None:
        """A long list is cut, and says by how much."""
        names = [f"n{number}.example.org" for number in range(60)]
        assert "n9.example.org and 50 more" in refusal(make_leaf(names=names), "mail.example.org").message


class TestCatalogue:
    """The catalogue of refusals."""

    def test_rows(self) -> None:
        """Each has a sentence in the house's style, and says why."""
        for name, reason in REFUSALS.items():
            assert name == reason.name
            assert not reason.template.endswith(".")
            assert reason.template[0] in {"{", *"abcdefghijklmnopqrstuvwxyz"}
            assert reason.explanation.endswith(".")

    def test_unknown_name(self) -> None:
        """A reason that is not in the catalogue is a fault of ours."""
        with pytest.raises(KeyError):
            refuse("whim")
