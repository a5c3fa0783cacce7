"""The export for Exim, letter by letter; tests/live has a real one read it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan
from sslutil.exporters.exim import FILE, find_losses, quote, render, render_include
from sslutil.plan import make_policy
from sslutil.profiles import CIPHERS, CIPHERSUITES, PROFILES, UNSTOCKED_CIPHERS
from sslutil.site import Site, change
from tests.judges import ask

FOLDER = "/srv/registry/current"
REFUSED = ["\n", "\r", "\t", "\0", "\x7f", ":", "{", "}", "SSLUTIL_SMTP_PORTS", "_HAVE_TLS", "\udcff"]
CLIENTS = {
    "client_auth.mode": "require",
    "client_auth.ca_files": ["/srv/ca.pem"],
    "client_auth.crl_files": ["/srv/crl.pem"],
    "client_auth.services": ["submission", "https"],
}

GOLDEN = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# In the main part, in place of its lines tls_…, openssl_options and auth_advertise_hosts: \
.include /srv/registry/current/exim.conf
# Port 25 stays wide, whatever the policy: a peer that is refused there sends in plain text. Every other port is
# strict. Another port for one of the three: define its macro before this file is included.
# Exim reads the key under its own account: say its group as key_group below [deploy].
# Names: mail.example.org
# Left out: the depth of a client's chain, for which Exim has no word
# Left out: the suites of TLS 1.3, with OpenSSL
# Left out: X25519MLKEM768, which not every GnuTLS knows, with GnuTLS
.ifndef SSLUTIL_SMTP_PORTS
SSLUTIL_SMTP_PORTS = 25
.endif
.ifndef SSLUTIL_SUBMISSION_PORTS
SSLUTIL_SUBMISSION_PORTS = 587
.endif
.ifndef SSLUTIL_SUBMISSIONS_PORTS
SSLUTIL_SUBMISSIONS_PORTS = 465
.endif
tls_advertise_hosts = *
tls_on_connect_ports = SSLUTIL_SUBMISSIONS_PORTS
auth_advertise_hosts = ${if def:tls_in_cipher{*}{}}
tls_certificate = "/srv/registry/current/server.crt"
tls_privatekey = "/srv/registry/current/server.key"
tls_verify_hosts = ${if inlist{$received_port}{SSLUTIL_SUBMISSION_PORTS}{*}{}}
tls_try_verify_hosts =
tls_verify_certificates = "/srv/registry/current/client-ca.crt"
tls_crl = "/srv/registry/current/client-ca.crl"
.ifdef _HAVE_OPENSSL
openssl_options = +no_sslv2 +no_sslv3 +no_ticket
tls_require_ciphers = ${if inlist{$received_port}{SSLUTIL_SMTP_PORTS}{DEFAULT:@SECLEVEL=0}{PSK-AES256-GCM-SHA384}}
tls_eccurve = ${if inlist{$received_port}{SSLUTIL_SMTP_PORTS}{auto}{X25519MLKEM768:X25519:prime256v1:secp384r1}}
.endif
.ifdef _HAVE_GNUTLS
tls_require_ciphers = ${if inlist{$received_port}{SSLUTIL_SMTP_PORTS}{NORMAL}{NONE:+VERS-TLS1.3\
:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1\
:+SIGN-ALL:+COMP-NULL:+CTYPE-X509}}
.endif
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    exim: tuple[int, ...] = EXPORTERS["exim"].oldest,
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(site, make_policy(site), FOLDER, {"exim": exim, "openssl": openssl}, crl=crl)


def custom(protocols: list[str], ciphers: list[str], ciphersuites: list[str]) -> ExportPlan:
    """Return what the exporter is given for a policy that no judge of sites has looked at."""
    wanted = plan()
    policy = wanted.policy._replace(protocols=tuple(protocols), ciphers=tuple(ciphers))
    return wanted._replace(policy=policy._replace(ciphersuites=tuple(ciphersuites)))


def said(text: str, name: str) -> list[str]:
    """Return the values of an option, one for each build that has it."""
    return re.findall(rf"^{name} = (.*)$", text, re.MULTILINE)


def priority(text: str) -> str:
    """Return the strict priority string of GnuTLS."""
    return said(text, "tls_require_ciphers")[1].removesuffix("}}").rpartition("{")[2]


def listed(text: str) -> set[str]:
    """Return the suites that GnuTLS itself makes of the priority string, by IANA's names as we have them."""
    status, words = ask(["gnutls-cli", "--priority", priority(text), "--list"])
    assert status == 0, words
    spelt = {cipher.gnutls: cipher.name for cipher in CIPHERS.values()}
    return {spelt.get(name, name) for name in re.findall(r"^(TLS_\w+)\s", words, re.MULTILINE)}


class TestFile:
    """exim.conf."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        wanted = plan({"tls.profile": "modern", **CLIENTS}, exim=(4, 98), openssl=(3, 5, 0), crl=True)

        assert {FILE: GOLDEN} == render(wanted)

    def test_groups_of_openssl(self) -> None:
        """Before 4.97 tls_eccurve takes one group: none is chosen, and that is said."""
        text = render(plan())[FILE]

        assert "tls_eccurve" not in text
        assert "# Left out: any choice of groups, with OpenSSL" in text

    def test_optional(self) -> None:
        """Who may show a certificate is asked and not refused."""
        services = {"client_auth.mode": "optional", "client_auth.services": ["submission", "submissions"]}
        text = render(plan(CLIENTS | services, crl=True))[FILE]

        assert "\ntls_verify_hosts =\n" in text
        assert "{SSLUTIL_SUBMISSION_PORTS : SSLUTIL_SUBMISSIONS_PORTS}{*}" in said(text, "tls_try_verify_hosts")[0]

    def test_off(self) -> None:
        """Without client authentication nobody is asked; nor where it is the web server's alone."""
        for values in ({}, CLIENTS | {"client_auth.services": ["https"]}):
            text = render(plan(values))[FILE]
            assert "tls_verify_hosts =\ntls_try_verify_hosts =\n" in text
            assert "client-ca" not in text

    def test_no_list(self) -> None:
        """Without a list the build with OpenSSL lets in nobody, where it would let in strangers; the file says so."""
        text = render(plan(CLIENTS))[FILE]

        assert ".ifdef _HAVE_OPENSSL\n# No list is in force: nobody's certificate is taken.\ntls_crl = " in text
        assert ["/client-ca.crt"] == [path.removeprefix(f'"{FOLDER}').strip('"') for path in said(text, "tls_crl")]
        assert any("without a revocation list" in loss for loss in find_losses(plan(CLIENTS)))
        assert not any("without a revocation list" in loss for loss in find_losses(plan(CLIENTS, crl=True)))

    def test_refusals(self) -> None:
        """What would let someone in is refused: a list too few, a depth."""
        with pytest.raises(SiteError, match="CN=Other"):
            render(plan(CLIENTS, crl=True)._replace(unlisted=("CN=Other",)))
        with pytest.raises(SiteError, match="depth of 2"):
            render(plan(CLIENTS | {"client_auth.depth": 2}, crl=True))

    def test_protocols_of_openssl(self) -> None:
        """A suite that an older protocol has too shuts that protocol for all ports, and that is said."""
        wanted = custom(["TLSv1.2", "TLSv1.3"], ["ECDHE-RSA-AES128-SHA"], ["TLS_AES_128_GCM_SHA256"])

        assert "+no_tlsv1 +no_tlsv1_1" in said(render(wanted)[FILE], "openssl_options")[0]
        assert "what is below TLSv1.2 on port 25, with OpenSSL" in find_losses(wanted)
        assert "no_tlsv1" not in render(plan())[FILE]


class TestGnuTLS:
    """The priority string, judged by GnuTLS."""

    @pytest.mark.needs("gnutls-cli")
    @pytest.mark.parametrize("profile", PROFILES)
    def test_profiles(self, profile: str) -> None:
        """Each profile is a product of its parts, but for what OpenSSL doesn't stock either."""
        wanted = plan({"tls.profile": profile})
        own = {*wanted.policy.ciphers, *wanted.policy.ciphersuites} - UNSTOCKED_CIPHERS

        assert own == listed(render(wanted)[FILE])

    @pytest.mark.needs("gnutls-cli")
    @pytest.mark.parametrize(
        ("ciphers", "ciphersuites", "made"),
        [
            # The cipher of the suite of TLS 1.3 serves TLS 1.2 too.
            (["ECDHE-RSA-AES128-GCM-SHA256"], ["TLS_AES_256_GCM_SHA384"], {"ECDHE-RSA-AES256-GCM-SHA384"}),
            # RSA with AES 128 and SHA-1 would come in by these parts, and is weaker than each.
            (
                ["ECDHE-RSA-AES128-SHA", "AES256-GCM-SHA384"],
                ["TLS_AES_256_GCM_SHA384"],
                {"ECDHE-RSA-AES256-GCM-SHA384", "!AES256-GCM-SHA384"},
            ),
            (["ECDHE-RSA-AES256-GCM-SHA384"], ["TLS_AES_256_GCM_SHA384"], set()),
        ],
    )
    def test_products(self, ciphers: list[str], ciphersuites: list[str], made: set[str]) -> None:
        """What the parts bring in beside is said; a suite whose parts would bring in a weaker one is left out."""
        wanted = custom(["TLSv1.2", "TLSv1.3"], ciphers, ciphersuites)
        out = {name[1:] for name in made if name.startswith("!")}
        extra = {name for name in made if not name.startswith("!")}
        found = listed(render(wanted)[FILE])

        assert not out & found
        assert extra <= found
        assert bool(out) is any("let in weaker ones" in loss for loss in find_losses(wanted))
        assert bool(extra) is any("a list without" in loss for loss in find_losses(wanted))

    @pytest.mark.needs("gnutls-cli")
    @pytest.mark.full
    @given(
        st.lists(st.sampled_from(list(CIPHERS)), min_size=1, max_size=5, unique=True),
        st.lists(st.sampled_from(CIPHERSUITES), min_size=1, unique=True),
    )
    def test_never_weaker(self, ciphers: list[str], ciphersuites: list[str]) -> None:
        """Whatever the policy, GnuTLS takes nothing without forward secrecy or with CBC where the policy has none."""
        found = listed(render(custom(["TLSv1.2", "TLSv1.3"], ciphers, ciphersuites))[FILE])

        for weak in (lambda name: "ECDHE" not in name, is_cbc, lambda name: "DES" in name):
            of_tls12 = [name for name in found if name not in CIPHERSUITES]
            assert any(map(weak, ciphers)) or not any(map(weak, of_tls12)), found


def is_cbc(name: str) -> bool:
    """Tell whether a suite has no authenticated encryption."""
    return not re.search("GCM|CCM|POLY1305", name)


class TestQuoting:
    """Whatever the registry is called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is read as it was meant: by the quotes first, then by the expansion."""
        assume(not any(refused in path for refused in REFUSED) and not re.search(r"[\x00-\x1f]|_[A-Z]+_", path))

        word = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', quote(path), re.DOTALL)
        assert word
        unquoted = re.sub(r"\\(.)", r"\1", word[1])
        assert re.fullmatch(r"(?:[^\\$]|\\.)*", unquoted, re.DOTALL)
        assert path == re.sub(r"\\(.)", r"\1", unquoted)

    @pytest.mark.parametrize("refused", REFUSED)
    def test_refused(self, refused: str) -> None:
        """What Exim would read otherwise is an error of the site, in one printable line."""
        with pytest.raises(SiteError) as caught:
            render(plan()._replace(directory=f"/srv/{refused}/current"))

        assert "deploy.exports" == caught.value.key
        assert caught.value.message.isprintable()

    def test_include(self) -> None:
        """The line takes its rest as the name; a quote or a space at the end would be lost."""
        assert {FILE: ".include /srv/a b$/exim.conf"} == render_include("/srv/a b$")
        with pytest.raises(SiteError):
            render_include('/srv/"a"')
