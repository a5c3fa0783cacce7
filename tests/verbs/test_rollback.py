"""Going back: values, key and certificate of an older generation, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError
from sslutil.verbs.enable import enable
from sslutil.verbs.rollback import rollback
from tests.crash.soundness import read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Call
    from tests.verbs.conftest import At

NAME = "mail.example.org"


@pytest.fixture
def served(registry: Path, sslutil_call: Call) -> Path:
    """A registry with three generations: first, other port, new key."""
    for argv in (
        ("certificate", "self-sign", NAME),
        ("configure", "ports", "--https-port", "8443"),
        ("certificate", "renew", "--new-key"),
    ):
        assert 0 == sslutil_call(*argv).status
    return registry


def material(registry: Path, generation: str) -> tuple[bytes, bytes]:
    """Return key and certificate of a generation."""
    folder = registry / generation
    return (folder / "server.key").read_bytes(), (folder / "server.crt").read_bytes()


class TestGoingBack:
    """What comes back, and what does not."""

    def test_to_the_one_before(self, served: Path, sslutil_call: Call) -> None:
        """Without a number it is the generation that was in force before, as a new one."""
        assert 0 == sslutil_call("rollback").status
        assert "generations/000004" == str((served / "current").readlink())
        assert material(served, "generations/000002") == material(served, "current")

    def test_to_a_number(self, served: Path, sslutil_call: Call) -> None:
        """Values and material of the numbered generation are in force, and site.toml says so."""
        assert 0 == sslutil_call("rollback", "1").status
        assert material(served, "generations/000001") == material(served, "current")
        assert "https_port = 443\n" in (served / "site.toml").read_text()

    def test_twice_is_harmless(self, served: Path, sslutil_call: Call) -> None:
        """Going back to what is in force already makes no generation."""
        assert 0 == sslutil_call("rollback", "1").status
        before = read_tree(served)
        result = sslutil_call("rollback", "1", "--detailed-exitcode")
        assert (0, "nothing to do: what is in force is as generation 1 was") == (
            result.status,
            result.stdout.splitlines()[0],
        )
        assert before == read_tree(served)

    def test_settings_alone(self, served: Path, sslutil_call: Call) -> None:
        """With --keep-certificate today's key and certificate stay."""
        before = material(served, "current")
        assert 0 == sslutil_call("rollback", "1", "--keep-certificate").status
        assert before == material(served, "current")
        assert "https_port = 443\n" in (served / "current/site.toml").read_text()

    def test_comments_survive(self, served: Path, sslutil_call: Call) -> None:
        """It is an edit: what the operator wrote beside the values stays."""
        site = served / "site.toml"
        site.write_text(site.read_text().replace("https_port = 8443", "https_port = 8443  # of the router"))
        assert 0 == sslutil_call("rollback", "1").status
        assert "https_port = 443  # of the router\n" in site.read_text()

    def test_dry_run(self, served: Path, sslutil_call: Call) -> None:
        """A dry run tells, and changes nothing."""
        before = read_tree(served)
        result = sslutil_call("rollback", "1", "--dry-run", "--detailed-exitcode")
        assert 10 == result.status
        assert "site.https_port: 8443 → 443" in result.stdout
        assert before == read_tree(served)


class TestRefusals:
    """Each has its sentence and its option, and changes nothing."""

    def refused(self, call: Call, registry: Path, *argv: str) -> tuple[int, str]:
        """Return status and error of a command that must change nothing."""
        before = read_tree(registry)
        result = call(*argv)
        assert before == read_tree(registry)
        return result.status, result.stderr

    def test_pending_edits(self, served: Path, sslutil_call: Call) -> None:
        """Edits of the operator's, to whichever keys, are not dropped unasked."""
        site = served / "site.toml"
        site.write_text(site.read_text().replace("https_port = 8443", "https_port = 8444"))
        status, error = self.refused(sslutil_call, served, "rollback", "1")
        assert 3 == status
        assert "edits that going back would drop (site.https_port: 8443 → 8444)" in error
        assert "sslutil apply" in error

    def test_compromised_key(self, served: Path, sslutil_call: Call) -> None:
        """A key that is marked as compromised never comes back; the settings alone do."""
        assert 0 == sslutil_call("certificate", "renew", "--compromised").status
        status, error = self.refused(sslutil_call, served, "rollback", "3")
        assert 6 == status
        assert "the key of generation 3 is marked as compromised" in error
        assert "hint: sslutil rollback 3 --keep-certificate" in error
        assert 0 == sslutil_call("rollback", "2").status

    @pytest.mark.usefixtures("born")
    def test_expired(self, at: At) -> None:
        """A certificate that has expired meanwhile does not serve again, not by a second."""
        enable(at(days=1), enabled=False)
        assert rollback(at(days=99.9), 1, keep_certificate=False, replace=False).changed
        with pytest.raises(MaterialError, match="the certificate of generation 1 expired on") as fault:
            rollback(at(days=100), 1, keep_certificate=False, replace=False)
        assert ("--keep-certificate",) == fault.value.added

    def test_dropped_names(self, served: Path, sslutil_call: Call) -> None:
        """A name that came since is dropped with --replace only."""
        assert 0 == sslutil_call("certificate", "self-sign", NAME, "www.example.org").status
        status, error = self.refused(sslutil_call, served, "rollback", "3")
        assert 3 == status
        assert "www.example.org would no longer be covered" in error
        assert 0 == sslutil_call("rollback", "3", "--replace").status

    @pytest.mark.parametrize(("number", "words"), [("9", "there is no generation 9; there are 1, 2, 3"), ("x", "x")])
    def test_no_such_generation(self, served: Path, sslutil_call: Call, number: str, words: str) -> None:
        """A number that is not there is a fault of usage, and the sentence lists those that are."""
        status, error = self.refused(sslutil_call, served, "rollback", number)
        assert 2 == status
        assert words in error

    def test_edited_generation(self, served: Path, sslutil_call: Call) -> None:
        """A generation that somebody edited is none to go back to."""
        (served / "generations/000001/server.crt").write_text("edited")
        status, error = self.refused(sslutil_call, served, "rollback", "1")
        assert 4 == status
        assert "generations/000001/server.crt was edited or removed by hand" in error

    def test_the_first(self, registry: Path, sslutil_call: Call) -> None:
        """From the first generation there is nowhere to go."""
        assert 3 == sslutil_call("rollback").status
        assert not registry.exists()
        assert 0 == sslutil_call("certificate", "self-sign", NAME).status
        status, error = self.refused(sslutil_call, registry, "rollback")
        assert 2 == status
        assert "generation 1 is the first" in error
