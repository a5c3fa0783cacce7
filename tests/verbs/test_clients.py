"""Client certificates from the first to the last: who gets in, who is put out, and what nothing brings back."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, ServerRefusedError, SiteError, UsageError
from sslutil.facts import Revocation
from sslutil.pki.client_authority import make_client_authority
from sslutil.pki.crls import make_crl
from sslutil.pki.keys import make_key
from sslutil.steps.client_orders import Delivery
from sslutil.verbs import apply, client_auth, client_ca, client_list, client_renew, renew, rollback, status
from tests.verbs.clients import ANNA, BOB, issue, read_list, read_records, revoke, set_mode, verify
from tests.verbs.conftest import BIRTH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.verbs.conftest import At


@pytest.fixture
def asked(at: At, born: Path, folder: Path) -> Path:
    """A registry whose servers require certificates, with one for Anna and one for Bob."""
    issue(at, folder)
    issue(at, folder, BOB)
    assert set_mode(at, "require").changed
    return born


def moment(days: float = 0) -> float:
    """Return the time so many days after the birth of the site."""
    return (BIRTH + timedelta(days=days, minutes=1)).timestamp()


class TestIssue:
    """What is handed over, once."""

    def test_again(self, at: At, asked: Path, folder: Path) -> None:
        """The same command again does nothing; another one is for another device."""
        before = read_records(asked)[ANNA]
        assert not issue(at, folder).changed
        assert before == read_records(asked)[ANNA]
        assert issue(at, folder, another=True).changed
        assert before.serial_number != read_records(asked)[ANNA].serial_number

    @pytest.mark.usefixtures("asked")
    def test_an_expired_one_is_none(self, at: At, folder: Path) -> None:
        """Whoever's certificate has ended gets the next by the same command."""
        assert issue(at, folder, after=400).changed

    def test_nothing_served_changes_while_nobody_is_asked(self, at: At, born: Path, folder: Path) -> None:
        """The first certificate makes the authority, and no generation."""
        answer = issue(at, folder)
        assert 1 == answer.generation
        assert {"ca.key", "ca.crt", "ca.crl"} == {path.name for path in (born / "clients" / "000001").iterdir()}

    @pytest.mark.parametrize("days", [0, 826])
    def test_lifetime(self, at: At, born: Path, folder: Path, days: int) -> None:
        """A lifetime out of bounds is refused, and leaves no trace."""
        with pytest.raises(UsageError, match=r"^--days is a whole number from 1 to 825"):
            issue(at, folder, days=days)
        assert not (born / "clients").exists()
        assert [] == list(folder.iterdir())


@pytest.mark.needs("openssl")
class TestRevoke:
    """Whoever is put out stays out."""

    def test_one_of_two(self, at: At, asked: Path, folder: Path) -> None:
        """The list in force names just the one, and openssl lets in just the other."""
        assert ["", ""] == [verify(asked, folder / f"{who}.pem", moment()) for who in (ANNA, BOB)]
        assert revoke(at, reason="key-compromise").changed
        number, serials = read_list(asked / "current" / "client-ca.crl")
        record = read_records(asked)[ANNA]
        assert (2, {record.serial_number}, "keyCompromise") == (number, serials, record.reason)
        assert "certificate revoked" in verify(asked, folder / f"{ANNA}.pem", moment())
        assert "" == verify(asked, folder / f"{BOB}.pem", moment())

    def test_again(self, at: At, asked: Path) -> None:
        """The second time there is nothing to do."""
        revoke(at)
        assert not revoke(at).changed
        assert 2 == read_list(asked / "current" / "client-ca.crl")[0]

    def test_rollback_brings_nobody_back(self, at: At, asked: Path, folder: Path) -> None:
        """A generation from before has today's list, and the number does not go back."""
        revoke(at)
        assert rollback.rollback(at(days=1), 1, keep_certificate=False, replace=False).changed
        assert set_mode(at, "require", after=1).changed
        number, serials = read_list(asked / "current" / "client-ca.crl")
        assert (2, {read_records(asked)[ANNA].serial_number}) == (number, serials)
        assert "certificate revoked" in verify(asked, folder / f"{ANNA}.pem", moment(1))

    def test_a_refusing_server_brings_nobody_back(self, at: At, asked: Path, folder: Path) -> None:
        """A generation that puts somebody out is never undone; one that does not is."""
        server, site = folder / "reload", asked / "site.toml"
        server.write_text("exit 0\n")
        site.write_text(site.read_text().replace("reload = []", f'reload = [["/bin/sh", "{server}"]]'))
        assert apply.apply(at(), replace=False).changed
        server.write_text(f"test ! -e {server}.broken\n")
        (folder / "reload.broken").touch()
        with pytest.raises(ServerRefusedError, match=r"is in force all the same"):
            revoke(at)
        assert {read_records(asked)[ANNA].serial_number} == read_list(asked / "current" / "client-ca.crl")[1]
        (folder / "reload.broken").unlink()
        assert renew.renew(at(), renew.Request()).generation == 4

    def test_the_last_one(self, at: At, asked: Path) -> None:
        """Putting out the last one locks everybody out, and is done only where that is wished."""
        revoke(at)
        with pytest.raises(SiteError, match=r"^nobody would get in"):
            revoke(at, BOB)
        assert read_records(asked)[BOB].revoked is None
        assert revoke(at, BOB, lock_out=True).changed
        assert 3 == read_list(asked / "current" / "client-ca.crl")[0]

    @pytest.mark.parametrize("spell", ["{:x}", "{:X}", "0x{:x}"])
    def test_by_serial_number(self, at: At, asked: Path, spell: str) -> None:
        """One certificate is meant by its number, however it is spelt."""
        serial = read_records(asked)[BOB].serial_number
        assert revoke(at, None, serial=spell.format(serial)).changed
        assert {serial} == read_list(asked / "current" / "client-ca.crl")[1]

    def test_of_a_restored_ledger(self, at: At, asked: Path, tmp_path: Path) -> None:
        """A copy of the ledger from before does not take the list's number back."""
        shutil.copytree(asked / "clients", tmp_path / "copy")
        revoke(at)
        shutil.rmtree(asked / "clients")
        shutil.copytree(tmp_path / "copy", asked / "clients")
        revoke(at, BOB, lock_out=True)
        assert 3 == read_list(asked / "current" / "client-ca.crl")[0]

    @pytest.mark.parametrize("server", ["postfix", "caddy"])
    def test_where_a_server_reads_no_list(self, at: At, asked: Path, server: str) -> None:
        """A revocation that one of the site's servers would not see is refused, and nobody is put half out."""
        site = asked / "site.toml"
        site.write_text(
            site.read_text()
            .replace('exports = ["apache"]', f'exports = ["{server}"]')
            .replace('services = ["https"]\n', 'services = ["https", "submission"]\n')
        )
        apply.apply(at(), replace=False)
        with pytest.raises(SiteError, match="can't read a revocation list"):
            revoke(at)
        assert (1, set()) == read_list(asked / "clients" / "000001" / "ca.crl")


@pytest.mark.needs("openssl")
class TestLoss:
    """A ledger that was lost, restored or damaged brings nobody back, and locks nobody out."""

    def test_restored(self, at: At, asked: Path, folder: Path, tmp_path: Path) -> None:
        """After the nightly renewal over a copy from before, whoever was put out is out, in the ledger too."""
        shutil.copytree(asked / "clients", tmp_path / "copy")
        revoke(at)
        shutil.rmtree(asked / "clients")
        shutil.copytree(tmp_path / "copy", asked / "clients")
        renew.renew(at(days=1), renew.Request(force=True))
        assert "certificate revoked" in verify(asked, folder / f"{ANNA}.pem", moment(1))
        assert read_records(asked)[ANNA].revoked is not None
        assert 3 == read_list(asked / "clients" / "000001" / "ca.crl")[0]

    def test_gone(self, at: At, asked: Path, folder: Path) -> None:
        """Renewal keeps authority and list in force; nothing is issued, and apply refuses to drop it."""
        revoke(at)
        shutil.rmtree(asked / "clients")
        assert renew.renew(at(days=1), renew.Request(force=True)).changed
        assert "certificate revoked" in verify(asked, folder / f"{ANNA}.pem", moment(1))
        assert "" == verify(asked, folder / f"{BOB}.pem", moment(1))
        with pytest.raises(MaterialError, match="has it no more"):
            issue(at, folder, "carla@example.org")
        with pytest.raises(MaterialError, match="would be locked out"):
            apply.apply(at(), replace=False)
        assert not (asked / "clients").exists()

    @pytest.mark.parametrize("name", ["ca.key", "ca.crt", "ca.crl"])
    @pytest.mark.parametrize("harm", ["gone", "empty", "junk"])
    def test_damaged(self, at: At, asked: Path, folder: Path, name: str, harm: str) -> None:
        """The server's certificate is renewed all the same, and who is in or out stays so."""
        revoke(at)
        file = asked / "clients" / "000001" / name
        file.unlink()
        if harm != "gone":
            file.write_text("junk\n" if harm == "junk" else "")
        assert renew.renew(at(days=1), renew.Request(force=True)).changed
        assert "certificate revoked" in verify(asked, folder / f"{ANNA}.pem", moment(1))
        assert "" == verify(asked, folder / f"{BOB}.pem", moment(1))
        assert status.status(at()).headline
        with pytest.raises(MaterialError):
            revoke(at, BOB, lock_out=True)

    def test_a_line_of_no_authority(self, at: At, asked: Path) -> None:
        """A revocation that is on no list is refused, not told as done."""
        roster = asked / "clients" / "roster.toml"
        roster.write_text(roster.read_text().replace("authority = 1", "authority = 9"))
        with pytest.raises(MaterialError, match="is of no authority"):
            revoke(at)

    def test_a_clock_that_was_ahead(self, at: At, asked: Path, folder: Path) -> None:
        """A list that begins in the future is signed anew once the clock is right."""
        revoke(at, after=3)
        assert "not yet valid" in verify(asked, folder / f"{BOB}.pem", moment())
        assert renew.renew(at(), renew.Request()).changed
        assert "" == verify(asked, folder / f"{BOB}.pem", moment())

    @pytest.mark.usefixtures("asked")
    def test_the_last_one_by_night(self, at: At, folder: Path) -> None:
        """A revocation that is due and would lock everybody out waits for a person, and stops no renewal."""
        revoke(at, BOB)
        TestRenew().renew(at, folder, overlap=10, days=5)
        answer = renew.renew(at(days=11), renew.Request(force=True))
        assert "is the last that gets in" in " ".join(answer.warnings)
        assert answer.changed


class TestRoster:
    """The list that a person reads."""

    @pytest.mark.parametrize("harm", ["cut", "gone", "garbled"])
    def test_a_lost_last_line(self, at: At, asked: Path, harm: str) -> None:
        """It is found out, shown from the certificate, and mended by the next change; revoked ones stay so."""
        revoke(at, BOB)
        roster = asked / "clients" / "roster.toml"
        lines = roster.read_text().splitlines(keepends=True)
        last = {"cut": lines[-1][:40], "gone": "", "garbled": lines[-1].replace("address", "adress")}[harm]
        roster.write_text("".join([*lines[:-1], last]))
        told = client_list.list_clients(at(), living=False)
        assert [ANNA, BOB] == [row[0] for row in told.rows]
        assert "revoked" in told.rows[1][3]
        assert "lost lines" in " ".join(told.warnings)
        assert apply.apply(at(), replace=False).changed
        assert not apply.apply(at(), replace=False).changed
        record = read_records(asked)[BOB]
        assert record.revoked is not None
        assert not client_list.list_clients(at(), living=False).warnings


class TestRenew:
    """The next certificate, and a day for the old."""

    def renew(self, at: At, folder: Path, *, overlap: int, days: int | None = None) -> None:
        """Renew Anna's, for so many days."""
        delivery = Delivery(out=str(folder / "anna-2.pem"), format="pem", days=days)
        client_renew.renew_client(at(), client_renew.Request(delivery, ANNA, overlap=overlap))

    def test_overlap(self, at: At, asked: Path, folder: Path) -> None:
        """Both let in until the day, on which the nightly renewal revokes the old."""
        old = read_records(asked)[ANNA].serial_number
        self.renew(at, folder, overlap=10)
        assert not renew.renew(at(days=9), renew.Request()).changed
        assert set() == read_list(asked / "current" / "client-ca.crl")[1]
        assert renew.renew(at(days=11), renew.Request()).changed
        assert {old} == read_list(asked / "current" / "client-ca.crl")[1]
        assert not renew.renew(at(days=12), renew.Request()).changed

    def test_at_once(self, at: At, asked: Path, folder: Path) -> None:
        """Without an overlap the old one is out, and the new one in."""
        old = read_records(asked)[ANNA].serial_number
        self.renew(at, folder, overlap=0)
        assert {old} == read_list(asked / "current" / "client-ca.crl")[1]
        assert read_records(asked)[ANNA].revoked is None


class TestLists:
    """No list ends before anybody sees to it."""

    def test_it_ends_with_the_authority(self, at: At, asked: Path) -> None:
        """By default no night comes on which it lapses."""
        from cryptography import x509

        revoke(at)
        crl = x509.load_pem_x509_crl((asked / "current" / "client-ca.crl").read_bytes())
        ca = x509.load_pem_x509_certificate((asked / "current" / "client-ca.crt").read_bytes())
        assert ca.not_valid_after_utc == crl.next_update_utc

    def test_a_short_one(self, at: At, asked: Path) -> None:
        """The nightly renewal signs the next when a third of its time is left, and not before."""
        revoke(at)
        set_mode(at, "require", crl_days=30)
        assert 3 == read_list(asked / "current" / "client-ca.crl")[0]
        assert not renew.renew(at(days=19), renew.Request()).changed
        assert renew.renew(at(days=21), renew.Request()).changed
        assert 4 == read_list(asked / "current" / "client-ca.crl")[0]
        assert set_mode(at, "require", after=22, crl_days=0).changed
        assert 5 == read_list(asked / "current" / "client-ca.crl")[0]


class TestOthers:
    """Lists of other authorities never go back, whatever was in force in between."""

    @pytest.mark.usefixtures("born")
    def test_off_in_between(self, at: At, tmp_path: Path) -> None:
        """An older list than one of any generation that is kept is refused; dropping the list alone is too."""
        key = make_key("p256")
        ca = make_client_authority(key, common_name="Partner", domains=(), now=BIRTH, days=99)
        old, new = (
            make_crl(key, ca, [Revocation(7, BIRTH)], number=number, now=BIRTH, next_update=BIRTH + timedelta(days=30))
            for number in (5, 6)
        )
        (tmp_path / "ca").write_bytes(ca)
        (tmp_path / "crl").write_bytes(new)
        set_mode(at, "optional", ca=(str(tmp_path / "ca"),), crl=(str(tmp_path / "crl"),))
        with pytest.raises(SiteError, match="would get in again"):
            set_mode(at, "optional", no_crl=True)
        set_mode(at, "off")
        (tmp_path / "crl").write_bytes(old)
        with pytest.raises(MaterialError, match=r"number 5 .* after number 6"):
            set_mode(at, "optional")
        (tmp_path / "crl").write_bytes(new)
        assert set_mode(at, "optional").changed


class TestMode:
    """What would lock everybody out."""

    @pytest.mark.parametrize("mode", ["optional", "require"])
    def test_before_the_first(self, at: At, born: Path, mode: str) -> None:
        """Nobody can be asked for what nobody has; the cure is the command that issues one."""
        with pytest.raises(SiteError, match="nobody has a certificate") as refused:
            set_mode(at, mode, lock_out=True)
        assert refused.value.hint.startswith("sslutil client-auth issue ")
        assert 'mode = "off"' in (born / "site.toml").read_text()

    @pytest.mark.usefixtures("born")
    def test_nobody_has_a_valid_one(self, at: At, folder: Path) -> None:
        """To require certificates while none is valid needs --lock-out."""
        issue(at, folder)
        with pytest.raises(SiteError, match="--lock-out"):
            set_mode(at, "require", after=500)
        assert set_mode(at, "optional", after=500).changed
        assert set_mode(at, "require", after=500, lock_out=True).changed
        assert renew.renew(at(days=501), renew.Request()).headline

    def test_it_says_who_gets_in(self, at: At, asked: Path, folder: Path) -> None:
        """A dry run lists each certificate, with what is wrong with it."""
        set_mode(at, "off")
        revoke(at)
        issue(at, folder, "carla@example.org", days=1)
        request = client_auth.Request("require")
        answer = client_auth.set_client_auth(at(days=3, dry_run=True), request)
        states = {row[0]: row[3].split(" on ")[0] for row in answer.rows}
        assert {ANNA: "revoked", BOB: "valid", "carla@example.org": "expired"} == states
        assert 'mode = "off"' in (asked / "site.toml").read_text()


class TestAuthority:
    """The small authority."""

    def test_the_next_one(self, at: At, asked: Path, folder: Path) -> None:
        """Old and new are trusted side by side, each with its list, and the new one signs."""
        revoke(at)
        assert client_ca.renew_ca(at(), force=True, ca_passphrase_file=None, mail_domains=()).changed
        issue(at, folder, "carla@example.org")
        assert ["", ""] == [verify(asked, folder / f"{who}.pem", moment()) for who in (BOB, "carla@example.org")]
        assert (1, 2) == (read_records(asked)[BOB].authority, read_records(asked)["carla@example.org"].authority)
        assert 2 == (asked / "current" / "client-ca.crl").read_text().count("BEGIN X509 CRL")

    @pytest.mark.usefixtures("asked")
    def test_it_is_not_due(self, at: At) -> None:
        """Before two thirds of its time nothing happens."""
        assert not client_ca.renew_ca(at(), force=False, ca_passphrase_file=None, mail_domains=()).changed

    def test_a_locked_key(self, at: At, born: Path, folder: Path, tmp_path: Path) -> None:
        """With a passphrase nothing is signed without it, and nothing with another."""
        right, wrong = tmp_path / "right", tmp_path / "wrong"
        right.write_text("open sesame\n")
        wrong.write_text("open barley\n")
        issue(at, folder, ca_passphrase_file=str(right))
        set_mode(at, "optional")
        assert b"ENCRYPTED" in (born / "clients" / "000001" / "ca.key").read_bytes()
        for file in (str(wrong), None):
            with pytest.raises(MaterialError):
                issue(at, folder, BOB, ca_passphrase_file=file)
            with pytest.raises(MaterialError):
                revoke(at, ca_passphrase_file=file)
        assert {ANNA} == read_records(born).keys()
        assert issue(at, folder, BOB, ca_passphrase_file=str(right)).changed
        assert revoke(at, ca_passphrase_file=str(right)).changed
        with pytest.raises(SiteError, match="passphrase locks"):
            set_mode(at, "optional", crl_days=7)
