"""Caddy 2: one file with a site for each port, to be imported at the top of the operator's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.errors import SiteError
from sslutil.exporters.parts import (
    CLOSED,
    FORGED,
    IDENTITY_HEADERS,
    OFFERED,
    REDIRECTED,
    clients_of,
    find_first,
    find_lost_depth,
    find_lost_identity,
    find_lost_lists,
    introduce,
    refuse_characters,
    refuse_depth,
    refuse_lists,
    render_host,
    render_port,
    render_text,
    spell_header,
    unless_plain,
)
from sslutil.plan import render_version
from sslutil.profiles import CIPHERS, GROUPS

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan
    from sslutil.names import Identity

FILE = "caddy.conf"
SNIPPET = "webmail"
"""The snippet with what is served; it is the operator's."""
_SERVE = f"import {SNIPPET}"
TITLE = "Caddy"
_LISTED_POOL = (2, 8)
"""The first with trust_pool; before it a file of authorities was read up to the first one (measured with 2.6.2)."""
_PROTOCOLS = {"TLSv1.2": "tls1.2", "TLSv1.3": "tls1.3"}
_CURVES = {
    "X25519MLKEM768": (2, 10),  # Caddy's release notes
    "X25519": (),
    "prime256v1": (),
    "secp384r1": (),
    "secp521r1": (),
}
"""Each group that Caddy knows, and the first version that does."""
_CHOSEN = re.compile(r"ECDHE-(ECDSA|RSA)-(AES(128-GCM-SHA256|256-GCM-SHA384|128-SHA|256-SHA)|CHACHA20-POLY1305)")
"""What Caddy takes, whatever Go built it: with one unknown name it does not start, and Go 1.22 dropped some."""
_CHALLENGE = "not path_regexp `^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$`"
# Path and query are taken from the request line, as the browser sent them: Caddy's own are decoded and put together.
# Not by vars_regexp: it expands a {placeholder} that the client wrote (CVE-2026-30852). What names a host there
# goes to the root.
_ORIGIN_FORM = 'expression `{http.request.orig_uri}.startsWith("/")`'


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of caddy.conf, by file name."""
    uses = (
        f"At the top of the Caddyfile, below your snippet ({SNIPPET}): {render_include(plan.directory)[FILE]}",
        "The global option auto_https off keeps Caddy from redirects and certificates of its own",
    )
    return {FILE: render_text([*introduce(plan, *uses, losses=_losses_in_force(plan)), *_sites(plan)])}


def quote(path: str) -> str:
    r"""Return a path as one argument of a Caddyfile; SiteError for what its dialect can't hold.

    Caddy expands {env.X} when it starts and {$X} before it reads, and import takes a pattern with *, ?, [ and \.
    Between backticks nothing else is special; between quotes a backtick isn't.
    """
    unfit = r"[\x00-\x1f\x7f\ud800-\udfff{}*?\[\\]"
    if re.search(unfit, path) or {"`", '"'} <= set(path):
        raise refuse_characters(TITLE, path, "")
    return f'"{path}"' if "`" in path else f"`{path}`"


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what Caddy can't express of the site."""
    policy, version = plan.policy, plan.versions["caddy"]
    protocols = [name for name in policy.protocols if name not in _PROTOCOLS]
    ciphers = [name for name in policy.ciphers if not _CHOSEN.fullmatch(name)]
    groups = [name for name in policy.groups if name not in _find_curves(plan)]
    return (
        *([f"{' '.join(protocols)}, older than what Caddy speaks"] if protocols else []),
        *([f"{' '.join(ciphers)}, which Caddy does not take by name"] if ciphers else []),
        *(["the suites of TLS 1.3, which Caddy does not let one choose"] if "TLSv1.3" in policy.protocols else []),
        *([f"{' '.join(groups)}, unknown to Caddy {render_version(version)}"] if groups else []),
        *([] if _find_curves(plan) else ["the choice of groups, as none is left: Caddy has its own"]),
        "the choice whose preference counts: Caddy chooses a suite by itself",
        *(
            []
            if policy.session_tickets
            else ["an end to session tickets, which stay on, under keys that Caddy renews by itself"]
        ),
        *_find_lost_clients(plan),
    )


def _find_lost_clients(plan: ExportPlan) -> tuple[str, ...]:
    if clients_of(plan, "https").mode == "off":
        return ()
    addresses = " ".join(name.text for name in plan.site.site.names if name.kind == "ip")
    first_alone = plan.versions["caddy"] < _LISTED_POOL
    return (
        *find_lost_depth(plan, TITLE, "https"),
        *find_lost_lists(plan, TITLE, "https"),
        *find_lost_identity(plan, "your snippet has {tls_client_subject}, and {tls_client_serial} as a decimal"),
        *(
            [f"clients that come by {addresses}, as Caddy wants a name in TLS beside a certificate"]
            if addresses
            else []
        ),
        *([f"authorities behind the first in {registry.CLIENT_CA}, before Caddy 2.8"] if first_alone else []),
    )


def _losses_in_force(plan: ExportPlan) -> tuple[str, ...]:
    return find_losses(plan) if plan.site.site.enabled else ()


def render_include(directory: str) -> dict[str, str]:
    """Return the line that takes the file into a Caddyfile, with quotes only where the path needs them."""
    path = f"{directory}/{FILE}"
    return {FILE: f"import {unless_plain(path, quote(path))}"}


def render_vhost(plan: ExportPlan) -> str:
    """Return a whole Caddyfile."""
    use = "A whole Caddyfile. Renewals need no change here, but caddy reload --force"
    return render_text(
        [
            *introduce(plan, use, losses=_losses_in_force(plan)),
            "",
            "{",
            "    # Certificates are sslutil's, and redirects are said below.",
            "    auto_https off",
            "}",
            "",
            f"({SNIPPET}) {{",
            "    # The root of what is served is yours to change.",
            "    root * /var/www/html",
            "    file_server",
            "}",
            *_sites(plan),
        ]
    )


def _sites(plan: ExportPlan) -> list[str]:
    """Return a site for each port, for every name: one that lists names has Caddy's own policy for all others."""
    site = plan.site.site
    if not site.enabled:
        note = "# The site is disabled: plain http is all there is. Port 443 needs the global option auto_https off."
        return [*_block(f":{site.https_port}", [note, *_serve()]), *_block(f"http://:{site.http_port}", _serve())]
    return [*_block(f"https://:{site.https_port}", [*_tls(plan), *_hsts(plan), *_serve()]), *_plain(plan)]


def _serve() -> list[str]:
    """Return what serves, without the identity that a client wrote itself; the name's * takes what follows (2.6.2)."""
    stems = {spelling for name in IDENTITY_HEADERS for spelling in spell_header(name.rpartition("-")[0])}
    return [FORGED, *(f"request_header -{stem}*" for stem in sorted(stems)), _SERVE]


def _block(address: str, lines: list[str]) -> list[str]:
    return ["", f"{address} {{", *(f"    {line}" for line in lines), "}"]


def _tls(plan: ExportPlan) -> list[str]:
    certificate, key = (quote(f"{plan.directory}/{name}") for name in (registry.CERTIFICATE, registry.KEY))
    body = [*_policy(plan), *_clients(plan)]
    return [f"tls {certificate} {key} {{", *(f"    {line}" for line in body), "}"]


def _policy(plan: ExportPlan) -> list[str]:
    protocols = [_PROTOCOLS[name] for name in plan.policy.protocols if name in _PROTOCOLS]
    if not protocols:
        raise _refuse(f"{TITLE} speaks nothing older than TLS 1.2")
    lines = [f"protocols {protocols[0]} {protocols[-1]}"]
    if "TLSv1.2" in plan.policy.protocols:
        ciphers = [CIPHERS[name].iana for name in plan.policy.ciphers if _CHOSEN.fullmatch(name)]
        if not ciphers:
            raise _refuse(f"{TITLE} takes none of these ciphers, and would offer others of its own in TLS 1.2")
        lines.append(f"ciphers {' '.join(ciphers)}")
    curves = _find_curves(plan)
    return [*lines, f"curves {' '.join(GROUPS[name].iana.lower() for name in curves)}"] if curves else lines


def _refuse(message: str) -> SiteError:
    return SiteError(message, "take caddy out of exports below [deploy], or choose another policy", key="tls.profile")


def _find_curves(plan: ExportPlan) -> list[str]:
    version = plan.versions["caddy"]
    return [name for name in plan.policy.groups if name in _CURVES and _CURVES[name] <= version]


def _clients(plan: ExportPlan) -> list[str]:
    clients = clients_of(plan, "https")
    if clients.mode == "off":
        return []
    refuse_lists(plan, "caddy", TITLE)
    refuse_depth(plan, "caddy", TITLE)
    pool = "trust_pool file" if plan.versions["caddy"] >= _LISTED_POOL else "trusted_ca_cert_file"
    return [
        "client_auth {",
        f"    mode {'require_and_verify' if clients.mode == 'require' else 'verify_if_given'}",
        f"    {pool} {quote(f'{plan.directory}/{registry.CLIENT_CA}')}",
        "}",
    ]


def _hsts(plan: ExportPlan) -> list[str]:
    age = plan.site.site.hsts_max_age
    return [f'header Strict-Transport-Security "max-age={age}"'] if age else []


def _plain(plan: ExportPlan) -> list[str]:
    """Return the sites of plain http. One that is closed imports nothing: whatever would be served stays out of it."""
    site = plan.site.site
    address = f"http://:{site.http_port}"
    if site.plain_http == "offer":
        return _block(address, [OFFERED, *_serve()])
    if site.plain_http == "closed":
        note = CLOSED
        return _block(address, [note, "respond 403"])
    redirect = [*_redirect(site.names, site.https_port), *_serve()]
    if find_first(site.names):
        return _block(address, redirect)
    ours = ", ".join(f"http://{name.text}:{site.http_port}" for name in site.names)
    return [*_block(ours, redirect), *_block(address, ["# There is no name to which to lead others.", "respond 403"])]


def _redirect(names: tuple[Identity, ...], port: int) -> list[str]:
    """Return the directives that send a plain request to the same path of a configured name, never of a strange Host.

    308 keeps the method (RFC 9110 section 15.4.9). The first that fits counts; what serves comes after any redir.
    """
    first = find_first(names)
    lines = [REDIRECTED]
    for number, name in enumerate(name for name in names if name != first):
        lines += _redirect_to(f"sslutil_{number}", name, port)
    if first:
        whole = f"https://{render_host(first)}{render_port(port)}"
        lines += _redir("sslutil_rest", [_CHALLENGE, _ORIGIN_FORM], f"{whole}{{http.request.orig_uri}}")
        return [*lines, *_redir("sslutil_odd", [_CHALLENGE], f"{whole}/")]
    # Like a challenge that is not there: error would come after the operator's own handle, rewrite comes before.
    return [*lines, *_matcher("sslutil_odd", [_CHALLENGE]), "rewrite @sslutil_odd /.well-known/acme-challenge/none"]


def _redirect_to(label: str, name: Identity, port: int) -> list[str]:
    """Return the directives for one name, where the client asked for it."""
    host = rf"[a-z0-9-]+{re.escape(name.text[1:])}" if name.wildcard else re.escape(render_host(name))
    asked = rf"header_regexp {label} Host `(?i)^({host})\.?(?::\d+)?$`"
    target = f"{{http.regexp.{label}.1}}" if name.wildcard else render_host(name)
    whole = f"https://{target}{render_port(port)}{{http.request.orig_uri}}"
    return _redir(label, [_CHALLENGE, _ORIGIN_FORM, asked], whole)


def _redir(label: str, conditions: list[str], target: str) -> list[str]:
    return [*_matcher(label, conditions), f"redir @{label} {target} 308"]


def _matcher(label: str, conditions: list[str]) -> list[str]:
    return [f"@{label} {{", *(f"    {line}" for line in conditions), "}"]
