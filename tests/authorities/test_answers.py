"""A request goes out to a foreign authority, its answer comes back in any dress, and one command puts it in force."""

from __future__ import annotations

import inspect
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.authorities import Answer, Signer, cfssl, easy_rsa, openssl_ca, pebble
from tests.authorities.disguises import DISGUISES, NEEDS_PASSPHRASE, PASSPHRASE, write
from tests.conftest import require
from tests.judges import ask, certificates_in, gnutls
from tests.stories.transcript import state_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Call, Result
    from tests.judges import Argument

NAMES = ("mail.example.org", "webmail.example.org")
AUTHORITIES: dict[str, Signer] = {
    "openssl": openssl_ca.sign,
    "easy_rsa": easy_rsa.sign,
    "cfssl": cfssl.sign,
    "certbot": pebble.sign_by_certbot,
    "lego": pebble.sign_by_lego,
}
EVERYDAY = ("openssl",)
_answers: dict[str, tuple[Path, Answer]] = {}
"""What each authority made of the request in a registry, which is kept and copied: the slow ones take seconds."""


@pytest.fixture(
    params=[name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.full) for name in AUTHORITIES]
)
def answered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, registry: Path, sslutil_call: Call
) -> Answer:
    """The answer of an authority to the request that waits in the test's registry."""
    name = request.param
    sign = AUTHORITIES[name]
    require(*getattr(inspect.getmodule(sign), "PROGRAMS", ("openssl",)))
    if name not in _answers:
        folder = tmp_path_factory.mktemp(name)
        assert 0 == sslutil_call("csr", *NAMES, "--out", str(folder / "request.csr")).status
        home = folder / "authority"
        home.mkdir()
        answer = sign(folder / "request.csr", home, NAMES)
        shutil.copytree(registry, folder / "registry", symlinks=True)
        _answers[name] = folder / "registry", answer
    kept, answer = _answers[name]
    shutil.rmtree(registry, ignore_errors=True)
    shutil.copytree(kept, registry, symlinks=True)
    return answer


def take_in(call: Call, name: str, answer: Answer, folder: Path) -> Result:
    """Type the one command for the files of a disguise."""
    words = ["certificate", "import", *write(DISGUISES[name], answer, folder / "downloads")]
    if name in NEEDS_PASSPHRASE:
        secret = folder / "downloads" / "passphrase"
        secret.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
        secret.chmod(0o600)
        words += ["--passphrase-file", str(secret)]
    return call(*words)


def assert_served(registry: Path, answer: Answer, folder: Path) -> None:
    """Check that leaf and intermediates are in force in order, and that clients which trust the root take them."""
    chain = registry / "current" / "server.crt"
    root = folder / "root.crt"
    root.write_bytes(answer.root)
    expected = [certificate.decode().strip() for certificate in answer.chain]
    assert expected == [certificate.strip() for certificate in certificates_in(chain.read_text())]
    for name in NAMES:
        # Not -x509_strict: the root of easy-rsa does not mark its basic constraints as critical (RFC 5280, 4.2.1.9).
        trust: list[Argument] = ["-no-CApath", "-no-CAstore", "-CAfile", root, "-untrusted", chain]
        status, words = ask(["openssl", "verify", "-purpose", "sslserver", "-verify_hostname", name, *trust, chain])
        assert 0 == status, words
        verdict = gnutls.judge_chain(chain, name, trusted=root)
        assert verdict.accepted, verdict.words


@pytest.mark.needs("openssl", "certtool")
@pytest.mark.parametrize("disguise", DISGUISES)
def test_one_command_puts_it_in_force(
    disguise: str, answered: Answer, sslutil_call: Call, registry: Path, tmp_path: Path
) -> None:
    """Whatever the answer looks like, the chain that is served is the leaf and its intermediates in order."""
    result = take_in(sslutil_call, disguise, answered, tmp_path)
    assert 0 == result.status, result.stderr
    assert_served(registry, answered, tmp_path)
    before = state_of(registry)
    again = take_in(sslutil_call, disguise, answered, tmp_path)
    assert 0 == again.status, again.stderr
    assert "nothing to do" in again.stdout
    assert before == state_of(registry)


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("disguise", DISGUISES)
def test_the_answer_to_another_registry_is_refused(
    disguise: str, answered: Answer, sslutil_call: Call, registry: Path, tmp_path: Path
) -> None:
    """The same files where the key is another one are refused in one sentence, and change nothing."""
    shutil.rmtree(registry)
    assert 0 == sslutil_call("csr", *NAMES).status
    before = state_of(registry)
    result = take_in(sslutil_call, disguise, answered, tmp_path)
    assert 6 == result.status, result.stdout + result.stderr
    assert 1 == result.stderr.count("sslutil: error: ")
    assert "Traceback" not in result.stderr
    assert before == state_of(registry)


def test_enough_disguises() -> None:
    """Three authorities that have nothing to do with each other, and ten dresses or more."""
    assert len({inspect.getmodule(sign) for sign in AUTHORITIES.values()}) >= 3
    assert len(DISGUISES) >= 12
