"""Thousands of readings while another process flips `current` as fast as it can and prunes behind itself."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sslutil import server
from tests.accounts import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLIPS = 20
"""So many generations must have been met, or nothing raced."""


@pytest.fixture
def flipping(tmp_path: Path) -> Iterator[Path]:
    """A registry whose generations come and go; only the last five are there at any time."""
    path = tmp_path / "registry"
    program = "import sys; from tests.server.made import flip_for_ever; flip_for_ever(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", program, path], cwd=REPOSITORY, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
        yield path
        assert writer.poll() is None
        writer.kill()


@pytest.mark.parametrize("readings", [500, pytest.param(10_000, marks=pytest.mark.full)])
def test_no_reading_is_torn(flipping: Path, readings: int) -> None:
    """Each load and each context is of one generation; none fails, however often its files are pruned meanwhile."""
    following = server.load(flipping)
    kept = following.ssl_context()
    seen: set[int] = set()
    changes = done = 0
    while done < readings or len(seen) < FLIPS:  # pytest's time limit is the bound
        settings = server.load(flipping)
        settings.ssl_context()  # OpenSSL refuses a key beside another key's certificate
        seen.add(settings.generation)
        changes += following.reload_if_changed()
        done += 1
    assert changes
    assert ssl.CERT_NONE == kept.verify_mode


@pytest.mark.parametrize("readings", [500, pytest.param(10_000, marks=pytest.mark.full)])
def test_bundle_by_its_path_is_never_torn(flipping: Path, readings: int) -> None:
    """One open of current/bundle.pem has key and chain of the same generation, whoever reads it."""
    read: set[bytes] = set()
    done = 0
    while done < readings or len(read) < 3:
        with contextlib.suppress(FileNotFoundError):  # pruned between the link and the file
            read.add((flipping / "current" / "bundle.pem").read_bytes())
        done += 1
    one = flipping.with_name("bundle.pem")
    for text in read:
        one.write_bytes(text)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(one)
    assert len(read) == 3, "the writer has three pairs"
