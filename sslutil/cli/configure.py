"""The commands below `configure`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.cli.options import changing, group_options
from sslutil.cli.settings import setting_option

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


@click.group()
@group_options
def configure() -> None:
    """Change how the web server speaks TLS."""


@configure.command("ports")
@setting_option("--https-port", "site.https_port", "The port of secure mode; 443 is the standard.", "PORT")
@setting_option("--http-port", "site.http_port", "The port of plain http; 80 is the standard.", "PORT")
@setting_option("--plain-http", "site.plain_http", "Offer secure mode, redirect to it, or close plain http.")
@setting_option("--hsts-max-age", "site.hsts_max_age", "Tell browsers to refuse plain http; 0: don't.", "SECONDS")
@changing
def ports(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Set the web server's ports, and what plain http does.

    \b
    Examples:
      sslutil configure ports --https-port 8384 --http-port 8383
      sslutil configure ports --plain-http redirect
    """  # noqa: D301
    from sslutil.verbs import configure_ports as verb

    return verb.configure_ports(run, verb.Request(**typed))
