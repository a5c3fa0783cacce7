"""The keys that this registry has: of its requests, in force, and of older generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, RegistryError
from sslutil.registry import KEY, REQUEST_KEY, REQUESTS, generation_name
from sslutil.steps.material import read_material
from sslutil.steps.situation import read_requests
from sslutil.store import generations as store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslutil.disk import Folder
    from sslutil.steps.situation import Situation


class OwnKey(NamedTuple):
    """A private key that an answer may be for."""

    pem: bytes
    """PKCS#8, PEM: secret."""
    fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, hexadecimal."""
    place: str
    """In words: "request 3", "the key in force", "generation 4", "answer.key"."""

    def __repr__(self) -> str:
        """Return what may be told: no byte of the key."""
        return f"OwnKey({self.fingerprint}, {self.place})"


def make_own_key(pem: bytes, place: str) -> OwnKey:
    """Return a key with its fingerprint; MaterialError as parse_key's."""
    from sslutil.pki.keys import parse_key

    key = parse_key(pem, place)
    return OwnKey(key.pem, key.facts.fingerprint, place)


def find_own_keys(root: Folder, situation: Situation) -> list[OwnKey]:
    """Return every key of the registry that can be read, each once: of requests first, newest first."""
    keys: dict[str, OwnKey] = {}
    for pem, place in _read_keys(root, situation):
        try:
            key = make_own_key(pem, place)
        except MaterialError:  # somebody edited it; what it was is not ours to guess
            continue
        keys.setdefault(key.fingerprint, key)
    return list(keys.values())


def _read_keys(root: Folder, situation: Situation) -> Iterator[tuple[bytes, str]]:
    for entry in reversed(read_requests(root)):
        number = entry.record.number
        with root.folder(REQUESTS) as requests, requests.folder(generation_name(number)) as folder:
            yield from _read(folder, REQUEST_KEY, f"request {number}")
    in_force = read_material(situation).key
    if in_force:
        yield in_force, "the key in force"
    for number in reversed(store.read_numbers(root)):
        with store.open_generation(root, number) as folder:
            yield from _read(folder, KEY, f"generation {number}")


def _read(folder: Folder, name: str, place: str) -> Iterator[tuple[bytes, str]]:
    try:
        yield folder.read(name), place
    except (FileNotFoundError, RegistryError):
        return
