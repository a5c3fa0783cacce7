"""PKCS#12: Java, NSS, GnuTLS and OpenSSL open both forms with the passphrase, and none without it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, UsageError
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.pki.certificates import describe_certificate, make_self_signed
from sslutil.pki.pkcs12 import make_der, make_der_key, make_passphrase, make_pkcs12, split_chain
from tests.judges import gnutls, java, nss, openssl
from tests.pki.chain_parts import LEAF, Holder, make_certificate
from tests.pki.conftest import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.pki.keys import Key

PASSPHRASE = "correct horse"  # noqa: S105  of files that live for a second
WRONG = "correct house"
NAME = "bücher.example"
SERVER, MIDDLE, ROOT = Holder("mail.example.org"), Holder("Middle"), Holder("Root")
MODERN_ALGORITHMS = ("AES-256-CBC", "PBKDF2", "hmacWithSHA256", "MAC: sha256")
LEGACY_ALGORITHMS = ("pbeWithSHA1And3-KeyTripleDES-CBC", "MAC: sha1")
FITTING = [name for name in KEY_TYPES if not name.startswith("ml-dsa")]
BOTH = pytest.mark.parametrize("legacy", [False, True], ids=["modern", "legacy"])


@cache
def make_material(key_type: str) -> tuple[Key, bytes]:
    """Return a key and a chain of three over it, leaf first."""
    key = made_once(key_type)
    leaf = make_certificate(SERVER, MIDDLE, replace(LEAF, public=key.signer.public_key()))
    return key, leaf + make_certificate(MIDDLE, ROOT) + make_certificate(ROOT, ROOT)


def write(folder: Path, content: bytes) -> Path:
    """Return a file with this content."""
    path = folder / "mail.p12"
    path.write_bytes(content)
    return path


def make_file(folder: Path, key_type: str, *, legacy: bool) -> Path:
    """Return a PKCS#12 of such a key and its chain."""
    key, chain = make_material(key_type)
    return write(folder, make_pkcs12(key.pem, chain, passphrase=PASSPHRASE.encode(), friendly_name=NAME, legacy=legacy))


@BOTH
@pytest.mark.parametrize("key_type", FITTING)
@pytest.mark.needs("openssl")
def test_openssl_opens_it(key_type: str, legacy: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """OpenSSL finds the key and every certificate, in the form that was asked for; with another passphrase nothing."""
    file = make_file(tmp_path, key_type, legacy=legacy)
    opened = openssl.open_pkcs12(file, PASSPHRASE)
    assert opened.accepted, opened.words
    key, chain = make_material(key_type)
    assert chain.decode() == _blocks(opened.words, "CERTIFICATE")
    assert key.pem.decode() == _blocks(opened.words, "PRIVATE KEY")
    ours, others = (LEGACY_ALGORITHMS, MODERN_ALGORITHMS) if legacy else (MODERN_ALGORITHMS, LEGACY_ALGORITHMS)
    assert all(name in opened.words for name in ours)
    assert not any(name in opened.words for name in others)
    assert not openssl.open_pkcs12(file, WRONG).accepted


def _blocks(text: str, label: str) -> str:
    found = re.findall(f"-----BEGIN {label}-----.+?-----END {label}-----\n", text, re.DOTALL)
    return "".join(found)


@BOTH
@pytest.mark.parametrize("key_type", ["p256", "rsa2048"])
@pytest.mark.needs("keytool")
def test_java_opens_it(key_type: str, legacy: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Java lists a key by the friendly name with a chain of three, and decrypts it; not with another passphrase."""
    file = make_file(tmp_path, key_type, legacy=legacy)
    listed = java.judge_pkcs12(file, PASSPHRASE)
    assert listed.accepted, listed.words
    assert f"Alias name: {NAME}" in listed.words
    assert "Certificate chain length: 3" in listed.words
    copied = java.judge_key(file, PASSPHRASE, tmp_path / "copy.p12")
    assert copied.accepted, copied.words
    refused = java.judge_pkcs12(file, WRONG)
    assert not refused.accepted
    assert "password was incorrect" in refused.words


@BOTH
@pytest.mark.parametrize("key_type", ["p256", "rsa2048"])
@pytest.mark.needs("pk12util", "certutil")
def test_nss_takes_it(key_type: str, legacy: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The library of Firefox imports certificate and key by the friendly name; not with another passphrase."""
    file = make_file(tmp_path, key_type, legacy=legacy)
    folder = tmp_path / "nss"
    folder.mkdir()
    store = nss.make_store(folder)
    assert not nss.judge_pkcs12(file, WRONG, store).accepted
    assert NAME not in nss.nicknames(store)
    taken = nss.judge_pkcs12(file, PASSPHRASE, store)
    assert taken.accepted, taken.words
    assert re.search(rf"^{NAME} +u,u,u$", nss.nicknames(store), re.MULTILINE)


@BOTH
@pytest.mark.parametrize("key_type", ["p384", "rsa3072", "ed25519"])
@pytest.mark.needs("certtool")
def test_gnutls_opens_it(key_type: str, legacy: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """GnuTLS decrypts key and certificates, and names the algorithms; not with another passphrase."""
    file = make_file(tmp_path, key_type, legacy=legacy)
    opened = gnutls.open_pkcs12(file, PASSPHRASE)
    assert opened.accepted, opened.words
    assert 3 == opened.words.count("-----BEGIN CERTIFICATE-----")
    assert f"Friendly name: {NAME}" in opened.words
    schema = "PKCS12-3DES-SHA1" if legacy else "PBES2-AES256-CBC"
    assert 2 == opened.words.count(f"Schema: {schema}")
    assert ("MAC: SHA1 " if legacy else "MAC: SHA256 ") in opened.words
    assert not gnutls.open_pkcs12(file, WRONG).accepted


@pytest.mark.parametrize("key_type", [name for name in KEY_TYPES if name not in FITTING])
def test_a_key_without_a_place(key_type: str) -> None:
    """A key of ML-DSA is refused with the form that takes it."""
    key, chain = make_material(key_type)
    with pytest.raises(MaterialError, match="no place in PKCS#12") as refused:
        make_pkcs12(key.pem, chain, passphrase=b"x", friendly_name="x")
    assert refused.value.hint.startswith("sslutil export pem --with-key")


@BOTH
@pytest.mark.parametrize("passphrase", ["ä ö\u20ac", "\N{PILE OF POO}", "x" * 500, " "])
@pytest.mark.needs("openssl")
def test_passphrases_of_every_script(passphrase: str, legacy: bool, tmp_path: Path, p256: Key) -> None:  # noqa: FBT001
    """Letters beyond ASCII, and a long passphrase, open the file again."""
    _, chain = make_material("p256")
    content = make_pkcs12(p256.pem, chain, passphrase=passphrase.encode(), friendly_name="x", legacy=legacy)
    file = write(tmp_path, content)
    opened = openssl.open_pkcs12(file, passphrase)
    assert opened.accepted, opened.words
    assert not openssl.open_pkcs12(file, f"{passphrase}y").accepted


@pytest.mark.parametrize(
    ("passphrase", "name", "message"),
    [
        (b"\xff", "x", "the passphrase is not text in UTF-8"),
        (b"a\0b", "x", "the passphrase has a control character in it"),
        (b"x", "a\0b", "the friendly name has a control character in it"),
        (b"x", "\udcff", "the friendly name is not text in UTF-8"),
    ],
)
def test_what_is_no_text(passphrase: bytes, name: str, message: str, p256: Key) -> None:
    """A passphrase or a name that readers would cut or spell otherwise is refused, and not told."""
    _, chain = make_material("p256")
    with pytest.raises(UsageError, match=message):
        make_pkcs12(p256.pem, chain, passphrase=passphrase, friendly_name=name)


def test_a_made_passphrase() -> None:
    """It has more than 120 bits, nothing that looks like another sign, and is never the same."""
    made = {make_passphrase() for _ in range(100)}
    assert 100 == len(made)
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{5}-){4}[a-hjkmnp-z2-9]{5}", passphrase) for passphrase in made)


def test_a_chain_in_parts() -> None:
    """The leaf and the rest are the chain again; a self-signed certificate has no rest."""
    _, chain = make_material("p256")
    leaf, others = split_chain(chain)
    assert chain == leaf + others
    assert (1, 2) == (leaf.count(b"BEGIN"), others.count(b"BEGIN"))
    assert (leaf, b"") == split_chain(leaf.rstrip())


@pytest.mark.needs("openssl")
def test_der(p256: Key, tmp_path: Path) -> None:
    """DER holds the leaf, byte for byte, and the key as PKCS#8."""
    now = datetime.now(UTC)
    pem = make_self_signed(p256, parse_identities(["mail.example.org"]), now=now, days=9)
    der = tmp_path / "der"
    der.write_bytes(make_der(pem))
    words = subprocess.check_output(["openssl", "x509", "-inform", "DER", "-in", der], text=True)
    assert describe_certificate(pem) == describe_certificate(words.encode())
    der.write_bytes(make_der_key(p256.pem))
    read = subprocess.check_output(["openssl", "pkey", "-inform", "DER", "-in", der])
    assert p256.pem == read
