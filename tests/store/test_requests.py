"""The ledger of requests on disk: private, whole, changed by one rename."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.disk import File, Folder
from sslutil.errors import RegistryError
from sslutil.store import generations, requests

if TYPE_CHECKING:
    from pathlib import Path

FILES = (File("request.key", b"key\n", 0o600), File("request.csr", b"csr\n"), File("request.toml", b"record\n"))
CHAIN = b"chain\n"


def mode(path: Path) -> int:
    """Return the permission bits."""
    return path.lstat().st_mode & 0o7777


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def first(root: Folder, registry: Path) -> Path:
    """The folder of request 1."""
    requests.stage_request(root, 1, FILES)
    return registry / "requests" / "000001"


def test_staged(first: Path, registry: Path) -> None:
    """A request's folder, and the one that holds all, are the owner's alone, and nothing hidden is left."""
    assert (0o700, 0o700, 0o600) == (mode(first.parent), mode(first), mode(first / "request.key"))
    assert ["000001"] == names(first.parent)
    assert ["requests"] == names(registry)


def test_never_over_another(root: Folder, first: Path) -> None:
    """A number that is taken is not written again."""
    with pytest.raises(RegistryError, match=r"can't rename .*/requests/\.000001"):
        requests.stage_request(root, 1, [File("request.key", b"other\n")])
    assert b"key\n" == (first / "request.key").read_bytes()


def test_answer(root: Folder, first: Path, registry: Path) -> None:
    """An answer comes beside the request, readable, and a later one takes its place; nothing hidden is left."""
    for chain in (CHAIN, b"later\n"):
        requests.write_answer(root, 1, chain)
        assert (chain, 0o644) == ((first / "answer.pem").read_bytes(), mode(first / "answer.pem"))
    assert ["answer.pem", "request.csr", "request.key", "request.toml"] == names(first)
    assert ["requests"] == names(registry)


def test_same_answer(root: Folder, first: Path) -> None:
    """The same answer again changes nothing."""
    requests.write_answer(root, 1, CHAIN)
    before = (first / "answer.pem").stat()
    requests.write_answer(root, 1, CHAIN)
    assert before == (first / "answer.pem").stat()


def test_answer_to_nothing(root: Folder, first: Path) -> None:
    """A request that is not there gets no answer, and nothing is made."""
    with pytest.raises(RegistryError, match=r"^can't open .*/requests/000002: no such file"):
        requests.write_answer(root, 2, CHAIN)
    assert ["000001"] == names(first.parent)


def test_discarded(root: Folder, first: Path, registry: Path) -> None:
    """Discarding leaves everything and adds a mark, once; an answer that comes all the same takes the mark away."""
    requests.discard(root, 1)
    before = (first / "discarded").stat()
    requests.discard(root, 1)
    assert before == (first / "discarded").stat()
    assert ["discarded", "request.csr", "request.key", "request.toml"] == names(first)
    assert ["requests"] == names(registry)
    requests.write_answer(root, 1, CHAIN)
    assert ["answer.pem", "request.csr", "request.key", "request.toml"] == names(first)


def test_removed(root: Folder, first: Path) -> None:
    """Removing takes one request, whole."""
    requests.stage_request(root, 2, FILES)
    requests.remove(root, 1)
    assert ["000002"] == names(first.parent)
    with pytest.raises(RegistryError, match="can't rename"):
        requests.remove(root, 1)


def test_compromised(root: Folder, registry: Path) -> None:
    """The list of compromised keys is the owner's alone, is no request, and is replaced whole."""
    assert requests.read_compromised(root) is None
    for text in (b"one\n", b"one\ntwo\n"):
        requests.write_compromised(root, text)
        assert text == requests.read_compromised(root)
    assert (0o700, 0o600) == (mode(registry / "requests"), mode(registry / "requests" / "compromised.toml"))
    assert [] == generations.read_numbers(root, "requests")
    assert ["requests"] == names(registry)


@pytest.mark.parametrize("name", ["answer.pem", "discarded", "compromised.toml"])
def test_what_a_kill_left(name: str, root: Folder, first: Path, registry: Path) -> None:
    """What an interrupted run left in the registry's root is in nobody's way."""
    (registry / f".{name}.new").write_text("torn")
    {
        "answer.pem": lambda: requests.write_answer(root, 1, CHAIN),
        "discarded": lambda: requests.discard(root, 1),
        "compromised.toml": lambda: requests.write_compromised(root, CHAIN),
    }[name]()
    assert ["requests"] == names(registry)
    assert "torn" not in [path.read_text() for path in (*first.iterdir(), *first.parent.glob("*.toml"))]
