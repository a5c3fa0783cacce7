"""NSS, the library of Firefox and Thunderbird: pk12util imports, certutil lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import Verdict, ask

if TYPE_CHECKING:
    from pathlib import Path


def make_store(folder: Path) -> str:
    """Make an empty store in a folder that is there; return its name for the functions below."""
    store = f"sql:{folder}"
    status, words = ask(["certutil", "-N", "-d", store, "--empty-password"])
    assert status == 0, words
    return store


def judge_pkcs12(file: Path, passphrase: str, store: str) -> Verdict:
    """Ask whether NSS imports a PKCS#12 into the store."""
    status, words = ask(["pk12util", "-i", file, "-d", store, "-W", passphrase, "-K", ""])
    return Verdict(status == 0, words)


def nicknames(store: str) -> str:
    """Return the table of certificates; those whose key is there have a "u" behind their nickname."""
    status, words = ask(["certutil", "-L", "-d", store])
    assert status == 0, words
    return words
