"""A site with client certificates of its own authority, as people get them: all by the command."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.judges.chromium import Client
from tests.live.sites import NAME, Site
from tests.server.made import Pair, make_authority, make_client, make_key, make_pair

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.sites import Answer
    from tests.servers.kinds import Kind

PEOPLE = [f"{name}@example.org" for name in ("anna", "bob", "carla", "dave", "eve")]
GONE = PEOPLE[1]
"""The one who is put out."""


class Clients(NamedTuple):
    """A site that insists on certificates, and the people who have one."""

    site: Site
    folder: Path
    port: int

    def run(self, *argv: str) -> Answer:
        """Run a command, which must succeed."""
        answer = self.site.sslutil(*argv)
        assert 0 == answer.status, answer.stderr
        return answer

    def issue_pkcs12(self, person: str, *options: str) -> Client:
        """Issue one more certificate, and take file and passphrase from the answer."""
        file = self.folder / f"{person}-{len(self.listed)}.p12"
        answer = self.run("client-auth", "issue", person, "--another", "--out", str(file), *options)
        return Client(file, answer.stdout.partition("Passphrase:")[2].split()[0])

    def enter(self, kind: Kind, client: Path | None) -> bool:
        """Tell whether a server lets in who shows this file with certificate and key, or nothing."""
        return kind.enter(self.site, self.port, client)

    def file(self, person: str) -> Path:
        """Return the file that somebody got, PEM."""
        return self.folder / f"{person}.pem"

    @property
    def states(self) -> dict[str, str]:
        """How each person's certificate stands, by the command's own list, without the day."""
        return {one["address"]: one["state"].partition(" on ")[0] for one in self.listed}

    @property
    def listed(self) -> list[dict[str, str]]:
        """What the command's own list says of each certificate."""
        listed: list[dict[str, str]] = json.loads(self.run("client-auth", "list", "--json").stdout)["clients"]
        return listed

    @property
    def authority(self) -> Pair:
        """The small authority, taken from its ledger: what a thief of the key could sign."""
        ledger = self.site.registry / "clients" / "000001"
        key = load_pem_private_key((ledger / "ca.key").read_bytes(), None)
        return Pair(x509.load_pem_x509_certificate((ledger / "ca.crt").read_bytes()), key)  # type: ignore[arg-type]


def make_clients(folder: Path, port: int, exports: str, people: list[str], more: str = "") -> Clients:
    """Make a site, issue for a list of people, and insist on their certificates."""
    folder.mkdir(exist_ok=True)
    site = Site(folder / "registry")
    table = f'names = ["{NAME}"]\nhttps_port = {port}\n'
    answer = site.apply(f'[site]\n{table}[deploy]\nexports = ["{exports}"]\n{more}')
    assert 0 == answer.status, answer.stderr
    clients = Clients(site, folder, port)
    (folder / "people.csv").write_text("address\n" + "".join(f"{person}\n" for person in people))
    clients.run("client-auth", "issue", "--from", str(folder / "people.csv"), "--format", "pem", "--out", str(folder))
    services = ("--service", "https", "--service", "imaps", "--service", "submission")
    clients.run("client-auth", "--mode", "require", *services)
    return clients


def make_strangers(clients: Clients) -> dict[str, Path]:
    """Write what must not let anybody in, each a file with certificate and key."""
    ours = clients.authority
    twin = make_authority(str(ours.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
    server = clients.site.current
    server_key = load_pem_private_key((server / "server.key").read_bytes(), None)
    by_server = Pair(x509.load_pem_x509_certificate((server / "server.crt").read_bytes()), server_key)  # type: ignore[arg-type]
    name = PEOPLE[0]
    pairs = {
        "of another authority of the same name": make_client(twin, name),
        "self-signed": make_pair(name, names=(name,), purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
        "by the server's certificate": make_client(by_server, name),
        "for servers": make_pair(name, issuer=ours, names=(name,), purpose=ExtendedKeyUsageOID.SERVER_AUTH),
        "expired": _make_expired(ours, name),
    }
    files = {}
    for number, (what, pair) in enumerate(pairs.items()):
        files[what] = clients.folder / f"stranger-{number}.pem"
        files[what].write_bytes(pair.pem + pair.key_pem)
    return files


def _make_expired(issuer: Pair, name: str) -> Pair:
    """Return a client's certificate that ended yesterday."""
    key = make_key("p256", 1)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now - dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    )
    return Pair(builder.sign(issuer.key, hashes.SHA256()), key)
