"""The texts of timers, judged by systemd and by a shell, and how they are written, started and taken away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import RegistryError
from sslutil.host import cron, systemd, timers
from sslutil.host.accounts import account_name
from sslutil.host.timers import CRON, CRONTAB, SYSTEMD, USER_SYSTEMD, Machine
from tests.conftest import require
from tests.judges import ask

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTRY = "/etc/sslutil"
ODD = '/srv/50% of $HOME; it\'s "odd" ü'
"""Holds what the shell, cron or systemd take for something else."""
BARE = "/srv/50% of $HOME; odd ü"
"""The same without quotes: systemd starts no program with one in its name."""
BACKSLASH = "/srv/C:\\x20\\"
MOST_EXPOSED = 4.0
"""On systemd's scale from 0 to 10 for a service without an account of its own; one without hardening has 9.6."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Root's machine, with nothing that starts programs by the clock."""
    return Machine(0, ("/usr/local/bin/sslutil",), "/root", str(tmp_path))


def with_systemd(machine: Machine, script: str = "exit 0") -> Path:
    """Give a machine a systemd whose systemctl notes its words in a file, which is returned, and does as told."""
    for folder in ("run/systemd/system", "etc/systemd/system", "usr/bin", f"run/user/{machine.user}/systemd"):
        Path(machine.top, folder).mkdir(parents=True, exist_ok=True)
    called = Path(machine.top, "called")
    stand_in = Path(machine.top, "usr/bin/systemctl")
    stand_in.write_text(f'#!/bin/sh\necho "$@" >>{called}\n{script}\n')
    stand_in.chmod(0o755)
    return called


def with_crontab(machine: Machine) -> Path:
    """Give a machine the program crontab, and return the file that is its table."""
    table = Path(machine.top, "table")
    stand_in = Path(machine.top, "usr/bin/crontab")
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        "#!/bin/sh",
        'case "$1" in',
        f'-l) [ -e {table} ] || {{ echo "no crontab for root" >&2; exit 1; }}; cat {table} ;;',
        f"-r) rm {table} ;;",
        f'*) cat "$1" >{table} ;;',
        "esac",
    )
    stand_in.write_text("\n".join(lines))
    stand_in.chmod(0o755)
    return table


def called_words(called: Path) -> list[str]:
    """Return what systemctl was told, line by line."""
    return called.read_text().splitlines() if called.exists() else []


# --- systemd --------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Make a program whose path is odd."""

    def make(name: str) -> str:
        path = Path(f"{tmp_path}/programs{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", path)
        return str(path)

    return make


def verify(folder: Path, service: str, timer: str | None = None) -> str:
    """Return what systemd has to say against units; it ends with status 0 after unknown keys."""
    folder.mkdir(exist_ok=True)
    (folder / "x.service").write_text(service)
    (folder / "x.timer").write_text(timer or systemd.render_timer("#", REGISTRY))
    status, words = ask(["systemd-analyze", "verify", "--man=no", folder / "x.service", folder / "x.timer"])
    return words or ("" if status == 0 else f"status {status}")


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("registry", [REGISTRY, ODD, BACKSLASH, "/tmp/x", "/home/anna/tls"])  # noqa: S108
@pytest.mark.parametrize("name", ["/sslutil", BARE, ODD, f"{BACKSLASH}\\'x"])
def test_systemd_takes_the_units(registry: str, name: str, program: Callable[[str], str], tmp_path: Path) -> None:
    """The judge has nothing to say against units and finds their program, whatever is in the paths."""
    words = (program(name), "certificate", "renew", "--registry-path", registry)
    for hardened in (True, False):
        service = systemd.render_service("#", registry, words, hardened=hardened)
        assert "" == verify(tmp_path / "units", service, systemd.render_timer("#", registry))


@pytest.mark.needs("systemd-analyze")
def test_systemd_sees_what_is_wrong(program: Callable[[str], str], tmp_path: Path) -> None:
    """The same judge sees a key that it does not know, a program that is missing and a path that is not quoted."""
    path = program(BARE)
    service = systemd.render_service("#", REGISTRY, (path, "certificate"), hardened=True)
    assert "Unknown key" in verify(tmp_path / "units", service.replace("ProtectHome", "ProtektHome"))
    assert "not executable" in verify(tmp_path / "units", service.replace("/programs/", "/nowhere/"))
    assert "" != verify(tmp_path / "units", service.replace(systemd.quote(path), path))


@pytest.mark.needs("systemd-analyze")
def test_the_service_is_hardened(tmp_path: Path) -> None:
    """The scale of systemd says how exposed the service is; without the hardening it says more."""
    for hardened, passes in ((True, True), (False, False)):
        text = systemd.render_service("#", REGISTRY, ("/bin/true",), hardened=hardened)
        unit = tmp_path / "x.service"
        unit.write_text(text)
        _, words = ask(["systemd-analyze", "security", "--offline=true", "--no-pager", unit])
        found = re.search(r"exposure level for \S+: ([0-9.]+)", words)
        assert found, words
        assert passes == (float(found[1]) <= MOST_EXPOSED), words[-200:]


@pytest.mark.needs("systemd-analyze", "strace")
def test_the_allowed_system_calls_are_enough(tmp_path: Path) -> None:
    """A renewal that makes a key and a generation calls nothing that the service forbids; mount would be forbidden."""
    registry = tmp_path / "registry"
    _, words = ask(["systemd-analyze", "syscall-filter", "--no-pager"])
    sets = {match[1]: match[2].split() for match in re.finditer(r"^(@\S+)\n((?: +.*\n)+)", words, re.MULTILINE)}

    def expand(name: str) -> set[str]:
        found = sets[name]
        return {one for one in found if one[0] not in "@#"}.union(*(expand(one) for one in found if one in sets))

    allowed = expand("@system-service")
    assert "mount" not in allowed
    run = [sys.executable, "-m", "sslutil", "--registry-path", str(registry), "certificate"]
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run([*run, "self-sign", "mail.example.org"], env=environment, check=True, capture_output=True)
    trace = tmp_path / "trace"
    traced = ["strace", "-f", "-qq", "-o", str(trace), *run, "renew", "--force", "--new-key"]
    subprocess.run(traced, env=environment, check=True, capture_output=True)
    used = set(re.findall(r"^\d+ +([a-z0-9_]+)\(", trace.read_text(), re.MULTILINE))
    assert used >= {"openat", "rename"} or used >= {"openat", "renameat"}
    assert set() == used - allowed


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1))
def test_quoting_for_systemd(word: str) -> None:
    r"""A word comes back from systemd's rules: one pair of quotes, \ before \ and ", %% and $$."""
    quoted = systemd.quote_command(("/bin/true", word)).removeprefix('"/bin/true" ')
    inner = quoted[1:-1]
    assert ('"', '"') == (quoted[0], quoted[-1])
    assert not re.search(r'(?<!\\)(\\\\)*"', inner)
    assert word == re.sub(r"\\(.)", r"\1", inner.replace("%%", "%").replace("$$", "$"))


@pytest.mark.needs("systemd-escape")
@pytest.mark.parametrize("path", ["/srv/mail/tls", "/.hidden/a b", "/a-b/ü%x\\y", "//x//y.z_w:", "/"])
def test_names_of_units(path: str) -> None:
    """A path is escaped as systemd-escape does."""
    _, words = ask(["systemd-escape", "--path", path])
    assert words.strip() == systemd.escape_path(path)


def test_each_registry_has_its_name() -> None:
    """The machine's own registry has the short name; a path that is too long for a name has a digest in it."""
    assert "sslutil-renew" == systemd.unit_name(REGISTRY) == cron.table_name(REGISTRY)
    long = {systemd.unit_name("/" + "x" * 300 + end) for end in "ab"}
    assert 2 == len(long)
    assert all(len(name) < 100 for name in long)
    tables = [cron.table_name(path) for path in ("/srv/a.b", "/srv/a-b", ODD, "/" + "x" * 300)]
    assert len(tables) == len(set(tables))
    # Debian's cron passes over every other name without a word.
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,130}", name) for name in tables)


# --- cron -----------------------------------------------------------------------------------------------------------


def run_by_cron(line: str, *, account: bool) -> str:
    r"""Run a line as cron does: % ends the command unless there is a \ before it; return what would be mailed."""
    parts = line.rstrip("\n").split(" ", 6 if account else 5)
    command = re.split(r"(?<!\\)%", parts[-1], maxsplit=1)[0].replace("\\%", "%")
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout + done.stderr


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A program in an odd place that says its words, and ends with the status that `status` beside it says."""
    path = tmp_path / "it's 5% $HOME" / "sslutil"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nprintf "<%s>" "$@"\necho " 100%" >&2\nexit "$(cat "$(dirname "$0")/status")"\n')
    path.chmod(0o755)
    (path.parent / "status").write_text("0")
    return path


@pytest.mark.parametrize("account", ["root", ""])
def test_cron_mails_what_matters(account: str, stand_in: Path) -> None:
    """The command gets its words whole; a failure or a change is printed, and nothing to do is not."""
    line = cron.render_line((str(stand_in), "--registry-path", ODD), "seed", account)
    assert "" == run_by_cron(line, account=bool(account))
    (stand_in.parent / "status").write_text("10")
    assert f"<--registry-path><{ODD}> 100%\n" == run_by_cron(line, account=bool(account))


def test_an_unquoted_percent_would_end_the_line(stand_in: Path) -> None:
    """The cron of these tests takes % as the real one does."""
    line = cron.render_line((str(stand_in),), "seed").replace("\\%", "%")
    with pytest.raises(subprocess.CalledProcessError):
        run_by_cron(line, account=False)


@pytest.mark.parametrize("registry", [BACKSLASH, "/" + "x" * 1000])
def test_what_no_line_of_cron_can_say(registry: str) -> None:
    """A backslash, which crons read in different ways, and a line that is too long are refused."""
    with pytest.raises(RegistryError, match="line of cron"):
        cron.render_line(("/bin/sslutil", registry), "seed")


def test_the_start_is_spread() -> None:
    """Machines start at times of their own between one and five, each always at the same."""
    times = [cron.spread(f"machine {number}") for number in range(1000)]
    assert times == [cron.spread(f"machine {number}") for number in range(1000)]
    assert {1, 2, 3, 4} == {hour for hour, _ in times}
    assert set(range(60)) == {minute for _, minute in times}


@given(st.lists(st.sampled_from([b"# a\n", b"\xff\r\n", b"1 2 * * * x\n", b"\n"])), st.booleans())
def test_other_lines_of_a_crontab_stay(lines: list[bytes], first: bool) -> None:  # noqa: FBT001
    """Our two lines come out of a table, wherever they stand, and every other byte stays."""
    ours, others = b"# mark\n1 1 * * * sslutil\n", b"".join(lines)
    assert (others, ours) == cron.take_out(ours + others if first else others + ours, "# mark")
    assert (others, b"") == cron.take_out(others, "# mark")


# --- Which scheduler ------------------------------------------------------------------------------------------------


def schedulers(machine: Machine) -> list[str]:
    """Return the schedulers in the order of preference."""
    return [timer.scheduler for timer in timers.possible(machine, REGISTRY)]


def test_the_scheduler_of_root(machine: Machine) -> None:
    """Root takes systemd where it runs, then /etc/cron.d, then its crontab, and nothing where there is none."""
    assert [] == schedulers(machine)
    with_crontab(machine)
    assert [CRONTAB] == schedulers(machine)
    Path(machine.top, "etc/cron.d").mkdir(parents=True)
    assert [CRON, CRONTAB] == schedulers(machine)
    with_systemd(machine)
    assert [SYSTEMD, CRON, CRONTAB] == schedulers(machine)


def test_the_scheduler_of_an_account(machine: Machine) -> None:
    """An account takes what runs without a login: its own systemd if that lingers, else its crontab."""
    user = machine._replace(user=os.getuid() or 12345, home="/home/anna")
    with_systemd(user)
    assert [USER_SYSTEMD] == schedulers(user)
    with_crontab(user)
    Path(machine.top, "etc/cron.d").mkdir(parents=True)
    assert [CRONTAB, USER_SYSTEMD] == schedulers(user)
    linger = Path(machine.top, "var/lib/systemd/linger")
    linger.mkdir(parents=True)
    (linger / account_name(user.user)).touch()
    assert [USER_SYSTEMD, CRONTAB] == schedulers(user)


def test_a_path_that_is_no_text(machine: Machine) -> None:
    """A registry whose path is not UTF-8 is refused."""
    with pytest.raises(RegistryError, match="not UTF-8"):
        timers.make_timer(machine, "/srv/\udcff", SYSTEMD)


# --- Written and started --------------------------------------------------------------------------------------------


def test_units_are_written_then_started(machine: Machine) -> None:
    """The files are there, 0644, before systemd is told; removed they are stopped first."""
    called = with_systemd(machine, f"ls {machine.top}/etc/systemd/system | wc -l >>{machine.top}/called")
    (timer,) = timers.possible(machine, REGISTRY)
    timers.install(machine, timer)
    assert ["daemon-reload", "2", "enable --now sslutil-renew.timer", "2"] == called_words(called)
    for path, text in timer.files:
        assert text == Path(path).read_text()
        assert 0o644 == Path(path).stat().st_mode & 0o7777
    assert tuple(text for _, text in timer.files) == timers.read_files(machine, timer)
    called.unlink()
    timers.remove(machine, timer)
    assert ["disable --now sslutil-renew.timer", "2", "daemon-reload", "0"] == called_words(called)
    assert (None, None) == timers.read_files(machine, timer)


@pytest.mark.parametrize("refused", ["daemon-reload", "enable"])
@pytest.mark.parametrize("old", [None, f"{timers.MARK}\n"])
def test_a_refusal_puts_back_what_was_there(machine: Machine, refused: str, old: str | None) -> None:
    """Where systemd refuses, its words are told and the files are as before."""
    with_systemd(machine, f'[ "$1" != {refused} ] || {{ echo no such luck; exit 3; }}')
    (timer,) = timers.possible(machine, REGISTRY)
    for path, _ in timer.files:
        if old is not None:
            Path(path).write_text(old)
    with pytest.raises(RegistryError, match=f"{refused}.* failed: exit status 3: no such luck"):
        timers.install(machine, timer)
    assert (old, old) == timers.read_files(machine, timer)
    assert [] == list(Path(machine.top, "etc/systemd/system").glob(".*"))


def test_the_own_systemd_of_an_account(machine: Machine) -> None:
    """It is found by its runtime folder, and its units lie in the account's home, without what only root's can do."""
    user = machine._replace(user=12345, home="/home/anna")
    called = with_systemd(user, f"echo $XDG_RUNTIME_DIR >>{machine.top}/called")
    (timer,) = timers.possible(user, "/home/anna/tls")
    timers.install(user, timer)
    assert ["--user daemon-reload", "/run/user/12345"] == called_words(called)[:2]
    service = Path(machine.top, "home/anna/.config/systemd/user/sslutil-renew-home-anna-tls.service").read_text()
    assert "ExecStart=" in service
    assert "Protect" not in service


def test_a_crontab_keeps_its_other_lines(machine: Machine) -> None:
    """Our lines are added once, changed in one place and removed; a table of ours alone goes as a whole."""
    table = with_crontab(machine)
    table.write_bytes(b"1 2 * * * ./a \xff")
    (timer,) = timers.possible(machine, REGISTRY)
    for _ in range(2):
        timers.install(machine, timer)
        assert b"1 2 * * * ./a \xff\n" + timer.files[0][1].encode() == table.read_bytes()
    assert (timer.files[0][1],) == timers.read_files(machine, timer)
    timers.remove(machine, timer)
    assert b"1 2 * * * ./a \xff\n" == table.read_bytes()
    table.unlink()
    timers.install(machine, timer)
    timers.remove(machine, timer)
    assert not table.exists()


def test_a_crontab_that_can_not_be_read_stays(machine: Machine) -> None:
    """Where crontab -l fails for another reason than that there is none, nothing is written over it."""
    with_crontab(machine)
    (timer,) = timers.possible(machine, REGISTRY)
    Path(machine.top, "usr/bin/crontab").write_text("#!/bin/sh\necho you are not allowed >&2\nexit 1\n")
    with pytest.raises(RegistryError, match="you are not allowed"):
        timers.install(machine, timer)


@pytest.mark.parametrize("foreign", ["# by hand\n", "", f"\n{timers.MARK}"])
def test_a_file_of_others_stays(machine: Machine, foreign: str) -> None:
    """A file of the same name without our first line is nothing that we write over or remove."""
    Path(machine.top, "etc/cron.d").mkdir(parents=True)
    path = Path(machine.top, "etc/cron.d/sslutil-renew")
    path.write_text(foreign)
    (timer,) = timers.possible(machine, REGISTRY)
    with pytest.raises(RegistryError, match="was not made by sslutil"):
        timers.install(machine, timer)
    path.unlink()
    path.symlink_to("/dev/null")
    with pytest.raises(RegistryError):
        timers.read_files(machine, timer)


SHOWN = """\
Id=sslutil-renew.timer
UnitFileState=enabled
ActiveState=active
NextElapseUSecRealtime=Wed 2026-11-25 03:14:15 UTC
LastTriggerUSec=Tue 2026-11-24 03:14:15 UTC

Id=sslutil-renew.service
UnitFileState=static
ActiveState=failed
Result=exit-code
ExecMainStatus=9
"""


def test_what_systemd_says(machine: Machine) -> None:
    """Next run, last run and its end are systemd's own words; a timer that systemd does not know is not active."""
    with_systemd(machine, f"cat <<END\n{SHOWN}END")
    (timer,) = timers.possible(machine, REGISTRY)
    state = timers.read_state(machine, timer)
    assert state == timers.State(
        active=True,
        next_run="Wed 2026-11-25 03:14:15 UTC",
        last_run="Tue 2026-11-24 03:14:15 UTC",
        last_result="exit-code",
        last_status=9,
    )
    with_systemd(machine, "exit 1")
    assert not timers.read_state(machine, timer).active


def test_whether_a_cron_runs(machine: Machine) -> None:
    """A process of one of its names is a cron; without one there is none."""
    process = Path(machine.top, "proc/17")
    process.mkdir(parents=True)
    (process / "comm").write_text("init\n")
    assert not timers.has_daemon(machine)
    (process / "comm").write_text("crond\n")
    assert timers.has_daemon(machine)


def test_the_same_machine_has_the_same_seed(machine: Machine) -> None:
    """It is the machine's id, or its name where it has none."""
    assert os.uname().nodename == machine.seed
    Path(machine.top, "etc").mkdir()
    Path(machine.top, "etc/machine-id").write_text("0123abcd\n")
    assert "0123abcd" == machine.seed


def test_a_real_systemctl_is_never_called(machine: Machine) -> None:
    """In a folder that stands for / no program of the real machine is found."""
    require("sh")
    assert machine.program_named("sh") is None
    assert "/bin/sh" in str(machine._replace(top="").program_named("sh"))
