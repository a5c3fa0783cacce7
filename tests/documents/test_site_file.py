"""site.toml: read, and born complete."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sslutil.documents.site_edit import edit_site
from sslutil.documents.site_file import SiteFile, find_line, parse_site, render_site
from sslutil.errors import SiteError
from sslutil.site import Site, change
from sslutil.site import settings as all_settings
from tests.documents.strange import EDITS, VALUES, Written, written

PATH = "/r/site.toml"
BY_HAND = "is written in a way that can't be edited without loss"


def parse(text: str) -> SiteFile:
    """Return the site in a text."""
    return parse_site(text.encode(), PATH)


class TestFindLine:
    """Which line an error names."""

    @given(written(), st.sampled_from(sorted(VALUES)))
    def test_statement_begins_there(self, file: Written, key: str) -> None:
        """What comes before the line lacks the key, and the lines that begin there hold it; None where it lacks."""
        text = file.text.removeprefix("\ufeff").replace("\r\n", "\n")
        line = find_line(file.text, key)

        assert (key not in file.values) is (line is None)
        if line:
            lines = text.split("\n")
            table, _, name = key.partition(".")
            assert name not in tomllib.loads("\n".join(lines[: line - 1])).get(table, {})
            assert name in lines[line - 1]

    @pytest.mark.parametrize(
        ("text", "key", "line"),
        [
            ("version = 1\n", "site.names", None),
            ("version = 1\n", "", None),
            ("version = 1\n[site]\n", "site", 2),
            ("a = 1\nversion = 1", "version", 2),
            ("\ufeffversion = 1\r\n\r\n[site]\r\nnames = []\r\n", "site.names", 4),
            ("# \u2028 \x85\n[site]\nnames = [\n'a',\n]\n", "site.names", 3),
            ("[site]\nx = '''\nnames = 1\n'''\nnames = '''\n'''\n", "site.names", 5),
            ('[site]\nnames = """\n]\n"""\n', "site.names", 2),
            ("site = { names = [1,\n2] }\n", "site.names", 1),
            ('[site]\n"n\\u0061mes" = 1\n', "site.names", 2),
        ],
    )
    def test_line(self, text: str, key: str, line: int | None) -> None:
        """The line is that on which a person would look."""
        assert line == find_line(text, key)

    def test_long_file(self) -> None:
        """A file of ten thousand lines is searched in a moment: each prefix is not parsed."""
        text = "version = 1\n[site]\nnames = [\n" + '"x",\n' * 10_000 + "]\nhttps_port = 0\n"

        assert 10_005 == find_line(text, "site.https_port")


class TestParse:
    """What can't be taken is told with its place."""

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"version = 1\n[site]\nhttps_port = 0\n", f"{PATH}, line 3: https_port is a whole number from 1 to 65535"),
            (
                b"version = 1\n\n[site]\nhttps_prt = 1\n",
                f"{PATH}, line 4: unknown key https_prt; did you mean https_port",
            ),
            (b"version = 1\nhttps_port = 1\n", f"{PATH}, line 2: unknown key https_port; it belongs below .site."),
            (b"version = 1\n[sites]\n", f"{PATH}, line 2: unknown table sites; did you mean site"),
            (b"version = 1\n[[site]]\n", f"{PATH}, line 2: site is a table"),
            (b"version = 2\n", f"{PATH}, line 1: version is 1, the only one there is"),
            (b"", f"{PATH}: version is missing"),
            (b"version = 1\n[site\n", f"{PATH}: not TOML: .*line 2"),
            (b"version = 1\nx = [1,\n", f"{PATH}: not TOML: "),
            (b"version = 1\n# \xff\n", f"{PATH}, line 2: not UTF-8 text"),
            (b"\xff\xfev\x00", f"{PATH}, line 1: not UTF-8 text"),
            (b"version = " + b"1" * 5000, f"{PATH}: not TOML: "),
            (b"version = 1\nx = " + b"[" * 100_000, f"{PATH}: nested too deeply"),
            (b"version = 1\n[site]\nhttps_port = 0x" + b"f" * 5000, f"{PATH}, line 3: https_port is a whole number"),
        ],
    )
    def test_refused(self, content: bytes, message: str) -> None:
        """The sentence names the file, the line where there is one, and what is wrong."""
        with pytest.raises(SiteError, match=f"^{message}") as refused:
            parse_site(content, PATH)
        assert refused.value.hint
        assert len(refused.value.message) < 300

    def test_twice(self) -> None:
        """A key that stands twice is refused, by TOML itself: nobody guesses which one counts."""
        with pytest.raises(SiteError, match="not TOML"):
            parse("version = 1\n[site]\nhttps_port = 1\nhttps_port = 2\n")

    def test_explicit(self) -> None:
        """Exactly the keys of ours that stand in the file are explicit, however they are written."""
        text = "version = 1\ndeploy.keep = 3\nsite = { http_port = 80 }\n[mine]\nx = 1\n[certificate]\n"

        assert {"deploy.keep", "site.http_port"} == parse(text).explicit

    @pytest.mark.parametrize("foreign", ["[mine]\nx = 1\n", "[[mine]]\nx = 1\n", "[mine.deep]\n", "mine = {}\n"])
    def test_foreign_table(self, foreign: str) -> None:
        """A table that is nobody's of ours is left in peace."""
        assert Site() == parse(f"version = 1\n{foreign}").site

    def test_text_is_kept(self) -> None:
        """The text is the file's own, mark and ends of lines included."""
        text = "\ufeffversion = 1\r\n"

        assert text == parse(text).text


SITES = EDITS.map(lambda edits: change(Site(), edits))


class TestRender:
    """A file is born complete."""

    @given(SITES)
    def test_round_trip(self, site: Site) -> None:
        """What is written says what was meant, with every key explicit."""
        file = parse(render_site(site))

        assert (site, frozenset(all_settings())) == (file.site, file.explicit)

    @given(SITES)
    @example(Site())
    def test_born_again(self, site: Site) -> None:
        """A complete file that is read and written again is the same text."""
        text = render_site(site)

        assert text == render_site(parse(text).site)

    def test_explained(self) -> None:
        """Right above each key stands its explanation."""
        lines = render_site(Site()).split("\n")

        for setting in all_settings().values():
            table = lines.index(f"[{setting.table}]")
            place = next(at for at, line in enumerate(lines) if at > table and line.startswith(f"{setting.name} = "))
            assert f"# {setting.explanation}" == lines[place - 1]

    @given(SITES, EDITS)
    @settings(max_examples=50)
    def test_edits_replace(self, site: Site, edits: dict[str, Any]) -> None:
        """In a complete file an edit changes lines, and never their number."""
        before = parse(render_site(site))
        after = edit_site(before, edits, PATH)

        assert render_site(change(site, edits)) == after.text


class TestNames:
    """Names are written as people read them."""

    def test_unicode(self) -> None:
        """An internationalised name stands there in Unicode, and is read as the same name."""
        site = change(Site(), {"site.names": ["xn--bcher-kva.example"]})
        text = render_site(site)

        assert 'names = ["bücher.example"]' in text
        assert site == parse(text).site
