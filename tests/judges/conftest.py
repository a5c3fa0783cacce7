"""Certificates made by the openssl command, for the tests of the judges themselves."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mail.example.com"
LEAF = (
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    f"subjectAltName=DNS:{NAME},IP:127.0.0.1",
)
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Material:
    """Certificates for `NAME`, and the key of each."""

    folder: Path

    @property
    def self_signed(self) -> Path:
        """A good one; its key is `key`."""
        return self.folder / "self-signed.crt"

    @property
    def key(self) -> Path:
        """The key of `self_signed`."""
        return self.folder / "self-signed.key"

    @property
    def other_key(self) -> Path:
        """A key that fits no certificate but the CA's."""
        return self.folder / "authority.key"

    @property
    def authority(self) -> Path:
        """The certificate of a CA."""
        return self.folder / "authority.crt"

    @property
    def signed(self) -> Path:
        """A good one that the CA signed, over a key of its own."""
        return self.folder / "signed.crt"

    @property
    def careless(self) -> Path:
        """One that the CA signed without saying so: RFC 5280, section 4.2.1.1, wants an authority key identifier."""
        return self.folder / "careless.crt"

    @property
    def request(self) -> Path:
        """A certificate signing request over `key`."""
        return self.folder / "request.csr"


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Make one of each."""
    folder = tmp_path_factory.mktemp("material")
    made = Material(folder)
    _make(folder, "self-signed", f"/CN={NAME}", LEAF)
    _make(folder, "authority", "/CN=Test Authority", AUTHORITY)
    by_authority = ("-CA", "authority.crt", "-CAkey", "authority.key")
    _make(folder, "signed", f"/CN={NAME}", LEAF, *by_authority)
    _make(folder, "careless", f"/CN={NAME}", (*LEAF, "authorityKeyIdentifier=none"), *by_authority)
    _openssl(folder, "req", "-new", "-key", "self-signed.key", "-out", made.request.name, "-subj", f"/CN={NAME}")
    return made


def _make(folder: Path, name: str, subject: str, extensions: tuple[str, ...], *options: str) -> None:
    files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    added = [word for extension in extensions for word in ("-addext", extension)]
    _openssl(folder, "req", "-x509", *NEW_KEY, *files, "-days", "90", "-subj", subject, *added, *options)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
