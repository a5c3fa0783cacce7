"""export: the site's policy in the dialect of another program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SiteError, UsageError
from sslutil.exporters import EXPORTERS, ExportPlan, load_dialect, render_export, render_vhost, suggest
from sslutil.files import write_out
from sslutil.plan import is_known, render_version
from sslutil.site import judge_value, settings
from sslutil.steps.answer import Answer
from sslutil.steps.client_files import read_client_files
from sslutil.steps.compose import find_versions, make_export_plan
from sslutil.steps.situation import look
from sslutil.steps.tell import pending_warning

if TYPE_CHECKING:
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

STDOUT = "-"


class Request(NamedTuple):
    """What was typed."""

    server: str
    """A name in EXPORTERS."""
    file: str = ""
    """The option that chooses one of its files."""
    vhost: bool = False
    suggest: bool = False
    server_version: str | None = None
    openssl_version: str | None = None
    out: str = STDOUT
    force: bool = False


def export(run: Run, request: Request) -> Answer:
    """Return one of a program's files for the site in force, as bare text, or written to `out`."""
    if len([choice for choice in (request.file, request.vhost, request.suggest) if choice]) > 1:
        message = "--vhost, --suggest and a single file are three answers: ask for one at a time"
        raise UsageError(message, run.command("export", request.server, "--help"))
    situation = look(run)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to export"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    exporter = EXPORTERS[request.server]
    plan = _make_plan(run, situation, request)
    what, text = _render(request, plan)
    bare = request.out == STDOUT
    changed = not bare and write_out(request.out, text.encode(), force=request.force)
    programs = ((exporter.name, exporter.title), ("openssl", "OpenSSL"))
    known = [f"{title} {render_version(plan.versions[name])}" for name, title in programs if name in plan.versions]
    headline = f"{what} of generation {situation.number}, for {' and '.join(known)}"
    wrote = f"wrote {request.out}: {headline}" if changed else f"nothing to do: {request.out} holds this already"
    losses = [loss for loss in load_dialect(request.server).find_losses(plan) if loss in text]
    return Answer(
        headline=headline if bare else wrote,
        registry=run.registry,
        changed=changed,
        generation=situation.number,
        written=(os.path.abspath(request.out),) if changed else (),
        warnings=(*_tell_assumed(request, plan), *pending_warning(run, situation)),
        bare=text if bare else None,
        fields={"text": text, "left_out": losses},
    )


def _make_plan(run: Run, situation: Situation, request: Request) -> ExportPlan:
    """Return what is in force as the exporter takes it: its policy, and its client authorities and lists."""
    if situation.in_force is None:
        raise AssertionError
    site = situation.in_force.site
    typed = {request.server: request.server_version, "openssl": request.openssl_version}
    asked = {program: _judge_version(program, version) for program, version in typed.items() if version is not None}
    versions = find_versions(site, asked=request.server) | asked
    policy = situation.record.policy if situation.record and is_known(situation.record.policy) else None
    return make_export_plan(
        site, os.path.realpath(run.registry), versions, policy, client_files=read_client_files(situation)
    )


def _judge_version(program: str, version: str) -> str:
    try:
        judge_value(settings()["deploy.versions"], {program: version})
    except SiteError:
        option = "--openssl-version" if program == "openssl" else "--server-version"
        message = f"{option} is a version such as 3.0.17, not {version}"
        raise UsageError(message, typed=version, near=("3.0.17",)) from None
    return version


def _render(request: Request, plan: ExportPlan) -> tuple[str, str]:
    """Return what it is, and its text."""
    if request.vhost:
        return f"a virtual host of {EXPORTERS[request.server].title}", render_vhost(request.server, plan)
    if request.suggest:
        return "the commands", suggest(request.server, plan)
    name = EXPORTERS[request.server].files[request.file]
    return name, render_export(request.server, plan)[name]


def _tell_assumed(request: Request, plan: ExportPlan) -> tuple[str, ...]:
    """Return a sentence on each version that matters here and that nobody knew."""
    programs = (
        (request.server, EXPORTERS[request.server].title, "--server-version"),
        ("openssl", "OpenSSL", "--openssl-version"),
    )
    return tuple(
        f"no {title} is installed here, so this is for {render_version(plan.versions[program])}, "
        f"the oldest that is supported: say another with {option}"
        for program, title, option in programs
        if program in plan.assumed
    )
