"""The distribution's Dovecot, on 127.0.0.1, with all that it writes in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.judges import PATIENCE, Verdict, ask
from tests.judges.running import RefusedError, Server, own_folder, read, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

USER = "postmaster"
PASSWORD = "sesame"  # noqa: S105  of a server that lives for one test
MAIL_USER = "nobody"
"""Dovecot refuses mail users with uid 0."""
SECURE = frozenset({"imaps", "pop3s"})


@dataclass(frozen=True)
class Dovecot(Server):
    """A running server."""

    logs = ("log",)

    @property
    def log(self) -> str:
        """The text of the log so far."""
        return read(self.folder, *self.logs)

    @property
    def reload_argv(self) -> list[str]:
        """The command that reloads this server."""
        return ["doveadm", "-c", str(self.folder / "dovecot.conf"), "reload"]

    def is_ready(self) -> bool:
        """Tell whether its pid file is there, which doveadm needs, and which comes after the ports."""
        return (self.folder / "run" / "master.pid").exists()

    def reload(self) -> None:
        """Reload; RefusedError where the configuration is not taken."""
        done = subprocess.run(self.reload_argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RefusedError(done.stdout + done.stderr + self.log)


@contextlib.contextmanager
def serving(ports: Mapping[str, int], settings: str) -> Iterator[Dovecot]:
    """Start Dovecot with a port for each service ("imaps": 12993), and these settings; stop it at the end.

    RefusedError where it does not start.
    """
    with _made(ports, settings) as folder:
        argv = ["dovecot", "-F", "-c", str(folder / "dovecot.conf")]
        with started(Dovecot, argv, folder, ports.values()) as dovecot:
            yield dovecot


def check(settings: str) -> Verdict:
    """Ask doveconf; with -x it opens the files too."""
    with _made({"imaps": 1}, settings) as folder:
        status, words = ask(["doveconf", "-c", folder / "dovecot.conf", "-x", "-n"])
    return Verdict(status == 0, words)


def log_in(port: int, service: str, name: str, *options: str | Path) -> tuple[int, str]:
    """Log in with the password by curl, and list; return its exit status (67: refused) and its words.

    `service` is a scheme of curl's: "imap" and "pop3" begin with STARTTLS.
    """
    argv: list[str | Path] = ["curl", "--silent", "--show-error", "--noproxy", "*", "--ssl-reqd", "--max-time", "20"]
    argv += ["--connect-to", f"{name}:{port}:127.0.0.1:{port}", "--user", f"{USER}:{PASSWORD}", *options]
    return ask([*argv, f"{service}://{name}:{port}/"])


def find_version() -> tuple[int, ...]:
    """Return the version."""
    _, words = ask(["dovecot", "--version"])
    return tuple(int(part) for part in words.split()[0].split("-")[0].split("."))


@contextlib.contextmanager
def _made(ports: Mapping[str, int], settings: str) -> Iterator[Path]:
    with own_folder("dovecot") as folder:
        (folder / "mail").mkdir()
        if os.geteuid() == 0:
            account = pwd.getpwnam(MAIL_USER)
            os.chown(folder / "mail", account.pw_uid, account.pw_gid)
        render = _render_new if find_version() >= (2, 4) else _render_old
        lines = [*render(folder, ports), settings]
        (folder / "dovecot.conf").write_text("\n".join(lines) + "\n")
        yield folder


def _render_old(folder: Path, ports: Mapping[str, int]) -> list[str]:
    return [
        *_shared(folder, ports),
        f"mail_location = maildir:{folder}/mail",
        "passdb {",
        "  driver = static",
        f"  args = password={PASSWORD}",
        "}",
        "userdb {",
        "  driver = static",
        f"  args = uid={MAIL_USER} gid=nogroup home={folder}/mail",
        "}",
    ]


def _render_new(folder: Path, ports: Mapping[str, int]) -> list[str]:
    return [
        "dovecot_config_version = 2.4.0",
        "dovecot_storage_version = 2.4.0",
        *_shared(folder, ports),
        "mail_driver = maildir",
        f"mail_path = {folder}/mail",
        "passdb static {",
        f"  password = {PASSWORD}",
        "}",
        "userdb static {",
        "  fields {",
        f"    uid = {MAIL_USER}",
        "    gid = nogroup",
        f"    home = {folder}/mail",
        "  }",
        "}",
    ]


def _shared(folder: Path, ports: Mapping[str, int]) -> list[str]:
    names = sorted({service.removesuffix("s") for service in ports})
    lines = [
        f"base_dir = {folder}/run",
        f"state_dir = {folder}/state",
        f"log_path = {folder}/log",
        f"protocols = {' '.join(names)}",
        "listen = 127.0.0.1",
    ]
    for protocol in names:
        lines.append(f"service {protocol}-login {{")
        for service in (protocol, f"{protocol}s"):
            lines += [f"  inet_listener {service} {{", f"    port = {ports.get(service, 0)}"]
            lines += ["    ssl = yes", "  }"] if service in SECURE else ["  }"]
        lines.append("}")
    return lines
