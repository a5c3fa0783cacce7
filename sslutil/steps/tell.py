"""The words that several answers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil import registry
from sslutil.errors import command
from sslutil.exporters import EXPORTERS, load_dialect
from sslutil.keytypes import KEY_TYPES
from sslutil.names import render_identity
from sslutil.plan import due_at
from sslutil.site import HTTP_STANDARD_PORT, HTTPS_STANDARD_PORT
from sslutil.steps.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sslutil.facts import CertificateFacts, Chain
    from sslutil.names import Identity
    from sslutil.site import Site
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.draft import Draft
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

_SECONDS_A_DAY = 86400
_SECONDS_AN_HOUR = 3600
_LONG = 2 * _SECONDS_A_DAY
"""From here on, days are near enough."""


def render_names(names: Iterable[Identity]) -> str:
    """Return names for people, each in both spellings where there are two."""
    return ", ".join(render_identity(name) for name in names)


def render_date(moment: datetime) -> str:
    """Return a UTC time to the minute."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def render_fingerprint(digest: str) -> str:
    """Return a SHA-256 fingerprint as browsers show it: upper case, in pairs."""
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2)).upper()


def render_span(start: datetime, end: datetime) -> str:
    """Return the time between for people: "397 days", to the nearest; "47 hours" and "0 hours", the whole ones."""
    seconds = int((end - start).total_seconds())
    if seconds >= _LONG:
        return f"{round(seconds / _SECONDS_A_DAY)} days"
    hours = seconds // _SECONDS_AN_HOUR
    return f"{hours} hour{'' if hours == 1 else 's'}"


def render_age(start: datetime, now: datetime) -> str:
    """Return how long ago something was: "3 days ago"; whatever a clock set back says is recent."""
    recent = (now - start).total_seconds() < _SECONDS_AN_HOUR
    return "less than an hour ago" if recent else f"{render_span(start, now)} ago"


def describe_certificate(certificate: CertificateFacts, now: datetime) -> list[tuple[str, str]]:
    """Return the lines that a person needs to know of a certificate."""
    end = certificate.not_valid_after
    left = f"{render_span(now, end)} left" if now <= end else "EXPIRED"
    return [
        ("Names", render_names(certificate.names)),
        ("Signed by", "itself" if certificate.self_signed else certificate.issuer),
        ("Valid until", f"{render_date(end)} ({left})"),
        (
            "Key",
            KEY_TYPES[certificate.key.key_type].title
            if certificate.key.key_type in KEY_TYPES
            else certificate.key.key_type,
        ),
        ("SHA-256 fingerprint", render_fingerprint(certificate.fingerprint)),
    ]


def certificate_fields(certificate: CertificateFacts | None) -> dict[str, Any]:
    """Return the fields of a certificate for --json; times are RFC 3339."""
    if certificate is None:
        return {"certificate": None}
    return {
        "certificate": {
            "names": [name.text for name in certificate.names],
            "subject": certificate.subject,
            "issuer": certificate.issuer,
            "self_signed": certificate.self_signed,
            "serial_number": f"{certificate.serial_number:x}",
            "not_valid_before": render_rfc3339(certificate.not_valid_before),
            "not_valid_after": render_rfc3339(certificate.not_valid_after),
            "sha256_fingerprint": certificate.fingerprint,
            "key_type": certificate.key.key_type,
            "key_sha256_fingerprint": certificate.key.fingerprint,
        }
    }


def render_rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def addresses(site: Site) -> str:
    """Return the addresses that users type, the port only where it is not the standard one."""
    scheme, port, standard = ("https", site.site.https_port, HTTPS_STANDARD_PORT)
    if not site.site.enabled:
        scheme, port, standard = ("http", site.site.http_port, HTTP_STANDARD_PORT)
    tail = "" if port == standard else f":{port}"
    return ", ".join(_address(name, scheme, tail) for name in site.site.names)


def plain_addresses(site: Site) -> str:
    """Return the addresses of plain http, where it is offered beside secure mode; else an empty text."""
    if not site.site.enabled or site.site.plain_http != "offer":
        return ""
    tail = "" if site.site.http_port == HTTP_STANDARD_PORT else f":{site.site.http_port}"
    return ", ".join(_address(name, "http", tail) for name in site.site.names)


def _address(name: Identity, scheme: str, tail: str) -> str:
    """Return what is typed to get to a name; a wildcard can't be typed, and stands for what can."""
    if name.wildcard:
        port = f" on port {tail[1:]}" if tail else ""
        return f"any name below {name.unicode.removeprefix('*.')}{port}"
    return f"{scheme}://{f'[{name.text}]' if ':' in name.text else name.unicode}{tail}/"


def pending_warning(run: Run, situation: Situation) -> tuple[str, ...]:
    """Return the sentence that an order says of a site.toml which is not in force."""
    if situation.fault:
        return (f"{situation.fault.message}; what is in force stays as it is",)
    if situation.in_force and situation.working is None:
        return (f"{situation.path_of_site} is missing; what is in force stays as it is",)
    if situation.pending:
        words = "; ".join(change.words for change in situation.pending)
        return (f"site.toml has edits that are not in force ({words}); take them in: {run.command('apply')}",)
    return ()


def make_diff(situation: Situation, draft: Draft) -> str:
    """Return what would change in the texts of a generation, as a unified diff; keys and certificates are left out."""
    fresh = {file.name: file.content for file in draft.files} | {registry.SITE: draft.file.text.encode()}
    hidden = {registry.KEY, registry.CERTIFICATE, registry.BUNDLE, registry.RECORD}
    return "".join(
        line
        for name in sorted((fresh.keys() | situation.files.keys()) - hidden)
        for line in _diff_one(name, situation.files, fresh)
    )


def make_site_diff(situation: Situation, draft: Draft) -> str:
    """Return what would change in site.toml alone, as a unified diff."""
    return "".join(_diff_one(registry.SITE, situation.files, {registry.SITE: draft.file.text.encode()}))


def _diff_one(name: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterable[str]:
    from difflib import unified_diff

    before, after = (texts.get(name, b"").decode("utf-8", "replace").splitlines() for texts in (old, new))
    return (f"{line}\n" for line in unified_diff(before, after, f"current/{name}", f"new/{name}", lineterm=""))


def answer_change(run: Run, done: Deployed, *, made: str, nothing: str) -> Answer:
    """Return the answer of a changing verb: `made` and `nothing` are its headlines."""
    certificate = done.after.certificate
    now = run.clock()
    warnings = _change_warnings(run, done)
    lines: list[tuple[str, str]] = []
    if not done.changed:
        headline = f"nothing to do: {nothing}"
    elif run.dry_run:
        headline, lines = f"would change: {'; '.join(done.draft.why)}", plan_lines(run, done.draft)
    else:
        headline, lines = made, _change_lines(done)
    if certificate is not None and not (run.dry_run and done.changed):
        lines = describe_certificate(certificate, now) + lines
    return Answer(
        headline=headline,
        registry=run.registry,
        changed=done.changed,
        generation=done.after.number,
        lines=tuple(lines),
        written=done.written,
        warnings=warnings,
        next=next_commands(run, done),
        diff=make_diff(done.before, done.draft) if run.diff else "",
        fields={"dry_run": run.dry_run, "why": list(done.draft.why) if done.changed else []}
        | certificate_fields(certificate),
    )


def plan_lines(run: Run, draft: Draft) -> list[tuple[str, str]]:
    """Return the whole plan of a dry run: key, certificate, files, exports, reloads; no key is made for it."""
    if not draft.makes_generation:
        return []
    site = draft.file.site
    title = KEY_TYPES[site.certificate.key_type].title
    made = draft.material.new_certificate
    key = f"a new {title} key" if draft.material.new_key else "the key that is there"
    lifetime = f"self-signed, {site.certificate.lifetime} days"
    certificate = f"{lifetime}, for {render_names(site.site.names)}" if made else "as it is"
    if draft.given:
        signer = "itself" if draft.given.self_signed else draft.given.issuer
        key, certificate = "the certificate's own", f"by {signer}, for {render_names(draft.given.names)}"
    ours = {registry.SETTINGS, registry.CLIENT_CA, registry.CLIENT_CRL}
    exports = sorted(file.name for file in draft.files if file.name not in ours)
    reloads = "; ".join(command(*argv) for argv in site.deploy.reload) if run.reload else "none, --no-reload"
    return [
        ("Key", key),
        ("Certificate", certificate),
        ("Settings", run.path(f"{registry.CURRENT}/{registry.SETTINGS}")),
        ("Exports", ", ".join(exports) or "none"),
        ("Reloads", reloads or "none"),
    ]


def describe_chain(chain: Chain) -> list[tuple[str, str]]:
    """Return the line that says what is served with the leaf, and where its path ends."""
    from sslutil.pki.certificates import describe_certificate as describe

    others = [describe(pem).subject for pem in chain.certificates[1:]]
    served = f"leaf, then {', then '.join(others)}" if others else "the leaf alone"
    if chain.root:
        served += f"; its root is {chain.root.subject}"
    return [("Chain", served)]


def _change_lines(done: Deployed) -> list[tuple[str, str]]:
    site = done.draft.file.site
    lines = [("What changed", "; ".join(done.draft.why)), ("Users type", addresses(site))]
    current = f"{done.after.registry}/{registry.CURRENT}"
    lines.append(("Settings", f"{current}/{registry.SETTINGS}"))
    lines += _include_lines(site, current)
    return [line for line in lines if line[1]]


def _include_lines(site: Site, current: str) -> list[tuple[str, str]]:
    """Return what makes each server read its files; where plain http is offered, its file says nothing."""
    lines = []
    for name in site.deploy.exports:
        exporter = EXPORTERS[name]
        includes = load_dialect(name).render_include(current)
        for option, file_name in exporter.files.items():
            if option != "plain" or site.site.plain_http != "offer":
                lines.append((f"{exporter.title}{option and f', {option}'}", includes[file_name]))
    return lines


def _change_warnings(run: Run, done: Deployed) -> tuple[str, ...]:
    site = done.draft.file.site
    key_warning = KEY_TYPES[site.certificate.key_type].warning
    edited = tuple(
        f"{name} in generation {done.before.number} was edited or removed by hand" for name in done.before.edited
    )
    owed = (
        ("servers were not told: their reload is owed",) if done.changed and not run.dry_run and not run.reload else ()
    )
    pending = pending_warning(run, done.after) if done.draft.file is done.before.in_force else ()
    return done.told + ((key_warning,) if key_warning else ()) + edited + owed + done.draft.warnings + pending


def next_commands(run: Run, done: Deployed) -> tuple[str, ...]:
    """Return the exact commands that a person would type next."""
    if run.dry_run:
        return ()
    status = run.command("status")
    if not done.changed:
        return (status,)
    if done.before.number is None:
        exports = (run.command("export", name) for name in done.draft.file.site.deploy.exports)
        return (status, *exports, run.command("certificate", "csr"))
    return (*reload_commands(run, done), status)


def reload_commands(run: Run, done: Deployed) -> tuple[str, ...]:
    """Return what tells a server of the change that was not told: what is on disk is not yet what is served."""
    if not (done.changed and done.draft.makes_generation):
        return ()
    if not run.reload:
        return (run.command("certificate", "renew"),)
    deploy = done.draft.file.site.deploy
    if deploy.reload:
        return ()
    there = (EXPORTERS[name] for name in deploy.exports if name in done.draft.versions)
    return tuple(exporter.reload for exporter in there if exporter.reload)


def due_words(site: Site, certificate: CertificateFacts) -> str:
    """Return when a certificate is to be renewed."""
    return render_date(due_at(certificate, site.certificate.renew_at))
