"""export pkcs12, pem, der: what is in force, in files that are private where a key is in them, never over another."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pexpect
import pytest

from sslutil.cli import streams
from sslutil.errors import MaterialError, RegistryError, SiteError, UsageError
from sslutil.steps.situation import look
from sslutil.verbs import self_sign
from sslutil.verbs.export_material import Pkcs12Request, export_der, export_pem, export_pkcs12
from tests.crash.soundness import read_tree
from tests.judges import openssl
from tests.verbs.conftest import NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from sslutil.steps.run import Run
    from sslutil.steps.situation import Situation
    from tests.conftest import Call, Result
    from tests.verbs.conftest import At

PASSPHRASE = "correct horse"  # noqa: S105  of files that live for a second
LINEAGE = {"cert.pem": 0o644, "chain.pem": 0o644, "fullchain.pem": 0o644, "privkey.pem": 0o600}
"""The four files of certbot, with their modes."""


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\nsecond line\n")
    return str(path)


def mode_of(path: Path) -> int:
    """Return the mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def told(answer: Answer, label: str) -> str:
    """Return the value of a line."""
    return dict(answer.lines)[label]


@pytest.mark.needs("openssl")
class TestPkcs12:
    """export pkcs12."""

    def test_a_given_passphrase(self, at: At, born: Path, tmp_path: Path, secret: str) -> None:
        """The first line of the file opens it; the passphrase is not told, the registry is as before."""
        before, out = read_tree(born), tmp_path / "mail.p12"
        answer = export_pkcs12(at(), Pkcs12Request(str(out), passphrase_file=secret))
        opened = openssl.open_pkcs12(out, PASSPHRASE)
        assert opened.accepted, opened.words
        assert (born / "current/server.key").read_text() in opened.words
        assert (born / "current/server.crt").read_text() in opened.words
        assert not openssl.open_pkcs12(out, "second line").accepted
        assert (0o600, (str(out),), True) == (mode_of(out), answer.written, answer.changed)
        assert {"form": "modern", "friendly_name": NAME, "passphrase": None} == answer.fields
        assert PASSPHRASE not in repr(answer)
        assert before == read_tree(born)

    def test_a_made_passphrase(self, at: At, born: Path, tmp_path: Path) -> None:
        """Where nobody says one, it is made, and shown once; it opens the file."""
        out = tmp_path / "mail.p12"
        answer = export_pkcs12(at(), Pkcs12Request(str(out)))
        assert openssl.open_pkcs12(out, told(answer, "Passphrase")).accepted
        assert told(answer, "Passphrase") == answer.fields["passphrase"]
        assert f"rm {out}  # once the other program has it: a key is in it" == answer.next[0]
        assert all(answer.fields["passphrase"].encode() not in content for content in _contents(born))

    @pytest.mark.parametrize("typed", ["", PASSPHRASE])
    @pytest.mark.usefixtures("born")
    def test_a_person(self, typed: str, at: At, tmp_path: Path) -> None:
        """A person is asked twice, and not where a file is given; whoever just presses enter gets one."""
        out, asked = tmp_path / "mail.p12", []

        def ask(question: str) -> str:
            asked.append(question)
            return typed

        answer = export_pkcs12(at(ask_secret=ask), Pkcs12Request(str(out)))
        assert (2 if typed else 1) == len(asked)
        assert openssl.open_pkcs12(out, typed or told(answer, "Passphrase")).accepted
        assert bool(typed) == (answer.fields["passphrase"] is None)

    def test_legacy_and_name(self, at: At, born: Path, tmp_path: Path, secret: str) -> None:
        """The legacy form and the friendly name are those that were asked for."""
        out = tmp_path / "mail.p12"
        request = Pkcs12Request(str(out), legacy=True, friendly_name="the mail", passphrase_file=secret)
        answer = export_pkcs12(at(), request)
        words = openssl.open_pkcs12(out, PASSPHRASE).words
        assert "pbeWithSHA1And3-KeyTripleDES-CBC" in words
        assert "AES" not in words
        assert "friendlyName: the mail" in words
        assert ("legacy", "the mail") == (answer.fields["form"], answer.fields["friendly_name"])
        assert born.exists()

    @pytest.mark.usefixtures("born")
    def test_never_over_another(self, at: At, tmp_path: Path, secret: str) -> None:
        """A file that is there stays without --force, and nobody is asked for a passphrase in vain."""
        out = tmp_path / "mail.p12"
        out.write_text("another")
        request = Pkcs12Request(str(out), passphrase_file=secret)
        with pytest.raises(UsageError, match="exists"):
            export_pkcs12(at(ask_secret=pytest.fail), request._replace(passphrase_file=None))
        assert "another" == out.read_text()
        assert export_pkcs12(at(), request._replace(force=True)).changed
        assert 0o600 == mode_of(out)
        for place in (tmp_path, tmp_path / "nowhere/mail.p12"):
            with pytest.raises(UsageError):
                export_pkcs12(at(), request._replace(out=str(place), force=True))

    @pytest.mark.usefixtures("born")
    def test_into_a_pipe(self, at: At, tmp_path: Path) -> None:
        """For stdout it is bytes, and what is made is told beside them; JSON has no place for it."""
        answer = export_pkcs12(at(), Pkcs12Request("-"))
        out = tmp_path / "mail.p12"
        out.write_bytes(answer.raw or b"")
        passphrase = answer.warnings[0].removeprefix("the passphrase is ")
        assert openssl.open_pkcs12(out, passphrase).accepted
        assert (None, {}, False, ()) == (answer.bare, answer.fields, answer.changed, answer.next)

    @pytest.mark.usefixtures("registry")
    def test_a_key_without_a_place(self, at: At, tmp_path: Path) -> None:
        """A key of ML-DSA is refused with the form that takes it, and no file is left; that form takes it."""
        self_sign.self_sign(at(), self_sign.Request((NAME,), key_type="ml-dsa-65"))
        out = tmp_path / "mail.p12"
        with pytest.raises(MaterialError, match="no place in PKCS#12"):
            export_pkcs12(at(), Pkcs12Request(str(out)))
        assert not out.exists()
        assert export_pem(at(), str(out), split=None, with_key=True, force=False).changed


class TestPem:
    """export pem."""

    def test_chain(self, at: At, born: Path, tmp_path: Path) -> None:
        """Certificate and chain, as text and as a file for everybody; the same again is nothing to do."""
        chain, out = (born / "current/server.crt").read_text(), tmp_path / "fullchain.pem"
        answer = export_pem(at(), "-", split=None, with_key=False, force=False)
        assert chain == answer.bare == answer.fields["text"]
        first = export_pem(at(), str(out), split=None, with_key=False, force=False)
        again = export_pem(at(), str(out), split=None, with_key=False, force=False)
        assert (True, False) == (first.changed, again.changed)
        assert (chain, 0o644) == (out.read_text(), mode_of(out))

    def test_with_the_key(self, at: At, born: Path, tmp_path: Path) -> None:
        """The key comes first, as in the bundle, in a private file; a file that others may read is not left so."""
        out = tmp_path / "all.pem"
        out.write_bytes((born / "current/bundle.pem").read_bytes())
        out.chmod(0o644)
        with pytest.raises(UsageError, match="exists"):
            export_pem(at(), str(out), split=None, with_key=True, force=False)
        assert export_pem(at(), str(out), split=None, with_key=True, force=True).changed
        assert ((born / "current/bundle.pem").read_bytes(), 0o600) == (out.read_bytes(), mode_of(out))
        piped = export_pem(at(), "-", split=None, with_key=True, force=False)
        assert (None, out.read_bytes(), {}) == (piped.bare, piped.raw, piped.fields)

    def test_split(self, at: At, born: Path, tmp_path: Path) -> None:
        """The four files of certbot, the key private; the same again is nothing to do."""
        folder = tmp_path / "lineage"
        folder.mkdir()
        answer = export_pem(at(), "-", split=str(folder), with_key=False, force=False)
        assert LINEAGE == {path.name: mode_of(path) for path in folder.iterdir()}
        assert {str(folder / name) for name in LINEAGE} == set(answer.written)
        content = {name: (folder / name).read_bytes() for name in LINEAGE}
        assert (born / "current/server.key").read_bytes() == content["privkey.pem"]
        assert (born / "current/server.crt").read_bytes() == content["fullchain.pem"]
        assert content["fullchain.pem"] == content["cert.pem"] + content["chain.pem"]
        again = export_pem(at(), "-", split=str(folder), with_key=False, force=False)
        assert ((), False) == (again.written, again.changed)

    @pytest.mark.parametrize("name", LINEAGE)
    @pytest.mark.usefixtures("born")
    def test_split_is_whole_or_not_at_all(self, name: str, at: At, tmp_path: Path) -> None:
        """Where one of the four may not be overwritten, none is written; with --force all are."""
        folder = tmp_path / "lineage"
        folder.mkdir()
        (folder / name).write_text("another")
        with pytest.raises(UsageError, match="exists"):
            export_pem(at(), "-", split=str(folder), with_key=False, force=False)
        assert ["another"] == [path.read_text() for path in folder.iterdir()]
        assert 4 == len(export_pem(at(), "-", split=str(folder), with_key=False, force=True).written)

    @pytest.mark.usefixtures("born")
    def test_split_needs_a_folder(self, at: At, tmp_path: Path) -> None:
        """A folder that is not there, a file, and a file as well as a folder, are refused."""
        (tmp_path / "file").touch()
        for name in ("nowhere", "file"):
            with pytest.raises(UsageError):
                export_pem(at(), "-", split=str(tmp_path / name), with_key=False, force=False)
        with pytest.raises(UsageError, match="give one of the two"):
            export_pem(at(), "all.pem", split=str(tmp_path), with_key=False, force=False)


@pytest.mark.needs("openssl")
class TestDer:
    """export der."""

    def test_certificate(self, at: At, born: Path, tmp_path: Path) -> None:
        """The leaf, as OpenSSL reads it; in JSON in hexadecimal."""
        out = tmp_path / "mail.cer"
        answer = export_der(at(), str(out), key=False, force=False)
        pem = subprocess.check_output(["openssl", "x509", "-inform", "DER", "-in", out])
        assert (born / "current/server.crt").read_bytes() == pem
        assert out.read_bytes().hex() == answer.fields["der"]
        assert 0o644 == mode_of(out)
        assert not export_der(at(), str(out), key=False, force=False).changed

    def test_key(self, at: At, born: Path, tmp_path: Path) -> None:
        """The key as PKCS#8, in a private file and no field."""
        out = tmp_path / "mail.key"
        answer = export_der(at(), str(out), key=True, force=False)
        pem = subprocess.check_output(["openssl", "pkey", "-inform", "DER", "-in", out])
        assert (born / "current/server.key").read_bytes() == pem
        assert (0o600, {}) == (mode_of(out), answer.fields)


EXPORTS: dict[str, Callable[[At], Answer]] = {
    "pkcs12": lambda at: export_pkcs12(at(), Pkcs12Request("-")),
    "pem": lambda at: export_pem(at(), "-", split=None, with_key=True, force=False),
    "split": lambda at: export_pem(at(), "-", split=".", with_key=False, force=False),
    "der": lambda at: export_der(at(), "-", key=True, force=False),
}
"""What needs the key."""


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.usefixtures("registry")
def test_nothing_in_force(name: str, at: At) -> None:
    """Where nothing is in force there is nothing to export."""
    with pytest.raises(SiteError, match="nothing is in force"):
        EXPORTS[name](at)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_key_that_was_edited(name: str, at: At, born: Path) -> None:
    """From the bundle where the key alone was edited; where both were, nothing is written, and the cure is told."""
    key, bundle = born / "current/server.key", born / "current/bundle.pem"
    sound = key.read_bytes()
    key.write_text("edited")
    if name == "der":
        assert EXPORTS[name](at).raw
    if name == "pem":
        assert sound in (EXPORTS[name](at).raw or b"")
    bundle.unlink()
    with pytest.raises(MaterialError, match="no sound key is left") as refused:
        EXPORTS[name](at)
    assert "sslutil certificate self-sign --new-key" == refused.value.hint


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.usefixtures("born")
def test_a_key_that_may_not_be_read(name: str, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that may not read the key is told who may."""

    def look_as_another(run: Run) -> Situation:
        seen = look(run)
        public = {name: content for name, content in seen.files.items() if b"PRIVATE KEY" not in content}
        return replace(seen, files=public)

    monkeypatch.setattr("sslutil.verbs.export_material.look", look_as_another)
    with pytest.raises(RegistryError, match="may not read the key") as refused:
        EXPORTS[name](at)
    assert "root" == refused.value.account


def _contents(registry: Path) -> list[bytes]:
    return [path.read_bytes() for path in registry.rglob("*") if path.is_file()]


class TestCommand:
    """What the command line does with bytes."""

    @pytest.mark.parametrize("words", [("pkcs12",), ("der",), ("der", "--key"), ("pem", "--with-key")], ids=" ".join)
    @pytest.mark.usefixtures("born")
    def test_no_terminal(self, words: tuple[str, ...], sslutil_call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bytes and keys don't go to a terminal, and the hint is the same line with a file."""
        monkeypatch.setattr(streams, "is_terminal", lambda: True)
        result = sslutil_call("export", *words)
        assert (2, "") == (result.status, result.stdout)
        assert "a terminal is no place for it" in result.stderr
        assert f"sslutil: hint: sslutil export {' '.join(words)} --out FILE\n" in result.stderr
        dashed = sslutil_call("export", *words, "--out", "-")
        assert f"sslutil: hint: sslutil export {' '.join(words)} --out FILE\n" in dashed.stderr

    @pytest.mark.parametrize("words", [("pkcs12",), ("der", "--key"), ("pem", "--with-key")], ids=" ".join)
    @pytest.mark.usefixtures("born")
    def test_no_json(self, words: tuple[str, ...], sslutil_call: Call) -> None:
        """Nor does JSON hold a key."""
        result = sslutil_call("export", *words, "--json")
        assert 2 == result.status
        assert "JSON is no place for it" in result.stdout
        assert "PRIVATE" not in result.stdout

    def test_a_pipe(self, born: Path, environment: dict[str, str], tmp_path: Path) -> None:
        """A pipe gets exactly the bytes, and stderr the talk."""
        argv = [sys.executable, "-m", "sslutil", "export", "der", "--key"]
        done = subprocess.run(argv, env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        read = subprocess.check_output(["openssl", "pkey", "-inform", "DER"], input=done.stdout)
        assert (born / "current/server.key").read_bytes() == read
        assert b"key of generation 1" in done.stderr

    @pytest.mark.usefixtures("born")
    def test_a_passphrase_from_stdin(self, sslutil_call: Call, tmp_path: Path) -> None:
        """- is stdin, and its first line the passphrase; an empty one is refused and no file is left."""
        given = sslutil_call("export", "pkcs12", "--out", "mail.p12", "--passphrase-file", "-", stdin="x y\n")
        assert 0 == given.status
        assert openssl.open_pkcs12(tmp_path / "mail.p12", "x y").accepted
        empty = sslutil_call("export", "pkcs12", "--out", "other.p12", "--passphrase-file", "-", stdin="\n")
        assert 2 == empty.status
        assert not (tmp_path / "other.p12").exists()

    @pytest.mark.parametrize("words", [("pkcs12",), ("der", "--key")], ids=" ".join)
    @pytest.mark.usefixtures("born")
    def test_a_real_terminal(self, words: tuple[str, ...], environment: dict[str, str], tmp_path: Path) -> None:
        """A terminal shows the refusal and no byte of a key, and nobody was asked for a passphrase before."""
        argv = ["-m", "sslutil", "export", *words]
        child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable, argv, env=environment, cwd=str(tmp_path), timeout=20, encoding="utf-8"
        )
        child.expect(pexpect.EOF)
        shown = child.before or ""
        child.close()
        assert 2 == child.exitstatus
        assert shown.startswith("sslutil: error: ")
        assert "Passphrase" not in shown
        assert shown.isascii()

    def test_another_account(
        self, second_user_sslutil: Callable[..., Result], open_folder: Path, sslutil_call: Call
    ) -> None:
        """Whoever may read the certificate alone exports that, and is told with whose account the key goes out."""
        registry = str(open_folder / "mail")
        assert 0 == sslutil_call("--registry-path", registry, "certificate", "self-sign", NAME).status
        for words in (("pkcs12",), ("pem", "--with-key"), ("der", "--key"), ("pem", "--split", ".")):
            refused = second_user_sslutil("--registry-path", registry, "export", *words)
            assert (4, "") == (refused.status, refused.stdout)
            assert "this account may not read the key" in refused.stderr
            assert "sslutil: hint: sudo " in refused.stderr
        taken = second_user_sslutil("--registry-path", registry, "export", "pem")
        assert (0, (open_folder / "mail/current/server.crt").read_text()) == (taken.status, taken.stdout)
