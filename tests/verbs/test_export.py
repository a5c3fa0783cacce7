"""export: the policy in force, in the words of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError, UsageError
from sslutil.verbs.export import export_apache

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


@pytest.mark.parametrize(("plain", "name"), [(False, "apache.conf"), (True, "apache-plain.conf")])
def test_it_is_what_the_generation_carries(plain: bool, name: str, at: At, born: Path) -> None:  # noqa: FBT001
    """On stdout stands the file that current/ holds too, and beside it what it was written for."""
    answer = export_apache(at(), "-", plain=plain, force=False)
    assert (born / "current" / name).read_text() == answer.bare == answer.fields["text"]
    assert answer.headline.startswith(f"{name} of generation 1, for apache ")
    assert ((), False) == (answer.written, answer.changed)


def test_into_a_file(at: At, born: Path, tmp_path: Path) -> None:
    """A file is written once, left alone when it holds this already, and overwritten only by --force."""
    out = tmp_path / "apache.conf"
    first = export_apache(at(), str(out), plain=False, force=False)
    assert ((str(out),), True, None) == (first.written, first.changed, first.bare)
    assert (born / "current/apache.conf").read_bytes() == out.read_bytes()
    again = export_apache(at(), str(out), plain=False, force=False)
    assert ((), False) == (again.written, again.changed)
    assert again.headline.startswith("nothing to do")
    with pytest.raises(UsageError, match="exists"):
        export_apache(at(), str(out), plain=True, force=False)
    assert export_apache(at(), str(out), plain=True, force=True).changed


@pytest.mark.usefixtures("registry")
def test_nothing_to_export(at: At) -> None:
    """Where nothing is in force there is no policy to tell."""
    with pytest.raises(SiteError, match="nothing is in force"):
        export_apache(at(), "-", plain=False, force=False)


def test_pending_edits_do_not_slip_in(at: At, born: Path) -> None:
    """What site.toml has pending is no part of it, and is told."""
    site = born / "site.toml"
    site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
    answer = export_apache(at(), "-", plain=False, force=False)
    assert "8443" not in str(answer.bare)
    assert "not in force" in answer.warnings[0]
