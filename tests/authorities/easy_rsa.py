"""easy-rsa: the authority of many small networks, a root alone, which writes a certificate's text before its block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.authorities import Answer, certificates, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAMS = ("/usr/share/easy-rsa/easyrsa",)


def sign(request: Path, folder: Path, names: Sequence[str]) -> Answer:
    """Return the answer of a new authority, which takes the names from the request; `names` only says how many."""
    pki = folder / "pki"

    def easyrsa(*words: str | Path) -> None:
        run(*PROGRAMS, "--batch", f"--pki-dir={pki}", *words, cwd=folder)

    easyrsa("init-pki")
    easyrsa("--use-algo=ec", "--curve=prime256v1", "--req-cn=Easy-RSA CA", "build-ca", "nopass")
    easyrsa("import-req", request, "mail")
    easyrsa("--copy-ext", "sign-req", "server", "mail")
    assert names
    (leaf,) = certificates((pki / "issued/mail.crt").read_bytes())
    (root,) = certificates((pki / "ca.crt").read_bytes())
    return Answer(leaf, (), root)
