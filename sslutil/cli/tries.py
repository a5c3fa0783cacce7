"""What people type first, or wrongly, and the exact command that they meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SslutilError, UsageError, command

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from sslutil.cli.options import Look

NAME = "mail.example.org"
"""Stands where a name must stand and none was typed."""
_LONGEST_HINT = 500
_FILE_ENDINGS = (".pem", ".crt", ".cer", ".key", ".csr", ".cnf", ".conf", ".der", ".p12", ".pfx", ".toml", ".txt")


class Try(NamedTuple):
    """What a first try means here."""

    words: tuple[str, ...]
    """Of the command that does it, without the program's name."""
    names: bool = False
    """Whether the names that were typed belong behind it."""
    file: str = ""
    """Stands behind it where no file was typed; empty where it takes none."""
    why: str = ""
    """What else is to be known, after a semicolon."""


_SELF_SIGN = Try(("certificate", "self-sign"), names=True)
_CSR = Try(("certificate", "csr"), names=True)
_STATUS = Try(("status",))
_SHOW = Try(("certificate", "show"))
_HISTORY = Try(("history",))
_PROFILE = Try(("configure", "ciphers", "--list"))
_CLIENTS = Try(("client-auth", "list"))
COMMANDS = {
    **dict.fromkeys(
        ("init", "cert", "certs", "create", "new", "gen", "generate", "make", "selfsign", "selfsigned", "setup"),
        _SELF_SIGN,
    ),
    **dict.fromkeys(("self-signed", "self-sign"), _SELF_SIGN),
    **dict.fromkeys(("req", "request"), _CSR),
    **dict.fromkeys(("renew", "renewal", "update"), Try(("certificate", "renew"))),
    **dict.fromkeys(("cipher", "ciphers", "profile", "protocols", "tls"), _PROFILE),
    **dict.fromkeys(("client", "clients", "mtls", "roster"), _CLIENTS),
    **dict.fromkeys(("import", "install", "adopt"), Try(("certificate", "import"), file="answer.zip")),
    "follow": Try(("certificate", "follow", "--certificate", "fullchain.pem", "--key", "privkey.pem")),
    **dict.fromkeys(("issue", "hand-out"), Try(("client-auth", "issue"), file="anna@example.org")),
    "revoke": Try(("client-auth", "revoke"), file="anna@example.org"),
    **dict.fromkeys(("undo", "revert", "restore"), Try(("rollback",))),
    **dict.fromkeys(("port", "ports"), Try(("configure", "ports", "--https-port", "443"))),
    **dict.fromkeys(("path", "registry", "where"), Try(("registry-path",))),
    **dict.fromkeys(("log", "list", "ls", "generations"), _HISTORY),
    **dict.fromkeys(("info", "show", "view", "inspect", "print"), _SHOW),
    **dict.fromkeys(("check", "doctor", "probe", "verify", "test"), _STATUS),
    **dict.fromkeys(("apache", "apache2", "httpd"), Try(("export", "apache"))),
    **dict.fromkeys(("pkcs12", "p12", "pfx"), Try(("export", "pkcs12", "--out", "mail.p12"))),
    "pem": Try(("export", "pem", "--out", "fullchain.pem")),
    "der": Try(("export", "der", "--out", "mail.cer")),
    **dict.fromkeys(("cron", "schedule", "systemd"), Try(("timer", "install"))),
    "dane": Try(("tlsa",)),
    **dict.fromkeys(("plan", "diff"), Try(("apply", "--dry-run", "--diff"))),
    **dict.fromkeys(("deploy", "reload", "commit"), Try(("apply",))),
    **dict.fromkeys(("start", "on"), Try(("enable",))),
    **dict.fromkeys(("stop", "off"), Try(("disable",))),
    "version": Try(("--version",)),
    "help": Try(("--help",)),
    **dict.fromkeys(("wizard", "config", "configuration"), Try(("configure",))),
}
"""First words that are no command of ours → the command that does it."""

OPTIONS = {
    **dict.fromkeys(("--cn", "-d", "--domain", "--domains", "--san", "--name", "--names", "--host"), _SELF_SIGN),
    **dict.fromkeys(("--subj", "--subject", "--hostname"), _SELF_SIGN),
    "--self-signed": Try(("certificate", "--self-signed"), names=True),
    "--bits": Try(("certificate", "self-sign", "--key-type", "rsa3072"), names=True),
    "--rsa": Try(("certificate", "self-sign", "--key-type", "rsa2048"), names=True),
    "--force-renewal": Try(("certificate", "renew", "--force")),
    **dict.fromkeys(("-v", "-V"), Try(("--version",))),
}
"""Options of other programs → the command that does it here."""

TWINS = {
    **dict.fromkeys(("-o", "--output", "--file"), "--out"),
    **dict.fromkeys(("-n", "--check", "--check-mode", "--simulate", "--noop"), "--dry-run"),
    **dict.fromkeys(("-f", "--overwrite"), "--force"),
    **dict.fromkeys(("--port", "-p"), "--https-port"),
    **dict.fromkeys(("--lifetime", "--validity"), "--days"),
    **dict.fromkeys(("--type", "--algorithm", "--algo", "-t"), "--key-type"),
    **dict.fromkeys(("--group", "-g"), "--key-group"),
    **dict.fromkeys(("--registry", "--path", "--dir"), "--registry-path"),
}
"""Options of other programs → ours of the same meaning, where the command has it."""

EXAMPLES = {
    "--registry-path": "/etc/sslutil",
    "--wait": "30",
    "--out": "-",
    "--key": "privkey.pem",
    "--certificate": "fullchain.pem",
    "--key-type": "p256",
    "--key-group": "www-data",
    "--organization": "Example Ltd",
    "--unit": "Mail",
    "--locality": "Vienna",
    "--state": "Vienna",
    "--country": "AT",
    "--email": "postmaster@example.org",
    "--discard": "1",
    "--starttls": "smtp",
    "--passphrase-file": "passphrase",
    "--friendly-name": "mail",
    "--split": ".",
    "--form": "generic",
    "--ttl": "3600",
    "--port": "25",
    "--days": "397",
    "--https-port": "443",
    "--http-port": "80",
    "--plain-http": "offer",
    "--hsts-max-age": "0",
    "--service": "imaps",
    "--profile": "intermediate",
    "--protocol": "TLSv1.3",
    "--cipher": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "--ciphersuite": "TLS_AES_128_GCM_SHA256",
    "--group": "X25519",
    "--guideline": "6.0.json",
    "--server-version": "2.4.62",
    "--openssl-version": "3.5.0",
    "--mode": "off",
    "--ca": "their-ca.pem",
    "--crl": "their-ca.crl",
    "--crl-days": "30",
    "--depth": "1",
    "--name": "Anna",
    "--format": "pem",
    "--csr": "anna.csr",
    "--ca-passphrase-file": "passphrase",
    "--from": "people.csv",
    "--mail-domain": "example.org",
    "--overlap": "14",
    "--serial": "4f1a2b",
    "--reason": "key-compromise",
}
"""A value for each option that takes one, for whoever typed none."""

ARGUMENTS = {"files": "answer.zip", "address": "anna@example.org"}
"""A word for each argument that must be there, for whoever typed none."""


def explain(fault: click.ClickException, argv: list[str]) -> UsageError:
    """Return what click refused as one sentence of ours, with the command that was probably meant."""
    import click

    path = fault.ctx.command_path.rstrip() if isinstance(fault, click.UsageError) and fault.ctx else "sslutil"
    if isinstance(fault, click.NoSuchOption):
        return _explain_option(fault, path, argv)
    if isinstance(fault, click.NoSuchCommand):
        return _explain_command(fault, path, argv)
    if isinstance(fault, click.BadOptionUsage):
        return _explain_value(fault.option_name, argv)
    if isinstance(fault, click.MissingParameter) and fault.param and fault.param.name in ARGUMENTS:
        typed = command("sslutil", *argv, ARGUMENTS[fault.param.name])
        return UsageError(f"{path} needs {fault.param.metavar} behind it".replace("|-...", ""), typed)
    message = " ".join(fault.format_message().split()).rstrip(".")
    surplus = re.fullmatch(r"Got unexpected extra arguments? \((.*)\)", message)
    if surplus:
        kept = [word for word in argv if word not in {surplus[1], *surplus[1].split()}]
        return UsageError(f"{path} takes no argument {surplus[1]}", command("sslutil", *kept))
    return UsageError(message[:1].lower() + message[1:], f"{path} --help")


def complete(error: SslutilError, look: Look) -> SslutilError:
    """Return an error with the whole command line as its hint, where what was typed needs but a word to do."""
    if error.account:
        sudo = ("sudo",) if error.account == "root" else ("sudo", "-u", error.account)
        error.hint = command(*sudo, "sslutil", *look.argv)
    if error.added and error.added[0] not in look.argv:  # what was typed already is no cure
        options = look.argv.index("--") if "--" in look.argv else len(look.argv)
        error.hint = command("sslutil", *look.argv[:options], *error.added, *look.argv[options:])
    if isinstance(error, UsageError):
        retyped = _retype(look.argv, error.typed, error.near or (NAME,))
        advice = f"  # {error.hint}" if error.hint and not error.near else ""
        error.hint = f"{retyped}{advice}" if retyped else error.hint or f"{look.command_path} --help"
    return error


def _explain_command(fault: click.NoSuchCommand, path: str, argv: list[str]) -> UsageError:
    typed = fault.command_name
    message = f"{path} has no command {typed}"
    near = next(iter(fault.possibilities or ()), "")
    meant = COMMANDS.get(typed.lower()) or (None if near else COMMANDS.get(_find_near(typed, COMMANDS)))
    if meant:
        return UsageError(f"{message}; {meant.why}" if meant.why else message, _fill(meant, typed, argv))
    if near:
        return UsageError(f"{message}; did you mean {near}?", typed=typed, near=(near,))
    return UsageError(message, f"{path} --help")


def _find_near(typed: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(typed, list(known), 1, 0.75)), "")


def _explain_option(fault: click.NoSuchOption, path: str, argv: list[str]) -> UsageError:
    name = fault.option_name
    message = f"{path} has no option {name}"
    known = {option: param for param in fault.ctx.command.params for option in param.opts} if fault.ctx else {}
    near = TWINS.get(name, "") if TWINS.get(name) in known else ""
    meant = OPTIONS.get(name) or OPTIONS.get(_find_near(name, () if fault.possibilities else OPTIONS))
    if meant and not near:
        return UsageError(message, _fill(_CSR if meant is _SELF_SIGN and path.endswith("csr") else meant, name, argv))
    near = near or next(iter(fault.possibilities or ()), "")
    if near:
        needs_value = argv[-1] == name and not getattr(known.get(near), "is_flag", True)
        value = (EXAMPLES[near],) if needs_value else ()
        return UsageError(f"{message}; did you mean {near}?", typed=name, near=(near, *value))
    return UsageError(message, f"{path} --help")


def _explain_value(option: str, argv: list[str]) -> UsageError:
    """Explain an option without its value, or a switch with one."""
    if argv[-1:] == [option]:
        return UsageError(f"{option} needs a value behind it", command("sslutil", *argv, EXAMPLES[option]))
    typed = next((word for word in argv if word.startswith(f"{option}=")), option)
    return UsageError(f"{option} takes no value", typed=typed, near=(option,))


def _fill(meant: Try, typed: str, argv: list[str]) -> str:
    """Return the command that was meant, with the names that were typed."""
    if meant.file:
        return _line((*meant.words, *(_typed_others(typed, argv) or (meant.file,))), argv)
    return _line((*meant.words, *(_typed_names(typed, argv) if meant.names else ())), argv)


def _line(words: list[str] | tuple[str, ...], argv: list[str]) -> str:
    """Return a command for the registry that the typed one was for."""
    return command("sslutil", *words, *_typed_registry(argv))


def _typed_others(typed: str, argv: list[str]) -> tuple[str, ...]:
    """Return the words besides the one that is at fault and the registry."""
    return tuple(word for word in argv if word not in {typed, *_typed_registry(argv)})


def _typed_names(typed: str, argv: list[str]) -> tuple[str, ...]:
    """Return what look like names among the words, those in DNS:NAME, CN=NAME and A,B taken apart; else NAME."""
    parts = [part for word in _typed_others(typed, argv) for part in re.split(r"[,=]|/CN=|(?:DNS|IP):", word)]
    return tuple(dict.fromkeys(part for part in parts if _is_name(part))) or (NAME,)


def _is_name(text: str) -> bool:
    from sslutil.names import parse_identity

    if text.startswith("-") or "." not in text or text.lower().endswith(_FILE_ENDINGS):
        return False
    try:
        parse_identity(text)
    except UsageError:
        return False
    return True


def _typed_registry(argv: list[str]) -> tuple[str, ...]:
    for index, word in enumerate(argv):
        if word == "--registry-path":
            return tuple(argv[index : index + 2])
        if word.startswith("--registry-path="):
            return (word,)
    return ()


def _retype(argv: list[str], typed: str | None, near: tuple[str, ...]) -> str:
    """Return the typed command line with one word exchanged; empty where that word is not there as it is."""
    words = [word for old in argv for word in _exchange(old, typed, near)]
    line = command("sslutil", *words)
    return line if words != argv and len(line) <= _LONGEST_HINT else ""


def _exchange(word: str, typed: str | None, near: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words in the place of one, which may be --OPTION=VALUE."""
    if word == typed:
        return near
    option, equals, value = word.partition("=")
    if equals and option.startswith("-"):
        return ("=".join(near[0] if part == typed else part for part in (option, value)),)
    return (word,)
