"""The Pythons that the room must live in: without any package, and newer than the one that runs the tests."""

from __future__ import annotations

import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sslutil.server.contexts import configure
from sslutil.server.contract import parse_settings
from tests.accounts import REPOSITORY
from tests.server.made import Wanted, make_server, render_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_standard_library_is_all_it_needs() -> None:
    """It is imported by a Python that has no package at all."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import sslutil.server; print(sslutil.server.load.__name__)"
    argv = [sys.executable, "-I", "-S", "-c", program, str(REPOSITORY)]
    assert subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout == "load\n"


class NewContext(ssl.SSLContext):
    """A context with what Python 3.15 adds; it knows two groups, and takes any suite for offered."""

    groups = ""
    suites = ""

    def set_groups(self, groups: str) -> None:
        """As documented for 3.15: a list with colons; an unknown name is an error."""
        if not set(groups.split(":")) <= {"X25519", "prime256v1"}:
            raise ssl.SSLError("no such group")
        self.groups = groups

    def set_ciphersuites(self, ciphersuites: str) -> None:
        """As documented for 3.15: a list with colons."""
        self.suites = ciphersuites

    def get_ciphers(self) -> list[ssl._Cipher]:
        """Those of TLS 1.2, and those that were set."""
        listed = [suite for suite in super().get_ciphers() if suite["protocol"] != "TLSv1.3"]
        for name in self.suites.split(":"):
            suite = listed[0].copy()
            suite["name"], suite["protocol"] = name, "TLSv1.3"
            listed.append(suite)
        return listed


@pytest.mark.parametrize(("groups", "lost"), [(["X25519", "prime256v1"], False), (["X25519", "X25519MLKEM768"], True)])
def test_what_a_newer_python_can_express_is_expressed(tmp_path: Path, groups: list[str], *, lost: bool) -> None:
    """Groups and suites of TLS 1.3 are set in their order; a group that OpenSSL lacks is said."""
    tls = {"groups": groups, "ciphersuites": ["TLS_AES_256_GCM_SHA384"]}
    context = NewContext(ssl.PROTOCOL_TLS_SERVER)
    said = configure(context, parse_settings(render_settings(Wanted((make_server(),), tls=tls)), tmp_path, 1))
    assert context.suites == "TLS_AES_256_GCM_SHA384"
    if lost:
        (sentence,) = said
        assert sentence.startswith(f"tls.groups = {groups}: ")
    else:
        assert (":".join(groups), ()) == (context.groups, said)
