"""The distribution's Postfix, on 127.0.0.1, with queue, data and log in a folder of its own; needs root."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.judges import PATIENCE, Verdict, ask
from tests.judges.running import RefusedError, are_open, own_folder, read, stop_by_id, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.judges import Argument

RELAY = "smtp"
"""The service of port 25."""
_INTERNAL = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    """A running server."""

    folder: Path

    @property
    def log(self) -> str:
        """The text of its log so far."""
        return read(self.folder, "log")

    def reload(self) -> None:
        """Make it read its files again."""
        status, words = ask(["postfix", "-c", self.folder, "reload"])
        if status != 0:
            raise RefusedError(words + self.log)


def write(folder: Path, main: str, master: str, ports: Mapping[str, int]) -> None:
    """Write main.cf and master.cf below `folder`, each service of `ports` on its own port in place of its name."""
    (folder / "data").mkdir(exist_ok=True)
    shutil.chown(folder / "data", "postfix")
    lines = [
        "compatibility_level = 3.6",
        f"queue_directory = {folder}/queue",
        f"data_directory = {folder}/data",
        f"maillog_file = {folder}/log",
        f"maillog_file_prefixes = {folder}",
        "inet_interfaces = 127.0.0.1",
        "inet_protocols = ipv4",
        "myhostname = mail.example.org",
        "mydestination = example.org",
        "local_recipient_maps = static:all",
        "alias_maps =",
        "smtpd_client_restrictions =",
        "smtputf8_enable = no",
    ]
    (folder / "main.cf").write_text("\n".join(lines) + "\n" + main)
    services = f"{RELAY} inet n - n - - smtpd\n{master}"
    for service, port in ports.items():
        services = re.sub(rf"^{service} inet", f"127.0.0.1:{port} inet", services, flags=re.MULTILINE)
    kept = "".join(entry for entry in re.split(r"^(?=\S)", services, flags=re.MULTILINE) if _is_wanted(entry))
    (folder / "master.cf").write_text(kept + _INTERNAL)
    for name in ("main.cf", "master.cf"):  # each program of Postfix waits until a file is a second old (dict_load_file)
        os.utime(folder / name, (0, 0))


def _is_wanted(entry: str) -> bool:
    """Leave out services whose port was not given: they would listen on the real one."""
    return entry.startswith(("127.0.0.1:", "#"))


@contextlib.contextmanager
def serving(main: str, master: str, ports: Mapping[str, int]) -> Iterator[Postfix]:
    """Start Postfix with these texts behind a bare main.cf, one port for each service named; stop it at the end."""
    with _made(main, master, ports) as folder:
        postfix = Postfix(folder)
        status, words = _postfix(folder, "start")
        try:
            wait_until(
                lambda: are_open(ports.values()),
                has_ended=lambda: status != 0,
                words=lambda: words + postfix.log,
            )
            yield postfix
        finally:
            _stop(folder)


def check(main: str, master: str, ports: Mapping[str, int]) -> Verdict:
    """Return what `postfix check` and `postconf` say: no warning but of the queue's owners, which are right."""
    with _made(main, master, ports) as folder:
        asked: list[list[Argument]] = [
            ["postconf", "-c", folder, "-nx"],
            ["postconf", "-c", folder, "-Px"],
        ]
        answers = [_postfix(folder, "check"), *map(ask, asked)]
    words = "".join(words for _, words in answers)
    told = re.findall(r".*(?:warning|error|fatal):.*", words)
    faults = [fault for fault in told if "not owned by root" not in fault and "group or other writable" not in fault]
    return Verdict(all(status == 0 for status, _ in answers) and not faults, "\n".join(faults) or words)


@contextlib.contextmanager
def _made(main: str, master: str, ports: Mapping[str, int]) -> Iterator[Path]:
    with own_folder("postfix") as folder:
        write(folder, main, master, ports)
        (folder / "queue").mkdir()
        yield folder


def _postfix(folder: Path, verb: str) -> tuple[int, str]:
    """Run a verb; its words go through a file: the master keeps a pipe open for ever."""
    with (folder / "words").open("w+") as words:
        done = subprocess.run(
            ["postfix", "-c", folder, verb],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            timeout=PATIENCE,
            check=False,
        )
        words.seek(0)
        return done.returncode, words.read()


def _stop(folder: Path) -> None:
    """Stop it by the id of its master, which leads a group, as its own verb does, which looks only once a second."""
    pid = folder / "queue" / "pid" / "master.pid"
    if pid.exists():
        stop_by_id(int(pid.read_text()))
