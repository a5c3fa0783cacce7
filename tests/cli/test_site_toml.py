"""Files in the place of site.toml that can't be taken: where, what and how to mend it; and nothing is made of them."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import NAME
from tests.cli.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Call

HEAD = f'version = 1\n[site]\nnames = ["{NAME}"]\n'
BAD = (
    # text
    (b"version = 1\n\xff", "line 2: not UTF-8 text"),
    (b"\xff\xfev\x00", "line 1: not UTF-8 text"),
    (b"version = 1\n\x00", "not TOML"),
    (b"version = 1\r\n[site\r\n", "not TOML"),
    (b"version = 1\nversion = 1\n", "not TOML"),
    (b"{}", "not TOML"),
    (b"version = " + b"[" * 5000, "nested too deeply"),
    (b"version = 1\na = " + b"{ b = " * 5000, "nested too deeply"),
    # version
    (b"", "version is missing"),
    (b"# nothing\n", "version is missing"),
    (b"version = 2\n", "line 1: version is 1"),
    (b"version = true\n", "line 1: version is 1"),
    (b'# odd\n\nversion = "1"\n', "line 3: version is 1"),
    # keys and tables
    (HEAD.encode() + b"htps_port = 1\n", "line 4: unknown key htps_port; did you mean https_port?"),
    (HEAD.encode() + b"\n\n  xyzzy = 1\n", "line 6: unknown key xyzzy"),
    (HEAD.encode() + b'"hsts max age" = 1\n', "line 4: unknown key hsts max age"),
    (b"version = 1\nhttps_port = 1\n" + HEAD[12:].encode(), "line 2: unknown key https_port; it belongs below [site]"),
    (HEAD.encode() + b"[sites]\nenabled = true\n", "line 4: unknown table sites; did you mean site?"),
    (HEAD.encode() + b"[[tls]]\n", "tls is a table"),
    (b"version = 1\nsite = 1\n", "line 2: site is a table"),
    (b'version = 1\nsite = { names = ["a.example"], port = 1 }\n', "line 2: unknown key port"),
    (HEAD.encode() + b"tls.profil = 1\n", "unknown key"),
    # values
    (HEAD.encode() + b'https_port = "443"\n', 'line 4: https_port is a whole number from 1 to 65535, not "443"'),
    (HEAD.encode() + b"https_port = 443.0\n", "line 4: https_port is a whole number"),
    (HEAD.encode() + b"https_port = true\n", "line 4: https_port is a whole number"),
    (HEAD.encode() + b"https_port = 0\n", "line 4: https_port is a whole number"),
    (HEAD.encode() + b"https_port = " + b"9" * 4000 + b"\n", "line 4: https_port is a whole number"),
    (HEAD.encode() + b"enabled = 1\n", "line 4: enabled is true or false"),
    (HEAD.encode() + b'plain_http = "offr"\n', "line 4: plain_http is one of offer, redirect, closed"),
    (b'version = 1\n[site]\nnames = "a.example"\n', "line 3: names is a list"),
    (b"version = 1\n[site]\nnames = [1]\n", "line 3: names is a list"),
    (b'version = 1\n[site]\nnames = [\n  "a.example",\n  "b_.example",\n]\n', 'line 3: name "b_.example"'),
    (HEAD.encode() + b"[certificate]\nrenew_at = nan\n", "line 5: renew_at is a fraction"),
    (HEAD.encode() + b"[certificate]\nlifetime = 2026-01-01\n", "line 5: lifetime is a whole number"),
    (HEAD.encode() + b'[tls]\nprofile = "moderne"\n', "line 5: profile is one of"),
    (HEAD.encode() + b'[deploy]\nreload = ["systemctl reload apache2"]\n', "line 5: reload"),
    (HEAD.encode() + b'[deploy]\nreload = [["systemctl"]]\n', "line 5: reload"),
    (HEAD.encode() + b'[client_auth]\nmode = "require"\nown_ca = false\n', 'mode = "require" without an authority'),
    (HEAD.encode() + b"https_port = 80\n", "https_port and http_port are both 80"),
    (HEAD.encode() + b'enabled = false\nplain_http = "closed"\n', "would leave users no way in"),
)
GOOD = (
    b"\xef\xbb\xbf" + HEAD.encode(),
    HEAD.replace("\n", "\r\n").encode(),
    HEAD.encode().removesuffix(b"\n"),
    HEAD.encode() + b"[elsewhere]\nanything = [1, { two = 3.0 }]\n",
    b'site = { names = ["mail.example.org"] }\nversion = 1\n',
    b'version = 1\nsite.names = ["mail.example.org"]\n',
    HEAD.encode() + b"[tls]\n",
)


@pytest.mark.parametrize(("content", "told"), BAD, ids=range(len(BAD)))
def test_content_that_can_not_be_taken(
    content: bytes, told: str, sslutil_call: Call, file_of: Callable[[bytes], Path]
) -> None:
    """What is wrong in the file is told with its line and the remedy, by apply and by edits, and nothing is made."""
    path = file_of(content)
    for argv in (("apply",), ("apply", "--dry-run"), ("certificate", "self-sign", NAME)):
        message, _ = assert_refused(sslutil_call(*argv), 3)
        assert message.startswith(str(path))
        assert told in message
        assert len(message) < 500
    assert [path] == list(path.parent.iterdir())
    assert content == path.read_bytes()


@pytest.mark.parametrize("content", GOOD, ids=range(len(GOOD)))
def test_content_that_can_be_taken(content: bytes, sslutil_call: Call, file_of: Callable[[bytes], Path]) -> None:
    """Odd spellings of the same are taken, and not a byte of the file changes."""
    path = file_of(content)
    assert 0 == sslutil_call("apply").status
    assert content == path.read_bytes()


def test_what_is_no_file(sslutil_call: Call, registry: Path) -> None:
    """A folder, a link, a FIFO or a device in the place of the file is told, is not waited for, and not followed."""
    registry.mkdir()
    path = registry / "site.toml"
    elsewhere = registry.parent / "elsewhere.toml"
    elsewhere.write_text(HEAD)
    kinds: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(elsewhere),
        "broken link": lambda: path.symlink_to("nowhere"),
        "FIFO": lambda: os.mkfifo(path),
    }
    for kind, make in kinds.items():
        make()
        message, hints = assert_refused(sslutil_call("apply"), 3)
        assert str(path) in message
        assert [f"ls -ld {path}"] == hints
        path.rmdir() if kind == "folder" else path.unlink()
    assert [] == list(registry.iterdir())


def test_a_huge_file(sslutil_call: Call, registry: Path) -> None:
    """A file without end is given up."""
    registry.mkdir()
    with (registry / "site.toml").open("wb") as file:
        file.truncate(1 << 40)
    message, _ = assert_refused(sslutil_call("apply"), 3)
    assert "is larger than 16 MiB" in message


def test_a_file_that_others_may_write(sslutil_call: Call, file_of: Callable[[bytes], Path]) -> None:
    """Whoever could write the file could choose the commands that root runs."""
    path = file_of(HEAD.encode())
    for mode in (0o666, 0o602, 0o646):
        path.chmod(mode)
        _, hints = assert_refused(sslutil_call("apply"), 3)
        assert [f"chmod go-w {path}"] == hints
    path.chmod(0o644)
    assert 0 == sslutil_call("apply").status


def test_each_half_of_a_file(sslutil_call: Call, registry: Path) -> None:
    """A file that was saved by half is refused, or means the same as the whole, wherever it was cut."""
    lists = 'profile = "modern"\n[deploy]\nexports = []\nkeep = 3\n'
    whole = f'{HEAD}https_port = 8443\nplain_http = "redirect"\n[tls]\n{lists}'.encode()
    registry.mkdir()
    path = registry / "site.toml"
    path.write_bytes(whole)
    assert 0 == sslutil_call("apply").status
    taken = 0
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        result = sslutil_call("apply", "--dry-run", "--detailed-exitcode")
        parsed = None
        with suppress(tomllib.TOMLDecodeError):
            parsed = tomllib.loads(whole[:length].decode())
        if result.status == 0:
            taken += 1
            assert tomllib.loads(whole.decode()) == parsed
        else:
            assert_refused(result, 3)
    assert taken == 1  # without the last line feed


def test_a_broken_file_stops_no_order(sslutil_call: Call, born: Path) -> None:
    """What runs at night works from what is in force, and says what is wrong with the file."""
    for content in (b"", b"\xff", HEAD.encode() + b"x = 1\n"):
        (born / "site.toml").write_bytes(content)
        result = sslutil_call("certificate", "renew", "--force")
        assert 0 == result.status
        assert f"sslutil: warning: {born}/site.toml" in result.stderr
        assert content == (born / "site.toml").read_bytes()
    (born / "site.toml").unlink()
    assert 0 == sslutil_call("certificate", "renew", "--force").status
    assert not (born / "site.toml").exists()
