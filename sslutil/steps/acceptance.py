"""The return desk: of what was brought, the certificate that fits a key of ours, judged, with its chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, UsageError
from sslutil.keytypes import KEY_TYPES
from sslutil.names import Identity, parse_identity, render_identity
from sslutil.plan import lifetime_days, merge_names
from sslutil.registry import CERTIFICATE, REQUEST_ANSWER, REQUESTS, generation_name
from sslutil.site import BY_CA, LONGEST_LIFETIME, SELF_SIGNED, change
from sslutil.steps.material import Material
from sslutil.steps.own_keys import OwnKey, find_own_keys, make_own_key
from sslutil.steps.situation import read_requests
from sslutil.steps.wish import Wish
from sslutil.store import generations as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from sslutil.disk import Folder
    from sslutil.facts import CertificateFacts, Chain, Intake, Piece, RequestEntry
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation


class Terms(NamedTuple):
    """On which terms what was brought is taken."""

    replace: bool = False
    """Whether the certificate's names take the place of the site's."""
    fetch: bool = False
    """Whether a missing intermediate is fetched from where the certificate says."""
    allow_private: bool = False
    """Whether it may be fetched from private addresses."""
    incomplete: bool = False
    """Whether a chain may lack an intermediate."""


class Accepted(NamedTuple):
    """What can be put in force."""

    leaf: CertificateFacts
    key: OwnKey
    chain: Chain
    told: tuple[str, ...]
    """What is to be known of it, in sentences."""

    @property
    def material(self) -> Material:
        """What will be served."""
        return Material(self.key.pem, b"".join(self.chain.certificates))


def accept(  # noqa: PLR0913, PLR0917  what there is, what was brought, and what is wanted of it
    run: Run,
    root: Folder | None,
    situation: Situation,
    intake: Intake,
    terms: Terms,
    wanted: Sequence[Identity] | None = None,
) -> Accepted:
    """Return the newest certificate that fits a key of ours or one that was brought along, judged, with its chain.

    `wanted` are the names that it must cover, the site's by default. Raises MaterialError, a sentence of its own for
    each reason, before anything is written.
    """
    from sslutil.pki.leaf import judge_leaf
    from sslutil.steps.completion import complete, dropped_sentences, taken_sentences, untrusted_warning

    own = [make_own_key(piece.pem, piece.place) for piece in intake.keys]
    own += find_own_keys(root, situation) if root else []
    key, leaf, others = _match(run, root, intake, own)
    refuse_compromised(run, situation, key)
    now = run.clock()
    facts = judge_leaf(
        leaf.pem, leaf.place, now=now, wanted=site_names(situation) if wanted is None else wanted, replace=terms.replace
    )
    pool = list(_read_pool(root)) if root else []
    chain = complete(run, leaf.pem, others, fetch=terms.fetch, allow_private=terms.allow_private, pool=pool)
    told = (*intake.skipped, *dropped_sentences(chain), *taken_sentences(chain), *_judge_chain(chain, terms))
    warning = untrusted_warning(chain)
    return Accepted(facts, key, chain, (*told, *((warning,) if warning and not chain.missing else ())))


def site_names(situation: Situation) -> tuple[Identity, ...]:
    """Return the names that the site wants; none before there is a site."""
    file = situation.in_force or situation.working
    return file.site.site.names if file else ()


def _match(run: Run, root: Folder | None, intake: Intake, own: Sequence[OwnKey]) -> tuple[OwnKey, Piece, list[bytes]]:
    """Return the key, its certificate, and the certificates that are not it: by content, never by name or order."""
    from sslutil.pki.certificates import describe_certificate

    if not intake.certificates:
        raise _no_certificate(run, intake)
    keys = {key.fingerprint: key for key in reversed(own)}
    described = list(_describe_each(intake.certificates))
    if not described:
        describe_certificate(intake.certificates[0].pem, intake.certificates[0].place)
    fitting = [(facts, piece) for facts, piece in described if facts.key.fingerprint in keys]
    if intake.keys:
        brought = {make_own_key(piece.pem, piece.place).fingerprint for piece in intake.keys}
        fitting = [(facts, piece) for facts, piece in fitting if facts.key.fingerprint in brought]
        if not fitting:
            places = ", ".join(piece.place for piece in intake.keys)
            subject = described[0][0].subject or render_names(described[0][0])
            message = f"the key in {places} fits none of the certificates, the first of which is for {subject}"
            raise MaterialError(message, run.command("certificate", "show", intake.certificates[0].place))
    if not fitting:
        raise _no_key(run, root, described, intake)
    facts, leaf = max(fitting, key=lambda pair: (pair[0].not_valid_after, pair[0].not_valid_before))
    return keys[facts.key.fingerprint], leaf, [piece.pem for piece in intake.certificates if piece is not leaf]


def _describe_each(pieces: Iterable[Piece]) -> Iterator[tuple[CertificateFacts, Piece]]:
    """Return each certificate that can be read to its end; a stranger may be of a kind that we don't know."""
    from sslutil.pki.certificates import describe_certificate

    for piece in pieces:
        try:
            yield describe_certificate(piece.pem, piece.place), piece
        except MaterialError:
            continue


def _no_certificate(run: Run, intake: Intake) -> MaterialError:
    if intake.encrypted:
        message = f"{intake.encrypted[0]} is encrypted, and the passphrase that opens it was not given"
        return _make_encrypted(run, message, intake.encrypted[0])
    held = (("a private key", intake.keys), ("a request", intake.requests), ("a revocation list", intake.crls))
    what, pieces = next(((name, found) for name, found in held if found), ("nothing of use", ()))
    place = pieces[0].place if pieces else "what was given"
    message = f"{place} holds {what}, and no certificate"
    if intake.requests and not intake.keys:
        return MaterialError(f"{message}: it is what goes to the authority, not what comes back", run.command("status"))
    return MaterialError(message, run.command("certificate", "import", "CERTIFICATE", "--key", "KEY"))


def _make_encrypted(run: Run, message: str, place: str) -> MaterialError:
    """Return the error of what is encrypted; whoever gave a passphrase already is told how to try another."""
    another = f"{run.command('certificate', 'show', place, '--passphrase-file', '-')}  # tries one"
    return MaterialError(message, another).cured_with("--passphrase-file", "FILE")


def _no_key(
    run: Run, root: Folder | None, described: Sequence[tuple[CertificateFacts, Piece]], intake: Intake
) -> MaterialError:
    """Return the sentence of an answer to somebody else's request, with the request of ours that is nearest."""
    leaf, piece = _find_server(described)
    if intake.encrypted:
        message = f"{intake.encrypted[0]} is encrypted, and a server that starts at night has nobody to ask"
        return _make_encrypted(run, message, intake.encrypted[0])
    message = f"no key of this registry fits the certificate for {render_names(leaf)} in {piece.place}"
    nearest = _find_nearest(read_requests(root) if root else [], leaf)
    if nearest is None:
        return MaterialError(message, run.command("certificate", "import", piece.place, "--key", "KEY"))
    number, names = nearest.record.number, ", ".join(nearest.record.names)
    made = nearest.record.time.date().isoformat()
    told = f"nearest is request {number} of {made} for {names}, which has another key"
    return MaterialError(f"{message}; {told}", run.command("certificate", "show"))


def _find_server(described: Sequence[tuple[CertificateFacts, Piece]]) -> tuple[CertificateFacts, Piece]:
    """Return the certificate that is a server's to all appearance: it has names, and signed no other."""
    issuers = {facts.issuer for facts, _ in described}
    servers = (pair for pair in described if pair[0].names and (pair[0].subject not in issuers or len(described) == 1))
    return next(servers, described[0])


def render_names(facts: CertificateFacts) -> str:
    """Return a certificate's names for a sentence, or its subject where it has none."""
    return ", ".join(render_identity(name) for name in facts.names) or facts.subject


def _find_nearest(entries: Iterable[RequestEntry], leaf: CertificateFacts) -> RequestEntry | None:
    names = {name.text for name in leaf.names}
    ranked = [(len(names & set(entry.record.names)), entry.record.number, entry) for entry in entries]
    return max(ranked, default=(0, 0, None), key=lambda rank: rank[:2])[2]


def refuse_compromised(run: Run, situation: Situation, key: OwnKey) -> None:
    """Raise MaterialError where a key is marked as compromised."""
    if key.fingerprint in situation.compromised:
        message = f"the certificate is over a key that is marked as compromised ({key.place}), which nothing uses again"
        raise MaterialError(message, run.command("certificate", "csr", "--new-key"))


def _judge_chain(chain: Chain, terms: Terms) -> tuple[str, ...]:
    """Return the sentence of an intermediate that is missing; MaterialError where the certificate says where it is.

    Then there is one for certain, and most clients would fail without it.
    """
    from sslutil.steps.completion import missing_error, missing_sentence

    if chain.missing is None:
        return ()
    if chain.missing.addresses and not terms.incomplete:
        raise missing_error(chain)
    return (missing_sentence(chain),)


def _read_pool(root: Folder) -> Iterator[bytes]:
    """Return the chains that this registry has: of its generations, and of the answers to its requests."""
    for number in reversed(store.read_numbers(root)):
        with store.open_generation(root, number) as folder:
            if folder.exists(CERTIFICATE):
                yield folder.read(CERTIFICATE)
    for entry in read_requests(root):
        with root.folder(REQUESTS) as requests, requests.folder(generation_name(entry.record.number)) as folder:
            if folder.exists(REQUEST_ANSWER):
                yield folder.read(REQUEST_ANSWER)


def find_answered(root: Folder | None, accepted: Accepted) -> RequestEntry | None:
    """Return the request that a certificate answers: over its key; one that waits, the most like it, the newest."""
    entries = [e for e in (read_requests(root) if root else []) if e.record.key_fingerprint == accepted.key.fingerprint]
    names = {name.text for name in accepted.leaf.names}

    def likeness(entry: RequestEntry) -> tuple[bool, int, int]:
        return (
            entry.waits,
            len(names & set(entry.record.names)) - len(set(entry.record.names) - names),
            entry.record.number,
        )

    return max(entries, default=None, key=likeness)


def _is_kept(root: Folder, number: int, chain: bytes) -> bool:
    with root.folder(REQUESTS) as requests, requests.folder(generation_name(number)) as folder:
        return folder.exists(REQUEST_ANSWER) and folder.read(REQUEST_ANSWER) == chain


def make_edits(situation: Situation, leaf: CertificateFacts, issuer: str | None = None) -> dict[str, Any]:
    """Return the keys of the site that follow a certificate: who signs, for which names, over which kind of key."""
    names = merge_names(site_names(situation), (name for name in leaf.names if _is_name(name)))
    edits: dict[str, Any] = {
        "site.names": [name.unicode for name in names],
        "certificate.issuer": issuer or (SELF_SIGNED if leaf.self_signed else BY_CA),
        "certificate.certificate_file": "",
        "certificate.key_file": "",
    }
    if leaf.key.key_type in KEY_TYPES:
        edits["certificate.key_type"] = leaf.key.key_type
    if leaf.self_signed and issuer is None:
        edits["certificate.lifetime"] = min(lifetime_days(leaf), LONGEST_LIFETIME)
    return edits


def _is_name(name: Identity) -> bool:
    """Return whether the site takes a name that a stranger signed."""
    try:
        return parse_identity(name.unicode) == name
    except UsageError:
        return False


def make_wish(  # noqa: PLR0913, PLR0917  what there is, what was accepted, and how
    run: Run, root: Folder | None, situation: Situation, accepted: Accepted, terms: Terms, edits: Mapping[str, Any]
) -> Wish:
    """Return the wish to put it in force: an order where it only renews, an edit where the site follows it.

    It is made twice, the second time in the lock: which keys are compromised may have changed meanwhile.
    """
    refuse_compromised(run, situation, accepted.key)
    entry = find_answered(root, accepted)
    chain = accepted.material.chain
    in_force = situation.in_force
    only_renews = in_force is not None and change(in_force.site, edits) == in_force.site
    number = entry.record.number if entry else None
    return Wish(
        "order" if only_renews else "edit",
        {} if only_renews else edits,
        replace=terms.replace,
        material=accepted.material,
        why=(f"answer to request {number}" if number else f"certificate over {accepted.key.place}",),
        answer=(number, chain) if root and number and not _is_kept(root, number, chain) else None,
        told=accepted.told,
    )
