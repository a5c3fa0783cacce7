"""The text for HAProxy; whether a real one takes it is judged in tests/live and tests/servers."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, render_export
from sslutil.exporters.haproxy import FILE, LONGEST_PATH, find_losses, quote, render, render_include, render_vhost
from sslutil.plan import make_policy
from sslutil.site import Site, change
from tests.exporters.strings import any_texts, check_refused, find_names, without_identity

FOLDER = "/srv/registry/current"
CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}
GOLDEN = r"""# Made by sslutil. Edit site.toml instead: this file is written anew by each change.
# Load it after the file with the defaults, timeouts too: -f /srv/registry/current/haproxy.cfg
# The backend webmail is yours: it answers on both ports
# Names: mail.example.org *.xn--bcher-kva.example 2001:db8::1
# Left out: the depth of a client's chain, for which HAProxy has no word

frontend sslutil_secure
    mode http
    bind :8443,[::]:8443 v6only ssl crt '/srv/registry/current/bundle.pem' alpn h2,http/1.1 ssl-min-ver TLSv1.3"""
GOLDEN += (
    " ssl-max-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    " curves X25519MLKEM768:X25519:prime256v1:secp384r1 prefer-client-ciphers no-tls-tickets verify required"
    " ca-file '/srv/registry/current/client-ca.crt' crl-file '/srv/registry/current/client-ca.crl'"
)
GOLDEN += r"""
    default_backend webmail

frontend sslutil_plain
    mode http
    bind :80,[::]:80 v6only
    # Plain http is redirected, but for the challenges of certificate authorities (RFC 8555 section 8.3).
    http-request set-var(txn.sslutil_host) str('mail.example.org')
    http-request set-var(txn.sslutil_host) req.fhdr(host),field(1,:),regsub([.]$,)"""
GOLDEN += r""" if { req.fhdr(host) -m reg -i '^[a-z0-9-]+\.xn\-\-bcher\-kva\.example\.?(:[0-9]+)?$' }
    http-request set-var(txn.sslutil_host) str('[2001:db8::1]')"""
GOLDEN += r""" if { req.fhdr(host) -m reg -i '^\[2001:db8::1\]\.?(:[0-9]+)?$' }
    http-request redirect prefix 'https://%[var(txn.sslutil_host)]:8443' code 308"""
GOLDEN += r""" unless { path_reg '^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$' }
    default_backend webmail
"""


def plan(
    values: dict[str, Any] | None = None,
    *,
    openssl: tuple[int, ...] = (3, 0, 19),
    crl: bool = False,
    unlisted: tuple[str, ...] = (),
) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    versions = {"haproxy": EXPORTERS["haproxy"].oldest, "openssl": openssl}
    return ExportPlan(site, make_policy(site), FOLDER, versions, crl=crl, unlisted=unlisted)


def custom(protocols: list[str], ciphers: list[str], ciphersuites: list[str], groups: list[str]) -> dict[str, Any]:
    """Return the values of a policy of one's own."""
    values = {"protocols": protocols, "ciphers": ciphers, "ciphersuites": ciphersuites, "groups": groups}
    return {"tls.profile": "custom", **{f"tls.{name}": value for name, value in values.items()}}


def text(values: dict[str, Any] | None = None, **versions: Any) -> str:  # noqa: ANN401
    """Return the file for a site with these values."""
    return render(plan(values, **versions))[FILE]


class TestFile:
    """haproxy.cfg."""

    def test_golden(self) -> None:
        """The whole file, with all that it can hold."""
        names = {"site.names": ["mail.example.org", "*.bücher.example", "2001:db8::1"], "site.https_port": 8443}
        wanted = {"tls.profile": "modern", "site.plain_http": "redirect", **CLIENTS, **names}

        assert GOLDEN == without_identity(text(wanted, openssl=(3, 5, 0), crl=True))

    def test_clients_off(self) -> None:
        """Without client authentication no authority is named."""
        assert " verify none\n" in text()
        assert "ca-file" not in text()

    def test_no_list(self) -> None:
        """Where no revocation list is in force none is named."""
        assert "crl-file" not in text(CLIENTS)

    def test_other_services(self) -> None:
        """Clients of mail protocols alone are not asked on the web."""
        assert " verify none\n" in text({**CLIENTS, "client_auth.services": ["imap"]})

    def test_unlisted(self) -> None:
        """An authority without a list, where any is in force, is refused, and named."""
        with pytest.raises(SiteError, match="CN=Theirs"):
            render(plan(CLIENTS, crl=True, unlisted=("CN=Theirs",)))

    def test_depth(self) -> None:
        """A depth that is not the default is refused: there is no word for it."""
        with pytest.raises(SiteError, match="depth of 2") as caught:
            render(plan({**CLIENTS, "client_auth.depth": 2}))
        assert "client_auth.depth" == caught.value.key
        assert "verify none" in text({"client_auth.depth": 2})

    def test_disabled(self) -> None:
        """A disabled site speaks plain http on both ports: no key is named, nobody is redirected."""
        disabled = without_identity(text({"site.enabled": False, "site.plain_http": "redirect", **CLIENTS}))

        assert " ssl " not in disabled
        assert "http-request" not in disabled
        assert "Left out" not in disabled

    def test_old(self) -> None:
        """TLS 1.0 is spelt as HAProxy does, at the security level that it needs; the server's order counts."""
        old = text({"tls.profile": "old"})

        assert " ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.3 " in old
        assert ":@SECLEVEL=0 " in old
        assert "prefer-client-ciphers" not in old
        assert "ChaCha20" in " ".join(find_losses(plan({"tls.profile": "old"})))
        assert "SECLEVEL" not in text()

    def test_one_protocol(self) -> None:
        """A policy of TLS 1.2 alone names no suite of TLS 1.3."""
        alone = text(custom(["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], [], ["X25519"]))

        assert " ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES128-GCM-SHA256 curves X25519 " in alone

    def test_no_group_left(self) -> None:
        """Where OpenSSL knows none of the groups none is named, and a comment says so."""
        left = text(custom(["TLSv1.3"], [], ["TLS_AES_128_GCM_SHA256"], ["X25519MLKEM768"]))

        assert " curves " not in left
        assert "# Left out: X25519MLKEM768, unknown to OpenSSL 3.0.19" in left

    def test_hsts(self) -> None:
        """HSTS is said by the secure port alone, of HAProxy's own errors too."""
        wanted = plan({"site.plain_http": "closed"})
        site = replace(wanted.site, site=replace(wanted.site.site, hsts_max_age=63072000))
        said = render(wanted._replace(site=site))[FILE]

        secure, plain = said.split("frontend sslutil_plain")
        assert 'http-after-response set-header Strict-Transport-Security "max-age=63072000"' in secure
        assert "Strict-Transport-Security" not in plain
        assert "Strict-Transport-Security" not in text()

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"site.plain_http": "offer"}, []),
            ({"site.plain_http": "closed"}, ["http-request deny deny_status 403"]),
            ({"site.plain_http": "redirect", "site.enabled": False}, []),
        ],
    )
    def test_plain(self, values: dict[str, Any], expected: list[str]) -> None:
        """An offer needs no rule, a closed port one; a disabled site does not send anybody to https."""
        assert expected == re.findall(r"http-request.*", without_identity(text(values)))

    def test_wildcard_alone(self) -> None:
        """Where there is no name but a wildcard, whoever asked for another one is denied."""
        said = without_identity(text({"site.names": ["*.example.net"], "site.plain_http": "redirect"}))
        rules = re.findall(r"http-request (\S+)", said)

        assert ["set-var(txn.sslutil_host)", "deny", "redirect"] == rules

    def test_standard_port(self) -> None:
        """Port 443 is not said."""
        assert "prefix 'https://%[var(txn.sslutil_host)]' code 308" in text({"site.plain_http": "redirect"})

    def test_vhost(self) -> None:
        """The whole configuration is the same frontends with what they need around them."""
        frontends = text(CLIENTS).partition("\n\n")[2].rstrip()
        whole = render_vhost(plan(CLIENTS))

        assert frontends in whole
        assert re.search(r"^defaults\n    mode http$", whole, re.MULTILINE)
        assert re.search(r"^backend webmail$", whole, re.MULTILINE)

    def test_too_old(self) -> None:
        """http-after-response came with 2.2."""
        old = plan()._replace(versions={"haproxy": (2, 1, 9), "openssl": (3, 0, 19)})
        with pytest.raises(SiteError, match=r"HAProxy 2\.1\.9 is too old .* 2\.2 is"):
            render_export("haproxy", old)


class TestQuoting:
    """Whatever the registry and the names are called, it stays where it belongs."""

    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
    def test_round_trip(self, path: str) -> None:
        """What is not refused is one argument, by the rules that HAProxy's single quotes share with a shell's."""
        assert [path] == shlex.split(quote(path))

    @pytest.mark.parametrize("refused", ["\n", "\r", "\t", "\0", "\x7f", "\udcff", "x" * LONGEST_PATH])
    def test_refused(self, refused: str) -> None:
        """What a line can't hold is an error of the site that names the setting."""
        for wrong in (lambda: quote(f"/srv/{refused}"), lambda: render(plan()._replace(directory=f"/srv/{refused}"))):
            check_refused(wrong)

    @pytest.mark.parametrize(
        ("path", "option"),
        [("/etc/sslutil/current", "-f /etc/sslutil/current/haproxy.cfg"), ("/srv/a b", "-f '/srv/a b/haproxy.cfg'")],
    )
    def test_include(self, path: str, option: str) -> None:
        """The option for the command line is quoted where a shell needs it."""
        assert {FILE: option} == render_include(path)

    @given(any_texts(r"*\[\]a-z0-9.:\"'\\\n -"))
    def test_names(self, texts: list[str]) -> None:
        """No name that is taken at all brings another line or ends its string."""
        said = text({"site.names": find_names(texts) or ["mail.example.org"], "site.plain_http": "redirect"})

        for line in (line for line in said.splitlines() if line and not line.lstrip().startswith("#")):
            assert line.split()[0] in {"frontend", "mode", "bind", "http-request", "default_backend"}
            assert 0 == line.count("'") % 2
