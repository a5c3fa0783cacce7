"""The systemd timer and service that renew one registry every night: their names and texts, nothing on disk."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from sslutil.registry import MACHINE_DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

STEM = "sslutil-renew"
_LONGEST_ESCAPED = 200
"""A unit's name has at most 255 characters (systemd.unit(5)); the rest is room for drop-in folders."""
_SHARED_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  only compared with
_HARDENING = """\
# ProtectSystem=strict would make /var read-only as well, and nginx -s reload opens its logs there.
ProtectSystem=full
ProtectHome=read-only
{temporary}PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
# sudo in a reload command needs the opposite; root needs no sudo: runuser does.
NoNewPrivileges=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# AF_UNIX: systemctl reload, and logs; AF_NETLINK: the C library asks there which addresses the machine has.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_NET_BIND_SERVICE CAP_SETGID \
CAP_SETUID
"""
"""For root's service. Not MemoryDenyWriteExecute: servers check their configuration with compilers of PCRE and PHP."""


def unit_name(registry: str) -> str:
    """Return the name of a registry's units, without ".timer" and ".service"."""
    if registry == MACHINE_DEFAULT:
        return STEM
    escaped = escape_path(registry)
    if len(escaped) > _LONGEST_ESCAPED:
        escaped = sha256(registry.encode()).hexdigest()[:32]
    return f"{STEM}-{escaped}"


def escape_path(path: str) -> str:
    r"""Return a path as `systemd-escape --path` does: "/srv/a b" is "srv-a\x20b"."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return "-"
    text = "-".join(re.sub(r"[^A-Za-z0-9:_.]", _escape_character, part) for part in parts)
    return f"\\x2e{text[1:]}" if text.startswith(".") else text


def _escape_character(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode())


def quote(word: str) -> str:
    """Return one word for a list in a unit, which no rule of systemd.syntax(7) and no specifier changes."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def quote_command(words: Sequence[str]) -> str:
    """Return a command for ExecStart: variables are taken in every word but the program (systemd.service(5))."""
    program, *rest = words
    if any(character in program for character in "\\\"'"):  # systemd starts no program with one of these in its name
        program, rest = "/usr/bin/env", list(words)
    return " ".join([quote(program), *(quote(word).replace("$", "$$") for word in rest)])


def render_service(note: str, registry: str, words: Sequence[str], *, hardened: bool) -> str:
    """Return the text of the service that runs `words` once; only the system's own manager can harden it."""
    temporary = "" if _is_below(registry, _SHARED_TEMPORARY) else "PrivateTmp=yes\n"
    hardening = "".join(
        (
            "# What a reload command can't do here, systemctl reload can: that runs outside of this service.\n",
            f"ReadWritePaths={quote('-' + registry)}\n",
            _HARDENING.format(temporary=temporary),
        )
    )
    return (
        f"{note}\n"
        "[Unit]\n"
        f"Description=Renew the certificate of {registry.replace('%', '%%')} when it is due\n"
        "Documentation=man:systemd.service(5)\n"
        "After=network-online.target\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={quote_command(words)}\n"
        "TimeoutStartSec=15min\n"
        f"{hardening if hardened else ''}"
    )


def render_timer(note: str, registry: str) -> str:
    """Return the text of the timer: once a night, spread over four hours, made up for where the machine was off."""
    return (
        f"{note}\n"
        "[Unit]\n"
        f"Description=Renew the certificate of {registry.replace('%', '%%')} every night\n"
        "\n"
        "[Timer]\n"
        "OnCalendar=*-*-* 01:00:00\n"
        "RandomizedDelaySec=4h\n"
        "FixedRandomDelay=yes\n"
        "Persistent=yes\n"
        "\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)
