"""What must hold of client certificates at each moment: judged without a line of sslutil's own.

A tree here holds the registry below `registry/`, and what was handed over below `out/`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.crash.soundness import certificate_key, public_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.soundness import Tree

PASSPHRASE = b"correct horse battery"
"""Of each PKCS#12 that is handed over."""
ROSTER = "registry/clients/roster.toml"
_KEYS = re.compile(r"clients/\d{6}/ca\.key|generations/\d{6}/(?:server\.key|bundle\.pem)")
"""Where a key may be, in the registry."""
_LINE = re.compile(rb"(?m)^([0-9a-f]{1,40}) = \{(.*)\}$")
_KEPT = re.compile(r"registry/clients/certificates/([0-9a-f]+)\.crt")
_HANDED_OVER = re.compile(r"out/[^.].*\.(?:pem|p12)")
_LIST = re.compile(rb"(?s)-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\n")


class Listed(NamedTuple):
    """What a revocation list says."""

    number: int
    serials: frozenset[int]


def assert_clients(before: Tree, now: Tree) -> None:
    """Assert what must hold at each moment of the ledger, of each generation, and of what is handed over."""
    known = _roster(now)
    assert len(known) == len(set(known)), "a serial number twice"
    assert set(_roster(before)) <= set(known), "the roster lost a line"
    for path, serial in _certificates(now):
        assert serial in known, f"{path} is out, and the roster does not know it"
    _assert_lists_grow(_ledger_lists(before), _ledger_lists(now))
    _assert_lists_grow(_lists(_current(before, "client-ca.crl")), _lists(_current(now, "client-ca.crl")))
    _assert_generations(now)
    _assert_private(now)


def assert_ended(now: Tree) -> None:
    """Assert that nothing of the ledger is left to do: whom it puts out, roster and servers know to be out."""
    ledger, in_force = _ledger_lists(now), _lists(_current(now, "client-ca.crl"))
    revoked = {serial for listed in ledger.values() for serial in listed.serials}
    assert revoked == set(_roster(now, b"revoked = "))
    assert in_force.items() <= ledger.items(), "servers have another list than the ledger"
    if revoked and _current(now, "client-ca.crt"):
        assert in_force.keys() == ledger.keys(), "servers have no list"


def serials_of(tree: Tree, address: str) -> list[int]:
    """Return the serial numbers that an address has in the roster."""
    return _roster(tree, f'address = "{address}"'.encode())


def hidden_names(tree: Tree) -> set[str]:
    """Return what only an interrupted run leaves."""
    return {path for path in tree if re.search(r"/\.(?!lock$)", path)}


def _roster(tree: Tree, words: bytes = b"") -> list[int]:
    """Return the serial numbers of the roster, those whose lines have certain words."""
    entry = tree.get(ROSTER)
    return [int(serial, 16) for serial, rest in _LINE.findall(entry.content) if words in rest] if entry else []


def _certificates(tree: Tree) -> Iterator[tuple[str, int]]:
    """Yield the serial number of each client's certificate: those that are kept, and those that somebody got."""
    for path, entry in tree.items():
        kept = _KEPT.fullmatch(path)
        if kept:
            assert f"{_serial_of(entry.content):x}" == kept[1]
            yield path, _serial_of(entry.content)
        elif _HANDED_OVER.fullmatch(path):
            assert 0o600 == entry.mode, path
            yield path, _open_whole(path, entry.content)


@lru_cache(maxsize=1000)
def _serial_of(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number


@lru_cache(maxsize=1000)
def _open_whole(path: str, content: bytes) -> int:
    """Return the serial number in a file that was handed over, which has key, certificate and authority."""
    if path.endswith(".p12"):
        key, certificate, others = pkcs12.load_key_and_certificates(content, PASSPHRASE)
        assert key
        assert certificate
        assert 1 == len(others)
        return certificate.serial_number
    certificates = x509.load_pem_x509_certificates(content)
    assert 2 == len(certificates), f"{path} is half written"
    assert public_key(content) == certificate_key(content)
    return certificates[0].serial_number


@lru_cache(maxsize=1000)
def _lists(crls: bytes) -> dict[str, Listed]:
    """Return what lists say, by their authorities' names."""
    found = {}
    for crl in map(x509.load_pem_x509_crl, _LIST.findall(crls)):
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        found[crl.issuer.rfc4514_string()] = Listed(number, frozenset(entry.serial_number for entry in crl))
    return found


def _ledger_lists(tree: Tree) -> dict[str, Listed]:
    return _lists(
        b"".join(tree[path].content for path in tree if re.fullmatch(r"registry/clients/\d{6}/ca\.crl", path))
    )


def _current(tree: Tree, name: str) -> bytes:
    target = tree["registry/current"].content.decode()
    entry = tree.get(f"registry/{target}/{name}")
    return entry.content if entry else b""


def _assert_lists_grow(before: dict[str, Listed], now: dict[str, Listed]) -> None:
    for issuer, listed in before.items():
        assert issuer in now, f"the list of {issuer} is gone"
        assert listed.number <= now[issuer].number, f"the list of {issuer} went back"
        assert listed.serials <= now[issuer].serials, f"the list of {issuer} brings somebody back"


def _assert_generations(now: Tree) -> None:
    """Assert that each generation has a list with its authority or none, and none older than the one before."""
    ledger, last = _ledger_lists(now), dict[str, Listed]()
    for path in sorted(path for path in now if re.fullmatch(r"registry/generations/\d{6}", path)):
        crls = now.get(f"{path}/client-ca.crl")
        if crls is None:
            continue
        lists, authorities = _lists(crls.content), now[f"{path}/client-ca.crt"].content
        _assert_signed(crls.content, authorities)
        for issuer, listed in lists.items():
            assert last.get(issuer, listed).number <= listed.number <= ledger[issuer].number, f"{path} goes back"
        last |= lists


@lru_cache(maxsize=1000)
def _assert_signed(crls: bytes, authorities: bytes) -> None:
    signers = {one.subject: one for one in x509.load_pem_x509_certificates(authorities)}
    for crl in map(x509.load_pem_x509_crl, _LIST.findall(crls)):
        assert crl.is_signature_valid(signers[crl.issuer].public_key())  # type: ignore[arg-type]


def _assert_private(now: Tree) -> None:
    """Assert that every key is where it may be, and that keys and ledger are for the owner alone."""
    for path, entry in now.items():
        if entry.kind == "folder" and f"{path}/".startswith("registry/clients/"):
            assert 0o700 == entry.mode, path
        if path == ROSTER or b"PRIVATE KEY" in entry.content:
            assert 0o600 == entry.mode, path
        if b"PRIVATE KEY" in entry.content:
            inner = path.removeprefix("registry/")
            assert path.startswith("out/") or _KEYS.fullmatch(inner) or "/." in path, path
