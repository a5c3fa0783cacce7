"""export: the site's policy in the dialect of another program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sslutil.errors import SiteError
from sslutil.exporters import render_export
from sslutil.exporters.apache import PLAIN, SECURE
from sslutil.files import write_out
from sslutil.plan import render_version
from sslutil.steps.answer import Answer
from sslutil.steps.compose import find_versions, make_export_plan
from sslutil.steps.situation import look
from sslutil.steps.tell import pending_warning

if TYPE_CHECKING:
    from sslutil.steps.run import Run

STDOUT = "-"


def export_apache(run: Run, out: str, *, plain: bool, force: bool) -> Answer:
    """Return Apache's file for the secure or the plain virtual host."""
    return _export(run, "apache", PLAIN if plain else SECURE, out, force=force)


def _export(run: Run, server: str, file_name: str, out: str, *, force: bool) -> Answer:
    """Return one of a server's files for the site in force, as bare text, or written to `out`."""
    situation = look(run)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to export"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    site = situation.in_force.site
    plan = make_export_plan(site, os.path.realpath(run.registry), find_versions(site, asked=server))
    text = render_export(server, plan)[file_name]
    bare = out == STDOUT
    changed = not bare and write_out(out, text.encode(), force=force)
    written_for = " and ".join(f"{name} {render_version(plan.versions[name])}" for name in (server, "openssl"))
    what = f"{file_name} of generation {situation.number}, for {written_for}"
    return Answer(
        headline=what if bare else f"wrote {out}: {what}" if changed else f"nothing to do: {out} holds this already",
        registry=run.registry,
        changed=changed,
        generation=situation.number,
        written=(os.path.abspath(out),) if changed else (),
        warnings=pending_warning(run, situation),
        bare=text if bare else None,
        fields={"text": text},
    )
