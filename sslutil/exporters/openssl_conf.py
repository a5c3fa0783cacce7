"""OpenSSL's own configuration, for a program that can't say the whole policy itself; OPENSSL_CONF names it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from sslutil.exporters.parts import (
    TLS13,
    find_lost_ciphers,
    find_lost_groups,
    introduce,
    list_groups,
    refuse_characters,
    render_cipher_list,
    render_text,
)
from sslutil.profiles import PROTOCOLS

if TYPE_CHECKING:
    from sslutil.exporters import ExportPlan

FILE = "openssl.cnf"


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of openssl.cnf, by file name."""
    use = f"In the environment of a program that uses OpenSSL, for all that it opens: {_variable(plan.directory)}"
    lines = [*introduce(plan, use, *_REMARKS, losses=find_losses(plan)), *_CHAIN, *_policy(plan)]
    return {FILE: render_text(lines)}


def quote(path: str) -> str:
    """Return a path as one word of a shell or of a systemd unit; SiteError for what no line holds.

    OpenSSL's configuration itself names no path.
    """
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", path):
        raise refuse_characters("OPENSSL_CONF", path, "")
    return shlex.quote(path)


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what OpenSSL's configuration can't express of the policy; certificates are not its matter."""
    return (*find_lost_ciphers(plan.policy), *find_lost_groups(plan))


def render_include(directory: str) -> dict[str, str]:
    """Return the variable that makes a program read the file."""
    return {FILE: _variable(directory)}


def _variable(directory: str) -> str:
    return f"OPENSSL_CONF={quote(f'{directory}/{FILE}')}"


# Up to OpenSSL 3.1 a line that it can't use is skipped in silence (measured with 3.0.19 and 3.5.9).
_REMARKS = (
    "It overrides no program's own settings; but few have any for the suites of TLS 1.3 and for groups.",
    "It takes the place of the system's own file, /etc/ssl/openssl.cnf.",
)
_CHAIN = (
    "config_diagnostics = 1",
    "openssl_conf = sslutil",
    "",
    "[sslutil]",
    "ssl_conf = sslutil_ssl",
    "",
    "[sslutil_ssl]",
    "system_default = sslutil_policy",
    "",
    "[sslutil_policy]",
)


def _policy(plan: ExportPlan) -> list[str]:
    policy, groups = plan.policy, list_groups(plan)
    oldest, newest = (ends(policy.protocols, key=PROTOCOLS.index) for ends in (min, max))
    lines = [f"MinProtocol = {oldest}", f"MaxProtocol = {newest}"]
    if policy.ciphers:
        lines.append(f"CipherString = {render_cipher_list(policy)}")
    if TLS13 in policy.protocols:
        lines.append(f"Ciphersuites = {':'.join(policy.ciphersuites)}")
    if groups:
        lines.append(f"Groups = {':'.join(groups)}")
    options = {
        "SessionTicket": policy.session_tickets,
        "ServerPreference": policy.prefer_server_ciphers,
        "Compression": False,
    }
    return [*lines, f"Options = {','.join(name if on else f'-{name}' for name, on in options.items())}"]
