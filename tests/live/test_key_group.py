"""A server under an account of its own reads the key by its group, and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accounts import public_python, run_as
from tests.live.sites import NAME, Site

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accounts import Account

pytestmark = pytest.mark.needs("root")

SERVER = f"""
import hashlib, ssl, sys
bundle, trusted = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(bundle)
client = ssl.create_default_context(cafile=trusted)
to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [
    client.wrap_bio(to_client, to_server, server_hostname="{NAME}"),
    server.wrap_bio(to_server, to_client, server_side=True),
]
for end in ends * 2:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        pass
print(hashlib.sha256(ends[0].getpeercert(binary_form=True)).hexdigest())
"""
"""A server of the standard library's, and a client that trusts the certificate, shaking hands in memory."""
OTHERS_GROUP = 1
"""One that exists everywhere and is nobody's primary group here: daemon."""


def serve(account: Account, site: Site, *, groups: tuple[int, ...] = ()) -> tuple[str, str]:
    """Return what the server printed as that account: a fingerprint, or else its last words."""
    argv = [public_python(account), "-c", SERVER, str(site.current / "bundle.pem"), str(site.certificate)]
    done = run_as(account, argv, groups=groups)
    return done.stdout.strip(), done.stderr.strip().rpartition("\n")[2]


def self_sign(folder: Path, *options: str) -> Site:
    """Return a site that the main command made, in a folder that everybody may enter."""
    site = Site(folder / "registry")
    answer = site.sslutil("certificate", "self-sign", NAME, *options)
    assert 0 == answer.status, answer.stderr
    return site


@pytest.mark.parametrize("by_number", [False, True])
def test_group(open_folder: Path, second_user: Account, by_number: bool) -> None:  # noqa: FBT001
    """With its group the server has the stored certificate, whether the group was named or numbered."""
    site = self_sign(open_folder, "--key-group", str(second_user.gid) if by_number else second_user.name)

    assert (site.fingerprint, "") == serve(second_user, site)


def test_supplementary(open_folder: Path, second_user: Account) -> None:
    """A group that the account is only a member of is as good, and without the membership the key stays shut."""
    site = self_sign(open_folder, "--key-group", str(OTHERS_GROUP))

    assert (site.fingerprint, "") == serve(second_user, site, groups=(OTHERS_GROUP,))
    fingerprint, words = serve(second_user, site)
    assert ("", True) == (fingerprint, words.startswith("PermissionError"))


def test_without(open_folder: Path, second_user: Account) -> None:
    """Without a group nobody but the owner has the key; a later command gives it, and a renewal keeps it so."""
    site = self_sign(open_folder)

    fingerprint, words = serve(second_user, site)
    assert ("", True) == (fingerprint, words.startswith("PermissionError"))

    self_sign(open_folder, "--key-group", second_user.name)
    assert (site.fingerprint, "") == serve(second_user, site)

    assert 0 == site.sslutil("certificate", "renew", "--force", "--new-key").status
    assert (site.fingerprint, "") == serve(second_user, site)


def test_unknown(open_folder: Path) -> None:
    """A group that does not exist is refused before anything is made."""
    site = Site(open_folder / "registry")

    answer = site.sslutil("certificate", "self-sign", NAME, "--key-group", "no-such-group")

    assert 3 == answer.status
    assert "no-such-group" in answer.stderr
    assert not site.registry.exists()
