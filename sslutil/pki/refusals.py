"""Why a certificate is not put in force: one row for each reason, from which the reference page comes too."""

from __future__ import annotations

from typing import NamedTuple

from sslutil.errors import MaterialError


class Reason(NamedTuple):
    """One reason for which a certificate is refused."""

    name: str
    template: str
    """The sentence, with fields in braces: {place} is where the certificate stands."""
    explanation: str
    """Why that is no pedantry, for people."""


_ROWS = (
    Reason(
        "unreadable",
        "the certificate in {place} is damaged, or has a field that sslutil does not know",
        "What can't be read can't be judged, and clients would not read it either.",
    ),
    Reason(
        "authority",
        "the certificate in {place} is an authority's own, not a server's",
        "It says that it may sign other certificates. Firefox refuses such a one as a server's "
        "(MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY), and so do strict clients.",
    ),
    Reason(
        "nameless",
        "the certificate in {place} has no subject alternative name, and no client reads its subject, {subject}",
        "Clients look at the subject alternative names alone (RFC 9525, 6.3).",
    ),
    Reason(
        "validity",
        "the certificate in {place} ends on {end}, before it begins on {begin}",
        "Its dates are malformed: no clock satisfies them.",
    ),
    Reason(
        "expired",
        "the certificate in {place} expired on {end}",
        "Clients refuse it. Often it is last year's file.",
    ),
    Reason(
        "not-yet",
        "the certificate in {place} is not valid before {begin}, and this machine's clock says {now}",
        "Clients refuse it until then. Where that time is past, the machine's clock is wrong.",
    ),
    Reason(
        "weak-signature",
        "the certificate in {place} is signed with {weakness}, which clients refuse",
        "Who can make a collision can forge such a certificate. A self-signature proves nothing, and is not asked.",
    ),
    Reason(
        "weak-key",
        "the certificate in {place} is over a key that clients refuse: {weakness}",
        "Taken are RSA of 2,048 bits or more, in whole bytes, with an odd exponent of 3 or more; P-256, P-384, P-521, "
        "Brainpool's curves of 256 bits or more; Ed25519, Ed448, ML-DSA. Public authorities sign fewer (Baseline "
        "Requirements, 6.1.5).",
    ),
    Reason(
        "purpose",
        "the certificate in {place} is not for servers: its extended key usage is {purposes}",
        "Where the extension is there, serverAuth or anyExtendedKeyUsage must be in it (RFC 5280, 4.2.1.12).",
    ),
    Reason(
        "usage",
        "the certificate in {place} does not let its key sign handshakes (its key usage lacks digitalSignature)",
        "TLS 1.3, and every suite with forward secrecy, has the server sign (RFC 8446, 4.4.2.2).",
    ),
    Reason(
        "names",
        "the certificate in {place} is not for {missing}, which the site wants; it is for {names}",
        "Clients that use such a name would refuse it. Order one for all names, or adopt those of the certificate.",
    ),
    Reason(
        "issuer-unreadable",
        "the certificate of {issuer}, which signed {signed}, has a field that sslutil does not know",
        "What can't be read can't be judged, and clients would not read it either.",
    ),
    Reason(
        "issuer-no-authority",
        "{signed} is signed by {issuer}, which may not sign certificates",
        "Its basic constraints or its key usage say so (RFC 5280, 6.1.4), and every client follows them.",
    ),
    Reason(
        "issuer-too-deep",
        "{signed} is signed by {issuer}, which has more authorities below it than its path length allows",
        "RFC 5280, 6.1.4: every client counts.",
    ),
    Reason(
        "issuer-purpose",
        "{signed} is signed by {issuer}, an authority for other purposes than servers",
        "An intermediate's extended key usage limits what is below it, and clients follow it.",
    ),
    Reason(
        "issuer-expired",
        "the certificate of {issuer}, which signed {signed}, expired on {end}",
        "Clients refuse the whole chain. The authority has a newer one.",
    ),
    Reason(
        "issuer-not-yet",
        "the certificate of {issuer}, which signed {signed}, is not valid before {begin}",
        "Clients refuse the whole chain until then.",
    ),
    Reason(
        "issuer-weak-signature",
        "the certificate of {issuer}, which signed {signed}, is signed with {weakness}, which clients refuse",
        "Who can make a collision can forge an authority.",
    ),
    Reason(
        "issuer-weak-key",
        "the key of {issuer}, which signed {signed}, is one that clients refuse: {weakness}",
        "Who breaks it can sign as that authority.",
    ),
)

REFUSALS: dict[str, Reason] = {row.name: row for row in _ROWS}
"""Every reason by name, in the order in which a certificate is judged."""


def refuse(name: str, hint: str = "", **fields: str) -> MaterialError:
    """Return the error of a reason, its sentence filled in."""
    return MaterialError(render_refusal(name, **fields), hint)


def render_refusal(name: str, **fields: str) -> str:
    """Return the sentence of a reason, filled in; fields that it does not have are passed over."""
    return REFUSALS[name].template.format(**fields)
