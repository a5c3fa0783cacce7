"""registry-path: where the keys live, and why there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sslutil.errors import RegistryError, UsageError, command
from sslutil.registry import VARIABLE, parse_registry_path
from sslutil.steps.answer import Answer

if TYPE_CHECKING:
    from sslutil.host.places import Places
    from sslutil.steps.run import Run


def registry_path(run: Run, places: Places, path: str | None, *, unset: bool) -> Answer:
    """Return where the keys live, after storing `path` or forgetting what was stored."""
    if unset and path is not None:
        message = "a PATH is stored and --unset forgets it: give one of the two"
        raise UsageError(message, "sslutil registry-path --unset")
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
        raise UsageError(message, command("sslutil", "registry-path", text))
    path = parse_registry_path(text, working_directory=places.working_directory, default=places.default)
    if os.path.lexists(path) and not os.path.isdir(path):
        message = f"{path} is not a folder"
        raise RegistryError(message, command("ls", "-ld", path))
    former = places.stored()
    if former == path:
        return _answer(run, places, f"nothing to do: {places.file} says {path} already", path=path)
    if not run.dry_run:
        places.store(path)
    made = f"would store {path} in {places.file}" if run.dry_run else f"stored {path} in {places.file}"
    return _answer(run, places, made, path=path, former=former, changed=True)


def _forget(run: Run, places: Places) -> Answer:
    """Forget what was stored for this user, or as root for the machine."""
    former = places.stored()
    if former is None:
        return _answer(run, places, f"nothing to do: no path is stored in {places.file}")
    if not run.dry_run:
        places.forget()
    made = f"would forget what {places.file} says" if run.dry_run else f"forgot what {places.file} said"
    return _answer(run, places, made, former=former, changed=True)


def _answer(  # noqa: PLR0913  what is stored, what was, and what became of it
    run: Run, places: Places, made: str, *, path: str = "", former: str | None = None, changed: bool = False
) -> Answer:
    """Return the answer with the registry that counts from now on, and why, where it is not the one just stored."""
    choice = places.choose(None)
    shown = path or choice.path
    overridden = choice.source == "variable" and choice.path != path
    warning = f"the variable {VARIABLE} overrides what is stored: {choice.path}"
    return Answer(
        headline=made if path else f"{made}; it is {choice.path}, because {choice.reason}",
        registry=shown,
        changed=changed,
        written=(places.file,) if changed and path and not run.dry_run else (),
        warnings=(warning,) if overridden else (),
        next=(run.command("status"),) if path else (),
        bare=f"{shown}\n",
        diff=_make_diff(places.file, former, path) if changed else "",
        fields={"source": choice.source, "dry_run": run.dry_run},
    )


def _make_diff(file: str, former: str | None, path: str) -> str:
    """Return the change of a file of one line, as a unified diff."""
    old, new = f"-{former}\n" if former else "", f"+{path}\n" if path else ""
    return f"--- {file}\n+++ {file}\n@@ -{int(bool(old))} +{int(bool(new))} @@\n{old}{new}"
