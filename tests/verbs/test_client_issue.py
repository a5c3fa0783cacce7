"""client-auth issue: for whom, in which form, once; and what must not be told or written over."""

from __future__ import annotations

import plistlib
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sslutil.documents.roster import parse_roster, render_roster
from sslutil.errors import MaterialError, SiteError, UsageError
from sslutil.steps.client_orders import Delivery
from sslutil.verbs import client_issue
from tests.cli.refusals import assert_can_be_typed
from tests.judges import openssl
from tests.verbs.clients import ANNA, BOB, issue, read_records, set_mode, verify
from tests.verbs.conftest import BIRTH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

SECRET = "open sesame"  # noqa: S105  of files that live for a second
MOMENT = BIRTH.timestamp() + 60
PEOPLE = {
    "people.csv": "E-Mail;Name;Days\nanna@example.org;Anna;30\nrelay.example.org;;\n\n# nobody\n",
    "people.toml": '[[person]]\naddress = "anna@example.org"\nname = "Anna"\ndays = 30\n\n'
    '[[person]]\naddress = "relay.example.org"\n',
}


def hand_out(at: At, folder: Path, **wished: object) -> Answer:
    """Issue Anna's as it is usual: a PKCS#12 with its letter."""
    delivery = Delivery(**({"out": str(folder / "anna.p12")} | wished))  # type: ignore[arg-type]
    return client_issue.issue_clients(at(), client_issue.Request(delivery, ANNA, "Anna's laptop"))


def serve(at: At, folder: Path, source: Path, **wished: object) -> Answer:
    """Issue for everybody on a list."""
    delivery = Delivery(out=str(folder), **wished)  # type: ignore[arg-type]
    return client_issue.issue_clients(at(), client_issue.Request(delivery, from_file=str(source)))


def mode_of(path: Path) -> int:
    """Return the mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def keys_in(paths: Iterable[Path]) -> set[str]:
    """Return each line of base64 of the private keys in these files."""
    texts = (path.read_text() for path in paths if b"PRIVATE KEY" in path.read_bytes())
    return {line for text in texts for line in text.partition("PRIVATE KEY-----\n")[2].partition("---")[0].split()}


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A private file with a passphrase."""
    path = tmp_path / "passphrase"
    path.touch(0o600)
    path.write_text(f"{SECRET}\n")
    return str(path)


class TestWhatIsSigned:
    """The certificate."""

    @pytest.mark.parametrize(("address", "kind"), [(ANNA, x509.RFC822Name), ("relay.example.org", x509.DNSName)])
    def test_for_whom(self, at: At, born: Path, folder: Path, address: str, kind: type[x509.GeneralName]) -> None:
        """A person is named by the mailbox, a service by its host; it is for clients alone, and signs nothing."""
        issue(at, folder, address, days=30)
        pem = (folder / f"{address}.pem").read_bytes()
        leaf, authority = x509.load_pem_x509_certificates(pem)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [kind(address)] == list(names)  # type: ignore[call-arg]
        assert [address] == [one.value for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [ExtendedKeyUsageOID.CLIENT_AUTH] == list(usage)
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert 30 == (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days + 1
        assert leaf.public_key() == load_pem_private_key(pem, None).public_key()
        assert authority.public_bytes(Encoding.PEM) == (born / "clients/000001/ca.crt").read_bytes()

    @pytest.mark.needs("openssl")
    def test_openssl_takes_it(self, at: At, born: Path, folder: Path) -> None:
        """A server that trusts what is in force lets it in as a client, and no client takes it for a server."""
        issue(at, folder)
        set_mode(at, "require")
        pem = folder / f"{ANNA}.pem"
        assert "" == verify(born, pem, MOMENT)
        assert not openssl.judge_certificate(pem, "mail.example.org", trusted=born / "current/client-ca.crt").accepted

    @pytest.mark.needs("openssl")
    def test_mail_domains(self, at: At, born: Path, folder: Path) -> None:
        """The first may bind the authority; then nobody elsewhere gets one, as every server would refuse it."""
        issue_first = client_issue.Request(Delivery("-", "pem"), "eve@example.net", mail_domains=("example.org",))
        with pytest.raises(MaterialError, match=r"bound to example.org.*eve@example.net"):
            client_issue.issue_clients(at(), issue_first)
        assert not (born / "clients").exists()
        client_issue.issue_clients(at(), issue_first._replace(address=BOB))
        with pytest.raises(UsageError, match="client authority 1 is there") as refused:
            client_issue.issue_clients(at(), issue_first)
        assert_can_be_typed(refused.value.hint)
        with pytest.raises(MaterialError, match=r"bound to example.org") as outside:
            issue(at, folder, "eve@example.net")
        assert_can_be_typed(outside.value.hint)
        assert {BOB} == read_records(born).keys()
        for address in (ANNA, "anna@sub.example.org", "relay.example.org"):
            issue(at, folder, address)
        set_mode(at, "optional")
        paths = sorted(folder.glob("*.pem"))
        assert [""] * 3 == [verify(born, path, MOMENT) for path in paths]


class TestDelivery:
    """What is handed over."""

    @pytest.mark.needs("openssl")
    def test_as_usual(self, at: At, born: Path, folder: Path) -> None:
        """The file is private and opens with the passphrase that is told; the letter names it, without passphrase."""
        answer = hand_out(at, folder)
        passphrase = answer.fields["passphrase"]
        assert openssl.open_pkcs12(folder / "anna.p12", passphrase).accepted
        assert not openssl.open_pkcs12(folder / "anna.p12", SECRET).accepted
        letter = (folder / "anna.txt").read_text()
        assert 0o600 == mode_of(folder / "anna.p12")
        assert "anna.p12" in letter
        assert passphrase not in letter
        assert passphrase == dict(answer.lines)["Passphrase"]
        assert (str(folder / "anna.p12"), str(folder / "anna.txt")) == answer.written
        for line in answer.next:
            assert_can_be_typed(line) if line.startswith("sslutil") else None
        assert f"rm {folder}/anna.p12" in answer.next[1]
        kept = [path.read_bytes() for path in born.rglob("*") if path.is_file()]
        assert not any(passphrase.encode() in content for content in kept)

    def test_a_given_passphrase(self, at: At, born: Path, folder: Path, secret: str) -> None:
        """The file opens with the passphrase that was given, which is told nowhere; a file others can read is told."""
        answer = hand_out(at, folder, passphrase_file=secret)
        assert pkcs12.load_key_and_certificates((folder / "anna.p12").read_bytes(), SECRET.encode())[0]
        assert SECRET not in repr(answer)
        assert answer.fields["passphrase"] is None
        assert "other accounts can read it" not in " ".join(answer.warnings)
        (folder.parent / "passphrase").chmod(0o644)
        answer = hand_out(at, folder, passphrase_file=secret, out=str(folder / "b.p12"))
        assert not answer.changed
        assert born.exists()

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize("form", ["pkcs12", "pem", "mobileconfig"])
    def test_to_stdout(self, at: At, folder: Path, form: str, secret: str) -> None:
        """With --out - the file alone goes to stdout, as bytes that no terminal gets, and no file is written."""
        delivery = Delivery("-", form, passphrase_file=None if form == "pem" else secret)
        answer = client_issue.issue_clients(at(), client_issue.Request(delivery, ANNA))
        assert answer.raw is not None
        assert (None, ()) == (answer.bare, answer.written)
        content = answer.raw
        if form == "mobileconfig":
            content = next(one["PayloadContent"] for one in plistlib.loads(content)["PayloadContent"])
        if form == "pem":
            assert content.startswith(b"-----BEGIN PRIVATE KEY-----")
        else:
            assert pkcs12.load_key_and_certificates(content, SECRET.encode())[0]
        assert [] == list(folder.iterdir())
        assert not any(line.startswith("rm ") for line in answer.next)

    @pytest.mark.usefixtures("born")
    def test_a_made_passphrase_beside_stdout(self, at: At) -> None:
        """Where stdout has the file, the passphrase that was made is told beside it, once."""
        answer = client_issue.issue_clients(at(), client_issue.Request(Delivery("-"), ANNA))
        assert answer.raw
        passphrase = answer.fields["passphrase"]
        assert pkcs12.load_key_and_certificates(answer.raw, passphrase.encode())[0]
        assert f"the passphrase is {passphrase}" in answer.warnings

    def test_what_is_there(self, at: At, born: Path, folder: Path) -> None:
        """A file that exists is written over with --force alone; the refusal leaves no trace in the ledger."""
        (folder / "anna.p12").write_text("somebody's")
        with pytest.raises(UsageError, match=r"anna\.p12 exists") as refused:
            hand_out(at, folder)
        assert ("--force",) == refused.value.added
        assert "somebody's" == (folder / "anna.p12").read_text()
        assert not (born / "clients").exists()
        assert hand_out(at, folder, force=True).changed
        assert b"somebody's" != (folder / "anna.p12").read_bytes()

    @pytest.mark.parametrize("listed", [False, True])
    def test_no_folder(self, at: At, born: Path, folder: Path, *, listed: bool) -> None:
        """A folder that is missing is told with the command that makes it, before anything is made."""
        source = folder / "people.csv"
        source.write_text(f"{ANNA}\n")
        out = folder / "none" if listed else folder / "none" / "anna.p12"
        with pytest.raises(UsageError) as refused:
            serve(at, out, source) if listed else hand_out(at, folder, out=str(out))
        assert f"mkdir -p {folder}/none" == refused.value.hint
        assert not (born / "clients").exists()

    @pytest.mark.usefixtures("born")
    @pytest.mark.parametrize("wish", [{"legacy": True}, {"passphrase_file": "/dev/null"}])
    def test_wishes_that_contradict(self, at: At, folder: Path, wish: dict[str, object]) -> None:
        """PEM and a request of one's own have no passphrase, and no old form."""
        for form in ({"format": "pem"}, {"csr": "anna.csr"}):
            with pytest.raises(UsageError, match=r"is for PKCS#12"):
                hand_out(at, folder, **form, **wish)
        assert [] == list(folder.iterdir())

    @pytest.mark.needs("openssl")
    @pytest.mark.usefixtures("born")
    def test_old_readers(self, at: At, folder: Path, secret: str) -> None:
        """With --legacy the file is in the old form, without it in the new one."""
        hand_out(at, folder, passphrase_file=secret, legacy=True)
        old = openssl.open_pkcs12(folder / "anna.p12", SECRET)
        delivery = Delivery(str(folder / "b.p12"), passphrase_file=secret)
        client_issue.issue_clients(at(), client_issue.Request(delivery, BOB))
        new = openssl.open_pkcs12(folder / "b.p12", SECRET)
        assert (True, True) == (old.accepted, new.accepted)
        assert ("pbeWithSHA1" in old.words, "pbeWithSHA1" in new.words) == (True, False)


@pytest.mark.needs("openssl")
class TestRequests:
    """A person's own request: the key stays on their device."""

    @staticmethod
    def make(folder: Path, *options: str) -> Path:
        """Let openssl make key and request; the request asks for another name than it gets."""
        new = ["openssl", "req", "-new", "-nodes", *options, "-keyout", str(folder / "own.key"), "-subj", "/CN=root"]
        subprocess.run([*new, "-out", str(folder / "own.csr")], check=True, capture_output=True, timeout=60)
        return folder / "own.csr"

    def test_it_is_signed(self, at: At, born: Path, folder: Path) -> None:
        """The certificate is over the person's key, names whom we say, and comes without a key or a passphrase."""
        request = self.make(folder, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        answer = hand_out(at, folder, csr=str(request), out=str(folder / "anna.crt"))
        assert openssl.public_key_of_certificate(folder / "anna.crt") == openssl.public_key_of_key(folder / "own.key")
        assert b"PRIVATE KEY" not in (folder / "anna.crt").read_bytes()
        assert 0o644 == mode_of(folder / "anna.crt")
        assert "Passphrase" not in dict(answer.lines)
        assert not any(line.startswith("rm ") for line in answer.next)
        leaf = x509.load_pem_x509_certificate((folder / "anna.crt").read_bytes())
        assert f"CN={ANNA}" == leaf.subject.rfc4514_string()
        set_mode(at, "require")
        assert "" == verify(born, folder / "anna.crt", MOMENT)

    @pytest.mark.usefixtures("born")
    def test_it_goes_to_stdout_as_text(self, at: At, folder: Path) -> None:
        """A certificate without a key may be shown on a terminal."""
        request = self.make(folder, "-newkey", "rsa:2048")
        answer = hand_out(at, folder, csr=str(request), out="-")
        assert answer.raw is None
        assert answer.bare
        assert answer.bare.startswith("-----BEGIN CERTIFICATE-----")

    @pytest.mark.parametrize("fault", ["weak", "forged", "none"])
    def test_what_is_refused(self, at: At, born: Path, folder: Path, fault: str) -> None:
        """A weak key, a request whose signature is not its key's, and no request: each by its file, without a trace."""
        request = self.make(folder, "-newkey", "rsa:1024" if fault == "weak" else "rsa:2048")
        if fault == "forged":
            lines = request.read_text().split("\n")
            lines[-4] = lines[-4][::-1]
            request.write_text("\n".join(lines))
        if fault == "none":
            request.write_bytes((folder / "own.key").read_bytes())
        with pytest.raises(MaterialError) as refused:
            hand_out(at, folder, csr=str(request), out=str(folder / "anna.crt"))
        assert str(request) in refused.value.message
        assert not keys_in([folder / "own.key"]) & set(refused.value.message.split())
        assert not (born / "clients").exists()
        assert not (folder / "anna.crt").exists()


@pytest.mark.parametrize("listing", PEOPLE)
class TestLists:
    """A list of people."""

    @pytest.fixture
    def source(self, tmp_path: Path, listing: str) -> Path:
        """The list."""
        path = tmp_path / listing
        path.write_text(PEOPLE[listing])
        return path

    def test_each_gets_one(self, at: At, born: Path, folder: Path, source: Path) -> None:
        """Each gets a file whose passphrase is in a private file beside them; the second time nothing happens."""
        answer = serve(at, folder, source)
        lines = (folder / "passphrases.csv").read_text().splitlines()
        assert "address,file,passphrase" == lines[0]
        assert 0o600 == mode_of(folder / "passphrases.csv")
        for address, name, passphrase in (line.split(",") for line in lines[1:]):
            _, leaf, _ = pkcs12.load_key_and_certificates((folder / name).read_bytes(), passphrase.encode())
            assert leaf
            assert f"CN={address}" == leaf.subject.rfc4514_string()
            assert passphrase not in repr(answer)
        files = {f"{who}.{end}" for who in (ANNA, "relay.example.org") for end in ("p12", "txt")}
        assert files | {"passphrases.csv"} == {path.name for path in folder.iterdir()}
        assert {str(folder / name) for name in files | {"passphrases.csv"}} == set(answer.written)
        record = read_records(born)[ANNA]
        assert ("Anna", 30) == (record.name, (record.not_valid_after - record.not_valid_before).days + 1)
        before = {path: path.read_bytes() for path in (*folder.iterdir(), born / "clients/roster.toml")}
        assert not serve(at, folder, source).changed
        assert before == {path: path.read_bytes() for path in (*folder.iterdir(), born / "clients/roster.toml")}

    def test_one_who_has_one(self, at: At, born: Path, folder: Path, source: Path) -> None:
        """Who has one is left out, and counted."""
        issue(at, folder)
        before = read_records(born)[ANNA]
        answer = serve(at, folder, source)
        assert "issued 1 client certificate, 1 had one" == answer.headline
        assert [ANNA] == answer.fields["left"]
        assert before == read_records(born)[ANNA]

    def test_one_whose_file_never_came(self, at: At, born: Path, folder: Path, source: Path) -> None:
        """Whom an interrupted command left without the file is served by the same command again."""
        serve(at, folder, source)
        roster = born / "clients" / "roster.toml"
        first, second = parse_roster(roster.read_bytes()).records
        roster.write_text(render_roster((first, second._replace(handed_over=None))))
        answer = serve(at, folder, source)
        assert "issued 1 client certificate, 1 had one" == answer.headline
        record = read_records(born)[second.address]
        assert record.handed_over
        assert record.serial_number != second.serial_number
        last = (folder / "passphrases.csv").read_text().splitlines()[-1]
        content = (folder / f"{second.address}.p12").read_bytes()
        assert pkcs12.load_key_and_certificates(content, last.rpartition(",")[2].encode())[0]

    @pytest.mark.usefixtures("born")
    def test_options_of_one(self, at: At, folder: Path, source: Path, secret: str) -> None:
        """What is for a single certificate is refused for a list."""
        for wish in ({"csr": secret}, {"passphrase_file": secret}):
            with pytest.raises(UsageError, match="is for one certificate"):
                serve(at, folder, source, **wish)
        request = client_issue.Request(Delivery(out=str(folder)), ANNA, from_file=str(source))
        with pytest.raises(UsageError, match="the address of one, or with --from a list"):
            client_issue.issue_clients(at(), request)


class TestTheAuthoritysKey:
    """A key that a passphrase locks."""

    def test_it_signs_no_list_by_night(self, at: At, born: Path, folder: Path, secret: str) -> None:
        """A first authority whose key is locked is refused where its list would be signed every few days."""
        set_mode(at, "off", crl_days=7)
        with pytest.raises(SiteError, match="passphrase locks the key"):
            issue(at, folder, ca_passphrase_file=secret)
        assert not (born / "clients").exists()
        assert issue(at, folder).changed

    def test_where_nobody_can_be_asked(self, at: At, born: Path, folder: Path, secret: str) -> None:
        """Without its passphrase nothing is issued, and the cure is the option; a person is asked for it."""
        issue(at, folder, ca_passphrase_file=secret)
        with pytest.raises(MaterialError, match="passphrase locks") as refused:
            issue(at, folder, BOB)
        assert ("--ca-passphrase-file", "FILE") == refused.value.added
        delivery = Delivery(str(folder / "bob.pem"), "pem")
        run = at(ask_secret=lambda _question: SECRET)
        assert client_issue.issue_clients(run, client_issue.Request(delivery, BOB)).changed
        assert {ANNA, BOB} == read_records(born).keys()


def test_no_secret_is_told(at: At, born: Path, folder: Path, secret: str) -> None:
    """No byte of a key or a passphrase stands in answers, roster, record, letter or what is public."""
    answers = [issue(at, folder, ca_passphrase_file=secret), hand_out(at, folder)]
    answers.append(issue(at, folder, BOB, ca_passphrase_file=secret))
    answers.append(set_mode(at, "require"))
    told = "".join(repr(answer._replace(raw=None)) for answer in answers)
    public = [path for path in (*born.rglob("*"), *folder.iterdir()) if path.is_file() and mode_of(path) & 0o044]
    texts = told + "".join(path.read_text() for path in (*public, born / "clients/roster.toml"))
    keys = keys_in([*folder.glob("*.pem"), born / "current/server.key", born / "clients/000001/ca.key"])
    assert len(keys) > 8
    assert [] == [line for line in keys if line in texts]
    assert SECRET not in texts


def test_where_nothing_is_in_force(at: At, registry: Path, folder: Path) -> None:
    """Without a site there is nobody to issue for."""
    with pytest.raises(SiteError, match="nothing is in force") as refused:
        issue(at, folder)
    assert refused.value.hint.startswith("sslutil certificate self-sign")
    assert not registry.exists()
