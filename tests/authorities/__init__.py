"""Foreign certificate authorities, none of them ours: each takes a request and answers as it does in the world."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.judges import certificates_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PATIENCE = 60
"""Seconds after which a program of an authority counts as hung."""


@dataclass(frozen=True)
class Answer:
    """What an authority made of a request, each certificate as PEM with Unix line ends."""

    leaf: bytes
    intermediates: tuple[bytes, ...]
    """The leaf's issuer first; without the root."""
    root: bytes

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What a server must send: the leaf and its intermediates, in order."""
        return (self.leaf, *self.intermediates)

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every certificate, leaf first and root last."""
        return (*self.chain, self.root)


Signer: TypeAlias = "Callable[[Path, Path, Sequence[str]], Answer]"
"""sign(request, a folder of the authority's own that is there, the names that are asked for)."""


def run(
    *argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None, stdin: bytes = b"", patience: float = PATIENCE
) -> bytes:
    """Run a program of an authority with `cwd` as its home; return its stdout; AssertionError where it fails."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(cwd), **(env or {})},
        timeout=patience,
        check=False,
    )
    assert done.returncode == 0, (
        f"{argv}\n{done.stdout.decode(errors='replace')}\n{done.stderr.decode(errors='replace')}"
    )
    return done.stdout


def certificates(pem: bytes) -> tuple[bytes, ...]:
    """Return each certificate of a PEM text alone, with Unix line ends, whatever stands between them."""
    return tuple(one.encode() for one in certificates_in(pem.decode().replace("\r\n", "\n")))
