"""The reference pages say what the catalogues, the commands and the disk say: all of it, and no more."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from docs import generate
from sslutil import registry as names
from sslutil.cli.boundary import CHANGED, INTERRUPTED
from sslutil.cli.tree import sslutil
from sslutil.errors import SslutilError
from sslutil.keytypes import KEY_TYPES
from sslutil.pki.intake.forms import FORMS
from sslutil.pki.refusals import REFUSALS
from sslutil.profiles import CIPHERS, CIPHERSUITES, GROUPS, PROFILES, PROTOCOLS
from sslutil.site import settings
from sslutil.steps.subject import PARTS
from tests.accounts import REPOSITORY
from tests.cli.conftest import NAME, write_foreign
from tests.docs.pages import blocks
from tests.profiles.guidelines import write_guideline
from tests.server import made
from tests.wire import peers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Call

REFERENCE = REPOSITORY / "docs" / "reference"
ROW = re.compile(r"^\| `(?P<first>[^`]+)` \| (?P<second>[^|]+?) \|", re.MULTILINE)


def page(name: str) -> str:
    """Return the text of a reference page."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def test_the_made_pages_are_fresh() -> None:
    """The pages in the repository are what the generator makes of the catalogues."""
    assert [] == generate.stale(), f"run: {generate.COMMAND}"


def test_a_stale_page_is_seen(tmp_path: Path) -> None:
    """A page that differs by a character, and one that is missing, are stale."""
    made = generate.pages()
    for name, text in made.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [] == generate.stale(tmp_path)
    first, second, *_ = made
    (tmp_path / first).write_text(f"{made[first]} ", encoding="utf-8")
    (tmp_path / second).unlink()
    assert [first, second] == generate.stale(tmp_path)


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by a walk of our own."""
    if isinstance(command, click.Group):
        if hasattr(command, "alone"):
            yield path, command.alone
        for name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), name)
            assert child is not None
            yield from leaves(child, f"{path} {name}")
    else:
        yield path, command


def missing_from(text: str) -> Iterator[str]:
    """Name each command without a heading, and each option without a line in its section or a common one."""
    common = text.partition("\n## sslutil ")[0]
    for path, command in leaves(sslutil, "sslutil"):
        _, heading, rest = text.partition(f"\n## {path}\n")
        if not heading:
            yield path
            continue
        section = rest.partition("\n## ")[0]
        same = re.search(r"The same as `([^`]+)`", section)
        section += text.partition(f"\n## {same[1]}\n")[2].partition("\n## ")[0] if same else ""
        for spelling in (name for param in command.params if isinstance(param, click.Option) for name in param.opts):
            if not re.search(rf"^\* `{re.escape(spelling)}[ `]", section + common, re.MULTILINE):
                yield f"{path} {spelling}"


def test_every_command_and_option_is_in_the_reference() -> None:
    """Each command has its heading, and each of its options its line, in its own section or in a common one."""
    assert [] == list(missing_from(page("command-line.md")))


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("## sslutil history", ["sslutil history"]),
        ("* `--unset`: ", ["sslutil registry-path --unset"]),
        (
            "* `--days DAYS`: ",
            [f"sslutil {path} --days" for path in ("certificate self-sign", "client-auth issue", "client-auth renew")],
        ),
        ("* `--depth N`: ", ["sslutil client-auth --depth"]),
    ],
)
def test_a_missing_command_or_option_is_seen(line: str, missing: list[str]) -> None:
    """A page without one heading or one line lacks just that."""
    assert missing == list(missing_from(page("command-line.md").replace(line, "")))


def test_every_command_is_of_a_kind() -> None:
    """The page on edits that wait says of each command what it does about them."""
    text = (REPOSITORY / "docs/explanation/pending-edits.md").read_text(encoding="utf-8")
    kinds = "".join(line for line in text.splitlines() if line.startswith("| "))
    outside = {"registry-path", "csr"}  # changes the machine and no registry; a second name of `certificate csr`
    paths = {path.removeprefix("sslutil ") for path, _ in leaves(sslutil, "sslutil")} - outside
    assert [] == [path for path in paths if f"`{path}`" not in kinds and f"`{path.split()[0]}`" not in kinds]


def test_every_command_is_typed_somewhere() -> None:
    """Each command is run by a tutorial or a how-to, so that its reader sees it at work."""
    typed = "\n".join(block.text for block in blocks() if block.is_command)
    assert [] == [path for path, _ in leaves(sslutil, "sslutil") if not re.search(rf"\b{path}\b", typed)]


def test_every_setting_is_in_the_reference() -> None:
    """Each setting has its row in its table's section, with its default, and there is no other row."""
    text = page("site-toml.md")
    for table in {setting.table for setting in settings().values()}:
        section = text.partition(f"\n## [{table}]\n")[2].partition("\n## ")[0]
        described = [found["first"] for found in ROW.finditer(section)]
        assert [setting.name for setting in settings().values() if setting.table == table] == described


def statuses(kind: type[SslutilError] = SslutilError) -> set[int]:
    """Return the statuses of an error class and all below it."""
    return {kind.status}.union(*(statuses(child) for child in kind.__subclasses__()))


def test_every_status_is_in_the_reference() -> None:
    """Each status that a command can end with has its row, and there is no other row."""
    described = [int(found["first"]) for found in ROW.finditer(page("statuses.md"))]
    assert sorted({0, CHANGED, INTERRUPTED} | statuses()) == described


def test_every_key_type_profile_and_name_of_tls_is_in_the_reference() -> None:
    """Each row of the catalogues is on its page."""
    assert list(KEY_TYPES) == [found["first"] for found in ROW.finditer(page("key-types.md"))]
    text = page("profiles.md")
    assert [] == [name for name in PROFILES if f"\n## {name}\n" not in text]
    custom = text.partition("\n## custom\n")[2]
    assert [] == [name for name in (*PROTOCOLS, *CIPHERS, *CIPHERSUITES, *GROUPS) if f"`{name}`" not in custom]


def test_every_form_and_refusal_is_in_the_reference() -> None:
    """Each form that is taken has its row, and each reason for a refusal its heading with its sentence."""
    text = page("forms.md")
    assert [] == [form.name for form in FORMS if f"\n| {form.name} | " not in text]
    for reason in REFUSALS.values():
        section = text.partition(f"\n### {reason.name}\n")[2].partition("\n### ")[0]
        assert reason.template.partition("{")[0] in section


def full_sitting(call: Call, folder: Path) -> list[dict[str, Any]]:
    """Run every command once and more, and return each answer's object."""
    authority, revoked = folder / "authority.pem", folder / "revoked.pem"
    make_authority(authority, revoked)
    write_foreign(folder)
    lines = [
        ("status",),
        ("history",),
        ("certificate", "csr", "--dry-run"),
        ("certificate", "self-sign", "mail.example.org"),
        ("certificate", "csr", "mail.example.org"),
        ("certificate", "csr", "mail.example.org", "--dry-run"),
        ("certificate", "renew"),
        ("csr", "--new-key", *(word for name, part in PARTS.items() for word in (f"--{name}", part.example))),
        ("csr", "--discard", "2"),
        ("certificate", "renew", "--compromised"),
        ("configure", "ports", "--https-port", "8384", "--dry-run"),
        ("configure", "ciphers", "--list"),
        ("configure", "ciphers", "--profile", "bsi", "--explain"),
        ("configure", "ciphers", "--guideline", str(write_guideline(folder)), "--profile", "strict"),
        ("disable",),
        ("enable",),
        ("apply",),
        ("rollback",),
        ("certificate", "import", str(folder / "foreign.crt"), "--key", str(folder / "foreign.key")),
        ("certificate", "follow", "--certificate", str(folder / "foreign.crt"), "--key", str(folder / "foreign.key")),
        ("export", "apache"),
        ("export", "pem", "--with-key"),
        ("export", "pem", "--split", str(folder)),
        ("export", "der", "--out", str(folder / "mail.cer")),
        ("export", "pkcs12", "--out", str(folder / "mail.p12")),
        ("tlsa",),
        ("registry-path",),
        ("timer", "install"),
        ("timer", "show"),
        ("timer", "remove", "--dry-run"),
        ("registry-path", str(folder), "--dry-run"),
        ("status",),
        ("history",),
        ("configure", "ports", "--https-port", "no"),
        *client_lines(folder),
    ]
    answers = [json.loads(call(*line, "--json").stdout) for line in lines]
    answers += [show_everything(call, folder, revoked), take_an_answer(call, folder)]
    site = folder / "registry" / "site.toml"
    text = site.read_text().replace('mode = "off"', 'mode = "require"')
    text = text.replace("ca_files = []", f'ca_files = ["{authority}"]')
    site.write_text(text.replace("crl_files = []", f'crl_files = ["{revoked}"]'))
    return [*answers, json.loads(call("apply", "--json").stdout)]


def client_lines(folder: Path) -> list[tuple[str, ...]]:
    """Return the command lines about client certificates."""
    people = folder / "people.csv"
    people.write_text("address\nbob@example.org\ncarla@example.org\n")
    (folder / "handouts").mkdir()
    return [
        ("client-auth", "issue", "anna@example.org", "--out", str(folder / "anna.p12")),
        ("client-auth", "issue", "--from", str(people), "--out", str(folder / "handouts")),
        ("client-auth", "issue", "--from", str(people), "--out", str(folder / "handouts")),
        ("client-auth", "issue", "dave@example.org", "--dry-run"),
        ("client-auth", "--mode", "optional"),
        ("client-auth", "renew", "bob@example.org", "--out", str(folder / "bob.p12")),
        ("client-auth", "revoke", "anna@example.org"),
        ("client-auth", "show", "anna@example.org"),
        ("client-auth", "list"),
        ("client-auth", "ca", "renew", "--force"),
        ("status",),
        ("client-auth", "--mode", "off"),
    ]


def take_an_answer(call: Call, folder: Path) -> dict[str, Any]:
    """Import what an authority answers to the newest request."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID

    assert 0 == call("csr", "--new-key", "--key-type", "p256").status
    request = max((folder / "registry" / "requests").glob("*/request.key"))
    key = load_pem_private_key(request.read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    root = made.make_authority("Foreign Root")
    leaf = made.make_pair(NAME, key=key, names=(NAME,), issuer=root, purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    (folder / "answer.pem").write_bytes(leaf.pem + root.pem)
    answer: dict[str, Any] = json.loads(call("certificate", "import", str(folder / "answer.pem"), "--json").stdout)
    assert answer["changed"], answer
    return answer


def show_everything(call: Call, folder: Path, revoked: Path) -> dict[str, Any]:
    """Show a thing of every kind: certificate, key, request, revocation list, server."""
    current = folder / "registry" / "current"
    request = max((folder / "registry" / "requests").glob("*/request.csr"))
    chain, key = (current / "server.crt").read_bytes(), (current / "server.key").read_bytes()
    with peers.serving(context=peers.make_context(folder, chain, key)) as port:
        files = map(str, (current / "server.key", request, revoked))
        answer: dict[str, Any] = json.loads(call("certificate", "show", *files, f"127.0.0.1:{port}", "--json").stdout)
    return answer


def make_authority(certificate: Path, revocations: Path) -> None:
    """Make a client CA and its empty revocation list."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Clients")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    empty = x509.CertificateRevocationListBuilder(name, now, now + timedelta(days=9)).sign(key, hashes.SHA256())
    revocations.write_bytes(empty.public_bytes(Encoding.PEM))


def fields_of(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401  any JSON
    """Yield the path of each field: "certificate.names", "requests[].number"."""
    if isinstance(value, dict):
        for key, inner in value.items():
            name = f"{path}.{key}" if path else key
            yield name
            yield from fields_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from fields_of(inner, f"{path}[]") if isinstance(inner, dict) else ()


def test_every_field_of_json_is_in_the_reference(sslutil_call: Call, tmp_path: Path) -> None:
    """The fields on the page are those that the commands answer with, no fewer and no more."""
    answered = {field for answer in full_sitting(sslutil_call, tmp_path) for field in fields_of(answer)}
    assert {found["first"] for found in ROW.finditer(page("json.md"))} == answered


SHOWN = {
    r"^generations/\d+": "generations/000007",
    r"^requests/\d+": "requests/000003",
    r"^clients/\d+": "clients/000001",
    r"^clients/certificates/[0-9a-f]+": "clients/certificates/4f1a2b",
}
"""What has a number → how the page shows it."""
UNNAMED = {"generations/", "requests/", "clients/000001/", "clients/certificates/"}
"""Folders without a row of their own."""


def tree_of(registry: Path) -> dict[str, str]:
    """Return the mode of each thing in a registry, by its path with the numbers that the page uses."""
    modes = {}
    for path in sorted(registry.rglob("*")):
        name = path.relative_to(registry).as_posix()
        for pattern, shown in SHOWN.items():
            name = re.sub(pattern, shown, name)
        if path.is_symlink():
            modes[name] = "link"
        elif path.is_dir():
            modes[f"{name}/"] = f"{path.stat().st_mode & 0o7777:04o}"
        else:
            modes[name] = f"{path.stat().st_mode & 0o7777:04o}"
    return {name: mode for name, mode in modes.items() if name not in UNNAMED}


def test_every_file_of_a_registry_is_in_the_reference(sslutil_call: Call, tmp_path: Path) -> None:
    """The files on the page are those that the commands write, with their modes, no fewer and no more."""
    full_sitting(sslutil_call, tmp_path)
    section = page("files.md").partition("\n## What is in it\n")[2].partition("\nWhile a command runs")[0]
    assert {found["first"]: found["second"] for found in ROW.finditer(section)} == tree_of(tmp_path / "registry")


@pytest.mark.parametrize("name", [names.REFUSED_MARK, names.waiting_name(7), names.MACHINE_FILE, names.MACHINE_DEFAULT])
def test_the_files_of_a_moment_are_in_the_reference(name: str) -> None:
    """What is there only while a command runs, and what is outside of the registry, is named as well."""
    assert f"`{name}`" in page("files.md")
