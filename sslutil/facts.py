"""The frozen values that travel between the rooms: what a certificate, a request, a generation is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.names import Identity


class KeyFacts(NamedTuple):
    """The public side of a private key."""

    key_type: str
    """A name of KEY_TYPES, or a description such as "rsa1024" of a key that is none of them."""
    fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits."""


class CertificateFacts(NamedTuple):
    """What a certificate says of itself; times are UTC and aware."""

    names: tuple[Identity, ...]
    subject: str
    """RFC 4514 text."""
    issuer: str
    """RFC 4514 text."""
    serial_number: int
    not_valid_before: datetime
    not_valid_after: datetime
    fingerprint: str
    """SHA-256 of the DER, 64 lower-case hexadecimal digits."""
    key: KeyFacts
    self_signed: bool


class RequestFacts(NamedTuple):
    """What a certificate signing request asks for."""

    names: tuple[Identity, ...]
    subject: str
    """RFC 4514 text."""
    key: KeyFacts


class GenerationRecord(NamedTuple):
    """How a generation came to be: its generation.toml."""

    number: int
    parent: int | None
    """The generation that was in force before; "from" in the file."""
    time: datetime
    verb: str
    who: str
    why: tuple[str, ...]
    withdraws: bool
    """Whether it takes something back that must not come again, so that it is never undone."""
    inputs: dict[str, str]
    """Versions of sslutil's profiles and of the servers that the exports were written for."""
    sha256: dict[str, str]
    """Of every other file in the generation, hexadecimal, by name."""
    before: str
    """SHA-256 of the site.toml that was read, hexadecimal; empty where there was none."""


class RequestRecord(NamedTuple):
    """What was wished when a request was made: its request.toml."""

    number: int
    time: datetime
    who: str
    names: tuple[str, ...]
    """A-labels and addresses, in the order that was typed."""
    key_type: str
    new_key: bool
    key_fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, hexadecimal."""


class Refusal(NamedTuple):
    """A reload that was refused."""

    command: tuple[str, ...]
    reason: str
    """"exit status 1", "no answer in 60 s", "no such program"."""
    output: str
    """The last lines that it printed, untrusted."""
