"""The text for Apache httpd; whether a real one takes it is judged in tests/live."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError, UsageError
from sslutil.exporters import EXPORTERS, ExportPlan, render_export, render_exports
from sslutil.exporters.apache import LONGEST_PATH, PLAIN, SECURE, quote, render, render_include
from sslutil.names import parse_identity
from sslutil.plan import OLDEST_OPENSSL, make_policy
from sslutil.site import EXPORTS, Site, change
from tests.exporters.strings import without_identity

FOLDER = "/srv/registry/current"
REFUSED = ["\n", "\r", "\t", "\0", "\x7f", "${", "*", "?", "[", "\udcff"]
"""What no argument of httpd can hold, or what it would read as something else."""
DIRECTIVES = {
    "AllowEncodedSlashes",
    "RewriteCond",
    "RewriteEngine",
    "RewriteRule",
    "SSLCACertificateFile",
    "SSLCARevocationCheck",
    "SSLCARevocationFile",
    "SSLCertificateFile",
    "SSLCertificateKeyFile",
    "SSLCipherSuite",
    "SSLCompression",
    "SSLEngine",
    "SSLHonorCipherOrder",
    "SSLOpenSSLConfCmd",
    "SSLProtocol",
    "SSLSessionTickets",
    "SSLVerifyClient",
    "SSLVerifyDepth",
}

GOLDEN_SECURE = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# In the virtual host of port 443, after its ServerName: Include /srv/registry/current/apache.conf
# Names: mail.example.org *.xn--bcher-kva.example
SSLEngine on
SSLCertificateFile "/srv/registry/current/server.crt"
SSLCertificateKeyFile "/srv/registry/current/server.key"
SSLProtocol -all +TLSv1.3
SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
SSLOpenSSLConfCmd Groups X25519MLKEM768:X25519:prime256v1:secp384r1
SSLHonorCipherOrder off
SSLSessionTickets off
SSLCompression off
SSLVerifyClient require
SSLVerifyDepth 2
SSLCACertificateFile "/srv/registry/current/client-ca.crt"
SSLCARevocationFile "/srv/registry/current/client-ca.crl"
SSLCARevocationCheck chain
"""
GOLDEN_REDIRECT = r"""
AllowEncodedSlashes NoDecode
RewriteEngine on
RewriteRule ^/?\.well-known/acme-challenge/ - [L]
RewriteRule ^ - [E=sslutil_host:mail.example.org:8443]
RewriteCond "%{HTTP_HOST}" "^([a-z0-9-]+\.xn\-\-bcher\-kva\.example)\.?(?::\d+)?$" [NC]
RewriteRule ^ - [E=sslutil_host:%1:8443]
RewriteCond "%{HTTP_HOST}" "^(\[2001:db8::1\])\.?(?::\d+)?$" [NC]
RewriteRule ^ - [E=sslutil_host:[2001:db8::1]:8443]
RewriteRule ^ - [E=sslutil_path:/]
"""


def plan(
    values: dict[str, Any] | None = None, *, openssl: tuple[int, ...] = (3, 0, 19), crl: bool = False
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(
        site, make_policy(site), FOLDER, {"apache": EXPORTERS["apache"].oldest, "openssl": openssl}, crl=crl
    )


def rules(text: str) -> list[str]:
    """Return the lines of a file that are no comments."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def as_httpd_reads(argument: str) -> str:
    """Return what a quoted argument is after httpd's own ap_getword_conf; it must be one argument."""
    word = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', argument, re.DOTALL)
    assert word
    return re.sub(r'\\(["\\])', r"\1", word[1])


class TestSecure:
    """apache.conf."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        clients = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"], "client_auth.depth": 2}
        names = {"site.names": ["mail.example.org", "*.bücher.example"]}
        wanted = plan({"tls.profile": "modern", **clients, **names}, openssl=(3, 5, 0), crl=True)

        assert GOLDEN_SECURE == without_identity(render(wanted)[SECURE])

    def test_no_list_no_check(self) -> None:
        """Where no revocation list is in force none is named, and none is asked for."""
        clients = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}

        assert "Revocation" not in render(plan(clients))[SECURE]

    def test_clients_off(self) -> None:
        """Without client authentication no authority is named, and clients are told that none is asked for."""
        text = render(plan())[SECURE]

        assert "SSLVerifyClient none" in rules(text)
        assert "SSLCACertificateFile" not in text

    def test_disabled(self) -> None:
        """A disabled site speaks plain http on this port: no key is named, no policy is said."""
        assert ["SSLEngine off"] == rules(without_identity(render(plan({"site.enabled": False}))[SECURE]))

    def test_groups_of_an_older_openssl(self) -> None:
        """A group that OpenSSL does not know yet is left out, and a comment says which and why."""
        text = render(plan(openssl=(3, 4, 9)))[SECURE]

        assert "SSLOpenSSLConfCmd Groups X25519:prime256v1:secp384r1" in rules(text)
        assert "# Left out: X25519MLKEM768, unknown to OpenSSL 3.4.9" in text.splitlines()

    def test_groups_of_a_newer_openssl(self) -> None:
        """Nothing is left out where OpenSSL knows every group."""
        text = render(plan(openssl=(3, 5, 0)))[SECURE]

        assert "SSLOpenSSLConfCmd Groups X25519MLKEM768:X25519:prime256v1:secp384r1" in rules(text)
        assert "Left out" not in text

    @pytest.mark.parametrize(("profile", "lowered"), [("old", True), ("intermediate", False)])
    def test_security_level(self, profile: str, lowered: bool) -> None:  # noqa: FBT001
        """The security level is lowered for TLS 1.0 and 1.1, which OpenSSL 3 refuses above 0, and for nothing else."""
        assert lowered is ("@SECLEVEL=0" in render(plan({"tls.profile": profile}))[SECURE])

    def test_hsts(self) -> None:
        """HSTS, where the site may ask for it, is said by the secure port alone (RFC 6797, section 7.2)."""
        wanted = plan({"site.plain_http": "redirect"})
        site = replace(wanted.site, site=replace(wanted.site.site, hsts_max_age=63072000))
        texts = render(wanted._replace(site=site))

        assert 'Header always set Strict-Transport-Security "max-age=63072000"' in rules(texts[SECURE])
        assert "Strict-Transport-Security" not in texts[PLAIN]
        assert "Strict-Transport-Security" not in render(wanted)[SECURE]


class TestPlain:
    """apache-plain.conf."""

    def test_golden_redirect(self) -> None:
        """The host is one of the names, by the rules; a port that is not 443 is said."""
        names = ["mail.example.org", "*.bücher.example", "2001:db8::1"]
        text = render(plan({"site.names": names, "site.plain_http": "redirect", "site.https_port": 8443}))[PLAIN]

        assert GOLDEN_REDIRECT in without_identity(text)

    def test_standard_port(self) -> None:
        """Port 443 is not said."""
        text = render(plan({"site.plain_http": "redirect"}))[PLAIN]

        assert "RewriteRule ^ - [E=sslutil_host:mail.example.org]" in rules(text)
        assert ":443" not in text

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"site.plain_http": "offer"}, []),
            ({"site.plain_http": "closed"}, ["RewriteEngine on", "RewriteRule ^ - [F,L]"]),
            ({"site.plain_http": "redirect", "site.enabled": False}, []),
        ],
    )
    def test_others(self, values: dict[str, Any], expected: list[str]) -> None:
        """An offer needs no rule, a closed port one; a disabled site does not send anybody to https."""
        assert expected == rules(without_identity(render(plan(values))[PLAIN]))


class TestQuoting:
    """Whatever the registry and the names are called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is read by httpd as it was meant, as one argument of one line."""
        assume(not any(refused in path for refused in REFUSED) and not re.search(r"[\x00-\x1f]", path))

        assert path == as_httpd_reads(quote(path))
        assert 1 == len(quote(path).split("\n"))

    @pytest.mark.parametrize("refused", REFUSED)
    def test_refused(self, refused: str) -> None:
        """What httpd would read otherwise is an error of the site that names the setting, in one printable line."""
        with pytest.raises(SiteError) as caught:
            quote(f"/srv/{refused}/current")

        assert "deploy.exports" == caught.value.key
        assert caught.value.message.isprintable()
        assert "sslutil registry-path" in caught.value.hint

    def test_longest(self) -> None:
        """A path may be so many bytes long, not letters, and no more."""
        letters = "/" + "ü" * ((LONGEST_PATH - 1) // 2)
        longest = letters + "x" * (LONGEST_PATH - len(letters.encode()))

        assert longest in quote(longest)
        for longer in (longest + "x", "/" + "x" * LONGEST_PATH):
            with pytest.raises(SiteError):
                quote(longer)

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ("/etc/sslutil/current", "Include /etc/sslutil/current/apache.conf"),
            ("/srv/a b", 'Include "/srv/a b/apache.conf"'),
            ('/srv/a"\\b', 'Include "/srv/a\\"\\\\b/apache.conf"'),
            ("/srv/#1", 'Include "/srv/#1/apache.conf"'),
        ],
    )
    def test_include(self, path: str, line: str) -> None:
        """The line for the virtual host has quotes where the path needs them."""
        assert line == render_include(path)[SECURE]

    @given(st.lists(st.text(max_size=40) | st.from_regex(r"[*\[\]a-z0-9.:\"\\\n -]{1,30}", fullmatch=True), min_size=1))
    def test_names(self, texts: list[str]) -> None:
        """No name that is taken at all brings another directive or ends its string."""
        names = []
        for text in texts:
            try:
                names.append(parse_identity(text).text)
            except UsageError:
                continue
        assume(names)

        for text in render(plan({"site.names": names, "site.plain_http": "redirect"})).values():
            for line in rules(without_identity(text)):
                assert line.split()[0] in DIRECTIVES
                assert 0 == line.count('"') % 2


class TestCatalogue:
    """The exports by name."""

    def test_by_name(self) -> None:
        """The site's exports are those files, and none where it asks for none."""
        assert {SECURE, PLAIN} == render_exports(plan()).keys()
        assert {} == render_exports(plan({"deploy.exports": []}))

    def test_rows(self) -> None:
        """Each export that the site can name has its row, in the same order."""
        assert list(EXPORTS) == list(EXPORTERS)

    def test_too_old(self) -> None:
        """A version before the first that can express the policy is refused, with both versions and a way out."""
        old = plan()._replace(versions={"apache": (2, 4, 35), "openssl": (3, 0, 19)})
        with pytest.raises(SiteError, match=r"Apache httpd 2\.4\.35 is too old .* 2\.4\.36") as caught:
            render_export("apache", old)
        assert "take apache out of exports" in caught.value.hint

    def test_oldest(self) -> None:
        """What the oldest OpenSSL does not know is left out for it too."""
        assert "MLKEM" not in "".join(rules(render(plan(openssl=OLDEST_OPENSSL))[SECURE]))
