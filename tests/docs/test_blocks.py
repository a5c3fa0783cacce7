"""Every command block of README and docs, typed by a reader who believes the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import require
from tests.docs.pages import Block, blocks, blocks_of
from tests.docs.sandbox import Step, is_like, play, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EXCUSED = {
    ("README.md", "installs packages of the distribution"),
    ("README.md", "is what runs this"),
    ("CONTRIBUTING.md", "is what runs this"),
    ("CONTRIBUTING.md", "needs the environment of the tests"),
    ("docs/how-to/adopt-a-certificate.md", "needs certbot's own files"),
    ("docs/how-to/apache.md", "installs packages of the distribution"),
    ("docs/how-to/client-certificates.md", "needs the files of another authority"),
    ("docs/how-to/configure.md", "needs a person who answers"),
    ("docs/how-to/follow-files.md", "needs certbot"),
    ("docs/how-to/golden-images.md", "needs systemd"),
    ("docs/how-to/python-server.md", "needs a server of yours"),
    ("docs/how-to/renewal.md", "needs systemd"),
    ("docs/how-to/renewal.md", "needs certbot"),
    ("docs/how-to/renewal.md", "needs lego"),
    ("docs/how-to/show.md", "needs a mail server"),
    ("docs/how-to/tls-policy.md", "needs a file of TLSRef's"),
}
"""Page and reason of each block that is not run."""
PROGRAMS = ("a2enmod", "apachectl", "curl", "openssl", "groupadd", "runuser")
PAGES = sorted({block.page for block in blocks() if list(steps_of(block))})


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    """Typed from top to bottom, each command of a page succeeds, and answers what the page shows."""
    steps = [step for block in blocks() if block.page == page for step in steps_of(block)]
    require(*(name for name in PROGRAMS if any(name in step.text for step in steps)))
    faults = [done.fault for done in play(steps, tmp_path) if done.fault]
    assert [] == faults, "\n".join(faults)


def test_few_blocks_are_excused() -> None:
    """A block that is not run says why, and is known here."""
    assert {(block.page, block.excuse) for block in blocks() if block.excuse} == EXCUSED


def test_each_command_block_is_marked_in_a_known_way() -> None:
    """A note that no test understands would excuse a block in silence; so would a language that is none of ours."""
    known = [
        block for block in blocks() if not block.note or block.excuse or block.file or block.note == "second terminal"
    ]
    assert [] == [block.place for block in blocks() if block not in known]
    shells = {"bash", "shell", "zsh", "shell-session", "terminal", ""}
    assert [] == [block.place for block in blocks() if block.language in shells]


def test_no_page_of_commands_is_left_out() -> None:
    """The pages that a newcomer types from are among those that are run."""
    assert {"docs/tutorial/first-certificate.md", "docs/how-to/apache.md", "README.md"} <= set(PAGES)


def played(text: str, folder: Path) -> list[str]:
    """Return the faults of a page."""
    steps = [step for block in blocks_of("page.md", text) for step in steps_of(block)]
    return [done.fault for done in play(steps, folder) if done.fault]


TRUE_PAGE = """
```sh
word=kept; cd /tmp
```
```console
$ echo "$word" in $PWD
kept in /tmp
$ printf 'one\\ntwo\\nthree 3\\n'
one
…
three …
$ sh -c 'exit 3'
$ echo $?
3
$ cat <<END
> here
> END
here
```
```toml file: /etc/made/by.toml
x = 1
```
```sh second terminal
echo ready; sleep 100
```
```sh
grep --quiet 'x = 1' /etc/made/by.toml
```
```sh no-run: never
exit 99
```
"""


def test_a_true_page_has_no_fault(tmp_path: Path) -> None:
    """Variables and folders go on, … stands for what varies, files are saved, and a second terminal stays open."""
    assert [] == played(TRUE_PAGE, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nfalse\ntrue\n```",
        "```console\n$ false\n```",
        "```console\n$ echo one\ntwo\n```",
        "```console\n$ printf 'one\\ntwo\\n'\none\n```",
        "```console\n$ false\n$ echo $?\n0\n```",
        "```sh\nexit 0\n```",
        "```sh second terminal\nfalse\n```",
        "```sh\nfalse | cat\n```",
    ],
)
def test_a_page_that_lies_is_seen(text: str, tmp_path: Path) -> None:
    """A failing line, another answer, a line too few, another status, a shell that ends: each is a fault."""
    assert 1 == len(played(text, tmp_path))


def test_a_page_leaves_the_machine_alone(tmp_path: Path) -> None:
    """What a page writes into /etc is not written into the machine's, and its processes end with it."""
    text = "```toml file: /etc/sslutil-docs-test\nx = 1\n```\n```sh\nsleep 987654 &\n```"
    assert [] == played(text, tmp_path)
    from pathlib import Path as Machine

    assert not Machine("/etc/sslutil-docs-test").exists()
    running = [path.read_bytes() for path in Machine("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\x00987654\x00" not in running


def test_a_block_that_is_never_closed_is_an_error() -> None:
    """The rest of a page must not vanish into a block."""
    with pytest.raises(ValueError, match=r"page\.md:1"):
        list(blocks_of("page.md", "```sh\ntrue\n"))


@pytest.mark.parametrize(
    ("expected", "output", "alike"),
    [
        (["a … c"], "a b c\n", True),
        (["a", "…"], "a\n", True),
        (["a", "…", "d"], "a\nb\nc\nd\n", True),
        (["a.c"], "abc\n", False),
        (["a"], "a\nb\n", False),
        (["a", "…", "d"], "a\nb\nc\n", False),
    ],
)
def test_the_ellipsis_stands_for_what_varies(expected: Sequence[str], output: str, alike: bool) -> None:  # noqa: FBT001
    """Inside a line for any text, alone for any lines, and everything else as it stands."""
    assert alike == is_like(expected, output)


def test_a_block_to_read_is_no_step() -> None:
    """A block of another language without a file is only to be read."""
    assert [] == list(steps_of(Block("page.md", 1, "toml", "", "x = 1\n")))
    assert [Step("page.md:1", "x = 1\n", file="a")] == list(steps_of(Block("page.md", 1, "toml", "file: a", "x = 1\n")))
