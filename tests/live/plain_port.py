"""What every web server's plain port does: whatever a client sends, it is never led to another server."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.judges import curl
from tests.live.contracts import NAMES, Cases, Contract, web_site
from tests.live.raw import ask, get
from tests.live.sites import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.live.sites import Site

PORT = 8443
"""To which most sites lead."""
CHALLENGES = "/.well-known/acme-challenge/"
CHALLENGE = f"{CHALLENGES}tok-en_1"
ANSWER = "answer to a challenge\n"
KINDS = {
    "redirect": ("redirect", NAMES, ""),
    "standard": ("redirect", NAMES, ""),
    "wildcard": ("redirect", ["*.example.net"], ""),
    "offer": ("offer", NAMES, ""),
    "closed": ("closed", NAMES, ""),
    "disabled": ("redirect", NAMES, "enabled = false\n"),
}
"""What plain http does, the names and the settings of each kind of site."""
TARGETS = [
    "/",
    "/a/b?c=d",
    "/a%2Fb",
    "/a%3fb?x=1",
    "//other.example/",
    "/?",
    "/a?b?c?",
    "/a/../b",
    "/a%0d%0aX:y",
    "/'\"<>",
    f"/{'a' * 4000}?{'b' * 3000}",
]
HOSTS = [
    ("imap.example.org", "imap.example.org"),
    ("IMAP.Example.ORG.:8080", "imap.example.org"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("[2001:DB8::1]:80", "[2001:db8::1]"),
    ("192.0.2.7", "192.0.2.7"),
    ("www.example.net", "www.example.net"),
    # What is not one of the names goes to the first one.
    ("other.example", NAME),
    ("other.example:8443", NAME),
    ("example.net", NAME),
    ("a.b.example.net", NAME),
    ("www.example.net.other.example", NAME),
    ("imapxexample.org", NAME),
    ("[::1]", NAME),
]
KEEPS_CASE = ("WWW.example.net.:80", "WWW.example.net")
LOWERS_CASE = ("WWW.example.net.:80", "www.example.net")
FORWARDED = (
    b"GET /a HTTP/1.1",
    [b"Host: imap.example.org", b"X-Forwarded-Host: other.example", b"Forwarded: host=other.example"],
    "imap.example.org",
    "/a",
)
"""A host that a proxy might have passed on."""
MALFORMED = [
    [],
    [b"Host:"],
    [b"Host: imap.example.org/other.example"],
    [b"Host: imap.example.org@other.example"],
    [b"Host: imap.example.org", b"Host: other.example"],
    [b"Host: imap.example.org%0d%0aX:y"],
]
NO_CHALLENGES = [f"{CHALLENGES[:-1]}X", f"/x{CHALLENGE}"]
NO_TOKENS = [f"/x{CHALLENGE}", f"{CHALLENGE}/x", f"{CHALLENGE}/../../../x", CHALLENGES]
"""The same for a server that takes a token alone for one."""


class Plain(NamedTuple):
    """The ports of a server with a site of each kind."""

    redirect: int
    """Of a site with all kinds of names."""
    wildcard: int
    """Of one that has no name but a wildcard."""
    offer: int
    closed: int
    disabled: int
    disabled_https: int
    standard: int = 0
    """Of one whose https has the standard port."""
    port: int = PORT
    """To which the first leads."""
    wildcard_port: int = PORT
    """To which the second leads."""

    @property
    def first(self) -> str:
        """To what a client is led that asked for none of the names."""
        return f"https://{NAME}:{self.port}"


def make_sites(export: str, folder: Path, more: Mapping[str, str]) -> dict[str, Site]:
    """Return a site of each kind in `more`, which holds the lines that say its ports."""
    return {
        kind: web_site(export, folder / kind, KINDS[kind][0], names=KINDS[kind][1], more=KINDS[kind][2] + ports)
        for kind, ports in more.items()
    }


@contextlib.contextmanager
def challenge_folder() -> Iterator[Path]:
    """Make a folder with the answer to a challenge, which the server's own account can read."""
    with tempfile.TemporaryDirectory(prefix="sslutil-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / CHALLENGE.removeprefix(CHALLENGES)).write_text(ANSWER)
        yield folder


def name_target(target: object) -> str:
    """Return what a target is called among the cases."""
    return str(target)[:20]


def make_target(segments: list[str], query: list[str] | None) -> str:
    """Return a path that no server takes for a host, and its query."""
    path = "/".join(["", *(f"x{segment}" for segment in segments)]) or "/"
    return path if query is None else f"{path}?{''.join(query)}"


class PathContract(Contract):
    """Path and query, byte by byte."""

    cases: ClassVar[dict[str, Cases]] = {
        "test_kept": Cases("target", TARGETS, name_target),
        "test_method": Cases("method", ["POST", "PUT", "DELETE", "HEAD"]),
    }

    def test_kept(self, plain: Plain, target: str) -> None:
        """Nothing is decoded, encoded, expanded or lost."""
        assert (308, f"{plain.first}{target}".encode()) == get(plain.redirect, target)[:2]

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # an instance for each server
    @given(
        st.lists(
            st.text("aZ0-._~!$&'()*+,;=:@{}\"<>|^`\\", max_size=5)
            | st.sampled_from(["%2F", "%C3%BC", "%3f", "%25", "%0A"])
        ),
        st.none() | st.lists(st.text("aZ0-._~!$&'()*+,;=:@/?{}%[]", max_size=5) | st.just("%26")),
    )
    def test_any(self, plain: Plain, segments: list[str], query: list[str] | None) -> None:
        """The same for whatever a client can put there."""
        target = make_target(segments, query)

        assert f"{plain.first}{target}" == get(plain.redirect, target).location.decode()

    def test_method(self, plain: Plain, method: str) -> None:
        """Each method gets the status that keeps it."""
        reply = ask(plain.redirect, f"{method} /a?b HTTP/1.1".encode(), b"Host: x", b"Content-Length: 0")

        assert (308, f"{plain.first}/a?b".encode()) == reply[:2]


class StandardPort:
    """What a server shows that can have several sites with the same secure port."""

    def test_standard_port(self, plain: Plain) -> None:
        """The port is said where it is not 443, and only there."""
        assert b"https://mail.example.org/a?b" == get(plain.standard, "/a?b").location


class HostContract(Contract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar[dict[str, Cases]] = {
        "test_host": Cases("host,led_to", [*HOSTS, LOWERS_CASE]),
        "test_other_forms": Cases("request_line,headers,led_to,path", [FORWARDED]),
        "test_malformed": Cases("headers", MALFORMED),
        "test_wildcard_alone": Cases(
            "host,status",
            [("www.example.net", 308), ("example.net", 403), ("a.b.example.net", 403), ("other.example", 403)],
        ),
    }

    def test_host(self, plain: Plain, host: str, led_to: str) -> None:
        """A name of the site is kept, whatever its spelling; any other one is replaced by the first."""
        assert (308, f"https://{led_to}:{plain.port}/a?b".encode()) == get(plain.redirect, "/a?b", host)[:2]

    def test_other_forms(self, plain: Plain, request_line: bytes, headers: list[bytes], led_to: str, path: str) -> None:
        """No form of a request (RFC 9112, section 3.2) and no proxy's word leads to another server."""
        reply = ask(plain.redirect, request_line, *headers)

        assert (308, f"https://{led_to}:{plain.port}{path}".encode()) == reply[:2]

    def test_malformed(self, plain: Plain, headers: list[bytes]) -> None:
        """A host that is none, or two, is refused by the server itself, or is not one of the names."""
        reply = ask(plain.redirect, b"GET /a HTTP/1.1", *headers)

        assert reply[:2] in {(400, b""), (308, f"{plain.first}/a".encode())}

    def test_wildcard_alone(self, plain: Plain, host: str, status: int) -> None:
        """Where there is no name but a wildcard, a host that is not below it is denied: there is none to lead it to."""
        location = f"https://{host}:{plain.wildcard_port}/a?b" if status == 308 else ""

        assert (status, location.encode()) == get(plain.wildcard, "/a?b", host)[:2]


class OtherContract(Contract):
    """Challenges (RFC 8555, section 8.3), and what plain http does instead of a redirect."""

    served: ClassVar[str]
    """The server's page."""
    answer: ClassVar[str] = ANSWER
    """To a challenge."""
    wildcard_host: ClassVar[str] = ""
    """Whom a site with no name but a wildcard answers, where it does not answer everyone."""
    cases: ClassVar[dict[str, Cases]] = {
        "test_challenge": Cases("host", [NAME, "other.example"]),
        "test_no_challenge": Cases("target", [*NO_CHALLENGES, f"{CHALLENGES}../../x"]),
        "test_closed": Cases("target", ["/", "/a/b?c=d", CHALLENGE, "//"]),
    }

    def test_challenge(self, plain: Plain, host: str) -> None:
        """A challenge is served where all else is redirected, or denied."""
        for port, called in ((plain.redirect, host), (plain.wildcard, self.wildcard_host or host)):
            assert (200, b"", self.answer.encode()) == get(port, CHALLENGE, called)

    def test_no_challenge(self, plain: Plain, target: str) -> None:
        """What only looks like one is redirected: a server behind might resolve it to another page."""
        assert (308, f"{plain.first}{target}".encode()) == get(plain.redirect, target)[:2]

    def test_offer(self, plain: Plain) -> None:
        """Offered, it serves its pages."""
        assert (200, b"", self.served.encode()) == get(plain.offer, "/")

    def test_closed(self, plain: Plain, target: str) -> None:
        """Closed, it denies everything, a challenge too."""
        assert (403, b"") == get(plain.closed, target)[:2]

    def test_disabled(self, plain: Plain) -> None:
        """A disabled site serves plain http on both ports, without redirect and HSTS; nobody gets TLS."""
        for port in (plain.disabled, plain.disabled_https):
            answer = curl.fetch(f"http://{NAME}:{port}/")
            assert (200, self.served) == (answer.status, answer.body), answer.words
            assert "strict-transport-security" not in answer.headers
        assert 35 == curl.fetch(f"https://{NAME}:{plain.disabled_https}/").exit_status
