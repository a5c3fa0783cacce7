#!/usr/bin/env python3
"""The reference pages that are made from the catalogues of sslutil, so that they can't say anything else.

Run as `.venv/bin/python docs/generate.py` it writes them anew; with `--check` it names those that are stale, status 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sslutil.exporters import ExportPlan

FOLDER = Path(__file__).parent / "reference"
COMMAND = ".venv/bin/python docs/generate.py"
_NOTE = f"<!-- Made by {COMMAND}: edit the catalogue instead, then run that. -->\n\n"


def pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    makers = {
        "command-line.md": _command_line,
        "forms.md": _forms,
        "key-types.md": _key_types,
        "profiles.md": _profiles,
        "servers.md": _servers,
        "site-toml.md": _site_toml,
        "statuses.md": _statuses,
    }
    return {name: _NOTE + "\n".join(make()) + "\n" for name, make in makers.items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """Return the names of the pages that are not what the catalogues say."""
    return [name for name, text in pages().items() if _read(folder / name) != text]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    yield from ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(*words: str) -> str:
    """Return each word as code."""
    return ", ".join(f"`{word}`" for word in words)


# --- The command line -----------------------------------------------------------------------------------------------


def commands(command: click.Command, path: str = "sslutil") -> Iterator[tuple[str, click.Command]]:
    """Yield each command that does something, with its path: ("sslutil certificate self-sign", …)."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    if hasattr(command, "alone"):
        yield path, command.alone
    for name, child in command.commands.items():
        yield from commands(child, f"{path} {name}")


def options(command: click.Command, path: str) -> dict[str, tuple[str, str]]:
    """Return the heading and explanation of each option of a command, by its longest name."""
    context = click.Context(command, info_name=path)
    records = {max(option.opts, key=len): option for option in command.params if isinstance(option, click.Option)}
    return {name: _help_of(option, context) for name, option in records.items()}


def _help_of(option: click.Option, context: click.Context) -> tuple[str, str]:
    heading, _ = option.get_help_record(context) or ("", "")
    return heading, f"{option.help}{_bounds_of(option.type)}{_default_of(option)}"


def _bounds_of(kind: click.ParamType[Any]) -> str:
    if not isinstance(kind, click.IntRange | click.FloatRange) or kind.max is None:
        return ""
    return f" From {kind.min or 0} to {kind.max}."


def _default_of(option: click.Option) -> str:
    if not option.show_default:
        return ""
    return f" Default: `{option.default:g}`." if isinstance(option.default, float) else f" Default: `{option.default}`."


def _command_line() -> Iterator[str]:
    from sslutil.cli.tree import sslutil

    every = {path: options(command, path) for path, command in commands(sslutil)}
    common = _shared(every.values())
    changing = _shared(found for found in every.values() if "--dry-run" in found)
    yield "# The command line\n"
    yield "    sslutil [--registry-path PATH] [--json] COMMAND [OPTION]… [ARGUMENT]…\n"
    yield "Options stand anywhere after their command; those of every command also before it."
    yield "`-h` and `--help` explain each command and group, as a group does alone;"
    yield "`sslutil configure` alone [asks for everything](../how-to/configure.md) where a person can answer."
    yield "`sslutil --version` says the version."
    yield "How answers, errors and statuses look is on the pages [statuses](statuses.md) and [JSON](json.md).\n"
    yield "## Options of every command\n"
    yield from _list(common)
    yield "\n## Options of every changing command\n"
    yield f"These are {code(*(path for path, found in every.items() if '--dry-run' in found))}.\n"
    yield from _list({name: text for name, text in changing.items() if name not in common})
    seen: dict[click.Command, str] = {}
    for path, command in commands(sslutil):
        if command in seen:
            yield f"\n## {path}\n\nThe same as `{seen[command]}`."
            continue
        seen[command] = path
        known = common | (changing if "--dry-run" in every[path] else {})
        yield from _section(path, command, {name: text for name, text in every[path].items() if name not in known})


def _shared(found: Iterable[dict[str, tuple[str, str]]]) -> dict[str, tuple[str, str]]:
    first, *others = found
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


def _list(found: dict[str, tuple[str, str]]) -> Iterator[str]:
    return (f"* `{heading}`: {explanation}" for heading, explanation in found.values())


def _section(path: str, command: click.Command, own: dict[str, tuple[str, str]]) -> Iterator[str]:
    arguments = [
        param.make_metavar(click.Context(command)) for param in command.params if isinstance(param, click.Argument)
    ]
    yield f"\n## {path}\n"
    yield "    " + " ".join([path, *(["[OPTION]…"] if own else []), *arguments]) + "\n"
    yield from _words(command.help or "")
    if own:
        yield ""
    yield from _list(own)


def _words(text: str) -> Iterator[str]:
    """Yield a help text: sentences on lines of their own, and the examples after click's mark as they stand."""
    prose, _, verbatim = text.partition("\b")
    paragraphs = [" ".join(paragraph.split()) for paragraph in prose.strip().split("\n\n")]
    yield "\n\n".join(paragraph.replace(". ", ".\n") for paragraph in paragraphs)
    examples = [line.strip() for line in verbatim.strip().splitlines()][1:]
    if examples:
        yield "\n" + "\n".join(f"    {line}" for line in examples)


# --- The other catalogues -------------------------------------------------------------------------------------------


def _site_toml() -> Iterator[str]:
    from sslutil.documents.toml import render_value
    from sslutil.site import TABLES, VERSION, settings

    yield "# site.toml\n"
    yield "What the operator wants: the one file that is edited by hand, by a provisioning tool or by commands."
    yield "It is TOML."
    yield f"Its first line is `version = {VERSION}`; an absent key is its default."
    yield "A command that edits it keeps comments, order and tables of your own."
    yield "`sslutil apply` takes it in; [pending edits](../explanation/pending-edits.md) tells what happens until then."
    yield "[files](files.md) tells where it is.\n"
    yield "A key that stood in the file and is now missing is refused where its default would have another effect:"
    yield "a file that was saved only by half must not change what is in force."
    for name, kind in TABLES.items():
        doc = (kind.__doc__ or "").partition(": ")[2].strip().rstrip(".")
        yield f"\n## [{name}]\n"
        yield f"{doc[:1].upper()}{doc[1:]}.\n"
        rows = (
            (f"`{setting.name}`", f"`{render_value(setting.default)}`", _prose(setting.explanation))
            for setting in settings().values()
            if setting.table == name
        )
        yield from table(("key", "default", "what it says"), rows)


def _prose(text: str) -> str:
    return text.replace("*.", "\\*.")


def _statuses() -> Iterator[str]:
    from sslutil.cli.boundary import CHANGED, INTERRUPTED
    from sslutil.errors import SslutilError

    yield "# Exit statuses\n"
    yield "They stay the same for ever; a status that is not here is a failure.\n"
    fixed = [
        (0, "done, or nothing to do"),
        (CHANGED, "only with `--detailed-exitcode`: something changed, or with `--dry-run` would change"),
        (INTERRUPTED, "interrupted by Ctrl-C; after another signal it is 128 and the signal's number"),
    ]
    rows = sorted([*fixed, *{kind.status: kind.meaning for kind in _with_children(SslutilError)}.items()])
    yield from table(("status", "meaning"), ((f"`{status}`", meaning) for status, meaning in rows))
    yield "\nAn error is one sentence on stderr, mostly followed by the command that helps, or by two to choose from:\n"
    yield "    sslutil: error: …\n    sslutil: hint: …\n"
    yield "With `--json` stdout has an object as well, see [JSON](json.md)."


def _with_children(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        yield from _with_children(child)
    yield kind


def _forms() -> Iterator[str]:
    from sslutil.pki.intake.forms import FORMS
    from sslutil.pki.refusals import REFUSALS

    yield "# Forms of an answer, and refusals\n"
    yield "What `sslutil certificate import` and `sslutil certificate show` take, told apart by content, never by name."
    yield "Whatever is not taken is named in a warning.\n"
    yield from table(("form", "what is taken"), ((row.name, row.explanation) for row in FORMS))
    yield "\n## Why a certificate is refused\n"
    yield "What `certificate import`, `certificate follow` and `certificate renew` would not put in force: status 6,"
    yield "and nothing changes. In the order in which a certificate is judged, its issuers after it:"
    for row in REFUSALS.values():
        yield f"\n### {row.name}\n\n    {row.template.replace('{', '<').replace('}', '>')}\n"
        yield from _words(row.explanation)


def _key_types() -> Iterator[str]:
    from sslutil.keytypes import DEFAULT_KEY_TYPE, KEY_TYPES

    yield "# Key types\n"
    yield "The kinds of key for `--key-type` and for `key_type` below `[certificate]` in [site.toml](site-toml.md)."
    yield f"The default is `{DEFAULT_KEY_TYPE}`.\n"
    hashes = {"sha256": "SHA-256", "sha384": "SHA-384", None: "its own"}
    suites = {"ecdsa": "those with ECDSA", "rsa": "those with RSA", None: "none: TLS 1.3 only"}
    rows = (
        (f"`{row.name}`", row.title, hashes[row.signature_hash], suites[row.authentication], row.warning or "none")
        for row in KEY_TYPES.values()
    )
    yield from table(("name", "key", "hash of the signature", "suites of TLS 1.2 that use it", "warning"), rows)
    yield "\nKeys are kept as PKCS#8 in PEM, without a passphrase, readable by their owner alone"
    yield "unless [a group is named](../how-to/key-group.md)."


def _profiles() -> Iterator[str]:
    from sslutil.profiles import CIPHERS, CIPHERSUITES, DEFAULT_PROFILE, GROUPS, PROFILES, PROTOCOLS, UNSTOCKED_CIPHERS
    from sslutil.profiles.clients import GENERATIONS

    yield "# Profiles\n"
    yield "The TLS policies for `profile` below `[tls]` in [site.toml](site-toml.md)."
    yield f"The default is `{DEFAULT_PROFILE}`."
    yield "Names are spelt as OpenSSL does; IANA's and GnuTLS's are taken too."
    yield "[How to choose](../how-to/tls-policy.md) tells the rest."
    for row in PROFILES.values():
        yield f"\n## {row.name}\n"
        yield f"For {row.title}."
        yield f"It follows {row.guideline}.\n"
        yield f"* protocols: {code(*row.protocols)}"
        yield f"* suites of TLS 1.3: {code(*row.ciphersuites)}"
        yield f"* suites of TLS 1.2 and below: {code(*row.ciphers) or 'none'}"
        yield f"* groups of the key exchange: {code(*row.groups)}"
        yield f"* the server's order of suites counts: {'yes' if row.prefer_server_ciphers else 'no'}"
        yield f"* session tickets: {'yes' if row.session_tickets else 'no'}"
        if row.short_keys:
            yield f"* key types that it is giving up: {code(*row.short_keys)}"
    yield "\n## custom\n"
    yield '`profile = "custom"` takes the four lists `protocols`, `ciphers`, `ciphersuites` and `groups`.'
    yield "Beside them, `prefer_server_ciphers` lets the server's order count, `guideline` says where they came from."
    yield "They are made of these names:\n"
    yield f"* protocols: {code(*PROTOCOLS)}"
    yield f"* suites of TLS 1.3: {code(*CIPHERSUITES)}"
    yield f"* suites of TLS 1.2 and below: {code(*CIPHERS)}"
    yield "* groups, and the first OpenSSL that knows them:"
    yield "  " + ", ".join(f"`{name}` ({_version(row.since)})" for name, row in GROUPS.items()) + "\n"
    yield "A group that the OpenSSL at hand does not know is left out of what a server is given,"
    yield "with a comment that says so."
    yield f"OpenSSL offers {code(*sorted(UNSTOCKED_CIPHERS))} only where it was built with weak suites."
    yield "\n## Clients\n"
    yield "These are the oldest clients that TLSRef names for each of its profiles."
    yield "`sslutil configure ciphers --explain` says of each row whether a policy admits it.\n"
    yield from table(("of", "clients"), ((f"`{row.name}`", ", ".join(row.clients)) for row in GENERATIONS))


# --- What each server can express -----------------------------------------------------------------------------------

_DEBIANS = {"Debian 12": (3, 0, 19), "Debian 13": (3, 5, 6)}
"""The two that the tests run → their OpenSSL; rows of EXPORTERS say which versions of the servers they have."""


def _servers() -> Iterator[str]:
    from sslutil.exporters import EXPORTERS

    yield "# Servers\n"
    yield "What `sslutil export` writes for each program, and what it can't say in that program's words."
    yield "What is merely lost is left out, and a comment in the file names it; what would let someone in is refused."
    yield "The tests start each server with these files, on both Debians where it is there,"
    yield "and compare what it offers with what it was told."
    yield "[Web servers](../how-to/web-servers.md), [mail servers](../how-to/mail-servers.md) and"
    yield "[Python servers](../how-to/python-server.md) tell how to use them.\n"
    rows = (
        (
            f"`{row.name}`",
            row.title,
            _version(row.oldest) if row.oldest else "any",
            *(row.proven or ("as OpenSSL", "as OpenSSL")),
            code(*row.files.values()),
            "yes" if row.vhost else "no",
        )
        for row in EXPORTERS.values()
    )
    yield from table(("name", "program", "oldest", *_DEBIANS, "files", "`--vhost`"), rows)
    yield "\n## What is left out\n"
    yield "By the versions of the two Debians, without client certificates, and of which profiles.\n"
    for row in EXPORTERS.values():
        yield f"* {row.title}: {'' if _losses(row.name) else 'nothing'}".rstrip()
        yield from (f"    * {loss} ({where})" for loss, where in _losses(row.name).items())
    yield "\n## Client certificates\n"
    yield "For a site that asks the clients of every service for a certificate."
    yield "What is refused here is an error of status 3, before anything is written.\n"
    yield from table(("name", *(title for title, _ in _CLIENT_SITES)), _client_rows())


def _version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _losses(name: str) -> dict[str, str]:
    """Return what a program can't express → the profiles and the Debians of which that is true."""
    from sslutil.exporters import load_dialect
    from sslutil.profiles import PROFILES

    found: dict[str, dict[str, list[str]]] = {}
    for number, debian in enumerate(_DEBIANS):
        for profile in PROFILES:
            plan = _export_plan(name, number, {"tls.profile": profile})
            for loss in load_dialect(name).find_losses(plan):
                found.setdefault(loss, {}).setdefault(debian, []).append(profile)
    return {loss: _where(by_debian, len(PROFILES)) for loss, by_debian in found.items()}


def _where(profiles_of: dict[str, list[str]], all_profiles: int) -> str:
    words = {debian: "each profile" if len(of) == all_profiles else code(*of) for debian, of in profiles_of.items()}
    if len(words) == len(_DEBIANS) and len(set(words.values())) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{debian}: {of}" for debian, of in words.items())


_CLIENTS = {"client_auth.mode": "require", "client_auth.ca_files": ["/ca.pem"]}
_CLIENT_SITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("required", {}),
    ("depth 2", {"client_auth.depth": 2}),
    ("a revocation list of each authority", {"crl": True}),
    ("a list of some authorities", {"crl": True, "unlisted": ("CN=Other",)}),
)
"""What is asked of a server, and the values of the site, or of the plan, that ask for it."""


def _client_rows() -> Iterator[tuple[str, ...]]:
    from sslutil.exporters import EXPORTERS

    for name in EXPORTERS:
        yield (f"`{name}`", *(_takes(name, asked) for _, asked in _CLIENT_SITES))


def _takes(name: str, asked: dict[str, Any]) -> str:
    from sslutil.errors import SiteError
    from sslutil.exporters import render_export
    from sslutil.site import CLIENT_SERVICES

    of_site = {key: value for key, value in asked.items() if "." in key}
    of_plan = {key: value for key, value in asked.items() if "." not in key}
    values = _CLIENTS | {"client_auth.services": list(CLIENT_SERVICES)} | of_site
    plan = _export_plan(name, 0, values)._replace(**of_plan)
    try:
        render_export(name, plan)
    except SiteError:
        return "refused"
    return "yes"


def _export_plan(name: str, debian: int, values: dict[str, Any]) -> ExportPlan:
    from sslutil.exporters import EXPORTERS, ExportPlan
    from sslutil.plan import make_policy, parse_version
    from sslutil.site import Site, change

    site = change(Site(), {"site.names": ["mail.example.org"], **values})
    proven = EXPORTERS[name].proven
    versions = {name: parse_version(proven[debian])} if proven else {}
    versions["openssl"] = tuple(_DEBIANS.values())[debian]
    return ExportPlan(site, make_policy(site), "/etc/sslutil/current", versions)


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; return the exit status."""
    wrong = stale()
    if "--check" in arguments:
        for name in wrong:
            print(f"docs/reference/{name} is stale; run: {COMMAND}")
        return int(bool(wrong))
    for name in wrong:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
