"""Certificate revocation lists: made, read, and matched with the authority whose they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sslutil.facts import ListFacts, Revocation
from sslutil.pki.certificates import UNREADABLE, signature_hash

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.pki.keys import Key

REASONS = {
    "unspecified": "unspecified",
    "key-compromise": "keyCompromise",
    "affiliation-changed": "affiliationChanged",
    "superseded": "superseded",
    "cessation-of-operation": "cessationOfOperation",
    "privilege-withdrawn": "privilegeWithdrawn",
}
"""As it is typed → as RFC 5280 section 5.3.1 spells it. Without certificateHold: nothing un-revokes."""
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def make_crl(  # noqa: PLR0913  all that a list says
    authority: Key,
    certificate: bytes,
    revocations: Iterable[Revocation],
    *,
    number: int,
    now: datetime,
    next_update: datetime,
) -> bytes:
    """Return a revocation list, PEM, of the authority with this certificate, PEM, signed by its key.

    It begins at `now` to the second: a server whose clock is behind by more than its reload takes would refuse it, but
    one that begins earlier than the list before it could be taken for an older one.
    """
    issuer = x509.load_pem_x509_certificate(certificate)
    skid = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(skid), critical=False)
    )
    for entry in revocations:
        builder = builder.add_revoked_certificate(_make_entry(entry))
    return builder.sign(authority.signer, signature_hash(authority)).public_bytes(Encoding.PEM)


def _make_entry(entry: Revocation) -> x509.RevokedCertificate:
    """Return an entry; "unspecified" is left out, as RFC 5280 section 5.3.1 wants it."""
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial_number).revocation_date(entry.time)
    if entry.reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False)
    return builder.build()


def read_revocations(crl: bytes) -> tuple[Revocation, ...]:
    """Return the entries of a revocation list, PEM."""
    return tuple(
        Revocation(entry.serial_number, entry.revocation_date_utc, _find_reason(entry))
        for entry in x509.load_pem_x509_crl(crl)
    )


def _find_reason(entry: x509.RevokedCertificate) -> str:
    if not len(entry.extensions):
        return "unspecified"
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return "unspecified"


def split_crls(crls: bytes) -> tuple[bytes, ...]:
    """Return each list of a PEM text, as canonical PEM."""
    return tuple(x509.load_pem_x509_crl(block).public_bytes(Encoding.PEM) for block in _LIST.findall(crls))


def describe_lists(authorities: bytes, crls: bytes) -> tuple[ListFacts, ...]:
    """Return what each list of a PEM text says, and which of the authorities, PEM, it is of."""
    certificates = x509.load_pem_x509_certificates(authorities) if authorities.strip() else []
    return tuple(_describe(certificates, x509.load_pem_x509_crl(block)) for block in _LIST.findall(crls))


def _describe(authorities: list[x509.Certificate], crl: x509.CertificateRevocationList) -> ListFacts:
    return ListFacts(
        pem=crl.public_bytes(Encoding.PEM),
        issuer=crl.issuer.rfc4514_string(),
        number=find_number(crl),
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        revoked=len(crl),
        authority=next((at for at, one in enumerate(authorities) if is_list_of(crl, one)), None),
    )


def find_number(crl: x509.CertificateRevocationList) -> int | None:
    """Return the number of a list; None where it has none."""
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None


def is_list_of(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Return whether an authority issued a list: by its name (RFC 5280 section 6.3.3 (b)) and by its signature."""
    key = authority.public_key()
    try:
        return crl.issuer == authority.subject and crl.is_signature_valid(key)  # type: ignore[arg-type]
    except UNREADABLE:
        return False
