"""Certificate signing requests: made, described."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

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
    from collections.abc import Sequence

    from sslutil.names import Identity
    from sslutil.pki.keys import Key

_NEW_REQUEST = "sslutil certificate csr"
_REQUEST = rb"(?s)-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----.+?-----END \1-----"


def make_request(key: Key, identities: Sequence[Identity]) -> bytes:
    """Return a request, PEM, for a server certificate with these names over this key.

    It asks for the names alone: what else a certificate holds is its authority's to say, and some refuse a request that
    asks for more. The subject is a common name as make_subject's, or empty; then the names are critical, as RFC 5280,
    4.2.1.6 wants it.
    """
    subject = make_subject(identities)
    builder = x509.CertificateSigningRequestBuilder(
        subject_name=subject or x509.Name([]),
    ).add_extension(make_alternative_names(identities), critical=subject is None)
    return builder.sign(key.signer, signature_hash(key)).public_bytes(Encoding.PEM)


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
