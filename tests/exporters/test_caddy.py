"""The text for Caddy; whether a real one takes it is judged in tests/live and tests/servers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, render_export
from sslutil.exporters.caddy import FILE, find_losses, quote, render, render_include, render_vhost
from sslutil.plan import make_policy
from sslutil.site import Site, change
from tests.exporters.strings import any_texts, check_refused, find_names, without_identity

FOLDER = "/srv/registry/current"
CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}
CIPHERS = " ".join(
    f"TLS_ECDHE_{key}_WITH_{rest}"
    for rest in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
    for key in ("ECDSA", "RSA")
)
GOLDEN = r"""# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# At the top of the Caddyfile, below your snippet (webmail): import /srv/registry/current/caddy.conf
# The global option auto_https off keeps Caddy from redirects and certificates of its own
# Names: mail.example.org *.xn--bcher-kva.example
# Left out: the suites of TLS 1.3, which Caddy does not let one choose
# Left out: the choice whose preference counts: Caddy chooses a suite by itself
# Left out: an end to session tickets, which stay on, under keys that Caddy renews by itself
# Left out: the depth of a client's chain, for which Caddy has no word

https://:8443 {
    tls `/srv/registry/current/server.crt` `/srv/registry/current/server.key` {
        protocols tls1.2 tls1.3
        {ciphers}
        curves x25519mlkem768 x25519 secp256r1 secp384r1
        client_auth {
            mode require_and_verify
            trust_pool file `/srv/registry/current/client-ca.crt`
        }
    }
    import webmail
}

http://:80 {
    # Plain http is redirected, but for the challenges of certificate authorities (RFC 8555 section 8.3).
    @sslutil_0 {
        not path_regexp `^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$`
        expression `{http.request.orig_uri}.startsWith("/")`
        header_regexp sslutil_0 Host `(?i)^([a-z0-9-]+\.xn\-\-bcher\-kva\.example)\.?(?::\d+)?$`
    }
    redir @sslutil_0 https://{http.regexp.sslutil_0.1}:8443{http.request.orig_uri} 308
    @sslutil_rest {
        not path_regexp `^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$`
        expression `{http.request.orig_uri}.startsWith("/")`
    }
    redir @sslutil_rest https://mail.example.org:8443{http.request.orig_uri} 308
    @sslutil_odd {
        not path_regexp `^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$`
    }
    redir @sslutil_odd https://mail.example.org:8443/ 308
    import webmail
}
""".replace("{ciphers}", f"ciphers {CIPHERS}")


def plan(
    values: dict[str, Any] | None = None,
    *,
    caddy: tuple[int, ...] = (2, 10, 0),
    crl: bool = False,
    revokes: bool = False,
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(
        site, make_policy(site), FOLDER, {"caddy": caddy, "openssl": (3, 0, 19)}, crl=crl, revokes=revokes
    )


def custom(protocols: list[str], ciphers: list[str], groups: list[str]) -> dict[str, Any]:
    """Return the values of a policy of one's own."""
    suites = ["TLS_AES_128_GCM_SHA256"] if "TLSv1.3" in protocols else []
    values = {"protocols": protocols, "ciphers": ciphers, "ciphersuites": suites, "groups": groups}
    return {"tls.profile": "custom", **{f"tls.{name}": value for name, value in values.items()}}


def text(values: dict[str, Any] | None = None, **rest: Any) -> str:  # noqa: ANN401
    """Return the file for a site with these values."""
    return render(plan(values, **rest))[FILE]


def words(line: str) -> list[str]:
    """Return the arguments of a line as Caddy's lexer reads them: two kinds of quotes, no escapes in what we write."""
    return [plain or ticked or quoted for plain, ticked, quoted in re.findall(r'([^\s`"]+)|`([^`]*)`|"([^"]*)"', line)]


class TestPolicy:
    """The site of the secure port."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        names = {"site.names": ["mail.example.org", "*.bücher.example"], "site.https_port": 8443}

        assert GOLDEN == without_identity(text({"site.plain_http": "redirect", **CLIENTS, **names}))

    def test_modern(self) -> None:
        """TLS 1.3 alone is said as oldest and newest, with no suite of TLS 1.2."""
        modern = text({"tls.profile": "modern"})

        assert "protocols tls1.3 tls1.3\n" in modern
        assert "ciphers " not in modern

    def test_old(self) -> None:
        """Of the old policy TLS 1.2 is the oldest, and what is left out is said by name."""
        losses = " ".join(find_losses(plan({"tls.profile": "old"})))

        assert "protocols tls1.2 tls1.3\n" in text({"tls.profile": "old"})
        assert "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA " in text({"tls.profile": "old"})
        assert "TLS_RSA_" not in text({"tls.profile": "old"})
        assert losses.startswith("TLSv1 TLSv1.1, older than what Caddy speaks")
        assert " DES-CBC3-SHA," in losses

    def test_too_old(self) -> None:
        """A policy that has nothing but older protocols is refused: a newer one in its place was not asked for."""
        with pytest.raises(SiteError, match=r"nothing older than TLS 1\.2"):
            text(custom(["TLSv1.1"], ["ECDHE-ECDSA-AES128-SHA"], ["X25519"]))

    def test_no_cipher_left(self) -> None:
        """Where Caddy knows no suite of TLS 1.2 it is refused: without a list it would offer its own."""
        with pytest.raises(SiteError, match="none of these ciphers"):
            text(custom(["TLSv1.2", "TLSv1.3"], ["ECDHE-ECDSA-AES128-CCM"], ["X25519"]))

    @pytest.mark.parametrize(
        ("version", "curves"),
        [((2, 10, 0), "x25519mlkem768 x25519 secp256r1 secp384r1"), ((2, 9, 1), "x25519 secp256r1 secp384r1")],
    )
    def test_groups(self, version: tuple[int, ...], curves: str) -> None:
        """The hybrid group came with 2.10."""
        said = text(caddy=version)

        assert f" curves {curves}\n" in said
        assert ("# Left out: X25519MLKEM768, unknown to Caddy 2.9.1\n" in said) is (version == (2, 9, 1))

    def test_no_group_left(self) -> None:
        """Where Caddy knows none of the groups none is named, and a comment says so."""
        left = text(custom(["TLSv1.3"], [], ["X448"]))

        assert " curves " not in left
        assert "# Left out: X448, unknown to Caddy 2.10.0\n# Left out: the choice of groups" in left

    def test_hsts(self) -> None:
        """HSTS is said by the secure port alone."""
        wanted = plan({"site.plain_http": "closed"})
        site = replace(wanted.site, site=replace(wanted.site.site, hsts_max_age=63072000))
        secure, plain = render(wanted._replace(site=site))[FILE].split("http://:80")

        assert 'header Strict-Transport-Security "max-age=63072000"\n' in secure
        assert "Strict-Transport-Security" not in plain + text()

    def test_disabled(self) -> None:
        """A disabled site speaks plain http on both ports: no key is named, nobody is redirected."""
        disabled = without_identity(text({"site.enabled": False, "site.plain_http": "redirect", **CLIENTS}, crl=True))

        assert [":443 {", "import webmail", "}", "http://:80 {", "import webmail", "}"] == [
            line.strip() for line in disabled.splitlines() if line and not line.lstrip().startswith("#")
        ]

    def test_oldest(self) -> None:
        """Debian 12's is the oldest that was tried."""
        with pytest.raises(SiteError, match=r"Caddy 2\.5\.0 is too old .* 2\.6\.2"):
            render_export("caddy", plan(caddy=(2, 5, 0)))
        assert (2, 6, 2) == EXPORTERS["caddy"].oldest


class TestClients:
    """Client authentication."""

    @pytest.mark.parametrize(("mode", "said"), [("optional", "verify_if_given"), ("require", "require_and_verify")])
    def test_mode(self, mode: str, said: str) -> None:
        """Each mode has its word."""
        assert f" mode {said}\n" in text({**CLIENTS, "client_auth.mode": mode})

    def test_off(self) -> None:
        """Without client authentication, or for mail protocols alone, nobody is asked."""
        assert "client_auth" not in text() + text({**CLIENTS, "client_auth.services": ["imap"]})

    def test_before_trust_pool(self) -> None:
        """Before 2.8 another word takes the file, and of several authorities the first."""
        said = text(CLIENTS, caddy=(2, 7, 6))

        assert f" trusted_ca_cert_file `{FOLDER}/client-ca.crt`\n" in said
        assert "# Left out: authorities behind the first in client-ca.crt" in said

    def test_list(self) -> None:
        """A revocation list that revokes somebody is refused; that one which revokes nobody is not read is said."""
        with pytest.raises(SiteError, match="revoked client would get in"):
            render(plan(CLIENTS, crl=True, revokes=True))
        lost = "# Left out: the revocation lists, which revoke nobody: Caddy reads none"
        assert lost in text(CLIENTS, crl=True)
        assert lost not in text(CLIENTS)

    def test_depth(self) -> None:
        """A depth that is not the default is refused: there is no word for it."""
        with pytest.raises(SiteError, match="depth of 0"):
            render(plan({**CLIENTS, "client_auth.depth": 0}))
        assert "client_auth" not in text({"client_auth.depth": 0})

    def test_address(self) -> None:
        """Whoever comes by an address has no name in TLS, and Caddy asks for one."""
        assert "by 192.0.2.7," in text({**CLIENTS, "site.names": ["mail.example.org", "192.0.2.7"]})


class TestPlain:
    """The site of plain http."""

    @pytest.mark.parametrize(("plain_http", "expected"), [("offer", ["import webmail"]), ("closed", ["respond 403"])])
    def test_others(self, plain_http: str, expected: list[str]) -> None:
        """An offer serves, a closed port denies and serves nothing."""
        body = without_identity(text({"site.plain_http": plain_http})).partition("http://:80 {\n")[2]

        assert expected == [line.strip() for line in body.splitlines() if "#" not in line and "}" not in line]

    def test_standard_port(self) -> None:
        """Port 443 is not said."""
        said = text({"site.plain_http": "redirect"})

        assert "redir @sslutil_rest https://mail.example.org{http.request.orig_uri} 308" in said
        assert "redir @sslutil_odd https://mail.example.org/ 308" in said

    def test_wildcard_alone(self) -> None:
        """Where there is no name but wildcards, all other hosts are denied."""
        said = text({"site.names": ["*.example.net", "*.example.org"], "site.plain_http": "redirect"})

        assert "\nhttp://*.example.net:80, http://*.example.org:80 {\n" in said
        assert re.search(r"\nhttp://:80 \{\n +#.*\n +respond 403\n\}\n$", said)

    def test_nothing_of_the_client_expands(self) -> None:
        """vars_regexp would expand what a client writes in braces (CVE-2026-30852)."""
        assert "vars_regexp" not in text({"site.plain_http": "redirect"})


class TestVhost:
    """A whole Caddyfile."""

    def test_same_sites(self) -> None:
        """It is the same sites with what they need around them, and imports no file."""
        whole = render_vhost(plan(CLIENTS))

        assert text(CLIENTS).partition("\n\n")[2] in whole
        assert "\n{\n" in whole
        assert {"webmail"} == set(re.findall(r"^ *import (.*)$", whole, re.MULTILINE))


class TestQuoting:
    """Whatever the registry and the names are called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is one argument, and that very path."""
        assume(not set("{}*?[\\") & set(path) and not {"`", '"'} <= set(path))

        assert [path] == words(quote(path))

    @pytest.mark.parametrize(
        "refused", ["\n", "\t", "\0", "\x7f", "\udcff", "{env.HOME}", "{$HOME}", "{", "*", "?", "[a]", "\\", '`"']
    )
    def test_refused(self, refused: str) -> None:
        """What Caddy would read otherwise is an error of the site that names the setting."""
        for wrong in (lambda: quote(f"/srv/{refused}"), lambda: render(plan()._replace(directory=f"/srv/{refused}"))):
            check_refused(wrong)

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ("/etc/sslutil/current", "import /etc/sslutil/current/caddy.conf"),
            ("/srv/a b", "import `/srv/a b/caddy.conf`"),
            ("/srv/a`b", 'import "/srv/a`b/caddy.conf"'),
        ],
    )
    def test_include(self, path: str, line: str) -> None:
        """The line for the Caddyfile has quotes where the path needs them."""
        assert {FILE: line} == render_include(path)

    @given(any_texts(r"*\[\]{}a-z0-9.:\"`\n -"))
    def test_names(self, texts: list[str]) -> None:
        """No name that is taken at all brings another directive or ends its string."""
        said = text({"site.names": find_names(texts) or ["mail.example.org"], "site.plain_http": "redirect"})

        known = {
            "tls",
            "request_header",
            "protocols",
            "ciphers",
            "curves",
            "import",
            "not",
            "expression",
            "header_regexp",
            "redir",
        }
        for line in (line.strip() for line in said.splitlines() if line and not line.lstrip().startswith("#")):
            assert line.split()[0] in {*known, "}", "rewrite", "respond"} or re.fullmatch(r"(@|https?://).* \{", line)
            assert 0 == line.count("`") % 2
