"""What sslutil writes into settings.toml, and what the docs say of it and of a Python server, is what is done."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING

import pytest

from sslutil.documents.settings_file import render_settings
from sslutil.documents.site_file import parse_site
from sslutil.plan import OLDEST_OPENSSL, make_policy, split_groups
from sslutil.profiles import PROFILES
from sslutil.server.contract import MODES, PLAIN_HTTP, PROTOCOLS, parse_settings
from tests.accounts import REPOSITORY
from tests.server.loopback import SECONDS, make_client_context
from tests.server.made import NAME, make_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.made import MadeRegistry

REFERENCE = (REPOSITORY / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
HOW_TO = (REPOSITORY / "docs" / "how-to" / "python-server.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


class TestReference:
    """docs/reference/settings.md."""

    def test_its_example_is_read(self, tmp_path: Path) -> None:
        """Every key of it means something to the reader."""
        (example,) = blocks(REFERENCE, "toml")
        contents = parse_settings(example, tmp_path, 1)
        assert ("require", "offer") == (contents.client_auth.mode, contents.plain_http)
        lines = example.splitlines(keepends=True)
        optional = {"crl_file", "identity"}
        for number, line in enumerate(lines):
            key = line.partition(" = ")[0]
            if " = " in line and not line.endswith("[\n") and key not in optional:
                with pytest.raises(Exception, match=key):
                    parse_settings("".join(lines[:number] + lines[number + 1 :]), tmp_path, 1)

    def test_each_key_and_value_is_explained(self) -> None:
        """A table row for each key of the example, and every word that a key may hold."""
        (example,) = blocks(REFERENCE, "toml")
        values = tomllib.loads(example)
        tables = (values, *values["certificate"], values["tls"], values["client_auth"])
        for table in tables:
            for key, value in table.items():
                assert isinstance(value, dict) or key == "certificate" or f"| `{key}` |" in REFERENCE
        for word in (*MODES, *PLAIN_HTTP):
            assert f'`"{word}"`' in REFERENCE
        assert all(f"`{protocol}`" in REFERENCE for protocol in PROTOCOLS)


class TestWritten:
    """What sslutil itself writes."""

    @pytest.mark.parametrize("mode", ["off", "optional", "require"])
    @pytest.mark.parametrize("profile", PROFILES)
    def test_what_is_written_is_read(self, tmp_path: Path, profile: str, mode: str) -> None:
        """The writer and the reader of settings.toml mean the same by each key."""
        text = f"""
            version = 1
            [site]
            names = ["mail.example.org", "*.example.net", "192.0.2.1", "2001:db8::1", "bücher.example"]
            https_port = 8384
            http_port = 8383
            [tls]
            profile = "{profile}"
            [client_auth]
            mode = "{mode}"
            ca_files = ["/srv/ca.pem"]
        """
        site = parse_site(text.encode(), "site.toml").site
        policy = make_policy(site)
        groups, _ = split_groups(policy.groups, OLDEST_OPENSSL)
        written = render_settings(site, policy._replace(groups=groups), crl=True)
        read = parse_settings(written, tmp_path, 7)
        assert ("mail.example.org", "*.example.net", "192.0.2.1", "2001:db8::1", "xn--bcher-kva.example") == read.names
        assert (8384, 8383, site.site.plain_http) == (read.https_port, read.http_port, read.plain_http)
        assert (policy.protocols, policy.ciphers) == (read.protocols, read.ciphers)
        assert (policy.ciphersuites, groups) == (read.ciphersuites, read.groups)
        assert (mode, site.client_auth.depth) == (read.client_auth.mode, read.client_auth.depth)
        assert (
            None if mode == "off" else tmp_path / "generations" / "000007" / "client-ca.crl"
        ) == read.client_auth.crl_file


class TestHowTo:
    """docs/how-to/python-server.md."""

    @pytest.mark.parametrize("number", range(3))
    def test_each_short_block_runs(self, make_registry: Callable[..., MadeRegistry], number: int) -> None:
        """As it stands, on a machine that has a registry."""
        made = make_registry()
        with run(blocks(HOW_TO, "python")[number], made) as done:
            _, said = done.communicate(timeout=SECONDS)
        assert (0, b"") == (done.returncode, said)

    def test_the_wsgi_server_serves_and_follows(
        self, make_registry: Callable[..., MadeRegistry], free_port: Callable[[], int]
    ) -> None:
        """As it stands; a flip is met by a later connection."""
        made = make_registry(https_port=free_port())
        (block,) = [block for block in blocks(HOW_TO, "python") if "wsgiref" in block]
        with run(block, made) as web:
            try:
                old = make_client_context(made.server)
                assert b"Hello world!" in ask(made, old)
                made.flip(servers=(make_server("ed25519"),))
                new = make_client_context(made.server)
                assert b"Hello world!" in ask(made, new)
                with pytest.raises(ssl.SSLCertVerificationError):
                    ask_once(made, old)
            finally:
                web.kill()


def run(block: str, made: MadeRegistry) -> subprocess.Popen[bytes]:
    """Start a block of Python on a registry."""
    environment = {"SSLUTIL_REGISTRY_PATH": str(made.path), "PYTHONPATH": str(REPOSITORY)}
    argv = [sys.executable, "-c", block]
    return subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ask(made: MadeRegistry, client: ssl.SSLContext) -> bytes:
    """Return the answer, as soon as there is one that the client trusts: the server starts, and follows by and by."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return ask_once(made, client)
        except OSError:
            assert time.monotonic() < end


def ask_once(made: MadeRegistry, client: ssl.SSLContext) -> bytes:
    """Return the whole answer to one request."""
    with (
        socket.create_connection(("127.0.0.1", made.wanted.https_port), SECONDS) as plain,
        client.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: secure.recv(65536), b""))
