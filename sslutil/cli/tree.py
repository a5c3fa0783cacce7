"""Every command: its options, one import, one call. Those of a group stand in the file that bears its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil import __version__
from sslutil.cli.certificate import certificate, csr
from sslutil.cli.client_auth import client_auth
from sslutil.cli.configure import configure
from sslutil.cli.export import export
from sslutil.cli.options import changing, group_options, lock_out, make_places, question, writing
from sslutil.cli.timer import timer

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="sslutil", message="%(prog)s %(version)s")
@group_options
def sslutil() -> None:
    """TLS for a mail web server: made right, kept right and proved.

    \b
    First steps:
      sslutil certificate self-sign mail.example.org   key, certificate, settings
      sslutil certificate csr                          a request for an authority
      sslutil status                                   what is in force
    """  # noqa: D301  \b is click's


@sslutil.command("registry-path")
@click.argument("path", required=False)
@click.option("--unset", is_flag=True, help="Forget the stored path.")
@writing
def registry_path(run: Run, path: str | None, unset: bool) -> Answer:  # noqa: FBT001  as click calls
    """Show or set where the keys live.

    It prints one bare path. PATH is stored for this user, or by root for the machine; it need not exist yet.

    \b
    Examples:
      cd "$(sslutil registry-path)"
      sslutil registry-path /srv/mail/tls
    """  # noqa: D301
    from sslutil.verbs import registry_path as verb

    return verb.registry_path(run, make_places(), path, unset=unset)


@sslutil.command()
@changing
def enable(run: Run) -> Answer:
    """Switch the web port to TLS."""
    from sslutil.verbs import enable as verb

    return verb.enable(run, enabled=True)


@sslutil.command()
@changing
def disable(run: Run) -> Answer:
    """Switch the web port to plain http."""
    from sslutil.verbs import enable as verb

    return verb.enable(run, enabled=False)


@sslutil.command()
@click.option("--replace", is_flag=True, help="Allow that names in use are dropped.")
@lock_out
@changing
def apply(run: Run, **typed: bool) -> Answer:
    """Take site.toml in, as it stands now.

    Where something differs, it becomes a new generation; where nothing does, nothing happens.

    \b
    Examples:
      sslutil apply --dry-run --diff
      sslutil apply --detailed-exitcode
    """  # noqa: D301
    from sslutil.verbs import apply as verb

    return verb.apply(run, **typed)


@sslutil.command()
@question
def status(run: Run) -> Answer:
    """Show what is in force, what waits and what is owed."""
    from sslutil.verbs import status as verb

    return verb.status(run)


@sslutil.command()
@click.argument("number", type=int, required=False)
@click.option("--keep-certificate", is_flag=True, help="Go back to the settings alone.")
@click.option("--replace", is_flag=True, help="Drop names in use, or replace a CA's certificate by a self-signed one.")
@lock_out
@changing
def rollback(run: Run, number: int | None, **typed: bool) -> Answer:
    """Go back to an older generation.

    Its settings, key and certificate are in force again. Without NUMBER it is the one that was in force before; history
    lists them. A revoked client and a compromised key don't come back.

    \b
    Examples:
      sslutil rollback --dry-run --diff
      sslutil rollback 3 --keep-certificate
    """  # noqa: D301
    from sslutil.verbs import rollback as verb

    return verb.rollback(run, number, **typed)


@sslutil.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--form", type=click.Choice(("tlsa", "generic", "type52")), help="generic and type52: as RFC 3597 has it."
)
@click.option("--ttl", type=click.IntRange(0, 604800), default=3600, show_default=True, help="Seconds of a cache.")
@click.option("--port", "ports", metavar="PORT", type=click.IntRange(1, 65535), multiple=True, help="Not the site's.")
@question
def tlsa(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Print TLSA records of the keys, for DANE.

    They are lines of a zone file, of the key in force, and of each key that a request asks for: publish both, and put
    the new one in force two TTLs later. NAME stands for the site's names, the ports for those of its services.

    \b
    Examples:
      sslutil tlsa --port 25
      sslutil tlsa mx1.example.org --form generic
    """  # noqa: D301
    from sslutil.verbs import tlsa as verb

    return verb.tlsa(run, verb.Request(**typed))


@sslutil.command()
@question
def history(run: Run) -> Answer:
    """Show when which command changed what."""
    from sslutil.verbs import history as verb

    return verb.history(run)


for _command in (certificate, csr, configure, client_auth, export, timer):
    sslutil.add_command(_command)
