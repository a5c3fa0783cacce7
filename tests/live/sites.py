"""Registries that the command makes, and what a virtual host holds of them: its name and one Include."""

from __future__ import annotations

import hashlib
import os
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NAME = "mail.example.org"
OTHER_NAME = "other.example.org"


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Site:
    """A registry, as a person and a server use it."""

    registry: Path

    @property
    def current(self) -> Path:
        """The link to the generation in force."""
        return self.registry / "current"

    @property
    def certificate(self) -> Path:
        """The certificate in force."""
        return self.current / "server.crt"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate in force, 64 lower-case hexadecimal digits."""
        return fingerprint(self.certificate)

    def sslutil(self, *argv: str) -> Answer:
        """Run a command on this registry, in a process of its own, and wait 60 seconds at most."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "COVERAGE"))}
        done = subprocess.run(
            [sys.executable, "-m", "sslutil", "--registry-path", self.registry, *argv],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", **kept},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def apply(self, toml: str) -> Answer:
        """Write site.toml but for its version, and take it in."""
        self.registry.mkdir(exist_ok=True)
        (self.registry / "site.toml").write_text(f"version = 1\n{toml}")
        return self.sslutil("apply")

    def host(self, *directives: str, file: str = "apache.conf", name: str = NAME) -> str:
        """Return a virtual host: its name, and one file of the registry."""
        return "\n".join([f"ServerName {name}", f"Include {self.current / file}", *directives])


def made(registry: Path, toml: str) -> Site:
    """Return a site that was applied."""
    site = Site(registry)
    answer = site.apply(toml)
    assert 0 == answer.status, answer.stderr
    return site


def fingerprint(certificate: Path) -> str:
    """Return SHA-256 of the first certificate in a PEM file, by the standard library."""
    pem = certificate.read_text().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert("".join(pem[:2]) + "\n")).hexdigest()
