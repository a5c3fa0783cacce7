"""Readers race with commands that flip `current` back to back: a reader that keeps to the rule meets no torn pair."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sslutil import server
from tests.accounts import REPOSITORY
from tests.crash.scenarios import SELF_SIGN
from tests.crash.soundness import certificate_key, public_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.crash.scenarios import Lab

FLIPS = 20
"""So many generations must have been met, or nothing raced."""
CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
FLIPPER = """
import os, sys
from sslutil.cli import main
while os.getppid() == int(sys.argv[1]):
    assert main(["certificate", "renew", "--force", "--new-key"]) == 0
"""


class Flipped:
    """A registry that another process flips."""

    def __init__(self, path: Path, process: subprocess.Popen[bytes]) -> None:
        """Remember both."""
        self.path = path
        self.current = path / "current"
        self.process = process

    def readings(self) -> Iterator[int]:
        """Count from 0 for as long as the other process flips."""
        for number in itertools.count():
            assert self.process.poll() is None, "the flips have ended"
            yield number


@pytest.fixture
def flipped(lab: Lab, environment: Mapping[str, str]) -> Iterator[Flipped]:
    """The registry of a program that renews with a new key as fast as it can, and keeps five generations."""
    lab.done(*SELF_SIGN)
    lab.edit("keep = 10", "keep = 5")
    lab.done("apply")
    with subprocess.Popen(
        [sys.executable, "-c", FLIPPER, str(os.getpid())],
        cwd=REPOSITORY,
        env={**environment, "SSLUTIL_REGISTRY_PATH": str(lab.registry)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as flipper:
        try:
            yield Flipped(lab.registry, flipper)
        finally:
            flipper.kill()


@pytest.mark.parametrize("readings", [1_500, pytest.param(10_000, marks=pytest.mark.full)])
def test_the_server_room_reads_whole_generations(flipped: Flipped, readings: int) -> None:
    """What `sslutil.server` loads is all of one generation, and OpenSSL takes key and certificate as a pair."""
    seen: set[int] = set()
    for done in flipped.readings():  # pytest's time limit is the bound
        settings = server.load(flipped.path)
        if settings.generation not in seen or done % 10 == 0:
            settings.ssl_context()
        seen.add(settings.generation)
        if done >= readings and len(seen) >= FLIPS:
            return


@pytest.mark.parametrize("readings", [1_500, pytest.param(10_000, marks=pytest.mark.full)])
def test_bundle_is_one_pair(flipped: Flipped, readings: int) -> None:
    """One open of current/bundle.pem gives a key and its own certificate."""
    seen: set[bytes] = set()
    for done in flipped.readings():
        with contextlib.suppress(FileNotFoundError):  # pruned between the link and the file
            bundle = (flipped.current / "bundle.pem").read_bytes()
            key, mark, chain = bundle.partition(CERTIFICATE)
            assert public_key(key) == certificate_key(mark + chain)
            seen.add(bundle)
        if done >= readings and len(seen) >= FLIPS:
            return


@pytest.mark.full
def test_two_opens_by_path_meet_a_torn_pair(flipped: Flipped) -> None:
    """Who opens key and certificate one after the other, by the path through `current`, meets a flip between them."""
    for _ in flipped.readings():  # 327 of 101,541 readings were torn, by a prototype; pytest's time limit is the bound
        with contextlib.suppress(FileNotFoundError):
            key = (flipped.current / "server.key").read_bytes()
            chain = (flipped.current / "server.crt").read_bytes()
            if public_key(key) != certificate_key(chain):
                return
