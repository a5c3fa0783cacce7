"""certificate import: whatever a certificate authority sent, or a pair that exists, put in force."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, UsageError
from sslutil.steps.acceptance import Terms, accept, find_answered, make_edits, make_wish
from sslutil.steps.deploy import deploy
from sslutil.steps.intake import Opened, open_intake
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, describe_chain
from sslutil.store.opening import judge_place, open_for_question

if TYPE_CHECKING:
    from sslutil.disk import Folder
    from sslutil.facts import Intake
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation
    from sslutil.steps.wish import Wish


class Request(NamedTuple):
    """What was typed."""

    files: tuple[str, ...]
    key: str | None = None
    passphrase_file: str | None = None
    replace: bool = False
    fetch: bool = False
    allow_private: bool = False
    incomplete: bool = False

    @property
    def terms(self) -> Terms:
        """On which terms it is taken."""
        return Terms(self.replace, self.fetch, self.allow_private, self.incomplete)


def import_answer(run: Run, request: Request) -> Answer:
    """Return the answer to taking in what `files` hold; what can't be served is refused before anything is written."""
    run = run.at(judge_place(run.registry, run.owners))
    opened = _read(run, request)
    situation = look(run, run.owners)
    root = open_for_question(run.registry)
    with root or nullcontext():
        accepted = accept(run, root, situation, opened.intake, request.terms)
        entry = find_answered(root, accepted)

        def decide(root: Folder | None, situation: Situation) -> Wish:
            return make_wish(run, root, situation, accepted, request.terms, make_edits(situation, accepted.leaf))

        wish = decide(root, situation)
    done = deploy(run, wish, decide)
    over = f"request {entry.record.number}" if entry else accepted.key.place
    made = f"took in the answer to {over}" if entry else f"took in the certificate over {over}"
    answer = answer_change(run, done, made=made, nothing="this certificate is in force already")
    lines = (*answer.lines, *describe_chain(accepted.chain))
    return answer._replace(lines=lines, warnings=(*answer.warnings, *opened.warnings))


def _read(run: Run, request: Request) -> Opened:
    """Return what was given, the key's file judged for holding one."""
    given = (*request.files, *((request.key,) if request.key else ()))
    if (*given, request.passphrase_file).count("-") > 1:
        message = "standard input can be one of the things that are given, not two"
        raise UsageError(message, run.command("certificate", "import", "FILE", "--key", "KEY"))
    opened = open_intake(run, given, request.passphrase_file)
    _judge_key_file(run, request, opened.intake)
    return opened


def _judge_key_file(run: Run, request: Request, intake: Intake) -> None:
    """Raise MaterialError where what was given as the key is something else."""
    if request.key is None or intake.keys or intake.encrypted:
        return
    swapped = [piece.place for piece in intake.certificates if piece.place.startswith(request.key)]
    what = "a certificate" if swapped else "no private key"
    held = f"{what}, and was given as the key" if swapped else what
    cure = run.command("certificate", "import", *request.files, "--key", "KEY")
    raise MaterialError(f"{request.key} holds {held}", cure)
