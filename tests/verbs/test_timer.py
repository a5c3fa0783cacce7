"""timer: installed once, shown as it is, removed for good, and refused where it could not work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import RegistryError
from sslutil.host.accounts import account_name
from sslutil.host.timers import MARK, Machine
from sslutil.verbs import timer

if TYPE_CHECKING:
    from tests.verbs.conftest import At

SHOWN = """\
UnitFileState=enabled
ActiveState=active
NextElapseUSecRealtime=Wed 2026-11-25 03:14:15 UTC
LastTriggerUSec=Tue 2026-11-24 03:14:15 UTC

Result={result}
ExecMainStatus={status}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine of the test's own with a cron that runs, seen by root."""
    top = tmp_path / "machine"
    (top / "etc/cron.d").mkdir(parents=True)
    (top / "proc/7").mkdir(parents=True)
    (top / "proc/7/comm").write_text("cron\n")
    return Machine(0, ("/bin/true",), "/root", str(top))


def with_systemd(machine: Machine, *, result: str = "success", status: int = 0) -> None:
    """Give the machine a systemd that knows how the last run ended."""
    top = Path(machine.top)
    for folder in ("run/systemd/system", "etc/systemd/system", "usr/bin", f"run/user/{machine.user}/systemd"):
        (top / folder).mkdir(parents=True, exist_ok=True)
    (top / "usr/bin/systemctl").write_text(f"#!/bin/sh\ncat <<END\n{SHOWN.format(result=result, status=status)}END\n")
    (top / "usr/bin/systemctl").chmod(0o755)


def files_of(machine: Machine) -> dict[str, str]:
    """Return each file below the machine's /etc and homes."""
    paths = [path for folder in ("etc", "home") for path in Path(machine.top, folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(machine.top)): path.read_text() for path in paths}


@pytest.mark.parametrize("has_systemd", [True, False])
def test_install_show_remove(machine: Machine, at: At, born: Path, has_systemd: bool) -> None:  # noqa: FBT001
    """Installed once, a second time is nothing to do; shown; removed once, a second time is nothing to do."""
    if has_systemd:
        with_systemd(machine)
    run = at(verb="timer install")
    assert "no timer is installed" in timer.show(run, machine).headline
    done = timer.install(run, machine)
    assert (True, ()) == (done.changed, done.warnings)
    assert set(done.written) == {f"{machine.top}/{name}" for name in files_of(machine)}
    assert all(str(born) in text for text in files_of(machine).values())
    assert not timer.install(run, machine).changed
    shown = timer.show(run, machine)
    assert ("systemd" if has_systemd else "cron") == shown.fields["scheduler"]
    assert ("/bin/true", "certificate", "renew", "--registry-path", str(born)) == tuple(shown.fields["command"][:5])
    assert () == shown.warnings
    assert timer.remove(run, machine).changed
    assert {} == files_of(machine)
    assert not timer.remove(run, machine).changed


def test_dry_runs(machine: Machine, at: At, born: Path) -> None:
    """A dry run tells the difference, installed or removed, and writes nothing."""
    dry = at(dry_run=True)
    told = timer.install(dry, machine)
    assert (True, (), {}) == (told.changed, told.written, files_of(machine))
    assert "would install" in told.headline
    assert f"+{MARK}" in told.diff
    assert str(born) in told.diff
    timer.install(at(), machine)
    before = files_of(machine)
    removed = timer.remove(dry, machine)
    assert f"-{MARK}" in removed.diff
    assert before == files_of(machine)


def test_each_registry_has_a_timer_of_its_own(machine: Machine, at: At, born: Path) -> None:
    """The timer of one registry is not that of another."""
    timer.install(at(), machine)
    other = at().at(f"{born}-2")
    assert timer.show(other, machine).fields["scheduler"] is None
    timer.install(other, machine)
    timer.remove(at(), machine)
    assert "cron" == timer.show(other, machine).fields["scheduler"]


def test_one_scheduler_follows_another(machine: Machine, at: At, born: Path) -> None:
    """Where systemd came after cron, the timer moves, so that nothing runs twice."""
    timer.install(at(), machine)
    with_systemd(machine)
    assert "cron" == timer.show(at(), machine).fields["scheduler"]
    done = timer.install(at(), machine)
    assert done.changed
    assert [] == list(Path(machine.top, "etc/cron.d").iterdir())
    assert "systemd" == timer.show(at(), machine).fields["scheduler"]
    assert born.exists()


def test_a_timer_that_was_edited(machine: Machine, at: At, born: Path) -> None:
    """What differs from what would be written is told, and written anew by the next install."""
    timer.install(at(), machine)
    path = Path(machine.top, "etc/cron.d") / next(iter(files_of(machine))).rpartition("/")[2]
    text = path.read_text()
    path.write_text(text.replace(" * * *", " * * 1"))
    assert "is not as this sslutil would write it" in timer.show(at(), machine).warnings[0]
    assert timer.install(at(), machine).changed
    assert text == path.read_text()
    assert born.exists()


def test_a_failed_run_is_told(machine: Machine, at: At, born: Path) -> None:
    """A last run that failed is a warning, and the next command shows its log; one that succeeded is none."""
    with_systemd(machine)
    timer.install(at(), machine)
    assert () == timer.show(at(), machine).warnings
    with_systemd(machine, result="exit-code", status=9)
    shown = timer.show(at(), machine)
    assert ("the last run failed: exit-code",) == shown.warnings
    assert shown.next[0].startswith("journalctl --unit ")
    assert ("exit-code", 9) == (shown.fields["last_result"], shown.fields["last_status"])
    assert ("Last result", "exit-code (status 9)") in shown.lines
    assert born.exists()


def test_a_registry_with_nothing_in_force(machine: Machine, at: At, registry: Path) -> None:
    """It can be installed before the first certificate, and says that each run fails until then."""
    done = timer.install(at(), machine)
    assert done.changed
    assert "nothing is in force" in done.warnings[0]
    assert any("self-sign" in line for line in done.next)
    assert not registry.exists()


def test_no_cron_runs(machine: Machine, at: At, born: Path) -> None:
    """A line that nobody reads is told."""
    Path(machine.top, "proc/7/comm").write_text("sh\n")
    assert ("no cron seems to run on this machine now",) == timer.install(at(), machine).warnings
    assert born.exists()


def test_an_account_of_its_own(machine: Machine, at: At, born: Path) -> None:
    """The account's own systemd is told to be one that ends with the login, until it lingers."""
    user = machine._replace(user=4321, home="/home/anna")
    with_systemd(user)
    done = timer.install(at(), user)
    assert "runs only while" in done.warnings[0]
    assert "loginctl enable-linger" in done.next
    linger = Path(machine.top, "var/lib/systemd/linger")
    linger.mkdir(parents=True)
    (linger / account_name(4321)).touch()
    assert () == timer.show(at(), user).warnings
    assert born.exists()


@pytest.mark.needs("root")
def test_another_accounts_registry(machine: Machine, at: At, born: Path) -> None:
    """Its owner installs the timer, not root and nobody else."""
    os.chown(born, 4321, -1)
    for verb in (timer.install, timer.remove):
        with pytest.raises(RegistryError, match="belongs to") as caught:
            verb(at(), machine)
        assert "#4321" == caught.value.account
    assert {} == files_of(machine)


def test_where_nothing_starts_programs(machine: Machine, at: At, born: Path) -> None:
    """Without systemd and cron it is refused, with the command that something else has to start."""
    Path(machine.top, "etc/cron.d").rmdir()
    with pytest.raises(RegistryError, match="no systemd runs") as caught:
        timer.install(at(), machine)
    assert "sslutil certificate renew" in caught.value.hint
    with_systemd(machine)
    with pytest.raises(RegistryError, match="no crontab program") as caught:
        timer.install(at(), machine._replace(user=4321, home=""))
    assert "loginctl enable-linger" in caught.value.hint
    assert born.exists()


def test_a_program_that_does_not_start(machine: Machine, at: At, born: Path) -> None:
    """A command that would fail every night is not installed."""
    with pytest.raises(RegistryError, match="does not start by itself: exit status 1"):
        timer.install(at(), machine._replace(program=("/bin/false",)))
    assert {} == files_of(machine)
    assert born.exists()


def test_a_program_that_others_can_write(machine: Machine, at: At, born: Path, tmp_path: Path) -> None:
    """What runs as this account every night must be nobody else's to change: neither the file nor its folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sslutil"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    ours = machine._replace(program=(str(program),))
    assert timer.install(at(dry_run=True), ours).changed
    for path in (program, folder):
        path.chmod(0o777)
        with pytest.raises(RegistryError, match="can be written by others"):
            timer.install(at(), ours)
        path.chmod(0o755)
    assert {} == files_of(machine)
    assert born.exists()


def test_a_file_of_others(machine: Machine, at: At, born: Path) -> None:
    """A file of the same name that we did not make is left alone, with status 4."""
    with_systemd(machine)
    timer.install(at(), machine)
    path = next(Path(machine.top, "etc/systemd/system").glob("*.service"))
    path.write_text("[Service]\nExecStart=/bin/true\n")
    before = files_of(machine)
    for verb in (timer.install, timer.remove, timer.show):
        with pytest.raises(RegistryError, match="not made by sslutil"):
            verb(at(), machine)
    assert before == files_of(machine)
    assert born.exists()
