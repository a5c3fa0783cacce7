"""The ledger of client certificates as it stands: own authorities, who got what, and who was put out."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sslutil.disk import open_folder
from sslutil.documents.roster import Roster, parse_roster, render_roster
from sslutil.errors import MaterialError, RegistryError, command
from sslutil.facts import ClientRecord
from sslutil.registry import AUTHORITY_CERTIFICATE, AUTHORITY_CRL, AUTHORITY_KEY, CLIENTS, ROSTER, generation_name
from sslutil.store import clients as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.facts import CertificateFacts, Revocation
    from sslutil.pki.keys import Key

_LONGEST_NAME = 64
ROSTER_PATH = f"{CLIENTS}/{ROSTER}"


def name_authority(number: int, site_name: str) -> str:
    """Return the common name of an own authority, 64 characters at most (RFC 5280, ub-common-name)."""
    return f"Client CA {number} of {site_name}"[:_LONGEST_NAME]


def is_own_name(subject: str) -> bool:
    """Return whether a subject, RFC 4514 text, is that of an own authority, of this registry or another."""
    return re.match(r"CN=Client CA \d+ of ", subject) is not None


class OwnAuthority(NamedTuple):
    """A small authority of this registry's own."""

    number: int
    certificate: bytes
    """PEM."""
    crl: bytes
    """PEM: its revocation list as it is in the ledger, whether in force or not."""
    locked: bool
    """Whether a passphrase protects its key."""
    served: bytes = b""
    """PEM: its list in force; empty where there is none. Of a ledger that was restored it is the newer one."""

    @property
    def facts(self) -> CertificateFacts:
        """What its certificate says."""
        from sslutil.pki.certificates import describe_certificate

        return describe_certificate(self.certificate, f"{CLIENTS}/{generation_name(self.number)}")

    @property
    def revocations(self) -> dict[int, Revocation]:
        """What it has revoked, by serial number: nothing that a list of its own ever said is taken back."""
        return _read_revocations(self.served) | _read_revocations(self.crl)

    @property
    def listed(self) -> frozenset[int]:
        """The serial numbers on its list in the ledger."""
        return frozenset(_read_revocations(self.crl))

    @property
    def newest(self) -> bytes:
        """The newer of its two lists, PEM."""
        from sslutil.pki.authorities import merge_lists

        return merge_lists(self.certificate, self.crl + self.served) if self.served else self.crl


@lru_cache(maxsize=16)
def _read_revocations(crl: bytes) -> dict[int, Revocation]:
    """Return the entries of a list, PEM, by serial number; a long one takes time, and is asked for again and again."""
    if not crl:
        return {}
    from sslutil.pki.crls import read_revocations

    return {entry.serial_number: entry for entry in read_revocations(crl)}


@dataclass(frozen=True)
class ClientLedger:
    """The ledger at one moment. The list of an authority says who is revoked; the roster is what a person reads."""

    authorities: tuple[OwnAuthority, ...] = ()
    """Ascending: the last one signs."""
    text: bytes = b""
    """Of the roster, as it is on disk."""
    roster: Roster = field(default_factory=Roster)
    """What that text says."""
    lost: Mapping[int, bytes] = field(default_factory=dict)
    """Certificates, PEM, by serial number, that have no line in the roster."""
    readable: bool = True
    """Whether this account may read it."""
    faults: tuple[str, ...] = ()
    """Sentences on authorities that are damaged: nothing is signed by them, and what is in force of them stays."""

    @cached_property
    def records(self) -> tuple[ClientRecord, ...]:
        """Every certificate that was issued, in the order of the roster, mended from the certificates and the lists."""
        mended = map(self._mend, self.lost.values())
        records = {record.serial_number: record for record in (*self.roster.records, *mended)}
        for authority in self.authorities:
            for entry in authority.revocations.values():
                record = records.get(entry.serial_number)
                if record and record.revoked is None:
                    reason = "" if entry.reason == "unspecified" else entry.reason
                    records[entry.serial_number] = record._replace(revoked=entry.time, reason=reason, revoke_at=None)
        return tuple(records.values())

    @property
    def signer(self) -> OwnAuthority | None:
        """The authority that signs what is issued now; None before the first."""
        return self.authorities[-1] if self.authorities else None

    def find(self, address: str) -> tuple[ClientRecord, ...]:
        """Return what was issued for an address, A-labels, whatever its capitals: no mail server tells them apart."""
        return tuple(self._by_address.get(address.lower(), ()))

    @cached_property
    def _by_address(self) -> dict[str, list[ClientRecord]]:
        found: dict[str, list[ClientRecord]] = {}
        for record in self.records:
            found.setdefault(record.address.lower(), []).append(record)
        return found

    def _mend(self, pem: bytes) -> ClientRecord:
        """Return the line of a certificate that has none: what nobody knows any more counts as handed over."""
        from sslutil.pki.certificates import describe_certificate
        from sslutil.pki.client_authority import describe_client

        identity, facts = describe_client(pem, ROSTER_PATH)
        signers = {describe_certificate(one.certificate).subject: one.number for one in self.authorities}
        return ClientRecord(
            serial_number=facts.serial_number,
            address=identity.text if identity else "",
            authority=signers.get(facts.issuer, 0),
            not_valid_before=facts.not_valid_before,
            not_valid_after=facts.not_valid_after,
            time=facts.not_valid_before,
            who="",
            name="",
            handed_over=facts.not_valid_before,
        )

    def with_records(self, records: Iterable[ClientRecord]) -> ClientLedger:
        """Return the ledger with other lines in its roster, and with them its text."""
        lines = tuple(records)
        return replace(self, text=render_roster(lines).encode(), roster=Roster(lines), lost={})


def is_living(record: ClientRecord, now: datetime) -> bool:
    """Return whether somebody can get in with it: handed over, within its dates, not revoked."""
    within = record.not_valid_before <= now <= record.not_valid_after
    return within and record.handed_over is not None and record.revoked is None


def read_client_ledger(root: Folder, lists: bytes = b"") -> ClientLedger:
    """Return the ledger of an open registry; RegistryError where this account may not read it.

    `lists` are those in force, PEM.
    """
    numbers = store.read_authorities(root)
    text = store.read_roster(root)
    if not numbers and text is None:
        return ClientLedger()
    roster = parse_roster(text or b"")
    unknown = store.read_serials(root) - {record.serial_number for record in roster.records}
    lost = {serial: store.read_certificate(root, serial) for serial in sorted(unknown)}
    authorities, faults = [], []
    for number in numbers:
        try:
            authorities.append(_read_authority(root, number, lists))
        except MaterialError as fault:
            faults.append(fault.message)
    return ClientLedger(tuple(authorities), text or b"", roster, lost, faults=tuple(faults))


def look_for_clients(root: Folder, lists: bytes) -> ClientLedger:
    """Return the ledger for a question: one that says so where this account may not read it."""
    try:
        return read_client_ledger(root, lists)
    except RegistryError as fault:
        if isinstance(fault.__cause__, PermissionError):
            return ClientLedger(readable=False)
        raise


def read_kept(registry: str, serials: Iterable[int]) -> dict[int, bytes]:
    """Return the certificates, PEM, that are kept in a registry of these serial numbers; some may have gone."""
    kept = {}
    with open_folder(registry) as root:
        for serial in serials:
            with suppress(FileNotFoundError):
                kept[serial] = store.read_certificate(root, serial)
    return kept


def write_client_ledger(root: Folder, before: ClientLedger, after: ClientLedger) -> tuple[str, ...]:
    """Write what differs, and return its paths.

    Lists come first: they alone say who is revoked, and a roster that lags behind is mended.
    """
    written = []
    for old, new in zip(before.authorities, after.authorities, strict=True):
        if old.crl != new.crl:
            store.write_crl(root, new.number, new.crl)
            written.append(f"{root.path}/{CLIENTS}/{generation_name(new.number)}/{AUTHORITY_CRL}")
    if before.text != after.text:
        store.write_roster(root, after.text)
        written.append(f"{root.path}/{ROSTER_PATH}")
    return tuple(written)


def open_key(root: Folder, number: int, passphrase: bytes | None) -> Key:
    """Return the private key of an authority; MaterialError where the passphrase is wrong or missing."""
    from sslutil.pki.client_authority import unlock_key

    with store.open_authority(root, number) as folder:
        return unlock_key(folder.read(AUTHORITY_KEY), passphrase, folder.path_of(AUTHORITY_KEY))


def refuse_faults(ledger: ClientLedger) -> None:
    """Raise MaterialError where an authority is damaged, for a command that needs it."""
    if ledger.faults:
        message = f"{ledger.faults[0]}: bring {CLIENTS}/ back from a backup"
        raise MaterialError(message, "see docs/how-to/move-and-restore.md")


def _read_authority(root: Folder, number: int, lists: bytes) -> OwnAuthority:
    """Return an authority; MaterialError where a file of it is missing or damaged."""
    from sslutil.pki.certificates import UNREADABLE, describe_certificate
    from sslutil.pki.client_authority import is_locked
    from sslutil.pki.crls import describe_lists

    with store.open_authority(root, number) as folder:
        contents = {name: _read_file(folder, name) for name in (AUTHORITY_KEY, AUTHORITY_CERTIFICATE, AUTHORITY_CRL)}
        key, certificate, crl = contents.values()
        describe_certificate(certificate, folder.path_of(AUTHORITY_CERTIFICATE))
        try:
            is_whole = len(describe_lists(certificate, crl)) == 1
            served = [one.pem for one in describe_lists(certificate, lists) if one.authority is not None]
        except UNREADABLE:
            is_whole, served = False, []
        if not is_whole:
            path = folder.path_of(AUTHORITY_CRL)
            raise MaterialError(f"{path} is damaged", command("openssl", "crl", "-in", path))
    return OwnAuthority(number, certificate, crl, is_locked(key), served[0] if served else b"")


def _read_file(folder: Folder, name: str) -> bytes:
    try:
        return folder.read(name)
    except FileNotFoundError:
        path = folder.path_of(name)
        raise MaterialError(f"{path} is missing", command("ls", "-l", folder.path)) from None
