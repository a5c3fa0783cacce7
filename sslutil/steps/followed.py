"""The files of another program, certbot's or lego's: read, judged, and put in force when they change."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from sslutil.disk import told
from sslutil.errors import MaterialError, command
from sslutil.site import FROM_FILES
from sslutil.steps.acceptance import Accepted, Terms, accept, make_edits, make_wish
from sslutil.steps.deploy import deploy
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from sslutil.disk import Folder
    from sslutil.facts import Intake
    from sslutil.site import Site
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation
    from sslutil.steps.wish import Wish


class Files(NamedTuple):
    """The two files of another program, by absolute path."""

    certificate: str
    key: str


def find_files(site: Site) -> Files | None:
    """Return the files that a site follows; None where it follows none."""
    certificate = site.certificate
    return Files(certificate.certificate_file, certificate.key_file) if certificate.issuer == FROM_FILES else None


def accept_files(run: Run, situation: Situation, files: Files, terms: Terms, site: Site | None = None) -> Accepted:
    """Return what the files hold, judged as an authority's answer is; `site` says which names it must cover."""
    from sslutil.steps.intake import read_intake

    for path in files:
        run.owners.judge(path, _look_at(path))
    intake = read_intake(run, files)
    _refuse_halves(files, intake)
    root = open_for_question(run.registry)
    with root or nullcontext():
        return accept(run, root, situation, intake, terms, site.site.names if site else None)


def _refuse_halves(files: Files, intake: Intake) -> None:
    """Raise MaterialError where one of the files has nothing of its own: read while it is written, or damaged."""
    wanted = ((files.certificate, "certificate", intake.certificates), (files.key, "key", intake.keys))
    for path, what, found in wanted:
        if not found and not intake.encrypted:
            head = f"{path} holds nothing of use"
            skipped = (one.removeprefix(head).removeprefix(path) for one in intake.skipped if one.startswith(path))
            why = "; ".join(one.removeprefix(": ") for one in skipped)
            raise MaterialError(f"{path} holds no whole {what}{why and ': '}{why}", command("file", path))


def _look_at(path: str) -> os.stat_result:
    """Return what the system says of a file behind its links; MaterialError where none is there."""
    with told("look at", path):
        try:
            return os.stat(path)
        except (FileNotFoundError, NotADirectoryError) as fault:
            message = f"{path}, which another program keeps, is not there"
            raise MaterialError(message, command("ls", "-l", path)) from fault


def follow(run: Run, situation: Situation, files: Files, terms: Terms, *, renews: bool) -> tuple[Deployed, Accepted]:
    """Put what the files hold in force, the site's names with it, and return what came of it.

    Where one that only renews meets a site.toml with edits that are not in force, it takes the material alone.
    """
    accepted = accept_files(run, situation, files, terms)

    def decide(root: Folder | None, situation: Situation) -> Wish:
        edits = make_edits(situation, accepted.leaf, FROM_FILES)
        edits |= {"certificate.certificate_file": files.certificate, "certificate.key_file": files.key}
        wish = make_wish(run, root, situation, accepted, terms, edits)
        clean = situation.working is not None and not situation.pending
        wish = wish._replace(unattended=renews)
        return wish if clean or not renews else wish._replace(kind="order", edits={})

    return deploy(run, decide(None, situation), decide), accepted
