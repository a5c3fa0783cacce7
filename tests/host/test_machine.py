"""What the machine says of itself, from its files alone."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from sslutil.host import machine
from sslutil.host.machine import full_name, installed_version, installed_versions
from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | None]:
    """Give the full name of a machine whose kernel and files say what a test says."""

    def ask(node: str, *, hosts: str = "", hostname: str = "", mailname: str = "") -> str | None:
        for constant, text in (("_HOSTS", hosts), ("_HOST_NAME", hostname), ("_MAIL_NAME", mailname)):
            path = tmp_path / constant
            path.write_text(text, encoding="utf-8")
            monkeypatch.setattr(machine, constant, str(path))
        names = os.uname()
        monkeypatch.setattr(os, "uname", lambda: os.uname_result((names[0], node, *names[2:])))
        return full_name()

    return ask


class TestFullName:
    """The machine's fully qualified name."""

    @pytest.mark.parametrize(
        ("node", "files", "name"),
        [
            ("mail.example.org", {}, "mail.example.org"),
            ("mail", {"hostname": "mail.example.org\n"}, "mail.example.org"),
            ("mail", {"hosts": "127.0.0.1 localhost\n127.0.1.1\tmail.example.org mail # own\n"}, "mail.example.org"),
            ("mail", {"hosts": "127.0.1.1 mail mail.example.org\n"}, "mail.example.org"),
            ("mail", {"hosts": "192.0.2.1 www.example.org www\n192.0.2.2 mail.example.org mail"}, "mail.example.org"),
            ("mail", {"mailname": "example.org\n"}, "example.org"),
            ("mail.example.org", {"mailname": "example.org\n", "hostname": "old.example.org"}, "mail.example.org"),
            ("mail", {"hosts": "127.0.1.1 mail.example.org mail", "mailname": "example.org"}, "mail.example.org"),
            ("mail.local", {"hosts": "127.0.1.1 mail.local mail.example.org"}, "mail.example.org"),
            ("Mail.Example.ORG", {}, "Mail.Example.ORG"),
        ],
    )
    def test_found(self, tell: Callable[..., str | None], node: str, files: dict[str, str], name: str) -> None:
        """The kernel's own name, else that of the files; a domain of mail addresses comes last."""
        assert name == tell(node, **files)

    @pytest.mark.parametrize(
        ("node", "files"),
        [
            ("localhost", {}),
            ("mail", {}),
            ("localhost", {"hosts": "127.0.0.1 localhost localhost.localdomain localhost4.localdomain4\n"}),
            ("localhost", {"hosts": "::1 localhost localhost6.localdomain6\n"}),
            ("localhost.localdomain", {"hostname": "localhost.localdomain\n"}),
            ("LOCALHOST.LOCALDOMAIN", {}),
            ("mail.localhost", {}),
            ("printer.local", {}),
            ("ip-10-0-0-1.eu-west-1.compute.internal", {}),
            ("mail", {"hosts": "192.0.2.1 www.example.org www\n"}),
            ("mail", {"hosts": "# 127.0.1.1 mail.example.org mail\n127.0.1.1 mail # mail.example.org"}),
            ("mail", {"hosts": "mail.example.org\n\n"}),
            ("mail", {"mailname": "example.org other.example.org"}),
            ("mail", {"mailname": "*.example.org"}),
            ("mail.", {"mailname": "."}),
            ("mail.example.org.", {}),
            ("my_host.example.org", {}),
            ("192.0.2.1", {"mailname": "192.0.2.1"}),
            ("", {}),
        ],
    )
    def test_none(self, tell: Callable[..., str | None], node: str, files: dict[str, str]) -> None:
        """What no other machine can reach, and what no certificate can hold, is never chosen."""
        assert tell(node, **files) is None

    def test_no_files(self, tell: Callable[..., str | None], monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine without these files, or with unreadable ones, has no name in them."""
        tell("mail")
        monkeypatch.setattr(machine, "_HOSTS", "/nowhere")
        monkeypatch.setattr(machine, "_HOST_NAME", "/etc")
        monkeypatch.setattr(machine, "_MAIL_NAME", "/bin/sh")

        assert full_name() is None

    def test_never_asks_the_network(self, tell: Callable[..., str | None], monkeypatch: pytest.MonkeyPatch) -> None:
        """No resolver is asked, whatever the files lack."""

        def refuse(*_arguments: object, **_options: object) -> None:
            raise AssertionError

        for name in ("getfqdn", "gethostbyname", "gethostbyaddr", "getaddrinfo", "socket"):
            monkeypatch.setattr(socket, name, refuse)

        assert tell("mail") is None


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Read versions anew: they are read once in a process."""
    installed_version.cache_clear()
    yield
    installed_version.cache_clear()


def look_in(monkeypatch: pytest.MonkeyPatch, program: str, *folders: Path) -> None:
    """Let the version of a program be looked for in these folders only."""
    rows = tuple(
        traces._replace(files=tuple(f"{folder}/{name}" for name in names for folder in folders))
        for traces in machine._TRACES[program]  # noqa: SLF001  where it looks
        for names in [dict.fromkeys(path.rpartition("/")[2] for path in traces.files)]
    )
    monkeypatch.setitem(machine._TRACES, program, rows)  # noqa: SLF001  where it looks


WHAT_THEY_SAY = {
    "apache": ("apache2", "-v"),
    "nginx": ("nginx", "-v"),
    "haproxy": ("haproxy", "-v"),
    "lighttpd": ("lighttpd", "-v"),
    "caddy": ("caddy", "version"),
    "postfix": ("postconf", "-h", "mail_version"),
    "dovecot": ("dovecot", "--version"),
}
"""The command that makes each server say its version."""


class TestVersions:
    """Versions are read from binaries."""

    @pytest.mark.parametrize("program", WHAT_THEY_SAY)
    def test_server(self, program: str) -> None:
        """The version is what the real server says."""
        require(WHAT_THEY_SAY[program][0])
        done = subprocess.run(WHAT_THEY_SAY[program], capture_output=True, text=True, timeout=30, check=True)
        version = re.search(r"[0-9]+\.[0-9]+\.[0-9]+", done.stdout + done.stderr)

        assert version
        assert version[0] == installed_version(program)

    @pytest.mark.parametrize(
        ("program", "name", "content", "version"),
        [
            ("exim", "exim4", b"\0<<eximcnumber>>\x004.96\0<<eximversion>>\0", "4.96"),
            ("exim", "exim", b"\0<<eximcnumber>>\x004.98.2\0<<eximversion>>\0", "4.98.2"),
            ("caddy", "caddy", b"dep\tgithub.com/caddyserver/caddy/v2\tv2.8.4\th1:", "2.8.4"),
            ("caddy", "status", b"\nPackage: caddy\nStatus: x\nVersion: 2.6.2-5\n", "2.6.2"),
        ],
    )
    def test_traces(  # noqa: PLR0913, PLR0917  one row
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, name: str, content: bytes, version: str
    ) -> None:
        """So it stands in the binaries that not every machine has, and in the packager's list."""
        (tmp_path / name).write_bytes(content)
        look_in(monkeypatch, program, tmp_path)

        assert version == installed_version(program)

    @pytest.mark.needs("openssl")
    def test_openssl(self) -> None:
        """The version is that of the library which the machine's programs load."""
        told = subprocess.run(["openssl", "version"], capture_output=True, text=True, timeout=30, check=True).stdout
        library = re.search(r"Library: OpenSSL ([0-9.]+)|^OpenSSL ([0-9.]+)", told)

        assert library
        assert (library[1] or library[2]) == installed_version("openssl")

    @pytest.mark.parametrize(
        ("content", "version"),
        [
            (b"\0Apache/2.4.62 (Unix)\0", "2.4.62"),
            (b"\0Apache/2.4\0Apache/2.\0\0Apache/2.4.9\0", "2.4.9"),
            (b"Apache/2.4.62", "2.4.62"),
            (b"\0Apache/1.3.42\0", None),
            (b"\0nginx/1.26.3\0", None),
            (b"", None),
        ],
    )
    def test_binary(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, version: str | None) -> None:
        """The first whole version in a binary counts; a binary without one has none."""
        (tmp_path / "httpd").write_bytes(content)
        look_in(monkeypatch, "apache", tmp_path)

        assert version == installed_version("apache")

    def test_next_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder in the place of a binary, or a broken link, is passed over."""
        folders = [tmp_path / name for name in "abc"]
        for folder in folders:
            folder.mkdir()
        (folders[0] / "apache2").mkdir()
        (folders[1] / "apache2").symlink_to("nowhere")
        (folders[2] / "apache2").write_bytes(b"Apache/2.4.57\0")
        look_in(monkeypatch, "apache", *folders)

        assert "2.4.57" == installed_version("apache")

    def test_only_what_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program that is not installed is not named."""
        (tmp_path / "libcrypto.so.3").write_bytes(b"OpenSSL 3.5.4 30 Sep 2025\0")
        for program in ("apache", "openssl"):
            look_in(monkeypatch, program, tmp_path)

        assert {"openssl": "3.5.4"} == installed_versions(["apache", "openssl"])
