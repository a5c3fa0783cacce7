"""configure ports: what it changes, what it refuses, and what users are to type afterwards."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from sslutil.errors import SiteError
from sslutil.verbs import enable, self_sign
from sslutil.verbs.configure_ports import Request, configure_ports
from tests.verbs.conftest import NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sslutil.steps.answer import Answer
    from tests.verbs.conftest import At

USERS_TYPE = "Users type"
PLAIN = "Or, in plain"


def line(answer: Answer, label: str) -> str:
    """Return the value of one line of an answer; empty where it has none."""
    return dict(answer.lines).get(label, "")


@pytest.mark.usefixtures("born")
class TestAddresses:
    """The address to give to users, as it must be typed."""

    @pytest.mark.parametrize(
        ("request_", "https", "plain"),
        [
            (Request(), f"https://{NAME}/", f"http://{NAME}/"),
            (Request(https_port=8384, http_port=8383), f"https://{NAME}:8384/", f"http://{NAME}:8383/"),
            (Request(https_port=8384, plain_http="redirect"), f"https://{NAME}:8384/", ""),
            (Request(plain_http="closed"), f"https://{NAME}/", ""),
        ],
        ids=["as it is", "web mail of old", "redirect", "closed"],
    )
    @pytest.mark.parametrize("dry_run", [False, True])
    def test_ports(self, at: At, request_: Request, https: str, plain: str, dry_run: bool) -> None:  # noqa: FBT001
        """A port is shown where it is not the standard, and plain http where it is offered."""
        answer = configure_ports(at(dry_run=dry_run), request_)
        assert (https, plain) == (line(answer, USERS_TYPE), line(answer, PLAIN))
        assert len(answer.lines) == len({label for label, _ in answer.lines})

    def test_disabled(self, at: At) -> None:
        """Without TLS it is the address of plain http, once."""
        enable.enable(at(), enabled=False)
        answer = configure_ports(at(), Request(http_port=8383))
        assert (f"http://{NAME}:8383/", "") == (line(answer, USERS_TYPE), line(answer, PLAIN))

    def test_names(self, at: At) -> None:
        """An IPv6 address stands in brackets; nobody can type a wildcard, but what is below it."""
        names = (NAME, "*.example.org", "bücher.example", "192.0.2.1", "2001:db8::1")
        self_sign.self_sign(at(), self_sign.Request(names))
        typed = "any name below example.org, https://bücher.example/, https://192.0.2.1/, https://[2001:db8::1]/"
        assert f"https://{NAME}/, {typed}" == line(configure_ports(at(), Request()), USERS_TYPE)
        other = line(configure_ports(at(), Request(https_port=8443)), USERS_TYPE)
        assert "any name below example.org on port 8443, " in other
        assert other.endswith("https://[2001:db8::1]:8443/")


@pytest.mark.usefixtures("born")
class TestConflicts:
    """Two programs can't have one port."""

    def test_a_service(self, at: At, born: Path) -> None:
        """A port of a service that is typed in the same line counts already."""
        before = (born / "site.toml").read_bytes()
        with pytest.raises(SiteError, match=r"^https_port is 993, the port of imaps"):
            configure_ports(at(), Request(https_port=993, services=("https", "imaps")))
        assert before == (born / "site.toml").read_bytes()
        configure_ports(at(), Request(services=("https", "imaps")))
        assert 'services = ["https", "imaps"]' in (born / "site.toml").read_text()
        with pytest.raises(SiteError, match=r"^http_port is 993, the port of imaps") as refused:
            configure_ports(at(), Request(http_port=993))
        assert "sslutil configure ports --http-port 80" == refused.value.hint

    def test_a_program(self, at: At) -> None:
        """A program that listens already is named, and that is no refusal."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            answer = configure_ports(at(), Request(https_port=port))
            (warning,) = answer.warnings
            assert warning.startswith(f"port {port} is taken: ")
            assert f"(process {os.getpid()}) listens there, which is well only if it is this web server" in warning
            assert answer.changed
            assert () == configure_ports(at(), Request(plain_http="redirect")).warnings

    def test_nobody(self, at: At, free_port: Callable[[], int]) -> None:
        """A free port is no warning, and two that change places are the web server's own."""
        first, second = free_port(), free_port()
        assert () == configure_ports(at(), Request(https_port=first, http_port=second)).warnings
        with socket.create_server(("127.0.0.1", first)):
            assert () == configure_ports(at(), Request(https_port=second, http_port=first)).warnings


@pytest.mark.usefixtures("born")
def test_hsts_is_refused_with_a_self_signed_certificate(at: At) -> None:
    """HSTS is the judge's to refuse, with the way out."""
    with pytest.raises(SiteError, match="would lock every user out") as refused:
        configure_ports(at(), Request(hsts_max_age=1, plain_http="closed"))
    assert "sslutil configure ports --hsts-max-age 0" == refused.value.hint
