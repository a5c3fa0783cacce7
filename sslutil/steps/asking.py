"""Asking an authority anew, when a certificate of its own is due: once, and not every night."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.plan import due_at
from sslutil.registry import REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD, REQUESTS, generation_name
from sslutil.steps.deploy import changing, finish, refuse
from sslutil.steps.requests import Wanted, find_waiting, make_request
from sslutil.steps.situation import look_at, read_requests
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.facts import RequestRecord
    from sslutil.site import Site
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Asked(NamedTuple):
    """The request that asks for the next certificate."""

    number: int | None
    """None where it would only be made."""
    path: str
    """Absolute path of its text; empty where it would only be made."""
    written: tuple[str, ...] = ()
    """Absolute paths; empty where it waited already."""


def is_request_due(site: Site, situation: Situation, now: datetime) -> bool:
    """Return whether an authority is to be asked: due, over a key that must go, or only a stand-in serves."""
    certificate = situation.certificate
    if certificate is None:
        return False
    is_compromised = certificate.key.fingerprint in situation.compromised
    return certificate.self_signed or is_compromised or now >= due_at(certificate, site.certificate.renew_at)


def ask_again(run: Run, site: Site, *, new_key: bool) -> Asked:
    """Return the request for the site's names, made where none waits; with a dry run it is only looked for."""
    waiting = _find(run, site, new_key=new_key)
    if waiting:
        return _tell(run, waiting)
    if run.dry_run:
        return Asked(None, "")
    with changing(run) as root:
        outcome = finish(run, root)
        situation = look_at(root, run.owners)
        record, _, fresh = make_request(run, _want(root, situation, site, new_key=new_key), root, situation)
        refuse(run, outcome)
    asked = _tell(run, record)
    folder = asked.path.removesuffix(REQUEST_PEM)
    return asked._replace(
        written=tuple(f"{folder}{name}" for name in (REQUEST_KEY, REQUEST_PEM, REQUEST_RECORD)) if fresh else ()
    )


def _find(run: Run, site: Site, *, new_key: bool) -> RequestRecord | None:
    """Return the request that waits; one over a key of its own serves where none over the key in force does."""
    root = open_for_question(run.registry)
    if root is None:
        return None
    with root:
        situation = look_at(root, None)
        wishes = [_want(root, situation, site, new_key=new) for new in (new_key, True)]
        waiting = (find_waiting(root, situation, wanted) for wanted in wishes)
        return next((entry.record for entry in waiting if entry), None)


def _want(root: Folder, situation: Situation, site: Site, *, new_key: bool) -> Wanted:
    """Return what is asked for: besides the names, what the authority needed in the request that was answered last."""
    answered = [entry.record for entry in read_requests(root) if entry.state == "answered"]
    former = answered[-1] if answered else None
    served = situation.certificate
    must_go = served is not None and (
        served.key.key_type != site.certificate.key_type or served.key.fingerprint in situation.compromised
    )
    return Wanted(
        site.site.names,
        site.certificate.key_type,
        new_key or must_go,
        former.subject if former else {},
        must_staple=former.must_staple if former else False,
    )


def _tell(run: Run, record: RequestRecord) -> Asked:
    return Asked(record.number, run.path(f"{REQUESTS}/{generation_name(record.number)}/{REQUEST_PEM}"))
