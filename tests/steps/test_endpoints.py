"""What is typed for a server: told from a file's name, with its port; and what is refused."""

from __future__ import annotations

import pytest

from sslutil.errors import UsageError
from sslutil.steps.endpoints import parse_endpoint


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("mail.example.org", "mail.example.org", 443),
        ("mail.example.org:25", "mail.example.org", 25),
        ("Bücher.example:993", "xn--bcher-kva.example", 993),
        ("localhost:8443", "localhost", 8443),
        ("192.0.2.1", "192.0.2.1", 443),
        ("192.0.2.1:587", "192.0.2.1", 587),
        ("[2001:db8::1]:25", "2001:db8::1", 25),
        ("[2001:db8::1]", "2001:db8::1", 443),
        ("2001:db8::1", "2001:db8::1", 443),
        ("mail.example.org:65535", "mail.example.org", 65535),
    ],
)
def test_servers(typed: str, host: str, port: int) -> None:
    """A name or an address, with its port or 443."""
    found = parse_endpoint(typed)
    assert found is not None
    assert (host, port) == (found[0].text, found[1])


@pytest.mark.parametrize(
    "typed",
    [
        "answer",
        "answer.zip",
        "[mail",
        "ANSWER.PEM",
        "./mail.example.org",
        "folder/a.b",
        "..",
        "",
        "a\\b.c",
        "localhost",
    ],
)
def test_files(typed: str) -> None:
    """What looks more like a file's name is no server."""
    assert parse_endpoint(typed) is None


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("*.example.org", "mail.example.org"),
        ("https://mail.example.org:8443/x", "mail.example.org"),
        ("mail.example.org:imaps", "mail.example.org"),
        ("mail.example.org:0", "mail.example.org:443"),
        ("mail.example.org:65536", "mail.example.org:443"),
        ("a..example", "a.example"),
        ("224.0.0.1:443", None),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_refused(typed: str, near: str | None) -> None:
    """What can only be a server, and is no name of one, is refused with what was meant."""
    with pytest.raises(UsageError) as caught:
        parse_endpoint(typed)
    assert ((near,) if near else ()) == caught.value.near
