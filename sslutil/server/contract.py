"""From the registry's path to the values of settings.toml: `current` is resolved once, then one directory is read."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sslutil import registry
from sslutil.errors import RegistryError, command
from sslutil.server.identity import SPOKEN
from sslutil.server.table import NAME, SPELLING, Table

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")

VERSION = 1
PROTOCOLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
PLAIN_HTTP = ("offer", "redirect", "closed")
MODES = ("off", "optional", "require")
READINGS = 100
"""How often a reading is begun whose generation was pruned meanwhile: each time, many flips fell into one reading."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate with its key."""

    names: tuple[str, ...]
    certificate_file: Path
    """Absolute path: PEM, leaf first, then the intermediates."""
    key_file: Path
    """Absolute path: PEM, PKCS#8."""
    bundle_file: Path
    """Absolute path: PEM, the key, then the chain: one file, so never a key beside another key's certificate."""


@dataclass(frozen=True, slots=True)
class ClientAuth:
    """Whether clients show a certificate, and whose certificates count."""

    mode: str
    """"off", "optional" (whoever shows one must show a good one) or "require"."""
    depth: int
    """How many intermediates a client's chain may have; Python's ssl can't express it."""
    ca_file: Path | None
    """Absolute path: PEM, the CAs whose clients are let in; None where mode is "off"."""
    crl_file: Path | None
    """Absolute path: PEM, the certificate revocation lists, or None."""
    identity: tuple[str, ...] = SPOKEN
    """The kinds of alternative names that say who a client is, the first of them that its certificate has."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The values of one settings.toml, and where it was read."""

    registry_path: Path
    """Absolute path of the registry."""
    generation: int
    enabled: bool
    names: tuple[str, ...]
    https_port: int
    http_port: int
    plain_http: str
    hsts_max_age: int
    certificates: tuple[Certificate, ...]
    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]
    ciphersuites: tuple[str, ...]
    groups: tuple[str, ...]
    prefer_server_ciphers: bool
    session_tickets: bool
    client_auth: ClientAuth

    @property
    def directory(self) -> Path:
        """Absolute path of the generation, not through `current`."""
        return self.registry_path / registry.generation_target(self.generation)

    @property
    def file(self) -> Path:
        """Absolute path of the settings.toml that these values come from."""
        return self.directory / registry.SETTINGS

    @property
    def cure(self) -> str:
        """The command that makes a sealed generation anew where one of its files was edited or damaged."""
        return _on(self.registry_path, "apply")


def _on(path: Path, *verb: str) -> str:
    return command("sslutil", "--registry-path", str(path), *verb)


def read_path() -> Path:
    """Return the registry of this machine: SSLUTIL_REGISTRY_PATH, else what root stored, else /etc/sslutil.

    A server runs unattended: what one user stored in a home is never asked. Raises RegistryError where what root
    stored is no absolute path, UsageError where the variable holds no path.
    """
    variable = os.environ.get(registry.VARIABLE)
    if variable:
        here, default = str(Path.cwd()), registry.MACHINE_DEFAULT
        return Path(registry.parse_registry_path(variable, working_directory=here, default=default))
    stored = _read_stored(Path(registry.MACHINE_FILE))
    return Path(registry.MACHINE_DEFAULT if stored is None else stored)


def _read_stored(file: Path) -> str | None:
    cure = command("sudo", "sslutil", "registry-path", registry.MACHINE_DEFAULT)
    try:
        stored = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise RegistryError(f"can't read {file}: {fault}", cure) from fault
    if not Path(stored).is_absolute():
        raise RegistryError(f"{file} holds no absolute path", cure)
    return stored


def read_current(path: Path) -> int:
    """Return the number of the generation in force: one readlink of `current` in the registry `path`.

    Raises RegistryError where there is none, or where the link points anywhere else than to a generation.
    """
    link = path / registry.CURRENT
    try:
        number = registry.parse_generation_target(str(link.readlink()))
    except FileNotFoundError:
        missing = "no generation is in force" if path.is_dir() else "there is no registry"
        raise RegistryError(f"{missing} in {path}", _on(path, "certificate", "self-sign")) from None
    except OSError as fault:
        raise RegistryError(f"can't read the link {link}: {fault.strerror}", command("ls", "-ld", str(link))) from fault
    if number is None:
        raise RegistryError(f"{link} does not point to a generation of its registry", command("ls", "-l", str(link)))
    return number


def read_with(path: Path, make: Callable[[Contents], Made]) -> tuple[Contents, Made]:
    """Return the settings in force and what `make` makes of them and their files.

    Where a file has gone and another generation is in force meanwhile, all is read again. `make` says FileNotFoundError
    with the file's name. Raises RegistryError, and what `make` raises.
    """
    for _ in range(READINGS):
        number = read_current(path)
        try:
            contents = _read_generation(path, number)
            return contents, make(contents)
        except FileNotFoundError as gone:
            if read_current(path) == number:
                raise RegistryError(f"{gone.filename} is missing", _on(path, "apply")) from gone
    busy = f"{path / registry.CURRENT} changed during each of {READINGS} readings"
    raise RegistryError(busy, _on(path, "history"))


def _read_generation(path: Path, number: int) -> Contents:
    target = registry.generation_target(number)
    file = path / target / registry.SETTINGS
    try:
        text = file.read_text("utf-8")
        # strict: what was pruned since the line above is "gone", not another place.
        real = file.resolve(strict=True)
    except FileNotFoundError as gone:
        raise FileNotFoundError(gone.errno, gone.strerror, str(file)) from gone
    except OSError as fault:
        raise RegistryError(f"can't read {file}: {fault.strerror}", command("ls", "-l", str(file))) from fault
    except UnicodeDecodeError as fault:
        raise RegistryError(f"{file} is no UTF-8", _on(path, "apply")) from fault
    if real != path.resolve() / target / registry.SETTINGS:
        raise RegistryError(f"there is a link on the way from {path} to {file}", command("ls", "-l", str(file)))
    return parse_settings(text, path, number)


def parse_settings(text: str, registry_path: Path, generation: int) -> Contents:
    """Return the values of the settings.toml of a generation.

    Keys that are not known here are left alone: fields are added to the contract, never changed. Every known one must
    be there: a file cut short never means less than what it was. Raises RegistryError.
    """
    directory = registry_path / registry.generation_target(generation)
    cure = _on(registry_path, "apply")
    try:
        top = Table(tomllib.loads(text), "", directory, cure)
    except tomllib.TOMLDecodeError as fault:
        raise RegistryError(f"{directory / registry.SETTINGS} is no TOML: {fault}", cure) from fault
    if top.number("version") != VERSION:
        found = f"{top.file} is of another sslutil: version = {top.number('version')}"
        raise RegistryError(found, command("python3", "-m", "pip", "install", "--upgrade", "sslutil"))
    tls = top.table("tls")
    return Contents(
        registry_path=registry_path,
        generation=generation,
        enabled=top.flag("enabled"),
        names=top.texts("names", NAME),
        https_port=top.number("https_port"),
        http_port=top.number("http_port"),
        plain_http=top.one_of("plain_http", PLAIN_HTTP),
        hsts_max_age=top.number("hsts_max_age"),
        certificates=tuple(_parse_certificate(table) for table in top.tables("certificate")),
        protocols=_parse_protocols(tls),
        ciphers=tls.texts("ciphers", SPELLING),
        ciphersuites=tls.texts("ciphersuites", SPELLING),
        groups=tls.texts("groups", SPELLING),
        prefer_server_ciphers=tls.flag("prefer_server_ciphers"),
        session_tickets=tls.flag("session_tickets"),
        client_auth=_parse_client_auth(top.table("client_auth")),
    )


def _parse_certificate(table: Table) -> Certificate:
    return Certificate(
        names=table.texts("names", NAME),
        certificate_file=table.path("certificate_file"),
        key_file=table.path("key_file"),
        bundle_file=table.path("bundle_file"),
    )


def _parse_protocols(tls: Table) -> tuple[str, ...]:
    asked = tls.texts("protocols", SPELLING)
    if not asked or not set(asked) <= set(PROTOCOLS):
        raise tls.fault("protocols", f"not a list of one or more of {', '.join(PROTOCOLS)}")
    return tuple(protocol for protocol in PROTOCOLS if protocol in asked)


def _parse_client_auth(table: Table) -> ClientAuth:
    mode = table.one_of("mode", MODES)
    return ClientAuth(
        mode=mode,
        depth=table.number("depth"),
        ca_file=None if mode == "off" else table.path("ca_file"),
        crl_file=table.path("crl_file") if mode != "off" and "crl_file" in table.values else None,
        # Generations made before there was this field lack it.
        identity=table.texts("identity", SPELLING) if "identity" in table.values else SPOKEN,
    )
