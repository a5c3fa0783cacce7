"""Where a plain request goes to, and what a stranger can't do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil import server
from sslutil.server.addresses import choose_name, is_acme_challenge, parse_host, parse_target, render_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.made import MadeRegistry

NAMES = ("mail.example.org", "xn--bcher-kva.example", "*.example.net", "192.0.2.1", "2001:db8::1")


class TestNames:
    """The Host header is a wish, never a place."""

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("mail.example.org", "mail.example.org"),
            ("MAIL.Example.ORG.:8383", "mail.example.org"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("imap.example.net", "imap.example.net"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[2001:DB8:0::1]:80", "2001:db8::1"),
        ],
    )
    def test_a_name_of_ours_is_kept(self, host: str, expected: str) -> None:
        """Whatever its letter case, dot and port; an address in any spelling."""
        assert expected == choose_name(host, NAMES)

    @pytest.mark.parametrize(
        "host",
        [
            None,
            "",
            "evil.example",
            "mail.example.org.evil.example",
            "evil.example#mail.example.org",
            "user@mail.example.org",
            "mail.example.org/..",
            "mail.example.org:80:80",
            "mail.example.org:80@evil.example",
            "example.net",
            "a.b.example.net",
            ".example.net",
            "*.example.net",
            "a_b.example.net",
            "a b.example.net",
            "a/b.example.net",
            "evil.example\r\nx.example.net",
            "[2001:db8::2]",
            "[20:1]",
            "[2001:db8::1",
            "2001:db8::1",
        ],
    )
    def test_any_other_host_means_the_primary(self, host: str | None) -> None:
        """Nothing of an unmatched header gets through."""
        assert choose_name(host, NAMES) == "mail.example.org"

    def test_wildcards_alone_are_no_place(self) -> None:
        """A wildcard is no name that one can go to; what fits one is."""
        assert choose_name("evil.example", ("*.example.net",)) is None
        assert choose_name("a.example.net", ("*.example.net",)) == "a.example.net"
        assert choose_name(None, ("*.example.net", "mail.example.org")) == "mail.example.org"

    @given(st.text(max_size=40))
    def test_whatever_the_header_the_name_is_ours(self, host: str) -> None:
        """One of the names, or one label below the wildcard."""
        name = choose_name(host, NAMES)
        assert name is not None
        assert name in NAMES or name.partition(".")[2] == "example.net"

    def test_what_is_no_host_is_none(self) -> None:
        """And what is one loses port and case."""
        assert parse_host("A.example:80") == "a.example"
        assert parse_host("a:b") is None


class TestTargets:
    """The request's target."""

    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("/", "/"),
            ("/inbox?folder=a%20b&x=1&y", "/inbox?folder=a%20b&x=1&y"),
            ("//evil.example/x", "//evil.example/x"),
            ("/\\evil.example", "/\\evil.example"),
            ("http://evil.example/x?y", "/x?y"),
            ("HTTP://evil.example", "/"),
            ("http://evil.example?y=/", "/?y=/"),
            ("http://mail.example.org@evil.example/x", "/x"),
        ],
    )
    def test_path_and_query_are_kept(self, target: str, expected: str) -> None:
        """Untouched; of an absolute target the host is dropped."""
        assert expected == parse_target(target)
        name = urlsplit(render_address("https", "mail.example.org", 443, expected)).hostname
        assert name == "mail.example.org"

    @pytest.mark.parametrize(
        "target",
        [
            "",
            "*",
            "evil.example:443",
            "x",
            "/a b",
            "/a\r\nSet-Cookie: x",
            "/\x00",
            "/\x7f",
            "/\x85",
            "/ü",
            "/a\n",
            "ftp://x/",
        ],
    )
    def test_what_is_no_path_is_refused(self, target: str) -> None:
        """Control characters and spaces would end the header's line."""
        assert parse_target(target) is None

    @given(st.text(max_size=30))
    def test_no_target_breaks_a_header(self, target: str) -> None:
        """Whatever comes out starts with a slash and is one printable line."""
        path = parse_target(target)
        assert path is None or (path.startswith("/") and path.isascii() and path.isprintable() and " " not in path)

    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("/.well-known/acme-challenge/a-B_9", True),
            ("http://mail.example.org/.well-known/acme-challenge/token", True),
            ("/.well-known/acme-challenge/", False),
            ("/.well-known/acme-challenge/../../inbox", False),
            ("/.well-known/acme-challenge/%2e%2e/inbox", False),
            ("/.well-known/acme-challenge/a/b", False),
            ("/x/.well-known/acme-challenge/a", False),
            ("/inbox", False),
        ],
    )
    def test_only_a_challenge_is_spared(self, target: str, *, expected: bool) -> None:
        """A token holds no dots and slashes, so no page hides behind one."""
        assert expected == is_acme_challenge(target)


class TestSettings:
    """The same, asked of the settings."""

    def test_addresses_have_the_port_unless_it_is_the_schemes_own(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """443 and 80 are left out; an IPv6 address is put in brackets."""
        made = make_registry(names=NAMES)
        settings = server.load(made.path)
        assert settings.https_url("imap.example.net:80", "/a?b") == "https://imap.example.net/a?b"
        assert settings.http_url("mail.example.org", "/") == "http://mail.example.org/"
        made.flip(https_port=8384, http_port=8383)
        assert settings.reload_if_changed()
        assert settings.https_url("[2001:db8::1]:8383", "/") == "https://[2001:db8::1]:8384/"
        assert settings.http_url("mail.example.org:8384", "/") == "http://mail.example.org:8383/"

    def test_there_is_no_address_where_nothing_listens(self, make_registry: Callable[..., MadeRegistry]) -> None:
        """Neither to https that is off, nor back to a plain port that doesn't serve, nor for a bad target."""
        made = make_registry(enabled=False)
        settings = server.load(made.path)
        assert settings.https_url("mail.example.org", "/") is None
        made.flip(enabled=True, plain_http="redirect")
        assert settings.reload_if_changed()
        assert settings.https_url("mail.example.org", "/") == "https://mail.example.org/"
        assert settings.https_url("mail.example.org", "*") is None
        assert settings.http_url("mail.example.org", "/") is None
        assert settings.is_acme_challenge("/.well-known/acme-challenge/a")

    def test_the_hsts_header_is_there_only_with_an_age_and_https(
        self, make_registry: Callable[..., MadeRegistry]
    ) -> None:
        """0 seconds is no header; so is https that is off."""
        made = make_registry(hsts_max_age=63072000)
        settings = server.load(made.path)
        assert settings.hsts_header == "max-age=63072000"
        for changes in ({"enabled": False}, {"enabled": True, "hsts_max_age": 0}):
            made.flip(**changes)
            assert settings.reload_if_changed()
            assert settings.hsts_header is None
