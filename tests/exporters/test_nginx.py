"""The text for nginx; whether a real one takes it is judged in tests/live."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, render_exports
from sslutil.exporters.nginx import (
    HTTP2_DIRECTIVE,
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
REFUSED = ["\n", "\r", "\t", "\0", "\x7f", "$", "*", "?", "[", "\udcff"]
"""What no parameter of nginx can hold, or what it would read as something else."""
CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}
DIRECTIVES = {
    "http2",
    "if",
    "listen",
    "return",
    "root",
    "server",
    "server_name",
    "set",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_ciphers",
    "ssl_conf_command",
    "ssl_ecdh_curve",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_tickets",
    "ssl_verify_client",
    "}",
}

GOLDEN_SECURE = """\
# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# In the server block of port 443, without a listen line of its own: include /srv/registry/current/nginx.conf;
# ssl_protocols counts in the default server of a port alone: include this file there
# Names: mail.example.org *.xn--bcher-kva.example
listen 443 ssl;
listen [::]:443 ssl;
http2 on;
ssl_certificate "/srv/registry/current/server.crt";
ssl_certificate_key "/srv/registry/current/server.key";
ssl_protocols TLSv1.3;
ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256;
ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;
ssl_prefer_server_ciphers off;
ssl_session_tickets off;
ssl_verify_client on;
ssl_verify_depth 1;
ssl_client_certificate "/srv/registry/current/client-ca.crt";
# Whom this names at an outer level would be let in too.
ssl_trusted_certificate "";
# A session that is resumed is not judged anew: who was revoked meanwhile would get in.
ssl_session_cache off;
ssl_crl "/srv/registry/current/client-ca.crl";
"""
GOLDEN_REDIRECT = r"""
set $sslutil_host "mail.example.org";
if ($host ~* "^[a-z0-9-]+\\.xn\\-\\-bcher\\-kva\\.example$") { set $sslutil_host $host; }
if ($host = "[2001:db8::1]") { set $sslutil_host $host; }
set $sslutil_to "https://$sslutil_host:8443$request_uri";
if ($uri ~ "^/\\.well-known/acme-challenge/") { set $sslutil_to ""; }
if ($sslutil_to) { return 308 $sslutil_to; }
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    nginx: tuple[int, ...] = (1, 22, 1),
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], "deploy.exports": ["nginx"], **(values or {})})
    return ExportPlan(site, make_policy(site), FOLDER, {"nginx": nginx, "openssl": openssl}, crl=crl)


def as_nginx_reads(parameter: str) -> str:
    """Return what a quoted parameter is after nginx's own ngx_conf_read_token; it must be one."""
    word = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', parameter, re.DOTALL)
    assert word
    meanings = {"t": "\t", "r": "\r", "n": "\n"}
    return re.sub(r"\\([\"'\\trn])", lambda found: meanings.get(found[1], found[1]), word[1])


class TestSecure:
    """nginx.conf."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        names = {"site.names": ["mail.example.org", "*.bücher.example"]}
        values = {"tls.profile": "modern", **CLIENTS, "client_auth.depth": 2, **names}

        text = render(plan(values, nginx=(1, 26, 3), openssl=(3, 5, 0), crl=True))[SECURE]

        assert GOLDEN_SECURE == without_identity(text)

    @pytest.mark.parametrize(
        ("version", "lines"),
        [
            ((1, 25, 0), ["listen 443 ssl http2;", "listen [::]:443 ssl http2;"]),
            (HTTP2_DIRECTIVE, ["listen 443 ssl;", "listen [::]:443 ssl;", "http2 on;"]),
        ],
    )
    def test_http2(self, version: tuple[int, ...], lines: list[str]) -> None:
        """HTTP/2 is said as the version takes it."""
        text = render(plan(nginx=version))[SECURE]

        assert lines == [line for line in rules(text) if line.startswith(("listen", "http2"))]

    def test_disabled(self) -> None:
        """A disabled site speaks plain http on this port: no key is named, no policy is said."""
        text = render(plan({"site.enabled": False}))[SECURE]

        assert ["listen 443;", "listen [::]:443;"] == rules(without_identity(text))
        assert "Left out" not in text

    def test_clients_off(self) -> None:
        """No client certificate is asked for, whatever an outer level says."""
        text = render(plan())[SECURE]

        assert "ssl_verify_client off;" in rules(text)
        assert "client-ca" not in text

    def test_no_list(self) -> None:
        """Where no revocation list is in force none is named: nginx would refuse every client."""
        text = render(plan(CLIENTS))[SECURE]

        assert "ssl_crl" not in text
        assert "ssl_verify_depth 0;" in rules(text)

    def test_other_service(self) -> None:
        """Clients of the mail protocols alone are asked there."""
        text = render(plan({**CLIENTS, "client_auth.services": ["imaps"]}))[SECURE]

        assert "ssl_verify_client off;" in rules(text)

    def test_unlisted(self) -> None:
        """An authority without a list is refused where another has one, in words that name it."""
        wanted = plan(CLIENTS, crl=True)._replace(unlisted=("CN=Their clients",))

        with pytest.raises(SiteError, match="CN=Their clients"):
            render(wanted)

    def test_depth(self) -> None:
        """A depth that would let in whom the site does not is refused."""
        with pytest.raises(SiteError, match="depth of 0"):
            render(plan({**CLIENTS, "client_auth.depth": 0}))

    @pytest.mark.parametrize(("profile", "lowered"), [("old", True), ("intermediate", False)])
    def test_security_level(self, profile: str, lowered: bool) -> None:  # noqa: FBT001
        """The security level is lowered for TLS 1.0 and 1.1 alone."""
        assert lowered is ("@SECLEVEL=0;" in render(plan({"tls.profile": profile}))[SECURE])

    def test_older_alone(self) -> None:
        """Without TLS 1.3 none of its suites is named."""
        wanted = plan()
        policy = wanted.policy._replace(protocols=("TLSv1.2",), ciphersuites=())
        text = render(wanted._replace(policy=policy))[SECURE]

        assert "ssl_protocols TLSv1.2;" in rules(text)
        assert "ssl_conf_command" not in text

    def test_lost_groups(self) -> None:
        """What OpenSSL does not know is left out, and said."""
        wanted = plan(openssl=(3, 4, 9))

        assert ("X25519MLKEM768, unknown to OpenSSL 3.4.9",) == find_losses(wanted)
        assert "# Left out: X25519MLKEM768, unknown to OpenSSL 3.4.9" in render(wanted)[SECURE].splitlines()

    def test_no_group(self) -> None:
        """Where it knows none of them, its own stand."""
        wanted = plan(openssl=(3, 4, 9))
        policy = wanted.policy._replace(groups=("X25519MLKEM768",))

        assert "ssl_ecdh_curve" not in render(wanted._replace(policy=policy))[SECURE]

    def test_hsts(self) -> None:
        """HSTS is said by the secure port alone (RFC 6797, section 7.2)."""
        wanted = plan({"site.plain_http": "redirect"})
        site = replace(wanted.site, site=replace(wanted.site.site, hsts_max_age=63072000))
        texts = render(wanted._replace(site=site))

        assert 'add_header Strict-Transport-Security "max-age=63072000" always;' in rules(texts[SECURE])
        assert "Strict-Transport-Security" not in texts[PLAIN]
        assert "Strict-Transport-Security" not in render(wanted)[SECURE]


class TestPlain:
    """nginx-plain.conf."""

    def test_golden_redirect(self) -> None:
        """The host is one of the names; a port that is not 443 is said."""
        names = ["mail.example.org", "*.bücher.example", "2001:db8::1"]
        text = render(plan({"site.names": names, "site.plain_http": "redirect", "site.https_port": 8443}))[PLAIN]

        assert without_identity(text).endswith(GOLDEN_REDIRECT)

    def test_wildcard_alone(self) -> None:
        """Without a name to lead to, a strange host is denied."""
        text = render(plan({"site.names": ["*.example.net"], "site.plain_http": "redirect"}))[PLAIN]

        assert 'set $sslutil_host "";' in rules(text)
        assert 'if ($sslutil_to = "denied") { return 403; }' in rules(text)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"site.plain_http": "offer"}, []),
            ({"site.plain_http": "closed"}, ["return 403;"]),
            ({"site.plain_http": "redirect", "site.enabled": False}, []),
        ],
    )
    def test_others(self, values: dict[str, Any], expected: list[str]) -> None:
        """An offer needs no rule, a closed port one; a disabled site does not send anybody to https."""
        assert expected == rules(without_identity(render(plan(values))[PLAIN]))


class TestVirtualHost:
    """Both server blocks."""

    @pytest.mark.parametrize("enabled", [True, False])
    def test_whole(self, enabled: bool) -> None:  # noqa: FBT001
        """It holds all that the files do, and needs none of them."""
        wanted = plan({"site.enabled": enabled, "site.plain_http": "redirect"})
        text = render_vhost(wanted)

        assert "include" not in text
        assert 2 == text.count("root /var/www/html;") == text.count("server_name mail.example.org;")
        assert all(rule in rules(text) for name in (SECURE, PLAIN) for rule in rules(render(wanted)[name]))
        assert "listen 80;" in rules(text)


class TestQuoting:
    """Whatever the registry and the names are called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is read by nginx as it was meant, as one parameter of one line."""
        assume(not any(refused in path for refused in REFUSED) and not re.search(r"[\x00-\x1f]", path))

        assert path == as_nginx_reads(quote(path))

    @pytest.mark.parametrize("refused", REFUSED)
    def test_refused(self, refused: str) -> None:
        """What nginx would read otherwise is an error of the site that names the setting, in one printable line."""
        check_refused(lambda: quote(f"/srv/{refused}/current"))

    def test_longest(self) -> None:
        """A path may be so many bytes long, not letters, and no more."""
        check_longest(quote, LONGEST_PATH)

    @pytest.mark.parametrize(
        ("folder", "line"),
        [
            ("/etc/sslutil/current", "include /etc/sslutil/current/nginx.conf;"),
            ("/srv/a b", 'include "/srv/a b/nginx.conf";'),
            ('/srv/a"\\b', 'include "/srv/a\\"\\\\b/nginx.conf";'),
            ("/srv/#1;", 'include "/srv/#1;/nginx.conf";'),
        ],
    )
    def test_include(self, folder: str, line: str) -> None:
        """The line for the server block has quotes where the path needs them."""
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
    assert set(EXPORTERS["nginx"].files.values()) == render_exports(plan()).keys() == render_include(FOLDER).keys()
