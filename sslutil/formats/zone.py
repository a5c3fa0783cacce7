"""TLSA records as lines of a zone file: for name servers that know the type, and for those that don't."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

TLSA = "tlsa"
GENERIC = "generic"
TYPE52 = "type52"
FORMS = (TLSA, GENERIC, TYPE52)
"""How a record may be written; the last is the second by its other name."""


class TlsaRecord(NamedTuple):
    """What a sender of mail finds in the DNS of the key that a server must show (RFC 6698, RFC 7671)."""

    host: str
    """A-labels, without the final dot."""
    port: int
    digest: str
    """SHA-256 of the SubjectPublicKeyInfo, hexadecimal."""
    usage: int = 3
    """DANE-EE, the server's own key: neither name nor expiry nor issuer counts (RFC 7672, 3.1.1)."""
    selector: int = 1
    """SPKI, the public key: the record stays when the certificate is renewed over the same key."""
    matching: int = 1
    """SHA-256."""

    @property
    def owner(self) -> str:
        """The name of the record, absolute."""
        return f"_{self.port}._tcp.{self.host}."


def render_zone(records: Iterable[TlsaRecord], *, ttl: int, form: str = TLSA) -> str:
    """Return one line for each record, in one of FORMS; `ttl` is in seconds."""
    return "".join(f"{record.owner} {ttl} IN {_render(record, form)}\n" for record in records)


def _render(record: TlsaRecord, form: str) -> str:
    if form == TLSA:
        return f"TLSA {record.usage} {record.selector} {record.matching} {record.digest}"
    # RFC 3597, section 5: the type by its number, \#, the octets counted, then hexadecimal.
    content = bytes((record.usage, record.selector, record.matching)) + bytes.fromhex(record.digest)
    return f"TYPE52 \\# {len(content)} {content.hex()}"
