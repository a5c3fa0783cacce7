"""What holds more than any answer does is refused in a sentence, and nothing that is sent raises anything else."""

from __future__ import annotations

import gzip
import random
from base64 import b64encode
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sslutil.errors import MaterialError, SslutilError
from sslutil.pki.intake import DEEPEST, take_all_apart, take_apart
from sslutil.pki.intake.gathering import MOST_BYTES, MOST_PIECES
from sslutil.pki.intake.transport import parse_intake, render_intake
from sslutil.pki.intake.wrappings import MOST_MEMBERS
from tests.pki.intake.made import PASSPHRASE, archive, chain, crl, ders, leaf, pair, request, taken, zipped


def wrap(content: bytes, times: int) -> bytes:
    """Return a content in so many archives."""
    for _ in range(times):
        content = zipped({"x": content})
    return content


def test_depth() -> None:
    """Wrappings are followed as deep as anybody goes, and no deeper."""
    assert chain() == ders(taken(wrap(pair(), DEEPEST)))
    with pytest.raises(MaterialError, match=r"^answer: x: x: x: x: x is nested more than 4 deep"):
        taken(wrap(pair(), DEEPEST + 1))


def test_members() -> None:
    """Many files in an archive are taken, too many are refused before one is unpacked."""
    assert chain() == ders(taken(zipped({str(number): pair() for number in range(MOST_MEMBERS)})))
    with pytest.raises(MaterialError, match=rf"^answer holds {MOST_MEMBERS + 1} files"):
        taken(zipped({str(number): b"" for number in range(MOST_MEMBERS + 1)}))


@pytest.mark.parametrize("pack", [lambda content: zipped({"x": content}), gzip.compress], ids=["zip", "gzip"])
def test_bomb(pack: object) -> None:
    """What unpacks to more than any answer is refused, though it is small itself; what just fits is taken."""
    assert callable(pack)
    assert chain() == ders(taken(pack(pair() + b"\n" * (MOST_BYTES - len(pair())))))
    with pytest.raises(MaterialError, match=r"^answer unpacks to more than 4 MiB"):
        taken(pack(pair() + b"\n" * MOST_BYTES))


def test_sum() -> None:
    """The bound holds for all wrappings together."""
    half = zipped({"x": b"\n" * (MOST_BYTES // 2 + 1)})
    with pytest.raises(MaterialError, match=r"^b unpacks to more"):
        take_all_apart([("a", half), ("b", half)])


def test_pieces() -> None:
    """Five hundred certificates are taken, more are refused."""
    assert {leaf().der} == ders(taken(leaf().pem * MOST_PIECES))
    with pytest.raises(MaterialError, match=r"^answer holds more than 500 certificates"):
        taken(leaf().pem * (MOST_PIECES + 1))


def test_parts() -> None:
    """A mail of hundreds of parts is refused, and so is one whose parts lie in each other without end."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@ca.example", "x"
    mail.set_content("Hi")
    for _ in range(MOST_MEMBERS + 1):
        mail.add_attachment("x")
    with pytest.raises(MaterialError, match=r"parts"):
        taken(mail.as_bytes())
    heads = "".join(f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n" for number in range(3000))
    with pytest.raises(MaterialError, match=r"^answer is nested more deeply than any answer is"):
        taken(f"MIME-Version: 1.0\n{heads}".encode())


def test_transport() -> None:
    """What was found crosses from the child as it is."""
    intake = taken(zipped({"ü": pair(), "key": leaf().key_pem, "crl": crl(), "csr": request(), "junk": b"\1\2"}))
    assert all(intake[:4])
    assert intake.skipped
    assert intake == parse_intake(render_intake(intake))


SEEDS = (
    pair(),
    leaf().der,
    leaf().key_pem,
    request(),
    crl(),
    archive(),
    archive(passphrase=PASSPHRASE),
    zipped({"a": pair(), "b": leaf().der}),
    gzip.compress(pair()),
    b"From: a\nSubject: b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    b"Content-Transfer-Encoding: base64\n\n" + b64encode(pair()) + b"\n--b--\n",
    pair().decode().encode("utf-16"),
)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return a content with some bytes changed, cut out, doubled, or put at another place."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(changed) + 1)
        size = chance.choice((1, 1, 2, 7, 40, 400))
        kind = chance.randrange(5)
        if kind == 0:
            changed[place : place + size] = chance.randbytes(size)
        elif kind == 1:
            del changed[place : place + size]
        elif kind == 2:
            changed[place:place] = changed[place : place + size]
        elif kind == 3:
            changed[place:place] = chance.choice(SEEDS)[:size]
        elif place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)


def told_or_found(content: bytes) -> bool:
    """Return whether something is found in a content, or a sentence tells why not."""
    try:
        intake = take_apart(content, "answer", [b"x"])
    except SslutilError as refused:
        return refused.message.startswith("answer")
    return any(intake[:5]) or bool(intake.skipped)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_damaged(seed: int) -> None:
    """However an answer is damaged, either something is found, or a sentence tells why not; nothing else is raised."""
    chance = random.Random(seed)  # noqa: S311  the same damage each time
    for _ in range(300):
        content = mutate(SEEDS[seed], chance)
        assert told_or_found(content)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_random(content: bytes) -> None:
    """Bytes of no meaning give a sentence."""
    assert taken(content).skipped


@pytest.mark.parametrize("head", [b"\x30\x82", b"\x30\x80", b"PK\x03\x04", b"\x1f\x8b\x08", b"-----BEGIN X-----\n"])
def test_random_body(head: bytes) -> None:
    """Bytes of no meaning behind a good beginning give a sentence."""
    chance = random.Random(head)  # noqa: S311  the same bytes each time
    for _ in range(200):
        assert taken(head + chance.randbytes(chance.randrange(200))).skipped
