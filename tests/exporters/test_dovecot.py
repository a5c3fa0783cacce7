"""The text for Dovecot, old and new; whether a real one takes it is judged in tests/live and tests/servers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import ExportPlan
from sslutil.exporters.dovecot import FILE, find_losses, quote, render, render_include
from sslutil.plan import make_policy
from sslutil.site import Site, change

FOLDER = "/srv/registry/current"
OLD = (2, 3, 19)
NEW = (2, 4, 0)
ASKED = {
    "client_auth.mode": "require",
    "client_auth.ca_files": ["/srv/ca.pem"],
    "client_auth.services": ["imap", "imaps"],
}

GOLDEN_OLD = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# At the end of Dovecot's own configuration: !include /srv/registry/current/dovecot.conf
# Names: mail.example.org
# Left out: the depth of a client's chain, for which Dovecot has no word
ssl = required
ssl_cert = </srv/registry/current/server.crt
ssl_key = </srv/registry/current/server.key
ssl_min_protocol = TLSv1.3
ssl_cipher_suites = TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
ssl_curve_list = X25519MLKEM768:X25519:prime256v1:secp384r1
ssl_prefer_server_ciphers = no
ssl_options = no_compression no_ticket
ssl_verify_client_cert = no
auth_ssl_require_client_cert = no
# Whoever shows a certificate is whom it names, whatever user name is typed.
ssl_cert_username_field = commonName
auth_ssl_username_from_cert = yes
protocol imap {
  ssl_ca = </srv/registry/current/client-trust.pem
  ssl_require_crl = yes
  ssl_verify_client_cert = yes
  auth_ssl_require_client_cert = yes
}
"""
GOLDEN_NEW = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# At the end of Dovecot's own configuration: !include /srv/registry/current/dovecot.conf
# Names: mail.example.org
# Left out: the depth of a client's chain, for which Dovecot has no word
ssl = required
ssl_server_cert_file = /srv/registry/current/server.crt
ssl_server_key_file = /srv/registry/current/server.key
ssl_min_protocol = TLSv1.3
ssl_cipher_suites = TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
ssl_curve_list = X25519MLKEM768:X25519:prime256v1:secp384r1
ssl_server_prefer_ciphers = client
ssl_options = no_ticket
ssl_server_request_client_cert = no
auth_ssl_require_client_cert = no
# Whoever shows a certificate is whom it names, whatever user name is typed.
ssl_server_cert_username_field = commonName
auth_ssl_username_from_cert = yes
protocol imap {
  ssl_server_ca_file = /srv/registry/current/client-trust.pem
  ssl_server_require_crl = yes
  ssl_server_request_client_cert = yes
  auth_ssl_require_client_cert = yes
}
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    dovecot: tuple[int, ...] = OLD,
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(site, make_policy(site), FOLDER, {"dovecot": dovecot, "openssl": openssl}, crl=crl)


def rules(text: str) -> list[str]:
    """Return the lines of a file that are no comments."""
    return [line for line in text.splitlines() if not line.startswith("#")]


class TestText:
    """dovecot.conf."""

    @pytest.mark.parametrize(("dovecot", "golden"), [(OLD, GOLDEN_OLD), (NEW, GOLDEN_NEW)], ids=["2.3", "2.4"])
    def test_golden(self, dovecot: tuple[int, ...], golden: str) -> None:
        """The whole file, in either dialect."""
        wanted = plan({"tls.profile": "modern", **ASKED}, dovecot=dovecot, openssl=(3, 5, 0), crl=True)

        assert {FILE: golden} == render(wanted)

    def test_no_list(self) -> None:
        """Without a list in force none is asked for, which would refuse everyone; the authorities are enough."""
        text = render(plan(ASKED))[FILE]

        assert "  ssl_ca = </srv/registry/current/client-ca.crt" in rules(text)
        assert "  ssl_require_crl = no" in rules(text)

    def test_optional(self) -> None:
        """Whoever has none logs in all the same."""
        text = render(plan({**ASKED, "client_auth.mode": "optional"}))[FILE]

        assert "  ssl_verify_client_cert = yes" in rules(text)
        assert "  auth_ssl_require_client_cert = no" in rules(text)

    def test_services(self) -> None:
        """Only the protocols that the site names are asked; that both ports of one are is said."""
        wanted = plan({**ASKED, "client_auth.services": ["https", "pop3s", "sieve"]})
        asked = re.findall(r"^protocol (\w+) {$", render(wanted)[FILE], re.MULTILINE)

        assert ["pop3", "sieve"] == asked
        assert "the difference between pop3 and pop3s: Dovecot asks for certificates on both" in find_losses(wanted)
        assert not any("pop3" in loss for loss in find_losses(plan({"client_auth.services": ["pop3s"]})))
        assert "protocol" not in render(plan({**ASKED, "client_auth.services": ["https"]}))[FILE].replace(
            "_protocol", ""
        )

    def test_disabled(self) -> None:
        """A disabled site is one of the web: mail stays."""
        assert render(plan())[FILE] == render(plan({"site.enabled": False}))[FILE]

    def test_newest(self) -> None:
        """Dovecot can't end below TLS 1.3, and says nothing of its suites then."""
        tls = {"protocols": ["TLSv1.2"], "ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"], "groups": ["prime256v1"]}
        wanted = plan({"tls.profile": "custom", **{f"tls.{name}": value for name, value in tls.items()}})

        assert ("an end to TLSv1.3, which Dovecot can't switch off",) == find_losses(wanted)
        assert "ssl_cipher_suites" not in render(wanted)[FILE]

    @pytest.mark.parametrize(("profile", "lowered"), [("old", True), ("intermediate", False)])
    def test_security_level(self, profile: str, *, lowered: bool) -> None:
        """The security level is lowered for TLS 1.0 and 1.1, and for nothing else."""
        assert lowered is ("@SECLEVEL=0" in render(plan({"tls.profile": profile}))[FILE])


class TestRefusals:
    """What would let someone in, or lock everyone out."""

    def test_depth(self) -> None:
        """A depth can't be said; where nobody is asked it does not matter."""
        with pytest.raises(SiteError) as caught:
            render(plan({**ASKED, "client_auth.depth": 3}))

        assert "client_auth.depth" == caught.value.key
        assert render(plan({**ASKED, "client_auth.depth": 3, "client_auth.services": ["https"]}))

    def test_unlisted(self) -> None:
        """With a list, each authority needs one."""
        with pytest.raises(SiteError, match="CN=Other"):
            render(plan(ASKED, crl=True)._replace(unlisted=("CN=Other",)))


class TestQuoting:
    """Whatever the registry is called, it stays where it belongs."""

    @given(st.text(max_size=200))
    def test_one_line(self, path: str) -> None:
        """What is not refused is written as it is, in one line without a comment."""
        assume(not re.search(r"[\x00-\x1f\x7f#{\ud800-\udfff]", path))

        assert path == quote(path)
        assert [f"ssl_cert = <{path}"] == f"ssl_cert = <{quote(path)}".split("\n")

    @pytest.mark.parametrize("refused", ["\n", "\r", "\t", "\0", "#", "%{home}", "{a,b}", "\udcff"])
    def test_refused(self, refused: str) -> None:
        """What Dovecot would read otherwise is an error of the site."""
        for function in (quote, render_include):
            with pytest.raises(SiteError) as caught:
                function(f"/srv/{refused}/current")
            assert "deploy.exports" == caught.value.key

    @pytest.mark.parametrize(
        ("folder", "line"),
        [
            ("/etc/sslutil/current", "!include /etc/sslutil/current/dovecot.conf"),
            ("/srv/a b", "!include /srv/a b/dovecot.conf"),
            ("/srv/[a]*?\\b", r"!include /srv/\[a]\*\?\\b/dovecot.conf"),
        ],
    )
    def test_include(self, folder: str, line: str) -> None:
        """The line is a pattern that fits one file."""
        assert {FILE: line} == render_include(folder)
