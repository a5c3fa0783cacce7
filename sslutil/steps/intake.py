"""What was brought, read and taken apart: files, a folder of another program's, stdin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.errors import MaterialError, UsageError, command
from sslutil.files import list_folder, read_file
from sslutil.host.confinement import ConfinedError, confined
from sslutil.steps.passphrase import take_passphrase, warn_of_readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sslutil.facts import Intake
    from sslutil.steps.run import Run

STDIN = "-"
_QUESTION = "Passphrase"
LARGEST = 4 * 1024 * 1024
"""Bytes of one file: a hundred times any honest answer."""
LARGEST_SUM = 2 * LARGEST
_CERTBOT = ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem")
_CHAINS = ("ca.cer", "fullchain.cer")
"""What acme.sh writes beside NAME.cer and NAME.key."""
_CERTIFICATE_ENDINGS = (".crt", ".cer", ".issuer.crt")


def read_intake(run: Run, files: Sequence[str], *, passphrases: Sequence[bytes] = ()) -> Intake:
    """Return all that the files hold, by content; "-" is stdin, a folder what certbot, lego or acme.sh keep in it.

    `passphrases` are tried on what is encrypted. Raises MaterialError, with the file, where one can't be read, holds
    more than any answer does, or all together hold nothing; UsageError for a folder of anything else.
    """
    paths = [path for name in files for path in (_find(name) if os.path.isdir(name) else (name,))]
    contents: list[tuple[str, bytes]] = []
    for path in paths:
        content = run.read_stdin(LARGEST) if path == STDIN else read_file(path, LARGEST)
        contents.append(("stdin" if path == STDIN else path, content))
        if sum(len(one) for _, one in contents) > LARGEST_SUM:
            raise MaterialError(
                f"{', '.join(paths)} are larger than {LARGEST_SUM >> 20} MiB together", command("ls", "-l", *paths)
            )
    return _take_apart(contents, passphrases)


class Opened(NamedTuple):
    """What was found in files some of which may be encrypted."""

    intake: Intake
    has_passphrase: bool
    """Whether a passphrase was given."""
    warnings: tuple[str, ...] = ()
    """Of the passphrase's file."""


def open_intake(run: Run, files: Sequence[str], passphrase_file: str | None) -> Opened:
    """Return what the files hold; whoever can be asked is asked for the passphrase of what is encrypted."""
    given = take_passphrase(run, passphrase_file, _QUESTION) if passphrase_file else None
    intake = read_intake(run, files, passphrases=() if given is None else (given,))
    if intake.encrypted and given is None and run.ask_secret and STDIN not in files:
        given = take_passphrase(run, None, f"{_QUESTION} of {intake.encrypted[0]}")
        intake = read_intake(run, files, passphrases=(given,)) if given else intake
    warning = warn_of_readers(passphrase_file)
    return Opened(intake, given is not None, (warning,) if warning else ())


def read_intake_bytes(content: bytes, place: str, passphrases: Sequence[bytes] = ()) -> Intake:
    """Return all that some bytes hold, which came from `place`; errors as read_intake's."""
    return _take_apart([(place, content)], passphrases)


def read_confined(work: Callable[[], bytes], place: str) -> bytes:
    """Return what `work` makes of a stranger's bytes in a bounded child; MaterialError with `place` where it can't."""
    try:
        return confined(work)
    except ConfinedError as fault:
        raise MaterialError(f"{place} {fault}", _look_at([place])) from fault


def _take_apart(contents: Sequence[tuple[str, bytes]], passphrases: Sequence[bytes]) -> Intake:
    from sslutil.pki.intake import take_all_apart
    from sslutil.pki.intake.transport import parse_intake, render_intake

    places = [place for place, _ in contents]
    work = read_confined(lambda: render_intake(take_all_apart(contents, passphrases)), ", ".join(places))
    intake = parse_intake(work)
    if not any(intake[:5]):
        raise MaterialError(_tell_nothing(places, intake.skipped), _look_at(places))
    return intake


def _tell_nothing(places: Sequence[str], skipped: Sequence[str]) -> str:
    if len(places) == 1:
        head = f"{places[0]} holds nothing of use"
        told = "; ".join(one.removeprefix(head).removeprefix(places[0]).removeprefix(": ") for one in skipped)
        return f"{places[0]} holds no certificate, request or key that sslutil knows: {told}"
    return f"no certificate, request or key that sslutil knows is in {', '.join(places)}: {'; '.join(skipped)}"


def _look_at(places: Iterable[str]) -> str:
    paths = [place for place in places if os.path.exists(place)]
    return command("file", *paths) if paths else ""


def _find(folder: str) -> list[str]:
    """Return the files of a folder that another program keeps a certificate in; UsageError where there are none."""
    names = list_folder(folder)
    found = [name for name in _CERTBOT if name in names]
    if _CERTBOT[0] not in found and _CERTBOT[2] not in found:
        stems = [name.removesuffix(".key") for name in names if name.endswith(".key")]
        stems = [stem for stem in stems if any(f"{stem}{ending}" in names for ending in _CERTIFICATE_ENDINGS)]
        if len(stems) > 1:
            near = tuple(os.path.join(folder, f"{stem}.crt") for stem in stems)
            raise UsageError(f"{folder} is a folder with {len(stems)} certificates: name one", typed=folder, near=near)
        endings = (*_CERTIFICATE_ENDINGS, ".key")
        found = [f"{stem}{ending}" for stem in stems for ending in endings if f"{stem}{ending}" in names]
        found += [name for name in _CHAINS if found and name in names]
    if not found:
        message = (
            f"{folder} is a folder, and neither certbot's with its {_CERTBOT[2]} nor lego's with NAME.crt and NAME.key"
        )
        raise UsageError(message, typed=folder, near=(os.path.join(folder, "FILE"),))
    return [os.path.join(folder, name) for name in found]
