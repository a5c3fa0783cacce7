"""Whole sittings, as a person has them: each *.story is run, and every line of it holds."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import accounts
from tests.accounts import REPOSITORY
from tests.stories.transcript import Shell, play, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORIES = sorted(Path(__file__).parent.glob("*.story"))
SECOND_USER = "# Played by an account of its own.\n"
PRIVATE_ETC = "# Played by root, with an /etc of its own.\n"
"""A story that begins so is played where no variable names the registry; the home is its folder."""


@contextmanager
def _stage(request: pytest.FixtureRequest, text: str, folder: Path) -> Iterator[tuple[Path, Shell]]:
    """Give the story's empty folder, and a shell in it with an sslutil on its PATH."""
    program = [sys.executable, "-P", "-m", "sslutil"]
    if text.startswith(SECOND_USER):
        account = request.getfixturevalue("second_user")
        home = account.home / "story"
        home.mkdir(mode=0o755)
        os.chown(home, account.uid, account.gid)
        with accounts.sslutil_for(account) as start, _shell(home, start, {}, user=account.uid, group=account.gid) as it:
            yield home, it
        shutil.rmtree(home)
    elif text.startswith(PRIVATE_ETC):
        with _shell(folder, program, {}, request.getfixturevalue("private_etc")) as it:
            yield folder, it
    else:
        home = folder.parent / "home"
        home.mkdir()
        places = {"HOME": str(home), "SSLUTIL_REGISTRY_PATH": str(folder / "mail")}
        with _shell(folder, program, places) as it:
            yield folder, it


@contextmanager
def _shell(
    folder: Path, program: Sequence[str], places: dict[str, str], before: Sequence[str] = (), **account: int
) -> Iterator[Shell]:
    commands = folder.parent / "bin"
    commands.mkdir(mode=0o755, exist_ok=True)
    script = commands / "sslutil"
    script.write_text(f'#!/bin/sh\nexec env PYTHONPATH="${{PYTHONPATH:-{REPOSITORY}}}" {shlex.join(program)} "$@"\n')
    script.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment = {"PATH": f"{commands}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    shell = Shell(folder, environment | kept | places, before, **account)
    try:
        yield shell
    finally:
        shell.close()


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_is_true(path: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Each command answers what its story says, with that status, and leaves what it says."""
    text = path.read_text(encoding="utf-8")
    folder = tmp_path / "srv"
    folder.mkdir(mode=0o755)
    with _stage(request, text, folder) as (empty, shell):
        assert [] == list(play(text, empty, shell))


def test_there_are_stories() -> None:
    """A glob that finds nothing tests nothing."""
    assert len(STORIES) > 8
    assert all(list(steps_of(path.read_text(encoding="utf-8"))) for path in STORIES)


UNTRUE = (
    "$ echo one\ntwo",
    "$ echo one",
    "$ echo one\none\ntwo",
    "$ false",
    "$ true\n? 3",
    "$ true\n% exists nothing",
    "$ touch file\n% absent file",
    "$ true > file\n$ true > file\n% unchanged file",
    "$ touch -d 2001-02-03 file\n$ touch file\n% unchanged .",
    "$ mkdir a\n$ touch a/b\n% unchanged a",
    "$ touch file\n$ chmod 600 file\n% unchanged file",
    "$ touch file\n% mode 0600 file",
)
TRUE = (
    "$ echo one\n# a remark\none",
    "$ echo one; echo two; echo three\no…e\n…\n…ee",
    "$ cd /usr\n$ pwd\n/usr",
    "$ pwd\n/srv",
    "$ cat << END\n> one\n> END\none",
    "$ exit_with() { return 3; }; exit_with\n? 3",
    "$ umask 077; touch file\n% exists file\n% mode 0600 file\n% absent other",
    "$ touch file other\n$ echo >> other\n% unchanged file",
)


@pytest.mark.parametrize("text", UNTRUE)
def test_an_untrue_story_fails(text: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A story that says other than what is does not pass."""
    folder = tmp_path / "srv"
    folder.mkdir()
    with _stage(request, text, folder) as (empty, shell):
        assert list(play(text, empty, shell))


@pytest.mark.parametrize("text", TRUE)
def test_a_true_story_passes(text: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A story that says what is passes."""
    folder = tmp_path / "srv"
    folder.mkdir()
    with _stage(request, text, folder) as (empty, shell):
        assert [] == list(play(text, empty, shell))


def test_a_story_begins_with_a_command() -> None:
    """What stands before the first command, and is no remark, is a fault of the story."""
    with pytest.raises(ValueError, match="line 2: a story begins with a command"):
        list(steps_of("# A remark.\nwords"))
