"""The authority that every test can afford: the openssl command, a root, and intermediates below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.authorities import Answer, run
from tests.judges import is_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LEAF = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth")
"""What a leaf says of itself, unless a test wants another one."""
ISSUER = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
IDENTIFIERS = ("subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid")
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """A root and the intermediates below it, each with its key, in a folder of its own."""

    folder: Path
    name: str
    depth: int
    """How many intermediates there are."""

    @property
    def root(self) -> Path:
        """The root's certificate."""
        return self.certificate(0)

    @property
    def intermediates(self) -> tuple[Path, ...]:
        """Their certificates, the issuer of leaves first."""
        return tuple(self.certificate(level) for level in range(self.depth, 0, -1))

    def certificate(self, level: int) -> Path:
        """Return the certificate of a level; 0 is the root."""
        return self.folder / f"authority-{level}.crt"

    def key(self, level: int) -> Path:
        """Return the key of a level; 0 is the root."""
        return self.folder / f"authority-{level}.key"


def make_authority(folder: Path, *, name: str = "Foreign", depth: int = 1, issuer_address: str = "") -> Authority:
    """Make a root and `depth` intermediates below it.

    Two authorities of one name have different keys: strangers that look alike. `issuer_address` with an {} for the
    level of the issuer ("http://127.0.0.1/{}.crt") is where intermediates say that their issuer is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Authority(folder, name, depth)
    _make_issuer(made, 0, "")
    for level in range(1, depth + 1):
        _make_issuer(made, level, issuer_address.format(level - 1))
    return made


def sign_with(  # noqa: PLR0913  what a test may want of a leaf
    authority: Authority,
    request: Path,
    names: Sequence[str],
    *,
    days: int = 90,
    issuer_address: str = "",
    extensions: Sequence[str] = LEAF,
    options: Sequence[str] = (),
) -> Answer:
    """Return a certificate over the key of a request, as the authority's last level signs it.

    `issuer_address` is the URL where the leaf says that its issuer is (caIssuers); `extensions` stand in the place of
    LEAF; `options` go to `openssl x509` as they are, such as "-sha1". Another clock is what `faketime` is for.
    """
    alternative = ",".join(f"{'IP' if is_address(name) else 'DNS'}:{name}" for name in names)
    lines = [*extensions, *IDENTIFIERS, *_where(issuer_address), *([f"subjectAltName={alternative}"] if names else [])]
    leaf = _sign(authority, authority.depth, request.read_bytes(), lines, "-days", str(days), *options)
    return Answer(leaf, tuple(path.read_bytes() for path in authority.intermediates), authority.root.read_bytes())


def sign(request: Path, folder: Path, names: Sequence[str]) -> Answer:
    """Return the answer of a new authority with one intermediate."""
    return sign_with(make_authority(folder), request, names)


def _make_issuer(authority: Authority, level: int, issuer_address: str) -> None:
    subject = f"/O={authority.name}/CN={authority.name} {f'Issuing {level}' if level else 'Root'}"
    files = ("-keyout", authority.key(level), "-subj", subject)
    if level == 0:
        added = [word for line in ISSUER for word in ("-addext", line)]
        out = ("-out", authority.certificate(0), "-days", "3650")
        run("openssl", "req", "-x509", *_NEW_KEY, *files, *out, *added, cwd=authority.folder)
        return
    request = run("openssl", "req", "-new", *_NEW_KEY, *files, cwd=authority.folder)
    lines = [*ISSUER, *IDENTIFIERS, *_where(issuer_address)]
    authority.certificate(level).write_bytes(_sign(authority, level - 1, request, lines, "-days", "1825"))


def _sign(authority: Authority, level: int, request: bytes, lines: Sequence[str], *options: str) -> bytes:
    extensions = authority.folder / "extensions.cnf"
    extensions.write_text("\n".join(lines))
    by = ("-CA", authority.certificate(level), "-CAkey", authority.key(level), "-CAcreateserial")
    return run("openssl", "x509", "-req", *by, "-extfile", extensions, *options, cwd=authority.folder, stdin=request)


def _where(issuer_address: str) -> list[str]:
    return [f"authorityInfoAccess=caIssuers;URI:{issuer_address}"] if issuer_address else []
