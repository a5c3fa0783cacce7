"""certificate follow: the files of another program, put in force whenever they change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import UsageError
from sslutil.steps.acceptance import Terms
from sslutil.steps.followed import Files, find_files, follow
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, describe_chain
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Request(NamedTuple):
    """What was typed; None leaves the site as it is."""

    certificate: str | None = None
    key: str | None = None
    replace: bool = False
    incomplete: bool = False


def follow_files(run: Run, request: Request) -> Answer:
    """Return the answer to following two files: they are judged and taken in now, and again by each renewal."""
    run = run.at(judge_place(run.registry, run.owners))
    situation = look(run, run.owners)
    files = _choose(run, situation, request)
    terms = Terms(replace=request.replace, incomplete=request.incomplete)
    done, accepted = follow(run, situation, files, terms, renews=False)
    nothing = f"{files.certificate} and {files.key} are followed, and what they hold is in force"
    answer = answer_change(run, done, made=f"follows {files.certificate} and {files.key}", nothing=nothing)
    return answer._replace(
        lines=(*answer.lines, *describe_chain(accepted.chain)),
        next=(*answer.next, run.command("certificate", "renew") + "  # as that program's deploy hook"),
    )


def _choose(run: Run, situation: Situation, request: Request) -> Files:
    present = find_files(situation.in_force.site) if situation.in_force else None
    certificate = request.certificate or (present.certificate if present else None)
    key = request.key or (present.key if present else None)
    if certificate is None or key is None:
        missing = "--certificate" if certificate is None else "--key"
        message = f"{missing} is missing: following needs the certificate's file and the key's"
        raise UsageError(message, run.command("certificate", "follow", "--certificate", "FILE", "--key", "FILE"))
    return Files(os.path.abspath(certificate), os.path.abspath(key))
