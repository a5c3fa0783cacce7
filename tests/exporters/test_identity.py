"""Who the client is, in the text of each web server; whether real ones take it is judged in tests/live."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sslutil.exporters import EXPORTERS, ExportPlan, render_export, render_vhost
from sslutil.exporters.haproxy import DELETES_BY_PATTERN
from sslutil.exporters.nginx import COMMON_NAME
from sslutil.exporters.parts import FORGED, IDENTITY_HEADERS, find_lost_identity, spell_header
from sslutil.plan import make_policy
from sslutil.site import Site, change

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES = ("off", "optional", "require")
WAYS = ("offer", "redirect", "closed")
CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}
PORTS = {
    "apache": ("apache.conf", "apache-plain.conf"),
    "nginx": ("nginx.conf", "nginx-plain.conf"),
    "lighttpd": ("lighttpd.conf", "lighttpd-plain.conf"),
}
"""The file of each port; the others have one for both."""

GOLDEN_APACHE = """\
RequestHeader edit* Connection "(?i)x-ssl-client[a-z-]*" "" early
RequestHeader set X-SSL-Client-Verify NONE
RequestHeader set X-SSL-Client-Verify SUCCESS "expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
RequestHeader set X-SSL-Client-CN "%{SSL_CLIENT_S_DN_CN}s" \
"expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS' && %{SSL_CLIENT_S_DN_CN} != ''"
RequestHeader set X-SSL-Client-Serial "%{SSL_CLIENT_M_SERIAL}s" "expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
RequestHeader set X-SSL-Client-Issuer "%{SSL_CLIENT_I_DN}s" "expr=%{SSL_CLIENT_VERIFY} == 'SUCCESS'"
SSLOptions +StdEnvVars
SSLUserName SSL_CLIENT_S_DN_CN
"""
GOLDEN_HAPROXY = """\
    http-request del-header '^x[^a-z0-9]ssl[^a-z0-9]client' -m reg
    http-request set-header X-SSL-Client-Verify NONE
    http-request set-header X-SSL-Client-Verify SUCCESS if { ssl_c_used } { ssl_c_verify 0 }
    http-request set-header X-SSL-Client-CN %[ssl_c_s_dn(CN)] if { ssl_c_used } { ssl_c_verify 0 } \
{ ssl_c_s_dn(CN) -m reg '^[^[:cntrl:]]+$' }
    http-request set-header X-SSL-Client-Serial %[ssl_c_serial,hex] if { ssl_c_used } { ssl_c_verify 0 }
    http-request set-header X-SSL-Client-Issuer %[ssl_c_i_dn(,0,rfc2253)] if { ssl_c_used } { ssl_c_verify 0 }
"""
GOLDEN_NGINX = r"""
if ($ssl_client_verify = SUCCESS) { set $sslutil_client_serial $ssl_client_serial; }
if ($ssl_client_verify = SUCCESS) { set $sslutil_client_issuer $ssl_client_i_dn; }
if ($ssl_client_verify = SUCCESS) { set $sslutil_client_verify SUCCESS; }
set $sslutil_client_dn "";
if ($ssl_client_verify = SUCCESS) { set $sslutil_client_dn $ssl_client_s_dn; }
"""


def plan(export: str, values: Mapping[str, Any], version: tuple[int, ...] = ()) -> ExportPlan:
    """Return what an exporter is given, for the newest version that is proven."""
    site = change(Site(), {"site.names": ["mail.example.org"], "deploy.exports": [export], **values})
    proven = tuple(int(part) for part in EXPORTERS[export].proven[0].split("."))
    versions = {export: version or proven, "openssl": (3, 0, 19)}
    return ExportPlan(site, make_policy(site), "/srv/registry/current", versions)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("export", ["apache", "nginx", "haproxy", "lighttpd", "caddy"])
def test_everywhere(export: str, way: str, mode: str, enabled: bool) -> None:  # noqa: FBT001  a parameter
    """Whatever the site says, both ports take out what a client wrote; a port that serves nothing needs not."""
    if way == "closed" and not enabled:
        return
    wanted = plan(export, {**CLIENTS, "client_auth.mode": mode, "site.plain_http": way, "site.enabled": enabled})
    texts = render_export(export, wanted)
    serving = 1 if export == "caddy" and way == "closed" else 2

    for file in PORTS.get(export, ()):
        assert FORGED in texts[file].splitlines()
    assert (serving if export not in PORTS else 2) == sum(text.count(FORGED) for text in texts.values())
    # The vhost of lighttpd has a block for each family of addresses.
    assert serving * (2 if export == "lighttpd" else 1) == render_vhost(export, wanted).count(FORGED)


@pytest.mark.parametrize(
    ("export", "golden"), [("apache", GOLDEN_APACHE), ("haproxy", GOLDEN_HAPROXY), ("nginx", GOLDEN_NGINX)]
)
def test_golden(export: str, golden: str) -> None:
    """What tells the application, letter by letter, where clients are asked and nowhere else."""
    text = "".join(render_export(export, plan(export, CLIENTS)).values())
    off = "".join(render_export(export, plan(export, {})).values())

    assert golden in text
    assert golden.strip().splitlines()[-1] not in off


@pytest.mark.parametrize(("export", "separators"), [("apache", "-_."), ("nginx", "-_"), ("lighttpd", "-_.")])
def test_spellings(export: str, separators: str) -> None:
    """Each spelling of each header is taken out on both ports; nginx ignores one with a dot altogether."""
    texts = render_export(export, plan(export, {}))

    for file in PORTS[export]:
        for name in IDENTITY_HEADERS:
            for spelling in spell_header(name, separators):
                assert re.search(rf'[ "]{re.escape(spelling)}[ "]', texts[file])
        assert ("ignore_invalid_headers on;" in texts[file].splitlines()) is (export == "nginx")


@pytest.mark.parametrize(("version", "lines"), [((2, 3, 9), 108), (DELETES_BY_PATTERN, 1)])
def test_older_haproxy(version: tuple[int, ...], lines: int) -> None:
    """Before del-header took a pattern, each spelling has its line, on both ports."""
    text = render_export("haproxy", plan("haproxy", {}, version))["haproxy.cfg"]

    assert 2 * lines == text.count("http-request del-header ")


def test_spell_header() -> None:
    """What parts the words is folded, in every combination, and nothing else is changed."""
    assert {"X-SSL-A", "X_SSL-A", "X-SSL_A", "X_SSL_A"} == set(spell_header("X-SSL-A", "-_"))
    assert {"X-A", "X_A", "X.A"} == set(spell_header("X-A"))
    assert ("Host",) == spell_header("Host")


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=anna@example.org", "anna@example.org"),
        ("emailAddress=x,CN=anna,O=Example", "anna"),
        (r"CN=anna\,CN\=bob", r"anna\,CN\=bob"),
        (r"CN=anna,O=x\,CN=bob", "anna"),
        (r"CN=anna,O=x\\", "anna"),
        (r"CN=anna\+mail@example.org", r"anna\+mail@example.org"),
        ("O=a+CN=anna,C=DE", "anna"),
        ("CN=bob,CN=anna", "anna"),
        (r"O=x\+CN=bob", None),
        (r"O=CN=bob", None),
        ("O=x,2.5.4.3CN=bob", None),
        ("CN=,O=x", None),
        ("", None),
    ],
)
def test_common_name(subject: str, name: str | None) -> None:
    """The common name is found in a subject whole, and it is the first of the certificate where there are several."""
    found = re.search(COMMON_NAME, subject)

    assert name == (found[1] if found else None)


@pytest.mark.parametrize("export", ["lighttpd", "caddy"])
def test_lost(export: str) -> None:
    """Where headers can't tell who the client is, the file says what does, if clients are asked at all."""
    asked, off = ("".join(render_export(export, plan(export, values)).values()) for values in (CLIENTS, {}))

    assert "# Left out: the headers X-SSL-Client-Verify, " in asked
    assert "# Left out: the headers" not in off
    assert () == find_lost_identity(plan(export, {}), "nothing")


def test_nginx_locations() -> None:
    """The file for locations tells proxies, FastCGI, uwsgi and SCGI the same four things."""
    text = render_export("nginx", plan("nginx", CLIENTS))["nginx-identity.conf"]

    for line in (
        "proxy_set_header X-SSL-Client-CN $sslutil_client_cn;",
        'proxy_set_header X_SSL_Client_CN "";',
        *(f"{kind}_param HTTP_X_SSL_CLIENT_CN $sslutil_client_cn;" for kind in ("fastcgi", "uwsgi", "scgi")),
    ):
        assert line in text.splitlines()
