"""The small authority of this registry's own: made by the first certificate that it signs, renewed before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import MaterialError, UsageError
from sslutil.names import parse_identity
from sslutil.plan import due_at
from sslutil.registry import CLIENTS
from sslutil.steps.client_ledger import name_authority, refuse_faults
from sslutil.steps.client_signing import list_end
from sslutil.steps.passphrase import take_passphrase
from sslutil.store import clients as store
from sslutil.store.generations import next_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sslutil.disk import Folder
    from sslutil.names import Identity
    from sslutil.site import Site
    from sslutil.steps.client_ledger import ClientLedger, OwnAuthority
    from sslutil.steps.run import Run

LIFETIME = 3650
"""Days: ten years, in which a private authority must outlive what it signs."""
KEY_TYPE = "p256"
"""Every server and client of mail knows it."""


def take_ca_passphrase(
    run: Run, source: str | None, ledger: ClientLedger, signer: OwnAuthority | None = None
) -> bytes | None:
    """Return the passphrase of an authority's key, the signing one's by default; None where it has none.

    Of the first authority it is what is given. Raises MaterialError where one is needed and nobody can be asked.
    """
    signer = signer or ledger.signer
    if signer is None and source is None:
        return None
    if signer is not None and not signer.locked:
        return None
    given = take_passphrase(run, source, "Passphrase of the client authority")
    if given is None:
        message = f"a passphrase locks the key of client authority {signer.number if signer else 1}"
        raise MaterialError(message).cured_with("--ca-passphrase-file", "FILE")
    return given


def parse_domains(texts: Sequence[str]) -> tuple[str, ...]:
    """Return mail domains as A-labels; UsageError for what is none."""
    domains = tuple(parse_identity(text.lstrip("@.")) for text in texts)
    wrong = next((text for text, one in zip(texts, domains, strict=True) if one.kind != "dns" or one.wildcard), None)
    if wrong is not None:
        message = f"{wrong} is no mail domain"
        raise UsageError(message, typed=wrong, near=("example.org",))
    return tuple(domain.text for domain in domains)


def judge_domains(run: Run, ledger: ClientLedger, fresh: Sequence[str], identities: Iterable[Identity]) -> None:
    """Raise MaterialError for an address outside the domains to which the authority that signs is bound.

    `fresh` are those of the first authority, where there is none yet.
    """
    from sslutil.pki.client_authority import find_domains

    signer = ledger.signer
    domains = find_domains(signer.certificate) if signer else tuple(fresh)
    wrong = next((one for one in identities if domains and not _is_within(one, domains)), None)
    if wrong is None:
        return
    wider = [word for domain in (*domains, _domain_of(wrong)) for word in ("--mail-domain", domain)]
    words = (
        ("client-auth", "ca", "renew", "--force", *wider) if signer else ("client-auth", "issue", wrong.text, *wider)
    )
    bound = f"client authority {signer.number if signer else 1} is bound to {', '.join(domains)}"
    message = f"{bound}, and every server would refuse a certificate of it for {wrong.unicode}"
    raise MaterialError(message, run.command(*words))


def _is_within(identity: Identity, domains: Iterable[str]) -> bool:
    return any(f".{_domain_of(identity)}".endswith(f".{domain}") for domain in domains)


def _domain_of(identity: Identity) -> str:
    return identity.text.rpartition("@")[2]


def judge_signer(run: Run, ledger: ClientLedger, now: datetime) -> None:
    """Raise MaterialError where the authority that signs has ended, or one is damaged."""
    refuse_faults(ledger)
    signer = ledger.signer
    if signer and now >= signer.facts.not_valid_after:
        message = f"client authority {signer.number} ended on {signer.facts.not_valid_after.date()}"
        raise MaterialError(message, run.command("client-auth", "ca", "renew"))


def is_authority_due(signer: OwnAuthority, renew_at: float, now: datetime) -> bool:
    """Return whether the next authority should take over: by its lifetime, as for each certificate."""
    return now >= due_at(signer.facts, renew_at)


def make_authority(root: Folder, site: Site, now: datetime, *, passphrase: bytes | None, domains: Sequence[str]) -> int:
    """Make the next authority, with a key of its own and an empty list, and return its number."""
    from sslutil.pki.client_authority import lock_key, make_client_authority
    from sslutil.pki.crls import make_crl
    from sslutil.pki.keys import make_key
    from sslutil.steps.client_ledger import OwnAuthority

    number = next_number(root, CLIENTS)
    key = make_key(KEY_TYPE)
    name = name_authority(number, site.site.names[0].text)
    certificate = make_client_authority(key, common_name=name, domains=domains, now=now, days=LIFETIME)
    end = list_end(OwnAuthority(number, certificate, b"", locked=False), site.client_auth.crl_days, now)
    crl = make_crl(key, certificate, (), number=1, now=now, next_update=end)
    pem = lock_key(key, passphrase) if passphrase else key.pem
    store.stage_authority(root, number, key=pem, certificate=certificate, crl=crl)
    return number
