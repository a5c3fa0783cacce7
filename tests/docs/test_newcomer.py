"""A newcomer with the README in hand: a real installation, a real Apache, within two minutes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.accounts import REPOSITORY
from tests.docs.pages import blocks
from tests.docs.sandbox import CHECKOUT, PYTHON, Step, play, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.accounts import Account

TWO_MINUTES = 120


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that pip fetches for an installation from a checkout: what a machine with a network would find there."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, REPOSITORY, "hatchling>=1.27,<2"],
        check=True,
        capture_output=True,
        timeout=240,
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    return folder


def without_network(wheels: Path) -> str:
    """Return the lines that stand for the network."""
    return f"export PIP_NO_INDEX=1 PIP_FIND_LINKS={wheels} PIP_DISABLE_PIP_VERSION_CHECK=1\n"


@pytest.mark.full
@pytest.mark.needs("root", "apache2", "curl")
def test_a_newcomer_serves_within_two_minutes(wheels: Path, tmp_path: Path) -> None:
    """As root, typed from the README alone, the installation is real and Apache serves, in less than two minutes."""
    typed = [step for block in blocks() if block.page == "README.md" for step in steps_of(block)]
    real = [
        Step("the real python3, no sslutil", f'ln -sf {PYTHON} "$HOME/../bin/python3"; rm "$HOME/../bin/sslutil"\n'),
        Step("the network", without_network(wheels)),
        Step("the way to /usr/local/bin", 'PATH="/usr/local/bin:$PATH"\n'),
    ]
    begun = time.monotonic()
    done = play([*real, *typed, Step("what it is", 'readlink -f "$(command -v sslutil)"\n')], tmp_path)
    took = time.monotonic() - begun
    faults = [outcome.fault for outcome in done if outcome.fault]
    assert [] == faults, "\n".join(faults)
    assert "/usr/local/lib/sslutil/bin/sslutil" == done[-1].output.strip()
    assert took < TWO_MINUTES


@pytest.mark.full
@pytest.mark.needs("root")
def test_an_ordinary_user_installs_for_itself(
    wheels: Path,
    open_folder: Path,
    second_user: Account,
    run_as: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """The same line, typed by somebody who may not write to /usr/local, installs into the home and makes the site."""
    (line,) = [
        block.text for block in blocks() if block.page == "README.md" and "pip" in block.text and not block.excuse
    ]
    copy_for_everybody([REPOSITORY / name for name in CHECKOUT], open_folder / "checkout")
    copy_for_everybody(list(wheels.iterdir()), open_folder / "wheels")
    (open_folder / "bin").mkdir()
    (open_folder / "bin" / "python3").symlink_to(PYTHON)
    done = run_as(
        second_user,
        ["bash", "-e", "-c", f"cd {open_folder}/checkout\n{without_network(open_folder / 'wheels')}{line}"],
        env={"PATH": f"{open_folder}/bin:/usr/bin:/bin"},
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert (second_user.home / ".local/share/sslutil/current/server.key").is_file()
    assert second_user.home / ".local/lib/sslutil/bin/sslutil" == (second_user.home / ".local/bin/sslutil").readlink()


def copy_for_everybody(paths: Sequence[Path], folder: Path) -> None:
    """Copy files and folders into a folder that everybody may read."""
    folder.mkdir()
    for path in paths:
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder)
