"""PKCS#12: key and chain in one file with a passphrase, for programs that take nothing else."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from sslutil.errors import MaterialError, UsageError
from sslutil.pki.keys import parse_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import KeySerializationEncryption

MODERN_ROUNDS = 100_000
"""Of PBKDF2 over the key: 30 ms, and nobody opens the file often. The MAC has 2,048, which the library gives no say in
and with which a guesser would begin: so what protects the key is a passphrase that can't be guessed."""
LEGACY_ROUNDS = 2048
"""What the programs of that time write, and expect."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike on paper."""
_GROUPS, _GROUP = 5, 5
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def make_pkcs12(key: bytes, chain: bytes, *, passphrase: bytes, friendly_name: str, legacy: bool = False) -> bytes:
    """Return a PKCS#12, DER, of a key and its chain, both PEM, the leaf first.

    The modern form is AES-256-CBC under PBKDF2 with HMAC-SHA-256; the legacy one triple DES and SHA-1, for readers that
    know nothing else: old macOS, Windows Server 2016, early Java 8. Raises MaterialError for a kind of key that has no
    place in PKCS#12, UsageError for a passphrase or a name that is no text.
    """
    signer = parse_key(key).signer
    if isinstance(signer, mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey):
        raise MaterialError("a key of ML-DSA has no place in PKCS#12", "sslutil export pem --with-key --out mail.pem")
    _judge_text(passphrase, "the passphrase")
    _judge_text(friendly_name.encode("utf-8", "surrogateescape"), "the friendly name")
    leaf, *others = (x509.load_pem_x509_certificate(block) for block in _BLOCK.findall(chain))
    return pkcs12.serialize_key_and_certificates(
        friendly_name.encode(), signer, leaf, others or None, _encryption(passphrase, legacy=legacy)
    )


def _judge_text(content: bytes, subject: str) -> None:
    """Raise UsageError for what PKCS#12, whose texts are of Unicode and end with a zero, can't hold."""
    try:
        fault = "has a control character in it" if any(map(_is_control, content.decode())) else ""
    except UnicodeDecodeError:
        fault = "is not text in UTF-8"
    if fault:
        raise UsageError(f"{subject} {fault}, and PKCS#12 can't hold that")


def _is_control(character: str) -> bool:
    return character < " " or character == "\x7f"


def _encryption(passphrase: bytes, *, legacy: bool) -> KeySerializationEncryption:
    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        old = builder.kdf_rounds(LEGACY_ROUNDS).key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        return old.hmac_hash(hashes.SHA1()).build(passphrase)  # noqa: S303  what those readers know
    new = builder.kdf_rounds(MODERN_ROUNDS).key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
    return new.hmac_hash(hashes.SHA256()).build(passphrase)


def make_passphrase() -> str:
    """Return a passphrase of 25 signs that can be read to somebody over the telephone: 123 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def split_chain(chain: bytes) -> tuple[bytes, bytes]:
    """Return the leaf and the other certificates of a PEM text, each with its final line end."""
    leaf, *others = (block + b"\n" for block in _BLOCK.findall(chain))
    return leaf, b"".join(others)


def make_der(chain: bytes) -> bytes:
    """Return the first certificate of a PEM text in DER."""
    return x509.load_pem_x509_certificate(split_chain(chain)[0]).public_bytes(Encoding.DER)


def make_der_key(key: bytes) -> bytes:
    """Return a private key, PEM, as PKCS#8 in DER: secret."""
    return parse_key(key).signer.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
