"""Every byte of a generation, from the site, its material and what the machine says; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil import registry
from sslutil.disk import PRIVATE_FILE, File
from sslutil.documents.settings_file import render_settings
from sslutil.exporters import EXPORTERS, ExportPlan, render_exports
from sslutil.host.machine import installed_versions
from sslutil.plan import OLDEST_OPENSSL, make_policy, parse_version, split_groups
from sslutil.site import VERSIONED_PROGRAMS
from sslutil.steps.material import NAMES as MATERIAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.facts import Policy
    from sslutil.site import Site
    from sslutil.steps.material import Material
    from sslutil.steps.situation import Situation

_GROUP_READABLE = 0o640
_OPENSSL = "openssl"


class ClientFiles(NamedTuple):
    """The client authorities of a generation and their revocation lists, in PEM; empty where there are none."""

    authorities: bytes = b""
    crls: bytes = b""


_NO_CLIENTS = ClientFiles()


def find_versions(site: Site, *, asked: str = "") -> dict[str, str]:
    """Return the versions that the exports are written for, those of one that is `asked` for among them.

    They are the site's own, else the installed ones.
    """
    given = dict(site.deploy.versions)
    exports = {*site.deploy.exports, asked} - {""}
    wanted = {name for name in exports if EXPORTERS[name].oldest} | ({_OPENSSL} if exports else set())
    return given | installed_versions(sorted(wanted - set(given)))


def make_export_plan(
    site: Site,
    registry_path: str,
    versions: Mapping[str, str],
    policy: Policy | None = None,
    *,
    client_files: ClientFiles = _NO_CLIENTS,
) -> ExportPlan:
    """Return what exporters work from; a version that nobody knows is the oldest supported.

    Without a `policy` it is the one that the site's profile means today.
    """
    oldest = {name: row.oldest for name, row in EXPORTERS.items() if row.oldest} | {_OPENSSL: OLDEST_OPENSSL}
    known = {program: parse_version(versions[program]) for program in VERSIONED_PROGRAMS if program in versions}
    return ExportPlan(
        site,
        policy or make_policy(site),
        f"{registry_path}/{registry.CURRENT}",
        oldest | known,
        assumed=frozenset(oldest.keys() - known.keys()),
        crl=bool(client_files.crls),
        unlisted=_find_unlisted(client_files),
    )


def compose(site: Site, registry_path: str, versions: Mapping[str, str], policy: Policy | None = None) -> list[File]:
    """Return the files of a generation but for its material, its record and its site.toml."""
    clients = _read_clients(site)
    plan = make_export_plan(site, registry_path, versions, policy, client_files=clients)
    files = [File(registry.SETTINGS, _settings(site, plan).encode())]
    if clients.authorities:
        files.append(File(registry.CLIENT_CA, clients.authorities))
    if clients.crls:
        files += [
            File(registry.CLIENT_CRL, clients.crls),
            File(registry.CLIENT_TRUST, clients.authorities + clients.crls),
        ]
    return files + [File(name, text.encode()) for name, text in render_exports(plan).items()]


def keep_files(situation: Situation) -> list[File]:
    """Return the same files as they are in force: renewal replaces material, and nothing else."""
    sealed = situation.record.sha256 if situation.record else {}  # not what an editor left there: it may hold a key
    kept = sealed.keys() - MATERIAL_NAMES - {registry.SITE}
    return [File(name, content) for name, content in situation.files.items() if name in kept]


def key_files(material: Material, group: int | None) -> list[File]:
    """Return the files of the material; where a group may read the key, it is the one of that id."""
    mode = PRIVATE_FILE if group is None else _GROUP_READABLE
    return [
        File(registry.KEY, material.key, mode, group),
        File(registry.CERTIFICATE, material.chain),
        File(registry.BUNDLE, material.key + material.chain, mode, group),
    ]


def _settings(site: Site, plan: ExportPlan) -> str:
    openssl = dict(site.deploy.versions).get("openssl")
    groups, _ = split_groups(plan.policy.groups, parse_version(openssl) if openssl else OLDEST_OPENSSL)
    return render_settings(site, plan.policy._replace(groups=groups), crl=plan.crl)


def _read_clients(site: Site) -> ClientFiles:
    """Return what the site's files hold of client authorities and lists; MaterialError for what can't serve."""
    clients = site.client_auth
    if clients.mode == "off":
        return _NO_CLIENTS
    from sslutil.files import read_file
    from sslutil.pki.authorities import judge_authorities, judge_crls

    return ClientFiles(
        b"".join(judge_authorities(read_file(path), path) for path in clients.ca_files),
        b"".join(judge_crls(read_file(path), path) for path in clients.crl_files),
    )


def _find_unlisted(clients: ClientFiles) -> tuple[str, ...]:
    if not clients.crls:
        return ()
    from sslutil.pki.authorities import find_unlisted

    return find_unlisted(clients.authorities, clients.crls)
