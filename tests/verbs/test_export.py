"""export: the policy in force, in the words of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError, SslutilError, UsageError
from sslutil.verbs.export import Request, export

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


@pytest.mark.parametrize(("file", "name"), [("", "apache.conf"), ("plain", "apache-plain.conf")])
def test_it_is_what_the_generation_carries(file: str, name: str, at: At, born: Path) -> None:
    """On stdout stands the file that current/ holds too, and beside it what it was written for."""
    answer = export(at(), Request("apache", file))
    assert (born / "current" / name).read_text() == answer.bare == answer.fields["text"]
    assert answer.headline.startswith(f"{name} of generation 1, for Apache httpd ")
    assert ((), False) == (answer.written, answer.changed)


def test_into_a_file(at: At, born: Path, tmp_path: Path) -> None:
    """A file is written once, left alone when it holds this already, and overwritten only by --force."""
    out = tmp_path / "apache.conf"
    first = export(at(), Request("apache", out=str(out)))
    assert ((str(out),), True, None) == (first.written, first.changed, first.bare)
    assert (born / "current/apache.conf").read_bytes() == out.read_bytes()
    again = export(at(), Request("apache", out=str(out)))
    assert ((), False) == (again.written, again.changed)
    assert again.headline.startswith("nothing to do")
    with pytest.raises(UsageError, match="exists"):
        export(at(), Request("apache", "plain", out=str(out)))
    assert export(at(), Request("apache", "plain", out=str(out), force=True)).changed


@pytest.mark.usefixtures("registry")
def test_nothing_to_export(at: At) -> None:
    """Where nothing is in force there is no policy to tell."""
    with pytest.raises(SiteError, match="nothing is in force"):
        export(at(), Request("apache"))


def test_pending_edits_do_not_slip_in(at: At, born: Path) -> None:
    """What site.toml has pending is no part of it, and is told."""
    site = born / "site.toml"
    site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
    answer = export(at(), Request("apache"))
    assert "8443" not in str(answer.bare)
    assert "not in force" in answer.warnings[0]


def test_versions_are_asked_given_or_assumed(at: At, born: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The typed version counts before the installed one; where neither is known, the oldest is taken and said."""
    hybrid = "X25519MLKEM768"
    assert hybrid in str(export(at(), Request("apache", openssl_version="3.5.0")).bare).partition("Groups")[2]
    older = export(at(), Request("apache", openssl_version="3.0.2"))
    assert f"# Left out: {hybrid}, unknown to OpenSSL 3.0.2" in str(older.bare)
    assert [f"{hybrid}, unknown to OpenSSL 3.0.2"] == older.fields["left_out"]
    monkeypatch.setattr("sslutil.steps.compose.installed_versions", lambda _: {})
    assumed = export(at(), Request("apache"))
    assert ["no Apache httpd is installed", "no OpenSSL is installed"] == [
        warning.partition(" here")[0] for warning in assumed.warnings
    ]
    assert "# No apache was found, so it is for the oldest supported: 2.4.36" in str(assumed.bare)
    assert born.exists()


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (Request("apache", server_version="2"), SiteError),
        (Request("apache", openssl_version="1.0.2"), SiteError),
        (Request("apache", server_version="2.4.x"), UsageError),
        (Request("apache", openssl_version="new"), UsageError),
    ],
)
@pytest.mark.usefixtures("born")
def test_no_version(request_: Request, kind: type[SslutilError], at: At) -> None:
    """A version that is too old is a fault of the site, and what is none a slip of the typist's."""
    with pytest.raises(kind):
        export(at(), request_)


@pytest.mark.usefixtures("born")
def test_one_answer_at_a_time(at: At) -> None:
    """A virtual host is whole, so it is not the plain file too."""
    with pytest.raises(UsageError, match="one at a time"):
        export(at(), Request("apache", "plain", vhost=True))


def test_vhost(at: At, born: Path) -> None:
    """A complete virtual host has a name, a root, and what both files of the generation say."""
    text = str(export(at(), Request("apache", vhost=True)).bare)
    for name in ("apache.conf", "apache-plain.conf"):
        for line in (born / "current" / name).read_text().splitlines():
            assert line.startswith("#") or f"    {line}\n" in text
    assert "<VirtualHost *:443>" in text
