"""From settings to an ssl.SSLContext, and the context that follows a flip."""

from __future__ import annotations

import errno
import os
import ssl
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sslutil.errors import MaterialError, RegistryError, command

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sslutil.server.contract import Contents

TLS13 = "TLSv1.3"
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    TLS13: ssl.TLSVersion.TLSv1_3,
}
"""From the oldest to the newest."""
LEGACY = ("TLSv1", "TLSv1.1")
"""Both sign with SHA-1, which OpenSSL 3 takes at security level 0 only."""
SWITCHED_OFF = {
    "TLSv1.1": ssl.OP_NO_TLSv1_1,
    "TLSv1.2": ssl.OP_NO_TLSv1_2,
}
"""How a version between the lowest and the highest is left out."""
TICKETS = 2
"""What OpenSSL sends by default in TLS 1.3."""
OPENSSL_CONF = "the file of `sslutil export openssl-conf`, named by OPENSSL_CONF, sets them"
"""The cure: OpenSSL reads it before Python asks for a context, and what Python can't set stays as it says."""
VERIFY_MODES = {"off": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "require": ssl.CERT_REQUIRED}


def make_context(contents: Contents) -> ssl.SSLContext:
    """Return a context for a server with key, certificates and policy of one generation; it follows no flip.

    Raises FileNotFoundError where a file has gone, MaterialError where one can't be used, RegistryError where one
    can't be read or the policy means nothing to this OpenSSL.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    configure(context, contents)
    # Of two certificates with one key type OpenSSL keeps the one that was loaded last: the first shall hold.
    for certificate in reversed(contents.certificates):
        with _reading(certificate.bundle_file, contents):
            # An empty passphrase: an encrypted key is a fault, not a prompt on the server's terminal.
            context.load_cert_chain(certificate.bundle_file, password="")
    for kind, file in (("x509", contents.client_auth.ca_file), ("crl", contents.client_auth.crl_file)):
        if file:
            with _reading(file, contents):
                context.load_verify_locations(file)
            if not context.cert_store_stats()[kind]:
                what = "certificate" if kind == "x509" else "certificate revocation list"
                raise MaterialError(f"{file} holds no {what}", contents.cure)
    return context


@contextmanager
def _reading(file: Path, contents: Contents) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as fault:
        reason = (fault.reason or "unreadable").replace("_", " ").lower()
        raise MaterialError(f"{file} can't be used: {reason}", contents.cure) from fault
    except FileNotFoundError as gone:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file)) from gone
    except OSError as fault:
        raise RegistryError(f"can't read {file}: {fault.strerror}", _access_cure(contents)) from fault


def _access_cure(contents: Contents) -> str:
    sign = ("sudo", "sslutil", "--registry-path", str(contents.registry_path), "certificate", "self-sign")
    return command(*sign, "--key-group", str(os.getegid()))


def configure(context: ssl.SSLContext, contents: Contents) -> tuple[str, ...]:
    """Give `context` the policy, without key, certificates and CAs; return what can't be expressed, in sentences."""
    _set_protocols(context, contents.protocols)
    lost = [
        _set_ciphers(context, contents),
        _set_ciphersuites(context, contents),
        _set_groups(context, contents.groups),
        _tell_depth(contents),
        _tell_authorities(contents),
    ]
    _switch(context, ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION, on=True)
    _switch(context, ssl.OP_CIPHER_SERVER_PREFERENCE, on=contents.prefer_server_ciphers)
    _switch(context, ssl.OP_NO_TICKET, on=not contents.session_tickets)
    # OP_NO_TICKET alone leaves the stateful ones of TLS 1.3.
    context.num_tickets = TICKETS if contents.session_tickets else 0
    context.verify_mode = VERIFY_MODES[contents.client_auth.mode]
    # The whole chain: a revoked intermediate lets nobody in, as with nginx, HAProxy and Exim.
    flags = context.verify_flags & ~ssl.VERIFY_CRL_CHECK_CHAIN
    context.verify_flags = flags | ssl.VERIFY_CRL_CHECK_CHAIN if contents.client_auth.crl_file else flags
    return tuple(sentence for sentence in lost if sentence)


def _switch(context: ssl.SSLContext, option: int, *, on: bool) -> None:
    context.options = ssl.Options(context.options | option if on else context.options & ~option)


def _set_protocols(context: ssl.SSLContext, protocols: Sequence[str]) -> None:
    lowest, highest = protocols[0], protocols[-1]
    spelt = list(VERSIONS)
    between = spelt[spelt.index(lowest) : spelt.index(highest)]
    # "The lowest of all" is TLS 1.0 in words that Python does not deprecate: OP_NO_SSLv3 stays on.
    minimum = ssl.TLSVersion.MINIMUM_SUPPORTED if lowest == "TLSv1" else VERSIONS[lowest]
    for option in SWITCHED_OFF.values():
        _switch(context, option, on=False)
    left_out = [SWITCHED_OFF[protocol] for protocol in between if protocol not in protocols]
    if not left_out and lowest != "TLSv1.1" and highest not in LEGACY:
        context.minimum_version, context.maximum_version = minimum, VERSIONS[highest]
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = minimum, VERSIONS[highest]
        for option in left_out:
            _switch(context, option, on=True)


def _set_ciphers(context: ssl.SSLContext, contents: Contents) -> str:
    if contents.protocols == (TLS13,):
        return ""
    level = 0 if set(LEGACY) & set(contents.protocols) else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).security_level
    try:
        context.set_ciphers(":".join([f"@SECLEVEL={level}", *contents.ciphers]))
    except ssl.SSLError as fault:
        message = f"tls.ciphers in {contents.file} has none that {ssl.OPENSSL_VERSION} knows"
        raise RegistryError(message, contents.cure) from fault
    offered = [suite["name"] for suite in context.get_ciphers() if suite["protocol"] != TLS13]
    # OpenSSL takes "HIGH" or "ALL" too, for what it thinks fit, and drops without a word what it doesn't know.
    if not offered or not set(offered) <= set(contents.ciphers):
        message = f"tls.ciphers in {contents.file} names no suite, or something else than suites"
        raise RegistryError(message, contents.cure)
    missing = [name for name in contents.ciphers if name not in offered]
    return f"tls.ciphers: this Python's OpenSSL has no {', '.join(missing)}" if missing else ""


def _set_ciphersuites(context: ssl.SSLContext, contents: Contents) -> str:
    asked = list(contents.ciphersuites)
    if TLS13 not in contents.protocols:
        return ""
    if hasattr(context, "set_ciphersuites"):  # Python 3.15
        with suppress(ssl.SSLError):
            context.set_ciphersuites(":".join(asked))
    offered = [suite["name"] for suite in context.get_ciphers() if suite["protocol"] == TLS13]
    same = offered == asked if contents.prefer_server_ciphers else set(offered) == set(asked)
    return "" if same else f"tls.ciphersuites = {asked}: this Python's ssl offers {offered}; {OPENSSL_CONF}"


def _set_groups(context: ssl.SSLContext, groups: Sequence[str]) -> str:
    sentence = f"tls.groups = {list(groups)}: this Python's ssl offers the groups of OpenSSL itself; {OPENSSL_CONF}"
    try:
        if hasattr(context, "set_groups"):  # Python 3.15
            context.set_groups(":".join(groups))
        elif len(groups) == 1:
            context.set_ecdh_curve(groups[0])
        else:
            return sentence
    except (ssl.SSLError, ValueError):
        return sentence
    return ""


def _tell_depth(contents: Contents) -> str:
    if contents.client_auth.mode == "off":
        return ""
    depth = contents.client_auth.depth
    return f"client_auth.depth = {depth}: Python's ssl takes a client's chain of any length, up to one of the CAs"


def _tell_authorities(contents: Contents) -> str:
    if contents.client_auth.mode == "off":
        return ""
    return "client_auth.ca_file: Python's ssl names no CA to clients, so a browser offers every certificate it has"


class FollowingContext(ssl.SSLContext):
    """A server's context that gives each new connection to the generation of now.

    Connections are wrapped by an inner context, one for each generation, so that nothing of an old one, a session in
    its cache included, reaches a new connection: no key type, version, suite or CA can linger. (A callback for the
    server name comes too late for that: OpenSSL has by then taken versions, options and the resumed session from the
    outer context.) This one holds no key: whoever goes around `wrap_socket` and `wrap_bio` gets no handshake, not an
    old one.
    Its attributes show the policy of now; what is set on it is not carried over, but for `set_alpn_protocols`.
    """

    _inner: ssl.SSLContext
    _alpn_protocols: tuple[str, ...] | None = None

    def follow(self, contents: Contents, inner: ssl.SSLContext) -> None:
        """Serve what `make_context(contents)` made to the connections that come from now on."""
        configure(self, contents)
        if self._alpn_protocols is not None:
            inner.set_alpn_protocols(self._alpn_protocols)
        self._inner = inner

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """As ssl.SSLContext's; kept over each flip."""
        self._alpn_protocols = tuple(alpn_protocols)
        self._inner.set_alpn_protocols(self._alpn_protocols)

    def wrap_socket(  # noqa: PLR0913, PLR0917  (ssl.SSLContext's own)
        self,
        sock: socket.socket,
        server_side: bool = False,  # noqa: FBT001, FBT002  (ssl.SSLContext's own)
        do_handshake_on_connect: bool = True,  # noqa: FBT001, FBT002  (the same)
        suppress_ragged_eofs: bool = True,  # noqa: FBT001, FBT002  (the same)
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """As ssl.SSLContext's. A listening socket follows too: it comes back here for each connection it accepts."""
        wrap = super().wrap_socket if _is_listening(sock) else self._inner.wrap_socket
        return wrap(sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002  (ssl.SSLContext's own)
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As ssl.SSLContext's; asyncio comes this way."""
        return self._inner.wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def _is_listening(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError as fault:
        return fault.errno == errno.ENOTCONN
    return False
