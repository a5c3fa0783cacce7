"""The key types that sslutil makes: one row each, from which options, checks and reference pages come.

A row's `make` imports its algorithm when called, so that reading the catalogue costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes as PrivateKey

DEFAULT_KEY_TYPE = "p256"
"""Smallest and fastest of those that every client takes; TLSRef names it first."""

_NO_BROWSER = "browsers and public certificate authorities don't take {} keys: use it only where you know every client"


class KeyType(NamedTuple):
    """One kind of private key and how a certificate is signed with it."""

    name: str
    """As in `key_type` of site.toml and --key-type."""
    title: str
    """As people call it: "ECDSA P-256"."""
    family: Literal["ecdsa", "rsa", "eddsa", "mldsa"]
    make: Callable[[], PrivateKey]
    """Returns a new private key of the `cryptography` package."""
    signature_hash: Literal["sha256", "sha384"] | None
    """The hash below the signature; None where the algorithm has its own."""
    warning: str = ""
    """What whoever chooses it must know; empty where there is nothing."""

    @property
    def authentication(self) -> Literal["ecdsa", "rsa"] | None:
        """The suites of TLS 1.2 that can use such a key (see `profiles.Cipher`); None: TLS 1.3 alone.

        Ed25519 keys sign in the ECDSA suites (RFC 8422, 5.10); ML-DSA is defined for TLS 1.3 only.
        """
        if self.family == "rsa":
            return "rsa"
        return None if self.family == "mldsa" else "ecdsa"


def _make_p256() -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _make_p384() -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP384R1())


def _make_rsa(bits: int) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _make_ed25519() -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PrivateKey.generate()


def _make_ml_dsa_65() -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return mldsa.MLDSA65PrivateKey.generate()


KEY_TYPES: dict[str, KeyType] = {
    row.name: row
    for row in (
        KeyType("p256", "ECDSA P-256", "ecdsa", _make_p256, "sha256"),
        KeyType("p384", "ECDSA P-384", "ecdsa", _make_p384, "sha384"),
        KeyType("rsa2048", "RSA 2048", "rsa", lambda: _make_rsa(2048), "sha256"),
        KeyType("rsa3072", "RSA 3072", "rsa", lambda: _make_rsa(3072), "sha256"),
        KeyType("rsa4096", "RSA 4096", "rsa", lambda: _make_rsa(4096), "sha256"),
        KeyType("ed25519", "Ed25519", "eddsa", _make_ed25519, None, _NO_BROWSER.format("Ed25519")),
        KeyType("ml-dsa-65", "ML-DSA-65", "mldsa", _make_ml_dsa_65, None, _NO_BROWSER.format("ML-DSA-65")),
    )
}
"""Every key type by name, in the order in which they are offered."""
