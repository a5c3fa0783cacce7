"""Private keys: whole, readable by others, silent about themselves."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, mldsa, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import MaterialError
from sslutil.keytypes import KEY_TYPES
from sslutil.pki import keys
from sslutil.pki.keys import Key, describe_key, make_key, parse_key
from tests.judges import ask, openssl

if TYPE_CHECKING:
    from pathlib import Path

NEW_KEY = "sslutil certificate self-sign --new-key"
P256 = ec.generate_private_key(ec.SECP256R1())
PLAIN = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def secret_texts(key: Key) -> list[str]:
    """Return the lines of a key's PEM that are secret."""
    return [line for line in key.pem.decode().splitlines() if line and "-----" not in line]


class TestMade:
    """What make_key makes."""

    def test_is_of_its_type(self, key: Key) -> None:
        """A key of a type says that it is of that type, and is PKCS#8, not encrypted."""
        assert key.facts.key_type in KEY_TYPES
        assert key.pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")

    @pytest.mark.needs("openssl")
    def test_openssl_finds_it_whole(self, key: Key, tmp_path: Path) -> None:
        """OpenSSL finds the key's parts to fit each other; 3.0 does not know ML-DSA, so cryptography judges those."""
        if isinstance(key.signer, mldsa.MLDSA65PrivateKey):
            key.signer.public_key().verify(key.signer.sign(b"words"), b"words")
            return
        path = tmp_path / "server.key"
        path.write_bytes(key.pem)

        verdict = openssl.judge_key(path)

        assert verdict.accepted, verdict.words

    def test_fingerprint(self, key: Key) -> None:
        """The fingerprint is SHA-256 of the public key as DER: what `openssl pkey -pubout | sha256sum` gives."""
        der = key.signer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        done = subprocess.run(["sha256sum"], input=der, capture_output=True, timeout=30, check=True)

        assert done.stdout.split()[0].decode() == key.facts.fingerprint

    def test_reads_back(self, key: Key) -> None:
        """A key that was written is the same key when it is read."""
        again = parse_key(key.pem)

        assert (key.pem, key.facts) == (again.pem, again.facts)
        assert key.facts == describe_key(key.pem)

    def test_unknown_type(self) -> None:
        """A type that the catalogue lacks is a fault of the caller's."""
        with pytest.raises(KeyError):
            make_key("rsa1024")

    def test_repr_is_silent(self, key: Key) -> None:
        """What is printed of a key holds no line of it, and says what kind it is."""
        assert key.facts.key_type in repr(key)
        assert not [text for text in secret_texts(key) if text in repr(key)]
        assert "PRIVATE KEY" not in repr(key)


class TestRead:
    """What parse_key takes."""

    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
    def test_traditional_becomes_pkcs8(self, curve: ec.EllipticCurve) -> None:
        """A key in the older form, with parameters before it as OpenSSL writes them, becomes PKCS#8."""
        signer = ec.generate_private_key(curve)
        old = signer.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

        assert (
            signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) == parse_key(parameters + old).pem
        )

    def test_beside_a_certificate(self) -> None:
        """A key is found in a bundle too."""
        assert describe_key(PLAIN) == describe_key(CERTIFICATE + PLAIN)

    @pytest.mark.parametrize(
        ("signer", "name"),
        [
            (rsa.generate_private_key(65537, 1024), "rsa1024"),  # noqa: S505  weak on purpose
            (ec.generate_private_key(ec.SECP521R1()), "p521"),
            (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
            (ed448.Ed448PrivateKey.generate(), "ed448"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_kind_that_is_not_made_here(self, signer: rsa.RSAPrivateKey, name: str) -> None:
        """A key that someone brings along is described, though none of its kind is made."""
        pem = signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

        assert name not in KEY_TYPES
        assert name == describe_key(pem).key_type


X25519 = x25519.X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
DSA = dsa.generate_private_key(1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # noqa: S505  never used
OPENSSH = P256.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
ENCRYPTED = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
OLD_ENCRYPTED = P256.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"secret"))
PUBLIC = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DER = P256.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
CONVERT = "openssl pkey -in server.key -out server.key.pem"
NOT_KNOWN = (  # a well-formed PKCS#8 whose algorithm is 1.2.3
    b"-----BEGIN PRIVATE KEY-----\n"
    + b64encode(bytes.fromhex("300d020100300406022a0304020500"))
    + b"\n-----END PRIVATE KEY-----\n"
)

REFUSED = {
    "empty": (b"", "is empty", NEW_KEY),
    "blank": (b" \n", "is empty", NEW_KEY),
    "text": (b"hello", "holds no PEM text", CONVERT),
    "DER": (DER, "holds no PEM text", CONVERT),
    "certificate": (CERTIFICATE, "holds a certificate, and no private key", NEW_KEY),
    "public key": (PUBLIC, "holds a public key, and no private key", NEW_KEY),
    "other block": (b"-----BEGIN X509 CRL-----\n", 'holds a PEM block "X509 CRL", and no private key', NEW_KEY),
    "two keys": (PLAIN + PLAIN, "holds 2 private keys", NEW_KEY),
    "encrypted": (ENCRYPTED, "is encrypted", CONVERT),
    "encrypted, older form": (OLD_ENCRYPTED, "is encrypted", CONVERT),
    "OpenSSH": (OPENSSH, "is in the format of OpenSSH", "ssh-keygen -p -m PKCS8 -f server.key"),
    "X25519": (X25519, "is of type X25519, which no TLS server can sign with", NEW_KEY),
    "DSA": (DSA, "is of type DSA, which no TLS server can sign with", NEW_KEY),
    "cut short": (PLAIN[:-60], "is damaged, or cut short", NEW_KEY),
    "unknown algorithm": (NOT_KNOWN, "is of a kind that sslutil does not know", NEW_KEY),
}


class TestRefused:
    """What parse_key refuses."""

    @pytest.mark.parametrize(("pem", "fault", "hint"), REFUSED.values(), ids=REFUSED)
    def test_sentence_and_hint(self, pem: bytes, fault: str, hint: str) -> None:
        """Each fault has a sentence of its own and a command."""
        with pytest.raises(MaterialError) as refused:
            parse_key(pem)

        assert fault in refused.value.message
        assert hint == refused.value.hint

    @pytest.mark.needs("openssl")
    def test_kind_that_is_given_up(self) -> None:
        """A kind that the reader warns of is refused without the reader's warning."""
        status, pem = ask(["openssl", "genpkey", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"])
        assert status == 0, pem

        with pytest.raises(MaterialError, match="is of type DH, which no TLS server can sign with"):
            parse_key(pem.encode())

    def test_names_the_file(self) -> None:
        """The sentence begins with the file, and the hint's command takes its name apart as it was."""
        with pytest.raises(MaterialError) as refused:
            parse_key(ENCRYPTED, "/srv/my keys/a.key")

        assert refused.value.message.startswith("/srv/my keys/a.key is encrypted")
        assert "openssl pkey -in '/srv/my keys/a.key' -out '/srv/my keys/a.key.pem'" == refused.value.hint

    @given(st.integers(0, len(PLAIN) - 1))
    def test_cut_anywhere(self, length: int) -> None:
        """A key that is cut short is refused, or is whole but for white space at its end."""
        answer = answer_to(PLAIN[:length])

        assert isinstance(answer, MaterialError) or (answer.pem == PLAIN and not PLAIN[length:].strip())

    @given(st.integers(28, len(PLAIN) - 28), st.binary(min_size=1, max_size=3))
    def test_damaged_anywhere(self, place: int, junk: bytes) -> None:
        """A key with other bytes in it is refused without a word of what it holds, or is read."""
        answer = answer_to(PLAIN[:place] + junk + PLAIN[place + len(junk) :])

        if isinstance(answer, MaterialError):
            told = answer.message + answer.hint
            assert not any(line.decode() in told for line in PLAIN.splitlines()[1:-1])
            assert answer.__cause__ is None


def answer_to(pem: bytes) -> Key | MaterialError:
    """Return the key, or why there is none."""
    try:
        return parse_key(pem)
    except MaterialError as refused:
        return refused


@pytest.mark.parametrize("name", ["Encoding", "PrivateFormat", "PublicFormat", "NoEncryption"])
def test_names_are_the_public_ones(name: str) -> None:
    """What is imported past the slow public package is what that package gives; a new version would show here."""
    assert getattr(serialization, name) is getattr(keys, name)
