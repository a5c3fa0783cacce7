"""PKCS#7, PKCS#12 and DER of all kinds, as openssl and others make them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs7, pkcs12

from sslutil.errors import MaterialError
from sslutil.pki.intake.asn1 import read_element, walk
from tests.pki.intake.made import (
    PASSPHRASE,
    archive,
    chain,
    crl,
    ders,
    element,
    is_leaf_key,
    issuer,
    leaf,
    openssl,
    pair,
    taken,
)

SIGNED = bytes.fromhex("06092a864886f70d010702")
ONE = b"\x02\x01\x01"


def bundle(encoding: Encoding = Encoding.DER) -> bytes:
    """Return a PKCS#7 of leaf and issuer."""
    return pkcs7.serialize_certificates([leaf().certificate, issuer().certificate], encoding)


class TestPkcs7:
    """A bundle of certificates, nothing signed by it."""

    @pytest.mark.parametrize("label", ["PKCS7", "PKCS #7 SIGNED DATA", "CMS", "CERTIFICATE", "CERTIFICATE CHAIN"])
    def test_pem(self, label: str) -> None:
        """Its certificates are found under each label that is in use."""
        content = bundle(Encoding.PEM).replace(b"PKCS7", label.encode())

        assert chain() == ders(taken(content))

    def test_der(self) -> None:
        """They are found in DER, without a warning."""
        assert chain() == ders(taken(bundle()))

    @pytest.mark.needs("openssl")
    @pytest.mark.parametrize("form", ["PEM", "DER"])
    def test_openssl(self, form: str) -> None:
        """Certificates and revocation lists of openssl's are found."""
        files = {"chain": pair(), "crl": crl()}
        content = openssl("crl2pkcs7", "-in", "crl", "-certfile", "chain", "-outform", form, files=files)
        intake = taken(content)

        assert (chain(), [crl()], ()) == (ders(intake), [piece.pem for piece in intake.crls], intake.skipped)

    @pytest.mark.needs("openssl")
    def test_ber(self) -> None:
        """Lengths that are not told before the end, as of a streaming signer, are followed."""
        files = {"leaf": leaf().pem, "key": leaf().key_pem, "issuer": issuer().pem}
        words = ("-sign", "-stream", "-nodetach", "-binary", "-outform", "DER")
        who = ("-signer", "leaf", "-inkey", "key", "-certfile", "issuer")
        content = openssl("cms", *words, *who, stdin=b"hello" * 100, files=files)

        assert content.startswith(b"\x30\x80")
        assert chain() == ders(taken(content))

    def test_without_certificates(self) -> None:
        """One that holds none is named."""
        content = element(0x30, SIGNED, element(0xA0, element(0x30, ONE, element(0x31), element(0x30, SIGNED))))

        assert ("answer: 1 PKCS#7 is damaged, or without certificates",) == taken(content).skipped

    def test_damaged_certificate(self) -> None:
        """A certificate in it that can't be read is named; the others are taken."""
        content = bundle().replace(leaf().der, leaf().der[:-60] + b"\x30" * 60)
        broken = bundle().replace(leaf().der[4:60], b"\x05" * 56)
        assert issuer().der in ders(taken(content))
        intake = taken(broken)
        assert {issuer().der} == ders(intake)
        assert ("answer: 1 certificate is damaged, or of a kind that sslutil does not know",) == intake.skipped

    def test_cut_inside(self) -> None:
        """Certificates whose own end is beyond that of their set are named as damage."""
        inner = element(0xA0, leaf().der, b"\x30\x82\xff\xff\0")
        content = element(0x30, SIGNED, element(0xA0, element(0x30, ONE, element(0x31), element(0x30, SIGNED), inner)))
        intake = taken(content)

        assert ({leaf().der}, ("answer: 1 PKCS#7 is damaged",)) == (ders(intake), intake.skipped)

    def test_encrypted_mail(self) -> None:
        """What is encrypted to somebody is named as such."""
        content = element(0x30, SIGNED[:-1] + b"\x03", element(0xA0, element(0x30)))

        (sentence,) = taken(content).skipped
        assert sentence.startswith("answer is encrypted to somebody (S/MIME)")


class TestPkcs12:
    """An archive of key and certificates."""

    @pytest.mark.parametrize("passphrase", [None, b""], ids=["none", "empty"])
    def test_open(self, passphrase: bytes | None) -> None:
        """One that has no passphrase, or an empty one, opens by itself."""
        files = {"pair": pair(), "key": leaf().key_pem}
        words = ("pkcs12", "-export", "-in", "pair", "-inkey", "key", "-passout", "pass:")
        content = archive() if passphrase is None else openssl(*words, files=files)
        intake = taken(content)

        assert is_leaf_key(intake)
        assert (chain(), ()) == (ders(intake), intake.encrypted)

    def test_passphrase(self) -> None:
        """One of several passphrases opens it, and letters beyond ASCII do."""
        intake = taken(archive(passphrase=PASSPHRASE), b"wrong", PASSPHRASE)

        assert is_leaf_key(intake)
        assert (chain(), (), ()) == (ders(intake), intake.encrypted, intake.skipped)

    @pytest.mark.parametrize("passphrases", [(), (b"wrong",)], ids=["without", "wrong"])
    def test_locked(self, passphrases: tuple[bytes, ...]) -> None:
        """Without the right one its place is told, and nothing is taken."""
        intake = taken(archive(passphrase=PASSPHRASE), *passphrases)

        assert ("answer",) == intake.encrypted
        assert not any(intake[:4])
        assert () == intake.skipped

    def test_old_locks(self) -> None:
        """The locks of old Windows, 3DES and SHA-1, open."""
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
        lock = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303  it is what old ones have
        content = pkcs12.serialize_key_and_certificates(
            None, leaf().key, leaf().certificate, [issuer().certificate], lock.build(b"old")
        )
        intake = taken(content, b"old")

        assert is_leaf_key(intake)
        assert chain() == ders(intake)

    def test_rounds(self) -> None:
        """More rounds than anybody waits for are refused by their number, before the first is done."""
        assert taken(with_rounds(2048), PASSPHRASE).keys
        with pytest.raises(MaterialError, match=r"^answer asks for 1,000,000,000 rounds of its passphrase function"):
            taken(with_rounds(1_000_000_000), PASSPHRASE)

    def test_cut_short(self) -> None:
        """One that is cut short is not taken for one that is encrypted."""
        intake = taken(archive()[:-10])

        assert ((), ("answer: 1 DER text is cut short",)) == (intake.encrypted, intake.skipped)


def with_rounds(rounds: int) -> bytes:
    """Return a PKCS#12 whose MAC says so many rounds; no more than 2,048 are really done."""
    content = archive(passphrase=PASSPHRASE)
    whole = read_element(content)
    assert whole is not None
    honest = content[content.rindex(b"\x02") :]
    assert 2048 == int.from_bytes(honest[2:]) or rounds
    if rounds == 2048:
        return content
    number = element(0x02, rounds.to_bytes(4))
    inner = [content[one.start : one.stop] for one in next(walk(content, whole))]
    mac = read_element(inner[2])
    assert mac is not None
    parts = [inner[2][one.start : one.stop] for one in next(walk(inner[2], mac))]
    return element(0x30, *inner[:2], element(0x30, *parts[:2], number))


def test_deep() -> None:
    """ASN.1 that is nested a hundred thousand times is named, in DER and in PEM."""
    content = b"\x30\x80" * 100_000 + b"\0" * 200_000
    assert taken(content).skipped
    deep = b"\x04\x01\x00"
    for _ in range(2000):
        deep = element(0x30, deep)
    intake = taken(deep)
    assert ("answer: 1 DER text is no certificate, request or private key",) == intake.skipped


def test_other_der() -> None:
    """DER that is nothing for us is named."""
    assert ("answer: 1 DER text is no certificate, request or private key",) == taken(element(0x30, ONE, ONE)).skipped
