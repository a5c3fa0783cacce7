"""Every command: its options, one import, one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil import __version__
from sslutil.cli.options import changing, group_options, make_places, question, writing
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


@sslutil.group(cls=_CertificateGroup)
@group_options
def certificate() -> None:
    """Make certificates and requests, and renew them."""


@certificate.command("self-sign")
@_NAMES
@_KEY_TYPE
@setting_option("--days", "certificate.lifetime", metavar="DAYS")
@_NEW_KEY
@click.option("--key-group", metavar="GROUP", help="A group that may read the key, for a server under its own account.")
@click.option("--replace", is_flag=True, help="Drop names in use that are not named again.")
@changing
def self_sign(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Make key, self-signed certificate and settings.

    NAME is what users type: a host name, an address, a *.wildcard. Without one, those in use stay; at the first time a
    terminal is asked, and else it is the machine's own full name.

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
    """Make a request for a certificate authority.

    Nothing that is served changes. Where nothing is served yet, a self-signed certificate over the same key is.

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
    """Renew the certificate when its time has come.

    Made to be run every night: before it is due, it does nothing. The key stays, unless a new one is asked for.
    """
    from sslutil.verbs import renew as verb

    return verb.renew(run, force=force, new_key=new_key)


@sslutil.group()
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
@group_options
def export() -> None:
    """Say the site's policy in the words of another program."""


@export.command()
@click.option("--plain", is_flag=True, help="The file for the virtual host of plain http.")
@click.option("--out", metavar="FILE|-", default="-", show_default=True, help="Write it there; - is stdout.")
@_FORCE_OUT
@question
def apache(run: Run, plain: bool, out: str, force: bool) -> Answer:  # noqa: FBT001  as click calls
    """Print the configuration of Apache httpd.

    Each generation carries it too, so that one line in a virtual host is enough.

    \b
    Examples:
      sslutil export apache
      sslutil export apache --plain --out /etc/apache2/sslutil-plain.conf
    """  # noqa: D301
    from sslutil.verbs import export as verb

    return verb.export_apache(run, out, plain=plain, force=force)


@sslutil.command()
@click.option("--replace", is_flag=True, help="Allow that names in use are dropped.")
@changing
def apply(run: Run, replace: bool) -> Answer:  # noqa: FBT001  as click calls
    """Take site.toml in, as it stands now.

    Where something differs, it becomes a new generation; where nothing does, nothing happens.

    \b
    Examples:
      sslutil apply --dry-run --diff
      sslutil apply --detailed-exitcode
    """  # noqa: D301
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
