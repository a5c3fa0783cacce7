"""Decisions, each at both sides of its boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.facts import CertificateFacts, KeyFacts
from sslutil.names import Identity, parse_identities
from sslutil.plan import (
    OLDEST_OPENSSL,
    due_at,
    find_changes,
    lifetime_days,
    make_policy,
    parse_version,
    plan_material,
    refuse_dropped,
    refuse_vanished,
    render_setting,
    split_groups,
)
from sslutil.profiles import GROUPS, PROFILES
from sslutil.site import Site, change

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = ["mail.example.org", "*.example.org"]
SITE = change(Site(), {"site.names": NAMES, "certificate.lifetime": 100, "certificate.renew_at": 0.5})
SERVED = CertificateFacts(
    names=parse_identities(NAMES),
    subject="CN=mail.example.org",
    issuer="CN=mail.example.org",
    serial_number=1,
    not_valid_before=START,
    not_valid_after=START + timedelta(days=100, seconds=-1),
    fingerprint="ab",
    key=KeyFacts("p256", "cd"),
    self_signed=True,
)
DUE = START + timedelta(days=50, seconds=-0.5)


class TestMaterial:
    """Whether a key or a certificate is made."""

    def test_nothing(self) -> None:
        """A certificate that is as wished and not due stays."""
        decided = plan_material(SITE, SERVED, START)

        assert (False, False, ()) == (decided.new_key, decided.new_certificate, decided.why)

    @pytest.mark.parametrize(
        ("now", "due"), [(DUE - timedelta(seconds=1), False), (DUE, True), (DUE + timedelta(days=99), True)]
    )
    def test_due(self, now: datetime, due: bool) -> None:  # noqa: FBT001  a parameter of the test
        """It is renewed from the moment on which its fraction is spent, over the same key, and not a second before."""
        decided = plan_material(SITE, SERVED, now)

        assert (False, due) == (decided.new_key, decided.new_certificate)
        assert (("renewal is due",) if due else ()) == decided.why

    def test_first(self) -> None:
        """Where nothing is served both are made; over a key that a request has, the certificate alone."""
        assert (True, True, ("first certificate",)) == plan_material(SITE, None, START)
        assert (False, True, ("first certificate",)) == plan_material(SITE, None, START, has_key=True)

    @pytest.mark.parametrize(
        ("edits", "why", "new_key"),
        [
            ({"certificate.key_type": "p384"}, "key type: p256 → p384", True),
            ({"certificate.lifetime": 99}, "lifetime differs", False),
            ({"certificate.lifetime": 101}, "lifetime differs", False),
            ({"site.names": [*NAMES, "imap.example.net"]}, "names differ", False),
            ({"site.names": NAMES[:1]}, "names differ", False),
            ({"site.names": NAMES[::-1]}, "names differ", False),
        ],
    )
    def test_other_wishes(self, edits: dict[str, Any], why: str, new_key: bool) -> None:  # noqa: FBT001
        """Other wishes make another certificate; only another type makes another key. The order of names counts."""
        assert (new_key, True, (why,)) == plan_material(change(SITE, edits), SERVED, START)

    @pytest.mark.parametrize(
        "edits", [{"site.https_port": 8443}, {"tls.profile": "modern"}, {"site.names": ["MAIL.example.org", NAMES[1]]}]
    )
    def test_wishes_that_a_certificate_does_not_know(self, edits: dict[str, Any]) -> None:
        """What is not in a certificate, or only another spelling, makes none."""
        assert not plan_material(change(SITE, edits), SERVED, START).new_certificate

    @pytest.mark.parametrize(
        ("asked", "new_key", "why"),
        [
            ({"force": True}, False, ("early renewal asked for",)),
            ({"new_key": True}, True, ("new key asked for",)),
            ({"new_key": True, "force": True}, True, ("new key asked for", "early renewal asked for")),
        ],
    )
    def test_asked_for(self, asked: dict[str, Any], new_key: bool, why: tuple[str, ...]) -> None:  # noqa: FBT001
        """A renewal keeps the key unless a new one is asked for, and either makes a certificate."""
        assert (new_key, True, why) == plan_material(SITE, SERVED, START, **asked)

    def test_forced_when_due(self) -> None:
        """Whoever forces what is due already is told that it was due."""
        assert ("renewal is due",) == plan_material(SITE, SERVED, DUE, force=True).why

    def test_every_reason(self) -> None:
        """Several reasons are all told."""
        wishes = change(
            SITE, {"certificate.key_type": "rsa2048", "certificate.lifetime": 7, "site.names": ["a.example"]}
        )

        assert 4 == len(plan_material(wishes, SERVED, DUE).why)

    @given(st.integers(1, 825), st.floats(0.1, 0.95))
    def test_renewed_certificate_is_not_due(self, days: int, renew_at: float) -> None:
        """A certificate of any lifetime, made now, is not due now: renewing twice in a row changes nothing."""
        begin = START - timedelta(hours=1)
        fresh = SERVED._replace(not_valid_before=begin, not_valid_after=begin + timedelta(days=days, seconds=-1))
        site = change(SITE, {"certificate.lifetime": days, "certificate.renew_at": renew_at})

        assert days == lifetime_days(fresh)
        assert not plan_material(site, fresh, START).new_certificate
        assert begin < due_at(fresh, renew_at) < fresh.not_valid_after


class TestChanges:
    """What differs between two sites, in words."""

    def test_none(self) -> None:
        """A site differs in nothing from itself."""
        assert () == find_changes(SITE, SITE)

    def test_order(self) -> None:
        """Changes come in the order of the file, with both values."""
        after = change(SITE, {"deploy.keep": 3, "site.enabled": False, "site.names": ["bücher.example"]})

        assert [
            "site.names: mail.example.org, *.example.org → bücher.example",
            "site.enabled: true → false",
            "deploy.keep: 10 → 3",
        ] == [each.words for each in find_changes(SITE, after)]

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("", "none"),
            ((), "none"),
            (0, "0"),
            (False, "false"),
            (0.67, "0.67"),
            (("a", "b"), "a, b"),
            (Identity("ip", "2001:db8::1"), "2001:db8::1"),
            ((("apache", "2.4.62"),), "apache, 2.4.62"),
        ],
    )
    def test_values(self, value: object, words: str) -> None:
        """Each kind of value is told in words, emptiness too."""
        assert words == render_setting(value)


class TestVanished:
    """A half-saved file must not lose its second half in silence."""

    BEFORE = change(SITE, {"site.https_port": 8443})
    EXPLICIT = ("site.https_port", "site.http_port")

    def test_lost(self) -> None:
        """A key that stood there and would have another effect by its absence is asked for, by name and value."""
        with pytest.raises(SiteError, match=r"^https_port was 8443 and is now absent from \[site\]") as refused:
            refuse_vanished(self.EXPLICIT, frozenset({"site.http_port"}), find_changes(self.BEFORE, SITE))
        assert "site.https_port" == refused.value.key

    def test_same_effect(self) -> None:
        """A key whose absence means the same may go."""
        refuse_vanished(self.EXPLICIT, frozenset({"site.https_port"}), find_changes(self.BEFORE, self.BEFORE))

    def test_changed(self) -> None:
        """A key that still stands there may change."""
        refuse_vanished(self.EXPLICIT, frozenset(self.EXPLICIT), find_changes(self.BEFORE, SITE))

    def test_never_written(self) -> None:
        """A key that never stood in the file, and differs by a new default, is not asked for."""
        refuse_vanished((), frozenset(), find_changes(self.BEFORE, SITE))


class TestDropped:
    """A name in use is not dropped unasked."""

    CURE = ("sslutil", "apply", "--replace")

    @pytest.mark.parametrize("wanted", [NAMES, NAMES[::-1], [*NAMES, "new.example.org"]])
    def test_kept(self, wanted: list[str]) -> None:
        """Other names may come, in any order, as long as none goes."""
        refuse_dropped(SERVED.names, parse_identities(wanted), self.CURE)

    def test_dropped(self) -> None:
        """Each name that goes is named, in both spellings, with the command that does it all the same."""
        served = parse_identities(["a.example", "bücher.example", "c.example"])
        with pytest.raises(
            SiteError, match=r"^bücher.example \(xn--bcher-kva.example\), c.example would no"
        ) as refused:
            refuse_dropped(served, served[:1], self.CURE)
        assert "sslutil apply --replace" in refused.value.hint

    def test_covered_by_a_wildcard(self) -> None:
        """A name that only a wildcard would cover is dropped all the same: a person decides."""
        with pytest.raises(SiteError, match=r"^mail\.example\.org would no longer be covered"):
            refuse_dropped(SERVED.names, SERVED.names[1:], self.CURE)


class TestGroups:
    """Which key agreements a version of OpenSSL loads."""

    @pytest.mark.parametrize("groups", [row.groups for row in PROFILES.values()], ids=list(PROFILES))
    @pytest.mark.parametrize("openssl", [(1, 1, 1), (3, 0, 17), (3, 4, 9), (3, 5), (3, 5, 0), (4, 0, 0)])
    def test_split(self, groups: tuple[str, ...], openssl: tuple[int, ...]) -> None:
        """Nothing is lost, the order stays, and what is loaded is what that version knows."""
        loaded, unknown = split_groups(groups, openssl)

        assert sorted(groups) == sorted(loaded + unknown)
        assert [group for group in groups if GROUPS[group].since <= openssl] == list(loaded)
        assert loaded

    @pytest.mark.parametrize(("openssl", "hybrid"), [((3, 4, 9), False), ((3, 5, 0), True)])
    def test_hybrid(self, openssl: tuple[int, ...], hybrid: bool) -> None:  # noqa: FBT001
        """The hybrid of OpenSSL 3.5 is loaded from that version on, and one release before is left out."""
        loaded, unknown = split_groups(("X25519MLKEM768", "X25519"), openssl)

        assert hybrid is ("X25519MLKEM768" in loaded)
        assert hybrid is not ("X25519MLKEM768" in unknown)

    def test_oldest(self) -> None:
        """Every profile has a group that the oldest OpenSSL loads."""
        assert all(split_groups(row.groups, OLDEST_OPENSSL)[0] for row in PROFILES.values())

    def test_version(self) -> None:
        """Versions are compared as numbers, never as texts."""
        assert parse_version("3.0.9") < parse_version("3.0.17") < parse_version("3.5")


class TestPolicy:
    """The policy before any dialect."""

    @pytest.mark.parametrize("name", PROFILES)
    def test_profile(self, name: str) -> None:
        """A profile's policy is the profile's rows."""
        row = PROFILES[name]
        policy = make_policy(change(SITE, {"tls.profile": name}))

        assert (row.protocols, row.ciphers, row.ciphersuites, row.groups) == policy[:4]
        assert (row.prefer_server_ciphers, row.session_tickets) == policy[4:]

    def test_custom(self) -> None:
        """One's own lists are the policy, as they are, with the server's own preferences off."""
        lists = {
            "tls.profile": "custom",
            "tls.protocols": ["TLSv1.3"],
            "tls.ciphersuites": ["TLS_AES_256_GCM_SHA384"],
            "tls.groups": ["P-384"],
        }

        assert (("TLSv1.3",), (), ("TLS_AES_256_GCM_SHA384",), ("secp384r1",), False, False) == make_policy(
            change(SITE, lists)
        )


def test_protocols_of_a_custom_policy_are_in_order() -> None:
    """Whatever order they are written in: servers take the first as the lowest and the last as the highest."""
    lists = {
        "tls.profile": "custom",
        "tls.protocols": ["TLSv1.3", "TLSv1.2"],
        "tls.ciphersuites": ["TLS_AES_128_GCM_SHA256"],
    }
    others = {"tls.ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"], "tls.groups": ["X25519"]}
    assert ("TLSv1.2", "TLSv1.3") == make_policy(change(Site(), lists | others)).protocols
