"""The settings in force, and everything a mail web server does with them."""

from __future__ import annotations

import ssl
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from sslutil.server.addresses import choose_name, is_acme_challenge, parse_target, render_address
from sslutil.server.contexts import FollowingContext, configure, make_context
from sslutil.server.contract import read_current, read_path, read_with
from sslutil.server.identity import find_identity

if TYPE_CHECKING:
    from os import PathLike

    from sslutil.server.contract import Certificate, ClientAuth, Contents
    from sslutil.server.identity import Identity


def load(path: str | PathLike[str] | None = None) -> Settings:
    """Return the settings in force in the registry `path`.

    Without a path: what SSLUTIL_REGISTRY_PATH says, else what was stored for this machine, else /etc/sslutil; never
    what is stored in a home. No key is read. Raises RegistryError.
    """
    registry_path = read_path() if path is None else Path(path).absolute()
    contents, _ = read_with(registry_path, lambda contents: contents)
    return Settings(registry_path, contents)


class Settings:
    """What settings.toml says, and the contexts that follow it; safe to share between threads.

    All values are those of one generation, the one that was in force at `load` or at the last `reload_if_changed` that
    returned True.
    """

    def __init__(self, registry_path: Path, contents: Contents) -> None:
        """Take what `load` read; make one with `load`."""
        self._registry_path = registry_path
        self._contents = contents
        self._changing = threading.RLock()
        self._handed_out: weakref.WeakSet[FollowingContext] = weakref.WeakSet()

    @property
    def generation(self) -> int:
        """The number of the generation."""
        return self._contents.generation

    @property
    def directory(self) -> Path:
        """The generation's directory, absolute, not through `current`."""
        return self._contents.directory

    @property
    def enabled(self) -> bool:
        """Whether https is served at all; if not, plain http alone is, without redirect or offer."""
        return self._contents.enabled

    @property
    def names(self) -> tuple[str, ...]:
        """DNS names as A-labels in lower case, wildcards and IP addresses; the first is the primary."""
        return self._contents.names

    @property
    def https_port(self) -> int:
        """The TCP port of https."""
        return self._contents.https_port

    @property
    def http_port(self) -> int:
        """The TCP port of plain http."""
        return self._contents.http_port

    @property
    def plain_http(self) -> str:
        """One of "offer" (serve, with a link to https), "redirect" (answer 308 to `https_url`) or "closed"."""
        return self._contents.plain_http

    @property
    def hsts_max_age(self) -> int:
        """Seconds; 0 for no header."""
        return self._contents.hsts_max_age

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates, with absolute paths; `ssl_context` loads them."""
        return self._contents.certificates

    @property
    def protocols(self) -> tuple[str, ...]:
        """OpenSSL's names, from the oldest to the newest."""
        return self._contents.protocols

    @property
    def ciphers(self) -> tuple[str, ...]:
        """The suites of TLS 1.2 and below, OpenSSL's names; empty where only TLS 1.3 is spoken."""
        return self._contents.ciphers

    @property
    def ciphersuites(self) -> tuple[str, ...]:
        """The suites of TLS 1.3."""
        return self._contents.ciphersuites

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of the key agreement, OpenSSL's names."""
        return self._contents.groups

    @property
    def prefer_server_ciphers(self) -> bool:
        """Whether the server's order of suites holds, or the client's."""
        return self._contents.prefer_server_ciphers

    @property
    def session_tickets(self) -> bool:
        """Whether a client may resume a session by a ticket."""
        return self._contents.session_tickets

    @property
    def client_auth(self) -> ClientAuth:
        """Whether clients show a certificate, and whose count."""
        return self._contents.client_auth

    @property
    def unsupported(self) -> tuple[str, ...]:
        """What this Python's ssl can't express of the settings, one sentence each; empty where nothing is lost."""
        return configure(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self._contents)

    def ssl_context(self) -> ssl.SSLContext:
        """Return a context for a server, which follows each `reload_if_changed`; see `FollowingContext`.

        Raises MaterialError where key, certificates or CAs can't be used, RegistryError where they can't be read. Where
        the generation was pruned meanwhile, these settings become those in force.
        """
        with self._changing:
            context = FollowingContext(ssl.PROTOCOL_TLS_SERVER)
            try:
                context.follow(self._contents, make_context(self._contents))
                self._handed_out.add(context)
            except FileNotFoundError:
                self._handed_out.add(context)
                self._reload()
            return context

    def reload_if_changed(self) -> bool:
        """Take in the generation in force, if it is another one; return whether it is. One readlink where it is not.

        Connections that are open go on; new ones, through every context of `ssl_context`, meet the new generation.
        Raises RegistryError or MaterialError where it can't be taken: then all stays as it was.
        """
        if read_current(self._registry_path) == self.generation:
            return False
        with self._changing:
            before = self.generation
            if read_current(self._registry_path) != before:
                self._reload()
            return self.generation != before

    def _reload(self) -> None:
        contexts = list(self._handed_out)
        contents, inner = read_with(self._registry_path, lambda new: [make_context(new) for _ in contexts])
        for context, its_inner in zip(contexts, inner, strict=True):
            context.follow(contents, its_inner)
        self._contents = contents

    def identity(self, connection: object) -> Identity | None:
        """Return who the client of a connection is, by the certificate that it showed and TLS verified.

        `connection` is an ssl.SSLSocket, or an ssl.SSLObject as asyncio's `get_extra_info("ssl_object")`. None where no
        certificate was shown, asked for or verified, where client authentication is off, and for anything without TLS.
        Raises ValueError where the handshake is not done yet.
        """
        clients = self.client_auth
        return None if clients.mode == "off" else find_identity(connection, clients.identity)

    def https_url(self, host: str | None, target: str) -> str | None:
        """Return where a plain request goes to: the header `host`, the request's target → "https://name:port/path?query".

        The name is always one of the site's: the header's where it is one of them or fits a wildcard, else the first.
        None where there is no place to go: https is off, all names are wildcards, or the target is none of a page.
        """
        return self._address("https", self.https_port, host, target) if self.enabled else None

    def http_url(self, host: str | None, target: str) -> str | None:
        """Return the address back to plain http, for a page served over https; None where none is offered."""
        return self._address("http", self.http_port, host, target) if self.plain_http == "offer" else None

    def _address(self, scheme: str, port: int, host: str | None, target: str) -> str | None:
        name = choose_name(host, self.names)
        path = parse_target(target)
        return None if name is None or path is None else render_address(scheme, name, port, path)

    def is_acme_challenge(self, target: str) -> bool:
        """Tell whether a certificate authority asks: that is answered in plain http, never redirected."""
        return is_acme_challenge(target)

    @property
    def hsts_header(self) -> str | None:
        """The value of Strict-Transport-Security, for answers over https alone; None for no header."""
        contents = self._contents
        return f"max-age={contents.hsts_max_age}" if contents.enabled and contents.hsts_max_age else None
