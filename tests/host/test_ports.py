"""Who listens on a port, by the kernel's tables: real sockets, and tables that no kernel writes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sslutil.host import ports
from sslutil.host.ports import Listener, find_listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, int]]:
    """A socket of this process that listens on 127.0.0.1, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


def test_this_process_is_found(listening: tuple[socket.socket, int]) -> None:
    """A port on which a program listens has that program's name and number."""
    _, port = listening
    (found,) = find_listeners([port])
    assert (port, os.getpid()) == (found.port, found.number)
    assert found.program


def test_another_process_is_found() -> None:
    """A program of the same account is named as ps names it."""
    text = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{text}; sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdin
        port = int(child.stdout.readline())
        (found,) = find_listeners([port])
        child.stdin.close()
        child.wait(timeout=20)
    assert child.pid == found.number
    assert found.program.startswith("python")


def test_on_ipv6() -> None:
    """A socket of IPv6 takes the port too."""
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine's loopback")
    with server:
        port = server.getsockname()[1]
        assert [port] == [one.port for one in find_listeners([port])]


def test_nobody(free_port: Callable[[], int], listening: tuple[socket.socket, int]) -> None:
    """A free port has no listener, and a connection that only leaves from a port does not take it."""
    server, port = listening
    with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
        assert () == find_listeners([free_port(), client.getsockname()[1]])
    assert () == find_listeners([])


def test_it_is_quick(listening: tuple[socket.socket, int]) -> None:
    """The look is bounded: no command waits a second for it."""
    start = time.monotonic()
    find_listeners([listening[1]])
    assert time.monotonic() - start < 1


class TestTables:
    """Tables and descriptors as a test writes them."""

    @pytest.fixture
    def top(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder in the place of /proc."""
        (tmp_path / "net").mkdir()
        monkeypatch.setattr(ports, "TOP", str(tmp_path))
        return tmp_path

    def test_another_accounts_program(self, top: Path) -> None:
        """Where the descriptors may not be read, the port is taken all the same, by nobody with a name."""
        row = "   0: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 4711 1 x\n"
        (top / "net/tcp").write_text(HEAD + row)
        assert (Listener(443),) == find_listeners([443, 80])
        folder = top / "77"
        (folder / "fd").mkdir(parents=True)
        (folder / "fd/3").symlink_to("socket:[4711]")
        assert (Listener(443, "", 77),) == find_listeners([443])
        (folder / "comm").write_text("apache2\n")
        assert (Listener(443, "apache2", 77),) == find_listeners([443])

    @pytest.mark.parametrize("text", ["", HEAD, f"{HEAD}x\n", f"{HEAD}\0\0 \n"], ids=range(4))
    def test_strange_tables(self, top: Path, text: str) -> None:
        """What is no table names nobody; nor does one that is not there."""
        (top / "net/tcp").write_text(text)
        assert () == find_listeners([443])

    def test_a_limit(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """After so many descriptors the program stays unnamed."""
        row = "   0: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 4711 1 x\n"
        (top / "net/tcp").write_text(HEAD + row)
        for number in (1, 2, 3):
            (top / f"{number}/fd").mkdir(parents=True)
            (top / f"{number}/fd/0").symlink_to("socket:[4711]" if number == 3 else "/dev/null")
        assert (Listener(443, "", 3),) == find_listeners([443])
        monkeypatch.setattr(ports, "_MOST_DESCRIPTORS", 1)
        assert (Listener(443),) == find_listeners([443])
