"""Postfix: lines for main.cf, and the two services of master.cf that users send mail by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.errors import command
from sslutil.exporters.parts import (
    OLD_PROTOCOLS,
    TLS13,
    YES_NO,
    clients_of,
    find_lost_ciphers,
    find_lost_groups,
    find_lost_lists,
    find_lost_strangers,
    introduce,
    list_groups,
    refuse_characters,
    refuse_depth,
    refuse_lists,
    render_cipher_list,
    render_text,
)
from sslutil.profiles import PROTOCOLS
from sslutil.site import ClientAuthTable

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan
    from sslutil.facts import Policy

MAIN = "postfix-main.cf"
MASTER = "postfix-master.cf"
SERVICES = ("submission", "submissions")
"""What users send mail by: the policy is theirs, and client authentication where the site names them."""
_LEVELLED = (3, 0)
_LOWEST_DEPTH = 2
"""The longest chain of authorities that smtpd_tls_ccert_verifydepth = 0 takes (measured with 3.7.11)."""
_WIDE = (
    ("smtpd_tls_security_level", "may"),
    ("smtpd_tls_protocols", ">=TLSv1"),
    ("smtpd_tls_ciphers", "medium"),
    ("smtpd_tls_ask_ccert", "no"),
    ("smtpd_tls_req_ccert", "no"),
    ("smtpd_tls_auth_only", "yes"),
)
"""Port 25: a peer whose handshake fails sends the mail in plain text (RFC 7435), so that less would be worse."""


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of postfix-main.cf and postfix-master.cf, by file name."""
    return {MAIN: _render_main(plan), MASTER: _render_master(plan)}


def quote(path: str) -> str:
    """Return a path as a value of main.cf and of an -o line; SiteError for what these can't hold.

    Postfix expands $name, and $$ is a dollar; it has no quotes, smtpd_tls_chain_files is a list, and postconf -P takes
    no space.
    """
    if re.search(r"[\x00-\x20\x7f,{}\ud800-\udfff]", path):
        raise refuse_characters("Postfix", path, "")
    return path.replace("$", "$$")


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what Postfix can't express of the site."""
    suites = ("the suites of TLS 1.3, which Postfix doesn't let one choose",) if TLS13 in plan.policy.protocols else ()
    return (
        *find_lost_ciphers(plan.policy),
        *_find_lost_groups(plan),
        *suites,
        *_find_lost_protocols(plan),
        *_find_lost_depth(plan),
        *find_lost_strangers(plan, *SERVICES),
        *find_lost_lists(plan, "Postfix", *SERVICES),
    )


def _find_lost_protocols(plan: ExportPlan) -> tuple[str, ...]:
    """Return a sentence on the protocols that the security level shuts out.

    Where a certificate is required Postfix sets the level to 1, after the list of suites (measured with 3.7.11), and
    OpenSSL 3 has TLS 1.0 and 1.1 at 0 alone.
    """
    lost = [protocol for protocol in plan.policy.protocols if protocol in OLD_PROTOCOLS]
    required = clients_of(plan, *SERVICES).mode == "require" and plan.versions["openssl"] >= _LEVELLED
    return (
        (f"{' '.join(lost)}, which Postfix refuses where clients must show a certificate",) if lost and required else ()
    )


def _find_lost_depth(plan: ExportPlan) -> tuple[str, ...]:
    clients = clients_of(plan, *SERVICES)
    if clients.mode == "off" or clients.depth >= _LOWEST_DEPTH:
        return ()
    return (f"a depth of {clients.depth} for clients: Postfix takes a chain of {_LOWEST_DEPTH} authorities too",)


def render_include(directory: str) -> dict[str, str]:
    """Return the command that takes each file in: neither main.cf nor master.cf reads another file."""
    main, master = (command(f"{directory}/{name}") for name in (MAIN, MASTER))
    return {
        MAIN: f"grep -v '^#' {main} | tr '\\n' '\\0' | xargs -0 postconf -e",
        MASTER: f"grep -v '^#' {master} >>/etc/postfix/master.cf",
    }


def suggest(plan: ExportPlan) -> str:
    """Return the command lines that set what both files say, and keep what else the two services were told."""
    lines = [command("postconf", "-e", f"{name} = {value}") for name, value in _main(plan)]
    for service in SERVICES:
        entry = command("postconf", "-M", f"{service}/inet={_entry(service)}")
        lines.append(f"postconf -M {service}/inet 2>/dev/null | grep -q . || {entry}")
        lines += [command("postconf", "-P", f"{service}/inet/{name}={value}") for name, value in _strict(plan, service)]
    return render_text(lines)


def _find_lost_groups(plan: ExportPlan) -> tuple[str, ...]:
    lost = find_lost_groups(plan)
    return lost if list_groups(plan) else (*lost, "any choice of groups")


def _render_main(plan: ExportPlan) -> str:
    lines = introduce(plan, *_USES_OF_MAIN, f"Take it in with: {render_include(plan.directory)[MAIN]}")
    return render_text([*lines, *(f"{name} = {value}" for name, value in _main(plan))])


_USES_OF_MAIN = (
    "Lines for main.cf. Port 25 stays wide, whatever the policy: a peer that is refused there sends in plain text.",
    "What Postfix does as a client is left as it is.",
)
_USES_OF_MASTER = (
    "For master.cf, in place of its services submission (port 587) and submissions (port 465): the policy is theirs.",
    "Below each goes what else it is told: -o smtpd_sasl_auth_enable=yes and its restrictions.",
)


def _main(plan: ExportPlan) -> tuple[tuple[str, str], ...]:
    """Return the lines of main.cf; the file with the key first, and read by one open, never holds a mixed pair."""
    return (("smtpd_tls_chain_files", quote(f"{plan.directory}/{registry.BUNDLE}")), *_WIDE)


def _render_master(plan: ExportPlan) -> str:
    lines = introduce(plan, *_USES_OF_MASTER, losses=find_losses(plan))
    for service in SERVICES:
        options = (f"  -o {name}={value}" for name, value in _strict(plan, service))
        lines += [f"# {service}: {_tell_clients(clients_of(plan, service))}", _entry(service), *options]
    return render_text(lines)


def _tell_clients(clients: ClientAuthTable) -> str:
    words = {
        "off": "no client is asked for a certificate",
        "optional": "a client may show a certificate",
        "require": "a client must show a certificate",
    }
    return words[clients.mode]


def _entry(service: str) -> str:
    return f"{service} inet n - n - - smtpd"


def _strict(plan: ExportPlan, service: str) -> tuple[tuple[str, str], ...]:
    """Return the options of one service; the level "encrypt" refuses every command before TLS."""
    return (
        ("syslog_name", f"postfix/{service}"),
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_tls_wrappermode", YES_NO[service == "submissions"]),
        ("smtpd_tls_auth_only", "yes"),
        *_policy(plan),
        *_clients(plan, service),
    )


def _policy(plan: ExportPlan) -> tuple[tuple[str, str], ...]:
    policy = plan.policy
    ciphers = render_cipher_list(policy)
    groups = list_groups(plan)
    return (
        ("smtpd_tls_mandatory_protocols", _protocols(policy)),
        ("smtpd_tls_mandatory_ciphers", "high"),
        *((("tls_high_cipherlist", ciphers),) if ciphers else ()),
        ("tls_preempt_cipherlist", YES_NO[policy.prefer_server_ciphers]),
        *((("tls_eecdh_auto_curves", ",".join(groups)),) if groups else ()),
        ("tls_ssl_options", "" if policy.session_tickets else "NO_TICKET"),
    )


def _protocols(policy: Policy) -> str:
    """Return the range of protocols; each end is said, and no space that postconf -P would refuse."""
    order = [protocol for protocol in PROTOCOLS if protocol in policy.protocols]
    highest = "" if order[-1] == TLS13 else f",<={order[-1]}"
    return f">={order[0]}{highest}"


def _clients(plan: ExportPlan, service: str) -> tuple[tuple[str, str], ...]:
    clients = clients_of(plan, service)
    if clients.mode == "off":
        return (("smtpd_tls_ask_ccert", "no"), ("smtpd_tls_req_ccert", "no"))
    refuse_lists(plan, "postfix", "Postfix")
    if clients.depth < ClientAuthTable().depth:
        refuse_depth(plan, "postfix", "Postfix")
    return (
        ("smtpd_tls_ask_ccert", "yes"),
        ("smtpd_tls_req_ccert", YES_NO[clients.mode == "require"]),
        ("smtpd_tls_ccert_verifydepth", str(max(0, clients.depth - _LOWEST_DEPTH))),
        ("smtpd_tls_CAfile", quote(f"{plan.directory}/{registry.CLIENT_CA}")),
        ("tls_append_default_CA", "no"),
    )
