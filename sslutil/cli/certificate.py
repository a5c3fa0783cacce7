"""The commands below `certificate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.cli.options import changing, force_out, group_options, question
from sslutil.cli.settings import setting_option
from sslutil.wire.starttls import CHOICES as STARTTLS

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run

_KEY_TYPE = setting_option("--key-type", "certificate.key_type", "The kind of key.")
_NEW_KEY = click.option("--new-key", is_flag=True, help="Make a new key; the old one stays in the generation before.")
_PASSPHRASE_FILE = click.option(
    "--passphrase-file", metavar="FILE|-", help="Where the passphrase stands, as its first line; - is stdin."
)
_INCOMPLETE = click.option("--incomplete", is_flag=True, help="Take a chain that lacks an intermediate.")
_REPLACE_NAMES = click.option("--replace", is_flag=True, help="Take the certificate's names in place of the site's.")
_NAMES = click.argument("names", nargs=-1, metavar="[NAME]...")


class _CertificateGroup(click.Group):
    """Takes `certificate --self-signed`, the original's one run, for `certificate self-sign`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--self-signed" in args and not any(word in self.commands for word in args):
            args = ["self-sign", *(word for word in args if word != "--self-signed")]
        return super().parse_args(ctx, args)


@click.group(cls=_CertificateGroup)
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
@click.option("--organization", metavar="TEXT", help="Only where your authority wants it; public ones ignore it.")
@click.option("--unit", metavar="TEXT", help="A unit of it, likewise.")
@click.option("--locality", metavar="TEXT", help="Its town, likewise.")
@click.option("--state", metavar="TEXT", help="Its state or province, likewise.")
@click.option("--country", metavar="XX", help="Its country in two letters of ISO 3166, likewise.")
@click.option("--email", metavar="ADDRESS", help="An e-mail address, likewise; public ones may refuse it.")
@click.option("--must-staple", is_flag=True, help="Demand stapled OCSP answers; authorities without OCSP refuse it.")
@click.option("--out", metavar="FILE|-", help="Write the request there as well; - is stdout.")
@force_out
@click.option("--discard", type=int, metavar="N", help="Wait no longer for the answer to request N; no key is lost.")
@changing
def csr(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Make a request for a certificate authority.

    Nothing that is served changes. Where nothing is served yet, a self-signed certificate over the same key is.

    \b
    Examples:
      sslutil csr mail.example.org
      sslutil csr --out - | mail -s request authority@example.net
      sslutil csr --discard 3
    """  # noqa: D301
    from sslutil.verbs import csr as verb

    return verb.csr(run, verb.Request(**typed))


@certificate.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE|-...")
@click.option("--key", metavar="FILE", help="The private key, where it is not one of this registry.")
@_PASSPHRASE_FILE
@click.option("--fetch", is_flag=True, help="Fetch a missing intermediate from where the certificate says.")
@click.option("--allow-private", is_flag=True, help="Fetch from private addresses too.")
@_INCOMPLETE
@_REPLACE_NAMES
@changing
def import_answer(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Put in force what a certificate authority sent.

    FILE is what came, as it came: PEM, DER, PKCS#7, PKCS#12, a zip, a saved mail, a text with words around it; several
    in any order; or the folder of a certbot lineage. It finds the request that it answers by its key.

    \b
    Examples:
      sslutil certificate import answer.zip
      sslutil certificate import fullchain.pem --key privkey.pem
    """  # noqa: D301
    from sslutil.verbs import import_answer as verb

    return verb.import_answer(run, verb.Request(**typed))


@certificate.command("follow")
@click.option("--certificate", metavar="FILE", help="The other program's certificate with its chain.")
@click.option("--key", metavar="FILE", help="The other program's key.")
@_INCOMPLETE
@_REPLACE_NAMES
@changing
def follow(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Follow the files of another program, such as certbot.

    They are judged and put in force now, and again by each `certificate renew` that finds them changed: make that the
    other program's deploy hook.

    \b
    Examples:
      cd /etc/letsencrypt/live/mail.example.org
      sslutil certificate follow --certificate fullchain.pem --key privkey.pem
    """  # noqa: D301
    from sslutil.verbs import follow as verb

    return verb.follow_files(run, verb.Request(**typed))


@certificate.command("show")
@click.argument("things", nargs=-1, metavar="[FILE|-|HOST:PORT]...")
@click.option(
    "--starttls",
    type=click.Choice(STARTTLS),
    help="How a server is asked for TLS; by default as is usual on its port, none: TLS comes at once.",
)
@_PASSPHRASE_FILE
@click.option("--pem", is_flag=True, help="Print the certificates, requests and revocation lists alone, never a key.")
@question
def show(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Show what is in a certificate, or what a server shows.

    Without an argument, what is in force and what is asked for here. FILE is a certificate, a chain, a request, a
    revocation list, a key (its public side), PKCS#12, a zip, a saved mail. HOST:PORT is a server, asked for TLS as is
    usual on its port: 25, 587, 143, 110 and 4190 by STARTTLS.

    \b
    Examples:
      sslutil certificate show answer.zip
      sslutil certificate show mail.example.org:25
    """  # noqa: D301
    from sslutil.verbs import show as verb

    return verb.show(run, verb.Request(**typed))


@certificate.command("renew")
@click.option("--force", is_flag=True, help="Renew before it is due.")
@_NEW_KEY
@click.option("--compromised", is_flag=True, help="Mark the key in force as compromised, and never use it again.")
@click.option("--replace", is_flag=True, help="Drop names; with --compromised let a self-signed certificate take over.")
@changing
def renew(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Renew the certificate when its time has come.

    Made to be run every night: before it is due, it does nothing. The key stays, unless a new one is asked for. Where
    an authority signs, it makes a request, once; where another program does, it takes its files over when they changed.
    """
    from sslutil.verbs import renew as verb

    return verb.renew(run, verb.Request(**typed))
