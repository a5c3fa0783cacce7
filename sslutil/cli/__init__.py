"""The command line: the only room with click, print, exit, clock and environment."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130


def run() -> NoReturn:
    """Run one command of this process and leave at once: tidying up a short life costs a fifth of it (measured)."""
    gc.disable()
    status = _INTERRUPTED
    with suppress(KeyboardInterrupt):  # before anything is ready to say so
        status = main()
    for stream in (sys.stdout, sys.stderr):
        # Whoever read has gone, and the work is done.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status; every error ends here, as a sentence."""
    from sslutil.cli.boundary import call

    return call(list(sys.argv[1:] if argv is None else argv))
