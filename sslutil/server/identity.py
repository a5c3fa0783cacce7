"""Who a client is, by the certificate that its TLS connection verified."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SPOKEN = ("rfc822Name", "dNSName")
"""The kinds of names that an address is taken from, as settings.toml spells them, where it says nothing else."""
_KINDS = {"rfc822Name": "email", "dNSName": "DNS"}
"""As RFC 5280 spells them → as Python's ssl does."""
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""The short names of RFC 4514, section 3."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a verified client certificate names."""

    address: str
    """The first e-mail address among its alternative names, else the first host name; empty where there is none."""
    common_name: str
    """The first common name of its subject; empty where there is none."""
    serial_number: int
    issuer: str
    """The name of the authority, as RFC 4514 writes it: "CN=Clients of mail.example.org"."""
    not_valid_after: datetime
    """UTC and aware."""

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal, as sslutil and web servers write it."""
        digits = f"{self.serial_number:X}"
        return digits.zfill(len(digits) + len(digits) % 2)


def find_identity(connection: object, kinds: Iterable[str] = SPOKEN) -> Identity | None:
    """Return whom the client's certificate names; None where none was shown, asked for or verified.

    Raises ValueError where the handshake is not done yet.
    """
    if not isinstance(connection, ssl.SSLSocket | ssl.SSLObject):
        return None
    # What a context without verification took in is a claim, and a server's certificate is no client's.
    if not connection.server_side or connection.context.verify_mode == ssl.CERT_NONE:
        return None
    certificate: dict[str, Any] | None = connection.getpeercert()
    if not certificate:
        return None
    names = certificate.get("subjectAltName", ())
    addresses = [value for kind in kinds for spelt, value in names if spelt == _KINDS.get(kind)]
    common_names = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
    return Identity(
        address=addresses[0] if addresses else "",
        common_name=common_names[0] if common_names else "",
        serial_number=int(certificate["serialNumber"], 16),
        issuer=render_name(certificate.get("issuer", ())),
        not_valid_after=datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC),
    )


def render_name(parts: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return a name of Python's ssl as RFC 4514 writes it: the last part first."""
    whole = ["+".join(f"{_SHORT.get(kind, kind)}={_escape(value)}" for kind, value in part) for part in parts]
    return ",".join(reversed(whole))


def _escape(value: str) -> str:
    """Return a value in which nothing parts a name (RFC 4514 section 2.4), and no control character stands."""
    marked = re.sub(r'^[# ]|[,+"\\<>;]| $', lambda found: f"\\{found[0]}", value)
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\{ord(found[0]):02X}", marked)
