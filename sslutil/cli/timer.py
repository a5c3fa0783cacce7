"""The commands below `timer`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from sslutil.cli.options import group_options, question, writing

if TYPE_CHECKING:
    from sslutil.host.timers import Machine
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


@click.group()
@group_options
def timer() -> None:
    """Renew every night."""


@timer.command()
@writing
def install(run: Run) -> Answer:
    """Have the certificate renewed every night, when it is due.

    A systemd timer where systemd runs, else a line of cron; an account other than root gets one of its own. There is
    one for each registry.

    \b
    Examples:
      sslutil timer install --dry-run --diff
      sslutil timer install
    """  # noqa: D301
    from sslutil.verbs import timer as verb

    return verb.install(run, make_machine())


@timer.command()
@writing
def remove(run: Run) -> Answer:
    """Take the timer away."""
    from sslutil.verbs import timer as verb

    return verb.remove(run, make_machine())


@timer.command()
@question
def show(run: Run) -> Answer:
    """Show the timer, its next run and its last."""
    from sslutil.verbs import timer as verb

    return verb.show(run, make_machine())


def make_machine() -> Machine:
    """Return this machine as it is for this account."""
    from sslutil.host.timers import this_machine

    return this_machine(os.geteuid(), _program())


def _program() -> tuple[str, ...]:
    """Return the words that start this sslutil from anywhere: its script, or the package where Python was started."""
    if os.path.basename(sys.argv[0]) == "sslutil":
        return (os.path.abspath(sys.argv[0]),)
    return (sys.executable, "-P", "-m", "sslutil")  # -P: not one that lies in the working directory
