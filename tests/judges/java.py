"""Java: keytool reads key stores, as Tomcat, James and Zimbra do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.judges import Verdict, ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.judges import Argument


def judge_pkcs12(file: Path, passphrase: str) -> Verdict:
    """Ask whether Java opens a PKCS#12 and finds a private key in it; the words name it, and show its chain."""
    store: list[Argument] = ["-keystore", file, "-storetype", "PKCS12", "-storepass", passphrase]
    status, words = ask(["keytool", "-list", "-v", *store])
    return Verdict(status == 0 and "PrivateKeyEntry" in words, words)


def judge_key(file: Path, passphrase: str, copy: Path) -> Verdict:
    """Ask whether Java decrypts every key of a PKCS#12: it copies them into a store of its own making, `copy`."""
    source: list[Argument] = ["-srckeystore", file, "-srcstoretype", "PKCS12", "-srcstorepass", passphrase]
    target: list[Argument] = ["-destkeystore", copy, "-deststoretype", "PKCS12", "-deststorepass", passphrase]
    status, words = ask(["keytool", "-importkeystore", "-noprompt", *source, *target])
    return Verdict(status == 0 and copy.exists() and "1 entries successfully imported" in words, words)
