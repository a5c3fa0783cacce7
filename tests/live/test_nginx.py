"""A real nginx with its export: plain port, secure port, odd paths, whole virtual hosts, and whom it lets in."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.judges import ask as run
from tests.judges import nginx, openssl
from tests.live import plain_port
from tests.live.client_certificates import ClientContract, make_clients
from tests.live.contracts import Cases, web_site
from tests.live.raw import get
from tests.live.sites import NAME
from tests.live.whole_host import NewerContract, RegistryContract, SecureContract, Whole, WholeContract
from tests.servers.nginx import Nginx, plain_block, secure_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.judges import Verdict
    from tests.live.client_certificates import Clients
    from tests.live.sites import Site

pytestmark = pytest.mark.needs("nginx", "curl", "openssl")

applied = partial(web_site, "nginx")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[plain_port.Plain]:
    """One nginx with a plain server block for each kind of site, and what an operator adds for challenges."""
    secure = free_port()
    more = dict.fromkeys(plain_port.KINDS, f"https_port = {plain_port.PORT}\n")
    more |= {"standard": "", "disabled": f"https_port = {secure}\n"}
    sites = plain_port.make_sites("nginx", tmp_path_factory.mktemp("plain"), more)
    ports = {kind: free_port() for kind in sites}
    with plain_port.challenge_folder() as folder:
        challenges = f"location {plain_port.CHALLENGES} {{ alias {folder}/; }}"
        blocks = [plain_block(site, ports[kind], challenges) for kind, site in sites.items()]
        with nginx.serving("".join([*blocks, secure_block(sites["disabled"])])):
            yield plain_port.Plain(**ports, disabled_https=secure)


class TestPath(plain_port.PathContract, plain_port.StandardPort):
    """Path and query, byte by byte."""

    cases: ClassVar = plain_port.PathContract.cases | {
        "test_kept": Cases("target", [*plain_port.TARGETS, "/ü?ü", "/$host?$1&%25"], plain_port.name_target)
    }


class TestHost(plain_port.HostContract):
    """The name that a client is led to is one of the site's."""

    cases: ClassVar = plain_port.HostContract.cases | {
        "test_other_forms": Cases(
            "request_line,headers,led_to,path",
            [
                plain_port.FORWARDED,
                (b"GET http://imap.example.org/a?b HTTP/1.1", [b"Host: other.example"], "imap.example.org", "/a?b"),
                (b"GET http://imap.example.org HTTP/1.1", [b"Host: other.example"], "imap.example.org", "/"),
                (b"GET http://other.example//a%2Fb?b HTTP/1.1", [b"Host: other.example"], NAME, "//a%2Fb?b"),
            ],
        ),
    }


class TestOthers(plain_port.OtherContract):
    """Challenges, and what plain http does instead."""

    served = nginx.SERVED


PATHS = [
    "with space",
    " at both ends ",
    'quo"te',
    "apo'strophe",
    "back\\slash",
    "end\\",
    '\\t\\n\\"',
    "#hash",
    "per%cent",
    "{x};{",
    "(a|b)&!~@`",
    "ümläut日本😀",
]


class TestRegistry(RegistryContract):
    """A registry may be called anything, or is refused."""

    export = "nginx"
    cases: ClassVar = {"test_refused": Cases("name", ["$x", "a$", "a*b", "a?b", "[a]"])}

    def test_taken(self, tmp_path: Path, free_port: Callable[[], int]) -> None:
        """Files and include lines of any such path are read, and no others."""
        served = {}
        for number, name in enumerate(PATHS):
            port = free_port()
            site = applied(tmp_path / name, "closed", names=[f"x{number}.example"], more=f"https_port = {port}\n")
            served[name] = (site, port, free_port())
        plain = [
            f"server {{ listen {port}; {include_of(site, 'nginx-plain.conf')} }}\n" for site, _, port in served.values()
        ]
        with nginx.serving("".join([*(secure_block(site) for site, _, _ in served.values()), *plain])):
            seen = {
                name: (openssl.connect(port, NAME).fingerprint, get(closed, "/").status)
                for name, (_, port, closed) in served.items()
            }

        assert {name: (site.fingerprint, 403) for name, (site, _, _) in served.items()} == seen


def include_of(site: Site, file: str) -> str:
    """Return the include line that the head of a file gives."""
    found = re.search(r"include .*;", (site.current / file).read_text())
    assert found
    return found[0]


class TestVirtualHost(WholeContract):
    """A whole virtual host."""

    export = "nginx"
    status = 404

    def serving(self, whole: Whole) -> AbstractContextManager[object]:
        """Run it."""
        return nginx.serving(whole.text)

    @pytest.mark.needs("root", "unshare")
    def test_as_it_is(self, whole: Whole, tmp_path: Path) -> None:
        """It is taken with not a letter changed, where it can open a port on every address."""
        folder = tmp_path / "nginx"
        folder.mkdir()
        main = f"pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{whole.text}\n}}\n"
        (folder / "main.conf").write_text(main)

        status, words = run(["unshare", "--net", "nginx", "-e", folder / "log", "-t", "-c", folder / "main.conf"])

        assert 0 == status, words
        assert "[warn]" not in words


class TestSecure(SecureContract):
    """The secure port."""

    kind = Nginx()


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Clients]:
    """One nginx with a server block for each site; an outer level trusts another authority."""
    made = make_clients("nginx", tmp_path_factory.mktemp("clients"), free_port)
    outer = f'ssl_trusted_certificate "{made.folder}/foreign.pem";\nssl_verify_client on;\n'
    outer += f'ssl_client_certificate "{made.folder}/foreign.pem";\nssl_session_cache shared:outer:1m;\n'
    with nginx.serving(outer + "".join(secure_block(site) for site in made.sites.values())):
        yield made


class TestClients(ClientContract):
    """Whom it lets in."""

    export = "nginx"
    served = nginx.SERVED

    @pytest.mark.parametrize(("site", "resumes"), [("require", False), ("off", True)])
    def test_each_connection_is_judged(self, clients: Clients, site: str, resumes: bool, tmp_path: Path) -> None:  # noqa: FBT001
        """Whoever shows a certificate can't resume a session, which nginx would not judge anew; others can."""
        shown: list[str | Path] = ["-cert", clients.folder / "good", "-key", clients.folder / "good"]
        first, second = (
            openssl.connect(
                clients.ports[site], NAME, protocol="TLSv1.2", options=[*shown, option, tmp_path / "session"]
            )
            for option in ("-sess_out", "-sess_in")
        )
        assert first.completed
        assert resumes is ("Reused, " in second.words)

    def enter(self, clients: Clients, site: str, client: str, *options: str) -> bool:
        """Tell whether a client gets the page; whom nginx refuses gets a page of status 400 instead."""
        answer = self.fetch(clients, site, client, *options)
        assert answer.status in {200, 400}, answer.words
        assert (answer.status == 200) is (answer.body == nginx.SERVED)
        return answer.status == 200


@pytest.mark.full
@pytest.mark.needs("root", "chroot", "debootstrap", "dpkg-query", "unshare")
class TestNewer(NewerContract):
    """The next Debian's."""

    export = "nginx"

    def serving(self, text: str) -> AbstractContextManager[object]:
        """Run it."""
        return nginx.serving(text)

    def check(self, text: str) -> Verdict:
        """Return what -t says."""
        return nginx.check(text)
