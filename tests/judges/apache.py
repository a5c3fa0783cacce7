"""The distribution's Apache httpd, on 127.0.0.1, with all that it writes in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authz_core", "unixd", "socache_shmcb", "ssl", "headers", "rewrite", "dir", "mime", "alias")
BEGUN = "resuming normal operations"
"""What the error log says once for each start and each graceful reload that came to its end."""
SERVED = "served by apache\n"
"""The index page of each virtual host that names no DocumentRoot of its own."""


class RefusedError(Exception):
    """Apache did not start, or did not survive a reload; the text is its own words and its error log."""


@dataclass(frozen=True)
class Apache:
    """A running server."""

    folder: Path
    parent: subprocess.Popen[str]

    @property
    def error_log(self) -> str:
        """The text of the error log so far."""
        return (self.folder / "error.log").read_text(encoding="utf-8", errors="replace")

    @property
    def reload_argv(self) -> list[str]:
        """The command that reloads this server; it returns before the reload has come to its end."""
        return [*_argv(self.folder), "-k", "graceful"]

    def graceful(self) -> None:
        """Reload, and wait until it is done; RefusedError where the server does not take its configuration."""
        begun = self.error_log.count(BEGUN)
        done = subprocess.run(self.reload_argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RefusedError(done.stdout + done.stderr + self.error_log)
        _wait_until(self, lambda: self.error_log.count(BEGUN) > begun)


@contextlib.contextmanager
def serving(hosts: Sequence[tuple[int, str]], *, outside: str = "") -> Iterator[Apache]:
    """Start Apache with one virtual host for each (port, directives), and stop it at the end.

    `outside` is configuration beside the virtual hosts. RefusedError where it does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="sslutil-apache-"))
    try:
        folder.chmod(0o755)  # the server's own account reads below it
        (folder / "www").mkdir()
        (folder / "www" / "index.html").write_text(SERVED)
        (folder / "error.log").touch()
        (folder / "apache.conf").write_text(_configuration(folder, hosts, outside))
        with (folder / "output").open("w") as output:
            parent = subprocess.Popen(
                [*_argv(folder), "-D", "FOREGROUND"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        try:
            apache = Apache(folder, parent)
            ports = {port for port, _ in hosts}
            _wait_until(apache, lambda: BEGUN in apache.error_log and all(map(_is_open, ports)))
            yield apache
        finally:
            _stop(parent)
    finally:
        shutil.rmtree(folder)


def _argv(folder: Path) -> list[str]:
    return [shutil.which("apache2") or "apache2", "-f", str(folder / "apache.conf")]


def _configuration(folder: Path, hosts: Sequence[tuple[int, str]], outside: str) -> str:
    modules = [name for name in LOADED if (MODULES / f"mod_{name}.so").exists()]  # Debian builds unixd in
    lines = [
        f'ServerRoot "{folder}"',
        "ServerName localhost",
        f'DefaultRuntimeDir "{folder}"',
        f'PidFile "{folder}/apache.pid"',
        f'Mutex "file:{folder}"',
        f'ErrorLog "{folder}/error.log"',
        "LogLevel notice",
        *(f'LoadModule {name}_module "{MODULES}/mod_{name}.so"' for name in modules),
        *(["User www-data", "Group www-data"] if os.geteuid() == 0 else []),
        "StartServers 1",
        "ThreadsPerChild 4",
        "MaxRequestWorkers 8",
        "ServerLimit 2",
        "GracefulShutdownTimeout 2",
        f'DocumentRoot "{folder}/www"',
        f'<Directory "{folder}/www">',
        "  Require all granted",
        "</Directory>",
        "DirectoryIndex index.html",
        "TypesConfig /dev/null",
        *(f"Listen 127.0.0.1:{port}" for port in sorted({port for port, _ in hosts})),
        outside,
        *(f"<VirtualHost 127.0.0.1:{port}>\n{directives}\n</VirtualHost>" for port, directives in hosts),
    ]
    return "\n".join(lines) + "\n"


def _wait_until(apache: Apache, is_reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_reached():
        with contextlib.suppress(subprocess.TimeoutExpired):
            apache.parent.wait(timeout=0.02)
        if apache.parent.returncode is not None or time.monotonic() > deadline:
            raise RefusedError((apache.folder / "output").read_text() + apache.error_log)


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _stop(parent: subprocess.Popen[str]) -> None:
    parent.send_signal(signal.SIGTERM)
    try:
        parent.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(parent.pid, signal.SIGKILL)  # the session that was begun for it alone
        parent.wait()
