"""client-auth, and the commands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sslutil.cli.options import Look, changing, find_first_word, force_out, group_options, lock_out, question
from sslutil.cli.settings import ServiceType, setting_option

if TYPE_CHECKING:
    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run

_REASONS = (
    "unspecified",
    "key-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "privilege-withdrawn",
)
_CA_PASSPHRASE_FILE = click.option(
    "--ca-passphrase-file", metavar="FILE|-", help="Where the passphrase of the client authority's key stands."
)
_MAIL_DOMAIN = click.option(
    "--mail-domain",
    "mail_domains",
    metavar="DOMAIN",
    multiple=True,
    help="Bind the authority that is made to addresses of this domain; name each.",
)
_SERIAL = click.option("--serial", metavar="HEX", help="One certificate, by the number that list shows.")
_DELIVERY = (
    click.option("--days", type=int, metavar="DAYS", help="How long it lives, 1 to 825; 397 by default."),
    click.option("--out", metavar="FILE|-", help="Its file; by default ADDRESS.p12, here. Of a list, the folder."),
    click.option(
        "--format",
        type=click.Choice(("pkcs12", "pem", "mobileconfig")),
        default="pkcs12",
        help="PKCS#12 for nearly everything, PEM for curl and relays, a profile for Apple's devices.",
    ),
    click.option("--csr", metavar="FILE", help="Sign their own request: the key never leaves their device."),
    click.option("--legacy", is_flag=True, help="For old readers: macOS before 15, Windows Server 2016."),
    click.option(
        "--passphrase-file",
        metavar="FILE|-",
        help="Where the file's passphrase stands; without, one is made, and shown.",
    ),
    _CA_PASSPHRASE_FILE,
    force_out,
)


_ALONE = "alone"


@click.command()
@setting_option("--mode", "client_auth.mode", "Ask nobody for a certificate (recommended), ask, or insist.")
@click.option("--own-ca/--no-own-ca", default=None, help="Let the clients in whose certificates are issued here.")
@click.option("--ca", metavar="FILE", multiple=True, help="Another authority whose clients are let in; name each.")
@click.option("--no-ca", is_flag=True, help="No other authority's.")
@click.option("--crl", metavar="FILE", multiple=True, help="Its revocation list; name each.")
@click.option("--no-crl", is_flag=True, help="No list of another authority.")
@setting_option("--crl-days", "client_auth.crl_days", "Days that our own list holds; 0: to the end.", "DAYS")
@setting_option("--depth", "client_auth.depth", "Authorities above a client's certificate, at most.", "N")
@click.option(
    "--service",
    "services",
    metavar="NAME",
    type=ServiceType("client_auth.services"),
    multiple=True,
    help="Where certificates are asked for; name each. https by default.",
)
@lock_out
@changing
def _set(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Say who may connect."""
    from sslutil.verbs import client_auth as verb

    return verb.set_client_auth(run._replace(verb="client-auth"), verb.Request(**typed))


class _ClientAuthGroup(click.Group):
    """Takes `client-auth --mode …` beside the commands below it, and shows the options of both."""

    alone = _set
    """What it does by its own options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = find_first_word(args)
        if first.startswith("-") and first not in {"-h", "--help"}:
            args = [_ALONE, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] == _ALONE:
            return "", _set, args[1:]  # it has no name, so that messages speak of `sslutil client-auth`
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [param.get_help_record(ctx) for param in _set.get_params(ctx)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record])
        self.format_commands(ctx, formatter)


@click.group("client-auth", cls=_ClientAuthGroup)
@group_options
def client_auth() -> None:
    """Say who may connect, and issue client certificates.

    Recommended is --mode off: everybody connects, and passwords decide. With optional whoever has a certificate may
    show it; with require nobody connects without one. Certificates come from a small authority of this registry's own,
    which the first issue makes; other authorities are named with --ca, their revocation lists with --crl.

    \b
    Examples:
      sslutil client-auth issue anna@example.org
      sslutil client-auth --mode require --dry-run
      sslutil client-auth revoke anna@example.org
    """  # noqa: D301


_set.help = client_auth.help


def _with_delivery(function: Any) -> Any:  # noqa: ANN401  as click decorates
    for option in reversed(_DELIVERY):
        function = option(function)
    return function


def _refuse_screen(typed: dict[str, Any]) -> None:
    """Raise UsageError where stdout is no place for what would be written there, before it is made."""
    from sslutil.cli.show import refuse_screen

    if typed["out"] == "-" and not typed["csr"]:
        look = click.get_current_context().find_object(Look)
        refuse_screen("a certificate with its key", json=bool(look and look.json), screen=bool(look and look.screen))


def _take_delivery(typed: dict[str, Any]) -> dict[str, Any]:
    """Return what was typed, with the options of the delivery as one value."""
    from sslutil.steps.client_orders import Delivery

    delivery = Delivery(**{name: typed.pop(name) for name in Delivery._fields})
    return {"delivery": delivery, **typed}


@client_auth.command()
@click.argument("address", required=False)
@click.option("--name", metavar="TEXT", default="", help="Of the person or the device, for the list and the letter.")
@_with_delivery
@click.option("--from", "from_file", metavar="FILE", help="A list of people: TOML or CSV with address, name, days.")
@_MAIL_DOMAIN
@click.option("--another", is_flag=True, help="One more, for another device, where there is a valid one.")
@changing
def issue(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Issue a client certificate for a person or a service.

    ADDRESS is a person's e-mail address, or the host name of a service. The file with key and certificate, and a page
    that says how to install it, are written here; the passphrase is shown once. The first certificate makes the
    authority. With --from everybody on a list gets one who has none.

    \b
    Examples:
      sslutil client-auth issue anna@example.org --name "Anna's laptop"
      sslutil client-auth issue relay.example.org --format pem
      sslutil client-auth issue --from people.csv --out handouts
    """  # noqa: D301
    from sslutil.verbs import client_issue as verb

    _refuse_screen(typed)
    return verb.issue_clients(run, verb.Request(**_take_delivery(typed)))


@client_auth.command("renew")
@click.argument("address")
@_with_delivery
@click.option(
    "--overlap", type=int, default=14, show_default=True, metavar="DAYS", help="Until the old one is revoked; 0: now."
)
@changing
def renew(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Issue a new certificate in place of the old.

    The old one lets in for some days more, and is then revoked by `certificate renew`, which the timer runs.

    \b
    Examples:
      sslutil client-auth renew anna@example.org --out anna-2.p12
      sslutil client-auth renew anna@example.org --overlap 0 --force
    """  # noqa: D301
    from sslutil.verbs import client_renew as verb

    _refuse_screen(typed)
    return verb.renew_client(run, verb.Request(**_take_delivery(typed)))


@client_auth.command()
@click.argument("address", required=False)
@_SERIAL
@click.option(
    "--reason",
    type=click.Choice(_REASONS),
    default="unspecified",
    metavar="REASON",
    help=f"Why, for whoever reads the list: {', '.join(_REASONS)}.",
)
@_CA_PASSPHRASE_FILE
@lock_out
@changing
def revoke(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Put somebody out, for good.

    All certificates of ADDRESS are revoked, or the one with the number; servers get the new revocation list at once.
    Nothing brings a revoked certificate back: issue a new one.

    \b
    Examples:
      sslutil client-auth revoke anna@example.org
      sslutil client-auth revoke --serial 4f1a2b --reason key-compromise
    """  # noqa: D301
    from sslutil.verbs import client_revoke as verb

    return verb.revoke_clients(run, verb.Request(**typed))


@client_auth.command("list")
@click.option("--valid", "living", is_flag=True, help="Only those that still let somebody in.")
@question
def list_clients(run: Run, living: bool) -> Answer:  # noqa: FBT001  as click calls
    """List who has a certificate, and how it stands."""
    from sslutil.verbs import client_list as verb

    return verb.list_clients(run, living=living)


@client_auth.command()
@click.argument("address", required=False)
@_SERIAL
@question
def show(run: Run, address: str | None, serial: str | None) -> Answer:
    """Show the certificates of somebody."""
    from sslutil.verbs import client_list as verb

    return verb.show_clients(run, address, serial)


@client_auth.group("ca")
@group_options
def authority() -> None:
    """See to the small authority for clients."""


@authority.command("renew")
@click.option("--force", is_flag=True, help="Before it is due.")
@_CA_PASSPHRASE_FILE
@_MAIL_DOMAIN
@changing
def renew_ca(run: Run, **typed: Any) -> Answer:  # noqa: ANN401  the options above
    """Make the next authority, beside the one that is there.

    From then on it signs; the clients of the old one get in until that ends. It holds ten years, and the next is due
    after two thirds of them.
    """
    from sslutil.verbs import client_ca as verb

    return verb.renew_ca(run, **typed)
