"""tlsa: the records of the keys that are or may come in force, never of another, and what to do when."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import MaterialError, SiteError, UsageError
from sslutil.formats.zone import GENERIC
from sslutil.pki.certificates import describe_certificate
from sslutil.site import SERVICES
from sslutil.steps.requests import mark_compromised
from sslutil.store.opening import open_for_question
from sslutil.verbs import csr, self_sign
from sslutil.verbs.apply import apply
from sslutil.verbs.tlsa import Request, tlsa
from tests.crash.soundness import read_tree
from tests.judges import danetool, openssl
from tests.verbs.conftest import BIRTH, NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

ON_25 = Request(ports=(25,))


def serve(at: At, registry: Path, *services: str) -> None:
    """Name the services of the site by hand, and take them in."""
    site = registry / "site.toml"
    listed = ", ".join(f'"{service}"' for service in services)
    site.write_text(site.read_text().replace('services = ["https"]', f"services = [{listed}]", 1))
    apply(at(), replace=False)


def digest_of(registry: Path) -> str:
    """Return the fingerprint of the key in force."""
    return describe_certificate((registry / "current/server.crt").read_bytes()).key.fingerprint


def records(answer: Answer) -> list[tuple[str, int, str]]:
    """Return name, port and key of each record."""
    return [(record["name"], record["port"], record["for"]) for record in answer.fields["records"]]


def mark(at: At, registry: Path, digest: str) -> None:
    """Mark a key as compromised."""
    root = open_for_question(str(registry))
    assert root is not None
    with root:
        mark_compromised(at(), root, digest, BIRTH)


def answer_request(registry: Path, number: int) -> None:
    """Put an answer into a request's folder."""
    (registry / f"requests/{number:06d}/answer.pem").write_bytes((registry / "current/server.crt").read_bytes())


class TestRecords:
    """Which records there are."""

    def test_of_the_key_in_force(self, at: At, born: Path) -> None:
        """Without a service of mail it is port 25, with a sentence, and the web's; nothing changes on disk."""
        before = read_tree(born)
        answer = tlsa(at(), Request())
        line = f"_25._tcp.{NAME}. 3600 IN TLSA 3 1 1 {digest_of(born)}\n"
        assert line + line.replace("_25.", "_443.") == answer.bare
        assert [(NAME, 25, "in force"), (NAME, 443, "in force")] == records(answer)
        assert "2 records for the key in force; a renewal keeps the key, so they stay as they are" == answer.headline
        assert 'services = ["https", "smtp", "imaps"]' in answer.warnings[0]
        assert () == answer.next
        assert before == read_tree(born)

    def test_of_each_service(self, at: At, born: Path) -> None:
        """Each service of the site has its record, on the web's own port too, and then there is no sentence."""
        site = born / "site.toml"
        site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
        serve(at, born, *SERVICES)
        answer = tlsa(at(), Request())
        assert [8443, 25, 587, 465, 143, 993, 110, 995, 4190] == [record["port"] for record in answer.fields["records"]]
        assert () == answer.warnings
        serve_only = Request(ports=(25, 26))
        assert [25, 26] == [record["port"] for record in tlsa(at(), serve_only).fields["records"]]

    @pytest.mark.usefixtures("registry")
    def test_names(self, at: At) -> None:
        """Each host has its record, by its A-label; addresses and wildcards have none, and are named."""
        names = ("bücher.example", "*.example.org", NAME, "192.0.2.1")
        self_sign.self_sign(at(), self_sign.Request(names))
        answer = tlsa(at(), ON_25)
        assert ["xn--bcher-kva.example", NAME] == [record["name"] for record in answer.fields["records"]]
        assert "no record stands for *.example.org, 192.0.2.1" in answer.warnings[0]
        typed = tlsa(at(), ON_25._replace(names=("mx.example.org",)))
        assert [("mx.example.org", 25, "in force")] == records(typed)
        assert () == typed.warnings
        for name in ("192.0.2.1", "*.example.org", "a_b.example"):
            with pytest.raises(UsageError):
                tlsa(at(), Request((name,)))

    @pytest.mark.usefixtures("registry")
    def test_no_host(self, at: At) -> None:
        """Where the site has wildcards alone, the host must be typed."""
        self_sign.self_sign(at(), self_sign.Request(("*.example.org",)))
        with pytest.raises(SiteError, match="no host name is among the site's names") as refused:
            tlsa(at(), Request())
        assert "sslutil tlsa mail.example.org" == refused.value.hint

    def test_forms_and_times(self, at: At, born: Path) -> None:
        """The generic form and the time to live are those that were asked for, in every line."""
        answer = tlsa(at(), ON_25._replace(form=GENERIC, ttl=300))
        assert f"_25._tcp.{NAME}. 300 IN TYPE52 \\# 35 030101{digest_of(born)}\n" == answer.bare
        assert 300 == answer.fields["ttl"]

    @pytest.mark.usefixtures("registry")
    def test_nothing_in_force(self, at: At) -> None:
        """Where nothing is in force there is no key to publish."""
        with pytest.raises(SiteError, match="nothing is in force"):
            tlsa(at(), Request())


class TestComingKeys:
    """The keys of requests."""

    def test_of_a_request_that_waits(self, at: At, born: Path) -> None:
        """A request over a new key has its records beside the old, and what comes when is told; one over it none."""
        csr.csr(at(), csr.Request())
        assert ["in force"] == [owner for *_, owner in records(tlsa(at(), ON_25))]
        csr.csr(at(), csr.Request(new_key=True))
        answer = tlsa(at(), ON_25._replace(ttl=1800))
        assert ["in force", "request 2"] == [owner for *_, owner in records(answer)]
        assert 2 == len(set(str(answer.bare).splitlines()))
        assert "1 record for the key in force, as many for the key of request 2: publish all of them" == answer.headline
        assert "the answer to request 2, no sooner than 1 hour (two TTLs)" in answer.next[0]
        assert answer.next[1].startswith("sslutil tlsa --port 25 --ttl 1800  #")
        assert born.exists()

    def test_of_a_request_that_was_answered(self, at: At, born: Path) -> None:
        """A key that was answered may come, after a rollback too; one that was followed by the key in force is gone."""
        csr.csr(at(), csr.Request(new_key=True))
        answer_request(born, 1)
        assert ["in force", "request 1"] == [owner for *_, owner in records(tlsa(at(), ON_25))]
        csr.csr(at(), csr.Request())
        answer_request(born, 2)
        assert ["in force"] == [owner for *_, owner in records(tlsa(at(), ON_25))]

    def test_of_a_discarded_request(self, at: At, born: Path) -> None:
        """Nobody waits for a discarded request, so its key has no record."""
        csr.csr(at(), csr.Request(new_key=True))
        csr.csr(at(), csr.Request(discard=1))
        assert ["in force"] == [owner for *_, owner in records(tlsa(at(), ON_25))]
        assert born.exists()

    def test_of_a_compromised_key(self, at: At, born: Path) -> None:
        """A compromised key is never suggested; while it serves and another comes, the zone is to be changed later."""
        digest = digest_of(born)
        mark(at, born, digest)
        with pytest.raises(MaterialError, match="marked as compromised") as refused:
            tlsa(at(), ON_25)
        assert "sslutil certificate csr --new-key" == refused.value.hint
        csr.csr(at(), csr.Request(new_key=True))
        answer = tlsa(at(), ON_25)
        assert ["request 1"] == [owner for *_, owner in records(answer)]
        assert digest not in str(answer.bare)
        assert "its records are left out" in answer.warnings[0]

    def test_requests_that_may_not_be_read(self, at: At, born: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An account that may not read the requests gets the records of the key in force, and is told."""
        csr.csr(at(), csr.Request(new_key=True))
        monkeypatch.setattr("sslutil.steps.situation.read_requests", _refuse)
        answer = tlsa(at(), ON_25)
        assert ["in force"] == [owner for *_, owner in records(answer)]
        assert "may not read the requests" in answer.warnings[0]
        assert born.exists()


def _refuse(_root: object) -> None:
    from sslutil.errors import RegistryError

    message = "can't open requests"
    raise RegistryError(message) from PermissionError()


@contextmanager
def served(registry: Path, port: int) -> Iterator[None]:
    """Serve what is in force on a port of 127.0.0.1."""
    files = ["-cert", f"{registry}/current/server.crt", "-key", f"{registry}/current/server.key"]
    argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *files]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        assert server.stdout is not None
        assert any(line.startswith(b"ACCEPT") for line in server.stdout)
        yield
        server.kill()


@pytest.mark.needs("openssl", "danetool")
def test_the_judges(at: At, born: Path, free_port: Callable[[], int], tmp_path: Path) -> None:
    """A DANE client takes the server by the record in force, by both, and not by the coming one; danetool says each."""
    csr.csr(at(), csr.Request(new_key=True))
    answer = tlsa(at(), ON_25)
    current, coming = (f"3 1 1 {record['digest']}" for record in answer.fields["records"])
    key = tmp_path / "coming.pem"
    key.write_text(openssl.public_key_of_request(born / "requests/000001/request.csr"))
    said = [
        danetool.record_of_certificate(born / "current/server.crt", NAME, 25),
        danetool.record_of_public_key(key, NAME, 25),
    ]
    assert [f"_25._tcp.{NAME}. 3600 IN TLSA 3 1 1 {content[3:].hex()}" for _, content in said] == str(
        answer.bare
    ).splitlines()
    port = free_port()
    with served(born, port):
        for published, taken in (((current,), True), ((coming, current), True), ((coming,), False)):
            options = [word for record in published for word in ("-dane_tlsa_rrdata", record)]
            shaken = openssl.connect(port, NAME, options=("-dane_tlsa_domain", NAME, *options))
            assert taken == shaken.verified, shaken.words
            assert taken == (f"DANE TLSA {current[:6]}" in shaken.words)


def test_names_are_those_in_force(at: At, born: Path) -> None:
    """What site.toml has pending has no record yet, and is told."""
    site = born / "site.toml"
    site.write_text(site.read_text().replace(NAME, "imap.example.org"))
    answer = tlsa(at(), ON_25)
    assert [NAME] == [record["name"] for record in answer.fields["records"]]
    assert "not in force" in answer.warnings[0]
