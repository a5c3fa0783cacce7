"""Every byte of a generation, from the site, its material and what the machine says; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.disk import PRIVATE_FILE, File
from sslutil.documents.settings_file import render_settings
from sslutil.exporters import EXPORTERS, ExportPlan, render_exports
from sslutil.host.machine import installed_versions
from sslutil.plan import OLDEST_OPENSSL, make_policy, parse_version, split_groups
from sslutil.site import VERSIONED_PROGRAMS
from sslutil.steps.client_files import NAMES as CLIENT_NAMES
from sslutil.steps.client_files import NO_CLIENTS
from sslutil.steps.material import NAMES as MATERIAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.facts import Policy
    from sslutil.site import Site
    from sslutil.steps.client_files import ClientFiles
    from sslutil.steps.material import Material
    from sslutil.steps.situation import Situation

_GROUP_READABLE = 0o640
_OPENSSL = "openssl"


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
    client_files: ClientFiles = NO_CLIENTS,
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
        revokes=client_files.revokes,
        unlisted=client_files.unlisted,
    )


def compose(
    site: Site,
    registry_path: str,
    versions: Mapping[str, str],
    policy: Policy | None = None,
    *,
    client_files: ClientFiles = NO_CLIENTS,
) -> list[File]:
    """Return the files of a generation but for its material, its record and its site.toml."""
    plan = make_export_plan(site, registry_path, versions, policy, client_files=client_files)
    settings = File(registry.SETTINGS, _settings(site, plan).encode())
    exports = [File(name, text.encode()) for name, text in render_exports(plan).items()]
    return [settings, *make_client_files(client_files), *exports]


def make_client_files(clients: ClientFiles) -> list[File]:
    """Return the files of a generation that hold the client authorities and their lists."""
    contents = {
        registry.CLIENT_CA: clients.authorities,
        registry.CLIENT_CRL: clients.crls,
        registry.CLIENT_TRUST: clients.authorities + clients.crls if clients.crls else b"",
    }
    return [File(name, content) for name, content in contents.items() if content]


def keep_files(situation: Situation) -> list[File]:
    """Return the same files as they are in force, but for the client authorities: renewal replaces material alone."""
    sealed = situation.record.sha256 if situation.record else {}  # not what an editor left there: it may hold a key
    kept = sealed.keys() - MATERIAL_NAMES - CLIENT_NAMES - {registry.SITE}
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
