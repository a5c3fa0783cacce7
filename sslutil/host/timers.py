"""What runs the renewal every night: systemd where it runs, else cron; written, started, looked at and taken away."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import NamedTuple

from sslutil.disk import File, open_folder, tell, told
from sslutil.errors import RegistryError, command
from sslutil.host import cron, systemd
from sslutil.host.accounts import account_name, home_of
from sslutil.host.programs import ENVIRONMENT, Ended, run_program

TOP = ""
"""The folder that stands for / on this machine; a test's own in tests."""
MARK = "# made by sslutil"
SYSTEMD, USER_SYSTEMD, CRON, CRONTAB = "systemd", "systemd --user", "cron", "crontab"
"""The schedulers: the system's and the user's manager, a file in /etc/cron.d, and the table of an account."""
_SECONDS = 60.0
_DAEMONS = {"cron", "crond", "fcron", "systemd-cron"}


class Machine(NamedTuple):
    """Whose timer it is, where, and what it runs."""

    user: int
    """User id."""
    program: tuple[str, ...]
    """The words that start this sslutil: an absolute path, and what stands behind it."""
    home: str = ""
    top: str = ""

    def path(self, absolute: str) -> str:
        """Return a path of this machine."""
        return f"{self.top}{absolute}"

    def program_named(self, name: str) -> str | None:
        """Return the absolute path of a program of the system."""
        return shutil.which(name, path=":".join(map(self.path, ENVIRONMENT["PATH"].split(":"))))

    @property
    def lingers(self) -> bool:
        """Whether the account's own systemd runs without a login: `loginctl enable-linger`."""
        return os.path.exists(self.path(f"/var/lib/systemd/linger/{account_name(self.user)}"))

    @property
    def seed(self) -> str:
        """What tells this machine from others, so that not all start at once."""
        try:
            with open(self.path("/etc/machine-id"), encoding="ascii") as file:
                return file.read(64).strip()
        except (OSError, UnicodeDecodeError):
            return os.uname().nodename


class Timer(NamedTuple):
    """The timer of one registry with one scheduler, whether or not it is there."""

    scheduler: str
    files: tuple[tuple[str, str], ...]
    """Absolute path and text of each file; with the scheduler "crontab" the table's name and our lines."""
    words: tuple[str, ...]
    """The command that it runs."""
    unit: str = ""
    """The name of the units, without its ending."""


class State(NamedTuple):
    """What the scheduler says of a timer that is there; texts in its own words, empty where it does not know."""

    active: bool = True
    next_run: str = ""
    last_run: str = ""
    last_result: str = ""
    """"success" also before the first run; with systemd else "exit-code", "timeout" and others (systemd.service(5))."""
    last_status: int | None = None


def this_machine(user: int, program: tuple[str, ...]) -> Machine:
    """Return the machine as it is for an account."""
    return Machine(user, program, home_of(user) or "", TOP)


def possible(machine: Machine, registry: str) -> list[Timer]:
    """Return the timer of a registry with each scheduler that works here for this account, the best first.

    For an account other than root that is its own systemd if that runs without a login, else its crontab, which needs
    none. Raises RegistryError where a timer can't hold such a path.
    """
    return [make_timer(machine, registry, scheduler) for scheduler in _schedulers(machine)]


def _schedulers(machine: Machine) -> list[str]:
    has_systemd = os.path.isdir(machine.path("/run/systemd/system"))
    has_table = [CRONTAB] if machine.program_named("crontab") else []
    if machine.user == 0:
        has_folder = [CRON] if os.path.isdir(machine.path("/etc/cron.d")) else []
        return [*([SYSTEMD] if has_systemd else []), *has_folder, *has_table]
    own_runs = has_systemd and machine.home and os.path.isdir(machine.path(f"/run/user/{machine.user}/systemd"))
    own = [USER_SYSTEMD] if own_runs else []
    return [*own, *has_table] if machine.lingers else [*has_table, *own]


def make_timer(machine: Machine, registry: str, scheduler: str) -> Timer:
    """Return the timer of a registry with one scheduler; RegistryError where that can't say the path."""
    try:
        registry.encode()
    except UnicodeEncodeError as fault:
        message = f"{registry} is not UTF-8, which a timer can't say"
        raise RegistryError(message, "sslutil registry-path --help") from fault
    words = (*machine.program, "certificate", "renew", "--registry-path", registry)
    if scheduler in {SYSTEMD, USER_SYSTEMD}:
        return _make_units(machine, registry, scheduler, words)
    words = (*words, "--detailed-exitcode")
    seed = f"{machine.seed} {registry}"
    if scheduler == CRON:
        text = cron.render_table(_note(), words, seed)
        return Timer(CRON, ((machine.path(f"/etc/cron.d/{cron.table_name(registry)}"), text),), words)
    note = f"{_note()} ({registry})"
    owner = account_name(machine.user)
    return Timer(CRONTAB, ((f"crontab of {owner}", f"{note}\n{cron.render_line(words, seed)}"),), words)


def _note() -> str:
    return f"{MARK}: sslutil timer remove takes it away"


def _make_units(machine: Machine, registry: str, scheduler: str, words: tuple[str, ...]) -> Timer:
    is_root = scheduler == SYSTEMD
    folder = machine.path("/etc/systemd/system" if is_root else f"{machine.home}/.config/systemd/user")
    unit = systemd.unit_name(registry)
    service = systemd.render_service(_note(), registry, words, hardened=is_root)
    timer = systemd.render_timer(_note(), registry)
    files = ((f"{folder}/{unit}.service", service), (f"{folder}/{unit}.timer", timer))
    return Timer(scheduler, files, words, unit)


# --- What is there ----------------------------------------------------------------------------------------------


def read_files(machine: Machine, timer: Timer) -> tuple[str | None, ...]:
    """Return the text of each file as it is, None where it is missing; RegistryError where it is none of ours."""
    if timer.scheduler == CRONTAB:
        _, ours = cron.take_out(_read_crontab(machine), _first_line(timer.files[0][1]))
        return (ours.decode("utf-8", "replace") or None,)
    return tuple(_read_ours(path) for path, _ in timer.files)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _read_ours(path: str) -> str | None:
    folder, _, name = path.rpartition("/")
    if not os.path.lexists(path):
        return None
    with open_folder(folder) as opened:
        text = opened.read(name).decode("utf-8", "replace")
    if not text.startswith(MARK):
        message = f"{path} is there and was not made by sslutil, so it stays as it is"
        raise RegistryError(message, command("cat", path))
    return text


def read_state(machine: Machine, timer: Timer) -> State:
    """Return what the scheduler says of a timer whose files are there."""
    if not timer.unit:
        return State()
    shown = "--property=Id,UnitFileState,ActiveState,NextElapseUSecRealtime,LastTriggerUSec,Result,ExecMainStatus"
    ended = _systemctl(machine, timer, "show", shown, f"{timer.unit}.timer", f"{timer.unit}.service")
    if ended.fault:
        return State(active=False)
    timer_said, _, service_said = ended.output.partition("\n\n")
    of_timer, of_service = _properties(timer_said), _properties(service_said)
    result = of_service.get("Result", "")
    status = of_service.get("ExecMainStatus", "")
    return State(
        active=of_timer.get("UnitFileState") == "enabled" and of_timer.get("ActiveState") == "active",
        next_run=of_timer.get("NextElapseUSecRealtime", ""),
        last_run=of_timer.get("LastTriggerUSec", "").removeprefix("n/a"),
        last_result=result,
        last_status=int(status) if status.isdigit() else None,
    )


def _properties(text: str) -> dict[str, str]:
    return {name: value for name, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def has_daemon(machine: Machine) -> bool:
    """Return whether a cron seems to run, as far as this account may see."""
    folder = machine.path("/proc")
    numbers = [name for name in os.listdir(folder) if name.isdigit()] if os.path.isdir(folder) else []
    return any(_comm(f"{folder}/{number}") in _DAEMONS for number in numbers)


def _comm(folder: str) -> str:
    try:
        with open(f"{folder}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


# --- Install and remove -----------------------------------------------------------------------------------------


def install(machine: Machine, timer: Timer) -> None:
    """Write the files of a timer and start it; where that fails, what was there before is put back."""
    if timer.scheduler == CRONTAB:
        _edit_crontab(machine, timer, timer.files[0][1].encode())
        return
    before = read_files(machine, timer)
    try:
        for path, text in timer.files:
            _write(machine, path, text)
        if timer.unit:
            _must(machine, timer, "daemon-reload")
            _must(machine, timer, "enable", "--now", f"{timer.unit}.timer")
    except BaseException:
        _put_back(machine, timer, before)
        raise


def _put_back(machine: Machine, timer: Timer, before: tuple[str | None, ...]) -> None:
    if timer.unit and None in before:
        _systemctl(machine, timer, "disable", "--now", f"{timer.unit}.timer")
    for (path, _), text in zip(timer.files, before, strict=True):
        if text is None:
            _remove(path)
        else:
            _write(machine, path, text)
    if timer.unit:
        _systemctl(machine, timer, "daemon-reload")


def remove(machine: Machine, timer: Timer) -> None:
    """Stop a timer and remove its files; what an operator put beside them, such as drop-ins, stays."""
    if timer.scheduler == CRONTAB:
        _edit_crontab(machine, timer, b"")
        return
    if timer.unit:
        _must(machine, timer, "disable", "--now", f"{timer.unit}.timer")
    for path, _ in timer.files:
        _remove(path)
    if timer.unit:
        _must(machine, timer, "daemon-reload")


def _write(machine: Machine, path: str, text: str) -> None:
    folder, _, name = path.rpartition("/")
    if machine.user:
        with told("make", folder):
            os.makedirs(folder, exist_ok=True)
    fresh = f".{name}.new"
    with open_folder(folder) as opened:
        opened.remove(fresh)
        opened.create(File(fresh, text.encode()))
        opened.rename(fresh, name)
        opened.sync()


def _remove(path: str) -> None:
    folder, _, name = path.rpartition("/")
    if os.path.isdir(folder):
        with open_folder(folder) as opened:
            opened.remove(name)
            opened.sync()


def _must(machine: Machine, timer: Timer, *words: str) -> None:
    ended = _systemctl(machine, timer, *words)
    if ended.fault:
        said = " ".join(ended.output.split())
        message = f"{command(*_systemctl_words(machine, timer), *words)} failed: {ended.fault}{said and f': {said}'}"
        raise RegistryError(message, command(*systemctl_words(timer), "status", f"{timer.unit}.timer"))


def systemctl_words(timer: Timer) -> tuple[str, ...]:
    """Return the words with which a person calls the manager of a timer."""
    return ("systemctl",) if timer.scheduler == SYSTEMD else ("systemctl", "--user")


def _systemctl_words(machine: Machine, timer: Timer) -> tuple[str, ...]:
    program = machine.program_named("systemctl") or "/usr/bin/systemctl"
    if timer.scheduler == SYSTEMD:
        return (program,)
    # Programs get nothing of our environment, and this is how systemctl finds the account's own manager.
    return ("/usr/bin/env", f"XDG_RUNTIME_DIR=/run/user/{machine.user}", program, "--user")


def _systemctl(machine: Machine, timer: Timer, *words: str) -> Ended:
    return run_program((*_systemctl_words(machine, timer), *words), _SECONDS)


# --- The table of an account --------------------------------------------------------------------------------------


def _read_crontab(machine: Machine) -> bytes:
    """Return an account's table byte by byte, empty where it has none; RegistryError where nobody can tell."""
    program = machine.program_named("crontab")
    if program is None:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/table"
        # What a program prints is kept short and mixed with its complaints elsewhere: here the whole table counts.
        ended = run_program(("/bin/sh", "-c", 'exec "$0" -l >"$1"', program, file), _SECONDS)
        with open(file, "rb") as table:
            content = table.read()
    if ended.fault and "no crontab" not in ended.output:
        said = " ".join(ended.output.split())
        message = f"crontab -l failed: {ended.fault}{said and f': {said}'}"
        raise RegistryError(message, "crontab -l")
    return content


def _edit_crontab(machine: Machine, timer: Timer, ours: bytes) -> None:
    """Put our two lines into an account's table, or take them out; every other byte stays."""
    program = machine.program_named("crontab") or "/usr/bin/crontab"
    others, _ = cron.take_out(_read_crontab(machine), _first_line(timer.files[0][1]))
    if ours and others and not others.endswith(b"\n"):
        others += b"\n"
    try:
        with tempfile.NamedTemporaryFile(prefix="sslutil-") as file:
            file.write(others + ours)
            file.flush()
            ended = run_program((program, file.name if others + ours else "-r"), _SECONDS)
    except OSError as fault:
        message = f"can't write the crontab: {tell(fault)}"
        raise RegistryError(message) from fault
    if ended.fault:
        said = " ".join(ended.output.split())
        message = f"the crontab was not taken: {ended.fault}{said and f': {said}'}"
        raise RegistryError(message, "crontab -l")
