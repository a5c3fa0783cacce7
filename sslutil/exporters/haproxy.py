"""HAProxy 2.2 and later: one file with a frontend for each port, to be loaded beside the operator's own."""

from __future__ import annotations

import re
import shlex
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
    REDIRECTED,
    SERIAL_HEADER,
    TLS13,
    VERIFIED,
    VERIFY_HEADER,
    clients_of,
    find_first,
    find_lost_ciphers,
    find_lost_depth,
    find_lost_groups,
    introduce,
    list_groups,
    refuse_characters,
    refuse_depth,
    refuse_unlisted,
    render_cipher_list,
    render_host,
    render_port,
    render_text,
    spell_header,
)

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan
    from sslutil.facts import Policy
    from sslutil.names import Identity

FILE = "haproxy.cfg"
BACKEND = "webmail"
"""The backend that answers; it is the operator's."""
TITLE = "HAProxy"
LONGEST_PATH = 4000
"""Bytes. HAProxy copies the name of a certificate into a buffer of 4096 (MAXPATHLEN), with an ending of its own."""
DELETES_BY_PATTERN = (2, 4)
"""The first whose del-header takes -m (HAProxy manuals 2.2 to 2.4)."""
_VERSIONS = {"TLSv1": "TLSv1.0"}
_CHALLENGE = r"{ path_reg '^/\.well-known/acme-challenge/[A-Za-z0-9_-]+$' }"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of haproxy.cfg, by file name."""
    _refuse(f"{plan.directory}/{FILE}")
    uses = (
        f"Load it after the file with the defaults, timeouts too: {render_include(plan.directory)[FILE]}",
        f"The backend {BACKEND} is yours: it answers on both ports",
    )
    return {FILE: render_text([*introduce(plan, *uses, losses=_losses_in_force(plan)), *_frontends(plan)])}


def quote(path: str) -> str:
    """Return a path as one argument of HAProxy; SiteError for what its dialect can't hold.

    Between single quotes nothing is special, not even a backslash (HAProxy manual, section 2.2). A line can't go on.
    """
    _refuse(path)
    return "'" + path.replace("'", r"'\''") + "'"


def _refuse(path: str) -> None:
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", path) or len(path.encode()) > LONGEST_PATH:
        raise refuse_characters(TITLE, path, "")


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what HAProxy can't express of the site."""
    return (
        *find_lost_ciphers(plan.policy),
        *find_lost_groups(plan),
        *_find_lost_preference(plan.policy),
        *find_lost_depth(plan, TITLE, "https"),
    )


def _find_lost_preference(policy: Policy) -> tuple[str, ...]:
    """Return a sentence where the server's preference counts less: HAProxy sets SSL_OP_PRIORITIZE_CHACHA (2.6, 3.0)."""
    lost = policy.prefer_server_ciphers and any("CHACHA20" in name for name in (*policy.ciphers, *policy.ciphersuites))
    return ("the server's preference where a client prefers ChaCha20, which it then gets",) if lost else ()


def _losses_in_force(plan: ExportPlan) -> tuple[str, ...]:
    return find_losses(plan) if plan.site.site.enabled else ()


def render_include(directory: str) -> dict[str, str]:
    """Return the option of the command line that loads the file: HAProxy has no word for it in a file."""
    return {FILE: f"-f {shlex.quote(f'{directory}/{FILE}')}"}


def render_vhost(plan: ExportPlan) -> str:
    """Return the whole configuration of an HAProxy that does nothing else."""
    use = "For haproxy -f, alone. Renewals need no change here"
    return render_text(
        [
            *introduce(plan, use, losses=_losses_in_force(plan)),
            "",
            "defaults",
            "    mode http",
            "    timeout connect 5s",
            "    timeout client 60s",
            "    timeout server 60s",
            *_frontends(plan),
            "",
            f"backend {BACKEND}",
            "    # Where the mail web server listens is yours to change.",
            f"    server {BACKEND} 127.0.0.1:8080",
        ]
    )


def _frontends(plan: ExportPlan) -> list[str]:
    site = plan.site.site
    secure = _secure(plan) if site.enabled else [_bind(site.https_port), *_nobody(plan)]
    note = [] if site.enabled else [DISABLED_SECURE]
    return [
        *_frontend("sslutil_secure", [*note, *secure]),
        *_frontend("sslutil_plain", [_bind(site.http_port), *_nobody(plan), *_plain_rules(plan)]),
    ]


def _frontend(name: str, lines: list[str]) -> list[str]:
    body = ["mode http", *lines, f"default_backend {BACKEND}"]
    return ["", f"frontend {name}", *(f"    {line}" for line in body)]


def _bind(port: int) -> str:
    return f"bind :{port},[::]:{port} v6only"


def _secure(plan: ExportPlan) -> list[str]:
    """Return the lines of the secure frontend: all on its bind line, so that no other one changes."""
    words = [
        _bind(plan.site.site.https_port),
        f"ssl crt {quote(f'{plan.directory}/{registry.BUNDLE}')}",
        "alpn h2,http/1.1",
        *_policy(plan),
        *_clients(plan),
    ]
    age = plan.site.site.hsts_max_age
    # This rule sees HAProxy's own errors and denials too, unlike http-response.
    hsts = [f'http-after-response set-header Strict-Transport-Security "max-age={age}"'] if age else []
    return [" ".join(words), *_identity(plan), *hsts]


def _policy(plan: ExportPlan) -> list[str]:
    policy = plan.policy
    oldest, *_ = policy.protocols
    *_, newest = policy.protocols
    words = [f"ssl-min-ver {_VERSIONS.get(oldest, oldest)}", f"ssl-max-ver {_VERSIONS.get(newest, newest)}"]
    if policy.ciphers:
        words.append(f"ciphers {render_cipher_list(policy)}")
    if TLS13 in policy.protocols:
        words.append(f"ciphersuites {':'.join(policy.ciphersuites)}")
    groups = list_groups(plan)
    if groups:
        words.append(f"curves {':'.join(groups)}")
    if not policy.prefer_server_ciphers:
        words.append("prefer-client-ciphers")
    if not policy.session_tickets:
        words.append("no-tls-tickets")
    return words


def _clients(plan: ExportPlan) -> list[str]:
    clients = clients_of(plan, "https")
    if clients.mode == "off":
        return ["verify none"]
    refuse_depth(plan, "haproxy", TITLE)
    words = [
        f"verify {'required' if clients.mode == 'require' else 'optional'}",
        f"ca-file {quote(f'{plan.directory}/{registry.CLIENT_CA}')}",
    ]
    if plan.crl:
        refuse_unlisted(plan, TITLE)
        words.append(f"crl-file {quote(f'{plan.directory}/{registry.CLIENT_CRL}')}")
    return words


def _nobody(plan: ExportPlan) -> list[str]:
    """Return the rules that take the identity out that a client wrote itself, however it parts the words."""
    if plan.versions["haproxy"] >= DELETES_BY_PATTERN:
        delete = ["http-request del-header '^x[^a-z0-9]ssl[^a-z0-9]client' -m reg"]
    else:
        spellings = [spelling for name in IDENTITY_HEADERS for spelling in spell_header(name)]
        delete = [f"http-request del-header {spelling}" for spelling in spellings]
    return [FORGED, *delete, f"http-request set-header {VERIFY_HEADER} {NOBODY}"]


def _identity(plan: ExportPlan) -> list[str]:
    """Return the rules that tell the backend who the client is; a name with a control character counts as none."""
    if clients_of(plan, "https").mode == "off":
        return _nobody(plan)
    known = "if { ssl_c_used } { ssl_c_verify 0 }"
    named = "{ ssl_c_s_dn(CN) -m reg '^[^[:cntrl:]]+$' }"
    return [
        *_nobody(plan),
        f"http-request set-header {VERIFY_HEADER} {VERIFIED} {known}",
        f"http-request set-header {NAME_HEADER} %[ssl_c_s_dn(CN)] {known} {named}",
        f"http-request set-header {SERIAL_HEADER} %[ssl_c_serial,hex] {known}",
        f"http-request set-header {ISSUER_HEADER} %[ssl_c_i_dn(,0,rfc2253)] {known}",
    ]


def _plain_rules(plan: ExportPlan) -> list[str]:
    site = plan.site.site
    if not site.enabled:
        return [DISABLED_PLAIN]
    if site.plain_http == "offer":
        return [OFFERED]
    if site.plain_http == "closed":
        return [
            CLOSED,
            "http-request deny deny_status 403",
        ]
    return _redirect(site.names, site.https_port)


def _redirect(names: tuple[Identity, ...], port: int) -> list[str]:
    """Return the rules that send a plain request to the same path of a configured name, never of a strange Host.

    308 keeps the method (RFC 9110 section 15.4.9); `prefix` keeps path and query as the browser sent them. Only what
    looks like a token (RFC 8555 section 8.3) is spared: HAProxy does not resolve "..", the server behind it may.
    """
    first = find_first(names)
    chosen = "{ var(txn.sslutil_host) -m found }"
    target = f"https://%[var(txn.sslutil_host)]{render_port(port)}"
    return [
        REDIRECTED,
        *([f"http-request set-var(txn.sslutil_host) str('{render_host(first)}')"] if first else []),
        *(_choose_host(name) for name in names if name != first),
        *([] if first else [f"http-request deny deny_status 403 unless {chosen} or {_CHALLENGE}"]),
        f"http-request redirect prefix '{target}' code 308 unless {_CHALLENGE}",
    ]


def _choose_host(name: Identity) -> str:
    """Return the rule that takes this name where the client asked for it."""
    host = rf"[a-z0-9-]+{re.escape(name.text[1:])}" if name.wildcard else re.escape(render_host(name))
    target = "req.fhdr(host),field(1,:),regsub([.]$,)" if name.wildcard else f"str('{render_host(name)}')"
    return f"http-request set-var(txn.sslutil_host) {target} if {{ req.fhdr(host) -m reg -i '^{host}\\.?(:[0-9]+)?$' }}"
