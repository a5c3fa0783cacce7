"""The ledger of client certificates on disk: own authorities, what they issued, the roster, the revocation lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil.disk import PRIVATE_FILE, File
from sslutil.errors import RegistryError, command
from sslutil.registry import AUTHORITY_CERTIFICATE, AUTHORITY_CRL, AUTHORITY_KEY, CLIENTS, ISSUED, ROSTER
from sslutil.store.generations import read_numbers
from sslutil.store.ledgers import open_entry, open_ledger, put_file, put_files, read_file, stage_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.disk import Folder

_ISSUED = re.compile(r"([0-9a-f]{1,40})\.crt")


def stage_authority(root: Folder, number: int, *, key: bytes, certificate: bytes, crl: bytes) -> None:
    """Write an authority's folder, durably: key, PKCS#8, perhaps encrypted; certificate; its first list; all PEM."""
    files = (
        File(AUTHORITY_KEY, key, PRIVATE_FILE),
        File(AUTHORITY_CERTIFICATE, certificate),
        File(AUTHORITY_CRL, crl),
    )
    stage_entry(root, CLIENTS, number, files)


def read_authorities(root: Folder) -> list[int]:
    """Return the numbers of the own authorities, ascending."""
    return read_numbers(root, CLIENTS)


def open_authority(root: Folder, number: int) -> Folder:
    """Return the folder of an authority."""
    return open_entry(root, CLIENTS, number)


def write_crl(root: Folder, number: int, crl: bytes) -> None:
    """Replace an authority's revocation list, PEM, durably: this one rename is a revocation."""
    with open_authority(root, number) as folder:
        put_file(root, folder, File(AUTHORITY_CRL, crl))


def read_roster(root: Folder) -> bytes | None:
    """Return the text of the roster, or None where there is none."""
    if not root.exists(CLIENTS):
        return None
    with root.folder(CLIENTS) as clients:
        return read_file(clients, ROSTER)


def write_roster(root: Folder, text: bytes) -> None:
    """Replace the roster, durably."""
    with open_ledger(root, CLIENTS) as clients:
        put_file(root, clients, File(ROSTER, text, PRIVATE_FILE))


def write_certificates(root: Folder, certificates: Mapping[int, bytes]) -> None:
    """Keep certificates, PEM, by serial number, durably; RegistryError for a number that is taken."""
    with open_ledger(root, CLIENTS) as clients, _open_issued(clients) as issued:
        for serial in certificates:
            if issued.exists(_file_name(serial)):
                path = issued.path_of(_file_name(serial))
                raise RegistryError(f"serial number {serial:x} is taken: {path}", command("ls", "-l", path))
        files = (File(_file_name(serial), pem) for serial, pem in certificates.items())
        put_files(root, issued, files, ISSUED)


def read_serials(root: Folder) -> frozenset[int]:
    """Return the serial numbers of the certificates that are kept."""
    if not root.exists(CLIENTS):
        return frozenset()
    with root.folder(CLIENTS) as clients:
        if not clients.exists(ISSUED):
            return frozenset()
        with clients.folder(ISSUED) as issued:
            matches = (_ISSUED.fullmatch(name) for name in issued.names())
            return frozenset(int(match[1], 16) for match in matches if match)


def read_certificate(root: Folder, serial: int) -> bytes:
    """Return a certificate that is kept, PEM; FileNotFoundError where it is not."""
    with root.folder(CLIENTS) as clients, clients.folder(ISSUED) as issued:
        return issued.read(_file_name(serial))


def _open_issued(clients: Folder) -> Folder:
    if not clients.exists(ISSUED):
        clients.make_folder(ISSUED).close()
        clients.sync()
    return clients.folder(ISSUED)


def _file_name(serial: int) -> str:
    return f"{serial:x}.crt"
