"""certificate renew: the one unattended verb, all that the clock asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import SiteError
from sslutil.steps.deploy import deploy
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, due_words
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


def renew(run: Run, *, force: bool, new_key: bool) -> Answer:
    """Return the answer to a renewal, which does nothing before it is due unless `force` or `new_key` says so."""
    if look(run).number is None:
        message = f"nothing is in force in {run.registry}, so there is nothing to renew"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    done = deploy(run, Wish("order", new_key=new_key, force=force))
    certificate = done.after.certificate
    nothing = f"renewal is due from {due_words(done.draft.file.site, certificate)}" if certificate else ""
    kept = "with a new key" if done.draft.material.new_key else "over the same key"
    return answer_change(run, done, made=f"renewed the certificate {kept}", nothing=nothing)
