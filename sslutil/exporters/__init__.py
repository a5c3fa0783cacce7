"""One policy in the dialect of each server: one file a dialect, named in sslutil.site.EXPORTS."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.plan import Policy, Version
    from sslutil.site import Site


class ExportPlan(NamedTuple):
    """All that an exporter may know."""

    site: Site
    policy: Policy
    directory: str
    """Absolute path of the files, through the link `current`."""
    versions: Mapping[str, Version]
    """What the text is written for, by program; the oldest supported where nothing is known."""
    crl: bool
    """Whether a revocation list is in force."""


def render_exports(plan: ExportPlan) -> dict[str, str]:
    """Return the text of every file that the site's exports ask for, by file name."""
    texts: dict[str, str] = {}
    for name in plan.site.deploy.exports:
        texts |= render_export(name, plan)
    return texts


def render_export(name: str, plan: ExportPlan) -> dict[str, str]:
    """Return the text of one server's files, by file name."""
    if name == "apache":
        from sslutil.exporters import apache

        return apache.render(plan)
    message = f"there is no export for {name}"
    raise SiteError(message, "sslutil export --help", key="deploy.exports")
