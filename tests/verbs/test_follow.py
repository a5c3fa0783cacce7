"""Following another program's files: what it renews is taken over whole, or what served goes on to serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.authorities import run
from tests.authorities.openssl_ca import make_authority, sign_with
from tests.crash.soundness import assert_whole_generation, link, public_key, read_tree
from tests.judges.gnutls import judge_chain
from tests.judges.openssl import judge_certificate
from tests.server import made

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.authorities.openssl_ca import Authority
    from tests.conftest import Call, Result, Run

pytestmark = pytest.mark.needs("openssl", "certtool")
NAMES = ("mail.example.org", "www.example.org")
RENEW = ("certificate", "renew")


class Lineage:
    """Another program's certificates, as certbot keeps them: links in live/ to what is numbered in archive/."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        """`folder` is there."""
        self.folder = folder
        self._authority = authority
        self._count = 0
        self.certificate = folder / "live/mail/fullchain.pem"
        self.key = folder / "live/mail/privkey.pem"
        self.certificate.parent.mkdir(parents=True)
        (folder / "archive/mail").mkdir(parents=True)

    def make(self, names: Sequence[str] = NAMES, *, days: int = 90) -> int:
        """Make the next key and chain in archive/, without a word to live/; return its number."""
        self._count += 1
        request = self.folder / "request.pem"
        words = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=mail.example.org")
        key = self._archived("privkey", self._count)
        run("openssl", "req", "-new", *words, "-keyout", key, "-out", request, cwd=self.folder)
        answer = sign_with(self._authority, request, names, days=days)
        self._archived("fullchain", self._count).write_bytes(b"".join(answer.chain))
        return self._count

    def point(self, *, certificate: int, key: int) -> None:
        """Let the links show these numbers."""
        for path, number in ((self.certificate, certificate), (self.key, key)):
            path.unlink(missing_ok=True)
            path.symlink_to(f"../../archive/mail/{path.stem}{number}.pem")

    def renew(self, names: Sequence[str] = NAMES, *, days: int = 90) -> int:
        """Make the next pair and point to it, as certbot does; return its number."""
        number = self.make(names, days=days)
        self.point(certificate=number, key=number)
        return number

    def follow(self, call: Call, *more: str) -> Result:
        """Let sslutil follow the links."""
        return call("certificate", "follow", "--certificate", str(self.certificate), "--key", str(self.key), *more)

    def serves(self, registry: Path, pair: int) -> bool:
        """Return whether exactly this pair is in force, and the site with its names."""
        number = current(registry)
        assert number is not None
        assert_whole_generation(read_tree(registry), number)
        return self.holds(registry, pair)

    def holds(self, registry: Path, number: int) -> bool:
        """Return whether key and chain in force are those of a pair."""
        chain, key = registry / "current/server.crt", registry / "current/server.key"
        same_key = public_key(key.read_bytes()) == public_key(self._archived("privkey", number).read_bytes())
        return same_key and chain.read_bytes() == self._archived("fullchain", number).read_bytes()

    @property
    def root(self) -> Path:
        """The authority's root."""
        return self._authority.root

    def _archived(self, stem: str, number: int) -> Path:
        return self.folder / f"archive/mail/{stem}{number}.pem"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with one intermediate."""
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def lineage(tmp_path: Path, authority: Authority) -> Lineage:
    """A program that has one certificate."""
    folder = tmp_path / "letsencrypt"
    folder.mkdir()
    made = Lineage(folder, authority)
    made.renew()
    return made


@pytest.fixture
def followed(lineage: Lineage, registry: Path, sslutil_call: Call) -> Path:
    """A registry that follows that program, born of it."""
    result = lineage.follow(sslutil_call)
    assert 0 == result.status, result.stderr
    return registry


def edit(registry: Path, old: str, new: str) -> None:
    """Edit site.toml by hand."""
    site = registry / "site.toml"
    before = site.read_text()
    assert old in before
    site.write_text(before.replace(old, new))


def assert_refused(call: Call, registry: Path, *argv: str, status: int = 6) -> str:
    """Assert that a command is refused without a trace; return what it said."""
    before = read_tree(registry)
    result = call(*argv)
    assert status == result.status, result.stdout + result.stderr
    assert before == read_tree(registry)
    assert "Traceback" not in result.stderr
    return result.stderr


def current(registry: Path) -> int | None:
    """Return the generation in force."""
    return link(read_tree(registry), "current")


class TestRenewal:
    """certificate renew, which that program calls when it has renewed."""

    def test_the_first_time(self, followed: Path, lineage: Lineage) -> None:
        """What the links show is in force by two judges, and the links themselves are what is remembered."""
        assert lineage.serves(followed, 1)
        served = followed / "current/server.crt"
        assert judge_chain(served, NAMES[0], trusted=lineage.root).accepted
        for name in NAMES:
            assert judge_certificate(served, name, trusted=lineage.root).accepted
        assert not judge_certificate(served, "other.example.org", trusted=lineage.root).accepted
        text = (followed / "site.toml").read_text()
        assert 'issuer = "files"' in text
        assert f'certificate_file = "{lineage.certificate}"' in text
        assert f'key_file = "{lineage.key}"' in text

    def test_unchanged(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """Where the files are as they were there is nothing to do, however one asks."""
        before = read_tree(followed)
        for result in (
            sslutil_call(*RENEW),
            sslutil_call(*RENEW, "--force"),
            lineage.follow(sslutil_call),
            sslutil_call("certificate", "follow"),
        ):
            assert 0 == result.status, result.stderr
            assert "nothing to do" in result.stdout
        assert before == read_tree(followed)

    def test_renewed(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """What that program renewed is a generation of its own, key and all; a dry run makes none."""
        lineage.renew()
        before = read_tree(followed)
        assert "would" in sslutil_call(*RENEW, "--dry-run").stdout
        assert before == read_tree(followed)
        result = sslutil_call(*RENEW)
        assert (0, 2) == (result.status, current(followed)), result.stderr
        assert result.stdout.startswith(f"took over what {lineage.certificate} and {lineage.key} hold")
        assert lineage.serves(followed, 2)

    def test_relative_names(self, lineage: Lineage, registry: Path, sslutil_call: Call, sslutil_run: Run) -> None:
        """Names that were typed from within a folder are found from elsewhere too."""
        words = ("certificate", "follow", "--certificate", "fullchain.pem", "--key", "privkey.pem")
        result = sslutil_run(*words, cwd=lineage.certificate.parent)
        assert 0 == result.status, result.stderr
        lineage.renew()
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(registry, 2)

    def test_a_new_key_is_theirs(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """We don't make a key for another program's certificate."""
        said = assert_refused(sslutil_call, followed, *RENEW, "--new-key", status=2)
        assert f"the key in {lineage.key} is another program's" in said


class TestNames:
    """Names that come and go."""

    def test_they_grow(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """A name that came is one of the site's, and nothing is pending then."""
        lineage.renew((*NAMES, "imap.example.org"))
        assert 0 == sslutil_call(*RENEW).status
        assert 'names = ["mail.example.org", "www.example.org", "imap.example.org"]' in _text(followed)
        assert "nothing to do" in sslutil_call("apply").stdout
        assert lineage.serves(followed, 2)

    def test_they_grow_beside_edits(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """With edits that are not in force the certificate alone is taken, and the edits wait as they were."""
        edit(followed, "https_port = 443", "https_port = 8444")
        edited = _text(followed)
        lineage.renew((*NAMES, "imap.example.org"))
        result = sslutil_call(*RENEW)
        assert (0, edited) == (result.status, _text(followed)), result.stderr
        assert lineage.holds(followed, 2)
        assert "https_port = 443\n" in (followed / "current/site.toml").read_text()
        assert 0 == sslutil_call("apply").status
        assert lineage.holds(followed, 2)
        assert "https_port = 8444\n" in (followed / "current/site.toml").read_text()
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(followed, 2)
        assert 'names = ["mail.example.org", "www.example.org", "imap.example.org"]' in _text(followed)

    def test_they_shrink(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """A name that went is refused, and what serves stays, until somebody says that it may go."""
        lineage.renew(NAMES[:1])
        assert "www.example.org" in assert_refused(sslutil_call, followed, *RENEW)
        assert lineage.serves(followed, 1)
        result = sslutil_call(*RENEW, "--replace")
        assert 0 == result.status, result.stderr
        assert lineage.serves(followed, 2)
        assert 'names = ["mail.example.org"]' in _text(followed)
        assert "nothing to do" in sslutil_call(*RENEW).stdout


class TestHalves:
    """What is not whole, not that program's alone, or not there."""

    def test_a_torn_pair(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """Read between two writes, the halves don't fit: what serves stays, and the next run takes both."""
        number = lineage.make()
        for torn in ({"certificate": 1, "key": number}, {"certificate": number, "key": 1}):
            lineage.point(**torn)
            said = assert_refused(sslutil_call, followed, *RENEW)
            assert f"the key in {lineage.key} fits none of the certificates" in said
            assert lineage.serves(followed, 1)
        lineage.point(certificate=number, key=number)
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(followed, number)

    @pytest.mark.parametrize("which", ["certificate", "key"])
    def test_cut_short(self, followed: Path, lineage: Lineage, sslutil_call: Call, which: str) -> None:
        """Half a file is told from a whole one."""
        number = lineage.renew()
        path: Path = getattr(lineage, which).resolve()
        whole = path.read_bytes()
        for half, why in ((whole[: len(whole) // 3], "is cut short"), (b"", "it is empty")):
            path.write_bytes(half)
            said = assert_refused(sslutil_call, followed, *RENEW)
            assert f"{getattr(lineage, which)} holds no whole {which}: " in said
            assert f"{why}\n" in said
        path.write_bytes(whole)
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(followed, number)

    @pytest.mark.parametrize("which", ["certificate", "key"])
    def test_missing(self, followed: Path, lineage: Lineage, sslutil_call: Call, which: str) -> None:
        """A link that points nowhere and a file that is gone are named, by renew and by follow."""
        path: Path = getattr(lineage, which)
        archived = path.resolve()
        archived.rename(archived.with_suffix(".gone"))
        for _ in range(2):
            said = assert_refused(sslutil_call, followed, *RENEW)
            assert f"{path}, which another program keeps, is not there" in said
            assert_refused(sslutil_call, followed, "certificate", "follow")
            path.unlink(missing_ok=True)
        archived.with_suffix(".gone").rename(archived)
        assert lineage.serves(followed, 1)

    @pytest.mark.parametrize("which", ["certificate", "key"])
    def test_written_by_others(self, followed: Path, lineage: Lineage, sslutil_call: Call, which: str) -> None:
        """What others may write is not taken, whoever wrote it, and is once that is mended."""
        number = lineage.renew()
        path: Path = getattr(lineage, which)
        path.resolve().chmod(0o666)
        said = assert_refused(sslutil_call, followed, *RENEW, status=4)
        assert f"{path} can be written by others than its owner" in said
        assert f"chmod go-w {path}" in said
        path.resolve().chmod(0o600)
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(followed, number)

    def test_nothing_is_born(self, lineage: Lineage, registry: Path, sslutil_call: Call) -> None:
        """A first follow that is refused leaves no registry, nor does one without its files."""
        lineage.make()
        lineage.point(certificate=1, key=2)
        assert 6 == lineage.follow(sslutil_call).status
        missing = sslutil_call("certificate", "follow", "--certificate", str(lineage.certificate))
        assert 2 == missing.status
        assert "--key is missing" in missing.stderr
        assert not registry.exists()

    def test_expired(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """A certificate whose time is over is no renewal."""
        lineage.renew(days=-1)
        assert "expired" in assert_refused(sslutil_call, followed, *RENEW)
        assert lineage.serves(followed, 1)


class TestIssuers:
    """Coming from another issuer, and going to one."""

    def test_written_by_hand(self, lineage: Lineage, registry: Path, sslutil_call: Call) -> None:
        """Whoever writes the issuer into site.toml and applies it follows from then on."""
        assert 0 == sslutil_call("certificate", "self-sign", *NAMES).status
        edit(registry, 'issuer = "self-signed"', 'issuer = "files"')
        assert "needs certificate_file" in assert_refused(sslutil_call, registry, "apply", status=3)
        edit(registry, 'certificate_file = ""', f'certificate_file = "{lineage.certificate}"')
        edit(registry, 'key_file = ""', f'key_file = "{lineage.key}"')
        result = sslutil_call("apply")
        assert 0 == result.status, result.stderr
        assert lineage.serves(registry, 1)
        lineage.renew()
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(registry, 2)

    def test_written_by_hand_without_a_name(self, lineage: Lineage, registry: Path, sslutil_call: Call) -> None:
        """Files that lack a name of the site are not taken by apply either."""
        assert 0 == sslutil_call("certificate", "self-sign", *NAMES, "imap.example.org").status
        edit(registry, 'issuer = "self-signed"', 'issuer = "files"')
        edit(registry, 'certificate_file = ""', f'certificate_file = "{lineage.certificate}"')
        edit(registry, 'key_file = ""', f'key_file = "{lineage.key}"')
        assert "imap.example.org" in assert_refused(sslutil_call, registry, "apply")

    def test_back_to_ours(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """Self-signing over an authority's certificate needs a word; then nothing is followed any more."""
        words = ("certificate", "self-sign", *NAMES)
        assert "browser would warn" in assert_refused(sslutil_call, followed, *words, status=3)
        result = sslutil_call(*words, "--replace")
        assert 0 == result.status, result.stderr
        assert 'issuer = "self-signed"' in _text(followed)
        assert str(lineage.folder) not in _text(followed)
        lineage.renew()
        before = read_tree(followed)
        assert "nothing to do" in sslutil_call(*RENEW).stdout
        assert before == read_tree(followed)


class TestCompromise:
    """A key that must go."""

    def test_the_key_is_theirs(self, followed: Path, lineage: Lineage, sslutil_call: Call) -> None:
        """It is marked, and who must make the next one is told; it serves on, and no renewal brings it back."""
        result = sslutil_call(*RENEW, "--compromised")
        assert 0 == result.status, result.stderr
        assert f"have the program that owns {lineage.key} make a new key" in result.stderr
        assert lineage.serves(followed, 1)
        assert "marked as compromised" in assert_refused(sslutil_call, followed, *RENEW)
        lineage.renew()
        assert 0 == sslutil_call(*RENEW).status
        assert lineage.serves(followed, 2)
        lineage.point(certificate=1, key=1)
        assert "marked as compromised" in assert_refused(sslutil_call, followed, *RENEW)


def test_a_server_that_refuses(followed: Path, lineage: Lineage, sslutil_call: Call, tmp_path: Path) -> None:
    """Where the server refuses the new pair, the old serves again; once it takes it, so does the next run."""
    unwanted, server = tmp_path / "unwanted", tmp_path / "server"
    server.write_text(f"#!/bin/sh\n! cmp -s {followed}/current/server.crt {unwanted}\n")
    server.chmod(0o755)
    edit(followed, "reload = []", f'reload = [["{server}"]]')
    assert 0 == sslutil_call("apply").status
    lineage.renew()
    unwanted.write_bytes(lineage.certificate.read_bytes())
    result = sslutil_call(*RENEW)
    assert 9 == result.status, result.stderr
    assert lineage.serves(followed, 1)
    unwanted.unlink()
    result = sslutil_call(*RENEW)
    assert 0 == result.status, result.stderr
    assert lineage.serves(followed, 2)


class TestClients:
    """What clients need of the nightly run, where the certificate is another program's."""

    def test_a_damaged_list_stops_nothing(
        self, followed: Path, lineage: Lineage, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """The renewed pair is taken over though a list is garbage, which is told; what a person types is refused."""
        authority = made.make_authority()
        files = {"ca": authority.pem, "crl": made.make_crl(authority)}
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        asked = ("client-auth", "--mode", "optional", "--ca", str(tmp_path / "ca"), "--crl", str(tmp_path / "crl"))
        assert 0 == sslutil_call(*asked).status
        (tmp_path / "crl").write_text("garbage\n")
        lineage.renew()
        result = sslutil_call(*RENEW)
        assert (0, True) == (result.status, lineage.holds(followed, 2)), result.stderr
        assert "holds no revocation list" in result.stderr
        assert files["crl"] == (followed / "current/client-ca.crl").read_bytes()
        assert "holds no revocation list" in assert_refused(sslutil_call, followed, "apply")

    def test_damaged_files_stop_nothing(
        self, followed: Path, lineage: Lineage, sslutil_call: Call, tmp_path: Path
    ) -> None:
        """A list that came is taken over though the other program's files are damaged, which is told."""
        authority = made.make_authority()
        (tmp_path / "ca").write_bytes(authority.pem)
        (tmp_path / "crl").write_bytes(made.make_crl(authority))
        asked = ("client-auth", "--mode", "optional", "--ca", str(tmp_path / "ca"), "--crl", str(tmp_path / "crl"))
        assert 0 == sslutil_call(*asked).status
        later = made.make_crl(authority, days=8)
        (tmp_path / "crl").write_bytes(later)
        lineage.certificate.unlink()
        assert 6 == sslutil_call(*RENEW).status
        assert later == (followed / "current/client-ca.crl").read_bytes()


def _text(registry: Path) -> str:
    return (registry / "site.toml").read_text()
