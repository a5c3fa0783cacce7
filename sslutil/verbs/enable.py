"""enable and disable: the original's "Enable SSL"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.steps.deploy import deploy
from sslutil.steps.tell import answer_change
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


def enable(run: Run, *, enabled: bool) -> Answer:
    """Return the answer to switching the web port to TLS, or to plain http alone."""
    done = deploy(run, Wish("edit", {"site.enabled": enabled}))
    state = "enabled" if enabled else "disabled"
    return answer_change(run, done, made=f"{state} TLS on the web port", nothing=f"TLS on the web port is {state}")
