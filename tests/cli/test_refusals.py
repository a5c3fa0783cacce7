"""Command lines that can't be taken: one sentence, the command that helps, the status of the table, and no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sslutil.cli import tries
from sslutil.keytypes import KEY_TYPES
from tests.cli.conftest import ARGUMENTS, COMMANDS, NAME, takes
from tests.cli.refusals import assert_can_be_typed, assert_refused, assert_taken

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Call

SIGN = ("certificate", "self-sign")
USAGE = (
    # a word that is no command, and what it was probably meant to be
    (("stauts",), "sslutil status"),
    (("certificate", "self-sgn", NAME), f"sslutil certificate self-sign {NAME}"),
    (("certificate", "renw", "--force"), "sslutil certificate renew --force"),
    (("configure", "port"), "sslutil configure ports"),
    (("regstry-path",), "sslutil registry-path"),
    (("xyzzy",), "sslutil --help"),
    (("export", "sendmail"), "sslutil export --help"),
    (("\x1b[31mred",), "sslutil --help"),
    (("",), "sslutil --help"),
    # options
    ((*SIGN, NAME, "--key-typ", "p256"), f"sslutil certificate self-sign {NAME} --key-type p256"),
    ((*SIGN, NAME, "--key-typ=p256"), f"sslutil certificate self-sign {NAME} --key-type=p256"),
    (("apply", "--dryrun"), "sslutil apply --dry-run"),
    (("status", "--xyzzy"), "sslutil status --help"),
    (("status", "--json=yes"), "sslutil status --json"),
    (("status", "now"), "sslutil status"),
    (("registry-path", "a", "b c"), "sslutil registry-path a"),
    (("apply", "--no-reload", "x", "y"), "sslutil apply --no-reload"),
    (("apply", "--check"), "sslutil apply --dry-run"),
    (("certificate", "import"), "sslutil certificate import answer.zip"),
    (("import",), "sslutil certificate import answer.zip"),
    (
        ("install", "--registry-path", "here", "a.p7b", "b.crt"),
        "sslutil certificate import a.p7b b.crt --registry-path",
    ),
    (("csr", "-o", "x.csr"), "sslutil csr --out x.csr"),
    ((*SIGN, "--", "-d"), "sslutil certificate self-sign -- d"),
    # values
    ((*SIGN, NAME, "--key-type", "p265"), f"sslutil certificate self-sign {NAME} --key-type p256"),
    ((*SIGN, NAME, "--key-type", "RSA-2048"), f"sslutil certificate self-sign {NAME} --key-type rsa2048"),
    ((*SIGN, NAME, "--key-type", ""), f"sslutil certificate self-sign {NAME} --key-type p256"),
    ((*SIGN, "--days", "0"), "sslutil certificate self-sign --days 397"),
    ((*SIGN, "--days", "826"), "sslutil certificate self-sign --days 397"),
    ((*SIGN, "--days", "-1"), "sslutil certificate self-sign --days 397"),
    ((*SIGN, "--days", "1.5"), "sslutil certificate self-sign --days 397"),
    ((*SIGN, "--days", "9" * 5000), None),
    (("configure", "ports", "--https-port", "0"), "sslutil configure ports --https-port 443"),
    (("configure", "ports", "--https-port", "65536"), "sslutil configure ports --https-port 443"),
    (("configure", "ports", "--http-port", "http"), "sslutil configure ports --http-port 80"),
    (("configure", "ports", "--plain-http", "offr"), "sslutil configure ports --plain-http offer"),
    (("configure", "ports", "--hsts-max-age", "99999999999"), "sslutil configure ports --hsts-max-age 0"),
    (("apply", "--wait", "soon"), "sslutil apply --wait 30"),
    (("apply", "--wait", "nan"), "sslutil apply --wait 30"),
    (("apply", "--wait", "-1"), "sslutil apply --wait 30"),
    (("apply", "--wait=3601"), "sslutil apply --wait=30"),
    # names: what they may be is the business of tests/test_names.py; here, what is told
    ((*SIGN, "https://mail.example.org/"), f"sslutil certificate self-sign {NAME}"),
    ((*SIGN, "mail.example.org:443", "imap.example.org"), f"sslutil certificate self-sign {NAME} imap.example.org"),
    ((*SIGN, "a.example,b.example"), "sslutil certificate self-sign a.example b.example"),
    ((*SIGN, "*.*.example.org"), "sslutil certificate self-sign '*.example.org'"),
    (("csr", "mail_1.example.org", "--new-key"), "sslutil csr mail-1.example.org --new-key"),
    ((*SIGN, ""), f"sslutil certificate self-sign {NAME}  # "),
    ((*SIGN, "a" * 64 + ".example"), f"sslutil certificate self-sign {NAME}"),
    ((*SIGN, "mail.example.org\n"), f"sslutil certificate self-sign {NAME}"),
    ((*SIGN, "mail\u202e.example.org"), f"sslutil certificate self-sign {NAME}"),
    ((*SIGN, "*"), f"sslutil certificate self-sign {NAME}  # "),
    # places
    (("registry-path", ""), "sslutil registry-path /etc/sslutil"),
    (("registry-path", "a\nb"), "sslutil registry-path /etc/sslutil"),
    (("registry-path", "C:\\mail"), "sslutil registry-path /etc/sslutil"),
    (("registry-path", "here", "--unset"), "sslutil registry-path --unset"),
    (("registry-path", "there", "--registry-path", "here"), "sslutil registry-path there"),
    (("csr", NAME, "--out", "nowhere/request.csr"), "mkdir -p "),
    (("csr", NAME, "--out", "."), "sslutil csr mail.example.org --out ./FILE"),
)
"""Command lines of status 2, and how the hint begins."""
OTHERS = (
    (3, ("certificate", "renew"), "sslutil certificate self-sign mail.example.org"),
    (3, ("export", "apache"), "sslutil certificate self-sign mail.example.org"),
    (3, ("apply",), "sslutil certificate self-sign mail.example.org"),
    (3, ("rollback",), "sslutil certificate self-sign mail.example.org"),
    (3, ("tlsa",), "sslutil certificate self-sign mail.example.org"),
    (3, ("export", "pem"), "sslutil certificate self-sign mail.example.org"),
    (3, ("export", "pkcs12", "--out", "mail.p12"), "sslutil certificate self-sign mail.example.org"),
    (6, ("certificate", "import", "/dev/null"), ""),
    (6, ("certificate", "import", "nowhere"), "ls -l nowhere"),
    (2, ("certificate", "import", "."), "sslutil certificate import ./FILE"),
    (2, ("certificate", "import", "-", "--key", "-"), "sslutil certificate import FILE --key KEY"),
    (2, ("certificate", "follow"), "sslutil certificate follow --certificate FILE --key FILE"),
    (3, (*SIGN, NAME, "--key-group", "no such group"), "getent group"),
    (4, ("status", "--registry-path", "/dev/null"), "ls -ld /dev/null"),
    (4, (*SIGN, NAME, "--registry-path", "/dev/null"), "ls -ld /dev/null"),
    (4, (*SIGN, NAME, "--registry-path", "/dev/null/x"), "ls -ld /dev/null"),
    (4, (*SIGN, NAME, "--registry-path", "/proc/x"), "ls -ld /proc/x"),
)
IN_FORCE = (
    (3, (*SIGN, "imap.example.org"), "sslutil certificate self-sign imap.example.org --replace"),
    (3, (*SIGN, "--", "imap.example.org"), "sslutil certificate self-sign --replace -- imap.example.org"),
    (3, ("configure", "ports", "--https-port", "80"), "sslutil configure ports --https-port 443 --http-port 80"),
    (3, ("configure", "ports", "--hsts-max-age", "1"), "sslutil configure ports --hsts-max-age 0"),
    (2, ("export", "apache", "--out", "there"), "sslutil export apache --out there --force"),
    (2, ("csr", "--out", "there"), "sslutil csr --out there --force"),
    (2, ("rollback",), "sslutil history"),
    (2, ("rollback", "7"), "sslutil rollback 1"),
    (2, ("export", "pem", "--out", "there"), "sslutil export pem --out there --force"),
    (2, ("export", "pkcs12", "--out", "there"), "sslutil export pkcs12 --out there --force"),
    (6, ("certificate", "import", "there"), "file there"),
    (6, ("certificate", "import", "registry/current/server.crt", "--key", "there"), None),
    (2, ("tlsa", "192.0.2.1"), None),
    (2, ("csr", "--out=folder"), "sslutil csr --out=folder/FILE"),
)
"""What is refused where something is in force, and where there is a file `there`."""


def _ids(rows: tuple[tuple[object, ...], ...]) -> list[str]:
    return [str(number) for number, _ in enumerate(rows)]


@pytest.mark.parametrize(("argv", "hint"), USAGE, ids=_ids(USAGE))
def test_what_was_typed_is_refused(argv: tuple[str, ...], hint: str | None, sslutil_call: Call, tmp_path: Path) -> None:
    """A line that can't be taken is told in one sentence with the better one, and leaves no file behind."""
    before = sorted(tmp_path.rglob("*"))
    _, hints = assert_refused(sslutil_call(*argv), 2)
    assert hints[0].startswith(hint or "")
    assert before == sorted(tmp_path.rglob("*"))


@pytest.mark.parametrize(("status", "argv", "hint"), OTHERS, ids=_ids(OTHERS))
def test_what_can_not_be_done_is_refused(
    status: int, argv: tuple[str, ...], hint: str, sslutil_call: Call, tmp_path: Path
) -> None:
    """What can't be done where nothing is yet says why, and leaves no file behind."""
    before = sorted(tmp_path.rglob("*"))
    _, hints = assert_refused(sslutil_call(*argv), status)
    assert hints[0].startswith(hint)
    assert before == sorted(tmp_path.rglob("*"))


@pytest.mark.usefixtures("born")
@pytest.mark.parametrize(("status", "argv", "hint"), IN_FORCE, ids=_ids(IN_FORCE))
def test_what_would_harm_is_refused(
    status: int, argv: tuple[str, ...], hint: str | None, sslutil_call: Call, tmp_path: Path
) -> None:
    """What would harm what is in force, or a file of somebody's, is refused, and changes no byte."""
    (tmp_path / "there").write_text("somebody's")
    (tmp_path / "folder").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    _, hints = assert_refused(sslutil_call(*argv), status)
    assert hint in {None, hints[0]}
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_option_without_its_value(words: tuple[str, ...], sslutil_call: Call) -> None:
    """An option whose value is missing is answered with a value that it takes."""
    for parameter in COMMANDS[words].params:
        if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False):
            typed = (*words, *ARGUMENTS.get(words, ()), parameter.opts[0])
            message, hints = assert_refused(sslutil_call(*typed), 2)
            assert f"{parameter.opts[0]} needs a value behind it" == message
            assert hints[0].startswith(f"sslutil {' '.join(typed)} ")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_slip_in_each_option(words: tuple[str, ...], sslutil_call: Call) -> None:
    """An option with a letter too many is told by its right name."""
    for parameter in COMMANDS[words].params:
        for option in parameter.opts:
            if option.startswith("--"):
                message, _ = assert_refused(sslutil_call(*words, *ARGUMENTS.get(words, ()), f"{option}z"), 2)
                assert f"did you mean {option}?" in message


@pytest.mark.parametrize("typed", [word for word in tries.COMMANDS if (word,) not in COMMANDS])
def test_first_tries(typed: str, sslutil_call: Call) -> None:
    """What other programs call so is answered with a command that there is."""
    _, hints = assert_refused(sslutil_call(typed, "host.example.org"), 2)
    assert 1 == len(hints)
    meant = tries.COMMANDS[typed]
    assert ("host.example.org" in hints[0]) == (meant.names or bool(meant.file))


@pytest.mark.parametrize("typed", tries.OPTIONS)
def test_options_of_others(typed: str, sslutil_call: Call) -> None:
    """An option of another program is answered with the command that does it, for the names that were typed."""
    _, hints = assert_refused(sslutil_call(typed, "host.example.org"), 2)
    assert ("host.example.org" in hints[0]) == tries.OPTIONS[typed].names


@pytest.mark.parametrize(("typed", "ours"), tries.TWINS.items())
def test_twins(typed: str, ours: str, sslutil_call: Call) -> None:
    """An option of another program, where ours has another name, is answered with ours."""
    words = next(words for words in COMMANDS if takes(words, ours))
    _, hints = assert_refused(sslutil_call(*words, typed), 2)
    assert hints[0].startswith(f"sslutil {' '.join(words)} {ours}")


def test_names_of_other_programs(sslutil_call: Call) -> None:
    """Names in openssl's spelling are taken out of it."""
    for typed in ("DNS:a.example,DNS:b.example", "a.example,b.example", "/CN=a.example,CN=b.example"):
        _, hints = assert_refused(sslutil_call("certificate", "self-sign", "--san", typed), 2)
        assert "sslutil certificate self-sign a.example b.example" == hints[0]


def test_the_hint_is_for_the_same_registry(sslutil_call: Call) -> None:
    """A registry that was named for one command is named in the better one too."""
    for place in (("--registry-path", "/srv/a b"), ("--registry-path=/srv/a",)):
        _, hints = assert_refused(sslutil_call(*place, "init"), 2)
        assert f"sslutil certificate self-sign {NAME} {place[0]}" in hints[0]


def test_each_option_has_an_example() -> None:
    """Whoever typed no value is shown one: each option that takes a value has one that click takes."""
    for words, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False):
                option = parameter.opts[0]
                assert_taken([*words, *ARGUMENTS.get(words, ()), option, tries.EXAMPLES[option]])


def test_the_judge_of_hints_sees_what_is_wrong() -> None:
    """A hint that names no command of ours, or an option that it lacks, is seen."""
    for hint in ("sslutil sing", "sslutil status --now", "sslutil status now", "please be careful", ""):
        with pytest.raises(Exception, match=r".*"):
            assert_can_be_typed(hint)
    for hint in ("sslutil status  # a remark", "sudo -u mail sslutil apply --replace", "sslutil --help", "ls -l /x"):
        assert_can_be_typed(hint)


def test_every_key_type_is_named(sslutil_call: Call) -> None:
    """A key type that there is not is answered with all that there are."""
    message, _ = assert_refused(sslutil_call(*SIGN, NAME, "--key-type", "xyzzy"), 2)
    assert all(key_type in message for key_type in KEY_TYPES)
