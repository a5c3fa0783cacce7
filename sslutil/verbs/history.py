"""history: when, which command, what changed, in force or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.registry import CURRENT, DEPLOYED
from sslutil.steps.answer import Answer
from sslutil.steps.situation import read_records
from sslutil.steps.tell import render_date, render_rfc3339
from sslutil.store import generations as store
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from sslutil.facts import GenerationRecord
    from sslutil.steps.run import Run


def history(run: Run) -> Answer:
    """Return every generation that is still there, the newest first."""
    root = open_for_question(run.registry)
    if root is None:
        return _answer(run, [], None, None)
    with root:
        return _answer(run, read_records(root), store.read_link(root, CURRENT), store.read_link(root, DEPLOYED))


def _answer(run: Run, records: list[GenerationRecord], current: int | None, deployed: int | None) -> Answer:
    newest = records[::-1]
    states = [_state(record.number, current, deployed) for record in newest]
    return Answer(
        headline=f"{_count(records)} in {run.registry}{'' if records else ' yet'}",
        registry=run.registry,
        generation=current,
        heads=("No.", "Time (UTC)", "Command", "By", "What changed", "State"),
        rows=tuple(
            (str(record.number), _render_time(record), record.verb, record.who, "; ".join(record.why), state)
            for record, state in zip(newest, states, strict=True)
        ),
        next=() if records else (run.command("certificate", "self-sign", "mail.example.org"),),
        fields={
            "generations": [
                {
                    "number": record.number,
                    "from": record.parent,
                    "time": render_rfc3339(record.time),
                    "verb": record.verb,
                    "who": record.who,
                    "why": list(record.why),
                    "in_force": record.number == current,
                    "deployed": record.number == deployed,
                }
                for record in newest
            ]
        },
    )


def _count(records: list[GenerationRecord]) -> str:
    if not records:
        return "no generation"
    return "1 generation" if len(records) == 1 else f"{len(records)} generations"


def _render_time(record: GenerationRecord) -> str:
    return render_date(record.time).removesuffix(" UTC")


def _state(number: int, current: int | None, deployed: int | None) -> str:
    if number != current:
        return ""
    return "in force" if number == deployed else "in force, reload owed"
