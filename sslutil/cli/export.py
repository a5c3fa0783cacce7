"""The commands below `export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.cli.options import Look, force_out, group_options, question
from sslutil.exporters import EXPORTERS

if TYPE_CHECKING:
    from sslutil.exporters import Exporter
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run

_OUT = click.option("--out", metavar="FILE|-", default="-", show_default=True, help="Write it there; - is stdout.")


@click.group()
@group_options
def export() -> None:
    """Give policy, key and certificate to another program."""


@export.command("pkcs12")
@_OUT
@click.option("--legacy", is_flag=True, help="Triple DES and SHA-1, for readers that know nothing newer.")
@click.option("--friendly-name", metavar="TEXT", help="What the other program calls it; the first name by default.")
@click.option("--passphrase-file", metavar="FILE|-", help="Where the passphrase stands, as its first line; - is stdin.")
@force_out
@question
def pkcs12(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Write key and chain as PKCS#12, also called PFX.

    Without --passphrase-file a terminal is asked; where nobody says one, a passphrase is made and shown once. The file
    is a copy: it follows no renewal.

    \b
    Examples:
      sslutil export pkcs12 --out mail.p12
      sslutil export pkcs12 --out mail.p12 --legacy --passphrase-file passphrase
    """  # noqa: D301
    from sslutil.cli.show import refuse_screen
    from sslutil.verbs import export_material as verb

    if typed["out"] == verb.STDOUT:
        look = click.get_current_context().find_object(Look)
        refuse_screen("PKCS#12", json=bool(look and look.json), screen=bool(look and look.screen))  # before it is asked
    return verb.export_pkcs12(run, verb.Pkcs12Request(**typed))


@export.command("pem")
@_OUT
@click.option("--with-key", is_flag=True, help="The key first, then the chain; the file is private.")
@click.option("--split", metavar="FOLDER", help="Write cert.pem, chain.pem, fullchain.pem and privkey.pem there.")
@force_out
@question
def pem(run: Run, out: str, with_key: bool, split: str | None, force: bool) -> Answer:  # noqa: FBT001  as click calls
    """Write the certificate and its chain as PEM.

    \b
    Examples:
      sslutil export pem --out fullchain.pem
      sslutil export pem --split /srv/other-program/tls
    """  # noqa: D301
    from sslutil.verbs import export_material as verb

    return verb.export_pem(run, out, split=split, with_key=with_key, force=force)


@export.command("der")
@_OUT
@click.option("--key", is_flag=True, help="The private key, as PKCS#8, in place of the certificate.")
@force_out
@question
def der(run: Run, out: str, key: bool, force: bool) -> Answer:  # noqa: FBT001  as click calls
    """Write the certificate as DER, its binary form.

    \b
    Example:
      sslutil export der --out mail.cer
    """  # noqa: D301
    from sslutil.verbs import export_material as verb

    return verb.export_der(run, out, key=key, force=force)


_FILE_OPTIONS = {
    "plain": "The file for the virtual host of plain http.",
    "identity": "The file for locations that pass requests on, with who the client is.",
    "master": "The file for master.cf, with submission and submissions.",
}


def _add_exporter(exporter: Exporter) -> None:
    """Add the command of one exporter: what it can be asked follows from its row."""

    def run_export(run: Run, out: str, force: bool, **typed: Any) -> Answer:  # noqa: ANN401, FBT001  as click calls
        from sslutil.verbs import export as verb

        chosen = "".join(option for option in exporter.files if option and typed.pop(option))
        return verb.export(run, verb.Request(exporter.name, chosen, out=out, force=force, **typed))

    run_export.__doc__ = (
        f"Print the configuration of {exporter.title}.\n\nA generation carries it too where exports names it.\n\n"
        f"\b\nExamples:\n  sslutil export {exporter.name}\n  sslutil export {exporter.name} --out FILE\n"
    )
    options = [
        click.option(f"--{name}", name, is_flag=True, help=_FILE_OPTIONS[name]) for name in exporter.files if name
    ]
    if exporter.vhost:
        options.append(click.option("--vhost", is_flag=True, help="A complete virtual host, for both ports."))
    if exporter.suggests:
        options.append(click.option("--suggest", is_flag=True, help="The commands that set the same."))
    if exporter.oldest:
        options.append(_version_option("--server-version", exporter.title))
    options += [_version_option("--openssl-version", "OpenSSL"), _OUT]
    command: Any = question(force_out(run_export))
    for option in reversed(options):
        command = option(command)
    export.command(exporter.name)(command)


def _version_option(name: str, title: str) -> Any:  # noqa: ANN401  click's decorator
    return click.option(name, metavar="VERSION", help=f"For this {title}; the installed one by default.")


for _exporter in EXPORTERS.values():
    _add_exporter(_exporter)
