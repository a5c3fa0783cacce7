"""CFSSL of Cloudflare, in the version of Debian: a root, an intermediate, and answers as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.authorities import Answer, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAMS = ("cfssl",)
_KEY = {"algo": "ecdsa", "size": 256}
_PROFILES = {
    "intermediate": {
        "usages": ["cert sign", "crl sign"],
        "expiry": "43800h",
        "ca_constraint": {"is_ca": True, "max_path_len": 0, "max_path_len_zero": True},
    },
    "server": {"usages": ["digital signature", "server auth"], "expiry": "2160h"},
}


def sign(request: Path, folder: Path, names: Sequence[str]) -> Answer:
    """Return the answer of a new authority with one intermediate."""
    _write(folder, "config.json", {"signing": {"default": {"expiry": "2160h"}, "profiles": _PROFILES}})
    root_wish = _write(folder, "root.json", {"CN": "CFSSL Root", "key": _KEY, "ca": {"expiry": "87600h"}})
    issuer_wish = _write(folder, "issuer.json", {"CN": "CFSSL Issuing", "key": _KEY})
    root = _keep(folder, "root", _cfssl(folder, "gencert", "-initca", root_wish))
    asked = _keep(folder, "issuer", _cfssl(folder, "genkey", issuer_wish))
    (folder / "issuer.csr").write_text(asked["csr"])
    issuer = _keep(folder, "issuer", _sign(folder, "root", "intermediate", folder / "issuer.csr"))
    leaf = _sign(folder, "issuer", "server", request, "-hostname", ",".join(names))
    return Answer(*(leaf["cert"].encode(), (issuer["cert"].encode(),), root["cert"].encode()))


def _write(folder: Path, name: str, wish: dict[str, Any]) -> Path:
    (folder / name).write_text(json.dumps(wish))
    return folder / name


def _cfssl(folder: Path, *words: str | Path) -> dict[str, str]:
    answer: dict[str, str] = json.loads(run("cfssl", *words, cwd=folder))
    return answer


def _keep(folder: Path, name: str, answer: dict[str, str]) -> dict[str, str]:
    """Write what an answer holds of certificate and key, where the next command looks for them."""
    for part, ending in (("cert", "pem"), ("key", "key")):
        if part in answer:
            (folder / f"{name}.{ending}").write_text(answer[part])
    return answer


def _sign(folder: Path, issuer: str, profile: str, request: Path, *words: str) -> dict[str, str]:
    by = ("-ca", folder / f"{issuer}.pem", "-ca-key", folder / f"{issuer}.key")
    return _cfssl(folder, "sign", *by, "-config", folder / "config.json", "-profile", profile, *words, request)
