"""Dovecot 2.3 and 2.4: one file, in the settings of the one or of the other, which neither takes from the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.exporters.parts import (
    TLS13,
    YES_NO,
    clients_of,
    find_lost_ciphers,
    find_lost_depth,
    find_lost_groups,
    find_lost_strangers,
    introduce,
    list_groups,
    refuse_characters,
    refuse_depth,
    refuse_unlisted,
    render_cipher_list,
    render_text,
)
from sslutil.profiles import PROTOCOLS

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

NAME = "dovecot"
TITLE = "Dovecot"
FILE = "dovecot.conf"
RENAMED = (2, 4)
"""The version that gave most settings another name."""
SERVICES = {
    "imap": ("imap", "imaps"),
    "pop3": ("pop3", "pop3s"),
    "sieve": ("sieve",),
}
"""Each protocol of Dovecot's → the services that it is. Postfix asks Dovecot as "smtp", which stays unasked."""


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of dovecot.conf, by file name."""
    use = f"At the end of Dovecot's own configuration: {_include(f'{plan.directory}/{FILE}')}"
    lines = introduce(plan, use, losses=find_losses(plan))
    lines += _material(plan) + _policy(plan) + _clients(plan)
    return {FILE: render_text(lines)}


def quote(path: str) -> str:
    """Return a path as a value of Dovecot; SiteError for what its dialect can't hold.

    A value ends at the line or at a #, and 2.3 knows no quotes around a file's name. In a path nothing else means
    anything, but %{…}, which 2.4 expands in some settings, and {a,b} in !include.
    """
    if re.search(r"[\x00-\x1f\x7f#{\ud800-\udfff]", path):
        raise refuse_characters(TITLE, path, "")
    return path


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what Dovecot can't express of the site."""
    newest = max(plan.policy.protocols, key=PROTOCOLS.index)
    newer = PROTOCOLS[PROTOCOLS.index(newest) + 1 :]
    limits = (f"an end to {' and '.join(newer)}, which Dovecot can't switch off",) if newer else ()
    return (*limits, *find_lost_ciphers(plan.policy), *find_lost_groups(plan), *_find_lost_clients(plan))


def _find_lost_clients(plan: ExportPlan) -> tuple[str, ...]:
    every: tuple[str, ...] = sum(SERVICES.values(), ())
    clients = clients_of(plan, *every)
    wanted = set() if clients.mode == "off" else set(clients.services)
    halves = [services for services in SERVICES.values() if wanted & set(services) and not wanted >= set(services)]
    return (
        *(f"the difference between {' and '.join(pair)}: Dovecot asks for certificates on both" for pair in halves),
        *find_lost_depth(plan, TITLE, *every),
        *find_lost_strangers(plan, *every),
    )


def render_include(directory: str) -> dict[str, str]:
    """Return the line for the end of dovecot.conf; in 2.4 dovecot_config_version must stay that file's first."""
    return {FILE: _include(f"{directory}/{FILE}")}


def _include(path: str) -> str:
    """Return the line that reads this file alone: what comes behind !include is a pattern (glob(3))."""
    escaped = re.sub(r"([\\*?[])", r"\\\1", quote(path))
    return f"!include {escaped}"


def _is_renamed(plan: ExportPlan) -> bool:
    return plan.versions[NAME] >= RENAMED


def _material(plan: ExportPlan) -> list[str]:
    certificate, key = (quote(f"{plan.directory}/{name}") for name in (registry.CERTIFICATE, registry.KEY))
    if _is_renamed(plan):
        return ["ssl = required", f"ssl_server_cert_file = {certificate}", f"ssl_server_key_file = {key}"]
    return ["ssl = required", f"ssl_cert = <{certificate}", f"ssl_key = <{key}"]


def _policy(plan: ExportPlan) -> list[str]:
    policy, groups = plan.policy, list_groups(plan)
    lines = [f"ssl_min_protocol = {min(policy.protocols, key=PROTOCOLS.index)}"]
    if policy.ciphers:
        lines.append(f"ssl_cipher_list = {render_cipher_list(policy)}")
    if TLS13 in policy.protocols:
        lines.append(f"ssl_cipher_suites = {':'.join(policy.ciphersuites)}")
    if groups:
        lines.append(f"ssl_curve_list = {':'.join(groups)}")
    if _is_renamed(plan):
        lines.append(f"ssl_server_prefer_ciphers = {'server' if policy.prefer_server_ciphers else 'client'}")
        options = [] if policy.session_tickets else ["no_ticket"]
    else:
        lines.append(f"ssl_prefer_server_ciphers = {YES_NO[policy.prefer_server_ciphers]}")
        options = ["no_compression", *([] if policy.session_tickets else ["no_ticket"])]
    return [*lines, f"ssl_options = {' '.join(options)}".rstrip()]


def _clients(plan: ExportPlan) -> list[str]:
    """Return who is asked for a certificate, protocol by protocol: on all of them, Postfix's users would be too."""
    request = "ssl_server_request_client_cert" if _is_renamed(plan) else "ssl_verify_client_cert"
    asked = any(clients_of(plan, *services).mode != "off" for services in SERVICES.values())
    lines = [f"{request} = no", "auth_ssl_require_client_cert = no", *_user_name(plan, asked=asked)]
    for protocol, services in SERVICES.items():
        clients = clients_of(plan, *services)
        if clients.mode == "off":
            continue
        refuse_depth(plan, NAME, TITLE)
        refuse_unlisted(plan, TITLE)
        lines += [
            f"protocol {protocol} {{",
            *(f"  {line}" for line in _trust(plan)),
            f"  {request} = yes",
            f"  auth_ssl_require_client_cert = {YES_NO[clients.mode == 'require']}",
            "}",
        ]
    return lines


def _user_name(plan: ExportPlan, *, asked: bool) -> list[str]:
    """Return whose name counts: who shows a certificate is whom it names; without one it is the name that was typed.

    Not protocol by protocol: the auth process of 2.3 takes the name before it looks for what a protocol says.
    """
    if not asked:
        return ["auth_ssl_username_from_cert = no"]
    field = "ssl_server_cert_username_field" if _is_renamed(plan) else "ssl_cert_username_field"
    return [
        "# Whoever shows a certificate is whom it names, whatever user name is typed.",
        f"{field} = commonName",
        "auth_ssl_username_from_cert = yes",
    ]


def _trust(plan: ExportPlan) -> list[str]:
    """Return the authorities. A list is read from their file alone, and without one Dovecot must not ask for it."""
    trust = quote(f"{plan.directory}/{registry.CLIENT_TRUST if plan.crl else registry.CLIENT_CA}")
    if _is_renamed(plan):
        return [f"ssl_server_ca_file = {trust}", f"ssl_server_require_crl = {YES_NO[plan.crl]}"]
    return [f"ssl_ca = <{trust}", f"ssl_require_crl = {YES_NO[plan.crl]}"]
