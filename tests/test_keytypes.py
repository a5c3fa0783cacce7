"""Key types: the catalogue, and that each row makes what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from sslutil.keytypes import DEFAULT_KEY_TYPE, KEY_TYPES

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1}
BITS = {"rsa2048": 2048, "rsa3072": 3072, "rsa4096": 4096}
OTHERS = {"ed25519": ed25519.Ed25519PrivateKey, "ml-dsa-65": mldsa.MLDSA65PrivateKey}


def test_every_type_is_judged_here() -> None:
    """A row that is added is a row that is tested."""
    assert {*CURVES, *BITS, *OTHERS} == set(KEY_TYPES)


@pytest.mark.parametrize("name", CURVES)
def test_curve(name: str) -> None:
    """An ECDSA row makes a key on its curve."""
    key = KEY_TYPES[name].make()

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, CURVES[name])


@pytest.mark.parametrize("name", BITS)
def test_rsa(name: str) -> None:
    """An RSA row makes a key of its size, with the exponent that everybody takes."""
    key = KEY_TYPES[name].make()

    assert isinstance(key, rsa.RSAPrivateKey)
    assert (BITS[name], 65537) == (key.key_size, key.public_key().public_numbers().e)


@pytest.mark.parametrize("name", OTHERS)
def test_other(name: str) -> None:
    """The other rows make keys of their one kind."""
    assert isinstance(KEY_TYPES[name].make(), OTHERS[name])


def test_two_keys_differ() -> None:
    """A row makes a new key each time."""
    make = KEY_TYPES[DEFAULT_KEY_TYPE].make

    assert make().public_key() != make().public_key()


def test_default() -> None:
    """The default is a type that every client takes: it comes without a warning."""
    assert "p256" == DEFAULT_KEY_TYPE
    assert not KEY_TYPES[DEFAULT_KEY_TYPE].warning


def test_warned_of() -> None:
    """Exactly the types that browsers don't take say so."""
    assert ["ed25519", "ml-dsa-65"] == [name for name, row in KEY_TYPES.items() if "browsers" in row.warning]


def test_suites_below_tls_1_3() -> None:
    """Each type says which suites of TLS 1.2 it can be used with; ML-DSA with none."""
    suites = {name: row.authentication for name, row in KEY_TYPES.items()}

    assert {
        "p256": "ecdsa",
        "p384": "ecdsa",
        "rsa2048": "rsa",
        "rsa3072": "rsa",
        "rsa4096": "rsa",
        "ed25519": "ecdsa",
        "ml-dsa-65": None,
    } == suites


@pytest.mark.parametrize(("code", "loaded"), [("", False), ("; k.KEY_TYPES['p256'].make()", True)])
def test_catalogue_costs_nothing(code: str, loaded: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Reading the catalogue loads no cryptography; making a key does."""
    script = f"import sys, sslutil.keytypes as k{code}; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)

    assert f"{loaded}\n" == done.stdout
