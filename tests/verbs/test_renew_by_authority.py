"""Where an authority signs, renewal asks it once, and a compromised key is asked for never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.verbs.apply import apply
from sslutil.verbs.renew import Request, renew
from tests.crash.soundness import numbers, read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


@pytest.fixture
def by_authority(at: At, born: Path) -> Path:
    """A registry whose certificates an authority signs, and which has none of its yet."""
    site = born / "site.toml"
    site.write_text(site.read_text().replace('issuer = "self-signed"', 'issuer = "ca"'))
    assert apply(at(), replace=False).changed
    return born


def requests(registry: Path) -> set[int]:
    """Return the numbers of the requests that are there."""
    return numbers(read_tree(registry), "requests")


def test_asked_once(at: At, by_authority: Path) -> None:
    """The first night makes the request; the next ones say that it waits, and change nothing."""
    first = renew(at(days=1), Request())
    assert ("made request 1", True) == (first.headline, first.changed)
    assert set(first.written) == {
        f"{by_authority}/requests/000001/{name}" for name in ("request.key", "request.csr", "request.toml")
    }
    before = read_tree(by_authority)
    nights = [renew(at(days=days), Request()) for days in (2, 3, 60)]
    assert {("nothing to do: request 1 waits for its answer", False)} == {(one.headline, one.changed) for one in nights}
    assert before == read_tree(by_authority)


def test_over_the_same_key(at: At, by_authority: Path) -> None:
    """The request is over the key in force, unless a new one is asked for."""
    renew(at(days=1), Request())
    key = (by_authority / "current/server.key").read_bytes()
    assert key == (by_authority / "requests/000001/request.key").read_bytes()
    renew(at(days=1), Request(new_key=True))
    assert key != (by_authority / "requests/000002/request.key").read_bytes()
    assert key == (by_authority / "current/server.key").read_bytes()


def test_a_dry_run_makes_none(at: At, by_authority: Path) -> None:
    """A dry run says that a request would be made."""
    before = read_tree(by_authority)
    answer = renew(at(days=1, dry_run=True), Request())
    assert ("would make a request", True) == (answer.headline, answer.changed)
    assert before == read_tree(by_authority)


def test_the_stand_in_is_renewed(at: At, by_authority: Path) -> None:
    """What stands in until the answer comes does not expire meanwhile."""
    renew(at(days=1), Request())
    answer = renew(at(days=70), Request())
    assert "renewal is due" in answer.fields["why"]
    assert answer.headline.endswith("and request 1 waits for its answer")
    assert {1} == requests(by_authority)


def test_a_compromised_key(at: At, by_authority: Path) -> None:
    """A compromised key goes, the stand-in gets a new one, and the next request is over that."""
    renew(at(days=1), Request())
    old = (by_authority / "current/server.key").read_bytes()
    renew(at(days=2), Request(compromised=True))
    new = (by_authority / "current/server.key").read_bytes()
    assert old != new
    assert {1, 2} == requests(by_authority)
    assert old != (by_authority / "requests/000002/request.key").read_bytes()
    assert "nothing to do: request 2 waits for its answer" == renew(at(days=3), Request()).headline


def test_the_mark_is_never_undone(at: At, by_authority: Path) -> None:
    """A generation that retires a compromised key is one that withdraws: no refusal brings the key back."""
    renew(at(days=1), Request(compromised=True))
    assert "withdraws = true" in (by_authority / "current/generation.toml").read_text()
    ledger = by_authority / "requests/compromised.toml"
    assert 0o600 == ledger.stat().st_mode & 0o777


def test_another_name(at: At, by_authority: Path) -> None:
    """A name that comes is one of the stand-in too, which is ours to make anew, and the next request asks for it."""
    site = by_authority / "site.toml"
    site.write_text(site.read_text().replace('"mail.example.org"]', '"mail.example.org", "www.example.org"]'))
    assert ["mail.example.org", "www.example.org"] == apply(at(), replace=False).fields["certificate"]["names"]
    renew(at(days=1), Request())
    assert "www.example.org" in (by_authority / "requests/000001/request.toml").read_text()


def test_hsts_needs_an_authority(at: At, by_authority: Path) -> None:
    """HSTS over a stand-in would lock users out, whoever is to sign one day."""
    site = by_authority / "site.toml"
    text = site.read_text().replace('plain_http = "offer"', 'plain_http = "closed"')
    site.write_text(text.replace("hsts_max_age = 0", "hsts_max_age = 300"))
    with pytest.raises(SiteError, match="no authority has signed one yet"):
        apply(at(), replace=False)
