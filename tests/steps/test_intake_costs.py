"""Whatever a stranger packs into a file, reading it costs two seconds and some megabytes, and one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest

from sslutil.errors import MaterialError
from sslutil.steps.intake import read_confined
from tests.crash.soundness import read_tree
from tests.pki.authorities import make_authority
from tests.pki.intake.hostile import HOSTILE, many_certificates, patient_pkcs12

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Call

SECONDS = 4
"""Of computing, twice what is spent at most; on an idle machine that is wall clock, and a busy one is no fault here."""
LONGEST = 30
"""Seconds of wall clock, however busy the machine is."""
MEBIBYTES = 64
"""Beyond what an honest file takes, for parent and child each."""
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
print(done.stdout + done.stderr)
"""
SENTENCES = {
    "zip_bomb": "unpacks to more than 4 MiB, and no answer is that large",
    "zip_bomb_that_lies": "leaf.crt can't be unpacked: the archive is damaged",
    "zip_of_ten_mebibytes": "is larger than 4 MiB",
    "zip_of_many": "holds 60000 files, and no answer has more than 200",
    "gzip_bomb": "unpacks to more than 4 MiB, and no answer is that large",
    "tar_with_holes": "unpacks to more than 4 MiB, and no answer is that large",
    "patient_pkcs12": "asks for 1,000,000,000 rounds of its passphrase function",
    "patient_key": "asks for 1,000,000,000 rounds of its passphrase function",
    "many_certificates": "is larger than 4 MiB",
    "deep_der": "1 DER text is no certificate, request or private key",
    "deep_ber": "1 DER text is cut short",
    "deep_pem": "1 certificate is damaged",
    "deep_name": "1 certificate is damaged",
    "many_small": "holds no certificate, request or key that sslutil knows",
    "many_marks": "needs too much memory to be read",
    "many_blank_lines": "needs too much memory to be read",
    "many_bare": "base64 texts are no certificate, request or private key",
    "deep_mail": "is nested more deeply than any answer is",
    "wide_mail": "has more than 200 parts, and no answer has so many",
    "many_below_the_limit": "holds more than 500 certificates, and no answer has so many",
    "rounds_below_the_limit": "takes too long to read",
}
FILES: dict[str, Callable[[], bytes]] = {
    **HOSTILE,
    "many_below_the_limit": lambda: many_certificates(6000),
    "rounds_below_the_limit": lambda: patient_pkcs12(8_000_000),
}


Measure: TypeAlias = "Callable[[bytes], Cost]"


class Cost(NamedTuple):
    """What a command said, and what it took."""

    status: int
    seconds: float
    mebibytes: float
    text: str


@pytest.fixture
def measure(environment: dict[str, str], tmp_path: Path) -> Measure:
    """Import a content by a process of its own, and measure it: a small one, since whoever starts it counts too."""

    def take(content: bytes) -> Cost:
        path = tmp_path / "came"
        path.write_bytes(content)
        argv = [
            sys.executable,
            "-c",
            MEASURE.replace("LONGEST", str(LONGEST)),
            sys.executable,
            "-m",
            "sslutil",
            "certificate",
            "import",
            str(path),
        ]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=90)
        head, _, text = done.stdout.partition("\n")
        status, seconds, kibibytes = head.split()
        return Cost(int(status), float(seconds), int(kibibytes) / 1024, text.replace(str(path), "came").strip())

    return take


@pytest.fixture
def honest(requested: Path, measure: Measure) -> Cost:
    """What an honest file costs, of an authority that this registry has no key for."""
    assert requested.exists()
    return measure(make_authority("Honest"))


@pytest.fixture
def requested(registry: Path, sslutil_call: Call) -> Path:
    """A registry that waits for an answer."""
    assert 0 == sslutil_call("csr", "mail.example.org").status
    return registry


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_costs_little(name: str, honest: Cost, measure: Measure, requested: Path) -> None:
    """Each is refused with its own sentence, in time, within memory, and leaves no trace."""
    before = read_tree(requested)
    cost = measure(FILES[name]())
    assert 6 == cost.status, cost.text
    assert SENTENCES[name] in cost.text
    assert cost.text.startswith("sslutil: error: came ")
    assert len(cost.text) < 500
    assert cost.seconds < SECONDS
    assert cost.mebibytes < honest.mebibytes + MEBIBYTES
    assert before == read_tree(requested)


def test_an_honest_file_is_cheap(honest: Cost) -> None:
    """The twin: it is read, and refused for its key alone."""
    assert "no key of this registry fits" in honest.text
    assert honest.seconds < SECONDS


def test_a_child_that_crashes_is_a_sentence(tmp_path: Path) -> None:
    """Whatever a library does to the child, the file is named, and the hint looks at it."""
    path = tmp_path / "came"
    path.write_bytes(b"")

    def crash() -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    with pytest.raises(MaterialError) as caught:
        read_confined(crash, str(path))
    assert (f"{path} can't be read", f"file {path}") == (caught.value.message, caught.value.hint)


def test_a_pipe_that_nobody_writes_is_no_wait(sslutil_call: Call, tmp_path: Path) -> None:
    """A FIFO is read as what it holds, which is nothing."""
    os.mkfifo(tmp_path / "came")
    refused = sslutil_call("certificate", "import", "came")
    assert 6 == refused.status
    assert "came holds no certificate, request or key that sslutil knows: it is empty" in refused.stderr
