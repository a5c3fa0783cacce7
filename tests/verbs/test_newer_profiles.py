"""A release that changes a profile changes nobody's server until apply takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.documents.records import parse_generation
from sslutil.profiles import PROFILES
from sslutil.verbs import apply, configure_ports, renew, rollback, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.verbs.conftest import At

GONE = "ECDHE-RSA-AES128-GCM-SHA256"
COME = "ECDHE-ECDSA-AES256-CCM"


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Install a release whose intermediate profile has one suite less, and another one more."""

    def install() -> None:
        old = PROFILES["intermediate"]
        ciphers = (*(cipher for cipher in old.ciphers if cipher != GONE), COME)
        monkeypatch.setitem(PROFILES, "intermediate", old._replace(ciphers=ciphers))
        monkeypatch.setattr("sslutil.steps.draft.PROFILES_VERSION", "99")

    return install


def suites(registry: Path) -> tuple[bool, bool]:
    """Tell whether the old suite, and the new one, stand in what the servers read."""
    texts = [(registry / "current" / name).read_text() for name in ("settings.toml", "apache.conf")]
    found = {(GONE in text, COME in text) for text in texts}
    assert 1 == len(found)
    return found.pop()


def version(registry: Path) -> str:
    """Return the version of the profiles that the record in force names."""
    path = registry / "current/generation.toml"
    return parse_generation(path.read_bytes(), str(path)).inputs["profiles"]


OLD, NEW = (True, False), (False, True)


def test_renewal_keeps_it(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """A renewal, with a new key or by hand, keeps the policy and the version that the record names."""
    before = version(born)
    upgrade()
    assert renew.renew(at(days=80), renew.Request()).changed
    assert renew.renew(at(days=81), renew.Request(new_key=True)).changed
    assert (OLD, before) == (suites(born), version(born))


def test_edited_files_are_mended_by_the_old_one(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """A renewal that finds an edited file makes it anew as it was, not as the release would."""
    (born / "current/apache.conf").write_text("# by hand\n")
    upgrade()
    assert renew.renew(at(days=80), renew.Request()).changed
    assert OLD == suites(born)


def test_an_edit_of_something_else_keeps_it(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """Another port is another port, and no newer policy."""
    upgrade()
    assert configure_ports.configure_ports(at(), configure_ports.Request(https_port=8443)).changed
    assert OLD == suites(born)
    rollback.rollback(at(), None, keep_certificate=True, replace=False)
    assert OLD == suites(born)


def test_apply_lists_and_takes_it(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """What waits is told by status, listed by a dry run and taken by apply; a second apply has nothing to do."""
    before = version(born)
    assert not apply.apply(at(), replace=False).changed
    upgrade()
    assert "apply --dry-run" in dict(status.status(at()).lines)["TLS"]
    listed = apply.apply(at(dry_run=True), replace=False)
    assert f"ciphers: without {GONE} and with {COME}" in listed.headline
    assert (OLD, before) == (suites(born), version(born))
    assert apply.apply(at(), replace=False).changed
    assert (NEW, "99") == (suites(born), version(born))
    assert not apply.apply(at(), replace=False).changed
    assert "profile intermediate" == dict(status.status(at()).lines)["TLS"]


def test_records_of_before(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """A record that no policy stands in, as older releases wrote it, is taken: apply brings the present one."""
    record = born / "current/generation.toml"
    text = record.read_text()
    head, _, rest = text.partition("\n[policy]\n")
    record.write_text(f"{head}\n[sha256]{rest.partition('[sha256]')[2]}")
    assert not apply.apply(at(), replace=False).changed
    upgrade()
    assert apply.apply(at(), replace=False).changed
    assert NEW == suites(born)


def test_a_name_that_is_gone(at: At, born: Path, upgrade: Callable[[], None]) -> None:
    """A record with a suite that this release knows no more gives way to the present policy."""
    record = born / "current/generation.toml"
    record.write_text(record.read_text().replace(f'"{GONE}"', '"ECDHE-RSA-OF-OLD"', 1))
    upgrade()
    assert configure_ports.configure_ports(at(), configure_ports.Request(https_port=8443)).changed
    assert NEW == suites(born)
