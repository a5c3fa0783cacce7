"""Keys, certificates and CAs that can't be used."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from sslutil import server
from sslutil.errors import MaterialError, RegistryError
from tests.server.made import MadeRegistry, make_authority, make_crl, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class TestMaterial:
    """Keys, certificates and CAs that can't be used."""

    @pytest.mark.parametrize(
        ("file", "content", "said"),
        [
            ("bundle.pem", b"", "can't be used: "),
            ("bundle.pem", make_server().pem, "can't be used: "),
            ("bundle.pem", make_server().key_pem, "can't be used: "),
            ("bundle.pem", make_server(number=1).key_pem + make_server().pem, "can't be used: key values mismatch"),
            ("client-ca.crt", b"", "can't be used: "),
            ("client-ca.crt", b"nonsense", "can't be used: "),
            ("client-ca.crl", b"", "can't be used: "),
            ("client-ca.crl", make_authority().pem, "holds no certificate revocation list"),
        ],
    )
    def test_the_file_is_named(
        self, make_registry: Callable[..., MadeRegistry], file: str, content: bytes, said: str
    ) -> None:
        """One sentence with its file, a hint, and not a byte of a key."""
        authority = make_authority()
        made = make_registry(mode="require", ca=authority.pem, crl=make_crl(authority))
        server.load(made.path).ssl_context()
        (made.folder / file).write_bytes(content)
        with pytest.raises(MaterialError) as fault:
            server.load(made.path).ssl_context()
        assert fault.value.message.startswith(f"{made.folder / file} {said}")
        assert f"sslutil --registry-path {made.path} apply" == fault.value.hint

    def test_an_encrypted_key_is_refused_without_a_prompt(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """OpenSSL would ask on the server's terminal, and wait."""
        made = make_registry()
        secret = BestAvailableEncryption(b"secret")
        key = made.server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
        (made.folder / "bundle.pem").write_bytes(key + made.server.pem)
        with pytest.raises(MaterialError, match=r"bundle\.pem can't be used"):
            server.load(made.path).ssl_context()

    def test_a_missing_key_is_told(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """The settings alone can be read without it: a plain server needs no key."""
        made = make_registry()
        (made.folder / "bundle.pem").unlink()
        settings = server.load(made.path)
        with pytest.raises(RegistryError, match=r"000001/bundle\.pem is missing"):
            settings.ssl_context()

    def test_an_account_that_may_not_read_the_key_learns_of_key_group(self, open_folder: Path) -> None:
        """It can read the settings; the hint gives the key to the server's own group."""
        made = MadeRegistry(open_folder / "registry")
        (made.folder / "bundle.pem").chmod(0)
        with as_an_ordinary_account():
            settings = server.load(made.path)
            with pytest.raises(RegistryError, match=r"can't read .*bundle\.pem: Permission denied") as fault:
                settings.ssl_context()
            assert fault.value.hint.endswith(f"certificate self-sign --key-group {os.getegid()}")


@contextlib.contextmanager
def as_an_ordinary_account() -> Iterator[None]:
    """Root reads everything: be nobody for a while."""
    account = os.geteuid()
    os.seteuid(account or 65534)
    try:
        yield
    finally:
        os.seteuid(account)
