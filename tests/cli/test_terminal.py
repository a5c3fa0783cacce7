"""What a person sees on a terminal: colours where they are wanted, one question, nothing left behind by ctrl-C."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from tests.cli.conftest import NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTION = "Which name do users type for this mail web server"
ESCAPE = "\x1b"
Terminal = "Callable[..., pexpect.spawn[Any]]"


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Start sslutil on a terminal of 80 columns: (*argv, columns=80, **variables)."""

    def start(*argv: str, columns: int = 80, **variables: str) -> Any:  # noqa: ANN401  pexpect is generic in its stubs only
        return pexpect.spawn(
            sys.executable,
            ["-m", "sslutil", *argv],
            env={**environment, "TERM": "xterm-256color", **variables},
            cwd=str(tmp_path),
            dimensions=(50, columns),
            encoding="utf-8",
            timeout=20,
        )

    return start


def end(child: Any) -> tuple[int, str]:  # noqa: ANN401  see above
    """Return status and screen of a command that ends by itself."""
    child.expect(pexpect.EOF)
    shown = str(child.before).replace("\r\n", "\n")
    child.close()
    assert child.signalstatus is None
    return int(child.exitstatus), shown


@pytest.mark.parametrize("words", [("status",), ("history",), ("certificate", "self-sign")], ids=" ".join)
@pytest.mark.usefixtures("born")
def test_colours(words: tuple[str, ...], terminal: Callable[..., Any]) -> None:
    """Colours on a terminal; none with NO_COLOR, nor where TERM is dumb: not one escape byte."""
    assert ESCAPE in end(terminal(*words))[1]
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        status, shown = end(terminal(*words, **variables))
        assert 0 == status
        assert ESCAPE not in shown
    assert ESCAPE in end(terminal(*words, NO_COLOR=""))[1]


@pytest.mark.usefixtures("born")
def test_no_line_is_cut(terminal: Callable[..., Any], born: Path) -> None:
    """On a narrow terminal lines are folded between words; what is pasted elsewhere stays in one piece."""
    _, shown = end(terminal("status", columns=40))
    words = shown.split()
    assert any(word.endswith(":") is False and word.count(":") == 31 for word in words)
    assert any(str(born) in word for word in words)
    _, shown = end(terminal("status"))
    long = [line for line in re.sub("\x1b.*?m", "", shown).splitlines() if len(line) > 80]
    assert [] == [line for line in long if max(map(len, line.split())) < 40]


@pytest.mark.usefixtures("born")
def test_a_path_is_shown_on_a_terminal(terminal: Callable[..., Any], tmp_path: Path) -> None:
    """What is bare for a program is shown escaped to a person."""
    status, shown = end(terminal("registry-path", "--registry-path", f"{tmp_path}/a\u202eb"))
    assert 0 == status
    assert f"{tmp_path}/a\\u202eb\n" in shown


def test_the_name_is_asked_for(terminal: Callable[..., Any], registry: Path) -> None:
    """The first command without a name asks a person for it, and takes what is answered."""
    child = terminal("certificate", "self-sign")
    child.expect_exact(QUESTION)
    child.sendline(f"{NAME} imap.example.org")
    status, shown = end(child)
    assert 0 == status
    assert f"{NAME}, imap.example.org" in shown
    assert "asked" not in end(terminal("certificate", "self-sign"))[1]
    assert (registry / "current").exists()


def test_the_machines_name_is_offered(
    terminal: Callable[..., Any], registry: Path, private_etc: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    """The machine's own full name, from its files, is the offer, which an empty answer takes."""
    (tmp_path / "etc/mailname").write_text("mx.example.net\n")
    argv = [*private_etc, sys.executable, "-m", "sslutil", "certificate", "self-sign"]
    child = pexpect.spawn(argv[0], argv[1:], env=environment, encoding="utf-8", timeout=20)
    child.expect_exact(f"{QUESTION} [mx.example.net]: ")
    child.sendline("")
    status, shown = end(child)
    assert (0, True) == (status, "mx.example.net" in shown)
    assert registry.exists()
    assert terminal is not None


def test_a_wrong_answer(terminal: Callable[..., Any], registry: Path) -> None:
    """An answer that is no name is refused as one that was typed, and leaves no trace."""
    child = terminal("certificate", "self-sign")
    child.expect_exact(QUESTION)
    child.sendline("https://mail.example.org/")
    status, shown = end(child)
    assert 2 == status
    assert f"sslutil: hint: sslutil certificate self-sign {NAME}\n" in shown
    assert not registry.exists()


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-C", "ctrl-D"])
def test_nobody_answers(key: str, terminal: Callable[..., Any], registry: Path, tmp_path: Path) -> None:
    """Ctrl-C and ctrl-D at the question end it with status 130, one word, and no trace."""
    before = sorted(tmp_path.rglob("*"))
    child = terminal("certificate", "self-sign")
    child.expect_exact(QUESTION)
    child.send(key)
    status, shown = end(child)
    assert 130 == status
    assert "sslutil: interrupted" in shown
    assert "Traceback" not in shown
    assert before == sorted(tmp_path.rglob("*"))
    assert not registry.exists()


@pytest.mark.parametrize(("typed", "kept"), [("y", False), ("", True), ("n", True), ("\x03", True)])
def test_discarding_is_asked(typed: str, kept: bool, terminal: Callable[..., Any], born: Path) -> None:  # noqa: FBT001
    """A person is asked before a request is discarded: nothing but yes does it, and no is no fault."""
    end(terminal("csr"))
    child = terminal("csr", "--discard", "1")
    child.expect_exact(f"discard request 1 for {NAME}? its key is kept, a certificate may still come (y/n) [n]: ")
    if typed == "\x03":
        child.send(typed)
    else:
        child.sendline(typed)
    status, shown = end(child)
    assert (130 if typed == "\x03" else 0) == status
    assert ("nothing to do: request 1 stays as it is" in shown) == (typed in {"", "n"})
    assert kept != (born / "requests/000001/discarded").exists()


def test_no_question_to_a_program(terminal: Callable[..., Any]) -> None:
    """--json is for programs, and asks nobody, even on a terminal."""
    _, shown = end(terminal("certificate", "self-sign", "--json"))
    assert QUESTION not in shown


def test_no_question_in_a_pipe(sslutil_run: Any, sslutil_call: Any) -> None:  # noqa: ANN401  Run and Call
    """Without a terminal nobody is asked."""
    for run in (sslutil_run, sslutil_call):
        result = run("certificate", "self-sign", "--dry-run", stdin=f"{NAME}\n")
        assert QUESTION not in result.stdout + result.stderr


@pytest.mark.usefixtures("born")
def test_columns_on_a_narrow_terminal(terminal: Callable[..., Any]) -> None:
    """Columns that do not fit give their long one away to a line of its own."""
    _, wide = end(terminal("history", columns=200, NO_COLOR=""))
    _, narrow = end(terminal("history", columns=60, NO_COLOR=""))
    assert re.search(r"self-sign .* first certificate +in force", wide)
    assert re.search(r"self-sign .* in force\n    first certificate\n", narrow)


@pytest.mark.usefixtures("born")
def test_cards(terminal: Callable[..., Any]) -> None:
    """A card has a frame, within the terminal's width whatever that is, and what it says is all there."""
    for columns in (60, 80, 200):
        _, shown = end(terminal("certificate", "show", columns=columns))
        plain = re.sub("\x1b.*?m", "", shown)
        head, *card = plain.splitlines()
        assert head.startswith("generation 1 is in force")
        assert {columns} == {len(line) for line in card}
        assert ("╭", "╰") == (card[0][0], card[-1][0])
        fingerprint = re.sub(r"[│\s]", "", plain).partition("SHA-256fingerprint:")[2]
        assert re.match(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", fingerprint)
    _, shown = end(terminal("certificate", "show", TERM="dumb"))
    assert "╭" not in shown
