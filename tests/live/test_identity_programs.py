"""Who the client is, as a program is told by CGI, or asks for itself behind gunicorn."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.conftest import go_without
from tests.judges import apache, lighttpd, python_servers
from tests.judges.running import own_folder
from tests.live.fronts import FORGERIES, MODES, apply, make_anna
from tests.server.made import make_authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.fronts import Front

CGI = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
env | sed -n 's/^\\(REMOTE_USER\\|SSL_CLIENT_[A-Z_]*\\|HTTP_X_SSL_[A-Z_]*\\)=/\\1: /p'
"""
"""A program that says who it was told that the client is."""


@pytest.fixture
def script() -> Iterator[Path]:
    """The program, where the web server's own account can run it."""
    with own_folder("cgi") as folder:
        (folder / "who.cgi").write_text(CGI)
        (folder / "who.cgi").chmod(0o755)
        yield folder


def run_apache_cgi(front: Front, folder: Path) -> AbstractContextManager[object]:
    """Run Apache with mod_cgi."""
    module = f'LoadModule cgi_module "{apache.MODULES}/mod_cgi.so"'
    granted = f'<Directory "{folder}">\nRequire all granted\n</Directory>'
    return apache.serving([(front.secure, front.site.host(f'ScriptAlias / "{folder}/"', granted))], outside=module)


def run_lighttpd_cgi(front: Front, folder: Path) -> AbstractContextManager[object]:
    """Run lighttpd with mod_cgi."""
    directives = (f'server.document-root = "{folder}"', 'cgi.assign = ( ".cgi" => "" )')
    block = lighttpd.socket_of(front.secure, *directives, f'include "{front.site.current}/lighttpd.conf"')
    return lighttpd.serving(f'server.modules += ( "mod_cgi" )\n{block}')


CGI_RUNS = {"apache": run_apache_cgi, "lighttpd": run_lighttpd_cgi}


@pytest.mark.needs("apache2", "lighttpd", "openssl")
@pytest.mark.parametrize("export", CGI_RUNS)
@pytest.mark.parametrize("mode", MODES)
def test_cgi(tmp_path: Path, free_port: Callable[[], int], script: Path, mode: str, export: str) -> None:
    """A program of CGI has the verified name as REMOTE_USER, and no client can write it or a header of ours."""
    authority = make_authority("Our clients")
    front = apply(export, tmp_path, free_port, MODES[mode], authority, anna=make_anna(authority))
    named = {"REMOTE_USER": "anna@example.org", "SSL_CLIENT_S_DN_CN": "anna@example.org"}
    shown = {"": {}, "anna": {} if mode == "off" else named}
    if mode == "require":
        del shown[""]
    headers = ["Remote-User: bob", "SSL-Client-S-DN-CN: bob", "SSL_CLIENT_S_DN_CN: bob"]
    theirs = ["HTTP_X_SSL_CLIENT_VERIFY"] if export == "apache" else []
    with CGI_RUNS[export](front, script):
        for forged, (client, expected) in product(FORGERIES, shown.items()):
            answer = front.ask(*headers, *forged, client=client, path="/who.cgi")
            assert 200 == answer.status
            assert expected == {name: value for name, value in answer.headers if name in named}
            assert "bob" not in dict(answer.headers).values()
            verified = [name for name, value in answer.headers if value == "SUCCESS"]
            assert (sorted([*theirs, "SSL_CLIENT_VERIFY"]) if expected else []) == sorted(verified)


APPLICATION = """\
from sslutil import server

settings = server.load({registry!r})


def wsgi(environ, start_response):
    client = settings.identity(environ["gunicorn.socket"])
    body = f"ADDRESS: {{client.address if client else ''}}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
"""A program that asks for itself who the client is."""


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("mode", MODES)
def test_gunicorn(tmp_path: Path, free_port: Callable[[], int], mode: str) -> None:
    """An application behind gunicorn's recipe asks for itself, and the headers of a client change nothing."""
    if find_spec("gunicorn") is None:
        go_without("gunicorn")
    authority = make_authority("Our clients")
    front = apply("gunicorn", tmp_path, free_port, MODES[mode], authority, anna=make_anna(authority))
    shown = {"": "", "anna": "" if mode == "off" else "anna@example.org"}
    if mode == "require":
        del shown[""]
    argv = python_servers.command("gunicorn", front.site.current / "gunicorn.conf.py", front.secure)
    with own_folder("gunicorn") as folder:
        (folder / "application.py").write_text(APPLICATION.format(registry=str(front.site.registry)))
        with python_servers.running(argv, front.secure, folder):
            for client, address in shown.items():
                answer = front.ask(*FORGERIES[0], "Address: bob", "Remote-User: bob", client=client)
                assert (200, [("ADDRESS", address)]) == (answer.status, answer.headers)
