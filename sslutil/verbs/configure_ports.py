"""configure ports: the ports of the web server, what plain http does, and what else runs on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.steps.deploy import deploy
from sslutil.steps.tell import addresses, answer_change, plain_addresses
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.deploy import Deployed
    from sslutil.steps.run import Run

_PORTS = ("site.https_port", "site.http_port")


class Request(NamedTuple):
    """What was typed; None, and no service, leave the site as it is. The fields are keys of [site]."""

    https_port: int | None = None
    http_port: int | None = None
    plain_http: str | None = None
    hsts_max_age: int | None = None
    services: tuple[str, ...] = ()


def configure_ports(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for other ports, another mode of plain http, or other services."""
    edits = {f"site.{name}": value for name, value in request._asdict().items() if value not in (None, ())}
    if request.services:
        edits["site.services"] = list(request.services)
    done = deploy(run, Wish("edit", edits))
    answer = answer_change(run, done, made="changed the ports", nothing="the ports are as wished")
    return answer._replace(
        lines=_with_addresses(answer.lines, done), warnings=(*answer.warnings, *_find_conflicts(done))
    )


def _with_addresses(lines: tuple[tuple[str, str], ...], done: Deployed) -> tuple[tuple[str, str], ...]:
    """Return the lines, with what users type for each name: over TLS, and in plain where that is offered."""
    site = done.draft.file.site
    places = [("Users type", addresses(site)), ("Or, in plain", plain_addresses(site))]
    ours = [line for line in places if line[1]]
    others = [line for line in lines if line[0] != ours[0][0]]
    place = next((index for index, (label, _) in enumerate(lines) if label == ours[0][0]), len(others))
    return (*others[:place], *ours, *others[place:])


def _find_conflicts(done: Deployed) -> tuple[str, ...]:
    """Return a sentence for each port that is the site's anew, and that somebody listens on already."""
    before = {change.before for change in done.draft.changes if change.key in _PORTS}
    fresh = {change.after for change in done.draft.changes if change.key in _PORTS} - before
    if not fresh or not done.changed:
        return ()
    from sslutil.host.ports import find_listeners

    return tuple(
        f"port {listener.port} is taken: "
        + (f"{listener.program} (process {listener.number})" if listener.program else "some program")
        + " listens there, which is well only if it is this web server"
        for listener in find_listeners(fresh)
    )
