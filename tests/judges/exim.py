"""Exim in both of its builds, on 127.0.0.1, with all that it writes in a folder of its own; needs root.

Debian's own, with GnuTLS, can't be installed beside Postfix: it is unpacked into the cache of the tests. The one with
OpenSSL is what tests/exim-openssl builds, once.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges import Verdict, ask
from tests.judges.running import Server, own_folder, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILDS = ("gnutls", "openssl")
MACROS = {
    "smtp": "SSLUTIL_SMTP_PORTS",
    "submission": "SSLUTIL_SUBMISSION_PORTS",
    "submissions": "SSLUTIL_SUBMISSIONS_PORTS",
}
_CACHE = Path(__file__).parents[1] / ".cache"
_PACKAGES = ("exim4-daemon-light", "libidn12")
_ACCOUNT = "Debian-exim"
"""Debian's build does not start without it. It exists for Exim alone: in a mount namespace of its own."""
_ALONE = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'
_BUILDER = Path(__file__).parents[1] / "exim-openssl"
_BUILDING_TIME = 240
_UNPACKING_TIME = 120


@dataclass(frozen=True)
class Exim(Server):
    """A running server."""

    logs = ("log-*",)

    @property
    def log(self) -> str:
        """The text of its output so far, and of its logs."""
        return self.words


@functools.cache
def find_program(build: str) -> tuple[str, ...]:
    """Return the command line that begins this build; LookupError says what it wants."""
    if build == "openssl":
        return (str(_build()),)
    folder = _CACHE / "exim-gnutls"
    if not folder.exists():
        _unpack(folder)
    for name, line in (("passwd", f"{_ACCOUNT}:x:65534:65534::/:/bin/false"), ("group", f"{_ACCOUNT}:x:65534:")):
        (folder / name).write_text(f"{Path('/etc', name).read_text()}{line}\n")
    libraries = ":".join(map(str, folder.glob("usr/lib/*-linux-*")))
    program = folder / "usr/sbin/exim4"
    return ("unshare", "--mount", "sh", "-c", _ALONE, str(folder), "env", f"LD_LIBRARY_PATH={libraries}", str(program))


def _build() -> Path:
    """Return Exim with OpenSSL, built once for all workers."""
    _CACHE.mkdir(exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([_BUILDER], capture_output=True, text=True, timeout=_BUILDING_TIME, check=False)
    if done.returncode != 0:
        message = f"Exim with OpenSSL: {done.stderr.strip().rpartition(chr(10))[2]}"
        raise LookupError(message)
    return _CACHE / "exim-openssl" / "exim"


def _unpack(folder: Path) -> None:
    _CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as name:
        fetched = ["apt-get", "download", "-q", *_PACKAGES]
        done = subprocess.run(fetched, cwd=name, capture_output=True, timeout=_UNPACKING_TIME, check=False)
        if done.returncode != 0:
            message = f"Debian's package {' and '.join(_PACKAGES)}"
            raise LookupError(message)
        unpacked = Path(name, "root")
        for package in Path(name).glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True, timeout=_UNPACKING_TIME)
        with contextlib.suppress(OSError):  # another test was quicker
            unpacked.rename(folder)


def _write(folder: Path, file: Path, ports: Mapping[str, int]) -> Path:
    (folder / "spool").mkdir()
    macros = {macro: str(ports.get(service, "")) for service, macro in MACROS.items()}
    lines = [
        *(f"{macro} = {port}" for macro, port in macros.items()),
        "primary_hostname = mail.example.org",
        "exim_user = root",
        "exim_group = root",
        f"spool_directory = {folder}/spool",
        f"log_file_path = {folder}/log-%s",
        f"pid_file_path = {folder}/pid",
        "keep_environment = SSL_CERT_FILE",
        "local_interfaces = <; 127.0.0.1",
        f"daemon_smtp_ports = {' : '.join(map(str, ports.values()))}",
        "log_selector = +tls_cipher +tls_peerdn",
        "acl_smtp_rcpt = refuse",
        f".include {file}",
        "begin acl",
        "refuse:",
        "  deny",
        "begin authenticators",
        "plain:",
        "  driver = plaintext",
        "  public_name = PLAIN",
        "  server_condition = false",
    ]
    path = folder / "exim.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextlib.contextmanager
def serving(build: str, file: Path, ports: Mapping[str, int], *, system: Path | None = None) -> Iterator[Exim]:
    """Start a build of Exim with `file` included, one port for each service named; stop it at the end.

    `system` holds what OpenSSL is to take for the system's authorities. Mail that it is offered it refuses.
    """
    env = {**os.environ, "SSL_CERT_FILE": str(system)} if system else None
    with own_folder("exim") as folder:
        argv = [*find_program(build), "-C", str(_write(folder, file, ports)), "-bdf"]
        with started(Exim, argv, folder, ports.values(), env=env) as exim:
            yield exim


def check(build: str, file: Path, ports: Mapping[str, int]) -> Verdict:
    """Return what -bV says, which reads the whole configuration and tries its list of suites."""
    with own_folder("exim") as folder:
        status, words = ask([*find_program(build), "-C", _write(folder, file, ports), "-bV"])
    return Verdict(status == 0 and "Configuration file is" in words, words)
