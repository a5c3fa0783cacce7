"""nginx: one file for the secure server, which opens its port too, one for the plain server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.errors import SiteError
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
    TLS13,
    VERIFIED,
    VERIFY_HEADER,
    clients_of,
    find_first,
    find_lost_ciphers,
    find_lost_groups,
    introduce,
    list_groups,
    refuse_characters,
    refuse_unlisted,
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

SECURE = "nginx.conf"
PLAIN = "nginx-plain.conf"
IDENTITY = "nginx-identity.conf"
TITLE = "nginx"
LONGEST_PATH = 3500
"""Bytes. nginx takes 4096 for a whole parameter, with what is escaped in it (NGX_CONF_BUFFER)."""
HTTP2_DIRECTIVE = (1, 25, 1)
"""The first nginx that has it; from then on the word after `listen` brings a warning (nginx changelog)."""
_CHALLENGE = r"^/\.well-known/acme-challenge/"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of each file, by file name."""
    includes = render_include(plan.directory)
    web = plan.site.site
    secure = [f"In the server block of port {web.https_port}, without a listen line of its own: {includes[SECURE]}"]
    if web.enabled:
        secure.append("ssl_protocols counts in the default server of a port alone: include this file there")
    if web.enabled and web.hsts_max_age:
        secure.append("A location with an add_header of its own drops the one here: repeat it there")
    plain = f"In the server block of port {web.http_port}, which opens that port itself: {includes[PLAIN]}"
    identity = (
        f"In each location that has proxy_set_header, fastcgi_param or the like of its own: {includes[IDENTITY]}",
        "The server block around it includes the file of its port, which knows who the client is",
    )
    losses = find_losses(plan) if web.enabled else ()
    return {
        SECURE: render_text([*introduce(plan, *secure, losses=losses), *_secure_directives(plan)]),
        PLAIN: render_text([*introduce(plan, plain), *_plain_directives(plan)]),
        IDENTITY: render_text([*introduce(plan, *identity), *_tell_proxy(), *_tell_others()]),
    }


def quote(path: str) -> str:
    r"""Return a path as one quoted parameter of nginx; SiteError for what its dialect can't hold.

    nginx expands $NAME, for which there is no escape, and include reads *, ? and [ as a pattern. It takes a backslash
    before a quote or a backslash (ngx_conf_read_token).
    """
    if re.search(r"[\x00-\x1f\x7f*?\[$\ud800-\udfff]", path) or len(path.encode()) > LONGEST_PATH:
        raise refuse_characters(TITLE, path, "")
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what nginx can't express of the site."""
    return (*find_lost_ciphers(plan.policy), *find_lost_groups(plan))


def render_include(directory: str) -> dict[str, str]:
    """Return the line that takes each file into its server block, with quotes only where the path needs them."""
    return {name: _include(f"{directory}/{name}") for name in (SECURE, PLAIN, IDENTITY)}


def _include(path: str) -> str:
    return f"include {unless_plain(path, quote(path))};"


def render_vhost(plan: ExportPlan) -> str:
    """Return the two server blocks, whole: for a file of sites-enabled or conf.d."""
    web = plan.site.site
    use = "For sites-enabled or conf.d, inside http. Renewals need no change here"
    lines = introduce(plan, use, losses=find_losses(plan) if web.enabled else ())
    lines += _server(plan, _secure_directives(plan))
    lines += _server(plan, [*_listen(web.http_port), *_plain_directives(plan)])
    return render_text(lines)


def _server(plan: ExportPlan, directives: list[str]) -> list[str]:
    names = f"server_name {' '.join(render_host(name) for name in plan.site.site.names)};"
    root = [OWN_ROOT, "root /var/www/html;"]
    return ["", "server {", *(f"    {line}" for line in (names, *root, *directives)), "}"]


def _listen(port: int, words: str = "") -> list[str]:
    return [f"listen {port}{words};", f"listen [::]:{port}{words};"]


def _secure_directives(plan: ExportPlan) -> list[str]:
    web = plan.site.site
    if not web.enabled:
        return [DISABLED_SECURE, *_listen(web.https_port), *_nobody()]
    if plan.versions["nginx"] >= HTTP2_DIRECTIVE:
        opening = [*_listen(web.https_port, " ssl"), "http2 on;"]
    else:
        opening = _listen(web.https_port, " ssl http2")
    return opening + _certificate(plan) + _policy(plan) + _clients(plan) + _identity(plan) + _hsts(plan)


def _certificate(plan: ExportPlan) -> list[str]:
    return [
        f"ssl_certificate {_file(plan, registry.CERTIFICATE)};",
        f"ssl_certificate_key {_file(plan, registry.KEY)};",
    ]


def _file(plan: ExportPlan, name: str) -> str:
    return quote(f"{plan.directory}/{name}")


def _policy(plan: ExportPlan) -> list[str]:
    policy = plan.policy
    lines = [f"ssl_protocols {' '.join(policy.protocols)};"]
    if policy.ciphers:
        lines.append(f"ssl_ciphers {render_cipher_list(policy)};")
    if TLS13 in policy.protocols:
        lines.append(f"ssl_conf_command Ciphersuites {':'.join(policy.ciphersuites)};")
    groups = list_groups(plan)
    if groups:
        lines.append(f"ssl_ecdh_curve {':'.join(groups)};")
    lines.append(f"ssl_prefer_server_ciphers {ON_OFF[policy.prefer_server_ciphers]};")
    lines.append(f"ssl_session_tickets {ON_OFF[policy.session_tickets]};")
    return lines


def _clients(plan: ExportPlan) -> list[str]:
    """Return what is asked of clients; "off" is said too, as an outer level may say otherwise."""
    clients = clients_of(plan, "https")
    if clients.mode == "off":
        return ["ssl_verify_client off;"]
    refuse_unlisted(plan, TITLE)
    lines = [
        f"ssl_verify_client {_MODES[clients.mode]};",
        f"ssl_verify_depth {_depth(clients.depth)};",
        f"ssl_client_certificate {_file(plan, registry.CLIENT_CA)};",
        "# Whom this names at an outer level would be let in too.",
        'ssl_trusted_certificate "";',
        "# A session that is resumed is not judged anew: who was revoked meanwhile would get in.",
        "ssl_session_cache off;",
    ]
    return [*lines, f"ssl_crl {_file(plan, registry.CLIENT_CRL)};"] if plan.crl else lines


_MODES = {"optional": "optional", "require": "on"}


def _depth(depth: int) -> int:
    """Return nginx's depth: OpenSSL counts the authorities between client and root, we count the root too."""
    if not depth:
        message = "nginx can't limit a client's chain to a depth of 0"
        raise SiteError(message, "write depth = 1 below [client_auth]", key="client_auth.depth")
    return depth - 1


_VARIABLES = {
    VERIFY_HEADER: "$sslutil_client_verify",
    NAME_HEADER: "$sslutil_client_cn",
    SERIAL_HEADER: "$sslutil_client_serial",
    ISSUER_HEADER: "$sslutil_client_issuer",
}
# The last one, which was the first in the certificate (RFC 4514 section 2.1); a backslash takes the meaning from a
# comma or a plus, so that no other part of a subject can pass for a name.
COMMON_NAME = r"^(?:(?:[^\\,+]|\\.)*[,+])*CN=((?:[^\\,+]|\\.)+)(?=[,+]|$)"


def _nobody(*known: str) -> list[str]:
    """Return what takes the identity out that a client wrote itself, and tells the true one, where there is one.

    nginx has no word that takes a header out of every location: proxy_set_header here does not reach one that has its
    own. So a request with such a header is refused, which 1.22 does by the first of several alone.
    """
    folded = [name.lower().replace("-", "_") for name in IDENTITY_HEADERS]
    return [
        FORGED,
        # PHP folds a dot too; it is on unless an outer level says otherwise.
        "ignore_invalid_headers on;",
        *(f'if ($http_{name} != "") {{ return 400; }}' for name in folded),
        *(f'set {_VARIABLES[name]} "{NOBODY if name == VERIFY_HEADER else ""}";' for name in IDENTITY_HEADERS),
        *known,
        "# A location with a proxy_set_header of its own drops these, and these drop those of http: repeat them there.",
        *_tell_proxy(),
    ]


def _identity(plan: ExportPlan) -> list[str]:
    """Return the same with the client that TLS verified."""
    if clients_of(plan, "https").mode == "off":
        return _nobody()
    sources = {SERIAL_HEADER: "$ssl_client_serial", ISSUER_HEADER: "$ssl_client_i_dn", VERIFY_HEADER: VERIFIED}
    verified = f"if ($ssl_client_verify = {VERIFIED})"
    return _nobody(
        *(f"{verified} {{ set {_VARIABLES[name]} {source}; }}" for name, source in sources.items()),
        'set $sslutil_client_dn "";',
        f"{verified} {{ set $sslutil_client_dn $ssl_client_s_dn; }}",
        f'if ($sslutil_client_dn ~ "{_escape(COMMON_NAME)}") {{ set {_VARIABLES[NAME_HEADER]} $1; }}',
    )


def _tell_proxy() -> list[str]:
    """Return the headers for a proxied application; an empty value takes one out, in this spelling alone."""
    odd = [spelling for name in IDENTITY_HEADERS for spelling in spell_header(name, "-_") if spelling != name]
    return [
        *(f"proxy_set_header {name} {_VARIABLES[name]};" for name in IDENTITY_HEADERS),
        *(f'proxy_set_header {spelling} "";' for spelling in odd),
    ]


def _tell_others() -> list[str]:
    """Return the same for FastCGI and its kind, which take the name of a header in their own spelling."""
    return [
        f"{kind}_param HTTP_{name.upper().replace('-', '_')} {_VARIABLES[name]};"
        for kind in ("fastcgi", "uwsgi", "scgi")
        for name in IDENTITY_HEADERS
    ]


def _hsts(plan: ExportPlan) -> list[str]:
    age = plan.site.site.hsts_max_age
    return [f'add_header Strict-Transport-Security "max-age={age}" always;'] if age else []


def _plain_directives(plan: ExportPlan) -> list[str]:
    web = plan.site.site
    if not web.enabled:
        return [DISABLED_PLAIN, *_nobody()]
    if web.plain_http == "offer":
        return [OFFERED, *_nobody()]
    if web.plain_http == "closed":
        return [CLOSED, *_nobody(), "return 403;"]
    return _redirect(web.names, render_port(web.https_port))


def _redirect(names: tuple[Identity, ...], tail: str) -> list[str]:
    """Return what sends a plain request to the same path of a configured name, never of a strange Host.

    $request_uri is what the client sent, byte for byte; $uri is decoded and without dots, so nothing only looks like a
    challenge. 308 keeps the method (RFC 9110 section 15.4.9).
    """
    first = find_first(names)
    lines = [
        REDIRECTED,
        *_nobody(),
        f'set $sslutil_host "{render_host(first) if first else ""}";',
    ]
    for name in (name for name in names if name != first):
        below = f'~* "^[a-z0-9-]+{_escape(re.escape(name.text[1:]))}$"'
        condition = below if name.wildcard else f'= "{render_host(name)}"'
        lines.append(f"if ($host {condition}) {{ set $sslutil_host $host; }}")
    lines.append(f'set $sslutil_to "https://$sslutil_host{tail}$request_uri";')
    if not first:
        lines.append('if ($sslutil_host = "") { set $sslutil_to "denied"; }')
    lines.append(f'if ($uri ~ "{_escape(_CHALLENGE)}") {{ set $sslutil_to ""; }}')
    if not first:
        lines.append('if ($sslutil_to = "denied") { return 403; }')
    return [*lines, "if ($sslutil_to) { return 308 $sslutil_to; }"]


def _escape(expression: str) -> str:
    return expression.replace("\\", "\\\\")
