"""How an answer looks: plain in a pipe, in colour on a terminal, one object as JSON. The only room with rich."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sslutil.cli import streams
from sslutil.cli.printable import printable, printable_json
from sslutil.errors import UsageError

if TYPE_CHECKING:
    from rich.panel import Panel

    from sslutil.errors import SslutilError
    from sslutil.facts import Card
    from sslutil.steps.answer import Answer

_LABEL_WIDTH = 20
_INDENT = "  "
_PANEL_EDGES = 4
"""Columns of a panel's two borders and what is between them and its text."""
_PAIR = len("AB:")


def show(answer: Answer, *, json: bool, diff: bool) -> None:
    """Print an answer: what it is on stdout, talk on stderr."""
    if answer.raw is not None:
        _show_raw(answer, answer.raw, json=json)
    elif json:
        _show_json(answer)
    elif answer.bare is not None:
        _show_bare(answer, answer.bare, diff=diff)
    else:
        _show_words(answer, diff=diff)


def show_error(error: SslutilError, *, json: bool) -> None:
    """Print an error and its hints on stderr; with --json as one object on stdout as well."""
    _talk(f"error: {error.message}")
    for hint in error.hint.splitlines():
        _talk(f"hint: {hint}")
    if json:
        problem = {"status": error.status, "message": error.message, "hint": error.hint}
        _dump({"changed": False, "error": problem})


def _show_json(answer: Answer) -> None:
    _dump(
        {
            "changed": answer.changed,
            "headline": answer.headline,
            "registry": answer.registry,
            "generation": answer.generation,
            "written": list(answer.written),
            "warnings": list(answer.warnings),
            "next": list(answer.next),
            "diff": answer.diff,
        }
        | dict(answer.fields)
    )


def _dump(value: dict[str, Any]) -> None:
    from json import dumps

    streams.write_exactly(printable_json(dumps(value, ensure_ascii=False, indent=2)) + "\n")


def refuse_screen(subject: str, *, json: bool, screen: bool) -> None:
    """Raise UsageError where stdout is no place for bytes or a key: a terminal, or JSON."""
    if json or screen:
        where = "JSON" if json else "a terminal"
        message = f"{subject} is binary, or holds a key, and {where} is no place for it"
        raise UsageError(message, typed="-", near=("FILE",)).cured_with("--out", "FILE")


def _show_raw(answer: Answer, raw: bytes, *, json: bool) -> None:
    """Write what is binary or secret, for a pipe and not for a screen; in JSON its fields stand for it."""
    if json and answer.fields:
        _show_json(answer)
        return
    refuse_screen(answer.headline, json=json, screen=streams.is_terminal())
    streams.write_bytes(raw)
    _talk(answer.headline)
    _show_notes(answer)


def _show_bare(answer: Answer, bare: str, *, diff: bool) -> None:
    if streams.is_terminal():
        streams.write_words(_lines(bare.splitlines()))
    else:
        streams.write_exactly(bare)
    _talk(answer.headline)
    if diff:
        streams.talk(_lines(answer.diff.splitlines()))
    _show_notes(answer)


def _show_words(answer: Answer, *, diff: bool) -> None:
    text = _render_rich(answer) if _is_rich() else _render_plain(answer)
    if diff and answer.diff:
        text += "\n" + _lines(answer.diff.splitlines())
    streams.write_words(text)
    _show_notes(answer)


def _lines(lines: list[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)


def _render_plain(answer: Answer) -> str:
    lines = [answer.headline, *_plain_lines(answer.lines)]
    lines += _columns((answer.heads, *answer.rows)) if answer.rows else []
    for card in answer.cards:
        lines += ["", card.title, *_plain_lines(card.lines)]
    return _lines(lines)


def _plain_lines(lines: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{_INDENT}{label + ':':{_LABEL_WIDTH}} {value}" for label, value in lines]


def _columns(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _render_rich(answer: Answer) -> str:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    width = console.width
    with console.capture() as capture:
        console.print(Text(_fold(printable(answer.headline), width, 0), style="bold"))
        for label, value in answer.lines:
            head = f"{_INDENT}{label + ':':{_LABEL_WIDTH}} "
            console.print(Text(head, style="cyan"), Text(_fold(printable(value), width, len(head))), sep="")
        for number, line in enumerate(_fit(answer, width) if answer.rows else ()):
            console.print(Text(line, style="" if number else "cyan"))
        for card in answer.cards:
            console.print(_make_panel(card, width))
    return capture.get()


def _make_panel(card: Card, width: int) -> Panel:
    from rich.panel import Panel
    from rich.text import Text

    body = Text()
    inner = width - _PANEL_EDGES
    for number, (label, value) in enumerate(card.lines):
        head = f"{label + ':':{_LABEL_WIDTH}} "
        body.append(f"\n{head}" if number else head, style="cyan")
        body.append(_fold(printable(value), inner, len(head), anywhere=True))
    return Panel(body, title=Text(printable(card.title), style="bold"), title_align="left", width=width)


def _fit(answer: Answer, width: int) -> list[str]:
    """Return head and rows in columns; where those are too wide, the last but one goes below its row."""
    lines = [printable(line) for line in _columns((answer.heads, *answer.rows))]
    if max(map(len, lines)) <= width:
        return lines
    narrow = _columns(tuple((*row[:-2], row[-1]) for row in (answer.heads, *answer.rows)))
    indent = _INDENT * 2
    below = [indent + _fold(printable(row[-2]), width, len(indent)) for row in answer.rows]
    return [narrow[0], *(part for pair in zip(map(printable, narrow[1:]), below, strict=True) for part in pair)]


def _fold(text: str, width: int, indent: int, *, anywhere: bool = False) -> str:
    """Return a text in lines of a terminal, between its words only: a path or a fingerprint stays in one piece.

    With `anywhere`, inside a frame, a longer word is broken too, a fingerprint between its pairs.
    """
    from textwrap import TextWrapper

    room = max(width - indent, 1)
    if anywhere:
        text = _break_pairs(text, room)
    fold = TextWrapper(room, break_long_words=anywhere, break_on_hyphens=False)
    return ("\n" + " " * indent).join(fold.wrap(text))


def _break_pairs(text: str, room: int) -> str:
    """Return a text whose long rows of pairs, "AB:CD:…", have a space where a line ends."""
    step = room // _PAIR * _PAIR
    words = text.split(" ")
    return " ".join(
        " ".join(word[at : at + step] for at in range(0, len(word), step))
        if step and len(word) > room and word[2::_PAIR].strip(":") == ""
        else word
        for word in words
    )


def _show_notes(answer: Answer) -> None:
    for warning in answer.warnings:
        _talk(f"warning: {warning}")
    if answer.next:
        streams.talk("sslutil: next:\n" + "".join(f"{_INDENT}{printable(line)}\n" for line in answer.next))


def _talk(text: str) -> None:
    streams.talk(f"sslutil: {printable(text)}\n")


def _is_rich() -> bool:
    """Return whether colours are wanted, and can be shown; NO_COLOR (no-color.org) means no escape sequence at all."""
    return streams.is_terminal() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
