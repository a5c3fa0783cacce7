"""The file as a whole, and single keys changed: a flag and a hand edit meet the same judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import SettingError, SiteError, UsageError
from sslutil.site import TABLES, Site, change, judge
from tests.site.allowed import ALL_GOOD, GOOD, site_of

if TYPE_CHECKING:
    from collections.abc import Callable


class TestFile:
    """The file as a whole."""

    @pytest.mark.parametrize("version", [0, 2, "1", True, 1.0, None, [1]])
    def test_version(self, version: object) -> None:
        """The version is the whole number 1."""
        with pytest.raises(SiteError, match=r"^version is 1, the only one there is$"):
            judge({"version": version})

    def test_no_version(self) -> None:
        """A file without a version is refused, with the line to write."""
        with pytest.raises(SiteError, match=r"^version is missing$") as refused:
            judge({})
        assert "version = 1" in refused.value.hint

    @pytest.mark.parametrize("foreign", [{}, {"x": 1}, [{"x": 1}], [{}, {}]])
    @pytest.mark.parametrize("name", ["mine", "ansible", "tools"])
    def test_foreign_table(self, name: str, foreign: object) -> None:
        """A table of somebody else's is ignored, an array of tables too."""
        assert Site() == judge({"version": 1, name: foreign})

    @pytest.mark.parametrize(
        ("typed", "meant"), [("sites", "site"), ("client-auth", "client_auth"), ("deply", "deploy")]
    )
    def test_misspelt_table(self, typed: str, meant: str) -> None:
        """A table whose name is nearly ours is not somebody else's."""
        with pytest.raises(SiteError, match=f"^unknown table {typed}; did you mean {meant}"):
            judge({"version": 1, typed: {}})

    @pytest.mark.parametrize("value", [1, "x", [], [1], [{}, 1]])
    def test_foreign_key(self, value: object) -> None:
        """A key outside of every table is nobody's, and is refused."""
        with pytest.raises(SiteError, match=r"^unknown key mine$"):
            judge({"version": 1, "mine": value})

    @pytest.mark.parametrize("key", ["site.https_port", "tls.profile", "deploy.keep"])
    def test_key_without_its_table(self, key: str) -> None:
        """A key of ours above its table's header is told where it belongs."""
        table, _, name = key.partition(".")
        with pytest.raises(SiteError, match=rf"^unknown key {name}; it belongs below \[{table}\]$"):
            judge({"version": 1, name: 1})

    @pytest.mark.parametrize("table", TABLES)
    @pytest.mark.parametrize("value", [1, "x", [], [{}]])
    def test_no_table(self, table: str, value: object) -> None:
        """A table of ours is a table."""
        with pytest.raises(SiteError, match=f"^{table} is a table$"):
            judge({"version": 1, table: value})

    @pytest.mark.parametrize(
        ("table", "typed", "meant"),
        [("site", "http-port", "http_port"), ("tls", "cipher", "ciphers"), ("deploy", "keeps", "keep")],
    )
    def test_misspelt_key(self, table: str, typed: str, meant: str) -> None:
        """A misspelt key is answered with what was meant, and named by its table."""
        with pytest.raises(SiteError, match=f"^unknown key {typed}; did you mean {meant}") as refused:
            site_of(**{table: {typed: 1}})
        assert f"{table}.{typed}" == refused.value.key

    def test_unknown_key(self) -> None:
        """A key that resembles none is answered with all that the table has."""
        keys = "mode, own_ca, ca_files, crl_files, crl_days, depth, services"
        with pytest.raises(SiteError, match=rf"^unknown key xyz; \[client_auth\] has {keys}$"):
            site_of(client_auth={"xyz": 1})

    VALUES = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )
    NAMES = st.sampled_from(sorted({key.partition(".")[2] for key in GOOD})) | st.text(max_size=5)

    @given(st.dictionaries(st.sampled_from(list(TABLES)), st.dictionaries(NAMES, VALUES, max_size=3) | VALUES))
    def test_anything(self, tables: dict[str, Any]) -> None:
        """Whatever a file holds is taken or refused with a sentence: nothing else ever comes of it."""
        try:
            site = judge({"version": 1, **tables})
        except SiteError as refused:
            told = refused.message
        else:
            told = str(site)
        assert told


class TestChange:
    """A flag and a hand edit meet the same judge."""

    @pytest.mark.parametrize(("key", "value"), ALL_GOOD, ids=range(len(ALL_GOOD)))
    def test_same_as_a_file(self, key: str, value: Any) -> None:  # noqa: ANN401  a TOML value of any type
        """A key that is changed gives the site, or the sentence, that a file with this key alone gives."""
        table, _, name = key.partition(".")

        def tell(make: Callable[[], Site]) -> object:
            try:
                return make()
            except SiteError as refused:
                return refused.message, refused.hint, refused.key

        assert tell(lambda: site_of(**{table: {name: value}})) == tell(lambda: change(Site(), {key: value}))

    def test_others_stay(self) -> None:
        """What is not changed stays, and the site that was given stays altogether."""
        before = site_of(site={"https_port": 8443}, deploy={"keep": 3})
        after = change(before, {"site.http_port": 8080})

        assert replace(before, site=replace(before.site, http_port=8080)) == after
        assert 80 == before.site.http_port

    def test_bad_name(self) -> None:
        """A name that can't be taken is told in its own words, and by its key."""
        with pytest.raises(SettingError, match="underscore") as refused:
            change(Site(), {"site.names": ["a_b.example"]})
        assert "site.names" == refused.value.key
        assert isinstance(refused.value.__cause__, UsageError)
