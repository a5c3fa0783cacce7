"""The bundle of authorities that this machine trusts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sslutil.host import trust_store
from sslutil.host.trust_store import read_trust_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The two places of a machine that has no others."""
    places = (tmp_path / "first.pem", tmp_path / "second.pem")
    monkeypatch.setattr(trust_store, "_BUNDLES", tuple(map(str, places)))
    return places


def test_first(bundles: tuple[Path, Path]) -> None:
    """The first bundle that is there counts."""
    bundles[0].write_bytes(b"one")
    bundles[1].write_bytes(b"two")

    assert b"one" == read_trust_store()


def test_next(bundles: tuple[Path, Path]) -> None:
    """One that is absent or empty is passed over."""
    bundles[1].write_bytes(b"two")
    assert b"two" == read_trust_store()
    bundles[0].touch()
    assert b"two" == read_trust_store()


@pytest.mark.usefixtures("bundles")
def test_none() -> None:
    """A machine may have none at all: then there is nothing, and no error."""
    assert b"" == read_trust_store()


def test_size(bundles: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is larger than any bundle is no bundle."""
    monkeypatch.setattr(trust_store, "_LIMIT", 10)
    bundles[0].write_bytes(b"a" * 11)
    bundles[1].write_bytes(b"a" * 10)

    assert b"a" * 10 == read_trust_store()


def test_no_file(bundles: tuple[Path, Path]) -> None:
    """A pipe does not hang it, and a folder does not stop it."""
    os.mkfifo(bundles[0])
    assert b"" == read_trust_store()
    bundles[1].mkdir()
    assert b"" == read_trust_store()


@pytest.mark.skipif(not os.path.exists("/etc/ssl/certs/ca-certificates.crt"), reason="no bundle of Debian's")  # noqa: PTH110
def test_this_machine() -> None:
    """Debian's bundle is found."""
    assert b"-----BEGIN CERTIFICATE-----" in read_trust_store()
