"""Self-signed certificates before judges: OpenSSL, GnuTLS, pkilint, and cryptography for what those don't know."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sslutil.keytypes import KEY_TYPES
from sslutil.names import parse_identities
from sslutil.pki.certificates import describe_certificate, make_self_signed
from tests.judges import ask, gnutls, openssl, pkilint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sslutil.pki.keys import Key

NOW = datetime.now(UTC)
DAYS = 397
NAMES = parse_identities(["mail.example.org", "*.example.org", "bücher.example", "192.0.2.1", "2001:db8::1"])
CALLED = ["mail.example.org", "imap.example.org", "xn--bcher-kva.example", "192.0.2.1", "2001:db8::1"]
NOT_CALLED = ["mail.example.net", "a.imap.example.org", "example.org", "192.0.2.2", "2001:db8::2"]
LONG = parse_identities([".".join(["a" * 30] * 3), ".".join(["b" * 40] * 2)])

CLASSICAL = [name for name in KEY_TYPES if not name.startswith("ml-dsa")]
over_types_of_openssl = pytest.mark.parametrize(
    "key", KEY_TYPES if ssl.OPENSSL_VERSION_INFO >= (3, 5) else CLASSICAL, indirect=True
)
"""Before 3.5 OpenSSL does not know ML-DSA, which `TestSignature` judges everywhere."""
over_types_of_gnutls = pytest.mark.parametrize("key", CLASSICAL, indirect=True)


@pytest.fixture
def pem(key: Key) -> bytes:
    """A self-signed certificate over each type of key in turn."""
    return make_self_signed(key, NAMES, now=NOW, days=DAYS)


@pytest.fixture
def path(pem: bytes, tmp_path: Path) -> Path:
    """The same, in a file."""
    return written(tmp_path / "server.crt", pem)


def written(path: Path, content: bytes) -> Path:
    """Write a file and return where it is."""
    path.write_bytes(content)
    return path


@contextlib.contextmanager
def serving(bundle: Path) -> Iterator[int]:
    """Make one handshake with whoever connects to the port that is given, as a server with this key and chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=_shake_hands, args=(listener, context))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)
        assert not thread.is_alive()


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    connection.settimeout(20)
    # A client that refuses says so, or hangs up: its own words are what counts.
    with contextlib.suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as session:
        session.recv(1)


def signed_by_authority(signer: Key, pem: bytes) -> tuple[bytes, bytes]:
    """Return a CA's certificate, and the certificate in `pem` with the same fields as that CA would sign it."""
    leaf = x509.load_pem_x509_certificate(pem)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    blank = x509.CertificateBuilder(
        not_valid_before=leaf.not_valid_before_utc, not_valid_after=leaf.not_valid_after_utc
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.signer.public_key())
    authority = (
        blank.subject_name(name)
        .issuer_name(name)
        .public_key(signer.signer.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
    )
    child = blank.subject_name(leaf.subject).issuer_name(name).public_key(leaf.public_key()).serial_number(2)
    for extension in leaf.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            child = child.add_extension(extension.value, extension.critical)
    child = child.add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
    made = (builder.sign(signer.signer, hashes.SHA256()).public_bytes(Encoding.PEM) for builder in (authority, child))
    first, second = made
    return first, second


@pytest.mark.needs("openssl")
class TestOpenSSL:
    """What a client that trusts nothing else thinks, by the strict reading of RFC 5280."""

    @over_types_of_openssl
    @pytest.mark.parametrize("name", CALLED)
    def test_takes_each_name(self, path: Path, name: str) -> None:
        """OpenSSL takes it for each of its names."""
        verdict = openssl.judge_certificate(path, name)

        assert verdict.accepted, verdict.words

    @over_types_of_openssl
    @pytest.mark.parametrize("name", NOT_CALLED)
    def test_refuses_other_names(self, path: Path, name: str) -> None:
        """OpenSSL refuses it for other names, and for no other reason."""
        verdict = openssl.judge_certificate(path, name)

        assert not verdict.accepted
        assert "mismatch" in verdict.words

    @over_types_of_openssl
    def test_refuses_other_trust(self, path: Path, p256: Key, tmp_path: Path) -> None:
        """OpenSSL refuses it where another certificate is trusted, one with the same names too."""
        other = written(tmp_path / "other.crt", make_self_signed(p256, NAMES, now=NOW, days=DAYS + 1))

        assert not openssl.judge_certificate(path, "mail.example.org", trusted=other).accepted

    @pytest.mark.parametrize(
        ("end", "seconds", "words"),
        [
            ("not_valid_before", 0, ": OK"),
            ("not_valid_before", -1, "certificate is not yet valid"),
            ("not_valid_after", -1, ": OK"),
            ("not_valid_after", 1, "certificate has expired"),
        ],
    )
    def test_holds_for_its_time(self, p256: Key, tmp_path: Path, end: str, seconds: int, words: str) -> None:
        """OpenSSL takes it from its first second to its last, and refuses it a second before and after."""
        pem = make_self_signed(p256, NAMES, now=NOW, days=1)
        path = written(tmp_path / "server.crt", pem)
        moment = getattr(describe_certificate(pem), end) + timedelta(seconds=seconds)
        at = ["-attime", str(int(moment.timestamp()))]

        _, answer = ask(["openssl", "verify", "-x509_strict", *at, "-no-CApath", "-CAfile", path, path])

        assert words in answer

    def test_long_names(self, p256: Key, tmp_path: Path) -> None:
        """OpenSSL takes one without a common name."""
        path = written(tmp_path / "server.crt", make_self_signed(p256, LONG, now=NOW, days=DAYS))

        verdict = openssl.judge_certificate(path, LONG[1].text)

        assert verdict.accepted, verdict.words


class TestSignature:
    """What holds for ML-DSA too, which the other judges may not know."""

    def test_own_key(self, pem: bytes) -> None:
        """Signatures: cryptography finds each signed by its own key."""
        certificate = x509.load_pem_x509_certificate(pem)

        certificate.verify_directly_issued_by(certificate)

    def test_damaged(self, pem: bytes) -> None:
        """Signatures: cryptography finds one with another serial number not signed by its own key."""
        certificate = x509.load_pem_x509_certificate(pem)
        der = certificate.public_bytes(Encoding.DER)
        number = certificate.serial_number.to_bytes(20, "big").lstrip(b"\0")
        forged = x509.load_der_x509_certificate(der.replace(number, number[:-1] + bytes([number[-1] ^ 1]), 1))

        with pytest.raises(InvalidSignature):
            forged.verify_directly_issued_by(forged)


class TestOtherJudges:
    """What GnuTLS and pkilint think."""

    @pytest.mark.needs("gnutls-cli")
    @over_types_of_gnutls
    @pytest.mark.parametrize(("name", "accepted"), [("imap.example.org", True), ("mail.example.net", False)])
    def test_gnutls(self, key: Key, pem: bytes, path: Path, name: str, accepted: bool) -> None:  # noqa: FBT001
        """A GnuTLS client that trusts it alone connects by its name, and refuses another name."""
        bundle = written(path.with_name("bundle.pem"), key.pem + pem)

        with serving(bundle) as port:
            verdict = gnutls.judge_server(port, name, trusted=path)

        assert accepted is verdict.accepted, verdict.words

    @pytest.mark.needs("certtool")
    def test_certtool(self, p256: Key, rsa2048: Key, tmp_path: Path) -> None:
        """The same fields signed by a CA, which certtool wants: it takes them for their name, and refuses another."""
        authority, leaf = signed_by_authority(rsa2048, make_self_signed(p256, NAMES, now=NOW, days=DAYS))
        trusted = written(tmp_path / "ca.crt", authority)
        chain = written(tmp_path / "chain.pem", leaf + authority)

        taken = gnutls.judge_chain(chain, "mail.example.org", trusted=trusted)
        refused = gnutls.judge_chain(chain, "mail.example.net", trusted=trusted)

        assert taken.accepted, taken.words
        assert not refused.accepted

    @pytest.mark.parametrize("long", [False, True])
    def test_rfc_5280(self, key: Key, tmp_path: Path, long: bool) -> None:  # noqa: FBT001
        """By RFC 5280 there is nothing to find for pkilint, whose rule for names knows no wildcards."""
        names = LONG if long else [name for name in NAMES if not name.wildcard]
        path = written(tmp_path / "server.crt", make_self_signed(key, names, now=NOW, days=DAYS))

        assert [] == pkilint.pkix_findings(path)

    @pytest.mark.parametrize(("days", "longer"), [(200, False), (201, True)])
    def test_days_are_counted_as_browsers_do(self, p256: Key, tmp_path: Path, days: int, longer: bool) -> None:  # noqa: FBT001
        """A certificate of 200 days is one of 200 by the CA/Browser Forum's count, which has the last second in."""
        path = written(tmp_path / "server.crt", make_self_signed(p256, NAMES, now=NOW, days=days))

        codes = {finding.code for finding in pkilint.public_server_findings(path)}

        assert longer is ("cabf.serverauth.certificate_validity_period_exceeds_200_days" in codes)
