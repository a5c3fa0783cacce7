"""A passphrase comes from a file, a descriptor, stdin or a person, and from nowhere else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pexpect
import pytest

from sslutil.errors import MaterialError, UsageError
from sslutil.steps.passphrase import take_passphrase, warn_of_readers
from tests.pki.intake.parts import SECRET, make_pkcs12
from tests.steps.made import make_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Call

RUN = make_run()
QUESTION = "Passphrase"


@pytest.fixture
def pipe_of() -> Iterator[Callable[[bytes], int]]:
    """Give the reading end of a pipe that holds something, and no more will come."""
    opened: list[int] = []

    def make(content: bytes) -> int:
        reader, writer = os.pipe()
        opened.append(reader)
        os.write(writer, content)
        os.close(writer)
        return reader

    yield make
    for descriptor in opened:
        os.close(descriptor)


def typing(*answers: str) -> tuple[Callable[[str], str], list[str]]:
    """Return a person who types these answers, and the questions that were asked."""
    asked: list[str] = []
    left = list(answers)

    def ask(question: str) -> str:
        asked.append(question)
        return left.pop(0)

    return ask, asked


@pytest.mark.parametrize(
    ("content", "passphrase"),
    [
        (b"correct horse", b"correct horse"),
        (b"correct horse\n", b"correct horse"),
        (b"correct horse\r\nsecond line\n", b"correct horse"),
        (b"\xef\xbb\xbfcorrect horse\r\n", b"correct horse"),
        (b" blanks count \n", b" blanks count "),
        ("Stra\u00dfe\n".encode(), "Stra\u00dfe".encode()),
        (b"\xff\xfe\x01\n", b"\xff\xfe\x01"),
    ],
)
def test_the_first_line_counts(
    content: bytes, passphrase: bytes, tmp_path: Path, pipe_of: Callable[[bytes], int]
) -> None:
    """From a file, stdin and a descriptor alike: to the byte, without the line's end and an editor's mark."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    run = RUN._replace(read_stdin=lambda _limit: content)
    assert passphrase == take_passphrase(run, str(path), QUESTION)
    assert passphrase == take_passphrase(run, "-", QUESTION)
    assert passphrase == take_passphrase(run, "fd:0", QUESTION)
    assert passphrase == take_passphrase(run, "/dev/fd/0", QUESTION)
    assert passphrase == take_passphrase(run, f"fd:{pipe_of(content)}", QUESTION)
    assert passphrase == take_passphrase(run, f"/dev/fd/{pipe_of(content)}", QUESTION)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\nsecond line\n", b"\xef\xbb\xbf\r\n"])
def test_an_empty_line_is_refused(content: bytes, tmp_path: Path, pipe_of: Callable[[bytes], int]) -> None:
    """The twin: a file that a template left empty must not lock with nothing."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    run = RUN._replace(read_stdin=lambda _limit: content)
    for source in (str(path), "-", f"fd:{pipe_of(content)}"):
        with pytest.raises(UsageError, match=r"holds no passphrase: its first line is empty$") as caught:
            take_passphrase(run, source, QUESTION)
        assert source == caught.value.typed


def test_what_can_not_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a closed descriptor and a whole disk image are refused by name, without their content."""
    large = tmp_path / "large"
    large.write_bytes(b"secret" * 20_000)
    for source, words in (
        (str(tmp_path / "missing"), "no such file or directory"),
        ("fd:999", "bad file descriptor"),
        (str(tmp_path), "directory"),
        (str(large), "is larger than 0.0625 MiB"),
    ):
        with pytest.raises(MaterialError, match=words) as caught:
            take_passphrase(RUN, source, QUESTION)
        assert source in caught.value.message
        assert "secret" not in caught.value.message


def test_a_descriptor_stays_open(pipe_of: Callable[[bytes], int]) -> None:
    """What a caller has opened is the caller's to close."""
    number = pipe_of(b"a\n")
    take_passphrase(RUN, f"fd:{number}", QUESTION)
    os.fstat(number)


def test_a_file_may_be_called_like_a_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only digits behind fd: are a descriptor."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fd:x").write_bytes(b"of a file\n")
    assert b"of a file" == take_passphrase(RUN, "fd:x", QUESTION)


def test_a_person_is_asked_once() -> None:
    """Where there is no source and a terminal; what is typed is the passphrase, and nothing is none."""
    ask, asked = typing("correct horse")
    assert b"correct horse" == take_passphrase(RUN._replace(ask_secret=ask), None, QUESTION)
    assert [QUESTION] == asked
    assert take_passphrase(RUN._replace(ask_secret=typing("")[0]), None, QUESTION) is None


def test_a_person_is_asked_twice_for_a_new_one() -> None:
    """Until both are the same: what was mistyped once would lock for ever."""
    ask, asked = typing("horse", "house", "horse", "horse")
    assert b"horse" == take_passphrase(RUN._replace(ask_secret=ask), None, QUESTION, twice=True)
    again = f"The two differ. {QUESTION}"
    assert [QUESTION, f"{QUESTION}, again", again, f"{again}, again"] == asked


def test_nobody_is_asked_where_nobody_is() -> None:
    """A script gets none, and a source is never asked for beside."""
    assert take_passphrase(RUN, None, QUESTION) is None
    run = RUN._replace(ask_secret=pytest.fail, read_stdin=lambda _limit: b"piped\n")
    assert b"piped" == take_passphrase(run, "-", QUESTION)


def test_other_readers_are_a_warning(tmp_path: Path) -> None:
    """A file that group or others can read is named with the cure; a private one, and what is no file, is not."""
    path = tmp_path / "secret"
    path.write_bytes(b"a\n")
    for mode, is_open in ((0o600, False), (0o400, False), (0o640, True), (0o604, True)):
        path.chmod(mode)
        assert is_open == (f"other accounts can read it: chmod 600 {path}" in warn_of_readers(str(path)))
    for source in (None, "-", "fd:3", "/dev/fd/3", str(tmp_path / "missing"), "/dev/null", str(tmp_path)):
        assert not warn_of_readers(source)


def test_the_command_opens_what_is_locked(sslutil_call: Call, tmp_path: Path) -> None:
    """A wrong passphrase is status 6, an empty one status 2, and neither is ever told."""
    (tmp_path / "mail.p12").write_bytes(make_pkcs12(SECRET))
    argv = ("certificate", "import", "mail.p12", "--passphrase-file", "-")
    shown = sslutil_call("certificate", "show", "mail.p12", "--passphrase-file", "-", stdin=SECRET.decode() + "\n")
    assert "mail.example.org" in shown.stdout
    for typed, status in (("wrong horse\n", 6), ("\n", 2)):
        refused = sslutil_call(*argv, stdin=typed)
        assert status == refused.status, refused.stderr
        assert "horse" not in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_terminal_is_no_pipe(environment: dict[str, str], tmp_path: Path) -> None:
    """`-` on a terminal is refused at once: nobody types a certificate, and a passphrase would be shown."""
    (tmp_path / "mail.p12").write_bytes(make_pkcs12(SECRET))
    for argv in (("certificate", "show", "-"), ("certificate", "import", "mail.p12", "--passphrase-file", "-")):
        child = pexpect.spawn(
            sys.executable, ["-m", "sslutil", *argv], env=environment, cwd=str(tmp_path), timeout=20, encoding="utf-8"
        )
        child.expect("stdin is a terminal, and - stands for what is piped into it")
        child.expect(pexpect.EOF)
        child.close()
        assert 2 == child.exitstatus
