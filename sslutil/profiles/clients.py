"""Which clients a policy admits: three generations of them, as TLSRef names the oldest of each of its profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from sslutil.profiles.names import CIPHERS, GROUPS, PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterable

TLS13 = "TLSv1.3"
_AES_GCM_CIPHERSUITES = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"})
_OLDEST_GROUPS = frozenset({"prime256v1", "secp384r1"})
"""What every client with elliptic curves has; X25519 came to them later (Chrome 50, Java 13)."""
_RARE_CIPHERS = frozenset({"ECDHE-ECDSA-AES128-CCM", "ECDHE-ECDSA-AES256-CCM"})
"""What no browser has."""


class Offer(Protocol):
    """What counts of a policy: a profile has it, and so has the policy of a site."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names in PROTOCOLS."""

    @property
    def ciphers(self) -> tuple[str, ...]:
        """Names in CIPHERS."""

    @property
    def ciphersuites(self) -> tuple[str, ...]:
        """Names in CIPHERSUITES."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Names in GROUPS."""


class Generation(NamedTuple):
    """The oldest clients that one profile of TLSRef is for."""

    name: str
    """The profile's."""
    clients: tuple[str, ...]


# "oldest_clients" of TLSRef 6.0; of "old", which it no longer has, those of 5.8.
GENERATIONS: tuple[Generation, ...] = (
    Generation(
        "modern",
        ("Firefox 63", "Android 10.0", "Chrome 70", "Edge 75", "Java 11", "OpenSSL 1.1.1", "Opera 57", "Safari 12.1"),
    ),
    Generation(
        "intermediate",
        (
            "Firefox 31.3.0",
            "Android 4.4.2",
            "Chrome 49",
            "Edge 15 on Windows 10",
            "IE 11 on Windows 10",
            "Java 8u161",
            "OpenSSL 1.0.1l",
            "Opera 20",
            "Safari 9",
        ),
    ),
    Generation(
        "old",
        (
            "Firefox 1",
            "Android 2.3",
            "Chrome 1",
            "Edge 12",
            "IE8 on Windows XP",
            "Java 6",
            "OpenSSL 0.9.8",
            "Opera 5",
            "Safari 1",
        ),
    ),
)
"""The newest clients first."""


class Reach(NamedTuple):
    """Whether a policy admits one generation."""

    generation: Generation
    admitted: Literal["all", "some", "none"]
    why: str = ""
    """Half a sentence where it is not all."""


def find_usable(offer: Offer, authentication: str | None, newest: str = "TLSv1.2") -> tuple[str, ...]:
    """Return the suites of TLS 1.2 and below that a kind of key can use, where `newest` is what the client speaks.

    `authentication` is that of the key type, None for keys of TLS 1.3 alone.
    """
    spoken = [one for one in offer.protocols if PROTOCOLS.index(one) <= min(PROTOCOLS.index(newest), 2)]
    if not spoken:
        return ()
    best = PROTOCOLS.index(max(spoken, key=PROTOCOLS.index))
    return tuple(name for name in offer.ciphers if _fits(name, authentication, best, offer.groups))


def _fits(name: str, authentication: str | None, best: int, groups: Iterable[str]) -> bool:
    row = CIPHERS[name]
    agrees = row.key_exchange == "RSA" or any(not GROUPS[group].hybrid for group in groups)
    return row.authentication == authentication and PROTOCOLS.index(row.protocol) <= best and agrees


def find_empty_protocols(offer: Offer, authentication: str | None) -> tuple[str, ...]:
    """Return the protocols before TLS 1.3 that are on and have no suite that the key can use: no client gets them."""
    older = (name for name in offer.protocols if name != TLS13)
    return tuple(name for name in older if not find_usable(offer, authentication, name))


def find_reach(offer: Offer, authentication: str | None) -> tuple[Reach, ...]:
    """Return whether each generation gets in with a kind of key, the newest first."""
    modern, intermediate, old = GENERATIONS
    return (
        Reach(modern, *(_judge_modern(offer) or _judge_intermediate(offer, authentication))),
        Reach(intermediate, *_judge_intermediate(offer, authentication)),
        Reach(old, *_judge_old(offer, authentication)),
    )


_Verdict = tuple[Literal["all", "some", "none"], str]
_ALL: _Verdict = ("all", "")


def _judge_modern(offer: Offer) -> _Verdict | None:
    """Judge clients that speak TLS 1.3, and do so where it is offered; None where it is not."""
    if TLS13 not in offer.protocols:
        return None
    if not _OLDEST_GROUPS & set(offer.groups):
        return "some", "some have neither a curve nor a hybrid of the list"
    if not _AES_GCM_CIPHERSUITES & set(offer.ciphersuites):
        return "some", "some have no suite of the list but those with AES-GCM"
    return _ALL


def _judge_intermediate(offer: Offer, authentication: str | None) -> _Verdict:
    usable = [name for name in find_usable(offer, authentication) if name not in _RARE_CIPHERS]
    if not [one for one in offer.protocols if one != TLS13]:
        return "none", "they have no TLS 1.3"
    if not usable:
        return "none", "the list has no suite that they and the key can use"
    if "TLSv1.2" not in offer.protocols:
        return "some", "those that still speak less than TLS 1.2"
    curve = _OLDEST_GROUPS & set(offer.groups) or all(CIPHERS[name].key_exchange == "RSA" for name in usable)
    first = f"ECDHE-{str(authentication).upper()}-AES128-GCM-SHA256"
    if first not in usable:
        return "some", f"those that have more than {first}"
    return _ALL if curve else ("some", "those that have more than the curves prime256v1 and secp384r1")


def _judge_old(offer: Offer, authentication: str | None) -> _Verdict:
    if "TLSv1" not in offer.protocols:
        return "none", "they have no more than TLS 1.0"
    usable = find_usable(offer, authentication, "TLSv1")
    if not usable:
        return "none", "the list has no suite that they and the key can use"
    if authentication != "rsa":
        return "some", "the oldest take an RSA key only"
    if "AES128-SHA" not in usable or "DES-CBC3-SHA" not in usable:
        return "some", "those that have more than AES128-SHA and DES-CBC3-SHA"
    return "some", "IE8 on Windows XP only where OpenSSL was built with weak suites"
