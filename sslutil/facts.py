"""The frozen values that travel between the rooms: what a certificate, a request, a generation is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
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


class ExtensionFacts(NamedTuple):
    """What a certificate states, or a request asks for, in its extensions."""

    other_names: tuple[str, ...] = ()
    """Alternative names that are no identity, each with its kind: "email:a@example.org", "URI:https://…"."""
    key_usage: tuple[str, ...] = ()
    """As X.509 names them: "digitalSignature"."""
    extended_key_usage: tuple[str, ...] = ()
    """As X.509 names them: "serverAuth"; those that sslutil does not know as dotted numbers."""
    ca: bool | None = None
    """Whether it says that it is an authority's; None where it does not say."""
    path_length: int | None = None
    issuer_addresses: tuple[str, ...] = ()
    """Where the certificate of its issuer is."""
    ocsp_addresses: tuple[str, ...] = ()
    crl_addresses: tuple[str, ...] = ()
    subject_key_identifier: str = ""
    """Hexadecimal; empty where it is not there."""
    authority_key_identifier: str = ""
    """Hexadecimal; empty where it is not there."""
    must_staple: bool = False
    further: tuple[str, ...] = ()
    """Extensions that are there besides, by name or as dotted numbers."""


class CertificateDetails(NamedTuple):
    """All that the card of a certificate tells."""

    facts: CertificateFacts
    extensions: ExtensionFacts
    signature: str
    """Its algorithm: "ECDSA with SHA-256", or a dotted number."""
    sha1_fingerprint: str
    """Of the DER, hexadecimal: old programs ask for it, and it proves nothing."""


class RequestDetails(NamedTuple):
    """All that the card of a request tells."""

    facts: RequestFacts
    extensions: ExtensionFacts
    signature: str
    """Its algorithm."""
    signature_valid: bool
    """Whether the key that it names signed it."""


class CrlDetails(NamedTuple):
    """All that the card of a revocation list tells."""

    issuer: str
    """RFC 4514 text."""
    number: int | None
    this_update: datetime
    next_update: datetime | None
    revoked: int
    """How many certificates it revokes."""
    authority_key_identifier: str
    """Hexadecimal; empty where it is not there."""
    signature: str
    """Its algorithm."""


class Served(NamedTuple):
    """What a server showed to a client that trusts everybody."""

    host: Identity
    port: int
    address: str
    """The one of its addresses that answered."""
    starttls: str
    """The protocol that asked for TLS: "smtp"; "none" where TLS came at once."""
    protocol: str
    """As OpenSSL spells it: "TLSv1.2"; empty where the handshake did not end."""
    cipher: str
    """As OpenSSL spells it; empty where the handshake did not end."""
    chain: tuple[bytes, ...]
    """Its certificates as they were sent, PEM: a stranger's, not yet parsed by us."""
    is_whole: bool
    """Whether they are all; else this Python can tell the server's own alone."""
    refusal: str = ""
    """Why the handshake did not end, although certificates came."""


class Card(NamedTuple):
    """One thing shown to a person."""

    title: str
    lines: tuple[tuple[str, str], ...]
    """Labels and values, in reading order; a label may come more than once."""


class LeftOut(NamedTuple):
    """A certificate that was given and is not served."""

    facts: CertificateFacts
    reason: str
    """"root", "duplicate", "spare" (it could take another's place), "stranger" (it signed nothing in the chain), or the
    name in REFUSALS of why it can't be an issuer, such as "issuer-expired"."""
    sentence: str = ""
    """That refusal for people; empty for the other reasons."""


class MissingIssuer(NamedTuple):
    """The certificate that a chain lacks: that of the authority that signed its last one."""

    name: str
    """RFC 4514 text."""
    key_identifier: str
    """The authority key identifier, lower-case hexadecimal; empty where the certificate has none."""
    addresses: tuple[str, ...]
    """Where the last certificate says that its issuer's is: those that begin with http://."""
    signed: str
    """Subject of the last certificate, RFC 4514 text; its names where that is empty."""
    of_leaf: bool
    """Whether the last certificate is the server's own."""
    unfit: tuple[LeftOut, ...] = ()
    """Those that did sign the last certificate, and can't be served or trusted."""
    fault: str = ""
    """Why it could not be fetched, in a clause; empty where nothing was tried."""


class Chain(NamedTuple):
    """What a server sends, and the end of the path that clients follow."""

    certificates: tuple[bytes, ...]
    """PEM, the server's own first, each signed by the next; without the root."""
    root: CertificateFacts | None = None
    """The self-signed end of the path; None where it is not known, or is the server's own certificate."""
    trusted: bool = False
    """Whether the path reaches an authority of this machine's trust store."""
    dropped: tuple[LeftOut, ...] = ()
    """What was given and is not served."""
    taken: tuple[CertificateFacts, ...] = ()
    """Intermediates that were not given: of the registry and of this machine."""
    fetched: tuple[CertificateFacts, ...] = ()
    """Intermediates that were fetched from where certificates say."""
    missing: MissingIssuer | None = None


class Policy(NamedTuple):
    """The TLS policy of the web server, in OpenSSL's names, before any server's dialect."""

    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]
    ciphersuites: tuple[str, ...]
    groups: tuple[str, ...]
    prefer_server_ciphers: bool
    session_tickets: bool


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
    policy: Policy | None = None
    """What its exports were made by; None in records that older versions of sslutil wrote."""


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
    subject: Mapping[str, str] = MappingProxyType({})
    """What the subject says besides the common name, by "organization", "unit", "locality", "state", "country", "email"
    (keys of steps.subject.PARTS)."""
    must_staple: bool = False
    """Whether the certificate is to demand a stapled OCSP answer (RFC 7633)."""


class RequestEntry(NamedTuple):
    """A request as it stands in the ledger."""

    record: RequestRecord
    state: Literal["waiting", "answered", "discarded"]
    has_answer: bool = False
    """Whether an answer was imported, also of a request that was discarded later."""

    @property
    def waits(self) -> bool:
        """Whether its answer is still to come."""
        return self.state == "waiting"


class CompromisedKey(NamedTuple):
    """A key that is never used again: one entry of compromised.toml."""

    fingerprint: str
    """SHA-256 of the SubjectPublicKeyInfo, hexadecimal."""
    time: datetime
    """When it was marked."""
    who: str


class Refusal(NamedTuple):
    """A reload that was refused."""

    command: tuple[str, ...]
    reason: str
    """"exit status 1", "no answer in 60 s", "no such program"."""
    output: str
    """The last lines that it printed, untrusted."""


class Piece(NamedTuple):
    """One thing that was found in what was brought."""

    pem: bytes
    """Canonical PEM; of a private key PKCS#8: secret."""
    place: str
    """Where it was found: "answer.zip: chain/ca.crt"."""

    def __repr__(self) -> str:
        """Return what may be told: no byte of a key."""
        return f"Piece({self.place})"


class Intake(NamedTuple):
    """All that was found in what was brought, by content, each thing once."""

    certificates: tuple[Piece, ...] = ()
    keys: tuple[Piece, ...] = ()
    requests: tuple[Piece, ...] = ()
    crls: tuple[Piece, ...] = ()
    encrypted: tuple[str, ...] = ()
    """Places of keys and PKCS#12 files that no passphrase opened."""
    skipped: tuple[str, ...] = ()
    """Sentences that name what was passed over, and where."""


class ClientRecord(NamedTuple):
    """A client certificate that was issued here: one line of the roster. Times are UTC and aware."""

    serial_number: int
    address: str
    """Whom it names: an e-mail address or a host name, A-labels."""
    authority: int
    """The number of the client authority that signed it."""
    not_valid_before: datetime
    not_valid_after: datetime
    time: datetime
    """When it was issued."""
    who: str
    """The account that issued it."""
    name: str = ""
    """The person's name or the device, as it was typed."""
    handed_over: datetime | None = None
    """When its file was written for whom it is; None where that was interrupted, so that nobody has its key."""
    revoke_at: datetime | None = None
    """When it is to be revoked."""
    revoked: datetime | None = None
    reason: str = ""
    """Why it was revoked, as RFC 5280 section 5.3.1 spells it: "keyCompromise"."""


class Revocation(NamedTuple):
    """One entry of a revocation list."""

    serial_number: int
    time: datetime
    reason: str = "unspecified"
    """As RFC 5280 section 5.3.1 spells it: "keyCompromise"."""


class Person(NamedTuple):
    """Whom a client certificate is wished for: one entry of a list of people."""

    address: Identity
    """Kind "email" or "dns"."""
    name: str = ""
    days: int | None = None
    """How long it is to live; None where the list does not say."""


class ListFacts(NamedTuple):
    """What a revocation list says, and whose it is; times are UTC and aware."""

    pem: bytes
    """Canonical PEM."""
    issuer: str
    """RFC 4514 text."""
    number: int | None
    this_update: datetime
    next_update: datetime | None
    revoked: int
    """How many certificates it revokes."""
    authority: int | None
    """The place of its authority among those that were given; None where it is none of theirs."""
