"""A registry made by hand, as the contract says, and the certificates in it: no command of sslutil's is needed."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sslutil.profiles import GROUPS, PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME = "mail.example.org"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
KEYS: dict[str, Callable[[], Key]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key alone."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def der(self) -> bytes:
        """What a client of TLS sees."""
        return self.certificate.public_bytes(Encoding.DER)


@functools.cache
def make_key(key_type: str, number: int = 0) -> Key:
    """Return a key, the same for each number: an RSA key takes time."""
    assert number >= 0
    return KEYS[key_type]()


def make_pair(  # noqa: PLR0913  (what certificates differ in)
    subject: str,
    *,
    key: Key | None = None,
    names: tuple[str, ...] = (),
    issuer: Pair | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    more: tuple[tuple[x509.ObjectIdentifier, str], ...] = (),
) -> Pair:
    """Return a certificate for `subject`, of its own signature or an issuer's; without a purpose it is a CA's.

    `more` are attributes of the subject that come before its common name; an empty `subject` is none.
    """
    key = key or make_key("p256")
    attributes = (*more, *(((NameOID.COMMON_NAME, subject),) if subject else ()))
    subject_name = x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])
    signer = issuer.key if issuer else key
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(issuer.certificate.subject if issuer else subject_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=purpose is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return Pair(builder.sign(signer, _hash_for(signer)), key)


def _general(name: str) -> x509.GeneralName:
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _hash_for(key: Key) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def make_server(key_type: str = "p256", names: tuple[str, ...] = (NAME,), number: int = 0) -> Pair:
    """Return a self-signed server's certificate."""
    return make_pair(names[0], key=make_key(key_type, number), names=names, purpose=ExtendedKeyUsageOID.SERVER_AUTH)


def make_authority(name: str = "Example client CA", issuer: Pair | None = None) -> Pair:
    """Return a CA with a key of its own."""
    return make_pair(name, key=KEYS["p256"](), issuer=issuer)


def make_client(issuer: Pair, name: str = "postmaster") -> Pair:
    """Return a client's certificate."""
    return make_pair(name, issuer=issuer, names=(f"{name}.example.org",), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)


def make_crl(issuer: Pair, *revoked: Pair, days: int = 7) -> bytes:
    """Return a CRL in PEM; with a negative number of days it has lapsed."""
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - dt.timedelta(days=10))
        .next_update(now + dt.timedelta(days=days))
    )
    for pair in revoked:
        serial = pair.certificate.serial_number
        gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - dt.timedelta(hours=1))
        builder = builder.add_revoked_certificate(gone.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class Wanted:
    """What a generation is to hold."""

    servers: tuple[Pair, ...]
    profile: str = "intermediate"
    tls: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the profile."""
    names: tuple[str, ...] = (NAME,)
    mode: str = "off"
    ca: bytes = b""
    crl: bytes = b""
    depth: int = 1
    enabled: bool = True
    https_port: int = 443
    http_port: int = 80
    plain_http: str = "offer"
    hsts_max_age: int = 0


def render_settings(wanted: Wanted) -> str:
    """Return settings.toml, letter by letter as the contract has it."""
    lines = [
        "# Made by sslutil. Edit site.toml instead: this file is written anew by each change.",
        "version = 1",
        f"enabled = {json.dumps(wanted.enabled)}",
        f"names = {json.dumps(wanted.names)}",
        *(f"{key} = {getattr(wanted, key)}" for key in ("https_port", "http_port")),
        f'plain_http = "{wanted.plain_http}"',
        f"hsts_max_age = {wanted.hsts_max_age}",
    ]
    for number, _ in enumerate(wanted.servers):
        names = {"certificate": "server.crt", "key": "server.key", "bundle": "bundle.pem"}
        lines += ["", "[[certificate]]", f"names = {json.dumps(wanted.names)}"]
        lines += [f'{kind}_file = "{_numbered(name, number)}"' for kind, name in names.items()]
    profile = PROFILES[wanted.profile]
    groups = [group for group, row in GROUPS.items() if group in profile.groups and row.since < (3, 5)]
    shown = ("protocols", "ciphers", "ciphersuites", "groups", "prefer_server_ciphers", "session_tickets")
    tls = {key: getattr(profile, key) for key in shown} | {"groups": groups} | dict(wanted.tls)
    lines += ["", "[tls]", *(f"{key} = {json.dumps(value)}" for key, value in tls.items())]
    lines += ["", "[client_auth]", f'mode = "{wanted.mode}"', f"depth = {wanted.depth}"]
    lines += ['ca_file = "client-ca.crt"'] if wanted.mode != "off" else []
    lines += ['crl_file = "client-ca.crl"'] if wanted.mode != "off" and wanted.crl else []
    return "\n".join(lines) + "\n"


def _numbered(name: str, number: int) -> str:
    return f"{number}-{name}" if number else name


class MadeRegistry:
    """A registry with its generations."""

    def __init__(self, path: Path, wanted: Wanted | None = None) -> None:
        """Make the folder and the first generation."""
        self.path = path
        self.number = 0
        self.wanted = wanted or Wanted((make_server(),))
        (path / "generations").mkdir(parents=True)
        self.flip()

    @property
    def server(self) -> Pair:
        """The certificate in force, the first of them."""
        return self.wanted.servers[0]

    @property
    def folder(self) -> Path:
        """The generation in force."""
        return self.path / "generations" / f"{self.number:06d}"

    def flip(self, **changes: Any) -> None:  # noqa: ANN401  (the fields of Wanted)
        """Put a new generation into force, with these changes."""
        self.wanted = replace(self.wanted, **changes)
        self.number += 1
        staged = self.path / "generations" / f".staged-{self.number}"
        staged.mkdir()
        for name, content in self._files().items():
            (staged / name).write_bytes(content)
        staged.rename(self.folder)
        self.point_to(f"generations/{self.number:06d}")

    def _files(self) -> dict[str, bytes]:
        files = {"settings.toml": render_settings(self.wanted).encode()}
        for number, pair in enumerate(self.wanted.servers):
            files[_numbered("server.crt", number)] = pair.pem
            files[_numbered("server.key", number)] = pair.key_pem
            files[_numbered("bundle.pem", number)] = pair.key_pem + pair.pem
        return files | {"client-ca.crt": self.wanted.ca, "client-ca.crl": self.wanted.crl}

    def point_to(self, target: str) -> None:
        """Let `current` name `target`."""
        link = self.path / ".current-new"
        link.symlink_to(target)
        link.replace(self.path / "current")

    def prune(self, keep: int) -> None:
        """Delete all but the last generations, as the store does: under a hidden name."""
        old = self.path / "generations" / f"{self.number - keep:06d}"
        if old.is_dir():
            gone = old.rename(old.with_name(f".gone-{old.name}"))
            shutil.rmtree(gone)


def flip_for_ever(path: str) -> None:
    """Flip back and forth between certificates as fast as can be, keeping five generations; a program of its own."""
    pairs = [(make_server("p256", number=number),) for number in range(2)] + [(make_server("ed25519"),)]
    made = MadeRegistry(Path(path), Wanted(pairs[0]))
    print("ready", flush=True)  # noqa: T201  (the word that the test waits for)
    while os.getppid() != 1:
        made.flip(servers=pairs[made.number % len(pairs)])
        made.prune(keep=5)
