"""Apache httpd 2.4: one file for the secure virtual host, one for the plain one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.errors import SiteError
from sslutil.plan import split_groups
from sslutil.site import HTTPS_STANDARD_PORT

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
        message = f"Apache can't name the path {path!r}"
        raise SiteError(message, "choose a plain path: sslutil registry-path PATH", key="deploy.exports")
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render_include(path: str) -> str:
    """Return the line that takes a file of ours into a virtual host, with quotes only where the path needs them."""
    quoted = quote(path)
    return f"Include {path if re.fullmatch(r'[A-Za-z0-9_./+-]+', path) else quoted}"


def _introduction(plan: ExportPlan, use: str) -> list[str]:
    site = plan.site.site
    names = " ".join(name.text for name in site.names)
    return [
        "# Made by sslutil. Edit site.toml instead: this file is written anew by each change.",
        f"# {use}",
        f"# Names: {names}",
    ]


def _render_secure(plan: ExportPlan) -> str:
    port = plan.site.site.https_port
    path = f"{plan.directory}/{SECURE}"
    lines = _introduction(plan, f"In the virtual host of port {port}, after its ServerName: {render_include(path)}")
    if not plan.site.site.enabled:
        return _text([*lines, "# The site is disabled: this port speaks plain http.", "SSLEngine off"])
    lines += _engine(plan) + _policy(plan) + _clients(plan) + _hsts(plan)
    return _text(lines)


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
        # OpenSSL 3 refuses TLS 1.0 and 1.1 above security level 0 (their signatures use SHA-1).
        level = ":@SECLEVEL=0" if {"TLSv1", "TLSv1.1"} & set(policy.protocols) else ""
        lines.append(f"SSLCipherSuite {':'.join(policy.ciphers)}{level}")
    if "TLSv1.3" in policy.protocols:
        lines.append(f"SSLCipherSuite TLSv1.3 {':'.join(policy.ciphersuites)}")
    groups, unknown = split_groups(policy.groups, plan.versions["openssl"])
    if unknown:
        version = ".".join(str(part) for part in plan.versions["openssl"])
        lines.append(f"# Left out, unknown to OpenSSL {version}: {' '.join(unknown)}")
    if groups:
        lines.append(f"SSLOpenSSLConfCmd Groups {':'.join(groups)}")
    lines.append(f"SSLHonorCipherOrder {_switch(on=policy.prefer_server_ciphers)}")
    lines.append(f"SSLSessionTickets {_switch(on=policy.session_tickets)}")
    lines.append("SSLCompression off")
    return lines


def _clients(plan: ExportPlan) -> list[str]:
    clients = plan.site.client_auth
    if clients.mode == "off":
        return ["SSLVerifyClient none"]
    lines = [
        f"SSLVerifyClient {clients.mode}",
        f"SSLVerifyDepth {clients.depth}",
        f"SSLCACertificateFile {quote(f'{plan.directory}/{registry.CLIENT_CA}')}",
    ]
    if plan.crl:
        # Without the check httpd reads the file and ignores it. The whole chain: a revoked intermediate lets nobody in.
        lines += [
            f"SSLCARevocationFile {quote(f'{plan.directory}/{registry.CLIENT_CRL}')}",
            "SSLCARevocationCheck chain",
        ]
    return lines


def _hsts(plan: ExportPlan) -> list[str]:
    age = plan.site.site.hsts_max_age
    return [f'Header always set Strict-Transport-Security "max-age={age}"'] if age else []


def _render_plain(plan: ExportPlan) -> str:
    site = plan.site.site
    path = f"{plan.directory}/{PLAIN}"
    lines = _introduction(plan, f"In the virtual host of port {site.http_port}: {render_include(path)}")
    if not site.enabled:
        return _text([*lines, "# The site is disabled: plain http is all there is."])
    if site.plain_http == "offer":
        return _text([*lines, "# Plain http is offered: pages link to secure mode and back."])
    if site.plain_http == "closed":
        return _text(
            [
                *lines,
                "# Plain http is closed, to the challenges of certificate authorities too.",
                "RewriteEngine on",
                "RewriteRule ^ - [F,L]",
            ]
        )
    return _text([*lines, *_redirect(site.names, site.https_port)])


def _redirect(names: tuple[Identity, ...], port: int) -> list[str]:
    """Return the rules that send a plain request to the same path of a configured name, never of a strange Host.

    308 keeps the method (RFC 9110 section 15.4.9).
    """
    tail = "" if port == HTTPS_STANDARD_PORT else f":{port}"
    return [
        "# Plain http is redirected, but for the challenges of certificate authorities (RFC 8555 section 8.3).",
        "AllowEncodedSlashes NoDecode",
        "RewriteEngine on",
        r"RewriteRule ^/?\.well-known/acme-challenge/ - [L]",
        *_choose_host(names, tail),
        *_TO_THE_SAME_PATH,
    ]


def _choose_host(names: tuple[Identity, ...], tail: str) -> list[str]:
    """Return the rules that set sslutil_host: the name that was asked for if it is one of ours, else the first."""
    first = next((name for name in names if not name.wildcard), None)
    lines = [f"RewriteRule ^ - [E=sslutil_host:{_host(first)}{tail}]"] if first else []
    for name in (name for name in names if name != first):
        host = rf"[a-z0-9-]+{re.escape(name.text[1:])}" if name.wildcard else re.escape(_host(name))
        target = "%1" if name.wildcard else _host(name)
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


def _host(name: Identity) -> str:
    return f"[{name.text}]" if ":" in name.text else name.text


def _switch(*, on: bool) -> str:
    return "on" if on else "off"


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
