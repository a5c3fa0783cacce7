"""One setting at a time: its bounds, its default, its catalogue."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from sslutil.errors import SettingError
from sslutil.exporters import EXPORTERS, ExportPlan, render_exports
from sslutil.plan import OLDEST_OPENSSL, make_policy
from sslutil.site import EXPORTS, TABLES, VERSIONED_PROGRAMS, Site, change, judge_value, settings
from tests.site.allowed import ALL_BAD, ALL_GOOD, BAD, GOOD, site_of


class TestSettings:
    """One key at a time."""

    def test_every_setting_is_judged_here(self) -> None:
        """A setting that is added is a setting whose bounds are tested."""
        assert list(settings()) == list(GOOD) == list(BAD)

    @pytest.mark.parametrize(("key", "value"), ALL_GOOD, ids=range(len(ALL_GOOD)))
    def test_taken(self, key: str, value: Any) -> None:  # noqa: ANN401  a TOML value of any type
        """A value within the bounds is taken, and what is written for it is taken as the same again."""
        setting = settings()[key]
        taken = judge_value(setting, value)

        assert taken == judge_value(setting, setting.render(taken))
        hash(taken)

    @pytest.mark.parametrize(("key", "value"), ALL_BAD, ids=range(len(ALL_BAD)))
    def test_refused(self, key: str, value: Any) -> None:  # noqa: ANN401  a TOML value of any type
        """A value beyond them, or of another type, is refused with the key at fault, in one bearable sentence."""
        with pytest.raises(SettingError) as refused:
            judge_value(settings()[key], value)
        assert key == refused.value.key
        assert len(refused.value.message) < 400
        assert not refused.value.message.endswith(".")

    @pytest.mark.parametrize("key", GOOD)
    def test_default(self, key: str) -> None:
        """A default is within its own bounds, and is what an absent key means."""
        setting = settings()[key]

        assert judge_value(setting, setting.default) == Site().value(key) == site_of().value(key)

    @pytest.mark.parametrize(
        ("key", "typed", "meant"),
        [
            ("site.plain_http", "offers", "offer"),
            ("certificate.key_type", "p-256", "p256"),
            ("certificate.key_type", "rsa248", "rsa2048"),
            ("tls.profile", "intermediat", "intermediate"),
            ("client_auth.mode", "required", "require"),
        ],
    )
    def test_did_you_mean(self, key: str, typed: str, meant: str) -> None:
        """A misspelt choice is answered with what was meant."""
        with pytest.raises(SettingError, match=f"did you mean {meant}") as refused:
            judge_value(settings()[key], typed)
        assert meant == refused.value.near

    def test_did_not_mean(self) -> None:
        """What resembles nothing is answered with the choices alone."""
        with pytest.raises(SettingError) as refused:
            judge_value(settings()["site.plain_http"], "xyz")
        assert "did you mean" not in refused.value.message
        assert "offer, redirect, closed" in refused.value.message

    def test_duplicates(self) -> None:
        """What stands twice in a list counts once, whatever its spelling, in the place of the first."""
        site = site_of(
            site={"names": ["b.example", "A.example", "a.example"]}, deploy={"exports": ["apache", "apache"]}
        )

        assert ["b.example", "a.example"] == [name.text for name in site.site.names]
        assert ("apache",) == site.deploy.exports


class TestCatalogues:
    """What other rooms have must be what a site can name."""

    def test_exports(self) -> None:
        """Every export that a site may name is rendered, and each file of it once."""
        site = change(Site(), {"site.names": ["mail.example.org"], "deploy.exports": list(EXPORTS)})
        oldest = {name: row.oldest for name, row in EXPORTERS.items() if row.oldest}
        versions = {**oldest, "openssl": OLDEST_OPENSSL}
        plan = ExportPlan(site, make_policy(site), "/r/current", versions, crl=False)
        texts = render_exports(plan)

        names = [name for row in EXPORTERS.values() for name in row.files.values()]
        assert sorted(names) == sorted(texts)
        assert {} == render_exports(plan._replace(site=change(site, {"deploy.exports": []})))
        assert set(versions) == set(VERSIONED_PROGRAMS)

    def test_explained(self) -> None:
        """Each setting has an explanation of one line that fits a terminal beside its comment sign."""
        for setting in settings().values():
            assert setting.explanation
            assert "\n" not in setting.explanation
            assert len(setting.explanation) < 120

    def test_tables(self) -> None:
        """The tables of the file are the fields of the site, in its order."""
        assert list(TABLES) == [field.name for field in fields(Site)]
