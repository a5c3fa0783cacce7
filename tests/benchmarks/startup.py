"""What a command costs, against the floor that Python sets and against openssl: run by hand, never a test.

Usage: python tests/benchmarks/startup.py [PAIRS]. Each figure is the median over pairs of runs, one of each after the
other, of the processor time of the whole process. Only Python, this package and openssl are needed.
"""

from __future__ import annotations

import compileall
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "sslutil"
NAME = "mail.example.org"
MEBIBYTE = 1024
"""In the KiB of getrusage(2)."""


@dataclass(frozen=True)
class Cost:
    """What one process cost."""

    seconds: float
    peak: float
    """Resident memory, MiB."""


@dataclass(frozen=True)
class Budget:
    """One line of the answer."""

    name: str
    what: str
    ours: list[str]
    floor: list[str]
    most: float
    """How many times the floor."""


def measure(argv: list[str]) -> Cost:
    """Run a program to its end; RuntimeError where it fails."""
    null = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SSLUTIL_"))}
    child = os.posix_spawnp(argv[0], argv, environment, file_actions=null)
    _, status, usage = os.wait4(child, 0)
    if status:
        message = f"status {os.waitstatus_to_exitcode(status)}: {argv}"
        raise RuntimeError(message)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEBIBYTE)


def compare(budget: Budget, pairs: int, registry: Path) -> str:
    """Return the line of one budget."""
    ratios, ours, floors, peak = [], [], [], 0.0
    for _ in range(pairs):
        shutil.rmtree(registry, ignore_errors=True)
        mine, floor = measure(budget.ours), measure(budget.floor)
        ratios.append(mine.seconds / floor.seconds)
        ours.append(mine.seconds)
        floors.append(floor.seconds)
        peak = max(peak, mine.peak)
    ratio = statistics.median(ratios)
    verdict = "" if ratio <= budget.most else "  OVER"
    times = f"{statistics.median(ours) * 1000:6.1f} ms : {statistics.median(floors) * 1000:6.1f} ms"
    judged = f"{ratio:5.2f} times (budget {budget.most:g}){verdict}"
    return f"{budget.name:3} {budget.what:34} {times}  {peak:.1f} MiB  {judged}"


def budgets(folder: Path) -> list[Budget]:
    """Return what is measured."""
    ours = [sys.executable, "-m", "sslutil", "--registry-path", str(folder / "registry")]
    sign = [*ours, "certificate", "self-sign", NAME]
    click, x509 = ([sys.executable, "-I", "-c", f"import {module}"] for module in ("click", "cryptography.x509"))
    return [
        Budget("P1", "self-sign, against cryptography", sign, x509, 1.25),
        Budget("P1", "csr, against cryptography", [*ours, "csr", NAME], x509, 1.25),
        Budget("P1", "self-sign, against openssl", sign, _openssl(folder, "ec", "ec_paramgen_curve:P-256"), 15),
        Budget("P2", "--help, against click", [*ours, "--help"], click, 1.25),
        Budget("P2", "--version, against click", [*ours, "--version"], click, 1.25),
        Budget(
            "P4",
            "RSA-2048, against openssl",
            [*sign, "--key-type", "rsa2048"],
            _openssl(folder, "rsa", "rsa_keygen_bits:2048"),
            1.0,
        ),
    ]


def _openssl(folder: Path, kind: str, option: str) -> list[str]:
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    return ["openssl", "req", "-x509", "-newkey", kind, "-pkeyopt", option, "-nodes", *names, *files]


def main() -> None:
    """Print a line for each budget; P3 is the memory in them: 34 MiB at most, help 16 MiB."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    compileall.compile_dir(PACKAGE, quiet=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for budget in budgets(folder):
            print(compare(budget, pairs, folder / "registry"), flush=True)


if __name__ == "__main__":
    main()
