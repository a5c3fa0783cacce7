"""The wizard as a person has it: typed through a pseudo-terminal, to the end or to ctrl-C."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from tests.cli.conftest import NAME
from tests.stories.transcript import state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Call, Run

QUESTIONS = (
    "names that users type",
    "who signs the certificate",
    "TLS profile",
    "port of https",
    "port of plain http",
    "what plain http does",
    "certificates of clients",
    "servers to write configuration for",
)
"""In their order, where everything is kept."""
IN_FORCE = "put this in force (yes/no/back): "


@pytest.fixture
def wizard(environment: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Start the wizard on a terminal: (*argv, columns=80)."""

    def start(*argv: str, columns: int = 80) -> Any:  # noqa: ANN401  pexpect is generic in its stubs only
        return pexpect.spawn(
            sys.executable,
            ["-m", "sslutil", *(argv or ("configure",))],
            env={**environment, "TERM": "xterm-256color"},
            cwd=str(tmp_path),
            dimensions=(50, columns),
            encoding="utf-8",
            timeout=20,
        )

    return start


def type_in(child: Any, question: str, typed: str) -> str:  # noqa: ANN401  see above
    """Wait for a question, type an answer, and return its offer."""
    child.expect(re.escape(question) + r"(?: \[(.*?)\])?: $")
    child.sendline(typed)
    return child.match[1] or ""


def end(child: Any) -> tuple[int, str]:  # noqa: ANN401  see above
    """Return status and screen of a command that ends by itself."""
    child.expect(pexpect.EOF)
    shown = re.sub("\x1b.*?m", "", str(child.before)).replace("\r\n", "\n")
    child.close()
    assert child.signalstatus is None
    return int(child.exitstatus), shown


def test_the_first_set_up(wizard: Callable[..., Any], registry: Path) -> None:
    """From nothing to a certificate, with a mistake, a question mark and a way back in between."""
    child = wizard()
    type_in(child, QUESTIONS[0], "https://mail.example.org/")
    child.expect_exact("is a URL")
    type_in(child, QUESTIONS[0], NAME)
    type_in(child, QUESTIONS[1], "?")
    child.expect_exact("an authority's certificate makes no browser warn")
    assert "self-signed" == type_in(child, QUESTIONS[1], "")
    assert "intermediate" == type_in(child, QUESTIONS[2], "modern")
    type_in(child, QUESTIONS[3], "back")
    assert "modern" == type_in(child, QUESTIONS[2], "")
    for question, typed in zip(QUESTIONS[3:], ("8384", "8383", "redirect", "", ""), strict=True):
        type_in(child, question, typed)
    child.expect_exact(IN_FORCE)
    assert not registry.exists()
    child.sendline("yes")
    status, shown = end(child)
    assert 0 == status
    assert "configured the web server" in shown
    assert f"https://{NAME}:8384/" in shown
    settings = (registry / "current/settings.toml").read_text()
    assert all(line in settings for line in ("https_port = 8384", 'plain_http = "redirect"', 'protocols = ["TLSv1.3"]'))


@pytest.mark.usefixtures("born")
def test_a_change(wizard: Callable[..., Any], registry: Path) -> None:
    """The present values are offered, the difference is shown, and one generation comes of it."""
    child = wizard()
    offers = [type_in(child, question, "8443" if question == QUESTIONS[3] else "") for question in QUESTIONS]
    assert [NAME, "self-signed", "intermediate", "443", "80", "offer", "off", "apache"] == offers
    child.expect_exact("-https_port = 443\r\n+https_port = 8443\r\n")
    child.expect_exact(IN_FORCE)
    child.sendline("yes")
    assert 0 == end(child)[0]
    assert {"000001", "000002"} == {path.name for path in (registry / "generations").iterdir()}


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["ctrl-C", "ctrl-D"])
@pytest.mark.parametrize("answered", [0, 3, len(QUESTIONS)])
def test_no_trace(key: str, answered: int, wizard: Callable[..., Any], born: Path, tmp_path: Path) -> None:
    """Ctrl-C and ctrl-D end it anywhere, with status 130, one word, and not a byte changed."""
    before = state_of(tmp_path)
    child = wizard()
    for question in QUESTIONS[:answered]:
        type_in(child, question, "8443" if question == QUESTIONS[3] else "")
    child.expect_exact([*QUESTIONS, IN_FORCE][answered])
    child.send(key)
    status, shown = end(child)
    assert 130 == status
    assert "sslutil: interrupted" in shown
    assert "Traceback" not in shown
    assert before == state_of(tmp_path)
    assert born.exists()


def test_no_trace_of_a_first_one(wizard: Callable[..., Any], registry: Path) -> None:
    """Where nothing was in force, nothing is made either."""
    child = wizard()
    type_in(child, QUESTIONS[0], NAME)
    child.expect_exact(QUESTIONS[1])
    child.send("\x03")
    assert 130 == end(child)[0]
    assert not registry.exists()


@pytest.mark.usefixtures("born")
def test_the_answer_is_on_stdout(wizard: Callable[..., Any], environment: dict[str, str], tmp_path: Path) -> None:
    """Questions are on stderr: what is piped on is the answer alone."""
    line = f'"{sys.executable}" -m sslutil configure >"{tmp_path}/answer"'
    child = pexpect.spawn("/bin/sh", ["-c", line], env=environment, cwd=str(tmp_path), encoding="utf-8", timeout=20)
    for question in QUESTIONS:
        type_in(child, question, "")
    assert 0 == end(child)[0]
    lines = (tmp_path / "answer").read_text().splitlines()
    assert ["nothing to do: everything stays as it is"] == lines
    assert wizard is not None


@pytest.mark.parametrize(
    "argv", [("configure", "--json"), ("--json", "configure"), ("configure", "--help")], ids=" ".join
)
def test_help_instead(argv: tuple[str, ...], wizard: Callable[..., Any]) -> None:
    """A program and whoever asks for help get the help, even on a terminal."""
    status, shown = end(wizard(*argv))
    assert 0 == status
    assert shown.startswith("Usage: sslutil configure ")
    assert QUESTIONS[0] not in shown


@pytest.mark.parametrize(
    "argv", [("configure",), ("configure", "--registry-path", "/x"), ("configure", "--json")], ids=" ".join
)
def test_not_on_a_terminal(argv: tuple[str, ...], sslutil_call: Call, sslutil_run: Run) -> None:
    """Without a terminal it is the help, which names the commands that do the same, and status 0."""
    for run in (sslutil_call, sslutil_run):
        result = run(*argv, stdin="yes\n")
        assert (0, "") == (result.status, result.stderr)
        text = " ".join(result.stdout.split())
        for words in ("certificate self-sign", "certificate follow", "configure ciphers", "configure ports", "apply"):
            assert words in text


@pytest.mark.usefixtures("born")
def test_options_of_every_change(wizard: Callable[..., Any], registry: Path, tmp_path: Path) -> None:
    """A dry run says what would change and changes nothing; another registry is another registry."""
    before = state_of(registry)
    child = wizard("configure", "--dry-run")
    for question in QUESTIONS:
        type_in(child, question, "8443" if question == QUESTIONS[3] else "")
    type_in(child, IN_FORCE.removesuffix(": "), "yes")
    status, shown = end(child)
    assert (0, True) == (status, "would change: site.https_port: 443 → 8443" in shown)
    assert before == state_of(registry)
    child = wizard("configure", "--registry-path", f"{tmp_path}/other")
    child.expect_exact("nothing is in force yet")
    child.send("\x03")
    assert 130 == end(child)[0]


@pytest.mark.usefixtures("born")
def test_no_line_is_cut(wizard: Callable[..., Any]) -> None:
    """What is said in sentences is folded between words."""
    child = wizard(columns=60)
    child.expect_exact(QUESTIONS[0])
    words = str(child.before).replace("\r\n", "\n")
    assert max(len(line) for line in words.splitlines() if "/" not in line) <= 60
    child.send("\x03")
    assert 130 == end(child)[0]
