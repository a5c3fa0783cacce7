"""registry-path: where the keys live, and why there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sslutil.errors import RegistryError, UsageError
from sslutil.registry import VARIABLE, parse_registry_path
from sslutil.steps.answer import Answer

if TYPE_CHECKING:
    from sslutil.host.places import Places
    from sslutil.steps.run import Run


def registry_path(run: Run, places: Places, path: str | None, *, unset: bool) -> Answer:
    """Return where the keys live, after storing `path` or forgetting what was stored."""
    if unset and path:
        message = "a PATH is stored and --unset forgets it: give one of the two"
        raise UsageError(message, run.command("registry-path", "--unset"))
    if unset:
        return _forget(run, places)
    return _store(run, places, path) if path is not None else _show(run)


def _show(run: Run) -> Answer:
    return Answer(
        headline=f"{run.registry}, because {run.choice.reason}",
        registry=run.registry,
        bare=f"{run.registry}\n",
        fields={"source": run.choice.source},
    )


def _store(run: Run, places: Places, text: str) -> Answer:
    """Store a path for this user, or as root for the machine; the folder itself need not exist yet."""
    if run.choice.source == "option":
        message = "--registry-path chooses a registry for one command, and a PATH stores one: give one of the two"
        raise UsageError(message, run.command("registry-path"))
    path = parse_registry_path(text, working_directory=places.working_directory, default=places.default)
    if os.path.lexists(path) and not os.path.isdir(path):
        message = f"{path} is not a folder"
        raise RegistryError(message, "give the path of a folder: sslutil registry-path PATH")
    changed = places.stored() != path
    if changed and not run.dry_run:
        places.store(path)
    return _changed(run, places, path, f"stored in {places.file}", changed=changed)


def _forget(run: Run, places: Places) -> Answer:
    """Forget what was stored for this user, or as root for the machine."""
    changed = places.stored() is not None
    if changed and not run.dry_run:
        places.forget()
    return _changed(run, places, None, f"forgot what {places.file} said", changed=changed)


def _changed(run: Run, places: Places, path: str | None, made: str, *, changed: bool) -> Answer:
    choice = run.choice if run.dry_run else places.choose(None)
    would = f"would have {made}" if run.dry_run else made
    headline = f"{would}: {path or choice.path}" if changed else f"nothing to do: it is {path or choice.path} already"
    overridden = choice.source == "variable" and path is not None
    warning = f"the variable {VARIABLE} overrides it: {choice.path}"
    return Answer(
        headline=headline,
        registry=path or choice.path,
        changed=changed,
        written=(places.file,) if changed and path and not run.dry_run else (),
        warnings=(warning,) if overridden else (),
        bare=f"{path or choice.path}\n",
        fields={"source": choice.source, "dry_run": run.dry_run},
    )
