"""danetool, of GnuTLS: makes the TLSA record of a certificate or a public key, from nothing of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.judges import ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges import Argument

_RECORD = re.compile(r"^(_\d+\._tcp\.\S+) IN TLSA \( ([0-9a-f ]+) \)$", re.MULTILINE)


def record_of_certificate(certificate: Path, host: str, port: int) -> tuple[str, bytes]:
    """Return owner and content of the record "3 1 1" for the key of a certificate."""
    return _ask(["--load-certificate", certificate], host, port)


def record_of_public_key(public_key: Path, host: str, port: int) -> tuple[str, bytes]:
    """Return owner and content of the record "3 1 1" for a public key in PEM."""
    return _ask(["--load-pubkey", public_key], host, port)


def _ask(source: list[Argument], host: str, port: int) -> tuple[str, bytes]:
    status, words = ask(["danetool", "--tlsa-rr", "--host", host, "--port", str(port), *source])
    found = _RECORD.search(words)
    assert status == 0 and found, words  # noqa: PT018  one judgement
    return found[1], bytes.fromhex(found[2])
