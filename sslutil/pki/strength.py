"""Whether a key or a signature is strong enough: the X.509 verifier of the `cryptography` package has no opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

LEAST_RSA_BITS = 2048
"""Baseline Requirements, 6.1.5; OpenSSL's security level 2, which distributions set, refuses less."""
_LEAST_EXPONENT = 3
_CURVES = {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
"""Those for which TLS 1.3 has a signature scheme (RFC 8446, RFC 8734)."""
_HASHES = {"sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256"} | {
    f"sha3-{bits}" for bits in (224, 256, 384, 512)
}
_WITH_HASHES_OF_THEIR_OWN = (
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
    mldsa.MLDSA44PublicKey,
    mldsa.MLDSA65PublicKey,
    mldsa.MLDSA87PublicKey,
)


def find_weak_key(public: CertificatePublicKeyTypes) -> str:
    """Return what is wrong with a key in a few words ("RSA of 1024 bits"); an empty string where nothing is."""
    if isinstance(public, rsa.RSAPublicKey):
        return _find_weak_rsa(public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "" if public.curve.name in _CURVES else f"the curve {public.curve.name}"
    if isinstance(public, dsa.DSAPublicKey):
        return "DSA"
    if isinstance(public, _WITH_HASHES_OF_THEIR_OWN):
        return ""
    return f"{type(public).__name__.removesuffix('PublicKey')}, which can't sign"


def _find_weak_rsa(public: rsa.RSAPublicKey) -> str:
    exponent = public.public_numbers().e
    if public.key_size < LEAST_RSA_BITS or public.key_size % 8:
        return f"RSA of {public.key_size} bits"
    if exponent < _LEAST_EXPONENT or exponent % 2 == 0:
        return f"RSA with the exponent {exponent}"
    return ""


def find_weak_signature(certificate: x509.Certificate) -> str:
    """Return the name of the hash or algorithm below a signature that proves nothing; an empty string otherwise."""
    try:
        hashed = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return f"the algorithm {certificate.signature_algorithm_oid.dotted_string}"
    if hashed is None or hashed.name in _HASHES:
        return ""
    return hashed.name.upper().replace("SHA1", "SHA-1")
