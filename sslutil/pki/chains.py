"""From a server's certificate to a root: by names, key identifiers and signatures, never by the order of what came."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError
from sslutil.facts import Chain, LeftOut, MissingIssuer
from sslutil.pki.leaf import render_time
from sslutil.pki.links import ORIGINS, Link, find_fault, read_links
from sslutil.pki.refusals import refuse, render_refusal
from sslutil.pki.strength import find_weak_key, find_weak_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sslutil.facts import CertificateFacts
    from sslutil.pki.links import Origin

DEEPEST = 10
"""Certificates of a path at most, the root included; GnuTLS gives up at 16, and no authority has more than 5."""
MOST_SIGNATURES = 500
"""Signatures verified at most for one chain: lookalikes cost 0.1 ms each, and somebody may send thousands."""
MOST_PATHS = 200


class _Path(NamedTuple):
    """One way up from the server's certificate."""

    links: tuple[Link, ...]

    @property
    def top(self) -> Link:
        """The last one."""
        return self.links[-1]

    @property
    def root(self) -> Link | None:
        """Its self-signed end, which is not the server's own certificate."""
        return self.top if len(self.links) > 1 and self.top.self_signed else None

    @property
    def served(self) -> tuple[Link, ...]:
        """What a server sends."""
        return self.links[:-1] if self.root else self.links


class _Search:
    """The certificates at hand, and the ways up through them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.links: dict[bytes, Link] = {}
        self.unfit: dict[bytes, dict[bytes, LeftOut]] = defaultdict(dict)
        """Who did sign the certificate, and can't be served or trusted; by the DER of both."""
        self._by_subject: dict[bytes, list[Link]] = defaultdict(list)
        self._issuers: dict[bytes, list[Link]] = {}
        self._signatures = MOST_SIGNATURES

    def add(self, texts: Iterable[bytes], origin: Origin) -> list[Link]:
        """Take in the certificates of PEM texts; return them in their order, duplicates included."""
        came = [self._known(link) for text in texts for link in read_links(text)]
        for link in came:
            link.origins.add(origin)
        return came

    def _known(self, link: Link) -> Link:
        known = self.links.setdefault(link.der, link)
        if known is link:
            self._by_subject[link.subject].append(link)
        return known

    def find_paths(self, links: tuple[Link, ...]) -> Iterator[_Path]:
        """Yield each way up that can't go further."""
        top, ended = links[-1], True
        for issuer in () if top.self_signed else self._find_issuers(top):
            if len(links) >= DEEPEST or any(link.holder == issuer.holder for link in links):
                continue
            fault = find_fault(issuer, links, self.now)
            if fault:
                self.unfit[top.der][issuer.der] = LeftOut(issuer.facts, fault, _tell(fault, issuer, top))
                continue
            ended = False
            yield from self.find_paths((*links, issuer))
        if ended:
            yield _Path(links)

    def _find_issuers(self, link: Link) -> list[Link]:
        """Return those who really signed a certificate; the likely ones, and our own, are asked first."""
        if link.der not in self._issuers:
            fitting = [candidate for candidate in self._by_subject[link.issuer] if link.may_be_issued_by(candidate)]
            self._issuers[link.der] = [
                issuer for issuer in sorted(fitting, key=_rank_issuer) if self._signed(link, issuer)
            ]
        return self._issuers[link.der]

    def _signed(self, link: Link, issuer: Link) -> bool:
        self._signatures -= 1
        return self._signatures >= 0 and link.is_issued_by(issuer)


def _tell(fault: str, issuer: Link, signed: Link) -> str:
    """Return the sentence of REFUSALS for an issuer that clients would refuse."""
    weakness = ""
    if issuer.certificate and fault == "issuer-weak-key":
        weakness = find_weak_key(issuer.certificate.public_key())
    elif issuer.certificate and fault == "issuer-weak-signature":
        weakness = find_weak_signature(issuer.certificate)
    return render_refusal(
        fault,
        issuer=f'"{issuer.subject_text}"',
        signed=f'"{signed.subject_text}"',
        begin=render_time(issuer.facts.not_valid_before),
        end=render_time(issuer.facts.not_valid_after),
        weakness=weakness,
    )


def judge_issuers(chain: Chain) -> None:
    """Raise MaterialError where a chain lacks an issuer because that is one which clients refuse."""
    if chain.missing and chain.missing.unfit:
        raise MaterialError(chain.missing.unfit[0].sentence)


def _rank_issuer(issuer: Link) -> tuple[bool, int]:
    return not issuer.subject_key_identifier, min(ORIGINS.index(origin) for origin in issuer.origins)


def build_chain(  # noqa: PLR0913  each place where a certificate may be
    leaf: bytes,
    given: Sequence[bytes],
    pool: Sequence[bytes],
    anchors: Sequence[bytes],
    now: datetime,
    *,
    fetched: Sequence[bytes] = (),
) -> Chain:
    """Return the best chain for a server's certificate, all in PEM texts of one or more certificates each.

    What the authority sent is `given`; `pool` and `fetched` complete it; `anchors` is what this machine trusts. Of
    several paths the best is one that ends at a valid root of the anchors, or at any root, that uses the most of what
    was given (an authority sends a cross-certificate for clients older than this machine), and the shortest of those.
    Authorities that clients would refuse at `now` are never used: the chain then lacks an issuer, and
    `judge_issuers` tells why. Raises MaterialError where the leaf can't be read.
    """
    search = _Search(now)
    own = next(read_links(leaf), None)
    if own is None or own.certificate is None:
        raise refuse("unreadable", place="the answer")
    search.add(anchors, "store")
    search.add(pool, "pool")
    search.add(fetched, "fetched")
    came = search.add(given, "given")
    own = search.links.get(own.der, own)
    paths = list(islice(search.find_paths((own,)), MOST_PATHS))
    best = max(paths, key=lambda path: _rank(path, now))
    root = best.root
    return Chain(
        certificates=tuple(link.pem for link in best.served),
        root=root.facts if root else None,
        trusted=_is_trusted(best, now),
        dropped=tuple(_find_dropped(search, paths, best, came)),
        taken=_select(best, {"store", "pool"}),
        fetched=_select(best, {"fetched"}),
        missing=None if best.top.self_signed else _describe_missing(search, best),
    )


def _rank(path: _Path, now: datetime) -> tuple[bool, bool, bool, int, int, int]:
    above = path.served[1:]
    given = sum("given" in link.origins for link in above)
    pooled = sum("pool" in link.origins for link in above)
    closed = path.top.self_signed
    return _is_trusted(path, now), closed, closed and _is_valid(path.top, now), given, -len(above), pooled


def _is_trusted(path: _Path, now: datetime) -> bool:
    """Return whether it reaches what this machine trusts: a root, or an intermediate that was installed as one."""
    return any("store" in link.origins and _is_valid(link, now) for link in path.links)


def _is_valid(link: Link, now: datetime) -> bool:
    return link.facts.not_valid_before <= now <= link.facts.not_valid_after


def _select(path: _Path, origins: set[str]) -> tuple[CertificateFacts, ...]:
    chosen = (link for link in path.served[1:] if "given" not in link.origins)
    return tuple(link.facts for link in chosen if _origin(link) in origins)


def _origin(link: Link) -> str:
    return next(origin for origin in ORIGINS if origin in link.origins)


def _find_dropped(search: _Search, paths: Sequence[_Path], best: _Path, came: Sequence[Link]) -> Iterator[LeftOut]:
    served = {link.der for link in best.served}
    usable = {link.der for path in paths for link in path.links}
    faults = {der: left for unfit in search.unfit.values() for der, left in unfit.items()}
    seen = {best.links[0].der}
    for link in came:
        if link.der in seen:
            yield LeftOut(link.facts, "duplicate")
        elif link.der not in served:
            fault = faults.get(link.der, LeftOut(link.facts, "spare" if link.der in usable else "stranger"))
            yield LeftOut(link.facts, "root") if link is best.root else fault
        seen.add(link.der)


def _describe_missing(search: _Search, path: _Path) -> MissingIssuer:
    top = path.top
    return MissingIssuer(
        name=top.issuer_text,
        key_identifier=top.authority_key_identifier.hex(),
        addresses=top.issuer_addresses,
        signed=top.subject_text,
        of_leaf=len(path.links) == 1,
        unfit=tuple(search.unfit[top.der].values()),
    )
