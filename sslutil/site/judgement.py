"""Whether a site can be taken: key by key, then as a whole. A flag and a hand edit meet the same judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sslutil.errors import SettingError, SiteError, SslutilError, UsageError
from sslutil.keytypes import KEY_TYPES
from sslutil.profiles import GROUPS, PROFILES, PROTOCOLS
from sslutil.profiles.clients import find_usable
from sslutil.site.schema import (
    CUSTOM,
    FROM_FILES,
    HTTP_STANDARD_PORT,
    HTTPS_STANDARD_PORT,
    SELF_SIGNED,
    SERVICES,
    TABLES,
    VERSION,
    CertificateTable,
    ClientAuthTable,
    Setting,
    Site,
    SiteTable,
    TlsTable,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sslutil.profiles.clients import Offer

_LONGEST_QUOTE = 60
_LIKELY = 0.7
_FOREIGN = 0.8
"""A table of another program's may resemble one of ours a little: [tools] is not [tls]."""


def judge(values: Mapping[str, Any]) -> Site:
    """Return the site that a parsed site.toml describes.

    Tables that are not ours are kept by the file and ignored here. Raises SiteError with the key at fault.
    """
    if "version" not in values:
        message = "version is missing"
        raise SiteError(message, f"write version = {VERSION} as the first line", key="version")
    if values["version"] != VERSION or type(values["version"]) is not int:
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
    tables = value if isinstance(value, list) and value else [value]
    if not all(isinstance(table, dict) for table in tables):
        owner = next((setting.table for setting in settings().values() if setting.name == name), "")
        message = f"unknown key {name}" + (f"; it belongs below [{owner}]" if owner else "")
        raise SiteError(message, f"move the line below [{owner}]" if owner else "remove the line", key=name)
    _refuse_misspelt(name, TABLES, name, "table", _FOREIGN)


def _refuse_misspelt(name: str, known: Iterable[str], key: str, what: str, likeness: float) -> None:
    near = _find_near(name, known, likeness)
    if near:
        message = f"unknown {what} {name}; did you mean {near}?"
        raise SiteError(message, f"write {near} instead", key=key)


def _find_near(typed: str, known: Iterable[str], likeness: float = _LIKELY) -> str:
    """Return the known word that was probably meant, or an empty string."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(typed.lower(), list(known), 1, likeness)), "")


def _quote(value: object) -> str:
    """Return a value of the file as it stands there, or so much of it as a sentence bears."""
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "so long a number"
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _judge_table(table: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401  one of the five tables
    known = {setting.name: setting for setting in settings().values() if setting.table == table}
    parsed = {}
    for name, value in values.items():
        key = f"{table}.{name}"
        setting = known.get(name)
        if setting is None:
            _refuse_misspelt(name, known, key, "key", _LIKELY)
            message = f"unknown key {name}; [{table}] has {', '.join(known)}"
            raise SiteError(message, "remove the line", key=key)
        parsed[name] = judge_value(setting, value)
    return TABLES[table](**parsed)


def judge_value(setting: Setting, value: Any) -> Any:  # noqa: ANN401  the settings have several types
    """Return our value of one setting for TOML's; raises SettingError with the setting's key."""
    try:
        return setting.parse(value)
    except ValueError as fault:
        near = _find_near(value, setting.choices) if isinstance(value, str) else ""
        meant = f"; did you mean {near}?" if near else ""
        message = f"{setting.name} {fault}, not {_quote(value)}{meant}"
        hint = f"write {setting.line(near or setting.parse(setting.default))}"
        raise SettingError(message, hint, key=setting.key, near=near) from fault
    except SslutilError as fault:
        better = fault.near if isinstance(fault, UsageError) else ()
        hint = f'write "{better[0]}" instead' if better else fault.hint or "remove it"
        raise SettingError(fault.message, hint, key=setting.key) from fault


def change(site: Site, values: Mapping[str, Any]) -> Site:
    """Return the site with some keys changed, judged; `values` are TOML's, by dotted key."""
    changed = lay(site, values)
    judge_whole(changed)
    return changed


def lay(site: Site, values: Mapping[str, Any]) -> Site:
    """Return the site with some keys changed, each of them judged, but not yet what no single key shows."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        setting = settings()[key]
        tables.setdefault(setting.table, {})[setting.name] = judge_value(setting, value)
    return replace(site, **{table: replace(getattr(site, table), **parts) for table, parts in tables.items()})


def judge_whole(site: Site) -> None:
    """Raise SiteError for what no single key shows: settings that contradict or would harm one another."""
    _judge_ports(site.site)
    _judge_files(site.certificate)
    _judge_hsts(site)
    _judge_tls(site)
    _judge_clients(site.client_auth)


def _judge_ports(web: SiteTable) -> None:
    if web.https_port == web.http_port:
        message = f"https_port and http_port are both {web.https_port}"
        raise SiteError(message, "sslutil configure ports --https-port 443 --http-port 80", key="site.http_port")
    for name, port in (("https_port", web.https_port), ("http_port", web.http_port)):
        service = next((service for service in web.services if SERVICES[service] == port), None)
        if service:
            message = f"{name} is {port}, the port of {service}, which is one of the site's services"
            standard = HTTP_STANDARD_PORT if name == "http_port" else HTTPS_STANDARD_PORT
            cure = f"sslutil configure ports --{name.replace('_', '-')} {standard}"
            raise SiteError(message, cure, key=f"site.{name}")
    if not web.enabled and web.plain_http == "closed":
        message = 'enabled = false with plain_http = "closed" would leave users no way in'
        raise SiteError(message, "sslutil configure ports --plain-http offer", key="site.enabled")


def _judge_files(certificate: CertificateTable) -> None:
    files = {"certificate_file": certificate.certificate_file, "key_file": certificate.key_file}
    if certificate.issuer == FROM_FILES:
        missing = next((name for name, path in files.items() if not path), None)
        if missing:
            message = f'issuer = "{FROM_FILES}" needs {missing}'
            cure = "sslutil certificate follow --certificate FILE --key FILE"
            raise SiteError(message, cure, key=f"certificate.{missing}")
        return
    given = next((name for name, path in files.items() if path), None)
    if given:
        message = f'{given} is read only with issuer = "{FROM_FILES}", and the issuer is {certificate.issuer}'
        raise SiteError(message, f'write issuer = "{FROM_FILES}", or {given} = ""', key=f"certificate.{given}")


def _judge_hsts(site: Site) -> None:
    web = site.site
    if not web.hsts_max_age:
        return
    if site.certificate.issuer == SELF_SIGNED:
        # RFC 6797 section 8.4 and 12.1: with HSTS a certificate warning can't be clicked away.
        message = "HSTS with a self-signed certificate would lock every user out"
        raise SiteError(message, "sslutil configure ports --hsts-max-age 0", key="site.hsts_max_age")
    redirects = (web.http_port, web.https_port) == (HTTP_STANDARD_PORT, HTTPS_STANDARD_PORT)
    if web.plain_http != "closed" and not (web.plain_http == "redirect" and redirects):
        # RFC 6797 section 8.3: a browser that knows the host turns http:// into https:// and keeps an explicit port.
        message = 'HSTS turns every plain address of this host to https: plain http must be "closed", or redirect'
        cure = "sslutil configure ports --hsts-max-age 0"
        raise SiteError(
            f"{message} from port {HTTP_STANDARD_PORT} to {HTTPS_STANDARD_PORT}", cure, key="site.hsts_max_age"
        )


def _judge_tls(site: Site) -> None:
    tls = site.tls
    lists = {"protocols": tls.protocols, "ciphers": tls.ciphers, "ciphersuites": tls.ciphersuites, "groups": tls.groups}
    if tls.profile != CUSTOM:
        owns = lists | {"prefer_server_ciphers": tls.prefer_server_ciphers, "guideline": tls.guideline}
        given = next((name for name, value in owns.items() if value), None)
        if given:
            message = f'{given} is read only with profile = "{CUSTOM}", and the profile is {tls.profile}'
            raise SiteError(message, f'write profile = "{CUSTOM}", or remove {given}', key=f"tls.{given}")
    else:
        _judge_custom(tls)
    _judge_key_fits(site.certificate.key_type, tls if tls.profile == CUSTOM else PROFILES[tls.profile])


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


def _judge_key_fits(key_type: str, offer: Offer) -> None:
    newest = max(offer.protocols, key=PROTOCOLS.index)
    if newest == "TLSv1.3" or find_usable(offer, KEY_TYPES[key_type].authentication, newest):
        return
    if all(GROUPS[group].hybrid for group in offer.groups):
        message = f"no group of the list is for {newest}: those with ML-KEM are for TLSv1.3 alone"
        raise SiteError(message, "add TLSv1.3 to protocols, or X25519 to groups", key="tls.groups")
    message = f"no suite of the list is for {newest} and a key of type {key_type}: no client could connect"
    raise SiteError(message, "add TLSv1.3 to protocols, or suites that fit the key", key="tls.ciphers")


def _judge_clients(clients: ClientAuthTable) -> None:
    if clients.mode != "off" and not (clients.own_ca or clients.ca_files):
        effect = "would lock every client out" if clients.mode == "require" else "would know no client"
        message = f'mode = "{clients.mode}" without an authority in ca_files, and own_ca = false, {effect}'
        raise SiteError(message, 'write own_ca = true, or mode = "off"', key="client_auth.mode")
    if clients.crl_files and not clients.ca_files:
        message = "crl_files has the lists of the authorities in ca_files, and there is none"
        raise SiteError(message, "write crl_files = []", key="client_auth.crl_files")
