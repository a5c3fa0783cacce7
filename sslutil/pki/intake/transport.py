"""What was found, as JSON: it crosses from the child that read it."""

from __future__ import annotations

import json
from typing import Any

from sslutil.facts import Intake, Piece

_PIECES = ("certificates", "keys", "requests", "crls")


def render_intake(intake: Intake) -> bytes:
    """Return JSON, ASCII; private keys are in it."""
    pieces = {name: [(piece.pem.decode(), piece.place) for piece in getattr(intake, name)] for name in _PIECES}
    return json.dumps({**pieces, "encrypted": intake.encrypted, "skipped": intake.skipped}).encode()


def parse_intake(content: bytes) -> Intake:
    """Return what render_intake wrote."""
    values: dict[str, Any] = json.loads(content)
    pieces = {name: tuple(Piece(pem.encode(), place) for pem, place in values[name]) for name in _PIECES}
    return Intake(**pieces, encrypted=tuple(values["encrypted"]), skipped=tuple(values["skipped"]))
