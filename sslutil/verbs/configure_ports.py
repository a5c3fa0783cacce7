"""configure ports: the two ports of the web server, and what plain http does."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.steps.deploy import deploy
from sslutil.steps.tell import answer_change
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


class Request(NamedTuple):
    """What was typed; None leaves the site as it is. The fields are keys of [site]."""

    https_port: int | None = None
    http_port: int | None = None
    plain_http: str | None = None
    hsts_max_age: int | None = None


def configure_ports(run: Run, request: Request) -> Answer:
    """Return the answer to a wish for other ports or another mode of plain http."""
    edits = {f"site.{name}": value for name, value in request._asdict().items() if value is not None}
    done = deploy(run, Wish("edit", edits))
    return answer_change(run, done, made="changed the ports", nothing="the ports are as wished")
