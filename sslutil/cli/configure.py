"""The commands below `configure`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.cli.options import Look, changing, group_options, is_terminal, names_command
from sslutil.cli.settings import ServiceType, setting_option

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run


@click.command("wizard")
@changing
def _wizard(run: Run) -> Answer:
    """Ask for everything."""
    from sslutil.verbs import wizard as verb

    return verb.wizard(run._replace(verb="configure"))


class _ConfigureGroup(click.Group):
    """Takes `configure` alone for the wizard where a person can be asked, and for its help elsewhere."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not (names_command(args) or {"-h", "--help"} & set(args) or ctx.resilient_parsing):
            may_ask = is_terminal() and isinstance(ctx.obj, Look) and not ctx.obj.json
            args = [_wizard.name or "", *args] if may_ask else []
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or (_wizard if cmd_name == _wizard.name else None)


@click.group(cls=_ConfigureGroup)
@group_options
def configure() -> None:
    """Change how the web server speaks TLS.

    Alone, on a terminal, it asks for everything, shows what would change, and changes nothing before the last yes.
    Elsewhere these commands do the same: certificate self-sign for names and who signs, certificate follow for another
    program's files, configure ciphers for the profile, configure ports for ports, plain http and HSTS, client-auth for
    client certificates. Exports are set in site.toml, which apply takes in.

    \b
    Examples:
      sslutil configure
      sslutil configure ciphers --profile modern
      sslutil configure ports --plain-http redirect
    """  # noqa: D301


@configure.command("ports")
@setting_option("--https-port", "site.https_port", "The port of secure mode; 443 is the standard.", "PORT")
@setting_option("--http-port", "site.http_port", "The port of plain http; 80 is the standard.", "PORT")
@setting_option("--plain-http", "site.plain_http", "Offer secure mode, redirect to it, or close plain http.")
@setting_option("--hsts-max-age", "site.hsts_max_age", "Tell browsers to refuse plain http; 0: don't.", "SECONDS")
@click.option(
    "--service",
    "services",
    metavar="NAME",
    type=ServiceType(),
    multiple=True,
    help="A service of this host; name each.",
)
@changing
def ports(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Set the web server's ports, and what plain http does.

    offer leaves it as it is, with links into secure mode; redirect sends everybody to the https address; closed refuses
    them. HSTS needs an authority's certificate, and plain http closed, or redirected from port 80 to 443.

    \b
    Examples:
      sslutil configure ports --https-port 8384 --http-port 8383
      sslutil configure ports --plain-http redirect
      sslutil configure ports --service https --service imaps
    """  # noqa: D301
    from sslutil.verbs import configure_ports as verb

    return verb.configure_ports(run, verb.Request(**typed))


def _complete_profile(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    from sslutil.site import settings

    return [choice for choice in settings()["tls.profile"].choices if choice.startswith(incomplete)]


@configure.command("ciphers")
@click.option("--profile", metavar="NAME", shell_complete=_complete_profile, help="The TLS policy of that name.")
@click.option(
    "--protocol", "protocols", metavar="NAME", multiple=True, help="A protocol of your own list; may be repeated."
)
@click.option(
    "--cipher", "ciphers", metavar="NAME", multiple=True, help="A suite of TLS 1.2 or below, likewise, in order."
)
@click.option("--ciphersuite", "ciphersuites", metavar="NAME", multiple=True, help="A suite of TLS 1.3, likewise.")
@click.option(
    "--group", "groups", metavar="NAME", multiple=True, help="A group of the key exchange, likewise, in order."
)
@click.option("--guideline", metavar="FILE|-", help="Take profile NAME of a newer guideline, in TLSRef's JSON.")
@click.option("--list", "list_all", is_flag=True, help="Show every suite and group; change nothing.")
@click.option("--explain", is_flag=True, help="Say what the policy means here; change nothing.")
@changing
def ciphers(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Choose the TLS policy: a profile, or lists of your own.

    \b
    Examples:
      sslutil configure ciphers --profile modern --explain
      sslutil configure ciphers --group X25519 --group P-256
      sslutil configure ciphers --guideline 6.1.json --profile intermediate
    """  # noqa: D301
    from sslutil.verbs import configure_ciphers as verb

    return verb.configure_ciphers(run, verb.Request(**typed))
