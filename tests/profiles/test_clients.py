"""Which clients a policy admits, by generation and kind of key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.facts import Policy
from sslutil.profiles import PROFILES, PROTOCOLS
from sslutil.profiles.clients import GENERATIONS, find_empty_protocols, find_reach, find_usable

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERMEDIATE = PROFILES["intermediate"]


def policy(**lists: tuple[str, ...]) -> Policy:
    """Return intermediate with other lists."""
    own: Mapping[str, tuple[str, ...]] = {name: getattr(INTERMEDIATE, name) for name in Policy._fields[:4]} | lists
    return Policy(**own, prefer_server_ciphers=False, session_tickets=False)


def admitted(offer: Policy, authentication: str | None) -> tuple[str, ...]:
    """Return the verdict on each generation, the newest clients first."""
    reaches = find_reach(offer, authentication)
    assert all(bool(reach.why) is (reach.admitted != "all") for reach in reaches)
    return tuple(reach.admitted for reach in reaches)


@pytest.mark.parametrize(
    ("profile", "authentication", "expected"),
    [
        ("modern", "ecdsa", ("all", "none", "none")),
        ("modern", None, ("all", "none", "none")),
        ("intermediate", "ecdsa", ("all", "all", "none")),
        ("intermediate", "rsa", ("all", "all", "none")),
        ("intermediate", None, ("all", "none", "none")),
        ("old", "rsa", ("all", "all", "some")),
        ("old", "ecdsa", ("all", "all", "some")),
        ("bsi", "rsa", ("all", "all", "none")),
        ("nist", "ecdsa", ("all", "all", "none")),
        ("ncsc-nl", "rsa", ("all", "all", "none")),
    ],
)
def test_profiles(profile: str, authentication: str | None, expected: tuple[str, ...]) -> None:
    """Each profile of TLSRef admits the clients that it is for; an authority's those of intermediate."""
    row = PROFILES[profile]
    assert expected == admitted(policy(**{name: getattr(row, name) for name in Policy._fields[:4]}), authentication)


@pytest.mark.parametrize(
    ("lists", "authentication", "expected"),
    [
        ({"ciphers": ("ECDHE-RSA-AES128-GCM-SHA256",)}, "ecdsa", ("all", "none", "none")),
        ({"ciphers": ("ECDHE-ECDSA-AES256-GCM-SHA384",)}, "ecdsa", ("all", "some", "none")),
        ({"ciphers": ("ECDHE-ECDSA-AES128-CCM",)}, "ecdsa", ("all", "none", "none")),
        ({"groups": ("X25519",)}, "ecdsa", ("some", "some", "none")),
        ({"groups": ("X25519MLKEM768",)}, "ecdsa", ("some", "none", "none")),
        ({"ciphersuites": ("TLS_CHACHA20_POLY1305_SHA256",)}, "ecdsa", ("some", "all", "none")),
        ({"protocols": ("TLSv1.2",)}, "rsa", ("all", "all", "none")),
        ({"protocols": ("TLSv1", "TLSv1.1"), "ciphers": ("AES128-SHA",)}, "rsa", ("some", "some", "some")),
        ({"protocols": PROTOCOLS}, "rsa", ("all", "all", "none")),
    ],
)
def test_lists_of_ones_own(lists: dict[str, tuple[str, ...]], authentication: str, expected: tuple[str, ...]) -> None:
    """What a generation needs and the list lacks is told, in part where it is in part."""
    assert expected == admitted(policy(**lists), authentication)


def test_usable() -> None:
    """Suites are for one kind of key, from the protocol on that has them, and the elliptic ones need a curve."""
    older = policy(protocols=PROTOCOLS, ciphers=("AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA"))

    assert older.ciphers == find_usable(older, "rsa")
    assert ("AES128-SHA", "ECDHE-RSA-AES128-SHA") == find_usable(older, "rsa", "TLSv1.1")
    assert () == find_usable(older, "ecdsa") == find_usable(older, None)
    assert ("AES128-SHA",) == find_usable(older._replace(groups=("X25519MLKEM768",)), "rsa", "TLSv1")


def test_empty_protocols() -> None:
    """A protocol that is on and that no client gets is named."""
    assert ("TLSv1", "TLSv1.1") == find_empty_protocols(policy(protocols=PROTOCOLS), "rsa")
    assert ("TLSv1.2",) == find_empty_protocols(policy(), None)
    assert () == find_empty_protocols(policy(), "ecdsa")


def test_generations() -> None:
    """Each is named after a profile of TLSRef, the newest first."""
    assert ["modern", "intermediate", "old"] == [one.name for one in GENERATIONS]
    assert [8, 9, 9] == [len(set(one.clients)) for one in GENERATIONS]
