"""site.toml edited so that everything else stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, event, given, settings

from sslutil.documents.site_edit import edit_site
from sslutil.documents.site_file import SiteFile, parse_site
from sslutil.errors import SiteError
from sslutil.site import change
from tests.documents.strange import EDITS, Written, written

PATH = "/r/site.toml"
BY_HAND = "is written in a way that can't be edited without loss"


def parse(text: str) -> SiteFile:
    """Return the site in a text."""
    return parse_site(text.encode(), PATH)


def edit(text: str, **values: Any) -> str:  # noqa: ANN401  a TOML value of any type
    """Return the text with some keys of [site] changed."""
    return edit_site(parse(text), {f"site.{name}": value for name, value in values.items()}, PATH).text


class TestEdit:
    """Commands change their own keys in the operator's file, and nothing else."""

    @given(written(), EDITS)
    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    def test_everything_else_stays(self, file: Written, edits: dict[str, Any]) -> None:
        """A strange file either says by itself what was meant, every other byte as it was, or is left to a person."""
        before = parse(file.text)
        try:
            after, fault = edit_site(before, edits, PATH), ""
        except SiteError as refused:
            after, fault = before, refused.message

        if fault:
            event("left to a person")
            assert f"{PATH} {BY_HAND}" == fault
            assert not file.can_take(edits) or file.notes_within(edits)
            return
        event("nothing to do" if after is before else "edited")
        assert change(before.site, edits) == after.site == parse(after.text).site
        assert file.can_take(edits)
        assert file.expect(edits).fullmatch(after.text)
        assert "\r\n" not in file.text or after.text.count("\n") == after.text.count("\r\n")

    def test_names_follow_a_list_line_by_line(self) -> None:
        """A list with a line for each item keeps its lines and their comments; only what goes away takes its own."""
        text = 'version = 1\n[site]\nnames = [\n  "a.example.org",  # first\n  "b.example.org", # gone\n  # more\n]\n'

        assert 'version = 1\n[site]\nnames = [\n  "a.example.org",  # first\n  # more\n  "c.example.org"\n]\n' == edit(
            text, names=["a.example.org", "c.example.org"]
        )

    def test_new_first_name(self) -> None:
        """A new item takes its place among the old ones, which keep their comments."""
        text = "version = 1\n[site]\nnames = [\n  'b.example.org',  # second\n]\n"
        new = text.replace("= [\n", '= [\n  "a.example.org",\n')

        assert new == edit(text, names=["a.example.org", "b.example.org"])

    def test_editor_that_loses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An editor that loses somebody's table, or damages the file, is not believed."""
        dumps = tomlkit.dumps
        before = parse("version = 1\n[site]\nhttp_port = 81\n[mine]\nx = nan\n")
        for lost in ("[mine]\nx = nan\n", "x = nan\n", "[mine]", "version = 1\n"):
            monkeypatch.setattr(tomlkit, "dumps", lambda document, lost=lost: dumps(document).replace(lost, ""))
            with pytest.raises(SiteError, match=BY_HAND):
                edit_site(before, {"site.http_port": 82}, PATH)
        monkeypatch.setattr(tomlkit, "dumps", dumps)
        assert before.text.replace("81", "82") == edit_site(before, {"site.http_port": 82}, PATH).text

    def test_reordered_list_without_comments(self) -> None:
        """A list that is only put into another order is written anew."""
        text = 'version = 1\n[site]\nnames = [\n  "a.example.org",\n  "b.example.org"\n]\n'

        assert 'version = 1\n[site]\nnames = ["b.example.org", "a.example.org"]\n' == edit(
            text, names=["b.example.org", "a.example.org"]
        )

    def test_reordered_list_with_comments(self) -> None:
        """Where comments would lose their items, a person edits."""
        text = 'version = 1\n[site]\nnames = [\n  "a.example.org", # a\n  "b.example.org"\n]\n'

        with pytest.raises(SiteError, match=BY_HAND) as refused:
            edit(text, names=["b.example.org", "a.example.org"])
        assert "change site.names by hand, then run: sslutil apply" == refused.value.hint

    def test_comment_that_introduces_the_next_table(self) -> None:
        """A new key stands right below its header, so that the next table keeps its introduction."""
        text = "version = 1\n[site]  # ours\nhttp_port = 80\n\n# about certificates\n[certificate]\nlifetime = 90\n"
        new = text.replace("# ours\n", "# ours\nhttps_port = 8443\n")

        assert new == edit(text, https_port=8443)

    @pytest.mark.parametrize(
        "text",
        [
            "version = 1\nsite.http_port = 81\n",
            "version = 1\nsite = { http_port = 81 }\n",
            'version = 1\n["s\\u0069te"]\nhttp_port = 81\n',
        ],
        ids=["dotted", "inline", "escaped"],
    )
    def test_table_without_a_header(self, text: str) -> None:
        """A table that has no header of its name takes other values, but no new key: a person is asked."""
        assert text.replace("81", "82") == edit(text, http_port=82)
        with pytest.raises(SiteError, match=BY_HAND):
            edit(text, https_port=8443)

    def test_wished_already(self) -> None:
        """A wish that the file fulfils, by an absent key too, is the very same file."""
        before = parse("version = 1\n[site]\nhttps_port = 0x1bb\n")

        assert before is edit_site(before, {"site.https_port": 443, "site.http_port": 80}, PATH)

    def test_spelling_of_others_stays(self) -> None:
        """Keys that have the wished value already keep the spelling that they have."""
        text = "version = 1\n[site]\nhttps_port = 0x1bb\nhttp_port = 8_080\n"

        assert text.replace("8_080", "80") == edit(text, https_port=443, http_port=80)

    def test_wish_that_contradicts(self) -> None:
        """A wish that the rest of the file contradicts is refused with the judge's own sentence, not written."""
        with pytest.raises(SiteError, match="https_port and http_port are both 81"):
            edit("version = 1\n[site]\nhttp_port = 81\n", https_port=81)
