"""The next Debian in a folder, whose programs take the place of this machine's.

A program of it runs with the folder as its root, in a mount namespace of its own that shows it this machine's /tmp,
/dev and /proc: so it reads what a test wrote by the same path, and nothing is left mounted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import go_without

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASE = "trixie"
"""With OpenSSL 3.5, the first that knows the hybrid groups, and with Dovecot 2.4."""
PACKAGES = {
    "apache": "apache2-bin",
    "caddy": "caddy",
    "dovecot": "dovecot-core",
    "haproxy": "haproxy",
    "lighttpd": "lighttpd",
    "nginx": "nginx",
    "openssl": "libssl3t64",
    "postfix": "postfix",
}
"""Program, as deploy.versions calls it → the package that has its version."""
BESIDES = ("dovecot-imapd", "dovecot-pop3d", "lighttpd-mod-openssl", "nginx-light", "openssl")
FOLDERS = ("usr/sbin", "usr/bin")
TAKEN = re.compile(r"apache2|caddy|dove(adm|conf|cot)|haproxy|lighttpd|nginx|openssl|post[a-z]+")
OWNED = ("usr/sbin", "usr/lib", "var")
"""Where something belongs to another account than root."""
SHARED = ("/tmp", "/dev", "/proc")  # noqa: S108  the whole of it, as the tests use it
_ROOT = pytest.StashKey[Path]()


def root_folder(config: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder, made once for all workers of a run and deleted at its end by the last of them."""
    if _ROOT not in config.stash:
        stack = contextlib.ExitStack()
        config.add_cleanup(stack.close)
        top = tmp_path_factory.getbasetemp()
        config.stash[_ROOT] = stack.enter_context(_shared(top.parent if "PYTEST_XDIST_WORKER" in os.environ else top))
    return config.stash[_ROOT]


@contextlib.contextmanager
def _shared(top: Path) -> Iterator[Path]:
    """Make the folder where no other worker did; hold a shared lock on it as long as it is used."""
    root = top / "debian13" / "root"
    root.parent.mkdir(mode=0o755, exist_ok=True)
    with (top / "debian13.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not root.exists():  # on the way to the other kind of lock another worker may make it, or delete it
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not root.exists():
                _make(root)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield root
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(root)  # 500 MB


def _make(root: Path) -> None:
    packages = ",".join(sorted({*PACKAGES.values(), *BESIDES}))
    options = ["--variant=minbase", "--merged-usr", f"--include={packages}"]
    half_made = root.with_name("half-made")
    shutil.rmtree(half_made, ignore_errors=True)
    done = subprocess.run(
        ["debootstrap", *options, RELEASE, half_made],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        go_without(f"a mirror of Debian {RELEASE}: {done.stdout[-300:]}")
    _adopt_accounts(half_made)
    half_made.rename(root)


def _adopt_accounts(root: Path) -> None:
    """Give its accounts the numbers that they have here: judges make folders for them by name."""
    users, groups = (_pair_ids(root, name) for name in ("passwd", "group"))
    for path in (path for place in OWNED for path in (root / place, *(root / place).rglob("*"))):
        found = path.lstat()
        if found.st_uid or found.st_gid:
            mode = found.st_mode
            owner, group = users.get(found.st_uid, found.st_uid), groups.get(found.st_gid, found.st_gid)
            os.chown(path, owner, group, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(mode & 0o7777)  # chown takes set-gid away
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)


def _pair_ids(root: Path, file_name: str) -> dict[int, int]:
    """Return number there → number here, of all that both have by name."""
    theirs, ours = (
        {fields[0]: int(fields[2]) for fields in (line.split(":") for line in file.read_text().splitlines())}
        for file in (root / "etc" / file_name, Path("/etc") / file_name)
    )
    return {number: ours[name] for name, number in theirs.items() if name in ours}


def find_versions(root: Path) -> dict[str, str]:
    """Return the version of each program, as deploy.versions has it."""
    shown = subprocess.run(
        ["dpkg-query", f"--root={root}", "--show", "--showformat=${Package} ${Version}\n", *PACKAGES.values()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    found = dict(re.findall(r"^(\S+) (?:\d+:)?(\d+(?:\.\d+)+)", shown, re.MULTILINE))
    return {program: found[package] for program, package in PACKAGES.items()}


def write_programs(root: Path, folder: Path) -> None:
    """Write a program of the same name into `folder` for each of Debian 13's that judges start: put it before PATH."""
    mounts = " && ".join(f"mount --rbind {path} {shlex.quote(f'{root}{path}')}" for path in SHARED)
    folder.mkdir()
    for path in (path for place in FOLDERS for path in (root / place).iterdir() if TAKEN.fullmatch(path.name)):
        inside = "/" + str(path.relative_to(root))
        words = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f'{mounts} && exec chroot {shlex.quote(str(root))} "$0" "$@"',
            inside,
        ]
        (folder / path.name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (folder / path.name).chmod(0o755)
