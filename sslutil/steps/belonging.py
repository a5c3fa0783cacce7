"""What of a registry something that is shown may belong to: the certificate in force, and whose key is whose."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, RegistryError
from sslutil.registry import CERTIFICATE
from sslutil.steps.situation import Situation, look, read_requests
from sslutil.store import generations as store
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from sslutil.disk import Folder
    from sslutil.facts import CertificateFacts, RequestEntry
    from sslutil.steps.run import Run


class Belonging(NamedTuple):
    """The public side of a registry."""

    situation: Situation
    certificate: CertificateFacts | None = None
    """The one in force."""
    requests: tuple[RequestEntry, ...] = ()
    keys: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  never changed
    """Fingerprint of a key → whose it is, in words."""
    warnings: tuple[str, ...] = ()
    """What could not be looked at."""


def name_request(entry: RequestEntry) -> str:
    """Return a request of this registry in words."""
    return f"request {entry.record.number} of this registry"


def look_for_belonging(run: Run) -> Belonging:
    """Return the public side of the registry, as far as this account may read it; it needs no private key.

    A registry that can't be read is a warning: it is no reason not to show a file.
    """
    try:
        situation = look(run)
        root = open_for_question(run.registry)
    except RegistryError as fault:
        return Belonging(Situation(run.registry), warnings=(f"what fits this registry is not told: {fault.message}",))
    if root is None:
        return Belonging(situation)
    with root:
        requests, warnings = _read_requests(root)
        keys = _find_keys(root, situation, requests)
    certificate = situation.certificate
    return Belonging(situation, certificate, requests, {key: tuple(words) for key, words in keys.items()}, warnings)


def _read_requests(root: Folder) -> tuple[tuple[RequestEntry, ...], tuple[str, ...]]:
    try:
        return tuple(read_requests(root)), ()
    except RegistryError as fault:
        return (), (f"the requests are not shown: {fault.message}",)


def _find_keys(root: Folder, situation: Situation, requests: tuple[RequestEntry, ...]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = defaultdict(list)
    if situation.certificate:
        keys[situation.certificate.key.fingerprint].append("the key in force")
    for entry in requests:
        keys[entry.record.key_fingerprint].append(name_request(entry))
    for number in store.read_numbers(root):
        found = _read_generation(root, number) if number != situation.number else None
        if found and not keys[found.key.fingerprint]:
            keys[found.key.fingerprint].append(f"generation {number} of this registry")
    return keys


def _read_generation(root: Folder, number: int) -> CertificateFacts | None:
    from sslutil.pki.certificates import describe_certificate

    try:
        with store.open_generation(root, number) as folder:
            return describe_certificate(folder.read(CERTIFICATE))
    except (FileNotFoundError, RegistryError, MaterialError):  # pruned meanwhile, not ours to read, or edited
        return None
