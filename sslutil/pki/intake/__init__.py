"""Whatever an authority sent, taken apart by content, never by name: values in, values out.

It runs in a child that is bounded in time and memory (host.confinement): nothing here is the last line of defence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sslutil.errors import MaterialError
from sslutil.pki.intake.binary import is_binary, take_binary
from sslutil.pki.intake.gathering import Gathering
from sslutil.pki.intake.look import find_look
from sslutil.pki.intake.mail import is_mail, open_mail
from sslutil.pki.intake.pem import take_text
from sslutil.pki.intake.text import decode, undress, unwiden
from sslutil.pki.intake.wrappings import is_gzip, is_tar, is_zip, open_gzip, open_tar, open_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sslutil.facts import Intake

DEEPEST = 4
"""How many wrappings may lie around a thing: a zip in a mail in a zip."""
_WRAPPINGS: tuple[
    tuple[Callable[[bytes], bool], Callable[[Gathering, bytes, str], Iterator[tuple[str, bytes]]]], ...
] = (
    (is_zip, open_zip),
    (is_gzip, open_gzip),
    (is_tar, open_tar),
    (is_mail, open_mail),
)


def take_apart(content: bytes, place: str, passphrases: Sequence[bytes] = ()) -> Intake:
    """Return what one file holds; MaterialError where it holds more than any answer does.

    `place` is its name, for sentences and places: "answer.zip", of which "answer.zip: chain/ca.crt" is a part.
    """
    return take_all_apart([(place, content)], passphrases)


def take_all_apart(files: Iterable[tuple[str, bytes]], passphrases: Sequence[bytes] = ()) -> Intake:
    """Return what several files, by name and content, hold together, each thing once, as take_apart does."""
    gathering = Gathering(passphrases)
    for place, content in files:
        try:
            _take(gathering, content, place, 0)
        except RecursionError as fault:
            raise MaterialError(f"{place} is nested more deeply than any answer is") from fault
    return gathering.end()


def _take(gathering: Gathering, content: bytes, place: str, depth: int) -> None:
    """Take what a content holds, and name it where it holds nothing."""
    if depth > DEEPEST:
        raise MaterialError(f"{place} is nested more than {DEEPEST} deep, and no answer is")
    before = gathering.taken, gathering.faults
    content = unwiden(content)
    if is_binary(content):
        take_binary(gathering, content, place)
    elif not _open(gathering, content, place, depth):
        for inner in take_text(gathering, undress(decode(content)), place):
            _take(gathering, inner, place, depth + 1)
    if (gathering.taken, gathering.faults) == before:
        look = find_look(content)
        if depth == 0 or not look.usual:
            gathering.remark(f"{place} holds nothing of use: it is {look.words}")


def _open(gathering: Gathering, content: bytes, place: str, depth: int) -> bool:
    """Take what is inside a wrapping; return whether it was one, with something inside."""
    before = gathering.taken, gathering.faults
    for is_one, open_one in _WRAPPINGS:
        if is_one(content):
            for inner_place, inner in open_one(gathering, content, place):
                _take(gathering, inner, inner_place, depth + 1)
            return (gathering.taken, gathering.faults) != before or is_one is not is_mail
    return False
