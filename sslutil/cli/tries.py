"""What people type first, or wrongly, and the exact command that they meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sslutil.errors import UsageError, command

if TYPE_CHECKING:
    import click

_SELF_SIGN = "sslutil certificate self-sign mail.example.org"
_PROFILE = 'write profile = "modern" below [tls] in site.toml, then: sslutil apply'
COMMANDS = {
    "init": _SELF_SIGN,
    "cert": _SELF_SIGN,
    "certs": _SELF_SIGN,
    "create": _SELF_SIGN,
    "new": _SELF_SIGN,
    "gen": _SELF_SIGN,
    "generate": _SELF_SIGN,
    "selfsigned": _SELF_SIGN,
    "self-signed": _SELF_SIGN,
    "self-sign": _SELF_SIGN,
    "req": "sslutil certificate csr mail.example.org",
    "request": "sslutil certificate csr mail.example.org",
    "renew": "sslutil certificate renew",
    "ciphers": _PROFILE,
    "ports": "sslutil configure ports --https-port 443",
    "path": "sslutil registry-path",
    "registry": "sslutil registry-path",
    "log": "sslutil history",
    "list": "sslutil history",
    "info": "sslutil status",
    "show": "sslutil status",
    "apache": "sslutil export apache",
    "start": "sslutil enable",
    "stop": "sslutil disable",
    "version": "sslutil --version",
    "help": "sslutil --help",
}
"""First words that are no command of ours → the command that does it."""

OPTIONS = {
    "--cn": _SELF_SIGN,
    "-d": _SELF_SIGN,
    "--domain": _SELF_SIGN,
    "--domains": _SELF_SIGN,
    "--san": _SELF_SIGN,
    "--name": _SELF_SIGN,
    "--names": _SELF_SIGN,
    "--subj": _SELF_SIGN,
    "--self-signed": "sslutil certificate --self-signed mail.example.org",
    "--bits": "sslutil certificate self-sign --key-type rsa3072",
    "--rsa": "sslutil certificate self-sign --key-type rsa2048",
    "--force-renewal": "sslutil certificate renew --force",
    "-v": "sslutil --version",
    "-V": "sslutil --version",
}
"""Options of other programs → the command that does it here."""


def explain(fault: click.ClickException) -> UsageError:
    """Return what click refused as one sentence of ours, with the command that was probably meant."""
    import click

    context = getattr(fault, "ctx", None)
    path = context.command_path if context else "sslutil"
    if isinstance(fault, click.NoSuchOption):
        return _explain_option(fault, path)
    if isinstance(fault, click.NoSuchCommand):
        return _explain_command(fault, path)
    if isinstance(fault, click.BadParameter) and fault.param and isinstance(fault.param.type, click.Choice):
        return _explain_choice(fault, fault.param, path)
    message = " ".join(fault.format_message().split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], f"{path} --help")


def _explain_command(fault: click.NoSuchCommand, path: str) -> UsageError:
    typed = fault.command_name
    meant = COMMANDS.get(typed.lower(), "")
    message = f"{path} has no command {typed}"
    if meant and not meant.startswith(f"{path} {typed} "):
        return UsageError(message, meant)
    if fault.possibilities:
        near = fault.possibilities[0]
        return UsageError(f"{message}; did you mean {near}?", f"{path} {near}")
    return UsageError(message, f"{path} --help")


def _explain_option(fault: click.NoSuchOption, path: str) -> UsageError:
    name = fault.option_name
    if name in OPTIONS:
        return UsageError(f"{path} has no option {name}", OPTIONS[name])
    near = fault.possibilities[0] if fault.possibilities else ""
    if near:
        return UsageError(f"{path} has no option {name}; did you mean {near}?", f"{path} {near}")
    return UsageError(f"{path} has no option {name}", f"{path} --help")


def _explain_choice(fault: click.BadParameter, param: click.Parameter, path: str) -> UsageError:
    from difflib import get_close_matches

    option = param.opts[0]
    choices = [str(choice) for choice in cast("click.Choice[str]", param.type).choices]
    typed = fault.message.split("'")[1] if "'" in fault.message else ""
    near = next(iter(get_close_matches(typed, choices, 1, 0.5)), "")
    meant = f"; did you mean {near}?" if near else f"; it is one of {', '.join(choices)}"
    hint = command(*path.split(), option, near) if near else f"{path} --help"
    return UsageError(f"{option} can't be {typed}{meant}", hint)
