"""What must hold of a registry at each moment, whoever was killed in it: judged without a line of sslutil's own.

A registry is judged as a tree in memory, so that one that a power loss would have left can be judged too.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

PRIVATE_NAMES = {"server.key", "bundle.pem", "request.key", ".lock"}
TEXTS = {"settings.toml", "apache.conf", "apache-plain.conf", "site.toml", "generation.toml"}
GENERATION_FILES = {"server.key", "server.crt", "bundle.pem"} | TEXTS
REQUEST_FILES = {"request.key", "request.csr", "request.toml"}
LATER_FILES = {"answer.pem", "discarded"}
"""What a request's folder gets after it was made."""
_NUMBERED = re.compile(r"\d{6,}")
_HIDDEN = re.compile(
    r"\.(current|deployed|refused|answer\.pem|discarded|compromised\.toml)\.new|\.refused|\.site\.toml\.\d+"
    r"|(generations|requests)/\.\d{6,}(/.*)?"
)
_OPEN = {"site.toml", "current", "deployed", "generations", "requests", ".lock"}


class Entry(NamedTuple):
    """A file, folder or link."""

    kind: str
    """"file", "folder" or "link"."""
    mode: int
    content: bytes = b""
    """Bytes of a file, target of a link."""


Tree = dict[str, Entry]
"""Every path below the registry → what is there."""


def read_tree(folder: Path) -> Tree:
    """Return what is below a folder; empty where there is no such folder."""
    tree: Tree = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = f"{top}/{name}"
            tree[path.removeprefix(f"{folder}/")] = _read_entry(path)
    return tree


def _read_entry(path: str) -> Entry:
    status = os.lstat(path)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry("link", 0, bytes(Path(path).readlink()))
    if stat.S_ISDIR(status.st_mode):
        return Entry("folder", mode)
    with open(path, "rb") as file:  # noqa: PTH123  quicker by half, and this is read thousands of times
        return Entry("file", mode, file.read())


def numbers(tree: Tree, parent: str = "generations") -> set[int]:
    """Return the numbers of the generations or requests that are there."""
    return {int(name) for path in tree for top, _, name in [path.partition("/")] if top == parent and _is_number(name)}


def _is_number(name: str) -> bool:
    return _NUMBERED.fullmatch(name) is not None


def link(tree: Tree, name: str) -> int | None:
    """Return the generation that `current` or `deployed` names, or None where there is no link."""
    if name not in tree:
        return None
    assert "link" == tree[name].kind
    found = re.fullmatch(rb"generations/(\d{6,})", tree[name].content)
    assert found, f"{name} points to {tree[name].content!r}"
    return int(found[1])


def files(tree: Tree, number: int, parent: str = "generations") -> dict[str, Entry]:
    """Return the files of a generation or a request by name."""
    top = f"{parent}/{number:06d}/"
    return {path.removeprefix(top): entry for path, entry in tree.items() if path.startswith(top)}


def keys(tree: Tree) -> set[bytes]:
    """Return every key of a numbered generation or request."""
    places = [("generations", "server.key"), ("requests", "request.key")]
    return {files(tree, number, parent)[name].content for parent, name in places for number in numbers(tree, parent)}


def text(tree: Tree) -> bytes | None:
    """Return what site.toml says, or None where there is none."""
    return tree["site.toml"].content if "site.toml" in tree else None


def hidden(tree: Tree) -> set[str]:
    """Return what only an interrupted run leaves."""
    return {path for path in tree if _HIDDEN.fullmatch(path)}


def assert_sound(before: Tree, now: Tree, *, texts: set[bytes | None], keep: int | None = None) -> None:
    """Assert that nothing is torn or lost in `now`, which a run that was killed made of `before`.

    `texts` are those that site.toml may have: the old one, and the one that the run would write. Where `keep` is
    given, generations may have been pruned, down to that many.
    """
    for number in numbers(now):
        assert_whole_generation(now, number)
    for number in numbers(now, "requests"):
        assert_whole_request(now, number)
    _assert_links(before, now)
    _assert_texts(before, now, texts)
    _assert_nothing_lost(before, now, keep)
    strange = {path for path in now if path.partition("/")[0] not in _OPEN} - hidden(now)
    assert set() == strange


def assert_whole_generation(tree: Tree, number: int) -> None:
    """Assert that a generation has every file that its record names, as it was written, with the right mode."""
    found = files(tree, number)
    assert 0o755 == tree[f"generations/{number:06d}"].mode
    record = tomllib.loads(found["generation.toml"].content.decode())
    digests = {name: hashlib.sha256(entry.content).hexdigest() for name, entry in found.items()}
    assert number == record["number"]
    assert record["sha256"] == {name: digest for name, digest in digests.items() if name != "generation.toml"}
    assert GENERATION_FILES == found.keys()
    _assert_modes(found)
    key, chain = found["server.key"].content, found["server.crt"].content
    assert key + chain == found["bundle.pem"].content
    names = [name for entry in _toml(found, "settings.toml")["certificate"] for name in entry["names"]]
    assert public_key(key) == certificate_key(chain)
    assert names == _certified_names(chain)
    assert names == _toml(found, "site.toml")["site"]["names"]


def assert_whole_request(tree: Tree, number: int) -> None:
    """Assert that a request folder has key, request and record, of the same key, for the owner alone."""
    found = files(tree, number, "requests")
    assert 0o700 == tree[f"requests/{number:06d}"].mode
    assert found.keys() - LATER_FILES == REQUEST_FILES
    _assert_modes(found)
    public = public_key(found["request.key"].content)
    asked = x509.load_pem_x509_csr(found["request.csr"].content).public_key()
    assert public == asked.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(public).hexdigest() == _toml(found, "request.toml")["key_fingerprint"]


def _assert_modes(found: dict[str, Entry]) -> None:
    modes = {name: entry.mode for name, entry in found.items()}
    assert {name: 0o600 if name in PRIVATE_NAMES else 0o644 for name in found} == modes


def _toml(found: dict[str, Entry], name: str) -> dict[str, Any]:
    return tomllib.loads(found[name].content.decode())


@lru_cache(maxsize=1000)
def public_key(key: bytes) -> bytes:
    """Return the public half of a key in PEM, as the DER of its SubjectPublicKeyInfo."""
    public = load_pem_private_key(key, None).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=1000)
def certificate_key(chain: bytes) -> bytes:
    """Return the public key that a chain's leaf certifies, in the same form."""
    public = x509.load_pem_x509_certificate(chain).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=1000)
def _certified_names(chain: bytes) -> list[str]:
    extensions = x509.load_pem_x509_certificate(chain).extensions
    return extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def _assert_links(before: Tree, now: Tree) -> None:
    """Assert that what is in force is whole: one of before or the one that this run made."""
    current = link(now, "current")
    assert current is not None or link(before, "current") is None, "current was lost"
    assert current is None or current in numbers(now)
    deployed = link(now, "deployed")
    assert deployed is None or deployed in numbers(now)
    assert ".refused" not in now or int(now[".refused"].content) in numbers(now)
    assert len(numbers(now) - numbers(before)) <= 1


def _assert_texts(before: Tree, now: Tree, texts: set[bytes | None]) -> None:
    """Assert that site.toml is wholly one of its texts, that the one in force waits where it is not there yet."""
    assert text(now) in texts, "site.toml is torn"
    number = link(now, "current")
    waiting = now.get(f".site.toml.{number}")
    assert not waiting or number != link(now, "deployed"), "it waits for ever"
    if number == link(before, "current"):
        assert text(now) == text(before) or f".site.toml.{number}" in before, "the new text came too early"
    elif number is not None and text(now) == text(before):
        due = waiting or now["site.toml"]
        assert files(now, number)["site.toml"].content == due.content, "the new text is lost"
    for path, entry in now.items():
        owner = path.removeprefix(".site.toml.")
        if owner != path and int(owner) in numbers(now):
            assert files(now, int(owner))["site.toml"].content == entry.content


def _former(tree: Tree) -> int | None:
    """Return the generation that was in force before the one that is, as its record says."""
    number = link(tree, "current")
    former = None if number is None else _toml(files(tree, number), "generation.toml").get("from")
    return former if isinstance(former, int) else None


def _assert_nothing_lost(before: Tree, now: Tree, keep: int | None) -> None:
    """Assert that each request and each generation of before is there, byte for byte, but for those that are old."""
    kept = numbers(before)
    if keep is not None:
        newest = sorted(kept | numbers(now))[-keep:]
        kept &= {*newest, link(now, "current"), link(now, "deployed"), _former(now)}
    for number in kept:
        assert files(before, number) == files(now, number)
    for number in numbers(before, "requests"):
        _assert_request_kept(files(before, number, "requests"), files(now, number, "requests"), now)


def _assert_request_kept(before: dict[str, Entry], now: dict[str, Entry], tree: Tree) -> None:
    """Assert that a request has all that it had; only an answered one may be gone, its key being in a generation."""
    if now:
        changeable = {"discarded", "answer.pem"}  # an authority may answer a request a second time
        assert {name: entry for name, entry in before.items() if name not in changeable}.items() <= now.items()
        assert ("answer.pem" in before) <= ("answer.pem" in now)
        return
    in_generations = {files(tree, number)["server.key"].content for number in numbers(tree)}
    assert "answer.pem" in before
    assert before["request.key"].content in in_generations
