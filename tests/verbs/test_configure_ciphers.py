"""configure ciphers: profiles, lists of one's own, guidelines from files, and the two questions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.documents.site_file import parse_site
from sslutil.errors import SiteError, SslutilError, UsageError
from sslutil.profiles import CIPHERS, CIPHERSUITES, GROUPS, PROFILES
from sslutil.verbs import follow, self_sign
from sslutil.verbs.configure_ciphers import Request, configure_ciphers
from tests.profiles.guidelines import document, write_guideline
from tests.server.made import make_pair
from tests.verbs.conftest import BIRTH, NAME

if TYPE_CHECKING:
    from pathlib import Path

    from sslutil.site import TlsTable
    from tests.verbs.conftest import At

ECDSA_ONLY = ("ECDHE-ECDSA-AES128-GCM-SHA256",)
RSA_ONLY = ("ECDHE-RSA-AES128-GCM-SHA256",)


def tls_of(registry: Path) -> TlsTable:
    """Return [tls] of site.toml."""
    path = registry / "site.toml"
    return parse_site(path.read_bytes(), str(path)).site.tls


def lines_of(answer: Any) -> dict[str, str]:  # noqa: ANN401  an Answer
    """Return its lines by label."""
    return dict(answer.lines)


class TestProfile:
    """A policy by its name."""

    @pytest.mark.parametrize("profile", [name for name in PROFILES if name != "intermediate"])
    def test_each(self, at: At, born: Path, profile: str) -> None:
        """Each is written, once, and the lists stay empty."""
        answer = configure_ciphers(at(), Request(profile))

        assert (True, "changed the TLS policy") == (answer.changed, answer.headline)
        assert (profile, ()) == (tls_of(born).profile, tls_of(born).ciphers)
        assert not configure_ciphers(at(), Request(profile)).changed

    def test_unknown(self, at: At, born: Path) -> None:
        """What is no profile is answered with the one that was meant."""
        with pytest.raises(
            UsageError, match=r"--profile is one of modern, .*, not 'modren'; did you mean modern"
        ) as fault:
            configure_ciphers(at(), Request("modren"))
        assert ("modren", ("modern",)) == (fault.value.typed, fault.value.near)
        assert "intermediate" == tls_of(born).profile

    def test_lists_go(self, at: At, born: Path) -> None:
        """Whoever goes back to a profile leaves lists, order and source behind."""
        configure_ciphers(at(), Request("strict", guideline=str(write_guideline(born.parent))))
        assert tls_of(born).prefer_server_ciphers

        configure_ciphers(at(), Request("nist"))

        tls = tls_of(born)
        assert ("nist", (), (), (), ()) == (tls.profile, tls.protocols, tls.ciphers, tls.ciphersuites, tls.groups)
        assert (False, "") == (tls.prefer_server_ciphers, tls.guideline)

    @pytest.mark.parametrize(("profile", "warned"), [("bsi", True), ("ncsc-nl", True), ("nist", False)])
    def test_short_key(self, at: At, born: Path, profile: str, warned: bool) -> None:  # noqa: FBT001
        """A guideline that is giving up the site's key type says so."""
        self_sign.self_sign(at(), self_sign.Request(key_type="rsa2048"))
        assert born.is_dir()

        warnings = configure_ciphers(at(), Request(profile)).warnings

        sentence = f"the guideline of profile {profile} is giving up keys of RSA 2048: choose another type"
        assert warned is (sentence in warnings)

    def test_nothing_chosen(self, at: At, born: Path) -> None:
        """Without a choice there are three ways on."""
        with pytest.raises(UsageError, match=r"^nothing is chosen") as fault:
            configure_ciphers(at(), Request())
        assert 3 == len(fault.value.hint.splitlines())
        assert born.is_dir()


class TestLists:
    """A policy of one's own."""

    def test_the_rest_stays(self, at: At, born: Path) -> None:
        """Options change their list alone; the others are those of the present policy."""
        configure_ciphers(at(), Request(groups=("P-256", "GROUP-X25519", "secp256r1")))

        tls, intermediate = tls_of(born), PROFILES["intermediate"]
        assert ("custom", ("prime256v1", "X25519")) == (tls.profile, tls.groups)
        assert (intermediate.protocols, intermediate.ciphers) == (tls.protocols, tls.ciphers)
        assert intermediate.ciphersuites == tls.ciphersuites

        configure_ciphers(at(), Request(ciphers=("TLS_ECDHE_ECDSA_AES_128_GCM_SHA256",)))
        assert (("prime256v1", "X25519"), ECDSA_ONLY) == (tls_of(born).groups, tls_of(born).ciphers)

    def test_from_a_profile(self, at: At, born: Path) -> None:
        """A profile with lists is where they start from, with its order."""
        configure_ciphers(at(), Request("old", protocols=("TLS 1.2", "VERS-TLS1.3")))

        tls = tls_of(born)
        assert ("custom", ("TLSv1.2", "TLSv1.3")) == (tls.profile, tls.protocols)
        assert PROFILES["old"].ciphers == tls.ciphers
        assert tls.prefer_server_ciphers

    def test_custom(self, at: At, born: Path) -> None:
        """The profile "custom" alone writes the present lists down, for an editor to go on."""
        configure_ciphers(at(), Request("custom"))
        assert PROFILES["intermediate"].ciphers == tls_of(born).ciphers
        assert not configure_ciphers(at(), Request("custom")).changed

    @pytest.mark.parametrize(
        ("request_", "message", "cure"),
        [
            (
                Request(ciphers=("tls_aes_128_gcm_sha256",)),
                "TLS_AES_128_GCM_SHA256 is a suite of TLS 1.3, and --cipher takes a suite of TLS 1.2 and below",
                "--ciphersuite TLS_AES_128_GCM_SHA256",
            ),
            (
                Request(ciphersuites=("TLS_RSA_WITH_AES_128_CBC_SHA",)),
                "AES128-SHA is a suite of TLS 1.2 and below, and --ciphersuite takes a suite of TLS 1.3",
                "--cipher AES128-SHA",
            ),
            (
                Request(groups=("VERS-TLS1.3",)),
                "TLSv1.3 is a protocol, and --group takes a group",
                "--protocol TLSv1.3",
            ),
            (Request(groups=("ffdhe2048",)), "unknown group 'ffdhe2048'", "--list  # shows every name"),
            (Request(protocols=("SSLv3",)), "protocol 'SSLv3' was given up in 2015", "--list  # shows every name"),
        ],
    )
    def test_wrong_option(self, at: At, born: Path, request_: Request, message: str, cure: str) -> None:
        """What belongs to another option is told with that option; what is unknown with where names are."""
        with pytest.raises(UsageError) as fault:
            configure_ciphers(at(), request_)
        assert fault.value.message.startswith(message)
        assert f"sslutil configure ciphers {cure}" == fault.value.hint
        assert "intermediate" == tls_of(born).profile

    def test_near(self, at: At, born: Path) -> None:
        """What resembles a name is answered with it."""
        with pytest.raises(UsageError, match="did you mean X25519MLKEM768") as fault:
            configure_ciphers(at(), Request(groups=("X25519Kyber768",)))
        assert ("X25519MLKEM768",) == fault.value.near
        assert born.is_dir()

    def test_nothing_shared(self, at: At, born: Path) -> None:
        """Where nothing would be shared with any client it is refused, explained or not."""
        wish = Request(protocols=("TLSv1.2",), ciphers=RSA_ONLY)
        for request in (wish, wish._replace(explain=True)):
            with pytest.raises(SiteError, match=r"no client could connect$"):
                configure_ciphers(at(), request)
        assert "intermediate" == tls_of(born).profile

    def test_only_newer_clients(self, at: At, born: Path) -> None:
        """Where clients of TLS 1.2 alone are shut out it is a warning, before and after."""
        sentence = (
            "TLSv1.2 is on, and no suite of the list is for it and a key of type p256: only clients with TLSv1.3 get in"
        )
        assert sentence in configure_ciphers(at(), Request(ciphers=RSA_ONLY, explain=True)).warnings
        answer = configure_ciphers(at(), Request(ciphers=RSA_ONLY))
        assert sentence in answer.warnings
        assert RSA_ONLY == tls_of(born).ciphers
        assert lines_of(answer)["Cut off"].startswith("clients older than Firefox 63")

    def test_hybrids_alone(self, at: At, born: Path) -> None:
        """TLS 1.2 with hybrids alone has no group."""
        with pytest.raises(SiteError, match=r"those with ML-KEM are for TLSv1.3 alone"):
            configure_ciphers(at(), Request(protocols=("TLSv1.2",), groups=("X25519MLKEM768",)))
        assert born.is_dir()

    def test_dry_run(self, at: At, born: Path) -> None:
        """A dry run tells the same and writes nothing."""
        answer = configure_ciphers(at(dry_run=True), Request("modern"))
        assert "Cut off" in lines_of(answer)
        assert "intermediate" == tls_of(born).profile


class TestGuideline:
    """A newer guideline in TLSRef's form."""

    def test_written(self, at: At, born: Path) -> None:
        """It becomes custom, with its source; a later list of one's own is no longer the guideline's."""
        answer = configure_ciphers(at(), Request("strict", guideline=str(write_guideline(born.parent))))

        tls = tls_of(born)
        assert ("custom", "TLSRef 6.1, strict", True) == (tls.profile, tls.guideline, tls.prefer_server_ciphers)
        assert ("ECDHE-RSA-AES256-GCM-SHA384",) == tls.ciphers
        assert "TLSRef 6.1, strict" == answer.fields["guideline"]
        assert not configure_ciphers(at(), Request("custom")).changed

        configure_ciphers(at(), Request(groups=("X25519",)))
        assert ("", True) == (tls_of(born).guideline, tls_of(born).prefer_server_ciphers)

    def test_against_ours(self, at: At, born: Path) -> None:
        """A profile of our name is compared with ours, list by list, before anything is saved."""
        value = document(ciphers={"openssl": [*PROFILES["intermediate"].ciphers[1:], "AES128-SHA"]})
        value["configurations"]["intermediate"] = value["configurations"]["strict"]
        path = born.parent / "guideline.json"
        path.write_text(json.dumps(value))

        answer = configure_ciphers(at(), Request("intermediate", guideline=str(path), explain=True))

        words = lines_of(answer)["Changes"]
        assert words.startswith("against our intermediate: ")
        assert "ciphers: without ECDHE-ECDSA-AES128-GCM-SHA256 and with AES128-SHA" in words
        changes = answer.fields["changes"]
        assert {"added": ["AES128-SHA"], "removed": [*ECDSA_ONLY]} == changes["ciphers"]
        assert {"added": [], "removed": ["X25519MLKEM768", "secp384r1"]} == changes["groups"]
        assert [False, True] == changes["prefer_server_ciphers"]
        assert "intermediate" == tls_of(born).profile

    def test_unknown_names(self, at: At, born: Path) -> None:
        """Names that nobody knows here are left out, with a warning."""
        path = write_guideline(born.parent, tls_curves=["ffdhe2048", "X25519"])
        answer = configure_ciphers(at(), Request("strict", guideline=str(path)))
        assert "left out, since sslutil does not know them: ffdhe2048" in answer.warnings
        assert ("X25519",) == tls_of(born).groups

    def test_stdin(self, at: At, born: Path) -> None:
        """A hyphen is what is piped in."""
        run = at(read_stdin=lambda _limit: json.dumps(document()).encode())
        assert configure_ciphers(run, Request("strict", guideline="-")).changed
        assert "TLSRef 6.1, strict" == tls_of(born).guideline

    @pytest.mark.parametrize("content", [None, b"{", b" " * ((1 << 20) + 1)])
    def test_refused(self, at: At, born: Path, content: bytes | None) -> None:
        """What is missing, damaged or too large is a sentence that names the file, status 3."""
        path = born.parent / "guideline.json"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SiteError, match=r"guideline\.json"):
            configure_ciphers(at(), Request("strict", guideline=str(path)))
        assert "intermediate" == tls_of(born).profile

    def test_not_with_lists(self, at: At, born: Path) -> None:
        """A guideline has lists of its own."""
        with pytest.raises(UsageError, match=r"^--guideline has lists of its own"):
            configure_ciphers(at(), Request(guideline="6.1.json", groups=("X25519",)))
        assert born.is_dir()


class TestExplained:
    """What a policy means, before it is saved."""

    def test_before_anything(self, at: At, registry: Path) -> None:
        """It is told where nothing is in force yet, of the defaults; nothing is written."""
        answer = configure_ciphers(at(), Request(explain=True))
        assert "what profile intermediate means here" == answer.headline
        assert not registry.exists()

    def test_key_and_clients(self, at: At, born: Path) -> None:
        """Suites that the key can and can't use, each generation of clients, and each server."""
        answer = configure_ciphers(at(), Request("intermediate", explain=True))

        told, found = lines_of(answer), answer.fields["consequences"]
        assert "ECDSA P-256" == told["Key"]
        assert told["Of no use"].startswith("ECDHE-RSA-AES128-GCM-SHA256")
        assert told["Oldest clients"].startswith("cut off, they have no more than TLS 1.0: Firefox 1,")
        assert ["all", "all", "none"] == [one["admitted"] for one in found["clients"]]
        assert {"apache"} == {one["server"] for one in found["exports"]}
        assert not answer.changed
        assert born.is_dir()

    def test_the_key_that_is_served(self, at: At, born: Path) -> None:
        """Where another program owns the key, that key is the one that counts, of a type of ours or not."""
        key = rsa.generate_private_key(65537, 2560)
        pair = make_pair(NAME, key=key, names=(NAME,), purpose=ExtendedKeyUsageOID.SERVER_AUTH)
        for name, content in (("foreign.crt", pair.pem), ("foreign.key", pair.key_pem)):
            (born.parent / name).write_bytes(content)
            (born.parent / name).chmod(0o600)
        files = (str(born.parent / "foreign.crt"), str(born.parent / "foreign.key"))
        run = at(days=(datetime.now(UTC) - BIRTH).days + 1)
        follow.follow_files(run, follow.Request(*files, replace=True))

        assert "rsa2560" == lines_of(configure_ciphers(run, Request(explain=True)))["Key"]
        for explain in (True, False):
            wish = Request(protocols=("TLSv1.2",), ciphers=ECDSA_ONLY, explain=explain)
            with pytest.raises(SiteError, match="a key of type rsa2560, which is served: no client could connect"):
                configure_ciphers(run, wish)

    def test_losses(self, at: At, born: Path) -> None:
        """What a server can't express is told beside it, and a version that can't at all as refused."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace("versions = {}", 'versions = { apache = "2.4.10", openssl = "3.0" }'))
        told = lines_of(configure_ciphers(at(), Request(explain=True)))
        assert told["Apache httpd"].startswith("refused: Apache httpd 2.4.10 is too old for this policy")

        site.write_text(site.read_text().replace("2.4.10", "2.4.62"))
        told = lines_of(configure_ciphers(at(), Request(explain=True)))
        assert "leaves out: X25519MLKEM768, unknown to OpenSSL 3.0" == told["Apache httpd"]
        assert "Port 25" not in told

    def test_port_25(self, at: At, born: Path) -> None:
        """Where a server of the site speaks on port 25 it is told that this port stays wide, and why."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace('exports = ["apache"]', 'exports = ["apache", "postfix"]'))
        answer = configure_ciphers(at(), Request("modern", explain=True))
        assert "on port 25 a refusal means plain text" in lines_of(answer)["Port 25"]
        assert answer.fields["consequences"]["port_25_stays_wide"]

    def test_edits_that_wait(self, at: At, born: Path) -> None:
        """A question reads what the operator wrote, and says that it is not in force."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace('"intermediate"', '"modern"'))
        answer = configure_ciphers(at(), Request(explain=True))
        assert "what profile modern means here" == answer.headline
        assert any("are not in force" in warning for warning in answer.warnings)

    def test_broken_site(self, at: At, born: Path) -> None:
        """A file that can't be taken leaves the site in force to be explained, and is named."""
        (born / "site.toml").write_text("version = 2\n")
        answer = configure_ciphers(at(), Request(explain=True))
        assert "what profile intermediate means here" == answer.headline
        assert any("what is in force stays as it is" in warning for warning in answer.warnings)


class TestListed:
    """What there is."""

    def test_all(self, at: At, registry: Path) -> None:
        """Each suite with protocol, key exchange, authentication, forward secrecy and profiles; each group."""
        answer = configure_ciphers(at(), Request(list_all=True))

        rows = {row[0]: row[1:] for row in answer.rows}
        assert {*CIPHERS, *CIPHERSUITES} == rows.keys()
        assert ("TLSv1", "RSA", "RSA", "old", "no") == rows["AES128-SHA"]
        assert ("TLSv1.2", "ECDHE", "ECDSA", "none", "yes") == rows["ECDHE-ECDSA-AES128-CCM"]
        assert ("any group", "any key") == rows["TLS_AES_128_GCM_SHA256"][1:3]
        assert list(GROUPS) == [label for label, _ in answer.cards[0].lines]
        assert len(rows) == len(answer.fields["suites"])
        assert not registry.exists()

    @pytest.mark.parametrize("request_", [Request("modern"), Request(explain=True), Request(groups=("X25519",))])
    def test_alone(self, at: At, request_: Request) -> None:
        """It takes nothing else."""
        with pytest.raises(SslutilError, match=r"^--list shows what there is"):
            configure_ciphers(at(), request_._replace(list_all=True))
