"""The authorities whose clients are let in, and their revocation lists, as a server will load them."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sslutil.errors import MaterialError, command
from sslutil.pki.certificates import UNREADABLE

_BLOCK = re.compile(rb"-----BEGIN (?P<label>[A-Z0-9 ]{1,40})-----.+?-----END (?P=label)-----", re.DOTALL)


def judge_authorities(content: bytes, path: str) -> bytes:
    """Return the certificates of a PEM file, each a CA's; MaterialError names the file and what it holds."""
    parts = []
    for label, block in _blocks(content, path):
        if label != b"CERTIFICATE":
            raise MaterialError(
                f'{path} holds a PEM block "{label.decode()}" among its certificates', command("cat", path)
            )
        parts.append(_judge_authority(block, path))
    if not parts:
        raise MaterialError(f"{path} holds no certificate in PEM", command("openssl", "x509", "-in", path, "-text"))
    return b"".join(parts)


def judge_crls(content: bytes, path: str) -> bytes:
    """Return the revocation lists of a PEM file; MaterialError names the file and what it holds."""
    parts = []
    for label, block in _blocks(content, path):
        if label != b"X509 CRL":
            raise MaterialError(f'{path} holds a PEM block "{label.decode()}" among its lists', command("cat", path))
        try:
            parts.append(x509.load_pem_x509_crl(block).public_bytes(Encoding.PEM))
        except UNREADABLE:
            raise MaterialError(
                f"{path} holds a damaged revocation list", command("openssl", "crl", "-in", path, "-text")
            ) from None
    if not parts:
        raise MaterialError(f"{path} holds no revocation list in PEM", command("openssl", "crl", "-in", path, "-text"))
    return b"".join(parts)


def find_unlisted(authorities: bytes, crls: bytes) -> tuple[str, ...]:
    """Return the subject of each authority in PEM (RFC 4514) of which none of the lists in PEM is.

    A list is an authority's whose subject issued it (RFC 5280 section 6.3.3 (b)) and whose key signed it.
    """
    lists = [x509.load_pem_x509_crl(match[0]) for match in _BLOCK.finditer(crls)]
    return tuple(
        authority.subject.rfc4514_string()
        for authority in x509.load_pem_x509_certificates(authorities)
        if not any(_is_list_of(crl, authority) for crl in lists)
    )


def _is_list_of(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    try:
        return crl.issuer == authority.subject and crl.is_signature_valid(key)  # type: ignore[arg-type]
    except UNREADABLE:
        return False


def _blocks(content: bytes, path: str) -> list[tuple[bytes, bytes]]:
    """Return label and text of each block; one that is cut short must not go missing, a list of revocations least."""
    blocks = [(match["label"], match[0]) for match in _BLOCK.finditer(content)]
    if content.count(b"-----BEGIN ") != len(blocks):
        raise MaterialError(f"{path} holds a PEM block that is cut short", command("tail", path))
    return blocks


def _judge_authority(block: bytes, path: str) -> bytes:
    look = command("openssl", "x509", "-in", path, "-text")
    try:
        certificate = x509.load_pem_x509_certificate(block)
        constraints = [part.value for part in certificate.extensions if isinstance(part.value, x509.BasicConstraints)]
    except UNREADABLE:
        raise MaterialError(f"{path} holds a damaged certificate", look) from None
    if not any(constraint.ca for constraint in constraints):
        raise MaterialError(f"{path} holds a certificate that is no authority's, so it lets no client in", look)
    return certificate.public_bytes(Encoding.PEM)
