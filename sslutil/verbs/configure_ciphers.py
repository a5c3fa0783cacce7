"""configure ciphers: the TLS policy, by name, by lists of one's own or from a guideline, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import MaterialError, SettingError, SiteError, UsageError
from sslutil.facts import Card, Policy
from sslutil.files import read_file
from sslutil.plan import make_policy, render_version, tell_policy_changes
from sslutil.profiles import (
    CIPHERS,
    CIPHERSUITES,
    GROUPS,
    PROFILES,
    PROTOCOLS,
    find_kind,
    parse_cipher,
    parse_ciphersuite,
    parse_group,
    parse_protocol,
)
from sslutil.profiles.guideline import parse_guideline
from sslutil.site import CUSTOM, Site, change
from sslutil.steps.answer import Answer
from sslutil.steps.consequences import (
    consequence_fields,
    describe,
    describe_short,
    find_consequences,
    refuse_unshared,
    warn,
)
from sslutil.steps.deploy import deploy
from sslutil.steps.situation import Situation, look
from sslutil.steps.tell import answer_change, pending_warning
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sslutil.profiles.guideline import Guideline
    from sslutil.steps.run import Run

LISTS = ("protocols", "ciphers", "ciphersuites", "groups")
_OPTIONS = {"protocols": "--protocol", "ciphers": "--cipher", "ciphersuites": "--ciphersuite", "groups": "--group"}
_KINDS = {
    "protocols": "a protocol",
    "ciphers": "a suite of TLS 1.2 and below",
    "ciphersuites": "a suite of TLS 1.3",
    "groups": "a group",
}
_PARSERS: dict[str, Callable[[str], str]] = {
    "protocols": parse_protocol,
    "ciphers": parse_cipher,
    "ciphersuites": parse_ciphersuite,
    "groups": parse_group,
}
_STDIN = "-"
_GUIDELINE_LIMIT = 1 << 20


class Request(NamedTuple):
    """What was typed; None and empty lists leave the site as it is."""

    profile: str | None = None
    """A name in PROFILES or "custom"; with a guideline, one of the file's."""
    protocols: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    ciphersuites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    guideline: str | None = None
    """A file, or - for stdin."""
    list_all: bool = False
    explain: bool = False

    @property
    def lists(self) -> dict[str, tuple[str, ...]]:
        """The lists that were typed, by key of [tls]."""
        return {name: getattr(self, name) for name in LISTS if getattr(self, name)}


class _Choice(NamedTuple):
    """What the request makes of [tls], and what is to be told of it."""

    edits: dict[str, Any]
    lines: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    fields: dict[str, Any] = {}  # noqa: RUF012  never changed


def configure_ciphers(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for another policy, or to one of the two questions, which change nothing."""
    if request.list_all:
        if request != Request(list_all=True):
            message = "--list shows what there is, and takes nothing else"
            raise UsageError(message, run.command("configure", "ciphers", "--list"))
        return _list_all(run)
    situation = look(run)
    choice = _choose(run, situation, request)
    if request.explain:
        return _explain(run, situation, choice)
    if not choice.edits:
        message = "nothing is chosen: name a profile, or suites of your own"
        hints = (("--profile", "intermediate"), ("--list",), ("--explain",))
        raise UsageError(message, "\n".join(run.command("configure", "ciphers", *words) for words in hints))
    refuse_unshared(situation, change(_present(situation), choice.edits))
    done = deploy(run, Wish("edit", choice.edits))
    answer = answer_change(run, done, made="changed the TLS policy", nothing="the TLS policy is as wished")
    found = find_consequences(run, done.after, done.draft.file.site, done.draft.versions)
    more = describe_short(found) if done.changed else []
    return answer._replace(
        lines=(*answer.lines, *choice.lines, *more),
        warnings=(*choice.warnings, *warn(found), *answer.warnings),
        fields={**answer.fields, **choice.fields, "consequences": consequence_fields(found)},
    )


def _present(situation: Situation) -> Site:
    """Return the site that the options change: the operator's, else the one in force, else the defaults."""
    file = situation.working or situation.in_force
    return file.site if file else Site()


def _choose(run: Run, situation: Situation, request: Request) -> _Choice:
    site = _present(situation)
    if request.guideline is not None:
        if request.lists:
            message = "--guideline has lists of its own: leave the others out"
            raise UsageError(message, run.command("configure", "ciphers", "--guideline", request.guideline))
        return _take_guideline(run, site, request.guideline, request.profile)
    if request.profile is not None and request.profile not in {*PROFILES, CUSTOM}:
        raise _unknown_profile(request.profile)
    typed = {name: _parse_each(run, name, texts) for name, texts in request.lists.items()}
    if not typed and request.profile != CUSTOM:
        return _Choice(_edit_profile(site, request.profile) if request.profile else {})
    start = make_policy(site)
    if request.profile in PROFILES:
        start = make_policy(change(site, _edit_profile(site, request.profile or "")))
    protocols, ciphers, ciphersuites, groups = (typed.get(name, getattr(start, name)) for name in LISTS)
    policy = start._replace(protocols=protocols, ciphers=ciphers, ciphersuites=ciphersuites, groups=groups)
    as_it_is = site.tls.profile == CUSTOM and policy == make_policy(site)
    return _Choice(_edit_custom(policy, site.tls.guideline if as_it_is else ""))


def _unknown_profile(name: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), [*PROFILES, CUSTOM], 1, 0.5)
    meant = f"; did you mean {near[0]}?" if near else ""
    message = f"--profile is one of {', '.join((*PROFILES, CUSTOM))}, not {name!r}{meant}"
    return UsageError(message, typed=name, near=(near[0] if near else "intermediate",))


def _parse_each(run: Run, key: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Return OpenSSL's names; UsageError for what is unknown, or belongs to another option, which is then the hint."""
    names = []
    for text in texts:
        try:
            names.append(_PARSERS[key](text))
        except SiteError as fault:
            raise _tell_fault(run, key, text, fault) from None
    return tuple(dict.fromkeys(names))


def _tell_fault(run: Run, key: str, text: str, fault: SiteError) -> UsageError:
    kind = find_kind(text)
    if kind and kind[0] != key:
        message = f"{kind[1]} is {_KINDS[kind[0]]}, and {_OPTIONS[key]} takes {_KINDS[key]}"
        return UsageError(message, run.command("configure", "ciphers", _OPTIONS[kind[0]], kind[1]))
    near = fault.near if isinstance(fault, SettingError) else ""
    if near:
        return UsageError(f"{fault.message}; did you mean {near}?", typed=text, near=(near,))
    return UsageError(fault.message, f"{run.command('configure', 'ciphers', '--list')}  # shows every name")


def _edit_profile(site: Site, name: str) -> dict[str, Any]:
    """Return the edits that choose a profile; lists of one's own go with it."""
    cleared: dict[str, Any] = {f"tls.{key}": [] for key in LISTS if getattr(site.tls, key)}
    cleared |= {"tls.prefer_server_ciphers": False} if site.tls.prefer_server_ciphers else {}
    cleared |= {"tls.guideline": ""} if site.tls.guideline else {}
    return {"tls.profile": name} | cleared


def _edit_custom(policy: Policy, guideline: str) -> dict[str, Any]:
    lists = {f"tls.{key}": list(getattr(policy, key)) for key in LISTS}
    return {
        "tls.profile": CUSTOM,
        **lists,
        "tls.prefer_server_ciphers": policy.prefer_server_ciphers,
        "tls.guideline": guideline,
    }


# --- A guideline from a file ----------------------------------------------------------------------------------------


def _take_guideline(run: Run, site: Site, path: str, name: str | None) -> _Choice:
    guideline = parse_guideline(_read_guideline(run, path), name, "stdin" if path == _STDIN else path)
    policy = Policy(
        guideline.protocols,
        guideline.ciphers,
        guideline.ciphersuites,
        guideline.groups,
        guideline.prefer_server_ciphers,
        session_tickets=False,
    )
    ours, whose = _find_ours(site, guideline)
    changes = tell_policy_changes(ours, policy)
    unknown = ", ".join(guideline.unknown)
    return _Choice(
        _edit_custom(policy, guideline.title),
        lines=(("Guideline", guideline.title), ("Changes", f"against {whose}: {'; '.join(changes) or 'none'}")),
        warnings=(f"left out, since sslutil does not know them: {unknown}",) if unknown else (),
        fields={
            "guideline": guideline.title,
            "against": whose,
            "changes": _find_differences(ours, policy),
            "unknown": list(guideline.unknown),
        },
    )


def _read_guideline(run: Run, path: str) -> bytes:
    if path == _STDIN:
        return run.read_stdin(_GUIDELINE_LIMIT)
    try:
        return read_file(path, _GUIDELINE_LIMIT)
    except MaterialError as fault:
        raise SiteError(fault.message, fault.hint, key="tls.guideline") from fault


def _find_ours(site: Site, guideline: Guideline) -> tuple[Policy, str]:
    """Return the policy to compare with, and its name: our profile of that name, else the present one."""
    if guideline.profile in PROFILES:
        ours = change(site, _edit_profile(site, guideline.profile))
        return make_policy(ours), f"our {guideline.profile}"
    return make_policy(site), f"the present {site.tls.profile}"


def _find_differences(before: Policy, after: Policy) -> dict[str, Any]:
    lists = {
        key: {
            "added": [one for one in getattr(after, key) if one not in getattr(before, key)],
            "removed": [one for one in getattr(before, key) if one not in getattr(after, key)],
        }
        for key in LISTS
    }
    return lists | {"prefer_server_ciphers": [before.prefer_server_ciphers, after.prefer_server_ciphers]}


# --- The two questions ----------------------------------------------------------------------------------------------


def _explain(run: Run, situation: Situation, choice: _Choice) -> Answer:
    """Return what the policy means, the present one or the one that was typed; nothing is saved."""
    if situation.fault and situation.in_force is None:
        raise situation.fault
    site = change(_present(situation), choice.edits)
    refuse_unshared(situation, site)
    found = find_consequences(run, situation, site)
    state = "would mean" if choice.edits else "means"
    return Answer(
        headline=f"what profile {site.tls.profile} {state} here",
        registry=run.registry,
        generation=situation.number,
        lines=(*choice.lines, *describe(found)),
        warnings=(*choice.warnings, *warn(found), *pending_warning(run, situation)),
        fields={**choice.fields, "profile": site.tls.profile, "consequences": consequence_fields(found)},
    )


def _list_all(run: Run) -> Answer:
    rows = _list_suites()
    return Answer(
        headline=f"{len(rows)} suites, {len(GROUPS)} groups, {len(PROTOCOLS)} protocols",
        registry=run.registry,
        heads=("Suite", "Protocol", "Key exchange", "Authentication", "Profiles", "Forward secrecy"),
        rows=tuple((*row[:4], " ".join(row[4]) or "none", "yes" if row[5] else "no") for row in rows),
        cards=(
            Card("Groups of the key exchange", tuple((name, _tell_group(name)) for name in GROUPS)),
            Card("Profiles", tuple((row.name, f"{row.guideline}; for {row.title}") for row in PROFILES.values())),
        ),
        fields={
            "suites": [
                {
                    "name": row[0],
                    "iana": CIPHERS[row[0]].iana if row[0] in CIPHERS else row[0],
                    "gnutls": CIPHERS[row[0]].gnutls if row[0] in CIPHERS else row[0],
                    "protocol": row[1],
                    "key_exchange": row[2],
                    "authentication": row[3],
                    "profiles": list(row[4]),
                    "forward_secrecy": row[5],
                }
                for row in rows
            ],
            "groups": [
                {
                    "name": row.name,
                    "iana": row.iana,
                    "gnutls": row.gnutls,
                    "openssl_since": render_version(row.since),
                    "hybrid": row.hybrid,
                    "profiles": list(_find_profiles("groups", row.name)),
                }
                for row in GROUPS.values()
            ],
            "profiles": [
                {"name": row.name, "guideline": row.guideline, "title": row.title} for row in PROFILES.values()
            ],
        },
    )


def _list_suites() -> list[tuple[str, str, str, str, tuple[str, ...], bool]]:
    """Return name, first protocol, key exchange, authentication, profiles and forward secrecy of each suite."""
    newer = [
        (name, "TLSv1.3", "any group", "any key", _find_profiles("ciphersuites", name), True) for name in CIPHERSUITES
    ]
    older = [
        (
            row.name,
            row.protocol,
            row.key_exchange,
            row.authentication.upper(),
            _find_profiles("ciphers", row.name),
            row.forward_secrecy,
        )
        for row in CIPHERS.values()
    ]
    return [*newer, *older]


def _find_profiles(key: str, name: str) -> tuple[str, ...]:
    return tuple(row.name for row in PROFILES.values() if name in getattr(row, key))


def _tell_group(name: str) -> str:
    row = GROUPS[name]
    profiles = " ".join(_find_profiles("groups", name)) or "no profile"
    hybrid = "TLS 1.3 only, " if row.hybrid else ""
    return f"{profiles}; {hybrid}OpenSSL {render_version(row.since)} and later"
