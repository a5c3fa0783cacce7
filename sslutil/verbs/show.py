"""certificate show: the cards of what is in force, of what files hold, and of what servers show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import MaterialError, RegistryError, UsageError
from sslutil.facts import Intake, Piece
from sslutil.registry import CERTIFICATE, CURRENT
from sslutil.steps.answer import Answer
from sslutil.steps.belonging import Belonging, look_for_belonging, name_request
from sslutil.steps.endpoints import parse_endpoint
from sslutil.steps.fitting import Exhibition, describe, merge
from sslutil.steps.intake import STDIN, open_intake, read_intake_bytes
from sslutil.steps.material import read_material
from sslutil.store.opening import open_for_question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sslutil.facts import Card, Served
    from sslutil.names import Identity
    from sslutil.steps.fitting import Described
    from sslutil.steps.run import Run
    from sslutil.steps.servers import Judged


class Request(NamedTuple):
    """What was typed."""

    things: tuple[str, ...] = ()
    """Files, "-", folders, servers."""
    starttls: str | None = None
    passphrase_file: str | None = None
    pem: bool = False


class _Sorted(NamedTuple):
    """What was typed, by what it is."""

    files: tuple[str, ...]
    servers: tuple[tuple[Identity, int], ...]
    warnings: tuple[str, ...]


class _Found(NamedTuple):
    """All that is shown."""

    intake: Intake
    servers: tuple[tuple[Served, tuple[Piece, ...]], ...] = ()
    """What each showed, and its certificates."""


def show(run: Run, request: Request) -> Answer:
    """Return the cards of files and servers, or of what is in force and asked for here; with `pem` all as bare PEM."""
    sort = _sort(run, request)
    belonging = look_for_belonging(run)
    found = _read(run, request, sort) if request.things else _Found(_read_registry(run, belonging))
    described = describe(found.intake)
    answer = _answer(run, found, described, belonging, _headline(run, request, described, belonging))
    answer = answer._replace(warnings=(*sort.warnings, *answer.warnings))
    return answer._replace(bare=_render_pem(run, described)) if request.pem else answer


def _sort(run: Run, request: Request) -> _Sorted:
    """Tell files from servers: what exists as a file is one, and so is what looks more like a file's name."""
    files: list[str] = []
    servers: list[tuple[Identity, int]] = []
    warnings: list[str] = []
    for thing in request.things:
        is_there = thing == STDIN or os.path.exists(thing)
        endpoint = None if is_there else parse_endpoint(thing)
        if endpoint is None:
            files.append(thing)
            warnings += _warn_of_file(run, thing) if is_there else ()
        else:
            servers.append(endpoint)
    if [*request.things, request.passphrase_file].count(STDIN) > 1:
        message = "standard input can be one of the things that are given, not two"
        raise UsageError(message, run.command("certificate", "show", "FILE"))
    if request.starttls and not servers:
        message = "--starttls is for servers, and none is among what is to be shown"
        raise UsageError(message, run.command("certificate", "show", "HOST:PORT", "--starttls", request.starttls))
    return _Sorted(tuple(files), tuple(servers), tuple(warnings))


def _warn_of_file(run: Run, thing: str) -> tuple[str, ...]:
    """Return the sentence for a file with the name of a server."""
    try:
        endpoint = parse_endpoint(thing)
    except UsageError:
        return ()
    if endpoint is None:
        return ()
    from sslutil.wire.peer import render_endpoint

    ask = run.command("certificate", "show", render_endpoint(*endpoint))
    return (f"{thing} is a file here, and that is shown; from another folder {ask} asks the server",)


def _read(run: Run, request: Request, sort: _Sorted) -> _Found:
    intakes = [_read_files(run, request, sort.files)] if sort.files else []
    servers = []
    for host, port in sort.servers:
        served, intake = _look_at(host, port, request.starttls)
        servers.append((served, intake.certificates))
        intakes.append(intake)
    return _Found(merge(intakes), tuple(servers))


def _look_at(host: Identity, port: int, starttls: str | None) -> tuple[Served, Intake]:
    from sslutil.wire.peer import look_at_server, render_endpoint

    served = look_at_server(host, port, starttls=starttls)
    return served, read_intake_bytes(b"".join(served.chain), render_endpoint(host, port))


def _read_files(run: Run, request: Request, files: Sequence[str]) -> Intake:
    """Return what the files hold; MaterialError where all of it is encrypted, and no passphrase opens it."""
    intake, has_passphrase, _ = open_intake(run, files, request.passphrase_file)
    if intake.encrypted and not any(intake[:4]):
        raise _tell_encrypted(run, intake.encrypted[0], files, has_passphrase=has_passphrase)
    return intake


def _tell_encrypted(run: Run, place: str, files: Sequence[str], *, has_passphrase: bool) -> MaterialError:
    if not has_passphrase:
        message = f"{place} is encrypted: it needs a passphrase to be shown"
        return MaterialError(message).cured_with("--passphrase-file", "FILE")
    message = f"{place} is encrypted: the passphrase that was given does not open it"
    return MaterialError(message, run.command("certificate", "show", *files, "--passphrase-file", "FILE"))


def _read_registry(run: Run, belonging: Belonging) -> Intake:
    """Return the chain in force and the requests; a registry that can't be read at all is an error here."""
    from sslutil.pki.cards import split_certificates
    from sslutil.steps.situation import look

    if belonging.situation.number is None and belonging.warnings:
        look(run)  # tells its own error
    chain = split_certificates(read_material(belonging.situation).chain)
    place = f"{run.registry}/{CURRENT}/{CERTIFICATE}"
    return Intake(
        certificates=tuple(Piece(pem, place) for pem in chain),
        requests=_read_requests(run, belonging),
    )


def _read_requests(run: Run, belonging: Belonging) -> tuple[Piece, ...]:
    from sslutil.steps.requests import read_pem

    root = open_for_question(run.registry) if belonging.requests else None
    if root is None:
        return ()
    pieces = []
    with root:
        for entry in belonging.requests:
            try:
                pieces.append(Piece(read_pem(root, entry.record.number), name_request(entry)))
            except (FileNotFoundError, RegistryError):  # discarded meanwhile
                continue
    return tuple(pieces)


def _answer(run: Run, found: _Found, described: Described, belonging: Belonging, headline: str) -> Answer:
    now = run.clock()
    exhibition = Exhibition(described, belonging, now)
    kinds = {
        "certificates": exhibition.certificates(),
        "requests": exhibition.requests(),
        "revocation_lists": exhibition.crls(),
        "keys": exhibition.keys(),
    }
    judged = [_judge(served, pieces, described, belonging, run) for served, pieces in found.servers]
    servers = [_show_server(one, belonging) for one in judged]
    encrypted = tuple(
        f"{place} is encrypted, and the passphrase that opens it was not given" for place in found.intake.encrypted
    )
    skipped = (*found.intake.skipped, *described.unread)
    return Answer(
        headline=headline,
        registry=run.registry,
        generation=belonging.situation.number,
        cards=tuple(card for shown in (servers, *kinds.values()) for card, _ in shown),
        warnings=(*belonging.warnings, *skipped, *encrypted),
        next=() if any(kinds.values()) else (run.command("certificate", "self-sign", "mail.example.org"),),
        fields={
            "found": {name: [fields for _, fields in shown] for name, shown in kinds.items()}
            | {
                "servers": [fields for _, fields in servers],
                "encrypted": list(found.intake.encrypted),
                "skipped": list(skipped),
            }
        },
    )


def _judge(served: Served, pieces: Sequence[Piece], described: Described, belonging: Belonging, run: Run) -> Judged:
    from sslutil.steps.servers import judge_server

    sent = {id(piece) for piece in pieces}
    own = [(at + 1, *pair) for at, pair in enumerate(described.certificates) if id(pair[0]) in sent]
    return judge_server(served, own, belonging, run.clock())


def _show_server(judged: Judged, belonging: Belonging) -> tuple[Card, dict[str, Any]]:
    from sslutil.steps.servers import server_card, server_object
    from sslutil.wire.peer import render_endpoint

    title = f"Server: {render_endpoint(judged.served.host, judged.served.port)}"
    return server_card(judged, title, belonging), server_object(judged)


def _headline(run: Run, request: Request, described: Described, belonging: Belonging) -> str:
    kinds = {
        "certificate": described.certificates,
        "request": described.requests,
        "revocation list": described.crls,
        "private key": described.keys,
    }
    counts = [f"{len(found)} {kind}{'' if len(found) == 1 else 's'}" for kind, found in kinds.items() if found]
    told = ", ".join(counts)
    if request.things:
        return f"{told or 'nothing that can be shown'} in {', '.join(request.things)}"
    if belonging.situation.number is None:
        return f"nothing is in force in {run.registry} yet" + (f"; it holds {told}" if told else "")
    return f"generation {belonging.situation.number} is in force: {told or 'no certificate that can be read'}"


def _render_pem(run: Run, described: Described) -> str:
    """Return certificates, requests and revocation lists, each once, as PEM: never a key."""
    found = (*described.certificates, *described.requests, *described.crls)
    pems = dict.fromkeys(piece.pem.decode("ascii") for piece, _ in found)
    if not pems:
        message = "no certificate, request or revocation list is there to be shown as PEM"
        raise MaterialError(message, run.command("certificate", "show", "FILE"))
    return "".join(pem if pem.endswith("\n") else f"{pem}\n" for pem in pems)
