"""The return desk: whatever comes back finds its key, or is refused with its own sentence and no trace."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.authorities import run
from tests.authorities.disguises import DISGUISES, write
from tests.authorities.openssl_ca import make_authority, sign_with
from tests.crash.soundness import read_tree
from tests.judges.gnutls import judge_chain
from tests.judges.openssl import judge_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.authorities import Answer
    from tests.authorities.openssl_ca import Authority
    from tests.conftest import Call, Result

pytestmark = pytest.mark.needs("openssl", "certtool")
NAMES = ("mail.example.org", "www.example.org")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with one intermediate."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def requested(registry: Path, sslutil_call: Call) -> Path:
    """A registry that waits for the answer to its first request."""
    assert 0 == sslutil_call("csr", *NAMES).status
    return registry


def answer_to(
    authority: Authority, registry: Path, names: tuple[str, ...] = NAMES, request: int = 1, **more: object
) -> Answer:
    """Return what the authority answers to a request."""
    return sign_with(authority, registry / f"requests/{request:06d}/request.csr", names, **more)  # type: ignore[arg-type]


def save(folder: Path, name: str, content: bytes) -> str:
    """Write a file, and return its path."""
    (folder / name).write_bytes(content)
    return str(folder / name)


def assert_refused(call: Call, registry: Path, *argv: str, status: int = 6) -> str:
    """Assert that an import is refused and leaves no trace; return its sentence."""
    before = read_tree(registry)
    result = call("certificate", "import", *argv)
    assert status == result.status, result.stdout + result.stderr
    assert before == read_tree(registry)
    assert "Traceback" not in result.stderr
    return result.stderr


def assert_in_force(result: Result, registry: Path, answer: Answer, tmp_path: Path) -> None:
    """Assert that leaf and intermediates of an answer serve, in order, as two judges see it."""
    assert 0 == result.status, result.stderr
    served = registry / "current/server.crt"
    assert answer.leaf.strip() in served.read_bytes()
    root = tmp_path / "root.pem"
    root.write_bytes(answer.root)
    for name in NAMES:
        assert judge_certificate(served, name, trusted=root).accepted
    assert not judge_certificate(served, "other.example.org", trusted=root).accepted


def test_the_answer_is_kept(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """The answer says which request it answers, is kept in its folder, and makes the authority the issuer."""
    answer = answer_to(authority, requested)
    files = write(DISGUISES["wrong_order"], answer, tmp_path / "came")
    result = sslutil_call("certificate", "import", *files)
    assert_in_force(result, requested, answer, tmp_path)
    assert result.stdout.startswith("took in the answer to request 1\n")
    assert (requested / "requests/000001/answer.pem").read_bytes() == (requested / "current/server.crt").read_bytes()
    assert 'issuer = "ca"' in (requested / "site.toml").read_text()


def test_a_strangers_answer(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """An answer to somebody else's request changes nothing, and the sentence names the request that is nearest."""
    other = tmp_path / "other"
    assert 0 == sslutil_call("csr", *NAMES, env={"SSLUTIL_REGISTRY_PATH": str(other)}).status
    files = write(DISGUISES["full_chain"], answer_to(authority, other), tmp_path / "came")
    error = assert_refused(sslutil_call, requested, *files)
    assert "no key of this registry fits the certificate for mail.example.org, www.example.org" in error
    assert "nearest is request 1" in error


def test_again(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """A second import of the same answer has nothing to do."""
    answer = answer_to(authority, requested)
    path = save(tmp_path, "a.pem", answer.leaf + answer.intermediates[0])
    assert 0 == sslutil_call("certificate", "import", path).status
    before = read_tree(requested)
    result = sslutil_call("certificate", "import", path, "--detailed-exitcode")
    assert 0 == result.status
    assert result.stdout.startswith("nothing to do: this certificate is in force already\n")
    assert before == read_tree(requested)


def test_renewal_is_an_order(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """An import that only renews never stops at edits that wait in site.toml, and leaves them there."""
    first, second = (answer_to(authority, requested, days=days) for days in (30, 60))
    assert 0 == sslutil_call("certificate", "import", save(tmp_path, "1", first.leaf + first.intermediates[0])).status
    site = requested / "site.toml"
    site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
    result = sslutil_call("certificate", "import", save(tmp_path, "2", second.leaf + second.intermediates[0]))
    assert 0 == result.status, result.stderr
    assert "edits that are not in force" in result.stderr
    assert "https_port = 8443" in site.read_text()
    assert "https_port = 443" in (requested / "current/site.toml").read_text()


def test_edits_stop_a_first_answer(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """Where who signs changes it is an edit, and stops while others wait."""
    answer = answer_to(authority, requested)
    site = requested / "site.toml"
    site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
    path = save(tmp_path, "a.pem", answer.leaf + answer.intermediates[0])
    assert "https_port: 443 → 8443" in assert_refused(sslutil_call, requested, path, status=3)


def test_an_older_generations_key(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """The key of an answer is found in the request's folder, whatever is in force meanwhile."""
    assert 0 == sslutil_call("certificate", "renew", "--new-key").status
    answer = answer_to(authority, requested)
    result = sslutil_call("certificate", "import", save(tmp_path, "a.pem", answer.leaf + answer.intermediates[0]))
    assert_in_force(result, requested, answer, tmp_path)
    key = (requested / "requests/000001/request.key").read_bytes()
    assert key == (requested / "current/server.key").read_bytes()


def test_the_registry_completes_the_chain(
    requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path
) -> None:
    """A year later the leaf alone is enough: the intermediate is one that the registry has."""
    first, second = (answer_to(authority, requested, days=days) for days in (30, 60))
    assert 0 == sslutil_call("certificate", "import", save(tmp_path, "1", first.leaf + first.intermediates[0])).status
    result = sslutil_call("certificate", "import", save(tmp_path, "2", second.leaf))
    assert_in_force(result, requested, second, tmp_path)
    assert "from what this registry and this machine have" in result.stderr


class TestRefusals:
    """Each with its own sentence, before any write."""

    def test_names_are_missing(self, requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
        """An answer that lacks a name of the site is taken with --replace only."""
        answer = answer_to(authority, requested, NAMES[:1])
        path = save(tmp_path, "a.pem", answer.leaf + answer.intermediates[0])
        assert "www.example.org" in assert_refused(sslutil_call, requested, path)
        assert 0 == sslutil_call("certificate", "import", path, "--replace").status
        assert 'names = ["mail.example.org"]' in (requested / "site.toml").read_text()

    def test_a_missing_intermediate(
        self, requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """Where the certificate says where its issuer is, the chain must have it, or be taken as it is knowingly."""
        answer = answer_to(authority, requested, issuer_address="http://192.0.2.1/issuer.cer")
        path = save(tmp_path, "a.pem", answer.leaf)
        error = assert_refused(sslutil_call, requested, path)
        assert "Foreign Issuing 1" in error
        assert "key identifier" in error
        assert f"hint: sslutil certificate import {path} --fetch" in error
        result = sslutil_call("certificate", "import", path, "--incomplete")
        assert 0 == result.status
        assert "is missing" in result.stderr

    def test_a_certificate_as_key(
        self, requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """What was swapped is named."""
        path = save(tmp_path, "a.pem", answer_to(authority, requested).leaf)
        error = assert_refused(sslutil_call, requested, path, "--key", save(tmp_path, "k", authority.root.read_bytes()))
        assert f"{tmp_path}/k holds a certificate, and was given as the key" in error
        key = shutil.copy(requested / "current/server.key", tmp_path / "key")
        assert "holds a private key, and no certificate" in assert_refused(sslutil_call, requested, str(key))

    def test_a_key_that_does_not_fit(
        self, requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """A key that is given must be the certificate's, even where one of ours would fit."""
        path = save(tmp_path, "a.pem", answer_to(authority, requested).leaf)
        error = assert_refused(sslutil_call, requested, path, "--key", str(authority.key(0)))
        assert "fits none of the certificates" in error

    def test_the_request_itself(self, requested: Path, sslutil_call: Call) -> None:
        """Whoever imports what goes to the authority is told so."""
        error = assert_refused(sslutil_call, requested, str(requested / "requests/000001/request.csr"))
        assert "it is what goes to the authority, not what comes back" in error

    def test_a_compromised_key(self, requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
        """An answer over a compromised key is never put in force."""
        answer = answer_to(authority, requested)
        assert 0 == sslutil_call("certificate", "renew", "--compromised").status
        path = save(tmp_path, "a.pem", answer.leaf + answer.intermediates[0])
        assert "marked as compromised (request 1)" in assert_refused(sslutil_call, requested, path)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is empty"),
            (b"Dear customer, your order was refused.", "it is plain text"),
            (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "certificate is damaged"),
            (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "is cut short"),
            (b"-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n", "DH PARAMETERS"),
            (b"PK\x03\x04rubbish", "a damaged zip"),
        ],
    )
    def test_nothing_of_use(
        self, requested: Path, sslutil_call: Call, tmp_path: Path, content: bytes, words: str
    ) -> None:
        """A file without a certificate is told from one that is damaged."""
        assert words in assert_refused(sslutil_call, requested, save(tmp_path, "came", content))


class TestAdoption:
    """A pair that exists is taken in by the same desk."""

    @pytest.fixture
    def pair(self, tmp_path: Path, sslutil_call: Call, authority: Authority) -> tuple[str, str, Answer]:
        """A key of somebody's, and the authority's answer for it."""
        other = tmp_path / "other"
        assert 0 == sslutil_call("csr", *NAMES, env={"SSLUTIL_REGISTRY_PATH": str(other)}).status
        answer = answer_to(authority, other)
        key = shutil.copy(other / "current/server.key", tmp_path / "old.key")
        return save(tmp_path, "old.crt", answer.leaf + answer.intermediates[0]), str(key), answer

    def test_into_an_empty_registry(
        self, pair: tuple[str, str, Answer], registry: Path, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """Names and who signs follow the certificate."""
        certificate, key, answer = pair
        result = sslutil_call("certificate", "import", certificate, "--key", key)
        assert_in_force(result, registry, answer, tmp_path)
        assert 'names = ["mail.example.org", "www.example.org"]' in (registry / "site.toml").read_text()

    def test_a_lineage_of_certbots(
        self, pair: tuple[str, str, Answer], registry: Path, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """A folder with certbot's names, links as certbot makes them, is as good as its files."""
        certificate, key, answer = pair
        live = tmp_path / "live"
        live.mkdir()
        (live / "fullchain.pem").symlink_to(certificate)
        (live / "privkey.pem").symlink_to(key)
        assert_in_force(sslutil_call("certificate", "import", str(live)), registry, answer, tmp_path)

    def test_without_its_key(self, pair: tuple[str, str, Answer], registry: Path, sslutil_call: Call) -> None:
        """A certificate alone finds no key, and nothing is born of it."""
        result = sslutil_call("certificate", "import", pair[0])
        assert 6 == result.status
        assert "no key of this registry fits" in result.stderr
        assert not registry.exists()

    def test_an_encrypted_key(
        self, pair: tuple[str, str, Answer], registry: Path, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """An encrypted key is opened once, or refused: a server would wait at the prompt for ever."""
        certificate, key, answer = pair
        run("openssl", "pkcs8", "-topk8", "-in", key, "-out", "locked", "-passout", "pass:word", cwd=tmp_path)
        result = sslutil_call("certificate", "import", certificate, "--key", f"{tmp_path}/locked")
        assert 6 == result.status
        assert "nobody to ask" in result.stderr
        assert not registry.exists()
        wrong = save(tmp_path, "wrong", b"wrong\n")
        right = save(tmp_path, "right", b"word\n")
        words = ("certificate", "import", certificate, "--key", f"{tmp_path}/locked", "--passphrase-file")
        assert 6 == sslutil_call(*words, wrong).status
        assert_in_force(sslutil_call(*words, right), registry, answer, tmp_path)
        assert b"ENCRYPTED" not in (registry / "current/server.key").read_bytes()


def test_the_chain_is_in_order(requested: Path, authority: Authority, sslutil_call: Call, tmp_path: Path) -> None:
    """GnuTLS, which takes a chain only in its order, takes what was put in force."""
    answer = answer_to(authority, requested)
    files = write(DISGUISES["wrong_order"], answer, tmp_path)
    assert 0 == sslutil_call("certificate", "import", *files).status
    served = requested / "current/server.crt"
    root = tmp_path / "root.pem"
    root.write_bytes(answer.root)
    assert judge_chain(served, NAMES[0], trusted=root).accepted
