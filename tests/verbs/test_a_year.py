"""A year with an authority, day by day on a clock of its own: asked in time, once, and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.authorities import run
from tests.authorities.openssl_ca import LEAF, make_authority, sign_with
from tests.crash.soundness import numbers, read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, Run

NAME = "mail.example.org"


@pytest.mark.needs("faketime", "openssl")
def test_a_year(registry: Path, sslutil_run: Run, tmp_path: Path) -> None:
    """The nightly run asks when two thirds are over, once; the answer renews, over the same key, and all is quiet."""

    def night(day: int, *argv: str) -> Result:
        result = sslutil_run(*argv, before=("faketime", "-f", f"+{day}d"))
        assert 0 == result.status, result.stderr
        return result

    authority = make_authority(tmp_path / "authority")
    assert 0 == sslutil_run("csr", NAME).status
    first = sign_with(authority, registry / "requests/000001/request.csr", [NAME], days=365)
    (tmp_path / "first.pem").write_bytes(b"".join(first.chain))
    night(0, "certificate", "import", str(tmp_path / "first.pem"))
    key = (registry / "current/server.key").read_bytes()

    renew = ("certificate", "renew")
    assert night(200, *renew).stdout.startswith("nothing to do: renewal is due from")
    assert night(250, *renew).stdout.startswith("made request 2\n")
    assert night(251, *renew).stdout.startswith("nothing to do: request 2 waits for its answer\n")
    assert {1, 2} == numbers(read_tree(registry), "requests")
    assert "has waited" in night(270, "status").stderr
    assert "CRITICAL: the certificate ends in" in night(360, "status").stderr

    (tmp_path / "extensions").write_text("\n".join((*LEAF, f"subjectAltName=DNS:{NAME}")))
    by = ("-CA", authority.certificate(1), "-CAkey", authority.key(1), "-extfile", tmp_path / "extensions")
    request = registry / "requests/000002/request.csr"
    words = ("openssl", "x509", "-req", "-in", request, *by, "-days", "365")
    (tmp_path / "second.pem").write_bytes(run("faketime", "-f", "+271d", *words, cwd=tmp_path))
    answer = night(271, "certificate", "import", str(tmp_path / "second.pem"))
    assert answer.stdout.startswith("took in the answer to request 2\n")
    assert key == (registry / "current/server.key").read_bytes()
    assert night(272, *renew).stdout.startswith("nothing to do: renewal is due from")
    assert "waits" not in night(360, "status").stdout
    late = sslutil_run("certificate", "import", str(tmp_path / "first.pem"), before=("faketime", "-f", "+400d"))
    assert (6, True) == (late.status, "expired" in late.stderr)
