"""Apache httpd 2.4: one file for the secure virtual host, one for the plain one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.exporters.parts import (
    CLOSED,
    DISABLED_PLAIN,
    DISABLED_SECURE,
    FORGED,
    IDENTITY_HEADERS,
    ISSUER_HEADER,
    NAME_HEADER,
    NOBODY,
    OFFERED,
    ON_OFF,
    OWN_ROOT,
    REDIRECTED,
    SERIAL_HEADER,
    VERIFIED,
    VERIFY_HEADER,
    clients_of,
    find_first,
    find_lost_ciphers,
    find_lost_groups,
    introduce,
    list_groups,
    refuse_characters,
    render_cipher_list,
    render_host,
    render_port,
    render_text,
    spell_header,
    unless_plain,
)

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan
    from sslutil.names import Identity

SECURE = "apache.conf"
PLAIN = "apache-plain.conf"
LONGEST_PATH = 3500
"""Bytes. httpd takes 4092 for a file and its ServerRoot together (apr_filepath_merge), and who knows the latter."""


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of apache.conf and apache-plain.conf, by file name."""
    return {SECURE: _render_secure(plan), PLAIN: _render_plain(plan)}


def quote(path: str) -> str:
    r"""Return a path as one quoted argument of httpd; SiteError for what its dialect can't hold.

    httpd expands ${NAME}, and Include reads *, ? and [ as a pattern, which might name another registry's files. It
    takes a backslash before a quote or a backslash (ap_getword_conf), and has no escape for the rest.
    """
    if re.search(r"[\x00-\x1f\x7f*?\[\ud800-\udfff]|\$\{", path) or len(path.encode()) > LONGEST_PATH:
        raise refuse_characters("Apache", path, "")
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what httpd can't express of the site."""
    return (*find_lost_ciphers(plan.policy), *find_lost_groups(plan))


def render_include(directory: str) -> dict[str, str]:
    """Return the line that takes each file into its virtual host, with quotes only where the path needs them."""
    return {name: _include(f"{directory}/{name}") for name in (SECURE, PLAIN)}


def _include(path: str) -> str:
    return f"Include {unless_plain(path, quote(path))}"


def render_vhost(plan: ExportPlan) -> str:
    """Return the two virtual hosts, whole; each port that httpd does not listen on yet needs its Listen line."""
    web = plan.site.site
    use = "For sites-available or conf.d; httpd has to listen on these ports. Renewals need no change here"
    lines = introduce(plan, use, losses=find_losses(plan) if web.enabled else ())
    lines += _virtual_host(plan, web.https_port, _secure_directives(plan))
    lines += _virtual_host(plan, web.http_port, _plain_directives(plan))
    return render_text(lines)


def _virtual_host(plan: ExportPlan, port: int, directives: list[str]) -> list[str]:
    """Return one virtual host; a first name that is a wildcard can't be the server's own, only another one of it."""
    names = plan.site.site.names
    first = find_first(names)
    server = [f"ServerName {render_host(first)}"] if first else []
    others = [render_host(name) for name in names if name != first]
    aliases = [f"ServerAlias {' '.join(others)}"] if others else []
    root = [OWN_ROOT, 'DocumentRoot "/var/www/html"']
    body = [*server, *aliases, *root, *directives]
    return ["", f"<VirtualHost *:{port}>", *(f"    {line}" for line in body), "</VirtualHost>"]


def _render_secure(plan: ExportPlan) -> str:
    port = plan.site.site.https_port
    use = f"In the virtual host of port {port}, after its ServerName: {_include(f'{plan.directory}/{SECURE}')}"
    losses = find_losses(plan) if plan.site.site.enabled else ()
    return render_text([*introduce(plan, use, losses=losses), *_secure_directives(plan)])


def _secure_directives(plan: ExportPlan) -> list[str]:
    if not plan.site.site.enabled:
        return [DISABLED_SECURE, "SSLEngine off", *_nobody()]
    return _engine(plan) + _policy(plan) + _clients(plan) + _identity(plan) + _hsts(plan)


def _engine(plan: ExportPlan) -> list[str]:
    return [
        "SSLEngine on",
        f"SSLCertificateFile {quote(f'{plan.directory}/{registry.CERTIFICATE}')}",
        f"SSLCertificateKeyFile {quote(f'{plan.directory}/{registry.KEY}')}",
    ]


def _policy(plan: ExportPlan) -> list[str]:
    policy = plan.policy
    lines = ["SSLProtocol -all " + " ".join(f"+{protocol}" for protocol in policy.protocols)]
    if policy.ciphers:
        lines.append(f"SSLCipherSuite {render_cipher_list(policy)}")
    if "TLSv1.3" in policy.protocols:
        lines.append(f"SSLCipherSuite TLSv1.3 {':'.join(policy.ciphersuites)}")
    groups = list_groups(plan)
    if groups:
        lines.append(f"SSLOpenSSLConfCmd Groups {':'.join(groups)}")
    lines.append(f"SSLHonorCipherOrder {ON_OFF[policy.prefer_server_ciphers]}")
    lines.append(f"SSLSessionTickets {ON_OFF[policy.session_tickets]}")
    lines.append("SSLCompression off")
    return lines


def _clients(plan: ExportPlan) -> list[str]:
    clients = clients_of(plan, "https")
    if clients.mode == "off":
        return ["SSLVerifyClient none"]
    lines = [
        f"SSLVerifyClient {clients.mode}",
        f"SSLVerifyDepth {clients.depth}",
        f"SSLCACertificateFile {quote(f'{plan.directory}/{registry.CLIENT_CA}')}",
    ]
    if plan.crl:
        # Without the check httpd reads the file and ignores it. The whole chain: a revoked intermediate lets nobody in.
        # Without the flag an authority that has no list would have no client (2.4.21, httpd manual).
        flag = " no_crl_for_cert_ok" if plan.unlisted else ""
        lines += [
            f"SSLCARevocationFile {quote(f'{plan.directory}/{registry.CLIENT_CRL}')}",
            f"SSLCARevocationCheck chain{flag}",
        ]
    return lines


def _nobody() -> list[str]:
    """Return what takes the identity out that a client wrote itself: early, so before rewriting, proxies and CGI.

    mod_headers takes no pattern for a name, so each spelling has a line. No IfModule: without it httpd must not start.
    """
    return [
        FORGED,
        *(f"RequestHeader unset {spelling} early" for name in IDENTITY_HEADERS for spelling in spell_header(name)),
        # Else a client could have mod_proxy drop one of ours, as a header of the connection (RFC 9110 section 7.6.1).
        'RequestHeader edit* Connection "(?i)x-ssl-client[a-z-]*" "" early',
        f"RequestHeader set {VERIFY_HEADER} {NOBODY}",
    ]


def _identity(plan: ExportPlan) -> list[str]:
    """Return what tells an application who the client is: by headers, by the variables of CGI, and as REMOTE_USER."""
    if clients_of(plan, "https").mode == "off":
        return _nobody()
    known = f"\"expr=%{{SSL_CLIENT_VERIFY}} == '{VERIFIED}'\""
    named = f"\"expr=%{{SSL_CLIENT_VERIFY}} == '{VERIFIED}' && %{{SSL_CLIENT_S_DN_CN}} != ''\""
    return [
        *_nobody(),
        f"RequestHeader set {VERIFY_HEADER} {VERIFIED} {known}",
        f'RequestHeader set {NAME_HEADER} "%{{SSL_CLIENT_S_DN_CN}}s" {named}',
        f'RequestHeader set {SERIAL_HEADER} "%{{SSL_CLIENT_M_SERIAL}}s" {known}',
        f'RequestHeader set {ISSUER_HEADER} "%{{SSL_CLIENT_I_DN}}s" {known}',
        "SSLOptions +StdEnvVars",
        "SSLUserName SSL_CLIENT_S_DN_CN",
    ]


def _hsts(plan: ExportPlan) -> list[str]:
    age = plan.site.site.hsts_max_age
    return [f'Header always set Strict-Transport-Security "max-age={age}"'] if age else []


def _render_plain(plan: ExportPlan) -> str:
    site = plan.site.site
    use = f"In the virtual host of port {site.http_port}: {_include(f'{plan.directory}/{PLAIN}')}"
    return render_text([*introduce(plan, use), *_plain_directives(plan)])


def _plain_directives(plan: ExportPlan) -> list[str]:
    site = plan.site.site
    if not site.enabled:
        return [DISABLED_PLAIN, *_nobody()]
    if site.plain_http == "offer":
        return [OFFERED, *_nobody()]
    if site.plain_http == "closed":
        return [
            CLOSED,
            *_nobody(),
            "RewriteEngine on",
            "RewriteRule ^ - [F,L]",
        ]
    return _redirect(site.names, site.https_port)


def _redirect(names: tuple[Identity, ...], port: int) -> list[str]:
    """Return the rules that send a plain request to the same path of a configured name, never of a strange Host.

    308 keeps the method (RFC 9110 section 15.4.9).
    """
    return [
        REDIRECTED,
        *_nobody(),
        "AllowEncodedSlashes NoDecode",
        "RewriteEngine on",
        r"RewriteRule ^/?\.well-known/acme-challenge/ - [L]",
        *_choose_host(names, render_port(port)),
        *_TO_THE_SAME_PATH,
    ]


def _choose_host(names: tuple[Identity, ...], tail: str) -> list[str]:
    """Return the rules that set sslutil_host: the name that was asked for if it is one of ours, else the first."""
    first = find_first(names)
    lines = [f"RewriteRule ^ - [E=sslutil_host:{render_host(first)}{tail}]"] if first else []
    for name in (name for name in names if name != first):
        host = rf"[a-z0-9-]+{re.escape(name.text[1:])}" if name.wildcard else re.escape(render_host(name))
        target = "%1" if name.wildcard else render_host(name)
        lines += [
            rf'RewriteCond "%{{HTTP_HOST}}" "^({host})\.?(?::\d+)?$" [NC]',
            f"RewriteRule ^ - [E=sslutil_host:{target}{tail}]",
        ]
    return lines if first else [*lines, 'RewriteCond "%{ENV:sslutil_host}" "^$"', "RewriteRule ^ - [F,L]"]


# The path is taken from the request line, as the browser sent it: httpd's own variables are decoded, and would be
# encoded anew. The query follows by itself; one that a variable brings is answered with 403 (CVE-2024-38474).
_TO_THE_SAME_PATH = (
    "RewriteRule ^ - [E=sslutil_path:/]",
    r'RewriteCond "%{THE_REQUEST}" "^\S+\s+(?:[a-z][a-z0-9+.-]*://[^/?\s]*)?(/[^?\s]*)" [NC]',
    "RewriteRule ^ - [E=sslutil_path:%1]",
    'RewriteRule ^ "https://%{ENV:sslutil_host}%{ENV:sslutil_path}" [R=308,L,NE]',
)
