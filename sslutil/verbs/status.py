"""status: what is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sslutil import registry
from sslutil.checks.requests import find_overdue
from sslutil.names import parse_identities
from sslutil.plan import make_policy
from sslutil.site import FROM_FILES
from sslutil.steps.answer import Answer
from sslutil.steps.client_status import client_fields, client_lines, client_warnings
from sslutil.steps.situation import Situation, look, look_for_requests
from sslutil.steps.tell import (
    addresses,
    certificate_fields,
    describe_certificate,
    due_words,
    pending_warning,
    render_age,
    render_date,
    render_fingerprint,
    render_names,
    render_rfc3339,
    render_span,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sslutil.checks.requests import Overdue
    from sslutil.facts import RequestEntry
    from sslutil.site import Site
    from sslutil.steps.run import Run

_SHORT = len("00:11:22:33:44:55:66:77")
"""Of a fingerprint, as much as a person compares."""
_STATES = {"waiting": "waits for its answer", "answered": "answered", "discarded": "discarded"}
_PLAIN_HTTP = {"offer": "offers secure mode", "redirect": "redirects to https", "closed": "closed"}


def status(run: Run) -> Answer:
    """Return what is in force, what waits and what is owed; reads without a lock."""
    situation = look(run)
    requests = look_for_requests(run)
    if situation.in_force is None:
        return _nothing_yet(run, situation)
    site = situation.in_force.site
    state = "enabled" if site.site.enabled else "disabled: the web port speaks plain http"
    return Answer(
        headline=f"generation {situation.number} is in force, TLS is {state}",
        registry=run.registry,
        generation=situation.number,
        lines=tuple(_lines(run, situation, site, requests)),
        warnings=(
            *_warnings(run, situation),
            *_missed(run, situation, site, requests or ()),
            *client_warnings(run, situation, site),
        ),
        next=_next(run, situation),
        fields=_fields(run, situation, site, requests),
    )


def _nothing_yet(run: Run, situation: Situation) -> Answer:
    warnings = (situation.fault.message,) if situation.fault else ()
    ready = situation.working is not None
    step = run.command("apply") if ready else run.command("certificate", "self-sign", "mail.example.org")
    return Answer(
        headline=f"nothing is in force in {run.registry} yet",
        registry=run.registry,
        lines=(("Registry", f"{run.registry} ({run.choice.reason})"),),
        warnings=warnings,
        next=(step,),
        fields={"source": run.choice.source, "enabled": None} | certificate_fields(None),
    )


def _lines(run: Run, situation: Situation, site: Site, requests: list[RequestEntry] | None) -> list[tuple[str, str]]:
    now = run.clock()
    lines = []
    if situation.certificate:
        lines += describe_certificate(situation.certificate, now)
        lines.append(("Renewal due", due_words(site, situation.certificate)))
    if site.certificate.issuer == FROM_FILES:
        lines.append(("Follows", f"{site.certificate.certificate_file}, {site.certificate.key_file}"))
    lines += [
        ("Users type", addresses(site)),
        ("Ports", f"https {site.site.https_port}, http {site.site.http_port} ({_PLAIN_HTTP[site.site.plain_http]})"),
        ("TLS", _policy_words(run, situation, site)),
        *client_lines(run, situation, site),
        ("Exports", ", ".join(site.deploy.exports) or "none"),
        ("Registry", f"{run.registry} ({run.choice.reason})"),
    ]
    if situation.record:
        lines.append(("Since", f"{render_date(situation.record.time)}, by {situation.record.verb}"))
    if requests is None:
        lines.append(("Requests", "not readable by this account"))
    lines += [_request_line(entry, now) for entry in requests or ()]
    return lines


def _policy_words(run: Run, situation: Situation, site: Site) -> str:
    words = f"profile {site.tls.profile}"
    in_force = situation.record.policy if situation.record else None
    if in_force is None or in_force == make_policy(site):
        return words
    return f"{words} as an older sslutil knew it; what a newer one changes: {run.command('apply', '--dry-run')}"


def _request_line(entry: RequestEntry, now: datetime) -> tuple[str, str]:
    request = entry.record
    names = render_names(parse_identities(request.names))
    key = f"key {render_fingerprint(request.key_fingerprint)[:_SHORT]}…"
    return f"Request {request.number}", f"{names}; made {render_age(request.time, now)}, {_STATES[entry.state]}; {key}"


def _missed(run: Run, situation: Situation, site: Site, requests: Iterable[RequestEntry]) -> tuple[str, ...]:
    """Return a sentence for each request whose answer is missed."""
    now = run.clock()
    found = find_overdue(requests, situation.certificate, site.certificate.renew_at, now)
    return tuple(_render_missed(overdue, situation, now) for overdue in found)


def _render_missed(overdue: Overdue, situation: Situation, now: datetime) -> str:
    waits = f"request {overdue.request.number} has waited {render_span(overdue.request.time, now)} for its answer"
    if not overdue.critical or situation.certificate is None:
        return waits
    end = situation.certificate.not_valid_after
    ends = f"ends in {render_span(now, end)}" if now <= end else "has expired"
    return f"CRITICAL: the certificate {ends}, and {waits}"


def _warnings(run: Run, situation: Situation) -> tuple[str, ...]:
    warnings = list(pending_warning(run, situation))
    warnings += [f"{name} in generation {situation.number} was edited or removed by hand" for name in situation.edited]
    if situation.certificate and situation.certificate.not_valid_after < run.clock():
        warnings.append("the certificate has expired")
    if situation.certificate and situation.certificate.key.fingerprint in situation.compromised:
        warnings.append("CRITICAL: the key in force is marked as compromised, and serves until another one takes over")
    if situation.undo is not None:
        warnings.append(f"a server refused generation {situation.undo}, and its undo was interrupted")
    elif not situation.settled:
        warnings.append(f"generation {situation.number} is in force, but the servers' reload is owed")
    return tuple(warnings)


def _next(run: Run, situation: Situation) -> tuple[str, ...]:
    if situation.pending or situation.fault:
        return (run.command("apply", "--dry-run", "--diff"), run.command("apply"))
    if not situation.settled or situation.edited:
        return (run.command("apply"),)
    return ()


def _fields(run: Run, situation: Situation, site: Site, requests: list[RequestEntry] | None) -> dict[str, Any]:
    return (
        {
            "source": run.choice.source,
            "enabled": site.site.enabled,
            "names": [name.text for name in site.site.names],
            "https_port": site.site.https_port,
            "http_port": site.site.http_port,
            "plain_http": site.site.plain_http,
            "profile": site.tls.profile,
            "client_auth": site.client_auth.mode,
            "pending": [change.key for change in situation.pending],
            "deployed": situation.deployed,
            "edited": list(situation.edited),
            "settings": run.path(f"{registry.CURRENT}/{registry.SETTINGS}"),
            "requests": None
            if requests is None
            else [
                {
                    "number": request.number,
                    "time": render_rfc3339(request.time),
                    "state": entry.state,
                    "names": list(request.names),
                    "subject": dict(request.subject),
                    "must_staple": request.must_staple,
                    "key_type": request.key_type,
                    "key_sha256_fingerprint": request.key_fingerprint,
                }
                for entry in requests
                for request in (entry.record,)
            ],
        }
        | certificate_fields(situation.certificate)
        | client_fields(run, situation, site)
    )
