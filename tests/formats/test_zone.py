"""Lines of a zone: danetool, from the certificate alone, says the same records in both forms."""

from __future__ import annotations

import hashlib
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from sslutil.formats.zone import FORMS, GENERIC, TYPE52, TlsaRecord, render_zone
from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.pki.certificates import describe_certificate, make_self_signed
from sslutil.pki.keys import make_key
from tests.judges import danetool
from tests.pki.chain_parts import NOW

if TYPE_CHECKING:
    from pathlib import Path

HOST = "mail.example.org"
RECORD = TlsaRecord(HOST, 25, "ab" * 32)
LONG_KNOWN = [name for name in KEY_TYPES if not name.startswith("ml-dsa")]
"""What a GnuTLS of today's distributions reads."""


def parse(line: str) -> tuple[str, int, bytes]:
    """Return owner, time to live and content of a line in any form, by a reading of our own (RFC 1035, RFC 3597)."""
    known = re.fullmatch(r"(\S+) (\d+) IN TLSA (\d) (\d) (\d) ([0-9a-f]{64})", line)
    if known:
        return known[1], int(known[2]), bytes(map(int, known.group(3, 4, 5))) + bytes.fromhex(known[6])
    unknown = re.fullmatch(r"(\S+) (\d+) IN TYPE52 \\# (\d+) ([0-9a-f]+)", line)
    assert unknown, line
    content = bytes.fromhex(unknown[4])
    assert int(unknown[3]) == len(content)
    return unknown[1], int(unknown[2]), content


def test_the_forms() -> None:
    """A record as name servers that know the type read it, and as all others do."""
    assert f"_25._tcp.{HOST}. 60 IN TLSA 3 1 1 {'ab' * 32}\n" == render_zone([RECORD], ttl=60)
    generic = f"_25._tcp.{HOST}. 60 IN TYPE52 \\# 35 030101{'ab' * 32}\n"
    assert generic == render_zone([RECORD], ttl=60, form=GENERIC) == render_zone([RECORD], ttl=60, form=TYPE52)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    """Whatever the form, a line is the same record; several are as many lines, and none is no text."""
    several = [RECORD, RECORD._replace(port=587), RECORD._replace(host="xn--bcher-kva.example")]
    lines = render_zone(several, ttl=3600, form=form).splitlines()
    content = bytes((3, 1, 1)) + b"\xab" * 32
    assert [(record.owner, 3600, content) for record in several] == [parse(line) for line in lines]
    assert "" == render_zone([], ttl=3600, form=form)


@pytest.mark.parametrize("key_type", LONG_KNOWN)
@pytest.mark.needs("danetool", "openssl")
def test_danetool_agrees(key_type: str, tmp_path: Path) -> None:
    """For a key of each type the record is what danetool and OpenSSL make of its certificate; not that of another."""
    lines = []
    for number in (1, 2):
        certificate = tmp_path / f"{number}.crt"
        certificate.write_bytes(make_self_signed(make_key(key_type), parse_identities([HOST]), now=NOW, days=9))
        digest = describe_certificate(certificate.read_bytes()).key.fingerprint
        line = render_zone([TlsaRecord(HOST, 25, digest)], ttl=60)
        owner, _, content = parse(line.strip())
        assert (owner, content) == danetool.record_of_certificate(certificate, HOST, 25)
        assert content == bytes((3, 1, 1)) + hash_of_key(certificate)
        lines.append(line)
    assert lines[0] != lines[1]


def hash_of_key(certificate: Path) -> bytes:
    """Return SHA-256 of the public key as OpenSSL takes it out of a certificate."""
    public = subprocess.check_output(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"])
    der = subprocess.check_output(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public)
    return hashlib.sha256(der).digest()
