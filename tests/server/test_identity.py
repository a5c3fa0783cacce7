"""Who the client is, by sslutil.server: the verified certificate alone tells, in threads and in asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sslutil import server
from sslutil.server.identity import find_identity, render_name
from tests.server.loopback import SECONDS, make_client_context
from tests.server.made import NAME, MadeRegistry, Wanted, make_authority, make_pair, make_server

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from tests.server.made import Pair

ADDRESS = "anna@example.org"
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


def meet(context: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLSocket:
    """Return the server's side of a connection after its handshake."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(SECONDS)

    def shake() -> None:
        with contextlib.suppress(OSError), client.wrap_socket(theirs, server_hostname=NAME) as secure:
            secure.recv(1)

    threading.Thread(target=shake, daemon=True).start()
    return context.wrap_socket(ours, server_side=True)


def identify(folder: Path, mode: str, shown: Pair | None, authority: Pair) -> server.Identity | None:
    """Return who a client is to a registry that trusts the authority."""
    made = MadeRegistry(folder / "registry", Wanted((make_server(),), mode=mode, ca=authority.pem))
    settings = server.load(made.path)
    with meet(settings.ssl_context(), make_client_context(made.server, shown=shown, folder=folder)) as connection:
        return settings.identity(connection)


@pytest.mark.parametrize("mode", ["optional", "require"])
def test_whole(tmp_path: Path, mode: str) -> None:
    """Address, common name, serial number, issuer and end are those of the certificate."""
    authority = make_authority("Our clients, and others")
    client = make_pair("Anna", issuer=authority, names=("host.example.org", ADDRESS, "x@example.org"), purpose=CLIENT)

    found = identify(tmp_path, mode, client, authority)

    assert found
    assert (ADDRESS, "Anna", r"CN=Our clients\, and others") == (found.address, found.common_name, found.issuer)
    assert client.certificate.serial_number == found.serial_number == int(found.serial, 16)
    assert 0 == len(found.serial) % 2
    assert client.certificate.not_valid_after_utc == found.not_valid_after
    assert found.not_valid_after.tzinfo is UTC


@pytest.mark.parametrize(
    ("names", "address"), [((ADDRESS,), ADDRESS), (("host.example.org",), "host.example.org"), (("192.0.2.7",), "")]
)
def test_address(tmp_path: Path, names: tuple[str, ...], address: str) -> None:
    """An e-mail address goes before a host name; a common name is never taken for either."""
    authority = make_authority()
    client = make_pair("bob@example.org", issuer=authority, names=names, purpose=CLIENT)

    found = identify(tmp_path, "require", client, authority)

    assert found
    assert address == found.address


@pytest.mark.parametrize(("mode", "shows"), [("off", True), ("off", False), ("optional", False)])
def test_nobody(tmp_path: Path, mode: str, shows: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Who was not asked or showed no certificate is nobody."""
    authority = make_authority()
    client = make_pair("Anna", issuer=authority, names=(ADDRESS,), purpose=CLIENT)

    assert identify(tmp_path, mode, client if shows else None, authority) is None


def test_switched_off(tmp_path: Path) -> None:
    """Once client authentication is off, a connection that was verified before names nobody any more."""
    authority = make_authority()
    client = make_pair("Anna", issuer=authority, names=(ADDRESS,), purpose=CLIENT)
    made = MadeRegistry(tmp_path / "registry", Wanted((make_server(),), mode="require", ca=authority.pem))
    settings = server.load(made.path)
    shown = make_client_context(made.server, shown=client, folder=tmp_path)
    with meet(settings.ssl_context(), shown) as connection:
        assert settings.identity(connection)
        made.flip(mode="off", ca=b"")
        assert settings.reload_if_changed()
        assert settings.identity(connection) is None


def test_unverified(tmp_path: Path) -> None:
    """What a context took in unverified, a server's certificate, and no TLS at all are nobody."""
    authority = make_authority()
    made = MadeRegistry(tmp_path / "registry", Wanted((make_server(),), mode="require", ca=authority.pem))
    settings = server.load(made.path)
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    unverified.load_cert_chain(made.folder / "bundle.pem")
    with meet(unverified, make_client_context(made.server)) as connection:
        assert settings.identity(connection) is None
    with socket.create_server(("127.0.0.1", 0)) as plain:
        assert settings.identity(plain) is None
    assert settings.identity(None) is None


def test_other_side(tmp_path: Path) -> None:
    """A client that asks who its server is gets nobody: a server's certificate is no client's."""
    made = MadeRegistry(tmp_path / "registry")
    ours, theirs = socket.socketpair()
    settings = server.load(made.path)

    def serve() -> None:
        with contextlib.suppress(OSError), settings.ssl_context().wrap_socket(theirs, server_side=True) as secure:
            secure.recv(1)

    threading.Thread(target=serve, daemon=True).start()
    with make_client_context(made.server).wrap_socket(ours, server_hostname=NAME) as connection:
        assert connection.getpeercert()
        assert find_identity(connection) is None


def test_asyncio(tmp_path: Path) -> None:
    """The ssl_object of an asyncio transport does as well."""
    authority = make_authority()
    client = make_pair("Anna", issuer=authority, names=(ADDRESS,), purpose=CLIENT)
    made = MadeRegistry(tmp_path / "registry", Wanted((make_server(),), mode="require", ca=authority.pem))
    settings = server.load(made.path)
    shown = make_client_context(made.server, shown=client, folder=tmp_path)

    async def serve() -> str:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found = settings.identity(writer.get_extra_info("ssl_object"))
            told.set_result(found.address if found else "")
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=settings.ssl_context()) as listening:
            port = listening.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=shown, server_hostname=NAME)
            found = await asyncio.wait_for(told, SECONDS)
            writer.close()
            return found

    assert ADDRESS == asyncio.run(serve())


def test_unfinished(tmp_path: Path) -> None:
    """Before the handshake there is no answer, rather than a wrong one."""
    made = MadeRegistry(tmp_path / "registry", Wanted((make_server(),), mode="require", ca=make_authority().pem))
    settings = server.load(made.path)
    ours, theirs = socket.socketpair()
    begun = settings.ssl_context().wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
    with theirs, begun, pytest.raises(ValueError, match="handshake not done"):
        settings.identity(begun)


@pytest.mark.parametrize(
    "attributes",
    [
        ((NameOID.ORGANIZATION_NAME, "x,CN=bob"),),
        ((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, ' #a+b"c\\d<e>f; ')),
        ((NameOID.ORGANIZATIONAL_UNIT_NAME, "#x"), (NameOID.DOMAIN_COMPONENT, "example")),
    ],
)
def test_issuer(tmp_path: Path, attributes: tuple[tuple[x509.ObjectIdentifier, str], ...]) -> None:
    """The name of the authority is written as cryptography writes it (RFC 4514)."""
    authority = make_pair("Our clients", more=attributes)
    client = make_pair("Anna", issuer=authority, names=(ADDRESS,), purpose=CLIENT)

    found = identify(tmp_path, "require", client, authority)

    assert found
    assert authority.certificate.subject.rfc4514_string() == found.issuer


def test_control_characters() -> None:
    """A line break in a name is no line break in a log or a header."""
    assert r"CN=a\0D\0Ab" == render_name([[("commonName", "a\r\nb")]])


def test_older_settings(tmp_path: Path) -> None:
    """A generation that says nothing of an identity means what the contract says; another order is kept."""
    authority = make_authority()
    client = make_pair("Anna", issuer=authority, names=(ADDRESS, "host.example.org"), purpose=CLIENT)
    made = MadeRegistry(tmp_path / "registry", Wanted((make_server(),), mode="require", ca=authority.pem))
    shown = make_client_context(made.server, shown=client, folder=tmp_path)
    file = made.folder / "settings.toml"
    text = file.read_text()
    for more, address in (("", ADDRESS), ('identity = ["dNSName", "uniformResourceIdentifier"]\n', "host.example.org")):
        file.write_text(text + more)
        settings = server.load(made.path)
        with meet(settings.ssl_context(), shown) as connection:
            found = settings.identity(connection)
        assert found
        assert address == found.address


def test_faulty_settings(tmp_path: Path) -> None:
    """What is no list of kinds is a fault, and never nobody's identity."""
    made = MadeRegistry(tmp_path / "registry")
    file = made.folder / "settings.toml"
    file.write_text(f'{file.read_text()}identity = "dNSName"\n')

    with pytest.raises(server.RegistryError, match=r"client_auth\.identity"):
        server.load(made.path)
