"""pkilint: what RFC 5280, and the CA/Browser Forum's rules for public servers, find fault with."""

from __future__ import annotations

import json
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.judges import ask


@dataclass(frozen=True)
class Finding:
    """One fault, told by one rule."""

    severity: str
    """WARNING, ERROR or FATAL."""
    code: str
    """The rule, such as "pkix.authority_key_identifier_extension_absent"."""
    where: str
    """The dotted path of the field at fault."""


def pkix_findings(certificate: Path) -> list[Finding]:
    """Return what RFC 5280 finds fault with, warnings included; a good certificate gives none."""
    return _findings("lint_pkix_cert", [], certificate)


def public_server_findings(certificate: Path) -> list[Finding]:
    """Return what the CA/Browser Forum finds fault with in the certificate of a public server, validated by domain.

    A certificate that no public CA signed always has some: no policy, no revocation information, internal names.
    """
    return _findings("lint_cabf_serverauth_cert", ["--type", "DV-FINAL-CERTIFICATE"], certificate)


def _findings(program: str, options: list[str], certificate: Path) -> list[Finding]:
    path = Path(sysconfig.get_path("scripts"), program)
    _, words = ask([path, "lint", "--severity", "WARNING", "--format", "JSON", *options, certificate])
    # The exit status is the number of findings at most 255: the words alone say whether it ran.
    return [
        Finding(found["severity"], found["code"], result["node_path"])
        for result in json.loads(words)["results"]
        for found in result["finding_descriptions"]
    ]
