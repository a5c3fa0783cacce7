"""What a policy means for a site: which suites its key can use, which clients get in, what its servers can't say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, load_dialect, render_export
from sslutil.keytypes import KEY_TYPES
from sslutil.plan import make_policy
from sslutil.profiles import PROFILES, UNSTOCKED_CIPHERS
from sslutil.profiles.clients import TLS13, find_empty_protocols, find_reach, find_usable
from sslutil.site import SELF_SIGNED
from sslutil.steps.client_files import NO_CLIENTS, read_client_files
from sslutil.steps.compose import find_versions, make_export_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.exporters import ExportPlan
    from sslutil.facts import Policy
    from sslutil.profiles.clients import Reach
    from sslutil.site import Site
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

OPPORTUNISTIC = ("postfix", "exim")
"""The exports that speak on port 25."""
_LABELS = {"modern": "Newer clients", "intermediate": "Older clients", "old": "Oldest clients"}
"""Each generation of clients, by TLSRef's profile for it → what its line is called."""
WIDE = "on port 25 a refusal means plain text (RFC 7435), so the export keeps it wide"


class Expression(NamedTuple):
    """What one export makes of the policy."""

    name: str
    losses: tuple[str, ...] = ()
    """Half sentences on what the program can't express."""
    refusal: str = ""
    """Why the export can't be had at all; empty where it can."""


class _Key(NamedTuple):
    """The key that the policy meets."""

    name: str
    title: str
    authentication: str | None


class Consequences(NamedTuple):
    """What a policy means for a site, before anything is saved."""

    policy: Policy
    key: _Key
    usable: tuple[str, ...]
    """Suites of TLS 1.2 and below that the key can use."""
    useless: tuple[str, ...]
    """Those that it can't."""
    empty: tuple[str, ...]
    """Protocols that are on, and that no client gets."""
    reach: tuple[Reach, ...]
    exports: tuple[Expression, ...]
    short_key: bool
    """Whether the profile's guideline is giving up keys of this type."""
    profile: str


def find_consequences(
    run: Run, situation: Situation, site: Site, versions: Mapping[str, str] | None = None
) -> Consequences:
    """Return what the policy of a site means, which may be one that is only thought of.

    Without `versions` the programs are asked for theirs.
    """
    policy = make_policy(site)
    key = _find_key(situation, site)
    usable = find_usable(policy, key.authentication)
    return Consequences(
        policy=policy,
        key=key,
        usable=usable,
        useless=tuple(name for name in policy.ciphers if name not in usable),
        empty=find_empty_protocols(policy, key.authentication),
        reach=find_reach(policy, key.authentication),
        exports=_express(run, situation, site, versions),
        short_key=site.tls.profile in PROFILES and key.name in PROFILES[site.tls.profile].short_keys,
        profile=site.tls.profile,
    )


def _find_key(situation: Situation, site: Site) -> _Key:
    """Return the key that is served where sslutil does not make it, else the one that the site wishes for."""
    served = situation.certificate if site.certificate.issuer != SELF_SIGNED else None
    name = served.key.key_type if served else site.certificate.key_type
    if name in KEY_TYPES:
        return _Key(name, KEY_TYPES[name].title, KEY_TYPES[name].authentication)
    return _Key(name, name, "rsa" if name.lower().startswith("rsa") else "ecdsa")


def refuse_unshared(situation: Situation, site: Site) -> None:
    """Raise SiteError where the key that is served shares no suite with the policy: no client could connect."""
    policy, key = make_policy(site), _find_key(situation, site)
    if TLS13 not in policy.protocols and not find_usable(policy, key.authentication):
        message = f"no suite of the list is for a key of type {key.name}, which is served: no client could connect"
        raise SiteError(message, "add TLSv1.3 to protocols, or suites that fit the key", key="tls.ciphers")


def _express(run: Run, situation: Situation, site: Site, versions: Mapping[str, str] | None) -> tuple[Expression, ...]:
    clients = read_client_files(situation) if site.client_auth.mode != "off" else NO_CLIENTS
    plan = make_export_plan(site, run.registry, versions or find_versions(site), client_files=clients)
    return tuple(_express_one(name, plan) for name in site.deploy.exports)


def _express_one(name: str, plan: ExportPlan) -> Expression:
    try:
        render_export(name, plan)
    except SiteError as fault:
        return Expression(name, refusal=fault.message)
    return Expression(name, load_dialect(name).find_losses(plan))


def warn(found: Consequences) -> tuple[str, ...]:
    """Return the sentences that whoever saves such a policy must read."""
    empty = f"{' and '.join(found.empty)} {'is' if len(found.empty) == 1 else 'are'} on, and no suite of the list"
    newer = TLS13 if TLS13 in found.policy.protocols else "a newer protocol"
    short = f"the guideline of profile {found.profile} is giving up keys of {found.key.title}: choose another type"
    told = {
        f"{empty} is for it and a key of type {found.key.name}: only clients with {newer} get in": bool(found.empty),
        short: found.short_key,
    }
    return tuple(sentence for sentence, holds in told.items() if holds)


def describe_short(found: Consequences) -> list[tuple[str, str]]:
    """Return the lines for an answer that tells of a change: clients that stay out, and what servers leave out."""
    out = [reach for reach in found.reach if reach.admitted == "none"]
    lines = [("Cut off", "clients older than " + _list_admitted(found))] if out else []
    lines += [
        ("Not said", f"{EXPORTERS[one.name].title} {words}") for one in found.exports if (words := _tell_losses(one))
    ]
    return lines + _tell_port_25(found)


def describe(found: Consequences) -> list[tuple[str, str]]:
    """Return every line of the explanation."""
    needs = "an RSA key" if found.key.authentication != "rsa" else "an ECDSA key"
    unstocked = [name for name in found.usable if name in UNSTOCKED_CIPHERS]
    suites = {
        "Protocols": found.policy.protocols,
        "Suites of TLS 1.3": found.policy.ciphersuites if TLS13 in found.policy.protocols else (),
        "Suites of TLS 1.2": found.usable,
        "Of no use": found.useless,
        "Only some builds": unstocked,
        "Groups": found.policy.groups,
    }
    lines = [("Key", found.key.title)]
    for label, names in suites.items():
        about = f" (need {needs}, or another protocol)" if label == "Of no use" else ""
        lines += [(label, " ".join(names) + about)] if names else []
    lines += [(_LABELS[reach.generation.name], _tell_reach(reach)) for reach in found.reach]
    lines += [(EXPORTERS[one.name].title, _tell_losses(one) or "says all of it") for one in found.exports]
    return lines + _tell_port_25(found)


def _list_admitted(found: Consequences) -> str:
    admitted = [reach for reach in found.reach if reach.admitted != "none"]
    return ", ".join(admitted[-1].generation.clients) if admitted else "any that TLSRef knows"


def _tell_reach(reach: Reach) -> str:
    clients = f"{', '.join(reach.generation.clients)}, and later ones"
    if reach.admitted == "all":
        return f"admitted: {clients}"
    if reach.admitted == "some":
        return f"admitted in part, {reach.why}: {clients}"
    return f"cut off, {reach.why}: {', '.join(reach.generation.clients)}"


def _tell_losses(one: Expression) -> str:
    if one.refusal:
        return f"refused: {one.refusal}"
    return f"leaves out: {'; '.join(one.losses)}" if one.losses else ""


def _tell_port_25(found: Consequences) -> list[tuple[str, str]]:
    return [("Port 25", WIDE)] if any(one.name in OPPORTUNISTIC for one in found.exports) else []


def consequence_fields(found: Consequences) -> dict[str, object]:
    """Return the fields for --json."""
    return {
        "key_type": found.key.name,
        "protocols": list(found.policy.protocols),
        "ciphersuites": list(found.policy.ciphersuites),
        "usable_ciphers": list(found.usable),
        "useless_ciphers": list(found.useless),
        "groups": list(found.policy.groups),
        "clients": [
            {
                "generation": reach.generation.name,
                "oldest": list(reach.generation.clients),
                "admitted": reach.admitted,
                "why": reach.why,
            }
            for reach in found.reach
        ],
        "exports": [
            {"server": one.name, "left_out": list(one.losses), "refusal": one.refusal} for one in found.exports
        ],
        "port_25_stays_wide": any(one.name in OPPORTUNISTIC for one in found.exports),
    }
