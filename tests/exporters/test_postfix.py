"""The export for Postfix, letter by letter; tests/live has a real one read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, render_export
from sslutil.exporters.postfix import MAIN, MASTER, find_losses, quote, render, render_include, suggest
from sslutil.plan import make_policy
from sslutil.site import Site, change

FOLDER = "/srv/registry/current"
REFUSED = ["\n", "\r", "\t", "\0", "\x7f", " ", ",", "{", "}", "\udcff"]
CLIENTS = {
    "client_auth.mode": "require",
    "client_auth.ca_files": ["/srv/ca.pem"],
    "client_auth.services": ["submission", "submissions"],
}

GOLDEN_MAIN = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# Lines for main.cf. Port 25 stays wide, whatever the policy: a peer that is refused there sends in plain text.
# What Postfix does as a client is left as it is.
# Take it in with: grep -v '^#' /srv/registry/current/postfix-main.cf | tr '\\n' '\\0' | xargs -0 postconf -e
# Names: mail.example.org
smtpd_tls_chain_files = /srv/registry/current/bundle.pem
smtpd_tls_security_level = may
smtpd_tls_protocols = >=TLSv1
smtpd_tls_ciphers = medium
smtpd_tls_ask_ccert = no
smtpd_tls_req_ccert = no
smtpd_tls_auth_only = yes
"""
GOLDEN_MASTER = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# For master.cf, in place of its services submission (port 587) and submissions (port 465): the policy is theirs.
# Below each goes what else it is told: -o smtpd_sasl_auth_enable=yes and its restrictions.
# Names: mail.example.org
# Left out: the suites of TLS 1.3, which Postfix doesn't let one choose
# submission: a client must show a certificate
submission inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_wrappermode=no
  -o smtpd_tls_auth_only=yes
  -o smtpd_tls_mandatory_protocols=>=TLSv1.3
  -o smtpd_tls_mandatory_ciphers=high
  -o tls_preempt_cipherlist=no
  -o tls_eecdh_auto_curves=X25519MLKEM768,X25519,prime256v1,secp384r1
  -o tls_ssl_options=NO_TICKET
  -o smtpd_tls_ask_ccert=yes
  -o smtpd_tls_req_ccert=yes
  -o smtpd_tls_ccert_verifydepth=3
  -o smtpd_tls_CAfile=/srv/registry/current/client-ca.crt
  -o tls_append_default_CA=no
# submissions: no client is asked for a certificate
submissions inet n - n - - smtpd
  -o syslog_name=postfix/submissions
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_wrappermode=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_tls_mandatory_protocols=>=TLSv1.3
  -o smtpd_tls_mandatory_ciphers=high
  -o tls_preempt_cipherlist=no
  -o tls_eecdh_auto_curves=X25519MLKEM768,X25519,prime256v1,secp384r1
  -o tls_ssl_options=NO_TICKET
  -o smtpd_tls_ask_ccert=no
  -o smtpd_tls_req_ccert=no
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
    revokes: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    versions = {"postfix": EXPORTERS["postfix"].oldest, "openssl": openssl}
    return ExportPlan(site, make_policy(site), FOLDER, versions, crl=crl, revokes=revokes)


def custom(*protocols: str) -> dict[str, Any]:
    """Return a policy of one's own."""
    return {
        "tls.profile": "custom",
        "tls.protocols": list(protocols),
        "tls.ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"],
        "tls.ciphersuites": ["TLS_AES_128_GCM_SHA256"],
        "tls.groups": ["X25519"],
    }


class TestFiles:
    """The two files."""

    def test_golden(self) -> None:
        """Both, with all that they can hold."""
        clients = CLIENTS | {"client_auth.depth": 5, "client_auth.services": ["submission"]}
        wanted = plan({"tls.profile": "modern", **clients}, openssl=(3, 5, 0))

        assert {MAIN: GOLDEN_MAIN, MASTER: GOLDEN_MASTER} == render(wanted)

    @pytest.mark.parametrize("profile", ["modern", "intermediate", "old"])
    def test_port_25(self, profile: str) -> None:
        """Port 25 is the same whatever the policy, the clients and the state of the web server."""
        values = {"tls.profile": profile, "site.enabled": False, **CLIENTS}

        assert GOLDEN_MAIN == render(plan(values))[MAIN]

    def test_client_side(self) -> None:
        """Nothing is said of what Postfix does as a client."""
        assert "smtp_" not in "".join(render(plan()).values())

    def test_one_protocol(self) -> None:
        """Both ends of the range are said."""
        assert "mandatory_protocols=>=TLSv1.2,<=TLSv1.2\n" in render(plan(custom("TLSv1.2")))[MASTER]
        assert "mandatory_protocols=>=TLSv1.2\n" in render(plan(custom("TLSv1.2", "TLSv1.3")))[MASTER]

    def test_security_level(self) -> None:
        """The security level is lowered for TLS 1.0 and 1.1, and for nothing else."""
        assert ":@SECLEVEL=0\n" in render(plan({"tls.profile": "old"}))[MASTER]
        assert "SECLEVEL" not in render(plan())[MASTER]

    def test_losses(self) -> None:
        """What is lost is said."""
        hybrid = {**custom("TLSv1.3"), "tls.groups": ["X25519MLKEM768"], "tls.ciphers": []}

        assert "unknown to OpenSSL 3.0.19" in find_losses(plan())[0]
        assert "any choice of groups" in find_losses(plan(hybrid))
        assert "auto_curves" not in render(plan(hybrid))[MASTER]
        assert not any("TLS 1.3" in loss for loss in find_losses(plan(custom("TLSv1.2"))))

    @pytest.mark.parametrize(
        ("mode", "openssl", "lost"), [("require", (3, 0), 1), ("require", (1, 1, 1), 0), ("off", (3, 0), 0)]
    )
    def test_old_protocols(self, mode: str, openssl: tuple[int, ...], lost: int) -> None:
        """Where certificates are required the security level shuts out TLS 1.0 and 1.1, and the file says so."""
        losses = find_losses(plan({"tls.profile": "old", **CLIENTS, "client_auth.mode": mode}, openssl=openssl))

        assert lost == sum("TLSv1 TLSv1.1, which Postfix refuses" in loss for loss in losses)

    def test_list(self) -> None:
        """A list that revokes somebody is refused where clients are asked, and nowhere else; another one is said."""
        with pytest.raises(SiteError, match="revoked") as caught:
            render(plan(CLIENTS, crl=True, revokes=True))

        assert "client_auth.crl_files" == caught.value.key
        assert render(plan(CLIENTS | {"client_auth.services": ["https"]}, crl=True, revokes=True))
        lost = "the revocation lists, which revoke nobody: Postfix reads none"
        assert lost in find_losses(plan(CLIENTS, crl=True))
        assert lost not in find_losses(plan(CLIENTS))

    @pytest.mark.parametrize(("depth", "said"), [(1, 0), (2, 0), (3, 1), (10, 8)])
    def test_depth(self, depth: int, said: int) -> None:
        """Postfix counts from two authorities on; what is below is said to be lost, and none at all is refused."""
        wanted = plan(CLIENTS | {"client_auth.depth": depth})

        assert f"verifydepth={said}\n" in render(wanted)[MASTER]
        assert (depth == 1) is any("depth" in loss for loss in find_losses(wanted))
        with pytest.raises(SiteError, match="depth of 0"):
            render(plan(CLIENTS | {"client_auth.depth": 0}))

    def test_too_old(self) -> None:
        """A Postfix that does not know >=TLSv1.2 is refused."""
        wanted = plan()
        with pytest.raises(SiteError, match=r"3\.6 is"):
            render_export("postfix", wanted._replace(versions={**wanted.versions, "postfix": (3, 5, 18)}))


class TestQuoting:
    """Whatever the registry is called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is read as it was meant, in one word of one line."""
        assume(not any(refused in path for refused in REFUSED))
        assume(all(character > " " for character in path))

        quoted = quote(path)
        assert path == quoted.replace("$$", "$")
        assert "$" not in quoted.replace("$$", "")

    @pytest.mark.parametrize("refused", REFUSED)
    def test_refused(self, refused: str) -> None:
        """What Postfix would read otherwise is an error of the site, in one printable line."""
        with pytest.raises(SiteError) as caught:
            render(plan()._replace(directory=f"/srv/{refused}/current"))

        assert "deploy.exports" == caught.value.key
        assert caught.value.message.isprintable()

    def test_commands(self) -> None:
        """The command lines are quoted for a shell."""
        wanted = plan()._replace(directory="/srv/a'$b/current")

        assert "postconf -e 'smtpd_tls_chain_files = /srv/a'\"'\"'$$b/current/bundle.pem'" in suggest(wanted)
        assert "'/srv/a'\"'\"'$b/current/postfix-main.cf'" in render_include(wanted.directory)[MAIN]
