"""The chain of a certificate, completed from the registry, this machine and its issuers; and the sentences of it."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from sslutil.errors import IssuerError, MaterialError, SslutilError
from sslutil.host.trust_store import read_trust_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sslutil.facts import Chain, LeftOut
    from sslutil.steps.run import Run
    from sslutil.wire.fetch import Errand

_MOST_NAMED = 5
"""Certificates named one by one in a sentence."""
_WHY_DROPPED = {
    "root": "the root, of which clients have their own copy",
    "duplicate": "given more than once",
    "spare": "others lead to a root that is trusted or nearer",
    "stranger": "it signed nothing in this chain",
}


def complete(  # noqa: PLR0913  what came, where else it may be, and what is allowed
    run: Run,
    leaf: bytes,
    given: Sequence[bytes],
    *,
    fetch: bool,
    allow_private: bool,
    pool: Sequence[bytes],
) -> Chain:
    """Return the chain of a certificate: from what was given, then from `pool` and this machine's trust store.

    With `fetch` what is missing is fetched from where the certificates say, in at most four steps and ten seconds;
    what comes is taken only if it really signed. A chain that lacks an issuer still says so in `missing`, why it could
    not be fetched included. Raises MaterialError where clients would refuse an issuer: expired, weak, no authority.
    """
    from sslutil.pki.chains import build_chain, judge_issuers

    build = partial(build_chain, leaf, given, pool, [read_trust_store()], run.clock())
    chain = build()
    if fetch and chain.missing:
        from sslutil.wire.fetch import Errand

        chain = _fetch_missing(lambda fetched: build(fetched=fetched), chain, Errand(allow_private=allow_private))
    judge_issuers(chain)
    return chain


def _fetch_missing(build: Callable[[Sequence[bytes]], Chain], chain: Chain, errand: Errand) -> Chain:
    """Return the chain with what could be fetched; in its `missing` why that was not all."""
    fetched: list[bytes] = []
    faults: list[str] = []
    tried: set[str] = set()
    while chain.missing:
        address = next((url for url in chain.missing.addresses if url not in tried), None)
        if address is None:
            break
        tried.add(address)
        try:
            fetched += _fetch_certificates(errand, address)
        except SslutilError as fault:
            faults.append(fault.message)
            continue
        longer = build(fetched)
        if longer.missing and longer.missing.signed == chain.missing.signed and not longer.missing.unfit:
            faults.append(f"what {address} gave is not that certificate")
        chain = longer
    if chain.missing is None:
        return chain
    why = "; ".join(faults) or f'"{chain.missing.signed}" names no http address of it'
    return chain._replace(missing=chain.missing._replace(fault=why))


def _fetch_certificates(errand: Errand, address: str) -> list[bytes]:
    """Return the certificates that an address gives, in whichever form."""
    from sslutil.steps.intake import read_intake_bytes
    from sslutil.wire.fetch import fetch_issuer

    intake = read_intake_bytes(fetch_issuer(address, errand), address)
    return [piece.pem for piece in intake.certificates]


def missing_sentence(chain: Chain) -> str:
    """Return what a chain lacks, what that means, and what helps; an empty string where it lacks nothing."""
    missing = chain.missing
    if missing is None:
        return ""
    identifier = f" (key identifier {_render_hexadecimal(missing.key_identifier)})" if missing.key_identifier else ""
    lack = f'the certificate of "{missing.name}"{identifier}, which signed "{missing.signed}", is missing'
    means = "clients that don't have it will refuse the chain"
    if not missing.of_leaf:
        means = f"unless it is the root, {means}"
    tried = f", and {missing.fault}" if missing.fault else ""
    offer = f", or take it from {missing.addresses[0]} with --fetch" if missing.addresses and not tried else ""
    return f"{lack}{tried}; {means}: give the authority's chain file too{offer}"


def missing_error(chain: Chain) -> SslutilError:
    """Return the error of a chain that lacks an issuer; where --fetch could help and was not tried, it is the cure."""
    error = IssuerError if chain.missing and chain.missing.fault else MaterialError
    fault = error(missing_sentence(chain))
    offered = error is MaterialError and chain.missing and chain.missing.addresses
    return fault.cured_with("--fetch") if offered else fault


def untrusted_warning(chain: Chain) -> str:
    """Return the warning of a chain whose root this machine does not trust; an empty string where it does.

    A chain without a root has another sentence: it lacks an issuer, or is a self-signed certificate.
    """
    if chain.trusted or chain.root is None:
        return ""
    fact = f'the chain ends at the root "{chain.root.subject}" (to {chain.root.not_valid_after:%Y-%m-%d})'
    return f"{fact}, which this machine does not trust: only clients where it is installed will take the certificate"


def dropped_sentences(chain: Chain) -> tuple[str, ...]:
    """Return a sentence for each reason for which certificates that were given are not served, and what they are."""
    by_reason = sorted(chain.dropped, key=lambda left: left.reason)  # stable: in the order in which they came
    groups = groupby(by_reason, key=lambda left: (left.reason, left.sentence))
    return tuple(sentence or _tell_dropped(reason, list(group)) for (reason, sentence), group in groups)


def taken_sentences(chain: Chain) -> tuple[str, ...]:
    """Return a sentence for the intermediates that were not given, by where they are from."""
    own = _render(facts.subject for facts in chain.taken)
    fetched = _render(facts.subject for facts in chain.fetched)
    return (
        *((f"took {own} from what this registry and this machine have",) if own else ()),
        *((f"fetched {fetched} from its issuer's address",) if fetched else ()),
    )


def _tell_dropped(reason: str, group: Sequence[LeftOut]) -> str:
    return f"left out {_render(left.facts.subject for left in group)}: {_WHY_DROPPED[reason]}"


def _render(subjects: Iterable[str]) -> str:
    """Return the subjects, each once, in quotes; of many the first and how many there are."""
    quoted = [f'"{subject}"' for subject in dict.fromkeys(subjects)]
    more = len(quoted) - _MOST_NAMED
    return ", ".join(quoted[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _render_hexadecimal(text: str) -> str:
    """Return the identifier as openssl and certtool print it: "AB:CD"."""
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2)).upper()
