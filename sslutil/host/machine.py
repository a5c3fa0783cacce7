"""What the machine says of itself, without the network: its full name, and the versions that are installed."""

from __future__ import annotations

import mmap
import os
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST_NAME = "/etc/hostname"
_HOSTS = "/etc/hosts"
_MAIL_NAME = "/etc/mailname"
_SERVERS = ("/usr/sbin", "/usr/local/sbin")
_LOCAL = (".localhost", ".localdomain", ".localdomain4", ".localdomain6", ".local", ".internal")
"""Names that no other machine can reach (RFC 6761, RFC 6762; /etc/hosts of Fedora)."""


class _Traces(NamedTuple):
    """Where the version of a program stands."""

    files: tuple[str, ...]
    """Absolute paths, the first that has it counts."""
    mark: bytes
    """What stands before it: a plain search is quicker than a pattern."""
    version: re.Pattern[bytes]
    """What begins with the mark, with the version as its group."""


_THREE_PARTS = rb"(\d+\.\d+\.\d+)[a-z]?\b"
_LIBRARIES = (f"/usr/lib/{os.uname().machine}-linux-gnu", "/usr/lib/arm-linux-gnueabihf", "/usr/lib64", "/usr/lib")


def _trace(mark: bytes, names: Iterable[str], rest: bytes = _THREE_PARTS, folders: Iterable[str] = _SERVERS) -> _Traces:
    files = tuple(f"{folder}/{name}" for name in names for folder in folders)
    return _Traces(files, mark, re.compile(re.escape(mark) + rest, re.DOTALL))


_TRACES = {
    "apache": (_trace(b"Apache/", ("apache2", "httpd"), rb"(2\.\d+\.\d+)\b", (*_SERVERS, "/usr/local/apache2/bin")),),
    "nginx": (_trace(b"nginx/", ("nginx",), folders=(*_SERVERS, "/usr/local/nginx/sbin")),),
    "haproxy": (_trace(b"\0 version ", ("haproxy",), rb"(\d+\.\d+\.\d+)[^\0]*, released"),),
    "lighttpd": (_trace(b"lighttpd/", ("lighttpd",)),),
    # Go's linker leaves no mark in Debian's build, and its 36 MB are long to search.
    "caddy": (
        _trace(b"\nPackage: caddy\n", ("status",), rb".{1,2000}?\nVersion: (\d+\.\d+\.\d+)", ("/var/lib/dpkg",)),
        _trace(b"github.com/caddyserver/caddy/v2\tv", ("caddy",), folders=("/usr/bin", "/usr/local/bin")),
    ),
    "postfix": (_trace(b"mail_version=", ("postconf",)),),
    "dovecot": (_trace(b"Dovecot v", ("dovecot",)),),
    "exim": (_trace(b"<<eximcnumber>>\0", ("exim4", "exim"), rb"(\d+\.\d+(?:\.\d+)?)\0"),),
    "openssl": (_trace(b"OpenSSL ", ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.4"), folders=_LIBRARIES),),
}
_LONGEST_TRACE = 2100


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
    """Return the version of a program that is installed, or None; `program` is one that deploy.versions takes.

    Read from the binary itself: that costs a millisecond, where starting it would cost a tenth of the whole command,
    and it is the library that servers load whose version counts, not that of a command of the same name.
    """
    for traces in _TRACES[program]:
        for path in traces.files:
            found = _search(path, traces)
            if found:
                return found
    return None


def _search(path: str, traces: _Traces) -> str | None:
    """Return the first version in a file that stands as its traces say."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as content:
            place = content.find(traces.mark)
            while place >= 0:
                found = traces.version.match(content[place : place + _LONGEST_TRACE])
                if found:
                    return found[1].decode()
                place = content.find(traces.mark, place + 1)
            return None
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def installed_versions(programs: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each program that is there."""
    return {program: version for program in programs if (version := installed_version(program))}
