"""Who the client is, as an application behind each real web server is told: the verified one, and nothing forged."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.conftest import require
from tests.judges import apache, caddy, haproxy, lighttpd, nginx
from tests.live import echo
from tests.live.fronts import FORGERIES, MODES, apply, make_anna
from tests.live.sites import NAME
from tests.server.made import make_authority, make_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.live.fronts import Front
    from tests.server.made import Pair

NOBODY = {"VERIFY": "NONE"}
TELLS = ("apache", "nginx", "haproxy")
"""The web servers that tell who the client is by headers; the others take out what is forged."""
PROGRAMS = {"apache": "apache2"}
SERVERS = [
    pytest.param(name, marks=pytest.mark.needs(PROGRAMS.get(name, name), "openssl"))
    for name in (*TELLS, "lighttpd", "caddy")
]


@pytest.fixture(autouse=True, params=["installed", pytest.param("newer", marks=pytest.mark.full)])
def programs(request: pytest.FixtureRequest) -> None:
    """Whose web server it is: this machine's, or the next Debian's."""
    if request.param == "newer":
        require("debootstrap", "unshare")
        request.getfixturevalue("newer")


def run_apache(front: Front, backend: int) -> AbstractContextManager[object]:
    """Run Apache with mod_proxy."""
    modules = [f'LoadModule {name}_module "{apache.MODULES}/mod_{name}.so"' for name in ("proxy", "proxy_http")]
    proxy = f"ProxyPass / http://127.0.0.1:{backend}/"
    hosts = [
        (front.secure, front.site.host(proxy)),
        (front.plain, front.site.host(proxy, file="apache-plain.conf")),
    ]
    return apache.serving(hosts, outside="\n".join(modules))


def run_nginx(front: Front, backend: int) -> AbstractContextManager[object]:
    """Run nginx with underscores let in, and a location that has headers of its own."""
    current = front.site.current
    own = f"proxy_set_header X-Own 1; include {current}/nginx-identity.conf; proxy_pass http://127.0.0.1:{backend}/;"
    rest = f"""
        server_name {NAME};
        underscores_in_headers on;
        location / {{ proxy_pass http://127.0.0.1:{backend}; }}
        location /own/ {{ {own} }}
    """
    secure, plain = ((current / name).read_text() for name in ("nginx.conf", "nginx-plain.conf"))
    return nginx.serving(f"server {{ {secure} {rest} }}\nserver {{\nlisten {front.plain};\n{plain} {rest} }}\n")


def run_haproxy(front: Front, backend: int) -> AbstractContextManager[object]:
    """Run HAProxy."""
    outside = haproxy.OUTSIDE.partition("    http-request")[0] + f"    server one 127.0.0.1:{backend}\n"
    return haproxy.serving((front.site.current / "haproxy.cfg").read_text(), outside=outside)


def run_lighttpd(front: Front, backend: int) -> AbstractContextManager[object]:
    """Run lighttpd with mod_proxy."""
    proxy = f'proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => {backend} )) )'
    files = {front.secure: "lighttpd.conf", front.plain: "lighttpd-plain.conf"}
    blocks = [lighttpd.socket_of(port, proxy, f'include "{front.site.current}/{file}"') for port, file in files.items()]
    return lighttpd.serving("".join(['server.modules += ( "mod_proxy" )\n', *blocks]))


def run_caddy(front: Front, backend: int) -> AbstractContextManager[object]:
    """Run Caddy."""
    snippet = f"(webmail) {{\n    reverse_proxy 127.0.0.1:{backend}\n}}\n"
    lines = f"import {front.site.current}/caddy.conf"
    return caddy.serving(lines, [front.secure, front.plain], outside=snippet)


RUNS = {
    "apache": run_apache,
    "nginx": run_nginx,
    "haproxy": run_haproxy,
    "lighttpd": run_lighttpd,
    "caddy": run_caddy,
}


@contextlib.contextmanager
def fronted(
    export: str, folder: Path, free_port: Callable[[], int], more: str, authority: Pair, **clients: Pair
) -> Iterator[Front]:
    """Apply a site, and run its web server before an echo."""
    front = apply(export, folder, free_port, more, authority, **clients)
    with echo.backend() as port, RUNS[export](front, port):
        yield front


def told_of(export: str, pair: Pair, name: str) -> dict[str, str]:
    """Return what an application is to be told of a client."""
    serial = f"{pair.certificate.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    told = {"VERIFY": "SUCCESS", "CN": name, "SERIAL": serial, "ISSUER": "CN=Our clients"}
    return told if export in TELLS else {}


def check_unforged(export: str, expected: dict[str, str], answer: echo.Echo, headers: list[str]) -> None:
    """Check that the headers of a request changed nothing; nginx may refuse it instead."""
    refused = export == "nginx" and answer.status == 400
    assert refused or (200, expected) == (answer.status, answer.identity), headers


@pytest.mark.parametrize("mode", ["off", "require", pytest.param("optional", marks=pytest.mark.full)])
@pytest.mark.parametrize("export", SERVERS)
def test_forged(tmp_path: Path, free_port: Callable[[], int], export: str, mode: str) -> None:
    """Whatever a client writes, on either port and in each mode, an application is told what TLS verified."""
    authority = make_authority("Our clients")
    anna = make_anna(authority)
    nobody = NOBODY if export in TELLS else {}
    shown = {"": nobody, "anna": nobody if mode == "off" else told_of(export, anna, "anna@example.org")}
    if mode == "require":
        del shown[""]
    with fronted(export, tmp_path, free_port, MODES[mode], anna=anna, authority=authority) as front:
        for client, expected in shown.items():
            assert expected == front.ask(client=client).identity
            for headers in FORGERIES:
                check_unforged(export, expected, front.ask(*headers, client=client), headers)
                if export == "nginx":
                    check_unforged(export, expected, front.ask(*headers, client=client, path="/own/"), headers)
        assert nobody == echo.ask(front.plain).identity
        for headers in FORGERIES:
            check_unforged(export, nobody, echo.ask(front.plain, *headers), headers)


@pytest.mark.parametrize("export", SERVERS)
def test_disabled(tmp_path: Path, free_port: Callable[[], int], export: str) -> None:
    """A disabled site opens no door: neither port takes a client's word."""
    nobody = NOBODY if export in TELLS else {}
    authority = make_authority("Our clients")
    table = "enabled = false\n" + MODES["require"]
    with fronted(export, tmp_path, free_port, table, authority=authority) as front:
        for port in (front.secure, front.plain):
            assert nobody == echo.ask(port).identity
            for headers in FORGERIES:
                check_unforged(export, nobody, echo.ask(port, *headers), headers)


@pytest.mark.parametrize("export", TELLS)
def test_cut(tmp_path: Path, free_port: Callable[[], int], export: str) -> None:
    """No part of a subject is cut into another's name, and a line break in it is no header."""
    authority = make_authority("Our clients")
    subjects = {
        "comma": ("anna,CN=bob", ()),
        "organization": ("anna", ((NameOID.ORGANIZATION_NAME, "x,CN=bob"),)),
        "nameless": ("", ((NameOID.ORGANIZATION_NAME, "x+CN=bob,CN=bob/CN=bob"),)),
        "backslash": ("anna\\", ((NameOID.ORGANIZATION_NAME, "x\\,CN=bob"),)),
        "broken": ("anna\r\nX-SSL-Client-CN: bob", ()),
        "several": ("bob", ((NameOID.COMMON_NAME, "anna"),)),
        "plus": ("anna+mail@example.org", ()),
    }
    pairs = {
        name: make_pair(subject, issuer=authority, more=more, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
        for name, (subject, more) in subjects.items()
    }
    with fronted(export, tmp_path, free_port, MODES["require"], authority=authority, **pairs) as front:
        told = {name: front.ask(client=name).identity.get("CN", "") for name in pairs}

    assert "bob" not in told.values()
    assert not told["nameless"]
    assert {"anna"} == {told["organization"], told["several"]}
    assert "anna+mail@example.org" == told["plus"].replace("\\", "")
    assert told["comma"].startswith("anna")
