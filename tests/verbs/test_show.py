"""certificate show: what is in force, what files hold and fit, what servers show, and what is refused."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from sslutil.errors import IssuerError, MaterialError, UsageError
from sslutil.pki.keys import make_key
from sslutil.registry import KEY
from sslutil.verbs import csr, renew
from sslutil.verbs.show import Request, show
from tests.pki.chain_parts import LEAF, NOW, Holder, Parts, make_certificate
from tests.verbs.conftest import BIRTH, NAME
from tests.wire import peers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.facts import Card
    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

ROOT, MIDDLE, SERVER = Holder("Root"), Holder("Middle"), Holder(NAME)
TODAY = (NOW - BIRTH) / timedelta(days=1)
"""The day on which the certificates of chain_parts are valid, as `at` counts."""


def lines(card: Card) -> dict[str, str]:
    """Return the lines of a card by label, those of one label together."""
    found: dict[str, str] = {}
    for label, value in card.lines:
        found[label] = f"{found[label]}; {value}" if label in found else value
    return found


def fits(answer: Answer, at: int = 0) -> list[str]:
    """Return what a card says that it fits."""
    return [value for label, value in answer.cards[at].lines if label == "Fits"]


def key_pem(holder: Holder) -> bytes:
    """Return the private key of a holder."""
    return holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def chain() -> tuple[bytes, bytes, bytes]:
    """A leaf, its intermediate and the root."""
    return make_certificate(SERVER, MIDDLE, LEAF), make_certificate(MIDDLE, ROOT), make_certificate(ROOT, ROOT)


def write(folder: Path, name: str, content: bytes) -> str:
    """Write a file, and return its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def test_nothing_yet(at: At, registry: Path) -> None:
    """Before the first generation there is no card, and it is said what comes first."""
    answer = show(at(), Request())
    assert f"nothing is in force in {registry} yet" == answer.headline
    assert ((), ("sslutil certificate self-sign mail.example.org",)) == (answer.cards, answer.next)
    with pytest.raises(MaterialError, match="no certificate"):
        show(at(), Request(pem=True))


def test_what_is_in_force(at: At, born: Path) -> None:
    """Without an argument the certificate in force is shown, and each request with its state and age."""
    csr.csr(at(days=3), csr.Request())
    answer = show(at(days=10), Request())
    assert "generation 1 is in force: 1 certificate, 1 request" == answer.headline
    certificate, request = map(lines, answer.cards)
    assert (NAME, "itself", f"CN={NAME}") == (certificate["Names"], certificate["Signed by"], certificate["Subject"])
    assert certificate["Valid until"].endswith("(90 days left)")
    assert ["is the certificate in force in this registry", "its key is that of request 1 of this registry"] == fits(
        answer
    )
    assert ("7 days ago, by " in request["Made"], "waits for its answer") == (True, request["State"])
    found = answer.fields["found"]
    assert [True] == [one["in_force"] for one in found["certificates"]]
    assert [] == found["keys"]
    pem = show(at(), Request(pem=True)).bare
    assert pem == (born / "current/server.crt").read_text() + (born / "requests/000001/request.csr").read_text()


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(
    ("days", "said", "field"),
    [(0, "100 days left", "valid"), (101, "EXPIRED for 25 hours", "expired"), (-3, "NOT YET VALID", "not yet valid")],
)
def test_time(days: float, said: str, field: str, at: At) -> None:
    """What is left, what is over and what has not begun is loud."""
    answer = show(at(days=days), Request())
    card = lines(answer.cards[0])
    assert said in card["Valid from"] + card["Valid until"]
    assert field == answer.fields["found"]["certificates"][0]["validity"]


def test_a_key_of_before(at: At, born: Path) -> None:
    """A key of an older generation is known by its certificate; no private key of the registry is read for it."""
    old = (born / f"current/{KEY}").read_bytes()
    renew.renew(at(days=1), renew.Request(force=True, new_key=True))
    for key in born.rglob("*.key"):
        key.write_bytes(b"")
    answer = show(at(days=1), Request((write(born.parent, "old.key", old),)))
    assert ["fits generation 1 of this registry"] == fits(answer)


def test_what_fits_to_what(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """In any order: who signed whom, which is the root, and whose key is whose."""
    leaf, middle, root = chain
    stranger = make_certificate(Holder("Stranger"), Holder("Nobody"))
    files = [
        write(tmp_path, "all.pem", root + stranger + leaf + middle),
        write(tmp_path, "answer.key", key_pem(SERVER)),
        write(tmp_path, "other.key", make_key("p256").pem),
    ]
    answer = show(at(days=TODAY), Request(tuple(files)))
    assert answer.headline.startswith("4 certificates, 2 private keys in ")
    assert ["a root: clients have a copy of their own, and servers don't send it"] == fits(answer, 0)
    assert ["its issuer's certificate is not here"] == fits(answer, 1)
    assert ["signed by certificate 4", f"its key is the key in {files[1]}"] == fits(answer, 2)
    assert ["signed by certificate 1"] == fits(answer, 3)
    assert ["fits certificate 3"] == fits(answer, 4)
    assert ["fits nothing that is shown here"] == fits(answer, 5)
    assert [1, None, 4, 1] == [one["signed_by"] for one in answer.fields["found"]["certificates"]]


def test_a_revocation_list(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A list names its issuer, when the next one is due, who signed it, and which of the certificates it revokes."""
    serial = x509.load_pem_x509_certificate(chain[1]).serial_number
    revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
    builder = x509.CertificateRevocationListBuilder().issuer_name(x509.load_pem_x509_certificate(chain[2]).subject)
    builder = builder.last_update(NOW).next_update(NOW + timedelta(days=9)).add_revoked_certificate(revoked)
    crl = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.PEM)
    path = write(tmp_path, "a.pem", crl + b"".join(chain))
    answer = show(at(days=TODAY), Request((path,)))
    card = lines(answer.cards[3])
    assert ("CN=Root", "1 certificate", "signed by certificate 3; revokes certificate 2") == (
        card["Issuer"],
        card["Revokes"],
        card["Fits"],
    )
    assert card["Next one due"].endswith("(9 days left)")
    assert "(OVERDUE for 2 days)" in lines(show(at(days=TODAY + 11), Request((path,))).cards[3])["Next one due"]
    assert [2] == answer.fields["found"]["revocation_lists"][0]["revokes"]


def make_pkcs12(passphrase: bytes, chain: tuple[bytes, ...]) -> bytes:
    """Return a PKCS#12 file of the server's key and certificate."""
    key: Any = load_pem_private_key(key_pem(SERVER), None)
    certificate = x509.load_pem_x509_certificate(chain[0])
    return serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(passphrase))


def test_encrypted(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A PKCS#12 file opens with a passphrase from a file or a person; else it is refused, or told beside others."""
    path = write(tmp_path, "a.p12", make_pkcs12(b"secret", chain))
    right, wrong = write(tmp_path, "right", b"secret\n"), write(tmp_path, "wrong", b"other\n")
    assert ["Certificate", "Private key"] == [
        card.title.partition(":")[0] for card in show(at(days=TODAY), Request((path,), passphrase_file=right)).cards
    ]
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "secret"

    assert 2 == len(show(at(days=TODAY, ask_secret=ask), Request((path,))).cards)
    assert [f"Passphrase of {path}"] == asked
    with pytest.raises(MaterialError, match="needs a passphrase") as caught:
        show(at(), Request((path,)))
    assert ("--passphrase-file", "FILE") == caught.value.added
    with pytest.raises(MaterialError, match="does not open it"):
        show(at(), Request((path,), passphrase_file=wrong))
    beside = show(at(days=TODAY), Request((path, write(tmp_path, "a.pem", chain[1]))))
    assert (1, [path]) == (len(beside.cards), beside.fields["found"]["encrypted"])
    assert "is encrypted" in beside.warnings[-1]


def test_no_byte_of_a_key(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A key is its public side alone: in words, in fields, and not at all in PEM."""
    pem = key_pem(SERVER)
    path = write(tmp_path, "both.pem", pem + chain[0])
    for request in (Request((path,)), Request((path,), pem=True)):
        shown = str(show(at(days=TODAY), request))
        assert not any(line.decode() in shown for line in pem.splitlines()[1:-1])
        assert "PRIVATE KEY-" not in shown
    assert chain[0].decode() == show(at(days=TODAY), Request((path,), pem=True)).bare
    alone = write(tmp_path, "alone.key", pem)
    with pytest.raises(MaterialError, match="to be shown as PEM"):
        show(at(), Request((alone,), pem=True))


def test_stdin(at: At, chain: tuple[bytes, ...]) -> None:
    """A dash is stdin, once."""
    run = at(days=TODAY, read_stdin=lambda _limit: chain[0])
    assert "Certificate: stdin" == show(run, Request(("-",))).cards[0].title
    with pytest.raises(UsageError, match="not two"):
        show(run, Request(("-", "-")))
    with pytest.raises(UsageError, match="not two"):
        show(run, Request(("-",), passphrase_file="-"))  # noqa: S106  stdin


def test_what_is_passed_over_is_told(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """What the desk skips, and what no card can be made of, is a warning beside the cards of the others."""
    twice = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x04\x01")
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, ROOT.key.public_key(), 1, NOW, NOW).add_extension(
        twice, critical=False
    )
    broken = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.PEM)
    path = write(
        tmp_path, "a.pem", broken + chain[0] + b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n"
    )
    answer = show(at(days=TODAY), Request((path,)))
    assert 1 == len(answer.cards)
    assert 2 == len(answer.warnings)
    assert list(answer.warnings) == answer.fields["found"]["skipped"]
    assert any("DH PARAMETERS" in warning for warning in answer.warnings)
    assert any("damaged" in warning for warning in answer.warnings)


def test_a_registry_that_cant_be_read(at: At, registry: Path, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A broken registry does not keep a file from being shown, and is told; alone it is its own error."""
    registry.write_text("no folder")
    answer = show(at(days=TODAY), Request((write(tmp_path, "a.pem", chain[0]),)))
    assert 1 == len(answer.cards)
    assert str(registry) in answer.warnings[0]
    with pytest.raises(Exception, match=str(registry)):
        show(at(), Request())


# --- Servers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def roots(monkeypatch: pytest.MonkeyPatch, chain: tuple[bytes, ...]) -> None:
    """This machine trusts the root of these tests, and no other."""
    monkeypatch.setattr("sslutil.steps.servers.read_trust_store", lambda: make_certificate(ROOT, ROOT) + chain[2])


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name is on this machine."""
    monkeypatch.setattr("sslutil.wire.peer._resolve", lambda *_: ["127.0.0.1"])


def served(folder: Path, sent: bytes, key: bytes, at: At, name: str = NAME) -> Answer:
    """Return the answer for a server that sends these certificates."""
    with peers.serving(context=peers.make_context(folder, sent, key)) as port:
        return show(at(days=TODAY), Request((f"{name}:{port}",)))


def test_a_good_server(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """Protocol, chain, name and trust are told first, then each certificate."""
    answer = served(tmp_path, chain[0] + chain[1], key_pem(SERVER), at)
    server, *certificates = answer.cards
    assert server.title.startswith("Server: mail.example.org:")
    card = lines(server)
    assert card["Protocol"].startswith("TLSv1.3, TLS_")
    assert ("2 sent", "mail.example.org is covered") == (card["Certificates"], card["Name"])
    assert "the chain leads to a root that this machine trusts" == card["Trust"]
    assert "This registry" not in card
    assert 2 == len(certificates)
    (field,) = answer.fields["found"]["servers"]
    assert (True, True, True, [1, 2], None) == (
        field["covered"],
        field["trusted"],
        field["ordered"],
        field["certificates"],
        field["in_force"],
    )


BAD: dict[str, tuple[Callable[..., bytes], str, str]] = {
    "half a chain": (lambda leaf, _middle, _root: leaf, "Trust", 'NOT TRUSTED: the chain ends at "CN=Middle"'),
    "order": (lambda leaf, middle, root: leaf + root + middle, "Certificates", "3 sent, OUT OF ORDER"),
    "twice": (lambda leaf, middle, _root: leaf + middle + middle, "Certificates", "3 sent, 1 of them again"),
    "self-signed": (
        lambda *_: make_certificate(SERVER, SERVER, LEAF),
        "Trust",
        "signed by itself: only clients where it was installed take it",
    ),
    "a stranger's root": (
        lambda *_: make_certificate(SERVER, Holder("False"), LEAF) + make_certificate(Holder("False"), Holder("False")),
        "Trust",
        'NOT TRUSTED: the chain ends at the root "CN=False"',
    ),
    "an expired issuer": (
        lambda leaf, _middle, _root: leaf + make_certificate(MIDDLE, ROOT, Parts(end=NOW - timedelta(hours=1))),
        "Trust",
        "NOT TRUSTED: ",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_server(case: str, at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """What clients would refuse is told on the server's card, loudly."""
    make, label, said = BAD[case]
    answer = served(tmp_path, make(*chain), key_pem(SERVER), at)
    assert lines(answer.cards[0])[label].startswith(said)


def test_the_wrong_name(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A certificate for another name is told with the names that it has."""
    answer = served(tmp_path, chain[0] + chain[1], key_pem(SERVER), at, "bücher.example")
    asked = "bücher.example (xn--bcher-kva.example)"
    assert f"{asked} is NOT COVERED; the certificate is for {NAME}" == lines(answer.cards[0])["Name"]
    assert not answer.fields["found"]["servers"][0]["covered"]


def test_served_and_stored(at: At, born: Path, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """Whether the server has the certificate that is in force here is told either way."""
    pem, key = (born / "current/server.crt").read_bytes(), (born / "current/server.key").read_bytes()
    same = served(tmp_path, pem, key, at)
    assert "served = stored: it is the certificate of generation 1" in lines(same.cards[0])["This registry"]
    other = served(tmp_path, chain[0], key_pem(SERVER), at)
    assert lines(other.cards[0])["This registry"].startswith("another certificate than that of generation 1")
    assert [True, False] == [answer.fields["found"]["servers"][0]["in_force"] for answer in (same, other)]


def test_by_starttls_and_beside_a_file(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A protocol that is typed is spoken on any port; numbers go on behind those of files."""
    path = write(tmp_path, "root.pem", chain[2])
    context = peers.make_context(tmp_path, chain[0] + chain[1], key_pem(SERVER))
    with peers.serving(peers.SMTP, context) as port:
        answer = show(at(days=TODAY), Request((f"127.0.0.1:{port}", path), starttls="smtp"))
    assert "SMTP" == lines(answer.cards[0])["STARTTLS"]
    assert [2, 3] == answer.fields["found"]["servers"][0]["certificates"]
    assert ["signed by certificate 1"] == fits(answer, 3)
    with pytest.raises(UsageError, match="--starttls is for servers"):
        show(at(), Request((path,), starttls="smtp"))


def test_a_server_that_sends_clients_away(at: At, tmp_path: Path, chain: tuple[bytes, ...]) -> None:
    """A handshake that the server broke off behind its certificates is told, and they are shown."""
    import ssl

    context = peers.make_context(tmp_path, chain[0], key_pem(SERVER), maximum_version=ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(cadata=chain[2].decode())
    context.verify_mode = ssl.CERT_REQUIRED
    with peers.serving(context=context) as port:
        answer = show(at(days=TODAY), Request((f"{NAME}:{port}",)))
    card = lines(answer.cards[0])
    assert card["Handshake"].startswith("BROKEN OFF behind the certificates: ")
    assert "Protocol" not in card


def test_a_file_wins(at: At, tmp_path: Path, chain: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the name of a server is shown, and it is said how to ask the server; another file goes unremarked."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, NAME, chain[0])
    answer = show(at(days=TODAY), Request((NAME,)))
    assert f"Certificate: {NAME}" == answer.cards[0].title
    assert f"sslutil certificate show {NAME}:443" in answer.warnings[0]
    assert () == show(at(days=TODAY), Request((write(tmp_path, "a.pem", chain[0]),))).warnings


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("nothing.pem", "can't read nothing.pem"),
        ("folder/mail.example.org", "can't read folder/mail.example.org"),
        ("answer", "can't read answer"),
    ],
)
def test_what_looks_like_a_file_is_none_of_the_network(typed: str, sentence: str, at: At) -> None:
    """A path that is not there is told as a path: no name is asked for."""
    with pytest.raises(MaterialError, match=sentence):
        show(at(), Request((typed,)))


@pytest.mark.parametrize(
    "typed",
    ["*.example.org:443", "mail.example.org:0", "mail.example.org:99999", "https://mail.example.org/", "a_b.example"],
)
def test_no_server(typed: str, at: At) -> None:
    """What can only be a server, and is none, is refused before anything is asked."""
    with pytest.raises(UsageError):
        show(at(), Request((typed,)))


def test_a_server_that_is_not_there(at: At) -> None:
    """A closed port is status 8."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(IssuerError, match="connection refused"):
        show(at(), Request((f"127.0.0.1:{port}",)))


def test_control_characters(at: At, tmp_path: Path) -> None:
    """What a stranger wrote is handed on as it is, for the cli to escape: names, subjects, places."""
    evil = make_certificate(Holder("\x1b[2Jevil"), ROOT)
    answer = show(at(days=TODAY), Request((write(tmp_path, "a.pem", evil),)))
    assert "\x1b[2Jevil" in lines(answer.cards[0])["Subject"]
