"""client-auth ca renew: the next client authority, beside the one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import MaterialError
from sslutil.plan import due_at
from sslutil.registry import AUTHORITY_CERTIFICATE, AUTHORITY_CRL, AUTHORITY_KEY, CLIENTS, generation_name
from sslutil.steps import client_authority as authority
from sslutil.steps.answer import Answer
from sslutil.steps.client_ledger import read_client_ledger
from sslutil.steps.client_signing import judge_locked
from sslutil.steps.deploy import changing, deploy_locked, finish
from sslutil.steps.passphrase import take_passphrase
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change, render_date
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

AUTHORITY_FILES = (AUTHORITY_KEY, AUTHORITY_CERTIFICATE, AUTHORITY_CRL)


def renew_ca(run: Run, *, force: bool, ca_passphrase_file: str | None, mail_domains: tuple[str, ...]) -> Answer:
    """Return the answer to a wish for the next authority: from then on it signs, and both are trusted."""
    run = run.at(judge_place(run.registry, run.owners))
    before = look(run, run.owners)
    signer = before.ledger.signer
    if signer is None or before.in_force is None:
        message = f"there is no client authority in {run.registry} yet: the first certificate makes one"
        raise MaterialError(message, run.command("client-auth", "issue", "anna@example.org"))
    site = before.in_force.site
    now = run.clock()
    domains = authority.parse_domains(mail_domains)
    due = due_at(signer.facts, site.certificate.renew_at)
    if not (force or now >= due):
        told = f"client authority {signer.number} holds until {signer.facts.not_valid_after.date()}"
        return Answer(
            f"nothing to do: {told}, and the next is due from {render_date(due)}",
            run.registry,
            generation=before.number,
            next=(run.command("client-auth", "ca", "renew", "--force"),),
        )
    if run.dry_run:
        return Answer(f"would make client authority {signer.number + 1}", run.registry, True, before.number)  # noqa: FBT003
    passphrase = _take_new(run, ca_passphrase_file, before)
    judge_locked(site, locked=passphrase is not None)
    with changing(run) as root:
        finish(run, root)
        present = read_client_ledger(root).signer
        made: tuple[str, ...] = ()
        if present is not None and present.number == signer.number:
            number = authority.make_authority(root, site, now, passphrase=passphrase, domains=domains)
            made = tuple(f"{root.path}/{CLIENTS}/{generation_name(number)}/{name}" for name in AUTHORITY_FILES)
        done = deploy_locked(run, Wish("order"), root)
    fresh = done.after.ledger.signer or signer
    headline = f"made client authority {fresh.number}, which signs from now on"
    answer = answer_change(run, done, made=headline, nothing="")
    lines = (("Signs now", f"{fresh.facts.subject}, until {fresh.facts.not_valid_after.date()}"),)
    until = signer.facts.not_valid_after
    old = (("Still trusted", f"{signer.facts.subject}, until {until.date()}"),) if now < until else ()
    return answer._replace(
        headline=headline,
        changed=True,
        lines=(*lines, *old),
        written=(*made, *answer.written),
        fields={"authority": fresh.number},
    )


def _take_new(run: Run, source: str | None, before: Situation) -> bytes | None:
    """Return the passphrase of the new key: one is asked for where the old key has one."""
    signer = before.ledger.signer
    if source is None and not (signer and signer.locked):
        return None
    given = take_passphrase(run, source, "Passphrase of the new client authority", twice=True)
    if given is None:
        message = "a passphrase locks the key of the client authority, and the next one's must be given too"
        raise MaterialError(message).cured_with("--ca-passphrase-file", "FILE")
    return given
