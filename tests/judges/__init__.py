"""Judges: programs that are none of ours and say what our work is worth, each behind a few plain functions."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Argument: TypeAlias = str | Path

PATIENCE = 30
"""Seconds after which a judge counts as hung."""

CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True)
class Verdict:
    """What a judge said; write `assert verdict.accepted, verdict.words`."""

    accepted: bool
    words: str


def ask(argv: Sequence[Argument], *, stdin: str = "") -> tuple[int, str]:
    """Run a judge in the C locale; return its exit status, and both its outputs as one text."""
    done = subprocess.run(
        argv,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def is_address(name: str) -> bool:
    """Tell an IP address from a host name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def certificates_in(pem: str) -> list[str]:
    """Return each certificate of a PEM text, as PEM; it leads where it is the server's."""
    return CERTIFICATE.findall(pem)
