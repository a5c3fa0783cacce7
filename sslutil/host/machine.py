"""What the machine says of itself, without the network: its full name, and the versions that are installed."""

from __future__ import annotations

import mmap
import os
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME_FILES = ("/etc/mailname", "/etc/hostname")
_HOSTS = "/etc/hosts"
_VERSION = re.compile(rb"[A-Za-z]+[/ ](\d+\.\d+\.\d+)\b")
_LONGEST_VERSION = 16
_BINARIES = {
    "apache": (("apache2", "httpd"), b"Apache/2."),
    "openssl": (("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.4"), b"OpenSSL "),
}
_FOLDERS = {
    "apache": ("/usr/sbin", "/usr/local/sbin", "/usr/local/apache2/bin"),
    "openssl": (
        f"/usr/lib/{os.uname().machine}-linux-gnu",
        "/usr/lib/arm-linux-gnueabihf",
        "/usr/lib64",
        "/usr/lib",
    ),
}


def full_name() -> str | None:
    """Return the machine's fully qualified name from its own files, or None where they know only a short one."""
    own = os.uname().nodename
    for text in (_read(_NAME_FILES[0]).strip(), own, _read(_NAME_FILES[1]).strip()):
        if _is_qualified(text):
            return text
    for line in _read(_HOSTS).splitlines():
        names = line.split("#")[0].split()[1:]
        if own in names:
            return next((name for name in names if _is_qualified(name)), None)
    return None


def _is_qualified(name: str) -> bool:
    return (
        "." in name.strip(".") and len(name.split()) == 1 and not name.endswith((".localdomain", ".local", ".internal"))
    )


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 16)
    except OSError:
        return ""


@cache
def installed_version(program: str) -> str | None:
    """Return the version of "apache" or "openssl" that is installed, or None.

    Read from the binary itself: that costs a millisecond, where starting it would cost a tenth of the whole command,
    and it is the library that servers load whose version counts, not that of a command of the same name.
    """
    names, mark = _BINARIES[program]
    for path in (f"{folder}/{name}" for name in names for folder in _FOLDERS[program]):
        found = _search(path, mark)
        if found:
            return found
    return None


def _search(path: str, mark: bytes) -> str | None:
    """Return the first three-part version behind `mark` in a binary; a plain search is quicker than a pattern."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            place = content.find(mark)
            while place >= 0:
                found = _VERSION.match(content[place : place + len(mark) + _LONGEST_VERSION])
                if found:
                    return found[1].decode()
                place = content.find(mark, place + 1)
            return None
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def installed_versions(programs: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each program that is there."""
    return {program: version for program in programs if (version := installed_version(program))}
