"""A user reads his mail by web: Chromium, the exported Apache, Roundcube, the exported Dovecot."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.judges import chromium, dovecot, roundcube
from tests.live.sites import NAME, Site, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.full,
    pytest.mark.needs("root", "apache2", "certutil", "chromium", "dovecot", "php-cgi"),
]

ARTEFACTS = Path(__file__).parents[1] / ".artefacts"
SUBJECT = "Read by way of TLS alone"
MESSAGE = (
    f"From: postmaster@example.org\nTo: you@example.org\nSubject: {SUBJECT}\nDate: Tue, 24 Nov 2026 20:00:00 +0000\n\n"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site for both servers, with the address that Roundcube calls the mail server by."""
    toml = f'site.names = ["{NAME}", "127.0.0.1"]\ndeploy.exports = ["apache", "dovecot"]\n'
    return made(tmp_path_factory.mktemp("roundcube") / "registry", toml)


@pytest.fixture(scope="module")
def mail(site: Site, free_port: Callable[[], int]) -> Iterator[dict[str, int]]:
    """The exported Dovecot with one message; its ports by Roundcube's word for them."""
    ports = {"imaps": free_port(), "imap": free_port()}
    with dovecot.serving(ports, f"!include {site.current / 'dovecot.conf'}") as running:
        box = running.folder / "mail"
        for name in ("cur", "new", "tmp"):
            (box / name).mkdir(exist_ok=True)
            shutil.chown(box / name, dovecot.MAIL_USER, "nogroup")
        (box / "new" / "1.message").write_text(MESSAGE)
        shutil.chown(box / "new" / "1.message", dovecot.MAIL_USER, "nogroup")
        yield {"ssl": ports["imaps"], "tls": ports["imap"]}


class Desk(NamedTuple):
    """Where Roundcube is to run."""

    site: Site
    mail: dict[str, int]
    folder: Path
    port: int

    def read(self, scheme: str, trusted: Path, picture: str) -> str:
        """Log in with the browser, keep a picture of what came, and return its text."""
        imap = f"{scheme}://127.0.0.1:{self.mail[scheme]}"
        with (
            roundcube.serving(self.port, self.site.host(), self.folder, imap=imap, trusted=trusted),
            chromium.browsing(NAME, trusted=self.site.certificate) as page,
        ):
            roundcube.log_in(page, f"https://{NAME}:{self.port}/", dovecot.USER, dovecot.PASSWORD)
            ARTEFACTS.mkdir(exist_ok=True)
            (ARTEFACTS / f"roundcube-{picture}.png").write_bytes(page.screenshot())
            return str(page.evaluate("document.body.innerText"))


@pytest.fixture
def desk(site: Site, mail: dict[str, int], open_folder: Path, free_port: Callable[[], int]) -> Desk:
    """A folder and a port for each test."""
    return Desk(site, mail, open_folder, free_port())


@pytest.mark.parametrize("scheme", ["ssl", "tls"])
def test_mailbox(desk: Desk, scheme: str) -> None:
    """The user sees his message, whether Roundcube speaks TLS from the first byte or by STARTTLS."""
    assert SUBJECT in desk.read(scheme, desk.site.certificate, scheme)


def test_stranger(desk: Desk, tmp_path: Path) -> None:
    """Roundcube does not log in where it trusts another certificate: it was TLS that let it in above."""
    other = made(tmp_path / "other", f'site.names = ["{NAME}", "127.0.0.1"]\n')

    text = desk.read("ssl", other.certificate, "stranger")

    assert SUBJECT not in text
    assert "Connection to IMAP server failed" in text
