"""The recipes for gunicorn, uvicorn and hypercorn; the real ones take them in tests/live and tests/servers."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import SiteError
from sslutil.exporters import EXPORTERS, ExportPlan, load_dialect
from sslutil.exporters.recipes import quote
from sslutil.plan import make_policy
from sslutil.site import Site, change

RECIPES = ("gunicorn", "uvicorn", "hypercorn")
ASKED = {"client_auth.mode": "require", "client_auth.ca_files": ["/srv/ca.pem"]}

each_recipe = pytest.mark.parametrize("name", RECIPES)


def plan(values: dict[str, Any] | None = None, *, folder: str = "/srv/registry/current") -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(site, make_policy(site), folder, {"openssl": (3, 0, 19)})


def text_of(name: str, wanted: ExportPlan) -> str:
    """Return its file."""
    [text] = load_dialect(name).render(wanted).values()
    return text


@each_recipe
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80))
def test_registry(name: str, path: str) -> None:
    """The registry is one literal, whatever it is called, and nothing of it is code."""
    calls = [
        call
        for call in ast.walk(ast.parse(text_of(name, plan(folder=f"/{path}/current"))))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "load"
    ]

    assert [f"/{path}"] == [ast.literal_eval(call.args[0]) for call in calls]


@given(st.text())
def test_quote(path: str) -> None:
    """Python reads what was written."""
    assert path == ast.literal_eval(quote(path))


@each_recipe
def test_include(name: str) -> None:
    """The option names the file of the catalogue, quoted as a shell reads it; a control would leave the comment."""
    [(file, line)] = load_dialect(name).render_include("/srv/a b").items()

    assert [file] == list(EXPORTERS[name].files.values())
    assert line.endswith(f" '/srv/a b/{file}'")
    for refused in ("\n", "\r", "\x85", "\u2028", "\udcff"):
        with pytest.raises(SiteError):
            load_dialect(name).render(plan(folder=f"/srv/{refused}/current"))


@each_recipe
def test_losses(name: str) -> None:
    """What Python can't say is said, with the cure; what the application must do too."""
    dialect = load_dialect(name)
    cure = "before Python 3.15; sslutil export openssl-conf says it"

    assert (f"the choice of groups, {cure}",) == dialect.find_losses(plan())
    assert f"# Left out: the choice of groups, {cure}" in text_of(name, plan()).splitlines()
    assert f"the suites of TLS 1.3, {cure}" in dialect.find_losses(plan({"tls.profile": "old"}))
    assert any("plain_http" in loss for loss in dialect.find_losses(plan({"site.plain_http": "redirect"})))
    assert any("authorities" in loss for loss in dialect.find_losses(plan(ASKED)))


@each_recipe
def test_depth(name: str) -> None:
    """Python's ssl can't limit the depth: where the site says one, someone would get in."""
    with pytest.raises(SiteError, match="depth of 3"):
        text_of(name, plan({**ASKED, "client_auth.depth": 3}))
    assert text_of(name, plan({**ASKED, "client_auth.depth": 3, "client_auth.services": ["imaps"]}))
