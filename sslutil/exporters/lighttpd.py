"""lighttpd 1.4: one file for the secure socket, one for the plain one."""

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
    OFFERED,
    OWN_ROOT,
    REDIRECTED,
    TLS13,
    clients_of,
    find_first,
    find_lost_ciphers,
    find_lost_groups,
    find_lost_identity,
    find_lost_strangers,
    introduce,
    list_groups,
    refuse_characters,
    refuse_unlisted,
    render_cipher_list,
    render_host,
    render_port,
    render_text,
    spell_header,
)
from sslutil.profiles import PROTOCOLS

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan
    from sslutil.names import Identity

SECURE = "lighttpd.conf"
PLAIN = "lighttpd-plain.conf"
TITLE = "lighttpd"
_INNER = "An inner condition with setenv.set-request-header of its own drops the one here: repeat it there"
LONGEST_PATH = 3500
"""Bytes. Linux takes 4096 for a path (PATH_MAX), and the names of files come on top."""
_SECURE_MODULES = ("mod_openssl", "mod_setenv")
_PLAIN_MODULES = ("mod_redirect", "mod_access", "mod_setenv")


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of lighttpd.conf and lighttpd-plain.conf, by file name."""
    web = plan.site.site
    includes = render_include(plan.directory)
    uses = {
        name: (
            f'Inside $SERVER["socket"] == ":{port}" {{ }} and the same of "[::]:{port}": {includes[name]}',
            f"Above it: {_load(modules)}",
        )
        for name, port, modules in (
            (SECURE, web.https_port, _SECURE_MODULES),
            (PLAIN, web.http_port, _PLAIN_MODULES),
        )
    }
    hsts = ["An inner condition with setenv.set-response-header of its own drops the one here: repeat it there"]
    secure = (*uses[SECURE], _INNER, *(hsts if web.enabled and web.hsts_max_age else ()))
    losses = find_losses(plan) if web.enabled else ()
    return {
        SECURE: render_text([*introduce(plan, *secure, losses=losses), *_secure_directives(plan)]),
        PLAIN: render_text(
            [*introduce(plan, *uses[PLAIN], _INNER, losses=_find_lost_path(plan)), *_plain_directives(plan)]
        ),
    }


def _load(modules: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in dict.fromkeys(modules))
    return f"server.modules += ( {names} )"


def quote(path: str) -> str:
    r"""Return a path as one string of lighttpd; SiteError for what its dialect can't hold.

    include reads *, ?, [ and { as a pattern, in which a backslash takes the meaning from what follows. A string takes a
    backslash before a quote as an escape, and anywhere else as itself (measured: 1.4.69, 1.4.79).
    """
    if re.search(r"[\x00-\x1f\x7f*?\[{\\\ud800-\udfff]", path) or len(path.encode()) > LONGEST_PATH:
        raise refuse_characters(TITLE, path, "")
    return '"' + path.replace('"', '\\"') + '"'


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what lighttpd can't express of the site."""
    return (
        *find_lost_ciphers(plan.policy),
        *find_lost_groups(plan),
        *_find_lost_path(plan),
        *find_lost_strangers(plan, "https"),
        *find_lost_identity(plan, "CGI and FastCGI have REMOTE_USER and SSL_CLIENT_S_DN_CN, which no client can set"),
    )


def _find_lost_path(plan: ExportPlan) -> tuple[str, ...]:
    redirects = plan.site.site.enabled and plan.site.site.plain_http == "redirect"
    return ("the path of a redirect letter by letter, as lighttpd decodes %2F and takes out .. first",) * redirects


def render_include(directory: str) -> dict[str, str]:
    """Return the line that takes each file into the block of its socket."""
    return {name: f"include {quote(f'{directory}/{name}')}" for name in (SECURE, PLAIN)}


def render_vhost(plan: ExportPlan) -> str:
    """Return the sockets of both ports, whole: for a file of conf-enabled."""
    web = plan.site.site
    use = "For conf-enabled, beside the main file with server.port. Renewals need no change here"
    lines = introduce(plan, use, losses=find_losses(plan) if web.enabled else ())
    lines += ["", _load((*_SECURE_MODULES, *_PLAIN_MODULES))]
    for host in ("", "[::]"):
        lines += _socket(plan, f"{host}:{web.https_port}", _secure_directives(plan))
        lines += _socket(plan, f"{host}:{web.http_port}", _plain_directives(plan))
    return render_text(lines)


def _socket(plan: ExportPlan, address: str, directives: list[str]) -> list[str]:
    first = find_first(plan.site.site.names)
    name = [f'server.name = "{render_host(first)}"'] if first else []
    root = [OWN_ROOT, 'server.document-root = "/var/www/html"']
    body = [f"    {line}" for line in (*name, *root, *directives)]
    return ["", f'$SERVER["socket"] == "{address}" {{', *body, "}"]


def _secure_directives(plan: ExportPlan) -> list[str]:
    if not plan.site.site.enabled:
        return [DISABLED_SECURE, 'ssl.engine = "disable"', *_nobody()]
    return [
        'ssl.engine = "enable"',
        f"ssl.pemfile = {_file(plan, registry.CERTIFICATE)}",
        f"ssl.privkey = {_file(plan, registry.KEY)}",
        *_policy(plan),
        *_clients(plan),
        *_nobody(),
        *_hsts(plan),
    ]


def _file(plan: ExportPlan, name: str) -> str:
    return quote(f"{plan.directory}/{name}")


def _policy(plan: ExportPlan) -> list[str]:
    policy = plan.policy
    protocols = sorted(policy.protocols, key=PROTOCOLS.index)
    options = {"ServerPreference": policy.prefer_server_ciphers, "SessionTicket": policy.session_tickets}
    commands = {
        "MinProtocol": protocols[0],
        "MaxProtocol": protocols[-1],
        "CipherString": render_cipher_list(policy),
        "Ciphersuites": ":".join(policy.ciphersuites) if TLS13 in policy.protocols else "",
        "Groups": ":".join(list_groups(plan)),
        "Options": ",".join(f"{'' if on else '-'}{name}" for name, on in options.items()),
    }
    lines = [f'    "{command}" => "{value}",' for command, value in commands.items() if value]
    return ["ssl.openssl.ssl-conf-cmd = (", *lines, ")"]


def _clients(plan: ExportPlan) -> list[str]:
    """Return what is asked of clients; "off" is said too, as an outer level may say otherwise."""
    clients = clients_of(plan, "https")
    if clients.mode == "off":
        return ['ssl.verifyclient.activate = "disable"']
    refuse_unlisted(plan, TITLE)
    lines = [
        'ssl.verifyclient.activate = "enable"',
        f'ssl.verifyclient.enforce = "{"enable" if clients.mode == "require" else "disable"}"',
        f"ssl.verifyclient.depth = {clients.depth}",
        f"ssl.verifyclient.ca-file = {_file(plan, registry.CLIENT_CA)}",
        'ssl.verifyclient.username = "SSL_CLIENT_S_DN_CN"',
    ]
    return [*lines, f"ssl.verifyclient.ca-crl-file = {_file(plan, registry.CLIENT_CRL)}"] if plan.crl else lines


def _nobody() -> list[str]:
    """Return what takes the identity out that a client wrote itself; an empty value takes out every one of a name.

    For CGI lighttpd folds whatever parts the words of a name, X!SSL!Client!CN too, and has no pattern for names: such
    programs read what lighttpd itself sets.
    """
    spellings = [spelling for name in IDENTITY_HEADERS for spelling in spell_header(name)]
    return [
        FORGED,
        "setenv.set-request-header = (",
        *(f'    "{spelling}" => "",' for spelling in spellings),
        ")",
    ]


def _hsts(plan: ExportPlan) -> list[str]:
    age = plan.site.site.hsts_max_age
    return [f'setenv.set-response-header = ( "Strict-Transport-Security" => "max-age={age}" )'] if age else []


def _plain_directives(plan: ExportPlan) -> list[str]:
    web = plan.site.site
    if not web.enabled:
        return [DISABLED_PLAIN, *_nobody()]
    if web.plain_http == "offer":
        return [OFFERED, *_nobody()]
    if web.plain_http == "closed":
        return [CLOSED, *_nobody(), _CLOSED]
    return _redirect(web.names, render_port(web.https_port))


def _redirect(names: tuple[Identity, ...], tail: str) -> list[str]:
    """Return what sends a plain request to the same path of a configured name, never of a strange Host.

    308 keeps the method (RFC 9110 section 15.4.9).
    """
    first = find_first(names)
    lines = ["url.redirect-code = 308", *([_to(render_host(first), tail)] if first else [])]
    for name in (name for name in names if name != first):
        host, target = (_below(name), "%1") if name.wildcard else (re.escape(render_host(name)), render_host(name))
        lines += _where(f'"host"] =~ "^({host}){_AFTER_HOST}"', _to(target, tail))
    if not first:
        ours = "|".join(map(_below, names))
        lines += _where(f'"host"] !~ "^({ours}){_AFTER_HOST}"', _CLOSED)
    return [
        REDIRECTED,
        *_nobody(),
        *_where(r'"url"] !~ "^/\.well-known/acme-challenge/"', *lines),
    ]


def _where(condition: str, *lines: str) -> list[str]:
    return [f"$HTTP[{condition} {{", *(f"    {line}" for line in lines), "}"]


def _below(wildcard: Identity) -> str:
    return f"[a-z0-9-]+{re.escape(wildcard.text[1:])}"


_CLOSED = 'url.access-deny = ( "" )'
_AFTER_HOST = r"\.?(:[0-9]+)?$"


def _to(host: str, tail: str) -> str:
    return f'url.redirect = ( "^/" => "https://{host}{tail}${{url.path}}${{qsa}}" )'
