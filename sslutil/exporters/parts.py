"""What several dialects say alike: the head of a file, what is lost, what is refused."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from sslutil.errors import SiteError
from sslutil.plan import render_version, split_groups
from sslutil.profiles import UNSTOCKED_CIPHERS
from sslutil.site import HTTPS_STANDARD_PORT, ClientAuthTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sslutil.exporters import ExportPlan
    from sslutil.facts import Policy
    from sslutil.names import Identity

OLD_PROTOCOLS = frozenset({"TLSv1", "TLSv1.1"})
TLS13 = "TLSv1.3"
ON_OFF = {True: "on", False: "off"}
YES_NO = {True: "yes", False: "no"}
DISABLED_SECURE = "# The site is disabled: this port speaks plain http."
DISABLED_PLAIN = "# The site is disabled: plain http is all there is."
OFFERED = "# Plain http is offered: pages link to secure mode and back."
CLOSED = "# Plain http is closed, to the challenges of certificate authorities too."
REDIRECTED = "# Plain http is redirected, but for the challenges of certificate authorities (RFC 8555 section 8.3)."
VERIFY_HEADER = "X-SSL-Client-Verify"
"""SUCCESS where TLS verified the client's certificate, else NONE."""
NAME_HEADER = "X-SSL-Client-CN"
SERIAL_HEADER = "X-SSL-Client-Serial"
ISSUER_HEADER = "X-SSL-Client-Issuer"
IDENTITY_HEADERS = (VERIFY_HEADER, NAME_HEADER, SERIAL_HEADER, ISSUER_HEADER)
"""What tells an application behind the web server who the client is; what the client wrote there is taken out."""
VERIFIED, NOBODY = "SUCCESS", "NONE"
FORGED = "# Who the client is: what it wrote into these headers itself is taken out."
OWN_ROOT = "# The root of what is served is yours to change."


def introduce(plan: ExportPlan, *uses: str, losses: Iterable[str] = ()) -> list[str]:
    """Return the first lines of a file, as comments that begin with #: how to use it, and what it leaves out."""
    names = " ".join(name.text for name in plan.site.site.names)
    return [
        "# Made by sslutil. Edit site.toml instead: this file is written anew by each change.",
        *(f"# {use}" for use in uses),
        f"# Names: {names}",
        *(
            f"# No {program} was found, so it is for the oldest supported: {render_version(plan.versions[program])}"
            for program in sorted(plan.assumed)
        ),
        *(f"# Left out: {loss}" for loss in losses),
    ]


def render_text(lines: Iterable[str]) -> str:
    """Return lines as the text of a file."""
    return "".join(f"{line}\n" for line in lines)


def list_groups(plan: ExportPlan) -> tuple[str, ...]:
    """Return the groups that the OpenSSL of the plan loads, by OpenSSL's names."""
    return split_groups(plan.policy.groups, plan.versions["openssl"])[0]


def find_lost_groups(plan: ExportPlan) -> tuple[str, ...]:
    """Return a sentence on the groups that the OpenSSL of the plan does not load, where there are any."""
    _, unknown = split_groups(plan.policy.groups, plan.versions["openssl"])
    version = render_version(plan.versions["openssl"])
    return (f"{' '.join(unknown)}, unknown to OpenSSL {version}",) if unknown else ()


def find_lost_ciphers(policy: Policy) -> tuple[str, ...]:
    """Return a sentence on the suites that most builds of OpenSSL lack, where there are any."""
    unstocked = [cipher for cipher in policy.ciphers if cipher in UNSTOCKED_CIPHERS]
    return (f"{' '.join(unstocked)}, unless OpenSSL was built with weak suites",) if unstocked else ()


def render_cipher_list(policy: Policy) -> str:
    """Return the suites of TLS 1.2 and below as OpenSSL's cipher list; empty where there are none.

    OpenSSL 3 refuses TLS 1.0 and 1.1 above security level 0: their signatures use SHA-1.
    """
    level = ("@SECLEVEL=0",) if OLD_PROTOCOLS & set(policy.protocols) else ()
    return ":".join((*policy.ciphers, *level)) if policy.ciphers else ""


def clients_of(plan: ExportPlan, *services: str) -> ClientAuthTable:
    """Return what the site says of client certificates for any of these services; mode "off" where it says nothing."""
    wanted = plan.site.client_auth
    return wanted if set(services) & set(wanted.services) else ClientAuthTable()


def find_lost_depth(plan: ExportPlan, title: str, *services: str) -> tuple[str, ...]:
    """Return a sentence on the depth of a client's chain, where clients are asked, for a program without a word."""
    asked = clients_of(plan, *services).mode != "off"
    return (f"the depth of a client's chain, for which {title} has no word",) if asked else ()


def find_lost_strangers(plan: ExportPlan, *services: str) -> tuple[str, ...]:
    """Return a sentence for a program that lets a strange certificate pass for none, where none is required."""
    optional = clients_of(plan, *services).mode == "optional"
    return ("the refusal of a strange certificate where none is required: it counts as none",) if optional else ()


def refuse_unlisted(plan: ExportPlan, title: str) -> None:
    """Raise SiteError where a list is in force, but not of every authority: then such a server refuses every client."""
    if plan.unlisted:
        message = f"{title} refuses every client unless there is a revocation list of each authority, and there is none"
        hint = "name its list in crl_files below [client_auth] too, or take every list out"
        raise SiteError(f"{message} of {'; '.join(plan.unlisted)}", hint, key="client_auth.crl_files")


def find_lost_lists(plan: ExportPlan, title: str, *services: str) -> tuple[str, ...]:
    """Return a sentence for a program that reads no list, where one is in force that revokes nobody."""
    unread = clients_of(plan, *services).mode != "off" and plan.crl and not plan.revokes
    return (f"the revocation lists, which revoke nobody: {title} reads none",) if unread else ()


def refuse_lists(plan: ExportPlan, name: str, title: str) -> None:
    """Raise SiteError where somebody is revoked by a list that the program can't read, and so would get in."""
    if plan.revokes:
        message = f"{title} can't read a revocation list, so a revoked client would get in"
        less = f"sslutil client-auth --service https  # {title} then asks nobody\n" if name == "postfix" else ""
        raise SiteError(message, less + _without(name), key="client_auth.crl_files")


def refuse_depth(plan: ExportPlan, name: str, title: str) -> None:
    """Raise SiteError where the site says a depth, and the program has no word for it."""
    if plan.site.client_auth.depth != ClientAuthTable().depth:
        message = f"{title} can't limit a client's chain to a depth of {plan.site.client_auth.depth}"
        raise SiteError(message, _without(name), key="client_auth.depth")


def _without(name: str) -> str:
    return f'take {name} out of exports below [deploy], or write mode = "off" below [client_auth]'


def unless_plain(path: str, quoted: str) -> str:
    """Return a path as it is where no dialect reads anything special in it, else as its dialect quotes it."""
    return path if re.fullmatch(r"[A-Za-z0-9_./+-]+", path) else quoted


def refuse_characters(title: str, path: str, fault: str) -> SiteError:
    """Return the error for a path that a dialect can't hold, to be raised."""
    message = f"{title} can't name the path {path!r}{fault}"
    return SiteError(message, "choose a plain path: sslutil registry-path PATH", key="deploy.exports")


def find_first(names: Iterable[Identity]) -> Identity | None:
    """Return the first name that is no wildcard: where a redirect goes whose Host header fits none."""
    return next((name for name in names if not name.wildcard), None)


def render_host(name: Identity) -> str:
    """Return a name as it stands in an address: an IPv6 address in brackets."""
    return f"[{name.text}]" if ":" in name.text else name.text


def render_port(port: int) -> str:
    """Return the port as it stands in an https address: ":8443", and nothing for 443."""
    return "" if port == HTTPS_STANDARD_PORT else f":{port}"


def find_lost_identity(plan: ExportPlan, instead: str) -> tuple[str, ...]:
    """Return a sentence for a web server that can't write who the client is into headers, where clients are asked."""
    asked = clients_of(plan, "https").mode != "off"
    return (f"the headers {', '.join(IDENTITY_HEADERS)}: {instead}",) if asked else ()


def spell_header(name: str, separators: str = "-_.") -> tuple[str, ...]:
    """Return each spelling of a header that CGI, WSGI or PHP takes for the same: they fold what parts its words.

    PHP takes a dot for an underscore in all that it is given (php_register_variable_ex).
    """
    first, *others = name.split("-")
    return tuple(
        first + "".join(map("".join, zip(parting, others, strict=True)))
        for parting in product(separators, repeat=len(others))
    )
