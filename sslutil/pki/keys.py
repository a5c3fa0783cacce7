"""Private keys: made, read, described. No byte of one ever reaches a repr or an error."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sslutil.errors import MaterialError, command
from sslutil.facts import KeyFacts
from sslutil.keytypes import KEY_TYPES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )

_LABEL = rb"-----BEGIN ([A-Z0-9 ]{1,40})-----"
_OTHERS = {
    "CERTIFICATE": "a certificate",
    "CERTIFICATE REQUEST": "a certificate request",
    "PUBLIC KEY": "a public key",
}
_NEW_KEY = "sslutil certificate self-sign --new-key"
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}
_SINGLE = (
    (ed25519.Ed25519PublicKey, "ed25519"),
    (ed448.Ed448PublicKey, "ed448"),
    (mldsa.MLDSA44PublicKey, "ml-dsa-44"),
    (mldsa.MLDSA65PublicKey, "ml-dsa-65"),
    (mldsa.MLDSA87PublicKey, "ml-dsa-87"),
)
SIGNING = (
    rsa.RSAPrivateKey,
    ec.EllipticCurvePrivateKey,
    ed25519.Ed25519PrivateKey,
    ed448.Ed448PrivateKey,
    mldsa.MLDSA44PrivateKey,
    mldsa.MLDSA65PrivateKey,
    mldsa.MLDSA87PrivateKey,
)
"""Keys of the `cryptography` package that a TLS server can sign with."""


class Key(NamedTuple):
    """A private key, read once: as the bytes of its file, as what may be told of it, and as what signs."""

    pem: bytes
    """PKCS#8, PEM, not encrypted: secret."""
    facts: KeyFacts
    signer: CertificateIssuerPrivateKeyTypes
    """The key of the `cryptography` package."""

    def __repr__(self) -> str:
        """Return what may be told: no byte of the key."""
        return f"Key({self.facts})"


def make_key(key_type: str) -> Key:
    """Return a new private key of a type of KEY_TYPES; KeyError for other types."""
    return _make(KEY_TYPES[key_type].make())


def parse_key(pem: bytes, path: str = "") -> Key:
    """Return the one private key that a PEM text holds, brought into PKCS#8.

    `path` is the file for the sentence, where there is one. Raises MaterialError where there is no key or more than
    one, where it is encrypted or damaged, or of a kind that can't sign a certificate.
    """
    subject = path or "the private key"
    _judge_labels(pem, subject, path)
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        with warnings.catch_warnings(action="ignore"):  # of kinds that are refused below
            signer = load_pem_private_key(pem, None)
    except TypeError:  # says so, where a password is needed
        raise _make_encrypted(subject, path) from None
    except UnsupportedAlgorithm:
        raise MaterialError(f"{subject} is of a kind that sslutil does not know", _NEW_KEY) from None
    except ValueError:
        raise MaterialError(f"{subject} is damaged, or cut short", _NEW_KEY) from None
    if not isinstance(signer, SIGNING):
        kind = type(signer).__name__.removesuffix("PrivateKey")
        raise MaterialError(f"{subject} is of type {kind}, which no TLS server can sign with", _NEW_KEY)
    return _make(signer)


def describe_key(pem: bytes, path: str = "") -> KeyFacts:
    """Return the public side of the private key in a PEM text; errors as parse_key's."""
    return parse_key(pem, path).facts


def describe_public_key(public: CertificatePublicKeyTypes) -> KeyFacts:
    """Return type and fingerprint of the public key of a certificate or a request."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return KeyFacts(key_type=_name_type(public), fingerprint=digest.finalize().hex())


def _make(signer: CertificateIssuerPrivateKeyTypes) -> Key:
    facts = describe_public_key(signer.public_key())
    return Key(signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), facts, signer)


def _name_type(public: CertificatePublicKeyTypes) -> str:
    """Return the name in KEY_TYPES, or for other keys one of the same kind: "rsa1024", "p521", "dsa"."""
    if isinstance(public, rsa.RSAPublicKey):
        return f"rsa{public.key_size}"
    if isinstance(public, ec.EllipticCurvePublicKey):
        return _CURVES.get(public.curve.name, public.curve.name)
    known = next((name for kind, name in _SINGLE if isinstance(public, kind)), None)
    return known or type(public).__name__.removesuffix("PublicKey").lower()


def _judge_labels(pem: bytes, subject: str, path: str) -> None:
    """Raise MaterialError unless there is exactly one private key that isn't encrypted, by the PEM labels."""
    if not pem.strip():
        raise MaterialError(f"{subject} is empty", _NEW_KEY)
    labels = [label.decode() for label in re.findall(_LABEL, pem)]
    keys = [label for label in labels if label.endswith("PRIVATE KEY")]
    if not labels:
        raise MaterialError(f"{subject} holds no PEM text, which begins with -----BEGIN", _make_conversion(path))
    if not keys:
        held = _OTHERS.get(labels[0], f'a PEM block "{labels[0]}"')
        raise MaterialError(f"{subject} holds {held}, and no private key", _NEW_KEY)
    if len(keys) > 1:
        raise MaterialError(f"{subject} holds {len(keys)} private keys, and a server has one", _NEW_KEY)
    if keys[0] == "ENCRYPTED PRIVATE KEY":
        raise _make_encrypted(subject, path)
    if keys[0] == "OPENSSH PRIVATE KEY":
        hint = command("ssh-keygen", "-p", "-m", "PKCS8", "-f", path or "server.key")
        raise MaterialError(f"{subject} is in the format of OpenSSH", hint)


def _make_encrypted(subject: str, path: str) -> MaterialError:
    return MaterialError(f"{subject} is encrypted, and a server starts without anyone to ask", _make_conversion(path))


def _make_conversion(path: str) -> str:
    """Return the command that writes a key of any format as PEM, not encrypted, beside the old file."""
    path = path or "server.key"
    return command("openssl", "pkey", "-in", path, "-out", f"{path}.pem")
