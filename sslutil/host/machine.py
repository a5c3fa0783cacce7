"""What the machine says of itself, without the network: its full name, and the versions that are installed."""

from __future__ import annotations

import mmap
import os
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST_NAME = "/etc/hostname"
_HOSTS = "/etc/hosts"
_MAIL_NAME = "/etc/mailname"
_LOCAL = (".localhost", ".localdomain", ".localdomain4", ".localdomain6", ".local", ".internal")
"""Names that no other machine can reach (RFC 6761, RFC 6762; /etc/hosts of Fedora)."""
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
    """Return the machine's fully qualified name from its own files, or None where they know only a short one.

    Debian's /etc/mailname is asked last: it may be the domain of the mail addresses, where no web server answers.
    """
    own = os.uname().nodename
    lines = [line.split("#")[0].split()[1:] for line in _read(_HOSTS).splitlines()]
    aliases = [name for names in lines if own in names for name in names]
    candidates = (own, _read(_HOST_NAME).strip(), *aliases, _read(_MAIL_NAME).strip())
    return next((name for name in candidates if _is_qualified(name)), None)


def _is_qualified(name: str) -> bool:
    from sslutil.errors import UsageError
    from sslutil.names import parse_identity

    try:
        identity = parse_identity(name)
    except UsageError:
        return False
    qualified = identity.kind == "dns" and "." in identity.text and not identity.wildcard
    return qualified and not identity.text.endswith(_LOCAL)


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
