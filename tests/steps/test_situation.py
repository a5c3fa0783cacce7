"""What is there: in force, left by the operator, served, owed; at one moment, and without a lock."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError, SiteError
from sslutil.host import accounts as host
from sslutil.steps.situation import look, read_records, read_requests
from sslutil.store.opening import open_for_question
from tests.steps.made import make_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.steps.situation import Situation
    from tests import accounts
    from tests.conftest import Call, Result

SELF_SIGN = ("certificate", "self-sign", "mail.example.org")


@pytest.fixture
def see(registry: Path) -> Callable[[], Situation]:
    """Look at the registry, as whoever runs the tests."""
    return lambda: look(make_run(str(registry))._replace(owners=host.owners()))


@pytest.fixture
def made(registry: Path, sslutil_call: Call) -> Path:
    """A registry whose first generation is in force and accepted."""
    assert 0 == sslutil_call(*SELF_SIGN).status
    return registry


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text within a file that has it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


class TestLook:
    """What a registry tells."""

    def test_none(self, see: Callable[[], Situation], registry: Path) -> None:
        """Where there is none, nothing is in force, and looking makes none."""
        situation = see()

        assert (None, None, None, ()) == (situation.number, situation.in_force, situation.working, situation.pending)
        assert (None, True) == (situation.certificate, situation.settled)
        assert not registry.exists()

    def test_file_alone(self, see: Callable[[], Situation], registry: Path) -> None:
        """A site.toml before the first generation is the operator's, and nothing of it is pending."""
        registry.mkdir()
        (registry / "site.toml").write_text("version = 1\n[site]\nhttps_port = 8443\n", encoding="utf-8")
        situation = see()

        assert situation.working
        assert (8443, ()) == (situation.working.site.site.https_port, situation.pending)

    @pytest.mark.usefixtures("made")
    def test_settled(self, see: Callable[[], Situation]) -> None:
        """After a change that was accepted everything agrees."""
        situation = see()

        assert (1, 1, None, False, True) == (
            situation.number,
            situation.deployed,
            situation.undo,
            situation.waiting,
            situation.settled,
        )
        assert situation.in_force == situation.working
        assert (None, (), ()) == (situation.fault, situation.edited, situation.pending)
        assert situation.record
        assert set(situation.record.sha256) | {"generation.toml"} == set(situation.files)
        assert situation.certificate
        assert ["mail.example.org"] == [name.text for name in situation.certificate.names]

    def test_pending(self, see: Callable[[], Situation], made: Path) -> None:
        """Keys in which site.toml differs are pending; other words in it are not."""
        edit(made / "site.toml", "https_port = 443", "# mine\nhttps_port = 8443")

        assert ["site.https_port"] == [change.key for change in see().pending]
        edit(made / "site.toml", "https_port = 8443", "https_port = 0x1bb")
        assert () == see().pending

    @pytest.mark.parametrize(
        ("text", "told"), [("version = 2\n", "line 1: version is 1"), ("x = [", "not TOML"), ("", "version is missing")]
    )
    def test_broken(self, see: Callable[[], Situation], made: Path, text: str, told: str) -> None:
        """A file that can't be taken is a fault, and no reason not to look."""
        (made / "site.toml").write_text(text, encoding="utf-8")
        situation = see()

        assert isinstance(situation.fault, SiteError)
        assert told in situation.fault.message
        assert (text.encode(), None, ()) == (situation.text, situation.working, situation.pending)
        assert situation.in_force

    def test_missing(self, see: Callable[[], Situation], made: Path) -> None:
        """A file that is gone is no fault of its own."""
        (made / "site.toml").unlink()
        situation = see()

        assert (None, None, None) == (situation.text, situation.working, situation.fault)

    def test_waiting(self, see: Callable[[], Situation], made: Path) -> None:
        """Until the outcome is decided, questions read the text that waits; one of another generation is not it."""
        text = (made / "site.toml").read_text(encoding="utf-8").replace("https_port = 443", "https_port = 8443")
        (made / ".site.toml.2").write_text(text, encoding="utf-8")
        assert not see().waiting
        (made / ".site.toml.2").rename(made / ".site.toml.1")
        situation = see()

        assert (True, False, text.encode()) == (situation.waiting, situation.settled, situation.text)
        assert situation.working
        assert 8443 == situation.working.site.site.https_port

    def test_owed(self, see: Callable[[], Situation], made: Path) -> None:
        """Where not every server has accepted, or an undo is under way, something is owed."""
        (made / ".refused").write_text("2\n", encoding="utf-8")
        assert (2, False) == (see().undo, see().settled)
        (made / ".refused").unlink()
        (made / "deployed").unlink()
        assert (None, False) == (see().deployed, see().settled)


class TestEdited:
    """A sealed generation that somebody edited."""

    def test_none(self, see: Callable[[], Situation], made: Path) -> None:
        """What lies beside the sealed files is no edit of theirs."""
        (made / "current" / "apache.conf~").write_text("x", encoding="utf-8")

        assert () == see().edited

    @pytest.mark.parametrize("name", ["settings.toml", "server.crt", "server.key", "bundle.pem", "apache.conf"])
    @pytest.mark.parametrize("how", ["edited", "removed"])
    def test_named(self, see: Callable[[], Situation], made: Path, name: str, how: str) -> None:
        """Each file that was edited or removed is named, and the served certificate is still known by its twin."""
        path = made / "current" / name
        path.unlink() if how == "removed" else path.write_bytes(path.read_bytes() + b"\n")
        situation = see()

        assert (name,) == situation.edited
        assert situation.certificate

    def test_certificate_is_lost(self, see: Callable[[], Situation], made: Path) -> None:
        """Where both that hold it were edited, nothing is said of the certificate."""
        for name in ("server.crt", "bundle.pem"):
            edit(made / "current" / name, "-----END CERTIFICATE-----", "\n-----END CERTIFICATE-----")

        assert see().certificate is None

    @pytest.mark.parametrize("name", ["generation.toml", "site.toml"])
    def test_record_is_lost(self, see: Callable[[], Situation], made: Path, name: str) -> None:
        """A generation without its record or its site can't be judged, and is told with its path."""
        (made / "current" / name).unlink()
        with pytest.raises(RegistryError, match=f"^{made}/generations/000001/{name} is missing or can't be read$"):
            see()

    @pytest.mark.parametrize(
        "files", [("server.crt",), ("server.crt", "bundle.pem"), ("server.key",), ("apache.conf",)]
    )
    def test_mended(self, made: Path, sslutil_call: Call, files: tuple[str, ...]) -> None:
        """What was removed is there again after the next order, over the same key."""
        key = (made / "current" / "server.key").read_bytes()
        for name in files:
            (made / "current" / name).unlink()
        assert 0 == sslutil_call("certificate", "renew").status
        assert all((made / "current" / name).exists() for name in files)
        assert key == (made / "current" / "server.key").read_bytes()
        assert "nothing to do" in sslutil_call("certificate", "renew").stdout

    def test_key_of_an_editor(self, made: Path, sslutil_call: Call) -> None:
        """A copy of the key that an editor left in the folder never becomes public by a renewal."""
        shutil.copy(made / "current" / "server.key", made / "current" / "server.key~")
        sslutil_call("certificate", "renew", "--force")

        assert not (made / "current" / "server.key~").exists()


class TestBirth:
    """How the operator's file is born."""

    @pytest.mark.parametrize("command", [("certificate", "self-sign"), ("csr",), ("enable",)])
    def test_names_of_the_machine(
        self, registry: Path, sslutil_call: Call, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Names that were taken from the machine stand in the file from then on: nothing is pending afterwards."""
        monkeypatch.setattr("sslutil.host.machine.full_name", lambda: "mail.example.org")
        assert 0 == sslutil_call(*command).status
        assert 'names = ["mail.example.org"]\n' in (registry / "site.toml").read_text(encoding="utf-8")
        assert "nothing to do" in sslutil_call("apply").stdout

    def test_names_of_the_machine_in_a_file(
        self, registry: Path, sslutil_call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So they do where apply took in a file without names."""
        monkeypatch.setattr("sslutil.host.machine.full_name", lambda: "mail.example.org")
        registry.mkdir()
        (registry / "site.toml").write_text("version = 1\n# mine\n[site]\nhttps_port = 8443\n", encoding="utf-8")
        assert 0 == sslutil_call("apply").status
        assert "nothing to do" in sslutil_call("apply").stdout
        text = (registry / "site.toml").read_text(encoding="utf-8")
        assert 'version = 1\n# mine\n[site]\nnames = ["mail.example.org"]\nhttps_port = 8443\n' == text


class TestMoment:
    """Questions take no lock, and still see one moment."""

    def test_flips(self, see: Callable[[], Situation], made: Path, sslutil_call: Call) -> None:
        """Whoever looks while generations flip and go sees one generation whole, never half of two."""
        sslutil_call("disable")
        stop = threading.Event()

        def flip() -> None:
            while not stop.is_set():
                for number in (1, 2):
                    (made / ".next").symlink_to(f"generations/{number:06d}")
                    (made / ".next").rename(made / "current")

        writer = threading.Thread(target=flip)
        writer.start()
        try:
            seen = {
                (situation.number, situation.in_force.site.site.enabled, situation.record.number)
                for situation in (see() for _ in range(150))
                if situation.in_force and situation.record and not situation.edited
            }
        finally:
            stop.set()
            writer.join()
        assert {(1, True, 1), (2, False, 2)} == seen

    def test_generation_that_is_gone(self, see: Callable[[], Situation], made: Path) -> None:
        """A link to what is not there is told, after a bounded number of looks."""
        shutil.rmtree(made / "generations" / "000001")
        with pytest.raises(RegistryError, match=f"^can't open {made}/generations/000001: no such file"):
            see()

    def test_descriptors(self, see: Callable[[], Situation], made: Path) -> None:
        """Looking leaves no descriptor open."""
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  numbers
        see()
        (made / "current" / "generation.toml").unlink()
        with pytest.raises(RegistryError):
            see()
        assert before == len(os.listdir("/proc/self/fd"))  # noqa: PTH208  numbers


class TestRecords:
    """History and requests."""

    def test_ascending(self, made: Path, sslutil_call: Call) -> None:
        """Records come in the order of their numbers, and strange names are passed over."""
        sslutil_call("disable")
        sslutil_call("csr", "b.example")
        sslutil_call("csr", "c.example")
        (made / "generations" / "notes").mkdir()
        (made / "requests" / "1").mkdir()
        root = open_for_question(str(made))
        assert root
        with root:
            assert [(1, None), (2, 1)] == [(record.number, record.parent) for record in read_records(root)]
            assert [("b.example",), ("c.example",)] == [entry.record.names for entry in read_requests(root)]

    @pytest.mark.needs("root")
    def test_another_account(
        self,
        open_folder: Path,
        sslutil_call: Call,
        second_user: accounts.Account,
        second_user_sslutil: Callable[..., Result],
    ) -> None:
        """Another account sees what is public, is told what it may not see, and no file counts as edited for that."""
        run = ("--registry-path", f"{open_folder}/registry")
        sslutil_call(*run, *SELF_SIGN)
        sslutil_call(*run, "csr", "new.example.org")
        answer = second_user_sslutil(*run, "status")

        assert second_user.uid != 0
        assert (0, "") == (answer.status, answer.stderr)
        assert "mail.example.org" in answer.stdout
        assert "not readable by this account" in answer.stdout
