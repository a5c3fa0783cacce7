"""What the operator wants: the schema of site.toml, with every default, check and explanation."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import SettingError, SiteError, SslutilError
from sslutil.keytypes import DEFAULT_KEY_TYPE, KEY_TYPES
from sslutil.names import Identity, parse_identities
from sslutil.profiles import (
    CIPHERS,
    DEFAULT_PROFILE,
    PROFILES,
    PROTOCOLS,
    parse_cipher,
    parse_ciphersuite,
    parse_group,
    parse_protocol,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VERSION = 1
CUSTOM = "custom"
PLAIN_HTTP = ("offer", "redirect", "closed")
CLIENT_MODES = ("off", "optional", "require")
ISSUERS = ("self-signed",)
EXPORTS = ("apache",)
VERSIONED_PROGRAMS = ("apache", "openssl")
HTTPS_STANDARD_PORT = 443
HTTP_STANDARD_PORT = 80
LONGEST_LIFETIME = 825
"""Days. Apple's clients refuse longer ones, from private authorities too (Apple support 103769)."""


class Setting(NamedTuple):
    """One key of site.toml."""

    table: str
    name: str
    default: Any
    """As TOML would give it."""
    explanation: str
    parse: Callable[[Any], Any]
    """TOML's value → ours; raises SslutilError or ValueError with half a sentence."""
    render: Callable[[Any], Any]
    """Our value → what is written into site.toml."""

    @property
    def key(self) -> str:
        """The dotted key: "site.https_port"."""
        return f"{self.table}.{self.name}"


def _same(value: Any) -> Any:  # noqa: ANN401  a TOML value of any type
    return value


def _setting(
    default: Any,  # noqa: ANN401  a TOML value of any type
    explanation: str,
    parse: Callable[[Any], Any],
    render: Callable[[Any], Any] = _same,
) -> Any:  # noqa: ANN401  dataclasses.field is typed so
    metadata = {"default": default, "explanation": explanation, "parse": parse, "render": render}
    return field(default_factory=lambda: parse(default), metadata=metadata)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004  half a sentence for the judge
    return value


def _whole(low: int, high: int, unit: str = "") -> Callable[[object], int]:
    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"is a whole number from {low} to {high}{unit}")
        return value

    return parse


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 0.95:  # noqa: PLR2004
        raise ValueError("is a fraction from 0.1 to 0.95")
    return float(value)


def _one_of(choices: Iterable[str]) -> Callable[[object], str]:
    allowed = tuple(choices)

    def parse(value: object) -> str:
        if value not in allowed:
            from difflib import get_close_matches

            near = get_close_matches(str(value), allowed, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"is one of {', '.join(allowed)}{meant}")
        return str(value)

    return parse


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('is a list of texts: ["…", "…"]')
    return tuple(value)


def _each(parse_one: Callable[[str], str]) -> Callable[[object], tuple[str, ...]]:
    def parse(value: object) -> tuple[str, ...]:
        return tuple(dict.fromkeys(parse_one(text) for text in _strings(value)))

    return parse


def _identities(value: object) -> tuple[Identity, ...]:
    return parse_identities(_strings(value))


def _absolute(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"names files by absolute paths, and {text} is none")
    return text


def _commands(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError('is a list of commands, each a list of words: [["/usr/bin/systemctl", "reload", "apache2"]]')  # noqa: TRY004
    commands = []
    for argv in value:
        if not isinstance(argv, list | tuple) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError('holds lists of words, never a shell line: [["/usr/bin/systemctl", "reload", "apache2"]]')
        if not argv[0].startswith("/") or any("\0" in word for word in argv):
            raise ValueError(f"names programs by absolute paths, and {argv[0]} is none")
        commands.append(tuple(argv))
    return tuple(commands)


def _group(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and value < 0):
        raise ValueError("is a group's name or number")
    return value


def _versions(value: object) -> tuple[tuple[str, str], ...]:
    example = 'is a table such as { apache = "2.4.62", openssl = "3.5.0" }'
    if isinstance(value, tuple):
        value = dict(value)
    if not isinstance(value, dict):
        raise ValueError(example)  # noqa: TRY004  half a sentence for the judge
    for program, version in value.items():
        _one_of(VERSIONED_PROGRAMS)(program)
        if not isinstance(version, str) or not version or not all(part.isdigit() for part in version.split(".")):
            raise ValueError(example)
    return tuple(sorted(value.items()))


def _render_identities(names: tuple[Identity, ...]) -> list[str]:
    return [name.unicode for name in names]


@dataclass(frozen=True)
class SiteTable:
    """[site]: the mail web server itself."""

    names: tuple[Identity, ...] = _setting(
        [],
        "The names users type, the first one foremost: host names, *.wildcards, addresses.",
        _identities,
        _render_identities,
    )
    enabled: bool = _setting(True, "false turns the web port to plain http.", _boolean)  # noqa: FBT003
    https_port: int = _setting(HTTPS_STANDARD_PORT, "The port of secure mode.", _whole(1, 65535))
    http_port: int = _setting(HTTP_STANDARD_PORT, "The port of plain http.", _whole(1, 65535))
    plain_http: str = _setting(
        "offer",
        'What plain http does: "offer" a link to secure mode, "redirect" to it, or stay "closed".',
        _one_of(PLAIN_HTTP),
    )
    hsts_max_age: int = _setting(
        0,
        "Seconds for which browsers refuse plain http to this host, all its ports; 0: not said.",
        _whole(0, 2**31 - 1, " seconds"),
    )


@dataclass(frozen=True)
class CertificateTable:
    """[certificate]: who signs, and how."""

    issuer: str = _setting("self-signed", 'Who signs: "self-signed".', _one_of(ISSUERS))
    key_type: str = _setting(DEFAULT_KEY_TYPE, f"One of {', '.join(KEY_TYPES)}.", _one_of(KEY_TYPES))
    lifetime: int = _setting(
        397,
        f"Days that a self-signed certificate lives, 1 to {LONGEST_LIFETIME}.",
        _whole(1, LONGEST_LIFETIME, " days"),
    )
    renew_at: float = _setting(0.67, "The fraction of the lifetime after which it is renewed.", _fraction)


@dataclass(frozen=True)
class TlsTable:
    """[tls]: the policy."""

    profile: str = _setting(
        DEFAULT_PROFILE,
        f'One of {", ".join(PROFILES)}; or "{CUSTOM}", with the four lists below.',
        _one_of((*PROFILES, CUSTOM)),
    )
    protocols: tuple[str, ...] = _setting([], f"Of {', '.join(PROTOCOLS)}.", _each(parse_protocol), list)
    ciphers: tuple[str, ...] = _setting(
        [], "Suites of TLS 1.2 and below, the preferred first.", _each(parse_cipher), list
    )
    ciphersuites: tuple[str, ...] = _setting([], "Suites of TLS 1.3.", _each(parse_ciphersuite), list)
    groups: tuple[str, ...] = _setting([], "Groups of the key exchange, the preferred first.", _each(parse_group), list)


@dataclass(frozen=True)
class ClientAuthTable:
    """[client_auth]: whether clients show a certificate of their own."""

    mode: str = _setting(
        "off", 'Recommended "off"; "optional" asks for a certificate, "require" insists.', _one_of(CLIENT_MODES)
    )
    ca_files: tuple[str, ...] = _setting(
        [], "PEM files with the authorities whose clients are let in.", _each(_absolute), list
    )
    crl_files: tuple[str, ...] = _setting(
        [], "PEM files with those authorities' revocation lists.", _each(_absolute), list
    )
    depth: int = _setting(1, "The longest chain of authorities above a client's certificate.", _whole(0, 10))


@dataclass(frozen=True)
class DeployTable:
    """[deploy]: what else a change does."""

    exports: tuple[str, ...] = _setting(
        ["apache"],
        f"Servers whose configuration each generation carries: {', '.join(EXPORTS)}.",
        _each(_one_of(EXPORTS)),
        list,
    )
    key_group: str | int = _setting("", "A group, by name or number, that may read the key; none by default.", _group)
    reload: tuple[tuple[str, ...], ...] = _setting(
        [],
        'Commands run after a change, no shell between: [["/usr/bin/systemctl", "reload", "apache2"]].',
        _commands,
        lambda commands: [list(argv) for argv in commands],
    )
    keep: int = _setting(10, "How many generations stay on disk.", _whole(1, 1000))
    versions: tuple[tuple[str, str], ...] = _setting(
        {}, 'Versions that are not the installed ones: { apache = "2.4.62", openssl = "3.5.0" }.', _versions, dict
    )


@dataclass(frozen=True)
class Site:
    """The whole of site.toml, judged; an absent key is its default."""

    site: SiteTable = field(default_factory=SiteTable)
    certificate: CertificateTable = field(default_factory=CertificateTable)
    tls: TlsTable = field(default_factory=TlsTable)
    client_auth: ClientAuthTable = field(default_factory=ClientAuthTable)
    deploy: DeployTable = field(default_factory=DeployTable)

    def value(self, key: str) -> Any:  # noqa: ANN401  the settings have several types
        """Return the value of a dotted key."""
        table, _, name = key.partition(".")
        return getattr(getattr(self, table), name)


TABLES: dict[str, Any] = {
    "site": SiteTable,
    "certificate": CertificateTable,
    "tls": TlsTable,
    "client_auth": ClientAuthTable,
    "deploy": DeployTable,
}


@cache
def settings() -> dict[str, Setting]:
    """Return every setting by its dotted key, in the order of the file."""
    return {
        setting.key: setting
        for table, kind in TABLES.items()
        for setting in (Setting(table, part.name, **part.metadata) for part in fields(kind))
    }


def judge(values: Mapping[str, Any]) -> Site:
    """Return the site that a parsed site.toml describes.

    Tables that are not ours are kept by the file and ignored here. Raises SiteError with the key at fault.
    """
    if "version" not in values:
        message = "version is missing"
        raise SiteError(message, f"write version = {VERSION} as the first line", key="version")
    if values["version"] != VERSION or isinstance(values["version"], bool):
        message = f"version is {VERSION}, the only one there is"
        raise SiteError(message, f"write version = {VERSION}", key="version")
    for name, value in values.items():
        _judge_top(name, value)
    site = Site(**{table: _judge_table(table, values.get(table, {})) for table in TABLES})
    judge_whole(site)
    return site


def _judge_top(name: str, value: object) -> None:
    if name == "version" or name in TABLES:
        if name in TABLES and not isinstance(value, dict):
            message = f"{name} is a table"
            raise SiteError(message, f"write [{name}] on a line of its own", key=name)
        return
    if not isinstance(value, dict):
        owner = next((setting.table for setting in settings().values() if setting.name == name), "")
        message = f"unknown key {name}" + (f"; it belongs below [{owner}]" if owner else "")
        raise SiteError(message, f"move the line below [{owner}]" if owner else "remove the line", key=name)
    _refuse_misspelt(name, TABLES, name, "table")


def _refuse_misspelt(name: str, known: Iterable[str], key: str, what: str) -> None:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, 0.8)
    if near:
        message = f"unknown {what} {name}; did you mean {near[0]}?"
        raise SiteError(message, f"write {near[0]} instead", key=key)


def _judge_table(table: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  one of the five tables
    known = {setting.name: setting for setting in settings().values() if setting.table == table}
    parsed = {}
    for name, value in values.items():
        key = f"{table}.{name}"
        setting = known.get(name)
        if setting is None:
            _refuse_misspelt(name, known, key, "key")
            message = f"unknown key {name}; [{table}] has {', '.join(known)}"
            raise SiteError(message, "remove the line", key=key)
        parsed[name] = judge_value(setting, value)
    return TABLES[table](**parsed)


def judge_value(setting: Setting, value: Any) -> Any:  # noqa: ANN401  the settings have several types
    """Return our value of one setting for TOML's; raises SettingError with the setting's key."""
    try:
        return setting.parse(value)
    except ValueError as fault:
        message = f"{setting.name} {fault}"
        raise SettingError(message, setting.explanation, key=setting.key) from fault
    except SslutilError as fault:
        raise SettingError(fault.message, fault.hint, key=setting.key) from fault


def change(site: Site, values: Mapping[str, Any]) -> Site:
    """Return the site with some keys changed, judged; `values` are TOML's, by dotted key."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        setting = settings()[key]
        tables.setdefault(setting.table, {})[setting.name] = judge_value(setting, value)
    changed = replace(site, **{table: replace(getattr(site, table), **parts) for table, parts in tables.items()})
    judge_whole(changed)
    return changed


def judge_whole(site: Site) -> None:
    """Raise SiteError for what no single key shows: settings that contradict or would harm one another."""
    _judge_ports(site.site)
    _judge_hsts(site)
    _judge_tls(site)
    _judge_clients(site.client_auth)


def _judge_ports(web: SiteTable) -> None:
    if web.https_port == web.http_port:
        message = f"https_port and http_port are both {web.https_port}"
        raise SiteError(message, "sslutil configure ports --https-port 443 --http-port 80", key="site.http_port")
    if not web.enabled and web.plain_http == "closed":
        message = 'enabled = false with plain_http = "closed" would leave users no way in'
        raise SiteError(message, "sslutil configure ports --plain-http offer", key="site.enabled")


def _judge_hsts(site: Site) -> None:
    if not site.site.hsts_max_age:
        return
    if site.certificate.issuer == "self-signed":
        # RFC 6797 section 8.4 and 12.1: with HSTS a certificate warning can't be clicked away.
        message = "HSTS with a self-signed certificate would lock every user out"
        raise SiteError(message, "sslutil configure ports --hsts-max-age 0", key="site.hsts_max_age")


def _judge_tls(site: Site) -> None:
    tls = site.tls
    lists = {"protocols": tls.protocols, "ciphers": tls.ciphers, "ciphersuites": tls.ciphersuites, "groups": tls.groups}
    if tls.profile != CUSTOM:
        given = next((name for name, value in lists.items() if value), None)
        if given:
            message = f'{given} is read only with profile = "{CUSTOM}", and the profile is {tls.profile}'
            raise SiteError(message, f'write profile = "{CUSTOM}", or remove {given}', key=f"tls.{given}")
        protocols, ciphers = PROFILES[tls.profile].protocols, PROFILES[tls.profile].ciphers
    else:
        _judge_custom(tls)
        protocols, ciphers = tls.protocols, tls.ciphers
    _judge_key_fits(site.certificate.key_type, protocols, ciphers)


def _judge_custom(tls: TlsTable) -> None:
    older = [protocol for protocol in tls.protocols if protocol != "TLSv1.3"]
    needed = {
        "protocols": not tls.protocols,
        "ciphers": bool(older) and not tls.ciphers,
        "ciphersuites": "TLSv1.3" in tls.protocols and not tls.ciphersuites,
        "groups": not tls.groups,
    }
    missing = next((name for name, lacks in needed.items() if lacks), None)
    if missing:
        message = f'profile = "{CUSTOM}" needs {missing}'
        raise SiteError(message, f"write {missing} = [ … ] below [tls], or name a profile", key=f"tls.{missing}")
    order = [protocol for protocol in PROTOCOLS if protocol in tls.protocols]
    first, last = PROTOCOLS.index(order[0]), PROTOCOLS.index(order[-1])
    if len(order) != last - first + 1:
        message = f"protocols leaves a gap between {order[0]} and {order[-1]}, and TLS clients can't jump over one"
        raise SiteError(message, f"write protocols = {list(PROTOCOLS[first : last + 1])}", key="tls.protocols")


def _judge_key_fits(key_type: str, protocols: Iterable[str], ciphers: Iterable[str]) -> None:
    if "TLSv1.3" in protocols:
        return
    wanted = KEY_TYPES[key_type].authentication
    if not any(CIPHERS[cipher].authentication == wanted for cipher in ciphers):
        message = f"no suite of the list can be used with a key of type {key_type}: no client could connect"
        raise SiteError(message, "add TLSv1.3 to protocols, or suites that fit the key", key="tls.ciphers")


def _judge_clients(clients: ClientAuthTable) -> None:
    if clients.mode != "off" and not clients.ca_files:
        effect = "would lock every client out" if clients.mode == "require" else "would know no client"
        message = f'mode = "{clients.mode}" without an authority in ca_files {effect}'
        raise SiteError(
            message, 'name the authority\'s PEM file in ca_files, or write mode = "off"', key="client_auth.mode"
        )
