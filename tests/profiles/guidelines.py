"""A guideline in TLSRef's form, of these tests' own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  values of JSON
    """Return a guideline with one profile, some of whose members are changed; None takes one away."""
    profile = {
        "ciphers": {"iana": ["TLS_RSA_WITH_AES_128_CBC_SHA"], "openssl": ["ECDHE-RSA-AES256-GCM-SHA384"]},
        "ciphersuites": ["TLS_AES_256_GCM_SHA384"],
        "server_preferred_order": True,
        "tls_curves": ["x25519", "P-256"],
        "tls_versions": ["TLSv1.2", "TLSv1.3"],
        "oldest_clients": ["Firefox 1"],
    } | changes
    profile = {name: value for name, value in profile.items() if value is not None}
    return {
        "version": 6.1,
        "href": "https://data.tlsref.org/guidelines/6.1.json",
        "configurations": {"strict": profile, "modern": {}},
    }


def write_guideline(folder: Path, **changes: Any) -> Path:  # noqa: ANN401  values of JSON
    """Write such a guideline into a folder, and return its path."""
    path = folder / "6.1.json"
    path.write_text(json.dumps(document(**changes)))
    return path
