"""Every command: its options, one import, one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil import __version__
from sslutil.cli.options import changing, make_places, question, root_options
from sslutil.cli.settings import setting_option

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_KEY_TYPE = setting_option("--key-type", "certificate.key_type", "The kind of key.")
_NEW_KEY = click.option("--new-key", is_flag=True, help="Make a new key; the old one stays in the generation before.")
_NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")
_FORCE_OUT = click.option("--force", is_flag=True, help="Overwrite FILE.")


class _CertificateGroup(click.Group):
    """Takes `certificate --self-signed`, the original's one run, for `certificate self-sign`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--self-signed" in args and not any(word in self.commands for word in args):
            args = ["self-sign", *(word for word in args if word != "--self-signed")]
        return super().parse_args(ctx, args)


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="sslutil")
@root_options
def sslutil() -> None:
    """TLS for a mail web server: made right, kept right and proved.

    \b
    First steps:
      sslutil certificate self-sign mail.example.org   key, certificate and settings
      sslutil certificate csr                          a request for a certificate authority
      sslutil status                                   what is in force
    """  # noqa: D301  \b is click's


@sslutil.command("registry-path")
@click.argument("path", required=False)
@click.option("--unset", is_flag=True, help="Forget the stored path.")
@changing
def registry_path(run: Run, path: str | None, unset: bool) -> Answer:  # noqa: FBT001  as click calls
    """Show or set where the keys live.

    Prints one bare path, for cd "$(sslutil registry-path)". PATH is stored for this user, as root for the machine.
    """
    from sslutil.verbs import registry_path as verb

    return verb.registry_path(run, make_places(), path, unset=unset)


@sslutil.group(cls=_CertificateGroup)
def certificate() -> None:
    """Make certificates and requests, and renew them."""


@certificate.command("self-sign")
@_NAMES
@_KEY_TYPE
@setting_option("--days", "certificate.lifetime", "How long the certificate lives.", "DAYS")
@_NEW_KEY
@click.option("--key-group", metavar="GROUP", help="A group that may read the key, for a server under its own account.")
@click.option("--replace", is_flag=True, help="Drop names in use that are not named again.")
@changing
def self_sign(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Make key, self-signed certificate and settings for the names that users type.

    \b
    Examples:
      sslutil certificate self-sign mail.example.org webmail.example.org
      sslutil certificate --self-signed "*.example.org" 192.0.2.1
    """  # noqa: D301
    from sslutil.verbs import self_sign as verb

    return verb.self_sign(run, verb.Request(**typed))


@certificate.command("csr")
@_NAMES
@_KEY_TYPE
@_NEW_KEY
@click.option("--out", metavar="FILE|-", help="Write the request there as well; - is stdout.")
@_FORCE_OUT
@changing
def csr(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Make a request for a certificate authority. Nothing that is served changes.

    \b
    Examples:
      sslutil csr mail.example.org
      sslutil csr --out - | mail -s request authority@example.net
    """  # noqa: D301
    from sslutil.verbs import csr as verb

    return verb.csr(run, verb.Request(**typed))


sslutil.add_command(csr)


@certificate.command("renew")
@click.option("--force", is_flag=True, help="Renew before it is due.")
@_NEW_KEY
@changing
def renew(run: Run, force: bool, new_key: bool) -> Answer:  # noqa: FBT001  as click calls
    """Renew the certificate when its time has come; made to be run every night."""
    from sslutil.verbs import renew as verb

    return verb.renew(run, force=force, new_key=new_key)


@sslutil.group()
def configure() -> None:
    """Change how the web server speaks TLS."""


@configure.command("ports")
@setting_option("--https-port", "site.https_port", "The port of secure mode; the standard is 443.", "PORT")
@setting_option("--http-port", "site.http_port", "The port of plain http; the standard is 80.", "PORT")
@setting_option("--plain-http", "site.plain_http", "Offer secure mode, redirect to it, or close plain http.")
@setting_option("--hsts-max-age", "site.hsts_max_age", "Tell browsers to refuse plain http; 0: don't.", "SECONDS")
@changing
def ports(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Set the ports of the web server, and what plain http does."""
    from sslutil.verbs import configure_ports as verb

    return verb.configure_ports(run, verb.Request(**typed))


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


@sslutil.group()
def export() -> None:
    """Say the site's policy in the words of another program."""


@export.command()
@click.option("--plain-http", is_flag=True, help="The file for the virtual host of plain http.")
@click.option("--out", metavar="FILE|-", default="-", show_default=True, help="Write there; - is stdout.")
@_FORCE_OUT
@question
def apache(run: Run, plain_http: bool, out: str, force: bool) -> Answer:  # noqa: FBT001  as click calls
    """Print Apache's configuration; each generation carries it too, as current/apache.conf."""
    from sslutil.verbs import export as verb

    return verb.export_apache(run, out, plain_http=plain_http, force=force)


@sslutil.command()
@click.option("--replace", is_flag=True, help="Allow that names in use are dropped.")
@changing
def apply(run: Run, replace: bool) -> Answer:  # noqa: FBT001  as click calls
    """Take site.toml in: a new generation where something differs, nothing where nothing does."""
    from sslutil.verbs import apply as verb

    return verb.apply(run, replace=replace)


@sslutil.command()
@question
def status(run: Run) -> Answer:
    """Show what is in force, what waits and what is owed."""
    from sslutil.verbs import status as verb

    return verb.status(run)


@sslutil.command()
@question
def history(run: Run) -> Answer:
    """Show when which command changed what."""
    from sslutil.verbs import history as verb

    return verb.history(run)
