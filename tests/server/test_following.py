"""A flip of `current`: new connections meet the new generation, open ones go on, a failure changes nothing."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from sslutil import server
from sslutil.errors import MaterialError, RegistryError
from tests.server.loopback import SECONDS, RefusedError, Served, echo, make_client_context, served
from tests.server.made import NAME, make_authority, make_client, make_crl, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.made import MadeRegistry


class Following:
    """A registry, its settings, and one context at work all the while."""

    def __init__(self, made: MadeRegistry) -> None:
        """Load and listen."""
        self.made = made
        self.settings = server.load(made.path)
        self.here = Served(self.settings.ssl_context())

    def flip(self, **changes: object) -> None:
        """Flip, and follow: the context in use is the same object."""
        self.made.flip(**changes)
        assert self.settings.reload_if_changed()

    def client(self, **wishes: str) -> ssl.SSLContext:
        """Return a client that trusts the certificate in force."""
        return make_client_context(self.made.server, **wishes)  # type: ignore[arg-type]


@pytest.fixture
def following(make_registry: Callable[..., MadeRegistry]) -> Iterator[Following]:
    """A generation with a P-256 certificate and the intermediate profile, being served."""
    running = Following(make_registry())
    with served(running.settings.ssl_context()):
        yield running
    running.here.listener.shutdown(socket.SHUT_RDWR)
    running.here.listener.close()


class TestFlips:
    """Each thing that a generation can change."""

    def test_nothing_is_done_without_a_flip(self, following: Following) -> None:
        """False, and the generation stays."""
        assert not following.settings.reload_if_changed()
        assert following.settings.generation == 1

    def test_nothing_is_done_twice(self, following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where another thread has followed the flip before this one had its turn."""
        seen = iter([2, 1])
        monkeypatch.setattr("sslutil.server.settings.read_current", lambda _: next(seen))
        assert not following.settings.reload_if_changed()
        assert following.settings.generation == 1

    def test_values_are_those_of_the_new_generation(self, following: Following) -> None:
        """All attributes move together."""
        following.flip(https_port=8384, plain_http="redirect", names=("webmail.example.org",))
        settings = following.settings
        assert (2, 8384, "redirect") == (settings.generation, settings.https_port, settings.plain_http)
        assert settings.https_url(None, "/") == "https://webmail.example.org:8384/"
        assert following.made.folder == settings.directory

    @pytest.mark.parametrize("key_type", ["p256", "rsa2048", "ed25519"])
    def test_the_certificate_is_the_new_one_alone(self, following: Following, key_type: str) -> None:
        """Of the same key type or another: whoever trusts the old one alone has nothing to talk to."""
        trusts_old = following.client()
        following.flip(servers=(make_server(key_type, number=5),))
        assert following.made.server.der == following.here.greet(following.client()).certificate
        with pytest.raises(ssl.SSLCertVerificationError):
            following.here.greet(trusts_old)

    def test_the_old_key_type_does_not_linger(self, following: Following) -> None:
        """A client that likes the old one better is not given it."""
        likes_old = make_client_context(None, version="TLSv1.2", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
        assert following.made.server.der == following.here.greet(likes_old).certificate
        following.flip(servers=(make_server("rsa2048"),))
        with pytest.raises(RefusedError, match="NO_SHARED_CIPHER"):
            following.here.greet(likes_old)

    def test_an_open_connection_goes_on(self, following: Following) -> None:
        """It keeps what it began with, while the next one has the new certificate."""
        with following.here.connect(following.client()) as before:
            old = following.made.server
            following.flip(servers=(make_server("rsa2048"),), profile="modern")
            assert echo(before) == b"hello"
            assert old.der == before.getpeercert(binary_form=True)
            assert following.made.server.der == following.here.greet(following.client()).certificate

    def test_versions_follow_up_and_down(self, following: Following) -> None:
        """TLS 1.2 goes with the modern profile and comes back with another; the old one brings TLS 1.0."""
        for profile, version, let_in in (
            ("modern", "TLSv1.2", False),
            ("intermediate", "TLSv1.2", True),
            ("intermediate", "TLSv1", False),
            ("old", "TLSv1", True),
            ("modern", "TLSv1", False),
        ):
            following.flip(profile=profile)
            if let_in:
                assert version == following.here.greet(following.client(version=version)).version
            else:
                with pytest.raises(RefusedError):
                    following.here.greet(following.client(version=version))

    def test_suites_follow(self, following: Following) -> None:
        """What is taken off the list is refused at once."""
        one, two = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
        client = following.client(version="TLSv1.2", ciphers=one)
        assert one == following.here.greet(client).cipher
        following.flip(tls={"ciphers": [two]})
        with pytest.raises(RefusedError, match="NO_SHARED_CIPHER"):
            following.here.greet(client)
        following.flip(tls={"ciphers": [one, two]})
        assert one == following.here.greet(client).cipher

    def test_client_authentication_follows_there_and_back(self, following: Following, tmp_path: Path) -> None:
        """Off, required, another CA, a CRL, off again."""
        first, second = make_authority(), make_authority()
        client, stranger = make_client(first), make_client(second)
        bare, ours, other = (
            make_client_context(following.made.server, shown=shown, folder=tmp_path)
            for shown in (None, client, stranger)
        )
        for changes, expected in (
            ({"mode": "require", "ca": first.pem}, [False, True, False]),
            ({"mode": "optional"}, [True, True, False]),
            ({"crl": make_crl(first, client)}, [True, False, False]),
            ({"crl": b"", "ca": second.pem}, [True, False, True]),
            ({"mode": "require"}, [False, False, True]),
            ({"mode": "off"}, [True, True, True]),
        ):
            following.flip(**changes)
            assert expected == [self._is_let_in(following, context) for context in (bare, ours, other)]

    @staticmethod
    def _is_let_in(following: Following, context: ssl.SSLContext) -> bool:
        try:
            following.here.greet(context)
        except RefusedError:
            return False
        return True

    @pytest.mark.parametrize("tickets", [True, False])
    def test_a_session_from_before_gets_nobody_past_client_authentication(
        self, make_registry: Callable[..., MadeRegistry], *, tickets: bool
    ) -> None:
        """A session of TLS 1.2, by ticket or by number, is resumed within its generation only."""
        following = Following(make_registry(tls={"session_tickets": tickets}))
        client = following.client(version="TLSv1.2")
        with following.here.connect(client) as first:  # open all the while: OpenSSL forgets what ends without goodbye
            with following.here.connect(client, session=first.session) as again:
                assert again.session_reused
            following.flip(mode="require", ca=make_authority().pem)
            with pytest.raises(RefusedError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
                following.here.connect(client, session=first.session)
        following.here.listener.close()

    def test_an_undo_is_followed_too(self, following: Following) -> None:
        """`current` can go back to a lower number."""
        first = following.made.server
        following.flip(servers=(make_server("rsa2048"),))
        following.made.point_to("generations/000001")
        assert following.settings.reload_if_changed()
        assert following.settings.generation == 1
        assert first.der == following.here.greet(make_client_context(first)).certificate


class TestWaysIn:
    """The ways in which servers use a context."""

    def test_a_listening_socket_that_was_wrapped_follows(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """http.server's usual way: one wrap, then accept."""
        made = make_registry()
        settings = server.load(made.path)
        plain = socket.create_server(("127.0.0.1", 0))
        with settings.ssl_context().wrap_socket(plain, server_side=True) as listener:
            for _ in range(2):
                assert made.server.der == self._see(listener, made)
                made.flip(servers=(make_server("rsa2048"),))
                assert settings.reload_if_changed()

    @staticmethod
    def _see(listener: ssl.SSLSocket, made: MadeRegistry) -> bytes | None:
        listener.settimeout(SECONDS)
        accepted: list[socket.socket] = []
        thread = threading.Thread(target=lambda: accepted.append(listener.accept()[0]))
        thread.start()
        with socket.create_connection(listener.getsockname(), SECONDS) as plain:
            context = make_client_context(made.server)
            with context.wrap_socket(plain, server_hostname=NAME) as secure:
                thread.join(SECONDS)
                accepted[0].close()
                return secure.getpeercert(binary_form=True)

    def test_asyncio_follows(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """One server, one context, two certificates in turn; the application's protocols are kept."""
        made = make_registry()
        settings = server.load(made.path)
        context = settings.ssl_context()
        context.set_alpn_protocols(["http/1.1"])

        async def see(port: int) -> tuple[bytes, str | None]:
            client = make_client_context(made.server)
            client.set_alpn_protocols(["h2", "http/1.1"])
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=NAME)
            spoken = writer.get_extra_info("ssl_object")
            writer.close()
            await writer.wait_closed()
            return spoken.getpeercert(binary_form=True), spoken.selected_alpn_protocol()

        async def run() -> None:
            async with await asyncio.start_server(
                lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
            ) as here:
                port = here.sockets[0].getsockname()[1]
                for _ in range(2):
                    assert (made.server.der, "http/1.1") == await see(port)
                    made.flip(servers=(make_server("ed25519"),))
                    assert settings.reload_if_changed()

        asyncio.run(asyncio.wait_for(run(), SECONDS))

    def test_every_context_that_was_handed_out_follows(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """And shows the policy of now in its attributes."""
        made = make_registry()
        settings = server.load(made.path)
        contexts = [settings.ssl_context(), settings.ssl_context()]
        made.flip(profile="modern", mode="require", ca=make_authority().pem)
        assert settings.reload_if_changed()
        for context in contexts:
            assert ssl.TLSVersion.TLSv1_3 == context.minimum_version
            assert ssl.CERT_REQUIRED == context.verify_mode

    def test_a_version_that_was_left_out_shows_as_spoken_again(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """The attributes keep nothing of a generation before."""
        made = make_registry(profile="old", tls={"protocols": ["TLSv1", "TLSv1.2"]})
        settings = server.load(made.path)
        context = settings.ssl_context()
        assert context.options & ssl.OP_NO_TLSv1_1
        made.flip(tls={})
        assert settings.reload_if_changed()
        assert not context.options & ssl.OP_NO_TLSv1_1


class TestFailures:
    """A generation that can't be served."""

    def test_a_failed_reload_leaves_the_old_generation_in_use(self, following: Following) -> None:
        """It raises each time until a good one is there; nothing is half taken."""
        good = following.made.server
        following.made.flip(servers=(make_server("rsa2048"),), profile="modern", https_port=8443)
        (following.made.folder / "bundle.pem").write_bytes(make_server("p256", number=3).key_pem + good.pem)
        for _ in range(2):
            with pytest.raises(MaterialError, match=r"000002/bundle\.pem can't be used"):
                following.settings.reload_if_changed()
        assert (1, 443) == (following.settings.generation, following.settings.https_port)
        assert good.der == following.here.greet(make_client_context(good, version="TLSv1.2")).certificate
        following.flip(servers=(good,), profile="intermediate")
        assert following.settings.generation == 3

    def test_a_registry_that_went_away_leaves_the_old_generation_in_use(self, following: Following) -> None:
        """Someone moved it: the answer names the place, and the keys in memory go on serving."""
        following.made.path.rename(following.made.path.with_name("elsewhere"))
        with pytest.raises(RegistryError, match="there is no registry in"):
            following.settings.reload_if_changed()
        assert following.made.server.der == following.here.greet(following.client()).certificate

    def test_threads_may_connect_and_reload_at_once(self, following: Following) -> None:
        """Whichever thread follows the flip, each connection meets a whole generation."""
        pairs = [(make_server("p256", number=number),) for number in range(3)]
        known = {pair.der for (pair,) in [following.made.wanted.servers, *pairs]}
        trusts_any = make_client_context(None)
        seen: list[bytes] = []

        def connect() -> None:
            for _ in range(20):
                following.settings.reload_if_changed()
                seen.append(following.here.greet(trusts_any).certificate)

        threads = [threading.Thread(target=connect) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(30):
            following.made.flip(servers=pairs[number % 3])
        for thread in threads:
            thread.join(SECONDS)
        assert len(seen) == 80
        assert set(seen) <= known
