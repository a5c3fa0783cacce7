"""The ledger of client certificates on disk: private, whole, and no number twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError
from sslutil.store import clients, generations

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.disk import Folder


def mode(path: Path) -> int:
    """Return the permission bits."""
    return path.lstat().st_mode & 0o7777


def test_an_authority(root: Folder, registry: Path) -> None:
    """Its folder is the owner's alone, its key too, and nothing hidden is left."""
    clients.stage_authority(root, 1, key=b"key", certificate=b"certificate", crl=b"list")
    folder = registry / "clients" / "000001"
    assert (0o700, 0o700, 0o600) == (mode(folder.parent), mode(folder), mode(folder / "ca.key"))
    assert ["000001"] == [path.name for path in folder.parent.iterdir()]
    assert [1] == clients.read_authorities(root)
    clients.write_crl(root, 1, b"next")
    assert b"next" == (folder / "ca.crl").read_bytes()
    assert [] == generations.find_left(root, ())


def test_certificates(root: Folder, registry: Path) -> None:
    """Each is kept under its number, and a number that is taken is refused before anything is written."""
    assert frozenset() == clients.read_serials(root)
    clients.write_certificates(root, {0x4F: b"one", 0x50: b"two"})
    assert frozenset({0x4F, 0x50}) == clients.read_serials(root)
    assert b"two" == clients.read_certificate(root, 0x50)
    with pytest.raises(RegistryError, match="serial number 4f is taken"):
        clients.write_certificates(root, {0x51: b"three", 0x4F: b"another"})
    assert b"one" == (registry / "clients" / "certificates" / "4f.crt").read_bytes()
    assert frozenset({0x4F, 0x50}) == clients.read_serials(root)


def test_roster(root: Folder, registry: Path) -> None:
    """The list for people is the owner's alone, and replaced whole."""
    assert clients.read_roster(root) is None
    for text in (b"one\n", b"two\n"):
        clients.write_roster(root, text)
        assert text == clients.read_roster(root)
    assert 0o600 == mode(registry / "clients" / "roster.toml")


@pytest.mark.parametrize("name", [".ca.crl.new", ".roster.toml.new", ".certificates.new", "clients/.000002"])
def test_what_a_kill_leaves(root: Folder, registry: Path, name: str) -> None:
    """Our own hidden names are swept, and no certificate."""
    clients.write_certificates(root, {7: b"one"})
    left = registry / name
    left.mkdir() if "/" in name else left.write_bytes(b"half")
    generations.sweep(root, ())
    assert not left.exists()
    assert frozenset({7}) == clients.read_serials(root)
