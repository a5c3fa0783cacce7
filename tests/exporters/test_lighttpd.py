"""The text for lighttpd; whether a real one takes it is judged in tests/live."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, render_exports
from sslutil.exporters.lighttpd import (
    LONGEST_PATH,
    PLAIN,
    SECURE,
    find_losses,
    quote,
    render,
    render_include,
    render_vhost,
)
from sslutil.plan import make_policy
from sslutil.site import Site, change
from tests.exporters.strings import (
    any_texts,
    check_longest,
    check_refused,
    check_rules,
    find_names,
    rules,
    without_identity,
)

FOLDER = "/srv/registry/current"
REFUSED = ["\n", "\r", "\t", "\0", "\x7f", "\\", "{", "*", "?", "[", "\udcff"]
"""What no string of lighttpd can hold, or what it would read as something else."""
CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}
DIRECTIVES = {
    '"CipherString"',
    '"Ciphersuites"',
    '"Groups"',
    '"MaxProtocol"',
    '"MinProtocol"',
    '"Options"',
    '$HTTP["host"]',
    '$HTTP["url"]',
    '$SERVER["socket"]',
    ")",
    "server.document-root",
    "server.modules",
    "server.name",
    "ssl.engine",
    "ssl.openssl.ssl-conf-cmd",
    "ssl.pemfile",
    "ssl.privkey",
    "ssl.verifyclient.activate",
    "url.redirect",
    "url.redirect-code",
    "}",
}

GOLDEN_SECURE = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# Inside $SERVER["socket"] == ":443" { } and the same of "[::]:443": include "/srv/registry/current/lighttpd.conf"
# Above it: server.modules += ( "mod_openssl", "mod_setenv" )
# Names: mail.example.org *.xn--bcher-kva.example
ssl.engine = "enable"
ssl.pemfile = "/srv/registry/current/server.crt"
ssl.privkey = "/srv/registry/current/server.key"
ssl.openssl.ssl-conf-cmd = (
    "MinProtocol" => "TLSv1.3",
    "MaxProtocol" => "TLSv1.3",
    "Ciphersuites" => "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    "Groups" => "X25519MLKEM768:X25519:prime256v1:secp384r1",
    "Options" => "-ServerPreference,-SessionTicket",
)
ssl.verifyclient.activate = "enable"
ssl.verifyclient.enforce = "enable"
ssl.verifyclient.depth = 2
ssl.verifyclient.ca-file = "/srv/registry/current/client-ca.crt"
ssl.verifyclient.ca-crl-file = "/srv/registry/current/client-ca.crl"
"""
GOLDEN_REDIRECT = r"""
$HTTP["url"] !~ "^/\.well-known/acme-challenge/" {
    url.redirect-code = 308
    url.redirect = ( "^/" => "https://mail.example.org:8443${url.path}${qsa}" )
    $HTTP["host"] =~ "^([a-z0-9-]+\.xn\-\-bcher\-kva\.example)\.?(:[0-9]+)?$" {
        url.redirect = ( "^/" => "https://%1:8443${url.path}${qsa}" )
    }
    $HTTP["host"] =~ "^(\[2001:db8::1\])\.?(:[0-9]+)?$" {
        url.redirect = ( "^/" => "https://[2001:db8::1]:8443${url.path}${qsa}" )
    }
}
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    lighttpd: tuple[int, ...] = (1, 4, 69),
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], "deploy.exports": ["lighttpd"], **(values or {})})
    return ExportPlan(site, make_policy(site), FOLDER, {"lighttpd": lighttpd, "openssl": openssl}, crl=crl)


def as_lighttpd_reads(text: str) -> str:
    """Return what a string without backslashes of its own means to lighttpd; it must be one."""
    word = re.fullmatch(r'"((?:[^"\\]|\\")*)"', text, re.DOTALL)
    assert word
    return word[1].replace('\\"', '"')


class TestSecure:
    """lighttpd.conf."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        names = {"site.names": ["mail.example.org", "*.bücher.example"]}
        values = {"tls.profile": "modern", **CLIENTS, "client_auth.depth": 2, **names}

        assert GOLDEN_SECURE == without_identity(render(plan(values, openssl=(3, 5, 0), crl=True))[SECURE])

    def test_disabled(self) -> None:
        """A disabled site speaks plain http on this port: no key is named, no policy is said."""
        text = render(plan({"site.enabled": False}))[SECURE]

        assert ['ssl.engine = "disable"'] == rules(without_identity(text))
        assert "Left out" not in text

    def test_clients_off(self) -> None:
        """No client certificate is asked for, whatever an outer level says."""
        text = render(plan())[SECURE]

        assert 'ssl.verifyclient.activate = "disable"' in rules(text)
        assert "client-ca" not in text

    def test_no_list(self) -> None:
        """Where no revocation list is in force none is named: lighttpd would refuse every client."""
        text = render(plan(CLIENTS))[SECURE]

        assert "crl" not in text
        assert "ssl.verifyclient.depth = 1" in rules(text)

    def test_other_service(self) -> None:
        """Clients of the mail protocols alone are asked there."""
        text = render(plan({**CLIENTS, "client_auth.services": ["imaps"]}))[SECURE]

        assert 'ssl.verifyclient.activate = "disable"' in rules(text)

    def test_unlisted(self) -> None:
        """An authority without a list is refused where another has one, in words that name it."""
        wanted = plan(CLIENTS, crl=True)._replace(unlisted=("CN=Their clients",))

        with pytest.raises(SiteError, match="CN=Their clients"):
            render(wanted)

    def test_optional(self) -> None:
        """Where none is required a strange certificate counts as none, and the file says so."""
        text = render(plan({**CLIENTS, "client_auth.mode": "optional"}))[SECURE]

        assert 'ssl.verifyclient.enforce = "disable"' in rules(text)
        assert "# Left out: the refusal of a strange certificate where none is required" in text

    @pytest.mark.parametrize(("profile", "lowered"), [("old", True), ("intermediate", False)])
    def test_security_level(self, profile: str, lowered: bool) -> None:  # noqa: FBT001
        """The security level is lowered for TLS 1.0 and 1.1 alone."""
        assert lowered is ('@SECLEVEL=0",' in render(plan({"tls.profile": profile}))[SECURE])

    def test_older_alone(self) -> None:
        """Without TLS 1.3 none of its suites is named."""
        wanted = plan()
        policy = wanted.policy._replace(protocols=("TLSv1.2",), ciphersuites=())
        text = render(wanted._replace(policy=policy))[SECURE]

        assert '"MaxProtocol" => "TLSv1.2",' in rules(text)
        assert "Ciphersuites" not in text

    def test_order(self) -> None:
        """The lowest protocol is the oldest, in whatever order they were written."""
        wanted = plan()
        text = render(wanted._replace(policy=wanted.policy._replace(protocols=("TLSv1.3", "TLSv1.2"))))[SECURE]

        assert ['"MinProtocol" => "TLSv1.2",', '"MaxProtocol" => "TLSv1.3",'] == [
            line for line in rules(text) if "Protocol" in line
        ]

    def test_lost_groups(self) -> None:
        """What OpenSSL does not know is left out, and said."""
        wanted = plan(openssl=(3, 4, 9))

        assert ("X25519MLKEM768, unknown to OpenSSL 3.4.9",) == find_losses(wanted)
        assert "# Left out: X25519MLKEM768, unknown to OpenSSL 3.4.9" in render(wanted)[SECURE].splitlines()

    def test_no_group(self) -> None:
        """Where it knows none of them, its own stand."""
        wanted = plan(openssl=(3, 4, 9))
        policy = wanted.policy._replace(groups=("X25519MLKEM768",))

        assert "Groups" not in render(wanted._replace(policy=policy))[SECURE]

    def test_hsts(self) -> None:
        """HSTS is said by the secure port alone (RFC 6797, section 7.2)."""
        wanted = plan({"site.plain_http": "redirect"})
        site = replace(wanted.site, site=replace(wanted.site.site, hsts_max_age=63072000))
        texts = render(wanted._replace(site=site))

        assert 'setenv.set-response-header = ( "Strict-Transport-Security" => "max-age=63072000" )' in rules(
            texts[SECURE]
        )
        assert "Strict-Transport-Security" not in texts[PLAIN]
        assert "Strict-Transport-Security" not in render(wanted)[SECURE]


class TestPlain:
    """lighttpd-plain.conf."""

    def test_golden_redirect(self) -> None:
        """The host is one of the names; a port that is not 443 is said."""
        names = ["mail.example.org", "*.bücher.example", "2001:db8::1"]
        text = render(plan({"site.names": names, "site.plain_http": "redirect", "site.https_port": 8443}))[PLAIN]

        assert text.endswith(GOLDEN_REDIRECT)

    def test_wildcard_alone(self) -> None:
        """Without a name to lead to, a strange host is denied."""
        text = render(plan({"site.names": ["*.example.net"], "site.plain_http": "redirect"}))[PLAIN]

        denied = r'$HTTP["host"] !~ "^([a-z0-9-]+\.example\.net)\.?(:[0-9]+)?$" {'
        assert denied in rules(text)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"site.plain_http": "offer"}, []),
            ({"site.plain_http": "closed"}, ['url.access-deny = ( "" )']),
            ({"site.plain_http": "redirect", "site.enabled": False}, []),
        ],
    )
    def test_others(self, values: dict[str, Any], expected: list[str]) -> None:
        """An offer needs no rule, a closed port one; a disabled site does not send anybody to https."""
        assert expected == rules(without_identity(render(plan(values))[PLAIN]))


class TestVirtualHost:
    """The sockets of both ports."""

    @pytest.mark.parametrize("enabled", [True, False])
    def test_whole(self, enabled: bool) -> None:  # noqa: FBT001
        """It holds all that the files do, and needs none of them."""
        wanted = plan({"site.enabled": enabled, "site.plain_http": "redirect"})
        text = render_vhost(wanted)

        assert "include" not in text
        assert 4 == text.count('document-root = "/var/www/html"') == text.count('server.name = "mail.example.org"')
        assert all(rule in rules(text) for file in render(wanted).values() for rule in rules(file))
        assert all(f'$SERVER["socket"] == "{address}" {{' in rules(text) for address in (":80", ":443", "[::]:443"))


class TestQuoting:
    """Whatever the registry and the names are called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is read by lighttpd as it was meant, as one string of one line."""
        assume(not any(refused in path for refused in REFUSED) and not re.search(r"[\x00-\x1f]", path))

        assert path == as_lighttpd_reads(quote(path))

    @pytest.mark.parametrize("refused", REFUSED)
    def test_refused(self, refused: str) -> None:
        """What lighttpd would read otherwise is an error of the site that names the setting, in one printable line."""
        check_refused(lambda: quote(f"/srv/{refused}/current"))

    def test_longest(self) -> None:
        """A path may be so many bytes long, not letters, and no more."""
        check_longest(quote, LONGEST_PATH)

    @pytest.mark.parametrize(
        ("folder", "line"),
        [
            ("/etc/sslutil/current", 'include "/etc/sslutil/current/lighttpd.conf"'),
            ('/srv/a "b', 'include "/srv/a \\"b/lighttpd.conf"'),
        ],
    )
    def test_include(self, folder: str, line: str) -> None:
        """The line for the block of the socket."""
        assert line == render_include(folder)[SECURE]

    @given(any_texts(r"*\[\]a-z0-9.:\"\\\n -"))
    def test_names(self, texts: list[str]) -> None:
        """No name that is taken at all brings another directive or ends its string."""
        names = find_names(texts)
        assume(names)
        wanted = plan({"site.names": names, "site.plain_http": "redirect"})

        check_rules([without_identity(text) for text in (*render(wanted).values(), render_vhost(wanted))], DIRECTIVES)


def test_catalogue() -> None:
    """The files are those of its row."""
    assert set(EXPORTERS["lighttpd"].files.values()) == render_exports(plan()).keys() == render_include(FOLDER).keys()
