"""From what is wanted and what is, to what is to be done: decisions, before any file, server or key is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import SiteError, command
from sslutil.facts import Policy
from sslutil.names import Identity, find_uncovered, render_identity
from sslutil.profiles import CIPHERS, GROUPS, PROFILES, PROTOCOLS
from sslutil.site import BY_CA, CUSTOM, SELF_SIGNED, Site, settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.facts import CertificateFacts

Version = tuple[int, ...]
_SECONDS_A_DAY = 86400
OLDEST_OPENSSL: Version = (1, 1, 1)


def make_policy(site: Site) -> Policy:
    """Return the policy that the site's profile, or its own lists, mean."""
    tls = site.tls
    if tls.profile == CUSTOM:
        return Policy(
            tuple(protocol for protocol in PROTOCOLS if protocol in tls.protocols),
            tls.ciphers,
            tls.ciphersuites,
            tls.groups,
            tls.prefer_server_ciphers,
            session_tickets=False,
        )
    profile = PROFILES[tls.profile]
    return Policy(
        profile.protocols,
        profile.ciphers,
        profile.ciphersuites,
        profile.groups,
        profile.prefer_server_ciphers,
        profile.session_tickets,
    )


def is_known(policy: Policy | None) -> bool:
    """Return whether there is a policy, each name of which this sslutil knows: a release may drop one."""
    return policy is not None and CIPHERS.keys() >= set(policy.ciphers) and GROUPS.keys() >= set(policy.groups)


def split_groups(groups: Iterable[str], openssl: Version) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the groups that this OpenSSL loads, and those that it does not know.

    One unknown name in a list is fatal to every server before OpenSSL 3.5 (measured: Apache, nginx, HAProxy).
    """
    loaded = tuple(group for group in groups if GROUPS[group].since <= openssl)
    return loaded, tuple(group for group in groups if GROUPS[group].since > openssl)


def parse_version(text: str) -> Version:
    """Return "3.0.17" as (3, 0, 17)."""
    return tuple(int(part) for part in text.split("."))


def render_version(version: Version) -> str:
    """Return (3, 0, 17) as "3.0.17"."""
    return ".".join(str(part) for part in version)


class Change(NamedTuple):
    """One key of the site that differs."""

    key: str
    before: Any
    after: Any

    @property
    def words(self) -> str:
        """The change in one line: "site.https_port: 443 → 8443", of long lists what goes and what comes."""
        if isinstance(self.before, tuple) and self.before and len(self.before + self.after) >= _LONG_LISTS:
            return f"{self.key}: {_tell_lists(self.before, self.after)}"
        return f"{self.key}: {render_setting(self.before)} → {render_setting(self.after)}"


_LONG_LISTS = 5
"""Entries from which two lists are too long to be compared by eye."""


def _tell_lists(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    gone = tuple(one for one in before if one not in after)
    come = tuple(one for one in after if one not in before)
    parts = [f"{word} {render_setting(part)}" for word, part in (("without", gone), ("with", come)) if part]
    return " and ".join(parts) or "in another order"


def render_setting(value: object) -> str:
    """Return a site's value for people."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Identity):
        return value.unicode
    if isinstance(value, tuple):
        return ", ".join(render_setting(part) for part in value) or "none"
    return str(value) if value != "" else "none"


def find_changes(before: Site, after: Site) -> tuple[Change, ...]:
    """Return every key in which two sites differ, in the order of the file."""
    pairs = ((key, before.value(key), after.value(key)) for key in settings())
    return tuple(Change(key, old, new) for key, old, new in pairs if old != new)


def tell_policy_changes(before: Policy, after: Policy) -> tuple[str, ...]:
    """Return in words what a newer policy of the same name changes: "ciphers: without DES-CBC3-SHA"."""
    pairs = zip(Policy._fields, before, after, strict=True)
    return tuple(Change(name, old, new).words for name, old, new in pairs if old != new)


def refuse_vanished(explicit_before: Iterable[str], explicit_after: frozenset[str], changes: Iterable[Change]) -> None:
    """Raise SiteError where a key that stood in the site in force is now absent, with another effect.

    A half-saved file parses more often than one thinks, and would silently lose what stood in its second half.
    """
    vanished = set(explicit_before) - explicit_after
    lost = next((change for change in changes if change.key in vanished), None)
    if lost:
        table, _, name = lost.key.partition(".")
        message = (
            f"{name} was {render_setting(lost.before)} and is now absent from [{table}], which would change its effect"
        )
        line = settings()[lost.key].line(lost.before)
        raise SiteError(message, f"write {line} below [{table}] again, or another value", key=lost.key)


def refuse_dropped(served: Iterable[Identity], wanted: Iterable[Identity], cure: tuple[str, ...]) -> None:
    """Raise SiteError where a name in use would be dropped; `cure` is the command line that does it all the same."""
    kept = set(wanted)
    dropped = [name for name in served if name not in kept]
    if dropped:
        names = ", ".join(render_identity(name) for name in dropped)
        whose, them = ("its", "it") if len(dropped) == 1 else ("their", "them")
        effect = f"would no longer be covered, and {whose} users would see a warning"
        message = f"{names} {effect}: name {them} too, or drop {them} with --replace"
        raise SiteError(message, command(*cure), key="site.names").cured_with("--replace")


def refuse_self_signed(served: CertificateFacts, now: datetime) -> None:
    """Raise SiteError where a self-signed certificate would take the place of a CA's that is valid."""
    if not served.self_signed and now <= served.not_valid_after:
        until = served.not_valid_after.date().isoformat()
        former = f"one by {served.issuer} that is valid until {until}"
        message = f"a self-signed certificate would take the place of {former}, and every browser would warn"
        raise SiteError(f"{message}: do so with --replace", key="certificate.issuer").cured_with("--replace")


def refuse_uncovered(certificate: CertificateFacts, wanted: Iterable[Identity], cure: tuple[str, ...]) -> None:
    """Raise SiteError where a certificate that we can't make anew lacks a name of the site; `cure` asks for one."""
    missing = find_uncovered(certificate.names, wanted)
    if missing:
        names = ", ".join(render_identity(name) for name in missing)
        message = f"the certificate by {certificate.issuer} does not cover {names}: its users would see a warning"
        raise SiteError(message, f"{command(*cure)}  # asks for one that does", key="site.names")


def merge_names(wanted: Iterable[Identity], certified: Iterable[Identity]) -> tuple[Identity, ...]:
    """Return the names of a site that follows a certificate: its own that are covered, then what is new."""
    covering = tuple(certified)
    own = tuple(wanted)
    lost = set(find_uncovered(covering, own))
    return tuple(dict.fromkeys((*(name for name in own if name not in lost), *covering)))


def due_at(certificate: CertificateFacts, renew_at: float) -> datetime:
    """Return the moment from which the certificate is to be renewed: a fraction of its own lifetime."""
    lifetime = certificate.not_valid_after - certificate.not_valid_before
    return certificate.not_valid_before + lifetime * renew_at


def lifetime_days(certificate: CertificateFacts) -> int:
    """Return the days that a certificate holds, its last second included (RFC 5280 section 4.1.2.5)."""
    lifetime = certificate.not_valid_after - certificate.not_valid_before
    return -(-int(lifetime.total_seconds() + 1) // _SECONDS_A_DAY)


KEY_IS_COMPROMISED = "the key is compromised"


class MaterialPlan(NamedTuple):
    """What has to be made."""

    new_key: bool
    new_certificate: bool
    why: tuple[str, ...]
    """In words, for the record; empty where nothing is to be made."""


def plan_material(  # noqa: PLR0913  what is, and what is wished
    site: Site,
    served: CertificateFacts | None,
    now: datetime,
    *,
    new_key: bool = False,
    force: bool = False,
    has_key: bool = False,
    compromised: frozenset[str] = frozenset(),
) -> MaterialPlan:
    """Return whether the site needs a new key or self-signed certificate: none yet, other wishes, due, asked for.

    Where a CA signs, a self-signed one stands in until its answer comes; what a CA signed is never made anew here, and
    what another program owns neither. `has_key` says that there is a key which the first certificate is to go over,
    `compromised` are the fingerprints of keys that nothing is made over again.
    """
    issuer = site.certificate.issuer
    if served is None:
        return MaterialPlan(new_key=not has_key, new_certificate=True, why=("first certificate",))
    if issuer != SELF_SIGNED and not (issuer == BY_CA and served.self_signed):
        return MaterialPlan(new_key=False, new_certificate=False, why=())
    wanted = site.certificate
    is_due = now >= due_at(served, wanted.renew_at)
    for_key = {
        KEY_IS_COMPROMISED: served.key.fingerprint in compromised,
        f"key type: {served.key.key_type} → {wanted.key_type}": served.key.key_type != wanted.key_type,
        "new key asked for": new_key,
    }
    for_certificate = {
        f"signed by: {served.issuer} → itself": not served.self_signed,
        "names differ": served.names != site.site.names,
        "lifetime differs": lifetime_days(served) != wanted.lifetime,
        "renewal is due": is_due,
        "early renewal asked for": force and not is_due,
    }
    why = tuple(reason for reason, holds in (for_key | for_certificate).items() if holds)
    return MaterialPlan(new_key=any(for_key.values()), new_certificate=bool(why), why=why)


_ECHOES = {
    "certificate.issuer": "signed by: ",
    "site.names": "names differ",
    "certificate.lifetime": "lifetime differs",
    "certificate.key_type": "key type: ",
}
"""What a changed key of the site says → how the reason begins that says the same of the certificate."""


def tell_why(material: MaterialPlan, changes: Iterable[Change]) -> tuple[str, ...]:
    """Return what changes in words, nothing twice: reasons of the material, then changed keys of the site."""
    told = tuple(changes)
    echoes = tuple(_ECHOES[change.key] for change in told if change.key in _ECHOES)
    return (*(why for why in material.why if not why.startswith(echoes)), *(change.words for change in told))
