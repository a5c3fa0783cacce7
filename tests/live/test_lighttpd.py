"""A real lighttpd with its export: plain port, secure port, odd paths, whole virtual hosts, and whom it lets in."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges import ask as run
from tests.judges import lighttpd, openssl
from tests.live import plain_port
from tests.live.client_certificates import LET_IN, ClientContract, make_clients, who
from tests.live.contracts import Cases, web_site
from tests.live.raw import get
from tests.live.sites import NAME
from tests.live.whole_host import NewerContract, RegistryContract, SecureContract, Whole, WholeContract
from tests.servers.lighttpd import Lighttpd, block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.judges import Verdict
    from tests.live.client_certificates import Clients
    from tests.live.sites import Site

pytestmark = pytest.mark.needs("lighttpd", "curl", "openssl")

applied = partial(web_site, "lighttpd")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[plain_port.Plain]:
    """One lighttpd with a plain socket for each kind of site, and what an operator adds for challenges."""
    secure = free_port()
    more = dict.fromkeys(plain_port.KINDS, f"https_port = {plain_port.PORT}\n")
    more |= {"standard": "", "disabled": f"https_port = {secure}\n"}
    sites = plain_port.make_sites("lighttpd", tmp_path_factory.mktemp("plain"), more)
    ports = {kind: free_port() for kind in sites}
    with plain_port.challenge_folder() as folder:
        alias = f'alias.url = ( "{plain_port.CHALLENGES}" => "{folder}/" )'
        blocks = [block(site, ports[kind], alias, file="lighttpd-plain.conf") for kind, site in sites.items()]
        with lighttpd.serving("".join([*blocks, block(sites["disabled"], secure)])):
            yield plain_port.Plain(**ports, disabled_https=secure)


class TestPath(plain_port.PathContract, plain_port.StandardPort):
    """Path and query: the same, as lighttpd understands them."""

    cases: ClassVar = plain_port.PathContract.cases | {
        "test_kept": Cases(
            "target,led_to",
            [
                ("/", "/"),
                ("/a/b?c=d", "/a/b?c=d"),
                ("/a%20b?q=%20", "/a%20b?q=%20"),
                ("/?", "/?"),
                ("/a?b?c?", "/a?b?c?"),
                ("/a?http://other.example/", "/a?http://other.example/"),
                ("/$1%1?%1$1", "/$1%251?%251$1"),
                # lighttpd's own server.http-parseopts, which a file for one socket can't change.
                ("/a%2Fb", "/a/b"),
                ("/a%3fb?x=1", "/a%3Fb?x=1"),
                ("/ü?ü", "/%C3%BC?%C3%BC"),
                ("//other.example/", "/other.example/"),
                ("/a/../b", "/b"),
                ("/'\"<>", "/'%22%3C%3E"),
                (f"/{'a' * 4000}?{'b' * 3000}", f"/{'a' * 4000}?{'b' * 3000}"),
            ],
            plain_port.name_target,
        )
    }

    def test_kept(self, plain: plain_port.Plain, target: str, led_to: str) -> None:  # type: ignore[override]
        """Nothing is expanded or lost, and what is decoded or encoded means the same to lighttpd."""
        assert (308, f"{plain.first}{led_to}".encode()) == get(plain.redirect, target)[:2]

    @given(
        st.lists(st.text("aZ0-._~!$&'()*+,;=:@", max_size=5) | st.sampled_from(["%C3%BC", "%3F", "%25"])),
        st.none() | st.lists(st.text("aZ0-._~!$&'()*+,;=:@/?", max_size=5) | st.just("%26")),
    )
    def test_any(self, plain: plain_port.Plain, segments: list[str], query: list[str] | None) -> None:
        """What needs no other spelling is kept letter by letter."""
        target = plain_port.make_target(segments, query)

        assert f"{plain.first}{target}" == get(plain.redirect, target).location.decode()


class TestHost(plain_port.HostContract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar = plain_port.HostContract.cases | {
        "test_other_forms": Cases(
            "request_line,headers,led_to,path",
            [
                plain_port.FORWARDED,
                (b"GET http://imap.example.org/a?b HTTP/1.1", [b"Host: imap.example.org"], "imap.example.org", "/a?b"),
                (b"GET http://other.example/a?b HTTP/1.1", [b"Host: other.example"], NAME, "/a?b"),
            ],
        ),
    }


class TestOthers(plain_port.OtherContract):
    """Challenges, and what plain http does instead."""

    served = lighttpd.SERVED
    cases: ClassVar = plain_port.OtherContract.cases | {"test_no_challenge": Cases("target", plain_port.NO_CHALLENGES)}


PATHS = [
    "with space",
    " at both ends ",
    'quo"te',
    'two""quotes"',
    "apo'strophe",
    "#hash",
    "per%cent%1",
    "$dollar$1",
    "x};",
    "~(a|b)&!@`",
    "ümläut日本😀",
]


class TestRegistry(RegistryContract):
    """A registry may be called anything, or is refused."""

    export = "lighttpd"
    cases: ClassVar = {"test_refused": Cases("name", ["a*b", "a?b", "[a]", "{x}", "a\\b", "end\\"])}

    def test_taken(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Files and include lines of any such path are read, and no others."""
        served = {}
        for number, name in enumerate(PATHS):
            port = free_port()
            site = applied(tmp_path / name, "closed", names=[f"x{number}.example"], more=f"https_port = {port}\n")
            served[name] = (site, port, free_port())
        plain = [lighttpd.socket_of(port, include_of(site, "lighttpd-plain.conf")) for site, _, port in served.values()]
        with lighttpd.serving("".join([*(block(site, port) for site, port, _ in served.values()), *plain])):
            seen = {
                name: (openssl.connect(port, NAME).fingerprint, get(closed, "/").status)
                for name, (_, port, closed) in served.items()
            }

        assert {name: (site.fingerprint, 403) for name, (site, _, _) in served.items()} == seen


def include_of(site: Site, file: str) -> str:
    """Return the include line that the head of a file gives."""
    found = re.search(r"include .*", (site.current / file).read_text())
    assert found
    return found[0]


class TestVirtualHost(WholeContract):
    """A whole virtual host."""

    export = "lighttpd"
    status = 404

    def serving(self, whole: Whole) -> AbstractContextManager[object]:
        """Run it."""
        return lighttpd.serving(whole.text)

    @pytest.mark.needs("root", "unshare")
    def test_as_it_is(self, whole: Whole, tmp_path: Path) -> None:
        """It is taken with not a letter changed, where it can open a port on every address."""
        folder = tmp_path / "lighttpd"
        folder.mkdir()
        main = f'server.document-root = "{folder}"\nserver.port = 80\n{whole.text}'
        (folder / "main.conf").write_text(main)

        status, words = run(["unshare", "--net", "lighttpd", "-tt", "-f", folder / "main.conf"])

        assert (0, "") == (status, words)


class TestSecure(SecureContract):
    """The secure port."""

    kind = Lighttpd()


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One lighttpd with a socket for each site."""
    made = make_clients("lighttpd", tmp_path_factory.mktemp("clients"), free_port)
    with lighttpd.serving("".join(block(site, made.ports[name]) for name, site in made.sites.items())):
        yield made


class TestClients(ClientContract):
    """Whom it lets in."""

    export = "lighttpd"
    served = lighttpd.SERVED
    refusals: ClassVar = {35, 56, 60}  # 60: the alert of TLS 1.2 that something has expired
    cases: ClassVar = ClientContract.cases | {
        "test_who_is_let_in": who(
            LET_IN
            | {
                # Where none is required, a strange certificate counts as none: the losses say so.
                "optional": (["", "good", "revoked", "foreign", "deep", "server"], []),
                "optional-listed": (["", "good", "revoked", "foreign"], []),
            }
        )
    }


@pytest.mark.full
@pytest.mark.needs("root", "chroot", "debootstrap", "dpkg-query", "unshare")
class TestNewer(NewerContract):
    """The next Debian's."""

    export = "lighttpd"

    def serving(self, text: str) -> AbstractContextManager[object]:
        """Run it."""
        return lighttpd.serving(text)

    def check(self, text: str) -> Verdict:
        """Return what -tt says."""
        return lighttpd.check(text)
