"""apply: take site.toml in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.steps.deploy import deploy
from sslutil.steps.tell import answer_change
from sslutil.steps.wish import Wish

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


def apply(run: Run, *, replace: bool) -> Answer:
    """Return the answer to taking site.toml in; `replace` allows that names in use are dropped."""
    done = deploy(run, Wish("apply", replace=replace, cure=(*run.words("apply"), "--replace")))
    return answer_change(run, done, made="took site.toml in", nothing="site.toml is in force as it stands")
