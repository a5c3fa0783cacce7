"""Exim: one file for both of its builds, with OpenSSL and with GnuTLS, which ask for the same in other words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.exporters.parts import (
    TLS13,
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
from sslutil.profiles import CIPHERS, GROUPS, PROTOCOLS, UNSTOCKED_CIPHERS
from sslutil.site import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslutil.exporters import ExportPlan
    from sslutil.facts import Policy

FILE = "exim.conf"
LISTED_GROUPS = (4, 97)
"""The first Exim whose tls_eccurve takes several groups with OpenSSL (its ChangeLog)."""
_RELAY = "SSLUTIL_SMTP_PORTS"
_PORTS = {_RELAY: "smtp", "SSLUTIL_SUBMISSION_PORTS": "submission", "SSLUTIL_SUBMISSIONS_PORTS": "submissions"}
"""The macros that name ports → the service of each."""
_REPLACED = "lines tls_…, openssl_options and auth_advertise_hosts"
_USES = (
    "Port 25 stays wide, whatever the policy: a peer that is refused there sends in plain text. Every other port is",
    "strict. Another port for one of the three: define its macro before this file is included.",
    "Exim reads the key under its own account: say its group as key_group below [deploy].",
)


def render(plan: ExportPlan) -> dict[str, str]:
    """Return the text of exim.conf, by file name."""
    use = f"In the main part, in place of its {_REPLACED}: {_include(plan.directory)}"
    lines = introduce(plan, use, *_USES, losses=find_losses(plan))
    lines += _ports() + _material(plan) + _clients(plan)
    lines += [".ifdef _HAVE_OPENSSL", *_openssl(plan), ".endif", ".ifdef _HAVE_GNUTLS", *_gnutls(plan), ".endif"]
    return {FILE: render_text(lines)}


def quote(path: str) -> str:
    """Return a path as a value that Exim expands, in quotes; SiteError for what its dialect can't hold.

    A backslash is read twice, by the quotes and by the expansion; a dollar begins a variable, a brace may end one. In
    a host list and in tls_certificate a colon parts two; a macro's name is replaced even inside quotes.
    """
    if re.search(r"[\x00-\x1f\x7f:{}\ud800-\udfff]|SSLUTIL_|_(?:HAVE|OPT|DRVR|DRIVER|LOG)_", path):
        raise refuse_characters("Exim", path, "")
    expanded = re.sub(r"([\\$])", r"\\\1", path)
    return '"' + re.sub(r'(["\\])', r"\\\1", expanded) + '"'


def find_losses(plan: ExportPlan) -> tuple[str, ...]:
    """Return what Exim can't express of the site; what only one of its builds can't, with that build's name."""
    return (
        *find_lost_ciphers(plan.policy),
        *find_lost_groups(plan),
        *find_lost_depth(plan, "Exim", *_PORTS.values()),
        *find_lost_strangers(plan, *_PORTS.values()),
        *(f"{loss}, with OpenSSL" for loss in _find_openssl_losses(plan)),
        *(f"{loss}, with GnuTLS" for loss in _find_gnutls_losses(plan)),
    )


def render_include(directory: str) -> dict[str, str]:
    """Return the line that takes the file into the main part of the configuration."""
    return {FILE: _include(directory)}


def _include(directory: str) -> str:
    """Return the line; Exim takes the rest of it as the name, without quotes or expansion."""
    quote(directory)
    if directory != directory.strip() or '"' in directory:
        raise refuse_characters("Exim", directory, "")
    return f".include {directory}/{FILE}"


def _ports() -> list[str]:
    lines = []
    for macro, service in _PORTS.items():
        lines += [f".ifndef {macro}", f"{macro} = {SERVICES[service]}", ".endif"]
    return lines


def _material(plan: ExportPlan) -> list[str]:
    """Return what holds for every port; without TLS no password is taken, so that nobody submits in plain text."""
    return [
        "tls_advertise_hosts = *",
        "tls_on_connect_ports = SSLUTIL_SUBMISSIONS_PORTS",
        "auth_advertise_hosts = ${if def:tls_in_cipher{*}{}}",
        f"tls_certificate = {quote(f'{plan.directory}/{registry.CERTIFICATE}')}",
        f"tls_privatekey = {quote(f'{plan.directory}/{registry.KEY}')}",
        *(["tls_resumption_hosts = *"] if plan.policy.session_tickets else []),
    ]


def _clients(plan: ExportPlan) -> list[str]:
    asking = [macro for macro, name in _PORTS.items() if clients_of(plan, name).mode != "off"]
    clients = clients_of(plan, *_PORTS.values())
    if not asking:
        return ["tls_verify_hosts =", "tls_try_verify_hosts ="]
    refuse_depth(plan, "exim", "Exim")
    refuse_unlisted(plan, "Exim")
    option, other = "tls_verify_hosts", "tls_try_verify_hosts"
    if clients.mode == "optional":
        option, other = other, option
    ports = " : ".join(asking)
    return [
        f"{option} = ${{if inlist{{$received_port}}{{{ports}}}{{*}}{{}}}}",
        f"{other} =",
        f"tls_verify_certificates = {quote(f'{plan.directory}/{registry.CLIENT_CA}')}",
        *_lists(plan),
    ]


def _lists(plan: ExportPlan) -> list[str]:
    """Return the revocation lists.

    With OpenSSL Exim trusts the system's authorities for clients too, until there is a list: then it asks for one of
    each authority, and theirs have none (4.96, setup_certs). So where none is in force it gets a file that holds none.
    """
    if plan.crl:
        return [f"tls_crl = {quote(f'{plan.directory}/{registry.CLIENT_CRL}')}"]
    closed = f"tls_crl = {quote(f'{plan.directory}/{registry.CLIENT_CA}')}"
    return [".ifdef _HAVE_OPENSSL", "# No list is in force: nobody's certificate is taken.", closed, ".endif"]


def _by_port(wide: str, strict: str) -> str:
    """Return what is expanded for each connection: the first on port 25, the second on every other."""
    return f"${{if inlist{{$received_port}}{{{_RELAY}}}{{{wide}}}{{{strict}}}}}"


def _openssl(plan: ExportPlan) -> list[str]:
    """Return the lines for a build with OpenSSL, whose protocols are one choice for all ports, made at the start.

    So the suites do what openssl_options can't: those of TLS 1.2 shut out what is older, and where TLS 1.3 is alone,
    suites that want a shared secret, which Exim has none of, let nobody in by TLS 1.2.
    """
    policy = plan.policy
    options = ["+no_sslv2", "+no_sslv3", *_find_shut(policy)]
    options += [] if policy.session_tickets else ["+no_ticket"]
    options += ["+cipher_server_preference"] if policy.prefer_server_ciphers else []
    lines = [f"openssl_options = {' '.join(options)}"]
    lines.append(f"tls_require_ciphers = {_by_port('DEFAULT:@SECLEVEL=0', render_cipher_list(policy) or _NO_SUITES)}")
    groups = list_groups(plan)
    if groups and _takes_groups(plan):
        lines.append(f"tls_eccurve = {_by_port('auto', ':'.join(groups))}")
    return lines


_NO_SUITES = "PSK-AES256-GCM-SHA384"


def _find_shut(policy: Policy) -> list[str]:
    """Return the options against protocols below the policy's lowest that one of its suites would let in."""
    below = PROTOCOLS[: PROTOCOLS.index(_lowest(policy))]
    reached = [protocol for protocol in below if any(CIPHERS[name].protocol <= protocol for name in policy.ciphers)]
    return [f"+no_{protocol.lower().replace('.', '_')}" for protocol in reached]


def _lowest(policy: Policy) -> str:
    return next(protocol for protocol in PROTOCOLS if protocol in policy.protocols)


def _takes_groups(plan: ExportPlan) -> bool:
    return plan.versions["exim"] >= LISTED_GROUPS


def _find_openssl_losses(plan: ExportPlan) -> Iterator[str]:
    if clients_of(plan, *_PORTS.values()).mode != "off" and not plan.crl:
        yield "every client's certificate: without a revocation list the system's authorities would be trusted too"
    if TLS13 in plan.policy.protocols:
        yield "the suites of TLS 1.3"
    else:
        yield "TLS 1.2 without TLS 1.3 beside it"
    if not _takes_groups(plan) or not list_groups(plan):
        yield "any choice of groups"
    if _find_shut(plan.policy):
        yield f"what is below {_lowest(plan.policy)} on port 25"


class _Suite(NamedTuple):
    """A suite as GnuTLS takes it apart: the three are chosen each for itself."""

    exchange: str
    """Empty in TLS 1.3."""
    cipher: str
    mac: str

    @property
    def strength(self) -> tuple[bool, bool, int, bool]:
        """Whether it has forward secrecy and authenticated encryption, its bits, and whether its MAC is no SHA-1."""
        forward = self.exchange != "RSA"
        bits = 256 if re.search("256|CHACHA20", self.cipher) else 128
        return forward, self.mac == "AEAD", bits, self.mac != "SHA1"

    def is_weaker(self, other: _Suite) -> bool:
        """Tell whether the other one is better in anything."""
        return any(own < theirs for own, theirs in zip(self.strength, other.strength, strict=True))


def _gnutls(plan: ExportPlan) -> list[str]:
    return [f"tls_require_ciphers = {_by_port('NORMAL', _priority(plan))}"]


def _priority(plan: ExportPlan) -> str:
    """Return GnuTLS's priority string, which begins with nothing."""
    policy = plan.policy
    suites = _choose(policy)
    parts = [
        *(_version(protocol) for protocol in reversed(PROTOCOLS) if protocol in policy.protocols),
        *_unique(suite.exchange for suite in suites if suite.exchange),
        *_unique(suite.cipher for suite in suites),
        *_unique(suite.mac for suite in suites),
        *(_gnutls_groups(policy) or ["GROUP-ALL"]),
        "SIGN-ALL",
        "COMP-NULL",
        "CTYPE-X509",
    ]
    flags = ["%SERVER_PRECEDENCE"] if policy.prefer_server_ciphers else []
    return ":".join(["NONE", *(f"+{part}" for part in parts), *flags])


def _version(protocol: str) -> str:
    """Return what GnuTLS calls a protocol: "VERS-TLS1.0"."""
    number = protocol.removeprefix("TLSv")
    return f"VERS-TLS{number if '.' in number else f'{number}.0'}"


def _gnutls_groups(policy: Policy) -> list[str]:
    """Return the groups that every GnuTLS knows: one unknown name, and the whole string is refused."""
    return [GROUPS[name].gnutls for name in policy.groups if name not in _HYBRIDS]


_HYBRIDS = tuple(row.name for row in GROUPS.values() if "MLKEM" in row.name)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _parse_suite(iana: str) -> _Suite:
    """Return the parts of a suite: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" is ECDHE-RSA, AES-128-CBC, SHA256."""
    exchange, _, rest = iana.removeprefix("TLS_").rpartition("WITH_")
    cipher, _, mac = rest.rpartition("_") if re.search("_SHA[0-9]*$", rest) else (rest, "", "")
    cipher = cipher.replace("_", "-")
    mac = mac.replace("SHA", "SHA1") if mac == "SHA" else mac
    return _Suite(exchange.strip("_").replace("_", "-"), cipher, mac if "CBC" in cipher else "AEAD")


_KNOWN = frozenset(
    _parse_suite(iana)
    for iana in (
        *(cipher.iana for cipher in CIPHERS.values()),
        "TLS_RSA_WITH_AES_128_CCM",
        "TLS_RSA_WITH_AES_256_CCM",
    )
)
"""Every suite of TLS 1.2 and below that GnuTLS can make of the parts of ours (gnutls-cli 3.7.9 --list)."""
_KNOWN_TLS13 = frozenset(
    _Suite("", cipher, "AEAD") for cipher in ("AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305", "AES-128-CCM")
)


def _wanted(policy: Policy) -> list[_Suite]:
    """Return the policy's suites, but for the weak ones: their parts would bring in more of them."""
    newer = policy.ciphersuites if TLS13 in policy.protocols else ()
    stocked = [CIPHERS[name].iana for name in policy.ciphers if name not in UNSTOCKED_CIPHERS]
    return [*map(_parse_suite, newer), *map(_parse_suite, stocked)]


def _multiply(policy: Policy, suites: Iterable[_Suite]) -> set[_Suite]:
    """Return every suite that GnuTLS makes of the parts of these."""
    exchanges, ciphers, macs = (set(part) for part in zip(*suites, strict=True))
    known = _KNOWN | (_KNOWN_TLS13 if TLS13 in policy.protocols else frozenset())
    return {
        suite
        for suite in known
        if suite.cipher in ciphers and suite.mac in macs and (not suite.exchange or suite.exchange in exchanges)
    }


def _choose(policy: Policy) -> list[_Suite]:
    """Return the suites of the policy, in order, but for those whose parts would bring in a weaker one than all."""
    wanted = _wanted(policy)
    chosen: list[_Suite] = []
    for suite in wanted:
        more = _multiply(policy, [*chosen, suite]) - set(wanted)
        if not any(all(extra.is_weaker(allowed) for allowed in wanted) for extra in more):
            chosen.append(suite)
    return chosen


def _find_gnutls_losses(plan: ExportPlan) -> Iterator[str]:
    policy = plan.policy
    wanted, chosen = _wanted(policy), _choose(policy)
    made = _multiply(policy, chosen)
    left = [suite for suite in wanted if suite not in made]
    more = sorted(made - set(wanted))
    if left:
        yield f"{_name(left)}, whose parts would let in weaker ones"
    if more:
        yield f"a list without {_name(more)}, made of the parts of the others"
    hybrids = [name for name in policy.groups if name in _HYBRIDS and name in list_groups(plan)]
    if hybrids:
        yield f"{' '.join(hybrids)}, which not every GnuTLS knows"


def _name(suites: Iterable[_Suite]) -> str:
    return " ".join("+".join(part for part in suite if part) for suite in suites)
