"""certificate self-sign: the main job, key, certificate and settings in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.names import parse_identities
from sslutil.site import SELF_SIGNED
from sslutil.steps.deploy import deploy
from sslutil.steps.tell import answer_change, due_words
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


class Request(NamedTuple):
    """What was typed; None leaves the site as it is."""

    names: tuple[str, ...] = ()
    key_type: str | None = None
    days: int | None = None
    key_group: str | None = None
    new_key: bool = False
    replace: bool = False


def self_sign(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for a self-signed certificate."""
    done = deploy(run, Wish("edit", _edits(request), new_key=request.new_key, replace=request.replace))
    certificate = done.after.certificate
    nothing = (
        f"the certificate is as wished, its renewal is due from {due_words(done.draft.file.site, certificate)}"
        if certificate
        else ""
    )
    kept = "" if done.draft.material.new_key else " over the same key"
    made = (
        f"made a self-signed certificate{kept}"
        if done.draft.material.new_certificate
        else "took the change in, with the same certificate"
    )
    return answer_change(run, done, made=made, nothing=nothing)


def _edits(request: Request) -> dict[str, Any]:
    edits = {
        "site.names": [name.unicode for name in parse_identities(request.names)] or None,
        "certificate.issuer": SELF_SIGNED,
        "certificate.certificate_file": "",
        "certificate.key_file": "",
        "certificate.key_type": request.key_type,
        "certificate.lifetime": request.days,
        "deploy.key_group": request.key_group,
    }
    return {key: value for key, value in edits.items() if value is not None}
