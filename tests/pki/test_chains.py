"""From a server's certificate to a root, whatever came in whichever order."""

from __future__ import annotations

import itertools
import ssl
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from sslutil.errors import MaterialError
from sslutil.keytypes import KEY_TYPES
from sslutil.pki.certificates import describe_certificate, make_self_signed
from sslutil.pki.chains import build_chain, judge_issuers
from sslutil.pki.links import Link, read_links
from tests.judges import gnutls, openssl
from tests.pki.chain_parts import DAY, LEAF, NOW, Holder, Parts, make_certificate, make_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sslutil.facts import Chain
    from sslutil.pki.keys import Key

ROOT, TOP, LOW, SERVER = Holder("Root"), Holder("Top CA"), Holder("Low CA"), Holder("mail.example.org")
root = make_certificate(ROOT, ROOT)
top = make_certificate(TOP, ROOT)
low = make_certificate(LOW, TOP, Parts(path_length=0))
leaf = make_certificate(SERVER, LOW, LEAF)
stranger = make_certificate(Holder("Stranger"), Holder("Nobody"))
_SHA256_RSA = bytes.fromhex("2a864886f70d01010b")


def build(
    given: Sequence[bytes] = (),
    pool: Sequence[bytes] = (),
    anchors: Sequence[bytes] = (),
    server: bytes = leaf,
) -> Chain:
    """Build a chain, by default that of `leaf`."""
    return build_chain(server, given, pool, anchors, NOW)


def subjects(chain: Chain) -> list[str]:
    """Return the common names of what is served."""
    return [describe_certificate(pem).subject.removeprefix("CN=") for pem in chain.certificates]


def dropped(chain: Chain) -> set[tuple[str, str]]:
    """Return what was left out and why."""
    return {(left.facts.subject.removeprefix("CN="), left.reason) for left in chain.dropped}


def with_sha1(pem: bytes) -> bytes:
    """Return a certificate signed by an RSA key that says SHA-1."""
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    return ssl.DER_cert_to_PEM_cert(der.replace(_SHA256_RSA, _SHA256_RSA[:-1] + b"\x05")).encode()


class TestOrder:
    """What came, in any order."""

    @pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
    def test_any(self, order: tuple[int, ...]) -> None:
        """It is ordered by who signed whom; root and strangers are left out and named."""
        given = [(root, top, low, stranger)[place] for place in order]
        chain = build(given, anchors=[root])

        assert (leaf, low, top) == chain.certificates
        assert {("Root", "root"), ("Stranger", "stranger")} == dropped(chain)
        assert chain.trusted
        assert chain.missing is None

    def test_one_text(self) -> None:
        """Several certificates in one text are as good, prose between them included."""
        assert (leaf, low, top) == build([b"Dear customer,\n" + root + b"\nand\n" + top + low]).certificates

    def test_duplicates(self) -> None:
        """What came twice, the leaf included, is served once and said."""
        chain = build([low, leaf, low, top, root])

        assert (leaf, low, top) == chain.certificates
        assert {("Low CA", "duplicate"), ("mail.example.org", "duplicate"), ("Root", "root")} == dropped(chain)

    @pytest.mark.parametrize("key_type", KEY_TYPES)
    def test_each_key_type(self, key_type: str) -> None:
        """Authorities of every type of key."""
        ca = Holder("CA", key_type=key_type)
        server = make_certificate(SERVER, ca, LEAF)
        chain = build([root, make_certificate(ca, ROOT)], server=server)

        assert ["mail.example.org", "CA"] == subjects(chain)
        assert chain.root

    def test_same_der(self) -> None:
        """What is served is what came, byte for byte."""
        given = ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(low.decode())).encode()
        assert ssl.PEM_cert_to_DER_cert(low.decode()) == ssl.PEM_cert_to_DER_cert(
            build([given, top]).certificates[1].decode()
        )


class TestSelfSigned:
    """A certificate that is its own issuer."""

    def test_alone(self, key: Key) -> None:
        """It is a chain of one: nothing is missing, nobody trusts it."""
        own = make_self_signed(key, [*describe_certificate(leaf).names], now=NOW, days=9)
        chain = build([root], server=own)

        assert (own,) == chain.certificates
        assert (None, False, None) == (chain.root, chain.trusted, chain.missing)
        assert {("Root", "stranger")} == dropped(chain)

    def test_installed(self) -> None:
        """Unless an administrator installed it in the trust store."""
        own = make_certificate(SERVER, SERVER, LEAF)
        assert build(anchors=[own], server=own).trusted

    def test_only_by_name(self) -> None:
        """One that names itself as its issuer, and was signed by another key, is not self-signed."""
        pretended = make_certificate(SERVER, Holder("mail.example.org", "other"), LEAF)
        assert build(server=pretended).missing


class TestCompletion:
    """Where a missing intermediate is from."""

    def test_pool(self) -> None:
        """The registry's older chains complete what came; what was taken is said."""
        chain = build([top], pool=[leaf + low + top], anchors=[root])

        assert (leaf, low, top) == chain.certificates
        assert ["CN=Low CA"] == [facts.subject for facts in chain.taken]
        assert () == chain.dropped

    def test_store(self) -> None:
        """So do intermediates that were installed as trusted, and then the path is trusted."""
        chain = build([low], anchors=[top])

        assert (leaf, low, top) == chain.certificates
        assert ["CN=Top CA"] == [facts.subject for facts in chain.taken]
        assert chain.trusted

    def test_fetched(self) -> None:
        """What was fetched is told apart."""
        chain = build_chain(leaf, [low], [], [root], NOW, fetched=[top])

        assert ["CN=Top CA"] == [facts.subject for facts in chain.fetched]
        assert () == chain.taken

    def test_given_first(self) -> None:
        """Of two equal certificates for one authority the one that came is served."""
        twin = make_certificate(LOW, TOP)
        assert (leaf, twin, top) == build([twin, top], pool=[low]).certificates

    def test_missing(self) -> None:
        """What lacks is named by its name and key, with the http addresses where it is said to be."""
        addresses = ("ldap://example.org/ca", "https://example.org/ca.crt", "http://example.org/ca.crt", "HTTP://b/")
        server = make_certificate(SERVER, LOW, Parts(ca=False, signs=False, names=["a.example"], addresses=addresses))
        missing = build([top], server=server).missing

        assert missing
        assert ("CN=Low CA", "CN=mail.example.org", True) == (missing.name, missing.signed, missing.of_leaf)
        assert ("http://example.org/ca.crt", "HTTP://b/") == missing.addresses
        identifier = x509.SubjectKeyIdentifier.from_public_key(LOW.key.public_key())
        assert identifier.digest.hex() == missing.key_identifier

    def test_missing_further_up(self) -> None:
        """Where an intermediate lacks its issuer, which may be the root, that is told apart."""
        missing = build([low]).missing

        assert missing
        assert ("CN=Top CA", "CN=Low CA", False) == (missing.name, missing.signed, missing.of_leaf)

    def test_untrusted_root(self) -> None:
        """A private root is known and not trusted."""
        chain = build([low, top, root], anchors=[stranger])

        assert not chain.trusted
        assert chain.root
        assert "CN=Root" == chain.root.subject


class TestImpostors:
    """What looks like an issuer and is none."""

    @pytest.mark.parametrize("identifiers", [True, False])
    def test_same_name(self, *, identifiers: bool) -> None:
        """Another authority of the same name, with key identifiers and without, signed nothing."""
        server = make_certificate(
            SERVER, LOW, Parts(ca=False, signs=False, names=["a.example"], identifiers=identifiers)
        )
        other = make_certificate(Holder("Low CA", "other"), TOP, Parts(identifiers=identifiers))
        chain = build([other, top, root], server=server)

        assert (server,) == chain.certificates
        assert chain.missing
        assert {("Low CA", "stranger"), ("Top CA", "stranger"), ("Root", "stranger")} == dropped(chain)
        mended = build([other, low, top, root], server=server)
        assert (server, low, top) == mended.certificates

    def test_root_of_same_name(self) -> None:
        """A trusted root of the same name with another key makes nothing trusted."""
        chain = build([low, top], anchors=[make_certificate(Holder("Root", "other"), Holder("Root", "other"))])

        assert not chain.trusted
        assert chain.missing

    def test_same_identifier(self) -> None:
        """A key identifier can be copied; the signature is what counts."""
        der = ssl.PEM_cert_to_DER_cert(make_certificate(Holder("Low CA", "other"), TOP).decode())
        ours = x509.SubjectKeyIdentifier.from_public_key(LOW.key.public_key()).digest
        other = Holder("Low CA", "other").key.public_key()
        theirs = x509.SubjectKeyIdentifier.from_public_key(other).digest
        forged = ssl.DER_cert_to_PEM_cert(der.replace(theirs, ours)).encode()

        assert build([forged, top]).missing

    def test_tampered(self) -> None:
        """A certificate whose signature was changed has no issuer."""
        der = bytearray(ssl.PEM_cert_to_DER_cert(leaf.decode()))
        der[-1] ^= 1
        assert build([low, top, root], server=ssl.DER_cert_to_PEM_cert(bytes(der)).encode()).missing

    @pytest.mark.parametrize(
        ("parts", "reason"),
        [
            (Parts(ca=False), "issuer-no-authority"),
            (Parts(ca=None), "issuer-no-authority"),
            (Parts(signs=False), "issuer-no-authority"),
            (Parts(purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION]), "issuer-purpose"),
            (Parts(begin=NOW - 2 * DAY, end=NOW - DAY), "issuer-expired"),
            (Parts(begin=NOW + DAY), "issuer-not-yet"),
        ],
        ids=["CA:FALSE", "no constraints", "no keyCertSign", "e-mail", "expired", "not yet"],
    )
    def test_unfit(self, parts: Parts, reason: str) -> None:
        """An issuer that clients would refuse is never served, and the sentence says why."""
        chain = build([make_certificate(LOW, TOP, parts), top, root], anchors=[root])

        assert (leaf,) == chain.certificates
        assert ("Low CA", reason) in dropped(chain)
        with pytest.raises(MaterialError, match="Low CA"):
            judge_issuers(chain)
        judge_issuers(build([make_certificate(LOW, TOP, parts), low, top, root]))

    def test_path_length(self) -> None:
        """An authority may have no more below it than it says."""
        chain = build([low, make_certificate(TOP, ROOT, Parts(path_length=0)), root])

        assert (leaf, low) == chain.certificates
        with pytest.raises(MaterialError, match="more authorities below it than its path length allows"):
            judge_issuers(chain)
        judge_issuers(build([low, make_certificate(TOP, ROOT, Parts(path_length=1)), root]))

    def test_weak_signature(self) -> None:
        """An intermediate that is signed with SHA-1 is refused; a root so signed is not, since nobody looks."""
        old_root = Holder("Old root", key_type="rsa2048")
        middle = make_certificate(LOW, old_root)
        chain = build([with_sha1(middle), make_certificate(old_root, old_root)])

        with pytest.raises(
            MaterialError, match=r'certificate of "CN=Low CA".*is signed with SHA-1, which clients refuse'
        ):
            judge_issuers(chain)

    def test_weak_key(self) -> None:
        """An authority of a key that can be broken is refused."""
        weak = rsa.generate_private_key(65537, 1024)  # noqa: S505  so it shall be
        certificate = make_certificate(Holder("Weak"), ROOT, Parts(public=weak.public_key(), identifiers=False))
        link = next(read_links(certificate))
        server = _sign(x509.load_pem_x509_certificate(leaf), make_name("Weak"), weak)

        assert link.certificate
        with pytest.raises(MaterialError, match="one that clients refuse: RSA of 1024 bits"):
            judge_issuers(build([certificate, root], server=server))


class TestSeveralPaths:
    """Cross-certificates, renewed authorities, loops."""

    old_root = Holder("Old root")
    expired_root = make_certificate(old_root, old_root, Parts(begin=NOW - 9 * DAY, end=NOW - DAY))
    cross = make_certificate(ROOT, old_root)

    def test_expired_cross(self) -> None:
        """The cross-certificate of a root that expired is left out (the pain of DST Root CA X3)."""
        chain = build([low, top, self.cross, self.expired_root], anchors=[root, self.expired_root])

        assert (leaf, low, top) == chain.certificates
        assert chain.trusted
        assert ("Root", "spare") in dropped(chain)

    def test_valid_cross(self) -> None:
        """That of a valid root is served where it came: it is for clients that are older than this machine."""
        valid_root = make_certificate(self.old_root, self.old_root)
        given = [low, top, self.cross]

        assert (leaf, low, top, self.cross) == build(given, anchors=[root, valid_root]).certificates
        assert (leaf, low, top) == build(given, anchors=[root]).certificates
        assert (leaf, low, top) == build([low, top], pool=[self.cross], anchors=[root, valid_root]).certificates

    def test_trusted_before_given(self) -> None:
        """A path to a trusted root counts more than what came."""
        cross = make_certificate(TOP, self.old_root)
        chain = build([low, cross], pool=[top], anchors=[root])

        assert (leaf, low, top) == chain.certificates
        assert {("Top CA", "spare")} == dropped(chain)

    def test_renewed(self) -> None:
        """Of an authority's expired certificate and its new one with the same key, the new one is served."""
        old = make_certificate(LOW, TOP, Parts(begin=NOW - 9 * DAY, end=NOW - DAY))
        chain = build([old, top], pool=[low])

        assert (leaf, low, top) == chain.certificates
        assert ("Low CA", "issuer-expired") in dropped(chain)

    def test_loop(self) -> None:
        """Authorities that certify each other end."""
        chain = build([make_certificate(LOW, TOP), make_certificate(TOP, LOW)])

        assert ["mail.example.org", "Low CA"] == subjects(chain)[:2]
        assert chain.missing

    def test_mesh(self) -> None:
        """Twelve that all certify each other have ten million paths, and cost less than two seconds."""
        holders = [Holder(f"Mesh {number}") for number in range(12)]
        mesh = [make_certificate(a, b) for a, b in itertools.permutations(holders, 2)]
        begin = time.process_time()
        chain = build(mesh, server=make_certificate(SERVER, holders[0], LEAF))

        assert time.process_time() - begin < 2
        assert len(chain.certificates) > 1

    def test_lookalikes(self) -> None:
        """Ten thousand of the right name cost less than two seconds, and hide the right one from nobody who has it."""
        other = make_certificate(Holder("Low CA", "other"), TOP)
        der = ssl.PEM_cert_to_DER_cert(other.decode())
        crowd = [ssl.DER_cert_to_PEM_cert(der[:-3] + number.to_bytes(3, "big")).encode() for number in range(10_000)]
        begin = time.process_time()
        chain = build([*crowd, low, top])

        assert time.process_time() - begin < 2
        assert (leaf, low, top) == chain.certificates

    def test_lookalikes_without_identifiers(self) -> None:
        """Where only signatures could tell, the number of signatures is bounded."""
        bare = Parts(identifiers=False)
        server = make_certificate(SERVER, LOW, Parts(ca=False, signs=False, names=["a.example"], identifiers=False))
        der = ssl.PEM_cert_to_DER_cert(make_certificate(Holder("Low CA", "other"), TOP, bare).decode())
        crowd = [ssl.DER_cert_to_PEM_cert(der[:-3] + number.to_bytes(3, "big")).encode() for number in range(10_000)]
        begin = time.process_time()

        assert build(crowd, server=server).missing
        assert time.process_time() - begin < 2

    def test_ancient_root(self) -> None:
        """A root of version 1 has no extensions; an intermediate without them is no authority."""
        ancient = _to_version_1(make_certificate(ROOT, ROOT, Parts(ca=None, signs=None, identifiers=False)), ROOT)
        link = next(read_links(ancient))
        chain = build([low, top], anchors=[ancient])

        assert link.certificate
        assert x509.Version.v1 == link.certificate.version
        assert (leaf, low, top) == chain.certificates
        assert chain.trusted
        plain = make_certificate(TOP, ROOT, Parts(ca=None, signs=None, identifiers=False))
        assert build([low, _to_version_1(plain, ROOT)], anchors=[ancient]).missing


class TestDamage:
    """What can't be read."""

    def test_passed_over(self) -> None:
        """Certificates that are none are passed over among those that are given."""
        broken = b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
        assert (leaf, low, top) == build(
            [broken, low, b"", top, low[:300]], pool=[broken], anchors=[broken]
        ).certificates

    def test_unknown_version(self) -> None:
        """One that the library refuses is a stranger, and can still be named by its digest."""
        der = ssl.PEM_cert_to_DER_cert(low.decode()).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
        chain = build([ssl.DER_cert_to_PEM_cert(der).encode()])

        assert ["stranger"] == [left.reason for left in chain.dropped]
        assert 64 == len(chain.dropped[0].facts.fingerprint)
        assert chain.missing

    @pytest.mark.parametrize(
        "server",
        [b"", b"\0", b"-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"],
        ids=["empty", "zero", "sequence"],
    )
    def test_leaf(self, server: bytes) -> None:
        """Without a certificate there is no chain."""
        with pytest.raises(MaterialError):
            build([low], server=server)

    def test_cut_anywhere(self) -> None:
        """A certificate that is cut short anywhere raises nothing but what its reader expects."""
        der = ssl.PEM_cert_to_DER_cert(low.decode())
        for length in range(len(der)):
            with pytest.raises((IndexError, ValueError)):
                Link(der[:length])


@pytest.mark.needs("openssl", "certtool")
class TestJudged:
    """What openssl and GnuTLS say of our chains."""

    @pytest.mark.parametrize(
        "given", [[root, top, low], [top, root, low, stranger], [low, top]], ids=["up", "mixed", "no root"]
    )
    def test_taken(self, tmp_path: Path, given: list[bytes]) -> None:
        """Both take what we make of any order."""
        served = tmp_path / "served.pem"
        served.write_bytes(b"".join(build(given).certificates))
        trusted = tmp_path / "root.pem"
        trusted.write_bytes(root)
        for verdict in (
            openssl.judge_certificate(served, "mail.example.org", trusted=trusted),
            gnutls.judge_chain(served, "mail.example.org", trusted=trusted),
        ):
            assert verdict.accepted, verdict.words

    @pytest.mark.parametrize(
        "served",
        [
            [leaf, top],
            [leaf, make_certificate(Holder("Low CA", "other"), TOP), top],
            [leaf, make_certificate(LOW, TOP, Parts(begin=NOW - 2 * DAY, end=NOW - DAY)), top],
            [leaf, make_certificate(LOW, TOP, Parts(ca=False)), top],
            [leaf, low, make_certificate(TOP, ROOT, Parts(path_length=0))],
            [leaf, make_certificate(LOW, TOP, Parts(purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION])), top],
        ],
        ids=["gap", "impostor", "expired", "no authority", "too deep", "purpose"],
    )
    def test_refused(self, tmp_path: Path, served: list[bytes]) -> None:
        """What we refuse, or find incomplete, they refuse too."""
        chain = build([*served[1:], root], anchors=[root])
        assert chain.missing
        path, trusted = tmp_path / "served.pem", tmp_path / "root.pem"
        path.write_bytes(b"".join(served))
        trusted.write_bytes(root)
        assert not openssl.judge_certificate(path, "mail.example.org", trusted=trusted).accepted
        assert not gnutls.judge_chain(path, "mail.example.org", trusted=trusted).accepted

    def test_order_matters_to_a_server(self, tmp_path: Path) -> None:
        """In the order in which it came a server would not even start; in ours it does."""
        key, came, ours = (tmp_path / name for name in ("key.pem", "came.pem", "ours.pem"))
        key.write_bytes(SERVER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        came.write_bytes(root + low + leaf + top)
        ours.write_bytes(b"".join(build([root, low, top]).certificates))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        context.load_cert_chain(ours, key)
        with pytest.raises(ssl.SSLError):
            context.load_cert_chain(came, key)


def _sign(like: x509.Certificate, issuer: x509.Name, key: rsa.RSAPrivateKey) -> bytes:
    """Return a certificate of the same fields, without key identifiers, signed by another authority."""
    builder = x509.CertificateBuilder(issuer, like.subject, like.public_key(), 7, NOW - DAY, NOW + DAY)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _to_version_1(pem: bytes, issuer: Holder) -> bytes:
    """Return a certificate without extensions as one of version 1: the field is left out, and it is signed again."""
    certificate = x509.load_pem_x509_certificate(pem)
    content = certificate.tbs_certificate_bytes.partition(b"\xa0\x03\x02\x01\x02")[2]
    body = _wrap(0x30, content)
    key = issuer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = _wrap(0x03, b"\0" + key.sign(body, ec.ECDSA(hashes.SHA256())))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    return ssl.DER_cert_to_PEM_cert(_wrap(0x30, body + algorithm + signature)).encode()


def _wrap(tag: int, content: bytes) -> bytes:
    """Return a DER element."""
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (length if len(content) < 0x80 else bytes([0x80 + len(length)]) + length) + content
