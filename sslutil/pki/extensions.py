"""What certificates and requests state in their extensions, in the names that X.509 gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from sslutil.facts import ExtensionFacts

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "contentCommitment",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
"""Attributes of the library → the bits of RFC 5280, 4.2.1.3; the two that need key agreement are apart."""
_WITH_AGREEMENT = {"encipher_only": "encipherOnly", "decipher_only": "decipherOnly"}
PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
"""RFC 5280, 4.2.1.12."""
_FURTHER = {
    "2.5.29.32": "certificatePolicies",
    "2.5.29.30": "nameConstraints",
    "2.5.29.33": "policyMappings",
    "2.5.29.36": "policyConstraints",
    "2.5.29.54": "inhibitAnyPolicy",
    "2.5.29.46": "freshestCRL",
    "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestamps",
    "1.3.6.1.4.1.11129.2.4.3": "precertificatePoison",
    "1.3.6.1.5.5.7.1.24": "tlsFeature",
    "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
    "2.16.840.1.113730.1.1": "netscapeCertType",
    "2.16.840.1.113730.1.13": "netscapeComment",
}
_KNOWN = (
    x509.SubjectAlternativeName,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.BasicConstraints,
    x509.AuthorityInformationAccess,
    x509.CRLDistributionPoints,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)
"""Those that the other fields of ExtensionFacts tell."""
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def describe_extensions(extensions: x509.Extensions) -> ExtensionFacts:
    """Return what extensions say; what is not there is empty or None."""
    constraints = find_extension(extensions, x509.BasicConstraints)
    own = find_extension(extensions, x509.SubjectKeyIdentifier)
    return ExtensionFacts(
        other_names=_describe_other_names(extensions),
        key_usage=_describe_key_usage(extensions),
        extended_key_usage=_describe_purposes(extensions),
        ca=constraints.ca if constraints else None,
        path_length=constraints.path_length if constraints else None,
        issuer_addresses=_find_addresses(extensions, AuthorityInformationAccessOID.CA_ISSUERS),
        ocsp_addresses=_find_addresses(extensions, AuthorityInformationAccessOID.OCSP),
        crl_addresses=_find_crl_addresses(extensions),
        subject_key_identifier=own.digest.hex() if own else "",
        authority_key_identifier=describe_authority_key(extensions),
        must_staple=_demands_stapling(extensions),
        further=tuple(_name_further(extension) for extension in extensions if not isinstance(extension.value, _KNOWN)),
    )


def describe_authority_key(extensions: x509.Extensions) -> str:
    """Return the identifier of the key that signed, hexadecimal; empty where none is stated."""
    found = find_extension(extensions, x509.AuthorityKeyIdentifier)
    return found.key_identifier.hex() if found and found.key_identifier else ""


def find_extension(extensions: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    """Return an extension, or None where it is not there."""
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name_further(extension: x509.Extension[x509.ExtensionType]) -> str:
    dotted = extension.oid.dotted_string
    return _FURTHER.get(dotted, dotted)


def _describe_other_names(extensions: x509.Extensions) -> tuple[str, ...]:
    names = find_extension(extensions, x509.SubjectAlternativeName) or ()
    return tuple(_describe_name(name) for name in names if not isinstance(name, x509.DNSName | x509.IPAddress))


def _describe_name(name: x509.GeneralName) -> str:
    match name:
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"URI:{name.value}"
        case x509.DirectoryName():
            return f"directory:{name.value.rfc4514_string()}"
        case x509.RegisteredID():
            return f"registeredID:{name.value.dotted_string}"
        case x509.OtherName():
            return f"otherName:{name.type_id.dotted_string}"
        case _:
            return f"{type(name).__name__}:{name.value}"


def _describe_key_usage(extensions: x509.Extensions) -> tuple[str, ...]:
    usage = find_extension(extensions, x509.KeyUsage)
    if usage is None:
        return ()
    known = KEY_USAGES | (_WITH_AGREEMENT if usage.key_agreement else {})  # the library refuses to tell them otherwise
    return tuple(name for attribute, name in known.items() if getattr(usage, attribute))


def _describe_purposes(extensions: x509.Extensions) -> tuple[str, ...]:
    purposes = find_extension(extensions, x509.ExtendedKeyUsage) or ()
    return tuple(PURPOSES.get(oid.dotted_string, oid.dotted_string) for oid in purposes)


def _find_addresses(extensions: x509.Extensions, method: x509.ObjectIdentifier) -> tuple[str, ...]:
    access = find_extension(extensions, x509.AuthorityInformationAccess) or ()
    return _take_addresses(part.access_location for part in access if part.access_method == method)


def _find_crl_addresses(extensions: x509.Extensions) -> tuple[str, ...]:
    points = find_extension(extensions, x509.CRLDistributionPoints) or ()
    return _take_addresses(name for point in points for name in point.full_name or ())


def _take_addresses(names: Iterable[x509.GeneralName]) -> tuple[str, ...]:
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _demands_stapling(extensions: x509.Extensions) -> bool:
    feature = find_extension(extensions, x509.TLSFeature) or ()
    return x509.TLSFeatureType.status_request in feature
