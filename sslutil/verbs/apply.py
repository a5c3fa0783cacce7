"""apply: take site.toml in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.steps.deploy import deploy
from sslutil.steps.situation import look
from sslutil.steps.tell import answer_change
from sslutil.steps.wish import Wish
from sslutil.store.opening import judge_place

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


def apply(run: Run, *, replace: bool, lock_out: bool = False) -> Answer:
    """Return the answer to taking site.toml in; `replace` allows that names in use are dropped."""
    wish = Wish("apply", replace=replace, lock_out=lock_out, cure=(*run.words("apply"), "--replace"))
    done = deploy(run, _with_files(run, wish))
    return answer_change(run, done, made="took site.toml in", nothing="site.toml is in force as it stands")


def _with_files(run: Run, wish: Wish) -> Wish:
    """Return the wish with what other program's files hold, where site.toml says anew which ones are followed."""
    run = run.at(judge_place(run.registry, run.owners))
    situation = look(run, run.owners)
    if situation.working is None:
        return wish
    site = situation.working.site
    from sslutil.steps.acceptance import Terms
    from sslutil.steps.followed import accept_files, find_files

    files = find_files(site)
    if files is None or (situation.in_force and files == find_files(situation.in_force.site)):
        return wish
    accepted = accept_files(run, situation, files, Terms(replace=wish.replace), site)
    why = (f"certificate over {accepted.key.place}",)
    return wish._replace(material=accepted.material, why=why, told=accepted.told)
