"""tlsa: what the DNS is to say of this server's keys, before a new one is put in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, SiteError, UsageError
from sslutil.formats.zone import TLSA, TlsaRecord, render_zone
from sslutil.names import parse_identities
from sslutil.site import SERVICES
from sslutil.steps.answer import Answer
from sslutil.steps.situation import look, look_for_requests
from sslutil.steps.tell import pending_warning, render_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sslutil.facts import RequestEntry
    from sslutil.names import Identity
    from sslutil.site import Site
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation

_SMTP_PORT = 25
_IN_FORCE = "in force"
_UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))


class Request(NamedTuple):
    """What was typed."""

    names: tuple[str, ...] = ()
    """Instead of the site's."""
    form: str | None = None
    """One of FORMS; as TLSA where None."""
    ttl: int = 3600
    """Seconds."""
    ports: tuple[int, ...] = ()
    """Instead of those of the site's services."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words that ask for the same names, ports and form again."""
        ports = (word for port in self.ports for word in ("--port", str(port)))
        form = ("--form", self.form) if self.form else ()
        ttl = () if self.ttl == Request().ttl else ("--ttl", str(self.ttl))
        return (*self.names, *ports, *form, *ttl)


class _Key(NamedTuple):
    """A key that a server shows now, or is to show."""

    fingerprint: str
    owner: str
    """"in force", or "request 3"."""


def tlsa(run: Run, request: Request) -> Answer:
    """Return a record for each name, port and key, as lines of a zone; what to do when is told beside it."""
    situation = look(run)
    if situation.in_force is None:
        message = f"nothing is in force in {run.registry}, so there is no key to publish"
        raise SiteError(message, run.command("certificate", "self-sign", "mail.example.org"))
    site = situation.in_force.site
    hosts, skipped = _choose_hosts(run, request, site)
    requests = look_for_requests(run)
    keys = _choose_keys(run, situation, requests or ())
    records = [
        (TlsaRecord(host.text, port, key.fingerprint), key.owner)
        for host in hosts
        for port in request.ports or _ports_of(site)
        for key in keys
    ]
    return Answer(
        headline=_headline(keys, len(records) // len(keys)),
        registry=run.registry,
        generation=situation.number,
        warnings=(
            *pending_warning(run, situation),
            *_warnings(run, keys),
            *_omissions(request, site, skipped, unread=requests is None),
        ),
        next=_next(run, request, keys),
        bare=render_zone((record for record, _ in records), ttl=request.ttl, form=request.form or TLSA),
        fields={"ttl": request.ttl, "records": [_fields(record, owner) for record, owner in records]},
    )


def _choose_hosts(run: Run, request: Request, site: Site) -> tuple[Sequence[Identity], Sequence[Identity]]:
    """Return the host names that get records, and what gets none: addresses and wildcards."""
    names = parse_identities(request.names) or site.site.names
    hosts = tuple(name for name in names if name.kind == "dns" and not name.wildcard)
    skipped = tuple(name for name in names if name not in hosts)
    if skipped and request.names:
        message = f"{skipped[0].unicode} is no host name, and a TLSA record stands below one"
        raise UsageError(message, typed=skipped[0].unicode)
    if not hosts:
        message = f"no host name is among the site's names ({render_names(names)}), and a TLSA record stands below one"
        raise SiteError(message, run.command("tlsa", "mail.example.org"))
    return hosts, skipped


def _ports_of(site: Site) -> tuple[int, ...]:
    """Return the ports of the site's services; port 25, for which DANE is there, where none is a service of mail."""
    named = [SERVICES[service] or site.site.https_port for service in site.site.services]
    return tuple(dict.fromkeys(named if _serves_mail(site) else [_SMTP_PORT, *named]))


def _serves_mail(site: Site) -> bool:
    return bool(set(site.site.services) - {"https"})


def _choose_keys(run: Run, situation: Situation, requests: Sequence[RequestEntry]) -> list[_Key]:
    """Return the keys that are or may come into force, each once and none that is compromised."""
    if situation.certificate is None:
        message = f"no sound certificate is left in {run.path('current')}, so there is no key to publish"
        raise MaterialError(message, run.command("certificate", "self-sign"))
    in_force = situation.certificate.key.fingerprint
    owners = {in_force: _IN_FORCE}
    for entry in _may_come(requests, in_force):
        owners.setdefault(entry.record.key_fingerprint, f"request {entry.record.number}")
    keys = [_Key(digest, owner) for digest, owner in owners.items() if digest not in situation.compromised]
    if not keys:
        message = "the key in force is marked as compromised, and no request has another: no record is worth publishing"
        raise MaterialError(message, run.command("certificate", "csr", "--new-key"))
    return keys


def _may_come(requests: Sequence[RequestEntry], in_force: str) -> list[RequestEntry]:
    """Return the requests whose keys may come into force.

    That is, those that wait, and those answered after the one whose key is in force: a rollback went behind them. The
    keys of answers before it have had their time.
    """
    latest = max((entry.record.number for entry in requests if entry.record.key_fingerprint == in_force), default=0)
    return [entry for entry in requests if entry.waits or (entry.state == "answered" and entry.record.number > latest)]


def _headline(keys: Sequence[_Key], each: int) -> str:
    """Return how many records there are for which key."""
    owners = [f"the key {key.owner}" if key.owner == _IN_FORCE else f"the key of {key.owner}" for key in keys]
    counted = f"{each} record{'' if each == 1 else 's'} for {', as many for '.join(owners)}"
    if len(keys) > 1:
        return f"{counted}: publish all of them"
    return f"{counted}; a renewal keeps the key, so they stay as they are"


def _warnings(run: Run, keys: Sequence[_Key]) -> tuple[str, ...]:
    if any(key.owner == _IN_FORCE for key in keys):
        return ()
    message = (
        "the key in force is marked as compromised, and its records are left out: take them out of the zone as soon as"
        f" the next key is in force ({run.command('tlsa')} names those that stay)"
    )
    return (message,)


def _omissions(request: Request, site: Site, skipped: Sequence[Identity], *, unread: bool) -> tuple[str, ...]:
    """Return a sentence on each thing that has no record and might be missed."""
    told = []
    if skipped:
        told.append(f"no record stands for {render_names(skipped)}: name the hosts below, as sslutil tlsa NAME")
    if not request.ports and not _serves_mail(site):
        told.append(
            'site.toml names no service of mail, so port 25 is taken; services = ["https", "smtp", "imaps"]'
            " below [site] would name them"
        )
    if unread:
        missing = "records of coming keys are missing, and a compromised one is not seen: run it with sudo"
        told.append(f"this account may not read the requests, so {missing}")
    return tuple(told)


def _next(run: Run, request: Request, keys: Sequence[_Key]) -> tuple[str, ...]:
    """Return what comes next where a new key is on its way: RFC 7671, 8.1, publish, wait two TTLs, deploy, withdraw."""
    coming = [key.owner for key in keys if key.owner != _IN_FORCE]
    if not coming:
        return ()
    wait = _render_seconds(2 * request.ttl)
    again = ("tlsa", *request.words)
    when = f"the answer to {' or '.join(coming)}, no sooner than {wait} (two TTLs) after these records are published"
    return (
        f"{run.command('certificate', 'import', 'FILE')}  # {when}",
        f"{run.command(*again)}  # after that: what it doesn't say any more, take out of the zone",
    )


def _render_seconds(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if not seconds % size)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _fields(record: TlsaRecord, owner: str) -> dict[str, Any]:
    return {
        "name": record.host,
        "port": record.port,
        "usage": record.usage,
        "selector": record.selector,
        "matching": record.matching,
        "digest": record.digest,
        "for": owner,
    }
