"""What programs rely on: one JSON object from every command, dry runs that only say, and no byte of a key anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import ARGUMENTS, COMMANDS, NEEDED, provide, takes, write_foreign
from tests.stories.transcript import state_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Call, Run

FIELDS = {"changed", "headline", "registry", "generation", "written", "warnings", "next", "diff"}
TYPED: dict[tuple[str, ...], tuple[str, ...]] = {
    ("registry-path",): ("elsewhere",),
    ("certificate", "self-sign"): ("--days", "90"),
    ("certificate", "renew"): ("--new-key",),
    ("certificate", "csr"): ("--new-key",),
    ("certificate", "import"): NEEDED["certificate", "import"],
    ("certificate", "follow"): NEEDED["certificate", "follow"],
    ("csr",): ("imap.example.org", "--out", "request.csr"),
    ("configure", "ports"): ("--https-port", "8443"),
    ("configure", "ciphers"): NEEDED["configure", "ciphers"],
    ("disable",): (),
    ("enable",): (),
    ("apply",): (),
    ("rollback",): ("1",),
    ("timer", "install"): (),
    ("timer", "remove"): (),
    **{words: typed for words, typed in NEEDED.items() if words[0] == "client-auth"},
}
"""Each changing command, with what makes it change something."""
UNWRITTEN = {("registry-path",), ("timer", "remove")}
"""What root would store for the machine, and what only takes files away."""
ONE_MORE = {("client-auth", "renew")}
"""What makes one more each time, as the word says."""
CHANGING = [words for words in COMMANDS if takes(words, "--dry-run")]


def parse(text: str) -> dict[str, Any]:
    """Return the one object that a text is."""
    answer = json.loads(text)
    assert isinstance(answer, dict)
    return answer


def arrange(words: tuple[str, ...], born: Path, call: Call) -> tuple[str, ...]:
    """Bring the registry where a changing command has something to do; return what is typed behind it."""
    provide(words, born, call)
    if words in {("enable",), ("rollback",)}:
        assert 0 == call("disable").status
    if words == ("timer", "remove"):
        assert 0 == call("timer", "install").status
    if words == ("apply",):
        site = born / "site.toml"
        site.write_text(site.read_text().replace("https_port = 443", "https_port = 8443"))
    return TYPED[words]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_command_answers_with_one_object(words: tuple[str, ...], born: Path, sslutil_call: Call) -> None:
    """--json gives one object with the documented fields, before the verb and after it, and nothing else on stdout."""
    needed = NEEDED.get(words, ())
    if words == ("rollback",):
        assert 0 == sslutil_call("disable").status
    provide(words, born, sslutil_call)
    after, before = sslutil_call(*words, *needed, "--json"), sslutil_call("--json", *words, *needed)
    for result in (after, before):
        answer = parse(result.stdout)
        assert 0 == result.status
        assert set(answer) >= FIELDS
        assert str(born) == answer["registry"]
        assert "" == result.stderr
        assert all(isinstance(answer[name], list) for name in ("written", "warnings", "next"))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_refusal_is_an_object_too(words: tuple[str, ...], sslutil_call: Call) -> None:
    """What click refuses, and what we do, is one object on stdout, with the sentence and the hint of stderr."""
    words = (*words, *ARGUMENTS.get(words, ()))
    lines = [(*words, "--xyzzy", "--json"), ("--json", *words, "--xyzzy"), (*words, "--json", "--registry-path", "\0")]
    for line in lines:
        result = sslutil_call(*line)
        answer = parse(result.stdout)
        assert (2, 2, False) == (result.status, answer["error"]["status"], answer["changed"])
        assert f"sslutil: error: {answer['error']['message']}\n" in result.stderr
        assert all(f"sslutil: hint: {hint}\n" in result.stderr for hint in answer["error"]["hint"].splitlines())


def test_a_refusal_of_the_registry_is_an_object(born: Path, sslutil_call: Call) -> None:
    """Faults of the site and the registry have their status in it; two cures are two lines."""
    (born / "site.toml").write_text((born / "site.toml").read_text().replace("http_port = 80", "http_port = 81"))
    error = parse(sslutil_call("disable", "--json").stdout)["error"]
    assert 3 == error["status"]
    assert 2 == len(error["hint"].splitlines())


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_a_dry_run_changes_nothing(words: tuple[str, ...], born: Path, sslutil_call: Call, tmp_path: Path) -> None:
    """--dry-run says that something would change, by status too, and touches no file."""
    typed = arrange(words, born, sslutil_call)
    before = state_of(tmp_path)
    place = {"SSLUTIL_REGISTRY_PATH": None if words == ("registry-path",) else str(born)}
    result = sslutil_call(*words, *typed, "--dry-run", "--diff", "--json", "--detailed-exitcode", env=place)
    answer = parse(result.stdout)
    assert 10 == result.status
    assert answer["changed"]
    assert [] == answer["written"]
    assert "would" in answer["headline"]
    assert before == state_of(tmp_path)


@pytest.mark.parametrize("words", [words for words in CHANGING if words not in UNWRITTEN | ONE_MORE], ids=" ".join)
def test_a_change_is_told_once(words: tuple[str, ...], born: Path, sslutil_call: Call, tmp_path: Path) -> None:
    """--detailed-exitcode is 10 where something changed, and 0 the second time, which changes no byte."""
    typed = arrange(words, born, sslutil_call)
    result = sslutil_call(*words, *typed, "--detailed-exitcode", "--json")
    assert 10 == result.status
    written = parse(result.stdout)["written"]
    assert written
    assert all((tmp_path / path).exists() for path in written)
    before = state_of(tmp_path)
    again = [word for word in typed if word not in {"--new-key", "--force"} or words[-1] == "csr"]
    second = sslutil_call(*words, *again, "--detailed-exitcode", "--json")
    assert (0, False) == (second.status, parse(second.stdout)["changed"])
    assert before == state_of(tmp_path)


def test_a_difference(born: Path, sslutil_call: Call) -> None:
    """--diff shows each text that changes, old and new, below the answer."""
    result = sslutil_call("configure", "ports", "--https-port", "8443", "--diff")
    for line in ("--- current/settings.toml", "-https_port = 443", "+https_port = 8443", "--- current/site.toml"):
        assert f"\n{line}\n" in result.stdout
    assert "--- " not in sslutil_call("configure", "ports", "--https-port", "443").stdout
    assert born.exists()


def _keys(tmp_path: Path) -> set[str]:
    """Return every line of base64 of every key below a folder."""
    lines: set[str] = set()
    for path in tmp_path.rglob("*"):
        if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
            _, _, rest = path.read_text().partition("PRIVATE KEY-----\n")
            lines.update(rest.partition("-----END")[0].split())
    return lines


def test_no_byte_of_a_key_is_shown(sslutil_call: Call, born: Path, tmp_path: Path) -> None:
    """All commands with all that they can tell, and faults in the key itself, show no line of any key."""
    write_foreign(tmp_path)
    shown = []
    for words in [*COMMANDS, *CHANGING]:
        typed = () if words == ("registry-path",) else TYPED.get(words, ())  # root would store it for the machine
        tell = ("--diff",) if takes(words, "--diff") else ()
        shown += [sslutil_call(*words, *typed, *tell, *how) for how in ((), ("--json",))]
    key = born / "current/server.key"
    damaged = key.read_bytes().replace(b"\n", b"\nx", 1)
    key.write_bytes(damaged)
    for words in COMMANDS:
        tell = ("--diff",) if takes(words, "--diff") else ()
        shown += [sslutil_call(*words, *tell, *how) for how in ((), ("--json",))]
    secrets = _keys(tmp_path) | set(damaged.decode().split())
    told = "".join(result.stdout + result.stderr for result in shown)
    assert len(secrets) > 8
    assert "PRIVATE" not in told
    assert [] == [line for line in secrets if line in told and "-----" not in line and len(line) > 16]
    assert "-----BEGIN CERTIFICATE REQUEST-----" in told


def test_a_fault_of_ours_tells_no_value(sslutil_call: Call, born: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An internal fault is told by its kind and its lines, never by what it says: that may hold a secret."""
    from sslutil.verbs import status

    def fail(_: object) -> None:
        message = "the secret"
        raise LookupError(message)

    monkeypatch.setattr(status, "status", fail)
    result = sslutil_call("status", "--json")
    assert 70 == result.status
    assert "internal: LookupError at " in result.stderr
    assert "secret" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert 70 == parse(result.stdout)["error"]["status"]
    assert born.exists()


def test_control_characters_are_shown_escaped(sslutil_call: Call, born: Path, sslutil_run: Run) -> None:
    """What a file says can't steer a terminal, nor pass for markup."""
    odd = "\\u001b]0;x\\u0007\\u0085\\u202e[bold]red[/bold]"
    (born / "site.toml").write_text((born / "site.toml").read_text().replace('"intermediate"', f'"{odd}"'))
    for result in (sslutil_call("apply"), sslutil_run("status"), sslutil_call("status", "--json")):
        told = result.stdout + result.stderr
        assert not {"\x1b", "\x07", "\x85", "\u202e"} & set(told)
        assert "[bold]" in told
