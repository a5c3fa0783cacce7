"""timer: what renews every night, installed, looked at and taken away; the machine changes, a registry never."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from sslutil import registry
from sslutil.errors import RegistryError, command
from sslutil.host import timers
from sslutil.host.accounts import account_name
from sslutil.host.programs import run_program
from sslutil.host.timers import CRONTAB, USER_SYSTEMD, Machine, State, Timer
from sslutil.steps.answer import Answer
from sslutil.store.owners import judge_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sslutil.steps.run import Run


def install(run: Run, machine: Machine) -> Answer:
    """Return the answer after seeing to it that something renews every night, with the best scheduler that is here.

    Raises RegistryError where the registry is another account's, where nothing here starts programs, where the
    command would not start, and where a file of the same name is none of ours.
    """
    _judge_registry(run)
    timer, *others = timers.possible(machine, run.registry) or _fail_for_want(run, machine)
    _judge_program(run, machine)
    before = timers.read_files(machine, timer)
    spare = [other for other in others if any(timers.read_files(machine, other))]
    is_there = before == tuple(text for _, text in timer.files) and timers.read_state(machine, timer).active
    changed = bool(spare) or not is_there
    if changed and not run.dry_run:
        timers.install(machine, timer)
        for other in spare:
            timers.remove(machine, other)
    headline = f"nothing to do: {_describe(timer)} renews {run.registry} every night"
    if changed:
        headline = f"{'would install' if run.dry_run else 'installed'} {_describe(timer)} for {run.registry}"
    warnings = _warn(run, machine, timer)
    return _answer(
        run,
        headline,
        changed=changed,
        written=_paths(timer) if changed and not run.dry_run else (),
        warnings=warnings,
        next=() if run.dry_run else (run.command("timer", "show"), *_cures(run, machine, timer)),
        diff=_make_diff(timer, before, [text for _, text in timer.files]) + _removed(machine, spare),
        fields={"dry_run": run.dry_run} | _fields(timer, None),
    )


def remove(run: Run, machine: Machine) -> Answer:
    """Return the answer after taking away whatever renewed this registry every night."""
    _judge_registry(run)
    found = _find(run, machine)
    if found and not run.dry_run:
        for timer in found:
            timers.remove(machine, timer)
    headline = f"nothing to do: no timer is installed for {run.registry}"
    if found:
        verb = "would remove" if run.dry_run else "removed"
        headline = f"{verb} {', '.join(map(_describe, found))}; nothing renews {run.registry} by itself then"
    return _answer(
        run,
        headline,
        changed=bool(found),
        next=() if run.dry_run else (run.command("status"),),
        diff=_removed(machine, found),
        fields={"dry_run": run.dry_run} | _fields(found[0] if found else None, None),
    )


def show(run: Run, machine: Machine) -> Answer:
    """Return what is installed for this registry, when it runs next, and how its last run ended."""
    found = _find(run, machine)
    if not found:
        return _answer(
            run,
            f"no timer is installed for {run.registry}",
            next=(run.command("timer", "install"),),
            fields=_fields(None, None),
        )
    timer, state = found[0], timers.read_state(machine, found[0])
    warnings, cures = _faults(run, machine, timer, state)
    return _answer(
        run,
        f"{_describe(timer)} renews {run.registry} every night",
        lines=tuple(_lines(machine, timer, state)),
        warnings=(*warnings, *_warn(run, machine, timer)),
        next=(*cures, *_cures(run, machine, timer)),
        fields=_fields(timer, state),
    )


def _answer(run: Run, headline: str, **said: Any) -> Answer:  # noqa: ANN401  the fields of Answer
    return Answer(headline=headline, registry=run.registry, **said)


def _judge_registry(run: Run) -> None:
    if os.path.lexists(run.registry):
        judge_registry(run.registry, os.stat(run.registry), run.owners)


def _fail_for_want(run: Run, machine: Machine) -> list[Timer]:
    message = "nothing here starts programs by the clock: no systemd runs, and there is no cron"
    hint = f"{run.command('certificate', 'renew')}  # have this started every night"
    if machine.user and os.path.isdir(machine.path("/run/systemd/system")):
        message = "this account has no crontab program, and its own systemd does not run"
        hint = command("sudo", "loginctl", "enable-linger", account_name(machine.user))
    raise RegistryError(message, hint)


def _judge_program(run: Run, machine: Machine) -> None:
    """Raise RegistryError where others could put another program there, or where it needs this shell to start."""
    path = os.path.realpath(machine.program[0])
    while True:
        status = os.stat(path)
        if not status.st_mode & stat.S_ISVTX:
            run.owners.judge(path, status)
        if path == "/":
            break
        path = os.path.dirname(path)
    ended = run_program((*machine.program, "--version"))
    if ended.fault:
        said = " ".join(ended.output.split())
        message = f"{command(*machine.program)} does not start by itself: {ended.fault}{said and f': {said}'}"
        raise RegistryError(message, command("env", "-i", "-C", "/", *machine.program, "--version"))


def _find(run: Run, machine: Machine) -> list[Timer]:
    return [timer for timer in timers.possible(machine, run.registry) if any(timers.read_files(machine, timer))]


# --- In words -------------------------------------------------------------------------------------------------------


def _describe(timer: Timer) -> str:
    return f"{timer.unit}.timer" if timer.unit else timer.files[0][0]


def _paths(timer: Timer) -> tuple[str, ...]:
    return () if timer.scheduler == CRONTAB else tuple(path for path, _ in timer.files)


def _fields(timer: Timer | None, state: State | None) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "scheduler": timer and timer.scheduler,
        "files": list(_paths(timer)) if timer else [],
        "command": list(timer.words) if timer else [],
    }
    if state is None:
        return fields
    return fields | {
        "active": state.active,
        "next_run": state.next_run,
        "last_run": state.last_run,
        "last_result": state.last_result,
        "last_status": state.last_status,
    }


def _lines(machine: Machine, timer: Timer, state: State) -> Iterable[tuple[str, str]]:
    yield "Runs", command(*timer.words)
    yield "Scheduler", timer.scheduler
    yield from (("File", path) for path in _paths(timer))
    if not timer.unit:
        minute, hour, *_ = timer.files[0][1].splitlines()[-1].split()
        yield "Every night at", f"{hour:0>2}:{minute:0>2}"
        yield "Failures", f"cron mails them to {account_name(machine.user)}"
        return
    yield "Next run", state.next_run or "unknown"
    yield "Last run", state.last_run or "never"
    if state.last_run:
        yield "Last result", f"{state.last_result} (status {state.last_status})"
    yield "Log", command(*_journal(timer))


def _journal(timer: Timer) -> tuple[str, ...]:
    own = () if timer.scheduler == timers.SYSTEMD else ("--user",)
    return ("journalctl", *own, "--unit", f"{timer.unit}.service", "--lines", "50")


def _faults(run: Run, machine: Machine, timer: Timer, state: State) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is wrong with an installed timer, and the command that helps with each."""
    faults: list[tuple[str, str]] = []
    if not state.active:
        faults.append((f"{_describe(timer)} is not started", run.command("timer", "install")))
    elif timers.read_files(machine, timer) != tuple(text for _, text in timer.files):
        faults.append(
            (f"{_describe(timer)} is not as this sslutil would write it", run.command("timer", "install", "--diff"))
        )
    if state.last_result not in {"", "success"}:
        faults.append((f"the last run failed: {state.last_result}", command(*_journal(timer))))
    return tuple(words for words, _ in faults), tuple(cure for _, cure in faults)


def _warn(run: Run, machine: Machine, timer: Timer) -> tuple[str, ...]:
    warnings = []
    if not os.path.lexists(run.path(registry.CURRENT)):
        warnings.append(f"nothing is in force in {run.registry} yet, and until then each run fails")
    if timer.scheduler == USER_SYSTEMD and not machine.lingers:
        warnings.append(f"it runs only while {account_name(machine.user)} is logged in")
    if not timer.unit and not timers.has_daemon(machine):
        warnings.append("no cron seems to run on this machine now")
    return tuple(warnings)


def _cures(run: Run, machine: Machine, timer: Timer) -> tuple[str, ...]:
    unborn = not os.path.lexists(run.path(registry.CURRENT))
    alone = timer.scheduler == USER_SYSTEMD and not machine.lingers
    return (
        *((run.command("certificate", "self-sign"),) if unborn else ()),
        *((command("loginctl", "enable-linger"),) if alone else ()),
    )


def _removed(machine: Machine, gone: Sequence[Timer]) -> str:
    return "".join(_make_diff(timer, timers.read_files(machine, timer), [None] * len(timer.files)) for timer in gone)


def _make_diff(timer: Timer, before: Sequence[str | None], after: Sequence[str | None]) -> str:
    """Return the change of a timer's files as a unified diff."""
    from difflib import unified_diff

    names = (path for path, _ in timer.files)
    return "".join(
        f"{line}\n"
        for name, old, new in zip(names, before, after, strict=True)
        for line in unified_diff((old or "").splitlines(), (new or "").splitlines(), name, name, lineterm="")
    )
