"""client-auth: what each mode does to whom, whose clients are let in, and lists that must not lock anybody out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from sslutil.documents.roster import parse_roster, render_roster
from sslutil.errors import MaterialError, SiteError, UsageError
from sslutil.verbs import apply, client_auth, renew
from tests.server.made import make_server
from tests.verbs.clients import ANNA, BOB, issue, read_list, revoke, set_mode
from tests.verbs.strangers import SERVERS_ONLY, Stranger, put

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At

CLOSED = {"own_ca": False}
"""Nobody's clients but a stranger's."""


def trust(at: At, folder: Path, stranger: Stranger, crl: bytes = b"", **wish: Any) -> Any:  # noqa: ANN401  as typed
    """Let the clients of a stranger in, by its list where there is one."""
    lists = (put(folder, "their.crl", crl),) if crl else ()
    return set_mode(at, "require", ca=(put(folder, "their.pem", stranger.pem),), crl=lists, **(CLOSED | wish))


class TestModes:
    """What the answer says."""

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize(
        ("mode", "effect"),
        [
            ("off", r"nobody is asked for a certificate.*\(recommended\)"),
            ("optional", r"everybody else connects all the same"),
            ("require", r"whoever has no valid certificate can't connect"),
        ],
    )
    def test_it_says_what_each_does(self, at: At, tmp_path: Path, mode: str, effect: str) -> None:
        """Each mode says what it does to whom, on the dry run as on the change; off is recommended with every one."""
        issue(at, tmp_path)
        for answer in (set_mode(at, mode), client_auth.set_client_auth(at(dry_run=True), client_auth.Request(mode))):
            told = " ".join(f"{label}: {value}" for label, value in answer.lines)
            assert re.search(effect, told)
            assert "recommended" in told.lower()
            assert mode == answer.fields["mode"]

    @pytest.mark.parametrize("mode", ["optional", "require"])
    def test_without_any_authority(self, at: At, born: Path, mode: str) -> None:
        """Where neither our own authority nor another is trusted, nobody can be asked, --lock-out or not."""
        for lock_out in (False, True):
            with pytest.raises(SiteError, match=rf'mode = "{mode}" without an authority'):
                set_mode(at, mode, own_ca=False, lock_out=lock_out)
        assert 'mode = "off"' in (born / "site.toml").read_text()

    def test_a_stranger_is_enough(self, at: At, born: Path, tmp_path: Path) -> None:
        """Another authority's clients can't be counted: no question of a lock-out, and the answer says so."""
        stranger = Stranger()
        answer = trust(at, tmp_path, stranger)
        assert answer.changed
        assert "can't be counted" in " ".join(answer.warnings)
        assert stranger.pem == (born / "current" / "client-ca.crt").read_bytes()
        assert not trust(at, tmp_path, stranger).changed

    def test_its_keys(self, at: At, born: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Depth and services are the site's; files that were typed relative to a folder are kept by their full path."""
        monkeypatch.chdir(tmp_path)
        put(tmp_path, "their.pem", Stranger().pem)
        set_mode(at, "optional", ca=("their.pem",), depth=2, services=("https", "imaps"))
        text = (born / "site.toml").read_text()
        assert f'ca_files = ["{tmp_path}/their.pem"]' in text
        assert "depth = 2" in text
        assert 'services = ["https", "imaps"]' in text
        with pytest.raises(UsageError, match="give one of the two"):
            set_mode(at, "optional", ca=("their.pem",), no_ca=True)
        issue(at, tmp_path)
        set_mode(at, "optional", no_ca=True)
        assert "ca_files = []" in (born / "site.toml").read_text()

    def test_an_order_is_no_edit(self, at: At, born: Path, tmp_path: Path) -> None:
        """What is in the working file and not yet in force stops the edit, and never the order."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
        answer = issue(at, tmp_path)
        assert "edits that are not in force" in " ".join(answer.warnings)
        with pytest.raises(SiteError, match="https_port"):
            set_mode(at, "optional")


class TestDryRun:
    """Who would be locked out."""

    def test_it_lists_all(self, at: At, born: Path, tmp_path: Path) -> None:
        """One that serves for servers alone, and one that was never handed over, are named for what they are."""
        issue(at, tmp_path)
        issue(at, tmp_path, BOB)
        issue(at, tmp_path, "carla@example.org")
        roster = born / "clients" / "roster.toml"
        anna, bob, carla = parse_roster(roster.read_bytes()).records
        roster.write_text(render_roster((anna, bob._replace(handed_over=None), carla)))
        kept = born / "clients" / "certificates" / f"{carla.serial_number:x}.crt"
        kept.write_bytes(make_server().pem)
        before = roster.read_bytes()
        answer = client_auth.set_client_auth(at(dry_run=True), client_auth.Request("require"))
        states = {row[0]: row[3] for row in answer.rows}
        assert {ANNA: "valid", BOB: "never handed over", "carla@example.org": "wrong purpose"} == states
        assert states == {one["address"]: one["state"] for one in answer.fields["clients"]}
        assert before == roster.read_bytes()
        assert not (born / "generations" / "000002").exists()


class TestStrangers:
    """Authorities of others."""

    @pytest.mark.parametrize(
        ("wrong", "cause"),
        [
            ({"ca": False}, "no authority's"),
            ({"days": (-100, -1)}, "expired on 2026-02-28"),
            ({"days": (2, 100)}, "not valid before 2026-03-03"),
            ({"weak": True}, "too weak"),
            ({"signs": False}, "forbids it to sign"),
            ({"purpose": SERVERS_ONLY}, "not for clients"),
        ],
        ids=["leaf", "expired", "future", "weak", "may not sign", "for servers"],
    )
    def test_what_is_none(self, at: At, born: Path, tmp_path: Path, wrong: dict[str, Any], cause: str) -> None:
        """What can let no client in is refused with its file and the cause, and nothing changes."""
        site = (born / "site.toml").read_bytes()
        with pytest.raises(MaterialError, match=re.escape(cause)) as refused:
            trust(at, tmp_path, Stranger(**wrong))
        assert f"{tmp_path}/their.pem" in refused.value.message
        assert refused.value.hint
        assert site == (born / "site.toml").read_bytes()
        assert not (born / "generations" / "000002").exists()

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize(
        ("number", "when", "cause"),
        [
            (5, {"begin": -20, "end": -1}, "lapsed on 2026-02-28"),
            (5, {"begin": 2}, "begins on 2026-03-03"),
            (3, {}, "older list"),
        ],
        ids=["lapsed", "future", "older"],
    )
    def test_lists_that_can_not_be_taken(
        self, at: At, tmp_path: Path, number: int, when: dict[str, Any], cause: str
    ) -> None:
        """A list that has lapsed, begins later or is older than the one in force is refused with its file."""
        stranger = Stranger()
        assert trust(at, tmp_path, stranger, stranger.make_list(4, begin=-2)).changed
        with pytest.raises(MaterialError, match=cause) as refused:
            trust(at, tmp_path, stranger, stranger.make_list(number, **when))
        assert f"{tmp_path}/their.crl" in refused.value.message
        put(tmp_path, "their.crl", stranger.make_list(5))
        assert apply.apply(at(), replace=False).changed

    @pytest.mark.usefixtures("born")
    def test_a_list_of_another(self, at: At, tmp_path: Path) -> None:
        """A list of an authority that is not trusted, of the same name or not, is refused."""
        for other in (Stranger("Another"), Stranger()):
            with pytest.raises(MaterialError, match="none of the authorities in ca_files"):
                trust(at, tmp_path, Stranger(), other.make_list())
        stranger = Stranger()
        assert trust(at, tmp_path, stranger, stranger.make_list()).changed

    @pytest.mark.parametrize("export", ["nginx", "haproxy", "exim"])
    def test_a_list_of_each(self, at: At, born: Path, tmp_path: Path, export: str) -> None:
        """Where a server needs a list of every authority, one without is refused by its name; with it, all is well."""
        issue(at, tmp_path)
        site = born / "site.toml"
        text = site.read_text().replace('exports = ["apache"]', f'exports = ["{export}"]')
        site.write_text(text.replace('services = ["https"]\n', 'services = ["https", "submission"]\n'))
        apply.apply(at(), replace=False)
        stranger = Stranger()
        other = put(tmp_path, "other.pem", Stranger("Listless").pem)
        theirs = put(tmp_path, "their.pem", stranger.pem)
        listed = put(tmp_path, "their.crl", stranger.make_list())
        with pytest.raises(SiteError, match="Listless"):
            set_mode(at, "require", ca=(theirs, other), crl=(listed,))
        assert set_mode(at, "require", ca=(theirs,), crl=(listed,)).changed
        assert 2 == (born / "current" / "client-ca.crl").read_text().count("BEGIN X509 CRL")


class TestForeignListsByNight:
    """A foreign list never blocks a renewal."""

    @pytest.fixture
    def listed(self, at: At, born: Path, tmp_path: Path) -> tuple[Stranger, Path]:
        """A stranger whose list is in force for 30 days, and the file of that list."""
        stranger = Stranger()
        trust(at, tmp_path, stranger, stranger.make_list(1, end=30))
        assert (1, set()) == read_list(born / "current" / "client-ca.crl")
        return stranger, tmp_path / "their.crl"

    def test_it_lapses(self, at: At, born: Path, listed: tuple[Stranger, Path]) -> None:
        """The nightly renewal says that it has lapsed, loudly, goes on, and takes the next one when it is there."""
        stranger, path = listed
        before = renew.renew(at(days=29), renew.Request())
        assert not before.changed
        assert "lapsed" not in " ".join(before.warnings)
        answer = renew.renew(at(days=31), renew.Request())
        assert not answer.changed
        assert "lapsed on 2026-03-31" in " ".join(answer.warnings)
        due = renew.renew(at(days=80), renew.Request())
        assert due.changed
        assert "lapsed on 2026-03-31" in " ".join(due.warnings)
        path.write_bytes(stranger.make_list(2, begin=80, end=110, revoked=(77,)))
        taken = renew.renew(at(days=81), renew.Request())
        assert taken.changed
        assert "lapsed" not in " ".join(taken.warnings)
        assert (2, {77}) == read_list(born / "current" / "client-ca.crl")

    @pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN X509 CRL-----\nAAAA", None])
    def test_garbage(self, at: At, born: Path, listed: tuple[Stranger, Path], content: bytes | None) -> None:
        """A file that holds no list, or is gone, is told; the list in force stays, and the certificate is renewed."""
        _, path = listed
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        for days, changes in ((1, False), (80, True)):
            answer = renew.renew(at(days=days), renew.Request())
            assert changes == answer.changed
            assert f"{path}" in " ".join(answer.warnings)
            assert "stay as they are" in " ".join(answer.warnings)
            assert (1, set()) == read_list(born / "current" / "client-ca.crl")

    def test_an_older_one(self, at: At, born: Path, listed: tuple[Stranger, Path]) -> None:
        """An older list in the place of the one in force does not bring back whom that put out."""
        stranger, path = listed
        path.write_bytes(stranger.make_list(2, revoked=(77,)))
        assert renew.renew(at(days=1), renew.Request()).changed
        path.write_bytes(stranger.make_list(1))
        answer = renew.renew(at(days=2), renew.Request())
        assert not answer.changed
        assert "older list" in " ".join(answer.warnings)
        assert (2, {77}) == read_list(born / "current" / "client-ca.crl")


@pytest.mark.usefixtures("born")
def test_the_end_of_a_list_is_told(at: At, tmp_path: Path) -> None:
    """A short list says in the answer until when it holds; one that ends with the authority says that too."""
    issue(at, tmp_path)
    issue(at, tmp_path, BOB)
    revoke(at, BOB)
    for days, end in ((30, "until 2026-03-31"), (0, "until 2036-02-27")):
        assert end in dict(set_mode(at, "require", crl_days=days).lines)["Revocation list"]
