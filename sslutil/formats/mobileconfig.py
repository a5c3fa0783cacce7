"""A configuration profile for Apple's devices, which puts a client certificate where mail and web find it."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from datetime import datetime

_IDENTIFIER = "sslutil.client"


def render_mobileconfig(  # noqa: PLR0913  what a person sees before it is installed
    pkcs12: bytes,
    *,
    address: str,
    organization: str,
    file_name: str,
    serial_number: int,
    not_valid_after: datetime,
) -> bytes:
    """Return the profile, XML, around a PKCS#12, DER, whose passphrase the device asks for.

    Identifiers are those of the certificate: the same one twice is one profile, the next one is another beside it.
    """
    until = f"until {not_valid_after:%Y-%m-%d}"
    payload = _make_payload("com.apple.security.pkcs12", serial_number, "certificate") | {
        "PayloadDisplayName": f"Client certificate of {address}",
        "PayloadDescription": f"Lets {address} in at {organization}, {until}",
        "PayloadCertificateFileName": file_name,
        "PayloadContent": pkcs12,
    }
    profile = _make_payload("Configuration", serial_number, "profile") | {
        "PayloadDisplayName": f"{organization}: {address}",
        "PayloadDescription": f"The client certificate of {address} for {organization}, {until}",
        "PayloadOrganization": organization,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)


def _make_payload(kind: str, serial_number: int, part: str) -> dict[str, Any]:
    """Return the keys that every payload has (Apple, Configuration Profile Reference)."""
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{_IDENTIFIER}.{serial_number:x}.{part}",
        "PayloadUUID": str(uuid5(NAMESPACE_OID, f"{serial_number:x} {part}")).upper(),
    }
