"""How an answer looks: plain in a pipe, in colour on a terminal, one object as JSON. The only room with rich."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from sslutil.cli.printable import printable

if TYPE_CHECKING:
    from sslutil.errors import SslutilError
    from sslutil.steps.answer import Answer

_LABEL_WIDTH = 20


def show(answer: Answer, *, json: bool, diff: bool) -> None:
    """Print an answer: what it is on stdout, talk on stderr."""
    if json:
        _print_json(answer)
    elif answer.bare is not None:
        sys.stdout.write(answer.bare)
        _talk(answer.headline)
        _print_notes(answer)
    else:
        _print_words(answer, diff=diff)
    if sys.stdout is not None:
        sys.stdout.flush()


def show_error(error: SslutilError, *, json: bool) -> None:
    """Print an error and its hint on stderr; with --json as one object on stdout as well."""
    if json:
        problem = {"status": error.status, "message": error.message, "hint": error.hint}
        _dump({"changed": False, "error": problem})
    lines = [f"sslutil: error: {error.message}"] + ([f"sslutil: hint: {error.hint}"] if error.hint else [])
    for line in lines:
        _talk(line, prefix="")


def _print_json(answer: Answer) -> None:
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

    sys.stdout.write(dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _print_words(answer: Answer, *, diff: bool) -> None:
    if _is_rich():
        _print_rich(answer)
    else:
        _print_plain(answer)
    if diff and answer.diff:
        sys.stdout.write("\n" + "".join(printable(line) + "\n" for line in answer.diff.splitlines()))
    sys.stdout.flush()
    _print_notes(answer)


def _print_plain(answer: Answer) -> None:
    lines = [answer.headline]
    lines += [f"  {label + ':':{_LABEL_WIDTH}} {value}" for label, value in answer.lines]
    lines += _columns((answer.heads, *answer.rows)) if answer.rows else []
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))


def _columns(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _print_rich(answer: Answer) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(Text(printable(answer.headline), style="bold"))
    if answer.lines:
        grid = Table.grid(padding=(0, 2))
        for label, value in answer.lines:
            grid.add_row(Text(f"  {label}", style="cyan"), Text(printable(value), overflow="fold"))
        console.print(grid)
    if answer.rows:
        table = Table(*answer.heads, box=None, header_style="cyan", pad_edge=False)
        for row in answer.rows:
            table.add_row(*(Text(printable(cell), overflow="fold") for cell in row))
        console.print(table)


def _print_notes(answer: Answer) -> None:
    for warning in answer.warnings:
        _talk(f"warning: {warning}")
    if answer.next:
        _talk("next:" + "".join(f"\n  {printable(line)}" for line in answer.next), multiline=True)


def _talk(text: str, *, prefix: str = "sslutil: ", multiline: bool = False) -> None:
    """Say something on stderr; where there is none any more, the work is done all the same."""
    shown = text if multiline else printable(text)
    try:
        sys.stderr.write(f"{prefix}{shown}\n")
    except (OSError, ValueError, AttributeError):
        return


def _is_rich() -> bool:
    stream: TextIO | None = sys.stdout
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
