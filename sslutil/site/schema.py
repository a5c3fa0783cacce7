"""The schema of site.toml: every key with its default, its bounds and its explanation, and nothing derived."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.keytypes import DEFAULT_KEY_TYPE, KEY_TYPES
from sslutil.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    PROTOCOLS,
    parse_cipher,
    parse_ciphersuite,
    parse_group,
    parse_protocol,
)
from sslutil.site.values import (
    OneOf,
    each_of,
    keep,
    parse_absolute,
    parse_account_group,
    parse_boolean,
    parse_commands,
    parse_fraction,
    parse_line,
    parse_names,
    parse_optional_path,
    parse_versions,
    render_names,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sslutil.names import Identity

VERSION = 1
CUSTOM = "custom"
PLAIN_HTTP = ("offer", "redirect", "closed")
CLIENT_MODES = ("off", "optional", "require")
SELF_SIGNED = "self-signed"
BY_CA = "ca"
SERVICES = {
    "https": None,
    "smtp": 25,
    "submission": 587,
    "submissions": 465,
    "imap": 143,
    "imaps": 993,
    "pop3": 110,
    "pop3s": 995,
    "sieve": 4190,
}
"""What may run on a mail host → its port (IANA, Service Name registry); that of https is the site's own."""
CLIENT_SERVICES = tuple(service for service in SERVICES if service != "smtp")
"""Where a client may be asked for a certificate: on port 25 a refusal would mean plain text (RFC 7435)."""
FROM_FILES = "files"
ISSUERS = (SELF_SIGNED, BY_CA, FROM_FILES)
EXPORTS = (
    "apache",
    "nginx",
    "haproxy",
    "lighttpd",
    "caddy",
    "postfix",
    "dovecot",
    "exim",
    "openssl-conf",
    "gunicorn",
    "uvicorn",
    "hypercorn",
)
HTTPS_STANDARD_PORT = 443
HTTP_STANDARD_PORT = 80
LONGEST_LIFETIME = 825
"""Days. Apple's clients refuse longer ones, from private authorities too (Apple support 103769)."""


CLIENT_LIFETIME = 397
"""Days that a client certificate lives, where nobody says otherwise."""
LONGEST_LIST = 397
"""Days of a revocation list that is to be short."""


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
    choices: tuple[str, ...] = ()
    """The texts that it takes, where they are few."""

    @property
    def key(self) -> str:
        """The dotted key: "site.https_port"."""
        return f"{self.table}.{self.name}"

    def line(self, value: Any) -> str:  # noqa: ANN401  the settings have several types
        """Return the line of site.toml that gives it this value of ours."""
        from json import dumps

        toml = self.render(value)
        return f"{self.name} = {'{ … }' if isinstance(toml, dict) else dumps(toml, ensure_ascii=False)}"


def _setting(
    default: Any,  # noqa: ANN401  a TOML value of any type
    explanation: str,
    parse: Callable[[Any], Any],
    render: Callable[[Any], Any] = keep,
) -> Any:  # noqa: ANN401  dataclasses.field is typed so
    choices = getattr(parse, "choices", ())
    metadata = {"default": default, "explanation": explanation, "parse": parse, "render": render, "choices": choices}
    return field(default_factory=lambda: parse(default), metadata=metadata)


@dataclass(frozen=True)
class SiteTable:
    """[site]: the mail web server itself."""

    names: tuple[Identity, ...] = _setting(
        [],
        "The names users type, the first one foremost: host names, *.wildcards, addresses.",
        parse_names,
        render_names,
    )
    enabled: bool = _setting(True, "false turns the web port to plain http.", parse_boolean)  # noqa: FBT003
    https_port: int = _setting(HTTPS_STANDARD_PORT, "The port of secure mode.", whole_number(1, 65535))
    http_port: int = _setting(HTTP_STANDARD_PORT, "The port of plain http.", whole_number(1, 65535))
    plain_http: str = _setting(
        "offer",
        'What plain http does: "offer" a link to secure mode, "redirect" to it, or stay "closed".',
        OneOf(PLAIN_HTTP),
    )
    hsts_max_age: int = _setting(
        0,
        "Seconds for which browsers refuse plain http to this host, all its ports; 0: not said.",
        whole_number(0, 2**31 - 1, " seconds"),
    )
    services: tuple[str, ...] = _setting(
        ["https"],
        f"What runs under these names, for tlsa: {', '.join(SERVICES)}.",
        each_of(OneOf(SERVICES)),
        list,
    )


@dataclass(frozen=True)
class CertificateTable:
    """[certificate]: who signs, and how."""

    issuer: str = _setting(
        SELF_SIGNED,
        'Who signs: "self-signed"; a "ca", whose answers are imported; "files", which another program renews.',
        OneOf(ISSUERS),
    )
    key_type: str = _setting(DEFAULT_KEY_TYPE, f"One of {', '.join(KEY_TYPES)}.", OneOf(KEY_TYPES))
    lifetime: int = _setting(
        397,
        f"Days that a self-signed certificate lives, 1 to {LONGEST_LIFETIME}.",
        whole_number(1, LONGEST_LIFETIME, " days"),
    )
    renew_at: float = _setting(0.67, "The fraction of the lifetime after which it is renewed.", parse_fraction)
    certificate_file: str = _setting(
        "", 'For "files": the PEM file of the other program with the certificate and its chain.', parse_optional_path
    )
    key_file: str = _setting("", 'For "files": the PEM file of the other program with the key.', parse_optional_path)


@dataclass(frozen=True)
class TlsTable:
    """[tls]: the policy."""

    profile: str = _setting(
        DEFAULT_PROFILE,
        f'One of {", ".join(PROFILES)}; or "{CUSTOM}", with the four lists below.',
        OneOf((*PROFILES, CUSTOM)),
    )
    protocols: tuple[str, ...] = _setting([], f"Of {', '.join(PROTOCOLS)}.", each_of(parse_protocol), list)
    ciphers: tuple[str, ...] = _setting(
        [], "Suites of TLS 1.2 and below, the preferred first.", each_of(parse_cipher), list
    )
    ciphersuites: tuple[str, ...] = _setting([], "Suites of TLS 1.3.", each_of(parse_ciphersuite), list)
    groups: tuple[str, ...] = _setting(
        [], "Groups of the key exchange, the preferred first.", each_of(parse_group), list
    )
    prefer_server_ciphers: bool = _setting(
        False,  # noqa: FBT003
        "For your own lists: true lets the server's order of suites count, not the client's.",
        parse_boolean,
    )
    guideline: str = _setting(
        "", "The guideline and version that your own lists were taken from, for whoever reads this.", parse_line
    )


@dataclass(frozen=True)
class ClientAuthTable:
    """[client_auth]: whether clients show a certificate of their own."""

    mode: str = _setting(
        "off", 'Recommended "off"; "optional" asks for a certificate, "require" insists.', OneOf(CLIENT_MODES)
    )
    own_ca: bool = _setting(
        True,  # noqa: FBT003
        "Whether the clients of the small authority in clients/ are let in, which client-auth issue makes.",
        parse_boolean,
    )
    ca_files: tuple[str, ...] = _setting(
        [], "PEM files with other authorities whose clients are let in.", each_of(parse_absolute), list
    )
    crl_files: tuple[str, ...] = _setting(
        [], "PEM files with those other authorities' revocation lists.", each_of(parse_absolute), list
    )
    crl_days: int = _setting(
        0,
        "Days for which a revocation list of the small authority holds; 0: to the authority's own end.",
        whole_number(0, LONGEST_LIST, " days"),
    )
    depth: int = _setting(1, "The longest chain of authorities above a client's certificate.", whole_number(0, 10))
    services: tuple[str, ...] = _setting(
        ["https"],
        f"Where certificates are asked for: {', '.join(CLIENT_SERVICES)}; smtp never asks.",
        each_of(OneOf(CLIENT_SERVICES)),
        list,
    )


@dataclass(frozen=True)
class DeployTable:
    """[deploy]: what else a change does."""

    exports: tuple[str, ...] = _setting(
        ["apache"],
        "Programs whose configuration each generation carries, by the names that sslutil export lists.",
        each_of(OneOf(EXPORTS)),
        list,
    )
    key_group: str | int = _setting(
        "", "A group, by name or number, that may read the key; none by default.", parse_account_group
    )
    reload: tuple[tuple[str, ...], ...] = _setting(
        [],
        'Commands run after a change, no shell between: [["/usr/bin/systemctl", "reload", "apache2"]].',
        parse_commands,
        lambda commands: [list(argv) for argv in commands],
    )
    keep: int = _setting(10, "How many generations stay on disk.", whole_number(1, 1000))
    versions: tuple[tuple[str, str], ...] = _setting(
        {}, 'Versions that are not the installed ones: { apache = "2.4.62", openssl = "3.5.0" }.', parse_versions, dict
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
