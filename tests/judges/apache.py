"""The distribution's Apache httpd, on 127.0.0.1, with all that it writes in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges import PATIENCE, Verdict, ask
from tests.judges.running import RefusedError, Server, own_folder, read, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MODULES", "SERVED", "Apache", "RefusedError", "check", "serving"]

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authz_core", "unixd", "socache_shmcb", "ssl", "headers", "rewrite", "dir", "mime", "alias")
BEGUN = "resuming normal operations"
"""What the error log says once for each start and each graceful reload that came to its end."""
SERVED = "served by apache\n"
"""The index page of each virtual host that names no DocumentRoot of its own."""


@dataclass(frozen=True)
class Apache(Server):
    """A running server."""

    @property
    def error_log(self) -> str:
        """The text of the error log so far."""
        return read(self.folder, *self.logs)

    @property
    def reload_argv(self) -> list[str]:
        """The command that reloads this server; it returns before the reload has come to its end."""
        return [*_argv(self.folder), "-k", "graceful"]

    def is_ready(self) -> bool:
        """Tell whether its start has come to its end."""
        return BEGUN in self.error_log

    def graceful(self) -> None:
        """Reload, and wait until it is done; RefusedError where the server does not take its configuration."""
        begun = self.error_log.count(BEGUN)
        done = subprocess.run(self.reload_argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RefusedError(done.stdout + done.stderr + self.error_log)
        self.wait_until(lambda: self.error_log.count(BEGUN) > begun)


@contextlib.contextmanager
def serving(hosts: Sequence[tuple[int, str]], *, outside: str = "") -> Iterator[Apache]:
    """Start Apache with one virtual host for each (port, directives), and stop it at the end.

    `outside` is configuration beside the virtual hosts. RefusedError where it does not start.
    """
    with own_folder("apache", page=SERVED) as folder:
        (folder / "apache.conf").write_text(_configuration(folder, hosts, outside))
        argv = [*_argv(folder), "-D", "FOREGROUND"]
        with started(Apache, argv, folder, (port for port, _ in hosts)) as apache:
            yield apache


def check(hosts: Sequence[tuple[int, str]], *, outside: str = "") -> Verdict:
    """Ask -t of the same; "Syntax OK" is said of a bad group, a bad suite and a strange key too: start it for those."""
    with own_folder("apache", page=SERVED) as folder:
        (folder / "apache.conf").write_text(_configuration(folder, hosts, outside))
        status, words = ask([*_argv(folder), "-t"])
    return Verdict(status == 0, words)


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
