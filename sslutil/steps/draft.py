"""What a wish means here and now: the generation that it leads to, decided and judged, but not made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import SiteError
from sslutil.plan import (
    KEY_IS_COMPROMISED,
    MaterialPlan,
    find_changes,
    is_known,
    make_policy,
    plan_material,
    refuse_dropped,
    refuse_self_signed,
    refuse_uncovered,
    tell_policy_changes,
    tell_why,
)
from sslutil.profiles import VERSION as PROFILES_VERSION
from sslutil.registry import RECORD, SITE
from sslutil.site import SELF_SIGNED
from sslutil.steps.client_files import NO_CLIENTS, gather_client_files, puts_out, read_client_files, tell_difference
from sslutil.steps.client_signing import Tended, tend_ledger
from sslutil.steps.compose import compose, find_versions, keep_files, key_files, make_client_files
from sslutil.steps.lock_out import judge_lock_out
from sslutil.steps.material import Material, read_material
from sslutil.steps.wish import Wish, make_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sslutil.disk import File
    from sslutil.documents.site_file import SiteFile
    from sslutil.facts import CertificateFacts, Policy
    from sslutil.names import Identity
    from sslutil.plan import Change
    from sslutil.site import Site
    from sslutil.steps.client_files import ClientFiles
    from sslutil.steps.client_ledger import ClientLedger
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

ROSTER_IS_MENDED = "the roster of client certificates is mended"


class Draft(NamedTuple):
    """A generation that is decided but not made."""

    file: SiteFile
    changes: tuple[Change, ...]
    material: MaterialPlan
    kept: Material
    """What is served now, or the key that the first certificate goes over."""
    versions: Mapping[str, str]
    """What it is made from besides the site: of our profiles, and of the servers that the exports are for."""
    policy: Policy
    """The TLS policy of the exports and of settings.toml."""
    newer_policy: tuple[str, ...]
    """What a newer version of sslutil changes in a profile that stays, in words."""
    files: tuple[File, ...]
    """All but key, certificate, bundle, record and site.toml."""
    group: int | None
    """Group id that may read the key."""
    differing: tuple[str, ...]
    """Names of the files that differ from those in force; empty where the material is made anew."""
    withdraws: bool = False
    """Whether a compromised key goes out of force with it."""
    marks: bool = False
    """Whether the key in force is marked as compromised."""
    given: CertificateFacts | None = None
    """The certificate of material that was brought."""
    answer: tuple[int, bytes] | None = None
    """A request's number, and the chain that is kept as its answer."""
    ledger: ClientLedger | None = None
    """The client ledger as it is to be; None where it stays as it is."""
    clients_why: tuple[str, ...] = ()
    """What changes for clients, in words."""
    clients: ClientFiles = NO_CLIENTS
    """Whose clients are let in."""
    warnings: tuple[str, ...] = ()
    """What is to be told of client authorities and their lists."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.makes_generation or self.marks or self.answer or self.ledger)

    @property
    def makes_generation(self) -> bool:
        """Whether what is in force changes, and not a ledger alone."""
        return bool(self.changes or self.material.new_certificate or self.differing)

    @property
    def why(self) -> tuple[str, ...]:
        """What changes, in words."""
        words = tell_why(self.material, self.changes)
        if self.marks:
            others = tuple(word for word in words if word != KEY_IS_COMPROMISED)
            words = ("the key in force is marked as compromised", *others)
        if self.answer and not self.makes_generation:
            words = (*words, f"the answer to request {self.answer[0]} is kept")
        told = (*words, *self.newer_policy, *self.clients_why)
        return told or tuple(f"{name} differs" for name in self.differing) or (ROSTER_IS_MENDED,)


def make_draft(run: Run, situation: Situation, wish: Wish, now: datetime) -> Draft:
    """Return what the wish means here and now; raises SslutilError for what can't or mustn't be done."""
    from sslutil.host.accounts import find_group

    file = make_site(run, situation, wish)
    site = file.site
    kept = wish.material or (Material(wish.key) if wish.key else read_material(situation))
    decided = _plan(situation, wish, site, kept, now)
    after = None if decided.new_certificate else _describe(kept) if wish.material else situation.certificate
    _judge_certificate(run, situation, wish, site, after)
    if situation.certificate and not wish.replace and (after is None or after.self_signed):
        refuse_self_signed(situation.certificate, now)
    group = find_group(site.deploy.key_group)
    changes = find_changes(situation.in_force.site, site) if situation.in_force else ()
    tended = tend_ledger(run, situation, wish, site, now)
    is_order = wish.kind == "order" and situation.record is not None
    follows = is_order and not situation.edited
    stays = is_order or (wish.unattended and situation.record is not None)
    clients, told = gather_client_files(run, situation, site, tended.ledger, now, follows=stays)
    judge_lock_out(run, situation, wish, site, tended.ledger, clients, now)
    versions, policy, files = _compose(run, situation, wish, site, clients, follows=follows)
    differing = () if decided.new_certificate else _differing(situation, files, kept, group)
    return Draft(
        file,
        changes,
        decided,
        kept,
        versions,
        policy,
        _tell_newer_policy(situation, policy, changes),
        tuple(files),
        group,
        differing,
        withdraws=_withdraws(situation, wish, decided, kept) or puts_out(situation, clients),
        marks=wish.compromises and not _compromised(situation, wish) <= situation.compromised,
        given=after if wish.material else None,
        answer=wish.answer,
        ledger=tended.ledger if tended.ledger != situation.ledger else None,
        clients_why=_tell_clients(situation, tended, clients, changes),
        clients=clients,
        warnings=(*tended.warnings, *told),
    )


def _tell_clients(
    situation: Situation, tended: Tended, clients: ClientFiles, changes: Iterable[Change]
) -> tuple[str, ...]:
    """Return what changes for clients, where neither the ledger nor the site says it already."""
    if tended.why or any(change.key.startswith("client_auth.") for change in changes):
        return tended.why
    return tell_difference(read_client_files(situation), clients) if situation.number is not None else ()


def _compose(  # noqa: PLR0913  what is in force, and what is wished
    run: Run, situation: Situation, wish: Wish, site: Site, clients: ClientFiles, *, follows: bool
) -> tuple[Mapping[str, str], Policy, list[File]]:
    """Return versions, policy and files; a command that follows what is in force keeps each text that it can keep."""
    profiles, policy = _choose_policy(situation, wish, site)
    if not follows or situation.record is None:
        versions: Mapping[str, str] = {"profiles": profiles, **find_versions(site)}
        return versions, policy, compose(site, run.registry, versions, policy, client_files=clients)
    versions = situation.record.inputs
    if clients.shape == read_client_files(situation).shape:
        return versions, policy, [*keep_files(situation), *make_client_files(clients)]
    return versions, policy, compose(site, run.registry, versions, policy, client_files=clients)


def _choose_policy(situation: Situation, wish: Wish, site: Site) -> tuple[str, Policy]:
    """Return the policy and the version of the profiles that it is of.

    A release that changes a profile changes nobody's server: what is in force keeps the policy that it was made by,
    until `apply` takes the newer one, or the command is about the policy itself.
    """
    record, in_force = situation.record, situation.in_force
    asks = wish.kind == "apply" or any(key.startswith("tls.") for key in wish.edits)
    kept = record.policy if record and is_known(record.policy) else None
    if asks or record is None or kept is None or in_force is None or in_force.site.tls != site.tls:
        return PROFILES_VERSION, make_policy(site)
    return record.inputs.get("profiles", PROFILES_VERSION), kept


def _tell_newer_policy(situation: Situation, policy: Policy, changes: Iterable[Change]) -> tuple[str, ...]:
    before = situation.record.policy if situation.record else None
    if before is None or any(change.key.startswith("tls.") for change in changes):
        return ()
    return tell_policy_changes(before, policy)


def _compromised(situation: Situation, wish: Wish) -> frozenset[str]:
    """Return the keys that count as compromised once the wish is done."""
    served = situation.certificate
    return situation.compromised | ({served.key.fingerprint} if wish.compromises and served else frozenset())


def _plan(situation: Situation, wish: Wish, site: Site, kept: Material, now: datetime) -> MaterialPlan:
    """Return what is to be made; of given material nothing is, and the reason is where it comes from."""
    if wish.material:
        why = wish.why if kept != read_material(situation) else ()
        return MaterialPlan(new_key=False, new_certificate=False, why=why)
    if wish.stands_in:
        return MaterialPlan(new_key=True, new_certificate=True, why=("a self-signed certificate stands in",))
    return plan_material(
        site,
        situation.certificate,
        now,
        new_key=wish.new_key,
        force=wish.force,
        has_key=bool(kept.key),
        compromised=_compromised(situation, wish),
    )


def _judge_certificate(run: Run, situation: Situation, wish: Wish, site: Site, after: CertificateFacts | None) -> None:
    """Raise SiteError where `after` is not what the site says; None stands for a self-signed one that will be made."""
    if site.site.hsts_max_age and (after is None or after.self_signed):
        message = "HSTS with a self-signed certificate would lock every user out, and no authority has signed one yet"
        raise SiteError(message, run.command("configure", "ports", "--hsts-max-age", "0"), key="site.hsts_max_age")
    if situation.certificate and not wish.replace:
        refuse_dropped(_served_names(situation, after), site.site.names, wish.cure or _cure(run, site))
    if after is not None and wish.kind != "order" and site.certificate.issuer != SELF_SIGNED:
        names = tuple(name.unicode for name in site.site.names)
        refuse_uncovered(after, site.site.names, run.words("certificate", "csr", *names))


def _served_names(situation: Situation, after: CertificateFacts | None) -> list[Identity]:
    """Return the names in use that could be lost: the site's, and those that `after` would not have.

    A certificate of another program's may have more names than the site; as long as it stays, they do.
    """
    served = situation.certificate.names if situation.certificate else ()
    own = situation.in_force.site.site.names if situation.in_force else ()
    stay = set(after.names if after else ()) - set(own)
    return [name for name in served if name not in stay]


def _describe(material: Material) -> CertificateFacts:
    from sslutil.pki.certificates import describe_certificate

    return describe_certificate(material.chain)


def _withdraws(situation: Situation, wish: Wish, decided: MaterialPlan, kept: Material) -> bool:
    """Return whether the key in force is compromised and another takes its place: then nothing brings it back."""
    served = situation.certificate
    if served is None or served.key.fingerprint not in _compromised(situation, wish):
        return False
    return decided.new_key or (wish.material is not None and _describe(kept).key != served.key)


def _cure(run: Run, site: Site) -> tuple[str, ...]:
    return (*run.words("certificate", "self-sign"), *(name.unicode for name in site.site.names), "--replace")


def _differing(situation: Situation, files: Iterable[File], kept: Material, group: int | None) -> tuple[str, ...]:
    """Return the names of the files of the generation in force that would not be there again, byte for byte."""
    fresh = {file.name: file.content for file in (*files, *key_files(kept, group))}
    served = {name: content for name, content in situation.files.items() if name not in {RECORD, SITE}}
    edited = set(situation.edited) - {RECORD}
    return tuple(
        sorted({name for name in fresh.keys() | served.keys() if fresh.get(name) != served.get(name)} | edited)
    )
