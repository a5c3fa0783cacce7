"""What the tests of steps share: the circumstances of a command, and situations that no disk has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sslutil.disk import Owners
from sslutil.documents.site_file import SiteFile, parse_site, render_site
from sslutil.registry import Choice
from sslutil.site import Site, change, settings
from sslutil.steps.run import Run
from sslutil.steps.situation import Situation

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = ["mail.example.org", "www.example.org"]
REGISTRY = "/r"


def make_run(registry: str = REGISTRY, ask: Callable[[str, str], str] | None = None, source: str = "default") -> Run:
    """Return the circumstances of a command of root's, in November 2026."""
    trusted = Owners(0, lambda _group: False, str)
    return Run(Choice(registry, source, "a reason"), "apply", lambda: NOW, trusted, ask)


def make_file(text: str | None = None, **edits: Any) -> SiteFile:  # noqa: ANN401  TOML's values
    """Return a file of this text, or a complete one of the keys that are given with __ for a dot."""
    if text is not None:
        return parse_site(text.encode(), f"{REGISTRY}/site.toml")
    site = change(Site(), {"site.names": NAMES} | {key.replace("__", "."): value for key, value in edits.items()})
    return SiteFile(render_site(site), site, frozenset(settings()))


def make_situation(in_force: SiteFile | None = None, working: SiteFile | None = None, **more: Any) -> Situation:  # noqa: ANN401
    """Return a situation with a site in force and one in site.toml."""
    return Situation(REGISTRY, number=7 if in_force else None, in_force=in_force, working=working, **more)
