"""What a server offers: as the operator was told, and as clients and a scanner see it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sslutil.exporters import EXPORTERS, load_dialect
from sslutil.keytypes import KEY_TYPES
from sslutil.profiles import CIPHERS, GROUPS, UNSTOCKED_CIPHERS
from sslutil.site import CLIENT_SERVICES, change
from sslutil.site import Site as Wanted
from sslutil.steps.compose import find_versions, make_export_plan
from tests.judges import ask, openssl, sslscan
from tests.live.sites import NAME, Site, made
from tests.server.made import make_authority, make_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from sslutil.exporters import ExportPlan
    from tests.servers.kinds import Kind

NEWEST = "TLSv1.3"
CHACHA20 = "CHACHA20"
MODES = ("off", "optional", "require")
KEYS = ("p256", "rsa2048")
LET_IN = {"off": {"known", "strange", "none"}, "optional": {"known", "none"}, "require": {"known"}}


class Wish(NamedTuple):
    """What a site asks for."""

    profile: str
    mode: str
    key_type: str


class Applied(NamedTuple):
    """A site in force, and its clients."""

    wish: Wish
    site: Site
    port: int
    plan: ExportPlan
    clients: Mapping[str, Path | None]
    """The file with certificate and key of each: one that is known, a strange one, and one that has none."""

    @property
    def client(self) -> Path | None:
        """The file of a client that may come in, where clients are asked at all."""
        return None if self.wish.mode == "off" else self.clients["known"]


@dataclass(frozen=True)
class Offer:
    """What a server offers; None where it can't be told: the program has no word for it, and its losses say so."""

    protocols: tuple[str, ...]
    ciphers: frozenset[str]
    ciphersuites: frozenset[str] | None
    groups: frozenset[str] | None
    """Of those that this machine's openssl knows."""
    server_chooses: bool | None
    """Whose preference counts, of two suites that both have."""
    tickets: bool | None
    """Whether sessions of TLS 1.2 are sealed in tickets."""
    let_in: frozenset[str]
    """Which clients."""
    certificate: str
    """SHA-256 of what a client with trust in the site's took; empty where it took none."""


class Applier:
    """Puts sites into force, each once for all servers that have their export in it."""

    def __init__(self, folder: Path, free_port: Callable[[], int], exports: Iterable[str]) -> None:
        """Make the authorities and the clients."""
        self.folder = folder
        self.free_port = free_port
        self.exports = tuple(name for name in EXPORTERS if name in exports)
        self.clients: dict[str, Path | None] = {"none": None}
        self.applied: dict[tuple[object, ...], Applied] = {}
        for name in ("known", "strange"):
            authority = make_authority(f"Authority of the {name}")
            client = make_client(authority)
            (folder / f"{name}-ca.pem").write_bytes(authority.pem)
            (folder / f"{name}.pem").write_bytes(client.key_pem + client.pem)
            self.clients[name] = folder / f"{name}.pem"

    def apply(self, wish: Wish, versions: Mapping[str, str] | None = None) -> Applied:
        """Return the site, for these versions or the installed ones."""
        key = (*wish, *sorted((versions or {}).items()))
        if key not in self.applied:
            self.applied[key] = self._make(wish, versions or {})
        return self.applied[key]

    def _make(self, wish: Wish, versions: Mapping[str, str]) -> Applied:
        values = {
            "site.names": (NAME,),
            "site.https_port": self.free_port(),
            "site.http_port": self.free_port(),
            "certificate.key_type": wish.key_type,
            "tls.profile": wish.profile,
            "client_auth.mode": wish.mode,
            "client_auth.ca_files": () if wish.mode == "off" else (str(self.folder / "known-ca.pem"),),
            "client_auth.services": CLIENT_SERVICES,
            "deploy.exports": self.exports,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        lines += [f"deploy.versions.{program} = {json.dumps(version)}" for program, version in versions.items()]
        site = made(self.folder / f"site-{len(self.applied)}", "\n".join(lines) + "\n")
        wanted = change(Wanted(), {**values, "deploy.versions": dict(versions)})
        plan = make_export_plan(wanted, str(site.registry), find_versions(wanted))
        return Applied(wish, site, wanted.site.https_port, plan, self.clients)


def tell(kind: Kind, applied: Applied) -> Offer:
    """Return what the operator was told: the policy, but for what the losses of the export name."""
    policy = applied.plan.policy
    losses = load_dialect(kind.name).find_losses(applied.plan)
    named = set(re.findall(r"[\w.-]*\w", " ".join(losses)))
    fit = KEY_TYPES[applied.wish.key_type].authentication
    ciphers = {name for name in policy.ciphers if CIPHERS[name].authentication == fit} - UNSTOCKED_CIPHERS - named
    free = "suites of TLS 1.3" in " ".join(losses)
    chooses = policy.prefer_server_ciphers
    return Offer(
        protocols=tuple(name for name in policy.protocols if name not in named),
        ciphers=frozenset(ciphers),
        ciphersuites=None if free else frozenset(policy.ciphersuites) - named,
        groups=_unless("groups", losses, (frozenset(policy.groups) - named) & known_groups()),
        server_chooses=None if _is_preference_lost(losses) or (free and not ciphers) else chooses,
        tickets=None if _is_lost("ticket", losses) or not ciphers else policy.session_tickets,
        let_in=frozenset(LET_IN[applied.wish.mode])
        | ({"strange"} if kind.strangers_pass and applied.wish.mode == "optional" else set()),
        certificate=applied.site.fingerprint,
    )


def look(kind: Kind, applied: Applied, told: Offer) -> Offer:
    """Return what is seen of a running server; of what nothing was told nothing is asked."""
    first = connect(kind, applied)
    scan = sslscan.scan(applied.port, NAME, client=applied.client, starttls=kind.starttls)
    return Offer(
        protocols=scan.protocols,
        ciphers=scan.ciphers,
        ciphersuites=None if told.ciphersuites is None else scan.ciphersuites,
        groups=None if told.groups is None else _try_groups(kind, applied, scan.protocols),
        server_chooses=None if told.server_chooses is None else _try_preference(kind, applied, told),
        tickets=None if told.tickets is None else _gives_ticket(kind, applied),
        let_in=frozenset(
            name for name, client in applied.clients.items() if kind.enter(applied.site, applied.port, client)
        ),
        certificate=first.fingerprint if first.verified else "",
    )


def known_groups() -> frozenset[str]:
    """Return the groups that the openssl command knows by its own words."""
    _, words = ask(["openssl", "version"])
    version = re.match(r"OpenSSL (\d+)\.(\d+)", words)
    assert version
    return frozenset(name for name, group in GROUPS.items() if group.since <= (int(version[1]), int(version[2])))


def connect(kind: Kind, applied: Applied, *options: str, protocol: str = "") -> openssl.Handshake:
    """Make one handshake as a client that may come in."""
    shown: list[str | Path] = ["-cert", applied.client, "-key", applied.client] if applied.client else []
    begun = ["-starttls", kind.starttls] if kind.starttls else []
    trusted = applied.site.certificate
    return openssl.connect(applied.port, NAME, trusted=trusted, protocol=protocol, options=[*shown, *begun, *options])


def _try_groups(kind: Kind, applied: Applied, protocols: tuple[str, ...]) -> frozenset[str]:
    newest = protocols[-1] if protocols else NEWEST
    return frozenset(
        name for name in known_groups() if connect(kind, applied, "-groups", name, protocol=newest).completed
    )


def _try_preference(kind: Kind, applied: Applied, told: Offer) -> bool | None:
    """Return whether it is the server's; not of suites with ChaCha20, for which HAProxy makes an exception."""
    policy = applied.plan.policy
    usable = [name for name in policy.ciphers if name in told.ciphers and CHACHA20 not in name]
    if usable:
        protocol, option = "TLSv1.2", "-cipher"
    else:
        protocol, option, usable = (
            NEWEST,
            "-ciphersuites",
            [name for name in policy.ciphersuites if CHACHA20 not in name],
        )
    ours, theirs = usable[:2]
    seen = connect(kind, applied, option, f"{theirs}:{ours}", protocol=protocol)
    return {ours: True, theirs: False}.get(seen.cipher)


def _gives_ticket(kind: Kind, applied: Applied) -> bool:
    return "TLS session ticket:" in connect(kind, applied, protocol="TLSv1.2").words


def _is_preference_lost(losses: Iterable[str]) -> bool:
    return any("preference" in loss and "ChaCha20" not in loss for loss in losses)


def _is_lost(word: str, losses: Iterable[str]) -> bool:
    return any(word in loss for loss in losses)


def _unless(word: str, losses: Iterable[str], names: frozenset[str]) -> frozenset[str] | None:
    return None if _is_lost(word, losses) else names
