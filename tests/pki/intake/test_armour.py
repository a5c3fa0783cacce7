"""PEM out of any text: what people, mail programs and systems do to it loses nothing that can be told."""

from __future__ import annotations

from itertools import chain as flat

from hypothesis import given
from hypothesis import strategies as st

from sslutil.pki.intake.armour import decode_base64, find_bare, find_blocks
from tests.pki.intake.made import chain, ders, issuer, leaf, pair, taken

LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n", "\t\r\n", "\u2028\n"])
PREFIXES = st.sampled_from(["", " ", "\t", "> ", ">> ", "| ", "  * ", "# ", '"', "\u00a0"])
PROSE = st.text(st.characters(codec="utf-8", exclude_characters="-<>\\{", exclude_categories=("Cs", "Cc")), max_size=60)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])


@given(end=LINE_ENDS, prefix=PREFIXES, before=PROSE, between=PROSE, after=PROSE, final=st.booleans())
def test_prose_and_line_ends(  # noqa: PLR0913  what may stand around
    end: str, prefix: str, before: str, between: str, after: str, *, final: bool
) -> None:
    """Whatever words stand around, however lines begin and end: both certificates, and nothing is told."""
    first, second = (one.pem.decode().splitlines() for one in (leaf(), issuer()))
    lines = [before, *first, between, *second, *([after] if after else [])]
    text = end.join(f"{prefix}{line}" for line in lines) + (end if final else "")
    intake = taken(text.encode())

    assert (chain(), ()) == (ders(intake), intake.skipped)


@given(encoding=ENCODINGS, end=st.sampled_from(["\n", "\r\n"]), copies=st.integers(1, 3), order=st.booleans())
def test_encodings(encoding: str, end: str, copies: int, *, order: bool) -> None:
    """Each encoding gives the same, in any order, and each thing once."""
    ones = [leaf().pem, issuer().pem][:: 1 if order else -1] * copies
    intake = taken(b"".join(ones).decode().replace("\n", end).encode(encoding))

    assert (chain(), 2) == (ders(intake), len(intake.certificates))


@given(widths=st.lists(st.integers(1, 90), min_size=1, max_size=9))
def test_any_width(widths: list[int]) -> None:
    """Lines of base64 may be of any width."""
    lines, compact, place = [], "".join(leaf().pem.decode().splitlines()[1:-1]), 0
    for width in flat.from_iterable([widths] * len(compact)):
        if place >= len(compact):
            break
        lines.append(compact[place : place + width])
        place += width
    text = "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])

    assert {leaf().der} == ders(taken(text.encode()))


@given(cut=st.integers(1, len(pair()) - 1))
def test_cut(cut: int) -> None:
    """Wherever an answer ends too early: what was whole is taken, and that something is missing is told."""
    intake = taken(pair()[:cut])
    whole = ders(intake)
    assert whole <= chain()
    last = pair().rindex(b"=\n" if pair().endswith(b"=\n") else b"\n-----END") - 2
    first = len(leaf().pem) - len("-----END CERTIFICATE-----\n") - 1
    if cut < last and cut not in range(first - 3, len(leaf().pem) + 6):
        assert intake.skipped


def test_bare() -> None:
    """Base64 that begins as DER, and is none, is left alone."""
    text = "MIDDLE of nowhere\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\nMC4CAQAwBQYDK2Vw\nMII\n"

    assert [] == list(find_bare(text))


def test_blocks() -> None:
    """Blocks, what stands between them, and what is out of place are told apart."""
    text = "a-----BEGIN X-----b-----END X-----c-----END Y-----d-----BEGIN Z-----e"
    found = find_blocks(text)

    assert [("X", "b", "whole"), ("Z", "e", "open")] == list(found.blocks)
    assert (("a", "d", ""), ("c",), 0) == (found.between, found.orphaned, found.cut)


def test_no_blocks() -> None:
    """Words about BEGIN and END, and lines of dashes, are no blocks."""
    for text in ("BEGIN CERTIFICATE", "-- BEGIN X --", "-----\nTHE END\n-----", "begin 644 x.crt\n", "-" * 200_000):
        assert ((), (), 0) == find_blocks(text)[:1] + find_blocks(text)[2:]


def test_base64() -> None:
    """Padding may be lost, and nothing else."""
    assert b"abcd" == decode_base64("YWJjZA==") == decode_base64("YWJjZA")
    for wrong in ("", "A", "YWJj!", "YW=Jj", "YWJjZA===", "ÄÄÄÄ"):
        assert decode_base64(wrong) is None
