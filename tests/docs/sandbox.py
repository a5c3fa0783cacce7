"""A page typed into a terminal: one shell for each page, on a machine that is not this one.

The machine is a set of namespaces: copies of /etc and /usr/local, empty /run and /var/log, loopback alone with every
port free, no process of ours in sight. So a page may say /etc/sslutil and port 443 as its reader will. Needs root.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.accounts import REPOSITORY
from tests.conftest import go_without, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.docs.pages import Block

PATIENCE = 240
"""Seconds after which a page counts as hung."""
CHECKOUT = ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "sslutil", "docs")
NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
ASK_STATUS = "echo $?\n"
"""The line after a command that may fail: its answer is then the status of that command."""
PYTHON: str = getattr(sys, "_base_executable", sys.executable)
"""The interpreter below the virtual environment that the tests run in."""
ANSIBLE = Path(sysconfig.get_path("scripts"), "ansible-playbook")
_PRETENDED_VENV = """\
set -e
mkdir -p "$3/bin"
cat >"$3/bin/pip" <<END
#!/bin/sh
[ "\\$*" = "install --quiet ." ] && grep -q sslutil pyproject.toml && cp {top}/bin/sslutil "$3/bin/"
END
chmod 0755 "$3/bin/pip"
"""
"""What stands for an installation every day; test_newcomer.py makes a real one."""
_MARK = "\x1e"
_ANY = "…"
_MACHINE = """\
set -e
mount --bind {top}/etc /etc
mount -t tmpfs none {top}/local
mkdir {top}/local/upper {top}/local/work
mount -t overlay none -o lowerdir=/usr/local,upperdir={top}/local/upper,workdir={top}/local/work /usr/local
mount -t tmpfs none /run
mount -t tmpfs none /var/log
mkdir -p /run/lock /var/log/apache2
{python} - <<'END'
import fcntl, socket, struct
with socket.socket() as any_socket:  # SIOCSIFFLAGS: IFF_UP, where no `ip` is installed
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
END
set +e
set -o pipefail
cd {top}/home/checkout
"""


@dataclass(frozen=True)
class Step:
    """One thing that a reader does: types lines, or saves a file."""

    place: str
    text: str
    expected: tuple[str, ...] | None = None
    """The answer as the page shows it; None where it shows none."""
    file: str = ""
    background: bool = False
    may_fail: bool = False


@dataclass(frozen=True)
class Done:
    """What came of a step."""

    step: Step
    status: int
    """0, or that of the last line that failed."""
    output: str
    """Of both streams."""

    @property
    def fault(self) -> str:
        """What the page says wrongly, or an empty string."""
        if self.status and not self.step.may_fail:
            return f"{self.step.place}: status {self.status} of\n{self.step.text}{self.output}"
        if self.step.expected is not None and not is_like(self.step.expected, self.output):
            shown = "\n".join(self.step.expected)
            return f"{self.step.place}: {self.step.text.strip()}\nshown:\n{shown}\nis:\n{self.output}"
        return ""


def steps_of(block: Block) -> Iterator[Step]:
    """Yield what a reader does with a block; nothing where it is only to be read."""
    if block.file:
        yield Step(block.place, block.text, file=block.file)
    elif not block.is_command or block.excuse:
        return
    elif block.language == "console":
        yield from _transcript(block)
    else:
        yield Step(block.place, block.text, background=block.note == "second terminal")


def _transcript(block: Block) -> Iterator[Step]:
    entries: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            entries.append(([line[2:]], []))
        elif line.startswith("> ") and entries and not entries[-1][1]:
            entries[-1][0].append(line[2:])
        elif entries:
            entries[-1][1].append(line)
        else:
            message = f"{block.place}: a transcript begins with a command: $ …"
            raise ValueError(message)
    for (typed, answer), following in zip(entries, [*entries[1:], None], strict=True):
        asked = following is not None and following[0] == [ASK_STATUS.strip()]
        yield Step(block.place, "\n".join(typed) + "\n", tuple(answer) if answer else None, may_fail=asked)


def is_like(expected: Sequence[str], output: str) -> bool:
    """Tell whether an output is what a page shows: … stands for any text, alone on a line for any lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == _ANY else re.escape(line.rstrip()).replace(re.escape(_ANY), ".*") + r" *\n"
        for line in expected
    )
    text = "".join(f"{line}\n" for line in output.rstrip().splitlines())
    return re.fullmatch(pattern, text) is not None


def play(steps: Sequence[Step], folder: Path) -> list[Done]:
    """Do all steps in one shell on a machine of its own, whose files are below `folder`; return what came of each."""
    require("root", "unshare", "mount")
    if not ANSIBLE.exists() and any("ansible-playbook" in step.text for step in steps):
        go_without(str(ANSIBLE))
    _make_machine(folder)
    script = folder / "page.sh"
    script.write_text("".join(_script(folder, steps)))
    done = subprocess.run(
        [*NAMESPACES, "bash", script],
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    if _MARK not in done.stdout:
        go_without(f"namespaces: {done.stdout}")
    return list(_results(steps, done.stdout))


def _environment(folder: Path) -> dict[str, str]:
    path = f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"HOME": f"{folder}/home", "PATH": path, "LANG": "C.UTF-8"}


def _make_machine(folder: Path) -> None:
    """Make what the machine has: a copy of /etc, a home with a checkout, and the commands of this environment."""
    for name in ("bin", "home/checkout", "local", "steps"):
        (folder / name).mkdir(parents=True)
    subprocess.run(["cp", "--archive", "/etc", folder / "etc"], check=True, timeout=PATIENCE)
    for machine_wide in ("sslutil", "xdg/sslutil"):
        shutil.rmtree(folder / "etc" / machine_wide, ignore_errors=True)
    for name in CHECKOUT:
        if (REPOSITORY / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / name, folder / "home/checkout" / name, ignore=ignored)
        elif (REPOSITORY / name).exists():
            shutil.copy(REPOSITORY / name, folder / "home/checkout")
    commands = {
        "sslutil": f'exec env PYTHONPATH={REPOSITORY} {sys.executable} -P -m sslutil "$@"',
        "ansible-playbook": f'exec {ANSIBLE} "$@"',
        "python3": f'[ "$1 $2" = "-m venv" ] || exec {PYTHON} "$@"\n{_PRETENDED_VENV.format(top=folder)}',
    }
    for name, line in commands.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / "bin" / name).chmod(0o755)


def _script(folder: Path, steps: Sequence[Step]) -> Iterator[str]:
    """Yield the parts of the shell's script: the machine, then each step between marks with its number and status.

    Each step is a file that the shell reads in its own process: variables and working directory go on. The trap keeps
    the status of any line that fails, not only of the last one.
    """
    yield _MACHINE.format(top=folder, python=PYTHON)
    for number, step in enumerate(steps):
        path = folder / "steps" / f"{number:03d}"
        path.write_text('echo "$before"\n' if step.text == ASK_STATUS else step.text)
        yield f"printf '\\n{_MARK}{number} begins\\n'\n"
        yield _step(path, step)
        yield f"printf '\\n{_MARK}{number} ends %d\\n' \"$status\"\n"


def _step(path: Path, step: Step) -> str:
    if step.file:
        target = shlex.quote(step.file)
        return f'mkdir -p "$(dirname {target})" && cp {path} {target}; status=$?\n'
    if step.background:
        log = f"{path}.log"
        wait = f"for i in $(seq 100); do [ -s {log} ] || ! kill -0 $! && break; sleep 0.1; done 2>{log}.wait"
        return f"(source {path}) >{log} 2>&1 &\n{wait}\n[ -s {log} ]; status=$?; cat {log}\n"
    return f"status=0; trap 'status=$?' ERR; source {path}; before=$?; trap - ERR\n"


def _results(steps: Sequence[Step], output: str) -> Iterator[Done]:
    for number, step in enumerate(steps):
        _, _, rest = output.partition(f"{_MARK}{number} begins\n")
        text, _, rest = rest.partition(f"\n{_MARK}{number} ends ")
        yield Done(step, int(rest.partition("\n")[0] or 70), text)
