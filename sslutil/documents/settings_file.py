"""settings.toml, the contract with the mail web server: every value explicit, fields added but never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil import registry
from sslutil.documents.toml import render_lines

if TYPE_CHECKING:
    from sslutil.facts import Policy
    from sslutil.site import Site

VERSION = 1
IDENTITY = ("rfc822Name", "dNSName")
"""The kinds of alternative names that say who a client is: the first name of the first kind that there is."""
_INTRODUCTION = "# Made by sslutil. Edit site.toml instead: this file is written anew by each change.\n"


def render_settings(site: Site, policy: Policy, *, crl: bool) -> str:
    """Return the text of settings.toml; `policy` holds only groups that every supported OpenSSL loads.

    Names are A-labels, protocols, suites and groups OpenSSL's names, file names relative to the file itself.
    """
    web = site.site
    names = [name.text for name in web.names]
    top = {
        "version": VERSION,
        "enabled": web.enabled,
        "names": names,
        "https_port": web.https_port,
        "http_port": web.http_port,
        "plain_http": web.plain_http,
        "hsts_max_age": web.hsts_max_age,
    }
    certificate = {
        "names": names,
        "certificate_file": registry.CERTIFICATE,
        "key_file": registry.KEY,
        "bundle_file": registry.BUNDLE,
    }
    tls = {
        "protocols": policy.protocols,
        "ciphers": policy.ciphers,
        "ciphersuites": policy.ciphersuites,
        "groups": policy.groups,
        "prefer_server_ciphers": policy.prefer_server_ciphers,
        "session_tickets": policy.session_tickets,
    }
    tables: dict[str, dict[str, Any]] = {
        "[[certificate]]": certificate,
        "[tls]": tls,
        "[client_auth]": _client_auth(site, crl=crl),
    }
    return (
        _INTRODUCTION + render_lines(top) + "".join(f"\n{head}\n{render_lines(part)}" for head, part in tables.items())
    )


def _client_auth(site: Site, *, crl: bool) -> dict[str, Any]:
    clients = site.client_auth
    mode = clients.mode if "https" in clients.services else "off"
    table: dict[str, Any] = {"mode": mode, "depth": clients.depth}
    if mode != "off":
        table["identity"] = IDENTITY
        table["ca_file"] = registry.CLIENT_CA
        if crl:
            table["crl_file"] = registry.CLIENT_CRL
    return table
