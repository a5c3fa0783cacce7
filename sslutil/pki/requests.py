"""Certificate signing requests: made, described."""

from __future__ import annotations

import re
import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sslutil.errors import MaterialError
from sslutil.facts import RequestFacts
from sslutil.pki.certificates import (
    UNREADABLE,
    find_identities,
    make_alternative_names,
    make_subject,
    signature_hash,
)
from sslutil.pki.keys import describe_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sslutil.names import Identity
    from sslutil.pki.keys import Key

_BEFORE = {
    "country": NameOID.COUNTRY_NAME,
    "state": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
}
"""Parts of the subject that stand before the common name."""
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NEW_REQUEST = "sslutil certificate csr"
_REQUEST = rb"(?s)-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----.+?-----END \1-----"


def make_request(
    key: Key, identities: Sequence[Identity], *, subject: Mapping[str, str] = _NOTHING, must_staple: bool = False
) -> bytes:
    """Return a request, PEM, for a server certificate with these names over this key.

    It asks for the names alone, and for what `subject` (as RequestRecord's) and `must_staple` say: what else a
    certificate holds is its authority's to say, and some refuse a request that asks for more. Without them the subject
    is a common name as make_subject's, or empty; then the names are critical, as RFC 5280, 4.2.1.6 wants it.
    """
    name = _make_name(identities, subject)
    builder = x509.CertificateSigningRequestBuilder(subject_name=name).add_extension(
        make_alternative_names(identities), critical=not name.rdns
    )
    if must_staple:
        builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    return builder.sign(key.signer, signature_hash(key)).public_bytes(Encoding.PEM)


def _make_name(identities: Sequence[Identity], subject: Mapping[str, str]) -> x509.Name:
    """Return the subject, its parts in the order that the Baseline Requirements, 7.1.4.2, want; the e-mail last."""
    common_name = make_subject(identities) or ()
    before = [x509.NameAttribute(oid, subject[part]) for part, oid in _BEFORE.items() if part in subject]
    after = [x509.NameAttribute(NameOID.EMAIL_ADDRESS, subject["email"])] if "email" in subject else []
    return x509.Name([*before, *common_name, *after])


def read_request(pem: bytes) -> x509.CertificateSigningRequest:
    """Return the first request of a PEM text that describe_request has taken."""
    block = re.search(_REQUEST, pem)
    return x509.load_pem_x509_csr(block[0] if block else pem)


def describe_request(pem: bytes, path: str = "") -> RequestFacts:
    """Return what the first request of a PEM text asks for; its names are the subject alternative names.

    `path` is the file for the sentence, where there is one. Raises MaterialError where there is no request, one that
    can't be read, or one that its own key did not sign.
    """
    subject = path or "the request"
    block = re.search(_REQUEST, pem)
    if block is None:
        fault = "is empty" if not pem.strip() else "holds no certificate request in PEM"
        raise MaterialError(f"{subject} {fault}", _NEW_REQUEST)
    try:
        with warnings.catch_warnings(action="ignore"):
            request = x509.load_pem_x509_csr(block[0])
            facts = RequestFacts(
                names=find_identities(request.extensions),
                subject=request.subject.rfc4514_string(),
                key=describe_public_key(request.public_key()),
            )
            signed = request.is_signature_valid
    except UNREADABLE:
        fault = "is damaged, or has a key or a field that sslutil does not know"
        raise MaterialError(f"{subject} {fault}", _NEW_REQUEST) from None
    if not signed:
        raise MaterialError(f"{subject} is not signed by the key that it names", _NEW_REQUEST)
    return facts
