"""What is to be said of a server: whether its name is covered, its chain trusted, its certificate the one in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.facts import Card
from sslutil.host.trust_store import read_trust_store
from sslutil.names import find_uncovered, render_identity
from sslutil.steps.completion import untrusted_warning
from sslutil.steps.tell import render_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sslutil.facts import CertificateDetails, Chain, Piece, Served
    from sslutil.steps.belonging import Belonging


class Judged(NamedTuple):
    """What a server showed, and what is to be thought of it."""

    served: Served
    numbers: tuple[int, ...]
    """Of its certificates among those that are shown, in the order in which they were sent."""
    leaf: CertificateDetails | None
    chain: Chain | None
    """The path from its certificate through what it sent; None where its certificate can't be read."""
    is_ordered: bool
    in_force: bool | None
    """Whether it serves the certificate that is in force here; None where none is."""

    @property
    def covered(self) -> bool:
        """Whether its certificate stands for the name that was asked."""
        return self.leaf is not None and not find_uncovered(self.leaf.facts.names, [self.served.host])


def judge_server(
    served: Served,
    certificates: Sequence[tuple[int, Piece, CertificateDetails]],
    belonging: Belonging,
    now: datetime,
) -> Judged:
    """Return what is to be thought of a server; each of its certificates has its number among those that are shown."""
    by_pem = {piece.pem: (number, details) for number, piece, details in certificates}
    readable = [pem for pem in dict.fromkeys(served.chain) if pem in by_pem]
    own = served.chain[0]
    leaf = by_pem[own][1] if own in by_pem else None
    chain = _build(own, readable, now) if leaf else None
    in_force = belonging.certificate
    return Judged(
        served=served,
        numbers=tuple(by_pem[pem][0] for pem in readable),
        leaf=leaf,
        chain=chain,
        is_ordered=chain is None or _is_ordered(served, chain),
        in_force=None if in_force is None or leaf is None else in_force.fingerprint == leaf.facts.fingerprint,
    )


def server_card(judged: Judged, title: str, belonging: Belonging) -> Card:
    """Return the card of a server."""
    served = judged.served
    lines = [
        ("Address", served.address),
        ("STARTTLS", "" if served.starttls == "none" else served.starttls.upper()),
        ("Protocol", f"{served.protocol}, {served.cipher}" if served.protocol else ""),
        ("Handshake", f"BROKEN OFF behind the certificates: {served.refusal}" if served.refusal else ""),
        ("Certificates", _tell_chain(judged)),
        ("Name", _tell_name(judged)),
        ("Trust", _tell_trust(judged)),
        ("This registry", _tell_in_force(judged, belonging)),
    ]
    return Card(title, tuple(line for line in lines if line[1]))


def server_object(judged: Judged) -> dict[str, Any]:
    """Return the object of a server for --json."""
    served = judged.served
    return {
        "host": served.host.text,
        "port": served.port,
        "address": served.address,
        "starttls": served.starttls,
        "protocol": served.protocol,
        "cipher": served.cipher,
        "refusal": served.refusal,
        "whole_chain": served.is_whole,
        "certificates": list(judged.numbers),
        "ordered": judged.is_ordered,
        "covered": judged.covered,
        "trusted": judged.chain is not None and judged.chain.trusted,
        "in_force": judged.in_force,
    }


def _build(leaf: bytes, sent: Sequence[bytes], now: datetime) -> Chain:
    """Return the path as a client of this machine finds it: with what was sent, and no more."""
    from sslutil.pki.chains import build_chain

    return build_chain(leaf, [pem for pem in sent if pem != leaf], (), [read_trust_store()], now)


def _is_ordered(served: Served, chain: Chain) -> bool:
    """Return whether each certificate is followed by the one that signed it, as TLS 1.2 demands (RFC 5246, 7.4.2)."""
    return served.chain[: len(chain.certificates)] == chain.certificates


def _tell_chain(judged: Judged) -> str:
    served, count = judged.served, len(judged.served.chain)
    if not served.is_whole:
        return "the server's own alone can be told by this version of Python"
    different = len(set(served.chain))
    words = f"{count} sent" if count != 1 else "1 sent, the server's own"
    words += f", {count - different} of them again" if different < count else ""
    words += f", {different - len(judged.numbers)} of them not readable" if len(judged.numbers) < different else ""
    return words if judged.is_ordered else f"{words}, OUT OF ORDER: strict clients refuse that"


def _tell_name(judged: Judged) -> str:
    asked = render_identity(judged.served.host)
    if judged.covered:
        return f"{asked} is covered"
    names = render_names(judged.leaf.facts.names) if judged.leaf else ""
    return f"{asked} is NOT COVERED; the certificate is for {names or 'no name'}"


def _tell_trust(judged: Judged) -> str:
    if judged.leaf is None or judged.chain is None:
        return ""
    missing = judged.chain.missing
    if judged.chain.trusted:
        return "the chain leads to a root that this machine trusts"
    if judged.leaf.facts.self_signed:
        return "signed by itself: only clients where it was installed take it"
    if missing and missing.unfit:
        return f"NOT TRUSTED: {missing.unfit[0].sentence}"
    if missing:
        return f'NOT TRUSTED: the chain ends at "{missing.name}", which was not sent, and which this machine lacks too'
    return f"NOT TRUSTED: {untrusted_warning(judged.chain)}"


def _tell_in_force(judged: Judged, belonging: Belonging) -> str:
    if judged.in_force is None:
        return ""
    number = belonging.situation.number
    if judged.in_force:
        return f"served = stored: it is the certificate of generation {number}, which is in force"
    return f"another certificate than that of generation {number}, which is in force"
