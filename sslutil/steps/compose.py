"""Every byte of a generation, from the site, its material and what the machine says; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil import registry
from sslutil.disk import PRIVATE_FILE, File
from sslutil.documents.settings_file import render_settings
from sslutil.exporters import ExportPlan, render_exports
from sslutil.host.machine import installed_versions
from sslutil.plan import OLDEST_APACHE, OLDEST_OPENSSL, make_policy, parse_version, split_groups
from sslutil.site import VERSIONED_PROGRAMS
from sslutil.steps.material import NAMES as MATERIAL_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.site import Site
    from sslutil.steps.material import Material
    from sslutil.steps.situation import Situation

_GROUP_READABLE = 0o640


def find_versions(site: Site, *, asked: str = "") -> dict[str, str]:
    """Return the versions that the exports are written for, and one more that is `asked` for.

    They are the site's own, else the installed ones.
    """
    given = dict(site.deploy.versions)
    missing = sorted(set(VERSIONED_PROGRAMS) - set(given)) if site.deploy.exports or asked else []
    return given | installed_versions(missing)


def make_export_plan(site: Site, registry_path: str, versions: Mapping[str, str]) -> ExportPlan:
    """Return what exporters work from; a version that nobody knows is the oldest supported."""
    known = {program: parse_version(versions[program]) for program in VERSIONED_PROGRAMS if program in versions}
    oldest = {"apache": OLDEST_APACHE, "openssl": OLDEST_OPENSSL}
    directory = f"{registry_path}/{registry.CURRENT}"
    return ExportPlan(site, make_policy(site), directory, oldest | known, crl=bool(site.client_auth.crl_files))


def compose(site: Site, registry_path: str, versions: Mapping[str, str]) -> list[File]:
    """Return the files of a generation but for its material, its record and its site.toml."""
    plan = make_export_plan(site, registry_path, versions)
    files = [File(registry.SETTINGS, _settings(site, plan).encode()), *_client_files(site)]
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


def _client_files(site: Site) -> list[File]:
    clients = site.client_auth
    if clients.mode == "off":
        return []
    from sslutil.files import read_file
    from sslutil.pki.authorities import judge_authorities, judge_crls

    authorities = b"".join(judge_authorities(read_file(path), path) for path in clients.ca_files)
    files = [File(registry.CLIENT_CA, authorities)]
    if clients.crl_files:
        crls = b"".join(judge_crls(read_file(path), path) for path in clients.crl_files)
        files.append(File(registry.CLIENT_CRL, crls))
    return files
