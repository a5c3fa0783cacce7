"""Every PEM block of a text taken, or named: what a parser skips in silence is what people look for in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

from sslutil.pki.certificates import UNREADABLE
from sslutil.pki.intake.armour import decode_base64, decode_open, find_bare, find_blocks
from sslutil.pki.intake.asn1 import read_element
from sslutil.pki.intake.binary import is_binary, take_binary, take_locked_key
from sslutil.pki.intake.gathering import CUT_SHORT, DAMAGED, OTHER, UNKNOWN
from sslutil.pki.intake.text import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslutil.pki.intake.armour import Block
    from sslutil.pki.intake.gathering import Gathering

_NOUNS = {
    "CERTIFICATE": "certificate",
    "X509 CERTIFICATE": "certificate",
    "TRUSTED CERTIFICATE": "certificate",
    "CERTIFICATE REQUEST": "request",
    "NEW CERTIFICATE REQUEST": "request",
    "X509 CRL": "revocation list",
    "PKCS7": "PKCS#7",
    "PKCS #7 SIGNED DATA": "PKCS#7",
    "CMS": "PKCS#7",
}
"""What a block is called by its label; taken it is by its content."""
_KEY = "PRIVATE KEY"
_OF_A_KEY = "EC PARAMETERS"
"""What openssl writes before a key, and the key says again."""
_OPENSSH = "OPENSSH PRIVATE KEY"


def take_text(gathering: Gathering, text: str, place: str) -> Iterator[bytes]:
    """Take what a text with plain line ends holds; yield what stands in it as base64 and is to be taken apart again."""
    found = find_blocks(text)
    with_key = any(block.label.endswith(_KEY) for block in found.blocks)
    for block in found.blocks:
        if block.label != _OF_A_KEY or not with_key:
            _take_block(gathering, block, place)
    for gap in (*found.between, *found.orphaned):
        contents = list(find_bare(gap))
        for content in contents:
            if is_binary(content):
                take_binary(gathering, content, place, "base64 text")
            else:
                yield content
        if gap in found.orphaned and not contents:
            gathering.skip(place, "PEM block", "without its BEGIN line")
    for _ in range(found.cut):
        gathering.skip(place, "PEM block", CUT_SHORT)


def _take_block(gathering: Gathering, block: Block, place: str) -> None:
    noun = _NOUNS.get(block.label) or ("private key" if block.label.endswith(_KEY) else f'block "{block.label}"')
    der = _decode(block)
    if der is None:
        gathering.skip(place, f'PEM block "{block.label}"', DAMAGED if block.end == "whole" else CUT_SHORT)
    elif block.lock:
        _take_locked(gathering, block, der, place)
    elif block.label == _OPENSSH:
        _take_openssh(gathering, _render(block.label, block.compact), place)
    elif not is_binary(der):
        gathering.skip(place, noun, OTHER if noun.startswith("block") else DAMAGED)
    else:
        first = read_element(der)
        trusted = first is not None and block.label == "TRUSTED CERTIFICATE"  # OpenSSL's own words stand behind it
        take_binary(gathering, der[: first.stop] if first and trusted else der, place, noun)


def _take_openssh(gathering: Gathering, pem: bytes, place: str) -> None:
    """Take a key of OpenSSH's; the library opens an encrypted one only with bcrypt, which nothing else here needs."""
    try:
        gathering.add_key(load_ssh_private_key(pem, None), place)
    except TypeError:
        state = "encrypted: take its passphrase off with ssh-keygen -p -f FILE, in a copy"
        gathering.skip(place, "OpenSSH key", state)
    except UNREADABLE:
        gathering.skip(place, "private key", UNKNOWN)


def _decode(block: Block) -> bytes | None:
    if block.end == "open":
        opened = decode_open(block.body)
        return opened[0] if opened else None
    return decode_base64(block.compact) or decode_base64(block._replace(body=unquote(block.body)).compact)


def _take_locked(gathering: Gathering, block: Block, content: bytes, place: str) -> None:
    """Take a key that is encrypted as RFC 1421 has it."""
    from base64 import b64encode

    pem = _render(block.label, b64encode(content).decode(), f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {block.lock}\n\n")

    def load(words: bytes | None) -> None:
        gathering.add_key(load_pem_private_key(pem, words, unsafe_skip_rsa_key_validation=True), place)

    take_locked_key(gathering, load, place)


def _render(label: str, compact: str, head: str = "") -> bytes:
    lines = "\n".join(compact[place : place + 64] for place in range(0, len(compact), 64))
    return f"-----BEGIN {label}-----\n{head}{lines}\n-----END {label}-----\n".encode("ascii", "replace")
