#!/usr/bin/env python3
"""A web mail, small enough to read, that serves what the registry says: http.server and sslutil.server, no more.

    mail_web_server.py [--registry-path PATH] [--bind ADDRESS] [--acme-folder FOLDER]

Plain http offers https, redirects to it or is closed, as plain_http says. A flip is followed by the next connection, or
at once on SIGHUP; open connections go on. SIGTERM and SIGINT end it.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import os
import signal
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import TYPE_CHECKING

from sslutil import server

if TYPE_CHECKING:
    import ssl

HANDSHAKE_SECONDS = 10
GOODBYE_SECONDS = 1
SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
LOGON = '<form method="post" action="/inbox"><label>User <input name="user"></label> <button>Log on</button></form>'
PAGES = {"/": ("Logon", LOGON), "/inbox": ("Inbox", "<ul><li>Welcome to your mail</ul>")}


def main() -> int:
    """Serve until a signal comes; return the exit status."""
    parser = argparse.ArgumentParser(description="A web mail, small enough to read.")
    parser.add_argument("--registry-path", help="default: what is stored for this machine, else /etc/sslutil")
    parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on, default: %(default)s")
    parser.add_argument("--acme-folder", type=Path, help="where challenges of a certificate authority are put")
    options = parser.parse_args()
    # Before any thread is there: each inherits the mask, and so all signals wait for sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        web = WebMail(server.load(options.registry_path), options.bind, options.acme_folder)
    except server.SslutilError as fault:
        return complain(fault)
    status = web.arrange()
    while not status and signal.sigwait(SIGNALS) == signal.SIGHUP:
        web.follow()
        web.arrange()
    web.close()
    return status


def complain(fault: server.SslutilError | OSError) -> int:
    """Say what is wrong, and the command that helps; return the exit status that goes with it."""
    if isinstance(fault, OSError):
        print(f"mail_web_server: error: {fault.strerror}", file=sys.stderr, flush=True)
        return 1
    print(f"mail_web_server: error: {fault.message}", file=sys.stderr, flush=True)
    if fault.hint:
        print(f"mail_web_server: hint: {fault.hint}", file=sys.stderr, flush=True)
    return fault.status


class WebMail:
    """The settings, and a listener for each port that they want."""

    def __init__(self, settings: server.Settings, bind: str, acme_folder: Path | None) -> None:
        """Take the settings; `arrange` listens."""
        self.settings = settings
        self.bind = bind
        self.acme_folder = acme_folder
        self.listeners: dict[str, Listener] = {}
        self.complaint = ""

    def follow(self) -> bool:
        """Take in a new generation if there is one; where it can't be served, say so once and keep the old one."""
        try:
            changed = self.settings.reload_if_changed()
        except server.SslutilError as fault:
            if fault.message != self.complaint:
                complain(fault)
            self.complaint = fault.message
            return False
        self.complaint = ""
        return changed

    def arrange(self) -> int:
        """Listen where the settings want it, and nowhere else; say where, and return 0, or what `complain` does."""
        settings = self.settings
        wanted = {"https": settings.https_port} if settings.enabled else {}
        if settings.plain_http != "closed" or not settings.enabled:
            wanted["http"] = settings.http_port
        for scheme in [name for name, listener in self.listeners.items() if wanted.get(name) != listener.port]:
            self.listeners.pop(scheme).stop()
        try:
            for scheme in [name for name in wanted if name not in self.listeners]:
                context = settings.ssl_context() if scheme == "https" else None
                self.listeners[scheme] = Listener(self, wanted[scheme], context)
        except (server.SslutilError, OSError) as fault:
            return complain(fault)
        for sentence in settings.unsupported:
            print(f"note: {sentence}")
        places = " and ".join(f"{scheme} on port {listener.port}" for scheme, listener in self.listeners.items())
        print(f"generation {settings.generation}: {places}, address {self.bind}", flush=True)
        return 0

    def close(self) -> None:
        """Stop listening."""
        for listener in self.listeners.values():
            listener.stop()


class Listener(ThreadingHTTPServer):
    """One port. Each connection has a thread, and its handshake is made there: a slow client holds up nobody."""

    daemon_threads = True

    def __init__(self, web: WebMail, port: int, context: ssl.SSLContext | None) -> None:
        """Listen, and accept in a thread of its own."""
        self.web = web
        self.port = port
        self.context = context
        self.address_family = socket.AF_INET6 if ":" in web.bind else socket.AF_INET
        try:
            super().__init__((web.bind, port), Page)
        except OSError as fault:
            raise OSError(fault.errno, f"can't listen on {web.bind} port {port}: {fault.strerror}") from fault
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def server_bind(self) -> None:
        """Bind as HTTPServer does, without asking DNS for a name that nobody needs."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.web.bind, self.port

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; it meets the generation of now."""
        connection, address = super().get_request()
        if self.web.follow():
            os.kill(os.getpid(), signal.SIGHUP)  # the main thread opens and closes ports
        return connection, address

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Make the handshake, then answer: in the connection's own thread."""
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE_SECONDS)
        with self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)
            secure.settimeout(GOODBYE_SECONDS)
            with contextlib.suppress(OSError):
                secure.unwrap()  # tells the client that nothing was cut off

    def handle_error(self, _request: object, client_address: tuple[str, int]) -> None:
        """Say in a line why a connection failed: a client without a certificate, a scanner, a phone out of reach."""
        print(f"{client_address[0]}: {sys.exc_info()[1]}", file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Accept no more; open connections go on."""
        self.shutdown()
        self.server_close()


class Page(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    """Seconds that an idle connection is kept."""
    server: Listener

    def do_GET(self) -> None:
        """Answer GET, HEAD and POST: with the way to https where plain http is no place to be, else with a page."""
        settings = self.server.web.settings
        if self.server.context is None and settings.is_acme_challenge(self.path):
            self.send_challenge()
        elif self.server.context is None and settings.enabled and settings.plain_http != "offer":
            self.send_redirect(settings.https_url(self.headers["Host"], self.path))
        else:
            self.read_form()
            self.send_page(*PAGES.get(self.path.partition("?")[0], ("Not found", "")))

    do_HEAD = do_POST = do_GET  # noqa: N815  (http.server's names)

    def read_form(self) -> None:
        """Read and forget: nobody is checked here."""
        length = self.headers.get("Content-Length", "0")
        self.close_connection = self.close_connection or not length.isdecimal()
        self.rfile.read(min(int(length), 65536) if length.isdecimal() else 0)

    def send_redirect(self, address: str | None) -> None:
        """Send the client to https, method and form included (308); 400 where its target is no page."""
        self.close_connection = True
        if address is None:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self.send_response(HTTPStatus.PERMANENT_REDIRECT)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def send_challenge(self) -> None:
        """Answer a certificate authority, which asks in plain http."""
        folder = self.server.web.acme_folder
        challenge = folder / self.path.partition("?")[0].rpartition("/")[2] if folder else None
        if challenge is None or not challenge.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_body(HTTPStatus.OK, "application/octet-stream", challenge.read_bytes())

    def send_page(self, title: str, content: str) -> None:
        """Send a page with its way into or out of secure mode."""
        host, settings = self.headers["Host"], self.server.web.settings
        if self.server.context is None:
            header, footer = link(settings.https_url(host, self.path), "Enter secure mode"), ""
        else:
            header, footer = self.client_name(), link(settings.http_url(host, self.path), "Leave secure mode")
        text = f"<!doctype html><title>{title}</title><p>{header}</p><h1>{title}</h1>{content}<p>{footer}</p>\n"
        self.send_body(HTTPStatus.OK if content else HTTPStatus.NOT_FOUND, "text/html; charset=utf-8", text.encode())

    def client_name(self) -> str:
        """Return whom the client's certificate names, where one was asked for and shown."""
        client = self.server.web.settings.identity(self.connection)
        name = client.common_name if client else ""
        return f"You are {html.escape(name)}, as your certificate says." if name else ""

    def send_body(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        """Send an answer; to HEAD all but its body."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self) -> None:
        """Add HSTS to whatever goes out over https, and only there (RFC 6797, 7.2)."""
        hsts = self.server.web.settings.hsts_header
        if hsts and self.server.context is not None:
            self.send_header("Strict-Transport-Security", hsts)
        super().end_headers()


def link(address: str | None, text: str) -> str:
    """Return a link, or nothing where there is no place to go."""
    return f'<a href="{html.escape(address)}">{text}</a>' if address else ""


if __name__ == "__main__":
    sys.exit(main())
