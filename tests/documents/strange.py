"""site.toml as people write it: every way of TOML to say the same, with comments and tables of their own between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from sslutil.documents.toml import render_value
from sslutil.site import TABLES, settings

if TYPE_CHECKING:
    from collections.abc import Iterable

VALUES: dict[str, tuple[Any, ...]] = {
    "site.names": (["mail.example.org"], ["mail.example.org", "*.example.org"], ["www.example.org", "192.0.2.1"]),
    "site.enabled": (True, False),
    "site.https_port": (443, 8443, 10443),
    "site.http_port": (80, 8080),
    "site.plain_http": ("offer", "redirect"),
    "certificate.key_type": ("p256", "p384", "rsa2048"),
    "certificate.lifetime": (1, 90, 397),
    "certificate.renew_at": (0.5, 0.67),
    "tls.profile": ("intermediate", "modern"),
    "deploy.exports": ([], ["apache"]),
    "deploy.key_group": ("", "ssl-cert", 4711),
    "deploy.reload": ([], [["/bin/true"]], [["/bin/true", "a b"], ["/bin/true", '#"]']]),
    "deploy.keep": (1, 10),
}
"""Settings that contradict one another in no combination."""

EDITS = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.sampled_from(VALUES[key]) for key in keys})
)
_COMMENTS = st.sampled_from(
    [
        "",
        "\n",
        "# a note\n",
        "  # [site]\n",
        "# https_port = 1\n",
        "#\u2028[site]\n",
        "# \u0085x = 1\n\n",
        "\t\n# ü ☃\n",
    ]
)
_FOREIGN = st.permutations(
    [
        "[mine]\nnames = ['x']\nx = nan\n",
        '[ his . a ]\ntext = """\n[site]\nhttps_port = 1\n"""\n[other]\n[his.b]\ny = 1979-05-27T07:32:00Z\n',
        "[[ours]]\nx = 1 # [deploy]\n[[ours.deep]]\ny = '''\n[deploy]\n'''\n[[ours]]\n",
        "['odd name'.site]\nhttps_port = 0x1bb\n",
        "[hers]\nsite.https_port = 5\ninline = { site = { x = [1,\n2] } }\n",
    ]
).flatmap(lambda tables: st.integers(0, len(tables)).map(lambda count: tables[:count]))
_TAILS = st.sampled_from(["\n", " # note\n", "#note = 1\n", " \t\n", ' # "[tls]" \'\n'])
_HEADERS = st.sampled_from(["[{}]", "[ {} ]", "[\t{} ]", '["{}"]', "  ['{}']", "[{}]# ] = "])
_NAMES = st.sampled_from(["{} = ", "{}=", "  {}   =\t", '"{}" = ', "'{}'= "])
HEADED, DOTTED, INLINE = "headed", "dotted", "inline"


@dataclass(frozen=True)
class Value:
    """A piece of the file that is the value of a key, or nothing: the place for new keys of a table."""

    key: str
    """The dotted key, or the table."""
    text: str = ""


@dataclass(frozen=True)
class Written:
    """A site.toml in pieces."""

    pieces: tuple[str | Value, ...]
    values: dict[str, Any]
    """What it says, by dotted key."""
    styles: dict[str, str]
    """How its tables are written."""

    @property
    def text(self) -> str:
        """The file."""
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)

    def with_newlines(self, newline: str) -> Written:
        """Return the same with other ends of lines."""
        pieces = (
            piece.replace("\n", newline)
            if isinstance(piece, str)
            else Value(piece.key, piece.text.replace("\n", newline))
            for piece in self.pieces
        )
        return Written(tuple(pieces), self.values, self.styles)

    def changed_by(self, edits: dict[str, Any]) -> dict[str, Any]:
        """Return those of the edits that have an effect."""
        now = {key: self.values.get(key, settings()[key].default) for key in edits}
        return {key: value for key, value in edits.items() if value != now[key]}

    def can_take(self, edits: dict[str, Any]) -> bool:
        """Return whether every new key has a header to stand below."""
        new = self.changed_by(edits).keys() - self.values.keys()
        return all(self.styles.get(key.partition(".")[0], HEADED) == HEADED for key in new)

    def notes_within(self, edits: dict[str, Any]) -> bool:
        """Return whether a value that changes may hold a comment."""
        changed = self.changed_by(edits)
        return any(isinstance(piece, Value) and piece.key in changed and "# " in piece.text for piece in self.pieces)

    def expect(self, edits: dict[str, Any]) -> re.Pattern[str]:
        """Return the pattern of this file with some keys changed and nothing else.

        A changed value may be spelt in any way; the keys that a table lacked stand right below its header, and a table
        that was not there at the end.
        """
        changed = self.changed_by(edits)
        new = {key: value for key, value in changed.items() if key not in self.values}
        parts = [self._expect_piece(piece, changed, new) for piece in self.pieces]
        tables = [table for table in TABLES if table not in self.styles and _of_table(table, new)]
        if tables and not self.text.endswith("\n"):
            parts.append(r"\r?\n")
        parts += [rf"\r?\n(?:{'|'.join(_expect_table(each, new) for each in tables)})" for _ in tables]
        return re.compile("".join(parts))

    def _expect_piece(self, piece: str | Value, changed: dict[str, Any], new: dict[str, Any]) -> str:
        if isinstance(piece, str):
            return re.escape(piece)
        if piece.key in TABLES:
            lines = _expect_lines(_of_table(piece.key, new), new)
            # A header on the last line gets its end of line first.
            return rf"(?:\r?\n)?{lines}" if lines and not self.text.endswith("\n") else lines
        return r"[^=]+?" if piece.key in changed else re.escape(piece.text)


def _of_table(table: str, keys: Iterable[str]) -> list[str]:
    return [key for key in keys if key.startswith(f"{table}.")]


def _expect_table(table: str, new: dict[str, Any]) -> str:
    return rf"\[{table}\]\r?\n{_expect_lines(_of_table(table, new), new)}"


def _expect_lines(keys: list[str], new: dict[str, Any]) -> str:
    lines = (rf"{key.partition('.')[2]} = {re.escape(render_value(new[key]))}\r?\n" for key in keys)
    return rf"(?:{'|'.join(lines)}){{{len(keys)}}}" if keys else ""


def _spellings(value: Any, *, one_line: bool) -> list[str]:  # noqa: ANN401  a TOML value of any type
    plain = render_value(value)
    if isinstance(value, bool):
        return [plain]
    if isinstance(value, int):
        return [plain, hex(value), f"+{value}"]
    if isinstance(value, str):
        return [plain, f"'{value}'", f"'''{value}'''"] + ([] if one_line else [f'"""\n{value}"""', f"'''\n{value}'''"])
    if isinstance(value, list) and value and not one_line:
        items = [render_value(item) for item in value]
        return [plain, "[\n  " + ",\n  ".join(items) + ",\n]", "[ # why\n  " + ", # a\n".join(items) + "\n  # end\n]"]
    return [plain]


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Give files that hold some of VALUES."""
    keys = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=9))
    values = {key: draw(st.sampled_from(VALUES[key])) for key in keys}
    tables = draw(st.permutations(sorted({key.partition(".")[0] for key in keys})))
    styles = {table: draw(st.sampled_from([HEADED, HEADED, HEADED, DOTTED, INLINE])) for table in tables}
    top: list[str | Value] = [draw(_COMMENTS), "version = 1", draw(_TAILS)]
    below: list[list[str | Value]] = [[foreign] for foreign in draw(_FOREIGN)]
    for table in tables:
        inner = _of_table(table, keys)
        if styles[table] == HEADED:
            header = draw(_HEADERS).format(table) + draw(_TAILS)
            below.append([header, Value(table), *_statements(draw, inner, values)])
        elif styles[table] == DOTTED:
            top += _statements(draw, inner, values, before=f"{table} . ")
        else:
            top += [f"{table} = {{ ", *_inline(draw, inner, values), " }", draw(_TAILS)]
    pieces = top + [piece for block in draw(st.permutations(below)) for piece in (draw(_COMMENTS), *block)]
    return _ended(draw, Written(tuple(pieces), values, styles))


def _statements(draw: st.DrawFn, keys: list[str], values: dict[str, Any], before: str = "") -> list[str | Value]:
    pieces: list[str | Value] = []
    for key in keys:
        spelling = draw(st.sampled_from(_spellings(values[key], one_line=False)))
        name = draw(_NAMES).format(key.partition(".")[2])
        pieces += [draw(_COMMENTS), f"{before}{name.lstrip() if before else name}", Value(key, spelling), draw(_TAILS)]
    return pieces


def _inline(draw: st.DrawFn, keys: list[str], values: dict[str, Any]) -> list[str | Value]:
    pieces: list[str | Value] = []
    for key in keys:
        comma = ", " if pieces else ""
        spelling = draw(st.sampled_from(_spellings(values[key], one_line=True)))
        pieces += [f"{comma}{key.partition('.')[2]} = ", Value(key, spelling)]
    return pieces


def _ended(draw: st.DrawFn, file: Written) -> Written:
    """Return the file with the ends of line, the mark and the last line of some editor."""
    *front, last = file.pieces
    if draw(st.booleans()) and isinstance(last, str):
        last = last.rstrip("\n")
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return Written((mark, *front, last), file.values, file.styles).with_newlines(draw(st.sampled_from(["\n", "\r\n"])))
