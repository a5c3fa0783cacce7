"""Private keys in every clothing: all come out as PKCS#8, those that are encrypted with their passphrase alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sslutil.errors import MaterialError
from tests.pki.intake.made import PASSPHRASE, chain, ders, element, is_leaf_key, leaf, openssl, pair, taken

if TYPE_CHECKING:
    from sslutil.pki.keys import Key

LOCK = BestAvailableEncryption(PASSPHRASE)
KINDS = [
    (Encoding.PEM, PrivateFormat.PKCS8),
    (Encoding.DER, PrivateFormat.PKCS8),
    (Encoding.PEM, PrivateFormat.TraditionalOpenSSL),
    (Encoding.DER, PrivateFormat.TraditionalOpenSSL),
    (Encoding.PEM, PrivateFormat.OpenSSH),
]
LOCKED = [
    (Encoding.PEM, PrivateFormat.PKCS8),
    (Encoding.DER, PrivateFormat.PKCS8),
    (Encoding.PEM, PrivateFormat.TraditionalOpenSSL),
]


@pytest.mark.parametrize(("encoding", "form"), KINDS)
def test_open(encoding: Encoding, form: PrivateFormat) -> None:
    """A key that is not encrypted is taken."""
    intake = taken(leaf().key.private_bytes(encoding, form, NoEncryption()))

    assert is_leaf_key(intake)
    assert ((), ()) == (intake.encrypted, intake.skipped)


@pytest.mark.parametrize(("encoding", "form"), LOCKED)
def test_locked(encoding: Encoding, form: PrivateFormat) -> None:
    """One that is encrypted needs its passphrase; without it its place is told."""
    content = leaf().key.private_bytes(encoding, form, LOCK)

    assert is_leaf_key(taken(content, b"wrong", PASSPHRASE))
    for passphrases in ((), (b"wrong",), (b"",)):
        intake = taken(content, *passphrases)
        assert ((), ("answer",), ()) == (intake.keys, intake.encrypted, intake.skipped)


@pytest.mark.parametrize(("encoding", "form"), KINDS)
def test_each_type(key: Key, encoding: Encoding, form: PrivateFormat) -> None:
    """A key of each type that sslutil makes is taken in each form that it has."""
    signer = load_pem_private_key(key.pem, None)
    try:
        content = signer.private_bytes(encoding, form, NoEncryption())
    except (ValueError, TypeError):
        return  # there is no such form of it
    assert [key.pem] == [piece.pem for piece in taken(content).keys]


def test_quoted_lock() -> None:
    """A key whose head says how it is encrypted survives quoting, Windows' line ends, and one line for all."""
    content = leaf().key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, LOCK)
    for changed in (content.replace(b"\n", b"\r\n> "), content.replace(b"\n", b" "), b"  " + content):
        assert is_leaf_key(taken(changed, PASSPHRASE))


@pytest.mark.needs("openssl")
def test_parameters() -> None:
    """What openssl writes before a key on a curve is no news; alone it is named."""
    content = openssl("ecparam", "-name", "prime256v1", "-genkey")
    assert content.startswith(b"-----BEGIN EC PARAMETERS-----")
    intake = taken(content)
    assert 1 == len(intake.keys)
    assert () == intake.skipped
    alone = taken(content[: content.index(b"-----BEGIN EC PRIVATE")])
    assert ('answer: 1 block "EC PARAMETERS" is no certificate, request or private key',) == alone.skipped


@pytest.mark.needs("openssl")
def test_trusted_certificate() -> None:
    """OpenSSL's own form of a certificate gives the certificate, without what it says of trust."""
    words = ("x509", "-trustout", "-addtrust", "serverAuth", "-setalias", "x")
    content = openssl(*words, stdin=leaf().pem)

    assert b"TRUSTED CERTIFICATE" in content
    intake = taken(content)
    assert ({leaf().der}, ()) == (ders(intake), intake.skipped)


@pytest.mark.parametrize("kind", ["x25519", "dsa"])
def test_no_signer(kind: str) -> None:
    """A key that no TLS server can sign with is named, among good things."""
    made = x25519.X25519PrivateKey.generate() if kind == "x25519" else dsa.generate_private_key(1024)  # noqa: S505  a quick one
    content = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    intake = taken(content + pair())

    assert (chain(), ()) == (ders(intake), intake.keys)
    assert ("answer: 1 private key is of a kind that no TLS server can sign with",) == intake.skipped


def test_damaged() -> None:
    """A damaged key is named, and no byte of it is told."""
    text = leaf().key_pem.decode().splitlines()
    content = "\n".join([text[0], text[1][:40] + "AAAAAAAAAAAAAAAAAAAAAAAA", *text[2:]])
    intake = taken(content.encode())

    assert () == intake.keys
    assert ("answer: 1 private key is damaged, or of a kind that sslutil does not know",) == intake.skipped


def test_no_byte_in_a_repr() -> None:
    """What was found can be shown without a byte of a key."""
    intake = taken(leaf().key_pem)

    assert "Piece(answer)" in repr(intake)
    assert "PRIVATE" not in repr(intake)


def test_rounds() -> None:
    """A key whose passphrase function would run for minutes is refused by its number."""
    pbkdf2 = element(
        0x30, bytes.fromhex("06092a864886f70d01050c"), element(0x30, b"\x04\x02ab", b"\x02\x04\x3b\x9a\xca\0")
    )
    cipher = element(0x30, bytes.fromhex("060960864801650304012a"), b"\x04\x10" + b"i" * 16)
    lock = element(0x30, bytes.fromhex("06092a864886f70d01050d"), element(0x30, pbkdf2, cipher))
    with pytest.raises(MaterialError, match="1,000,000,000 rounds"):
        taken(element(0x30, lock, element(0x04, b"x" * 32)), b"passphrase")
