"""Files that are small, and cost a reader who trusts them hours or gigabytes."""

from __future__ import annotations

import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from sslutil.pki.intake import asn1
from tests.pki.authorities import make_authority
from tests.pki.intake.parts import SECRET, block, make_pkcs12

if TYPE_CHECKING:
    from collections.abc import Callable

MEBI = 1 << 20
BILLION = 10**9


def deflate_zeros(size: int, wbits: int = -zlib.MAX_WBITS) -> bytes:
    """Return so many MiB of zeros, deflated: one part again and again, so that this takes no time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    first = packer.compress(bytes(MEBI)) + packer.flush(zlib.Z_FULL_FLUSH)
    part = packer.compress(bytes(MEBI)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + part * (size - 1) + packer.flush(zlib.Z_FINISH)


def make_zip(deflated: bytes, said: int, name: bytes = b"leaf.crt", copies: int = 1) -> bytes:
    """Return a zip whose headers say that a file has so many bytes, several times over the same ones."""
    sizes = struct.pack("<LLL", 0, len(deflated), said)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", len(name), 0) + name
    central = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
    central += struct.pack("<HHHHHLL", len(name), 0, 0, 0, 0, 0, 0) + name
    ending = struct.pack("<HHHHLLH", 0, 0, copies, copies, len(central) * copies, len(local) + len(deflated), 0)
    return local + deflated + central * copies + b"PK\5\6" + ending


def zip_bomb() -> bytes:
    """Return 3 GiB in 3 MiB, and headers that say so."""
    return make_zip(deflate_zeros(3 * 1024), 3 * 1024 * MEBI)


def zip_bomb_that_lies() -> bytes:
    """Return 3 GiB in 3 MiB, and headers that say ten bytes."""
    return make_zip(deflate_zeros(3 * 1024), 10)


def zip_of_ten_mebibytes() -> bytes:
    """Return 10 GiB in 10 MiB."""
    return make_zip(deflate_zeros(10 * 1024), 4294967295)


def zip_of_many() -> bytes:
    """Return one with 60,000 files."""
    return make_zip(deflate_zeros(1), 10, copies=60_000)


def gzip_bomb() -> bytes:
    """Return 3 GiB in 3 MiB."""
    return deflate_zeros(3 * 1024, 16 + zlib.MAX_WBITS)


def tar_with_holes() -> bytes:
    """Return a tar whose one file is a hole of a TiB (GNU's sparse format)."""
    member = tarfile.TarInfo("leaf.crt")
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[386:410] = b"00000000000\0" + b"00000000000\0"
    header[483:495] = b"77777777777\0"
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def patient_pkcs12(rounds: int = BILLION) -> bytes:
    """Return a PKCS#12 whose MAC is made by so many rounds, as it says."""
    made = make_pkcs12(SECRET)
    whole = asn1.read_element(made)
    assert whole
    *before, mac = asn1.elements(made, whole)
    *rest, _ = asn1.elements(made, mac)
    number = rounds.to_bytes(rounds.bit_length() // 8 + 1)
    inner = made[mac.begin : rest[-1].stop] + wrap(number, asn1.INTEGER)
    return wrap(made[whole.begin : before[-1].stop] + wrap(inner))


def patient_key(rounds: int = BILLION) -> bytes:
    """Return an encrypted PKCS#8 whose passphrase function has so many rounds (RFC 8018, A.2)."""
    oid = {name: wrap(bytes.fromhex(number), asn1.OBJECT) for name, number in OIDS.items()}
    number = wrap(rounds.to_bytes(rounds.bit_length() // 8 + 1), asn1.INTEGER)
    derivation = wrap(oid["pbkdf2"] + wrap(wrap(b"saltsalt", asn1.OCTETS) + number))
    cipher = wrap(oid["aes256"] + wrap(bytes(16), asn1.OCTETS))
    return wrap(wrap(oid["pbes2"] + wrap(derivation + cipher)) + wrap(bytes(64), asn1.OCTETS))


OIDS = {"pbes2": "2a864886f70d01050d", "pbkdf2": "2a864886f70d01050c", "aes256": "60864801650304012a"}


def wrap(content: bytes, tag: int = asn1.SEQUENCE) -> bytes:
    """Return one DER element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def many_certificates(number: int = 10_000) -> bytes:
    """Return so many certificates in PEM, each with a serial number of its own."""
    from base64 import encodebytes

    certificate = load_pem_x509_certificate(make_authority("Many"))
    der, serial = certificate.public_bytes(Encoding.DER), certificate.serial_number.to_bytes(20).lstrip(b"\0")
    place = der.index(serial) + len(serial) - 4
    ders = (der[:place] + each.to_bytes(4) + der[place + 4 :] for each in range(number))
    return b"".join(b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % encodebytes(one) for one in ders)


def deep_der(tag: int = asn1.SEQUENCE, levels: int = 600_000) -> bytes:
    """Return sequences in sequences, each with its right length."""
    heads = bytearray()
    for level in range(levels):
        heads += bytes((tag, 0x84)) + ((levels - level - 1) * 6).to_bytes(4)
    heads[0] = asn1.SEQUENCE
    return bytes(heads)


def deep_ber() -> bytes:
    """Return two million sequences that do not say where they end."""
    return b"\x30\x80" * 1_000_000 + bytes(2_000_000)


def deep_pem() -> bytes:
    """Return sequences in sequences, as the certificate of a PEM block."""
    return block("CERTIFICATE", deep_der(levels=400_000))


def deep_name() -> bytes:
    """Return a certificate whose subject goes down 100,000 levels."""
    der = load_pem_x509_certificate(make_authority("Deep")).public_bytes(Encoding.DER)
    whole = asn1.read_element(der)
    assert whole
    signed, algorithm, signature = asn1.elements(der, whole)
    parts = [der[part.start : part.stop] for part in asn1.elements(der, signed)]
    parts[5] = deep_der(0x31, 100_000)
    return block("CERTIFICATE", wrap(wrap(b"".join(parts)) + der[algorithm.start : signature.stop]))


def many_small() -> bytes:
    """Return a million things of three bytes behind each other."""
    return b"\x30\x01\x00" * 1_300_000


def many_marks() -> bytes:
    """Return 200,000 BEGIN lines."""
    return b"-----BEGIN CERTIFICATE-----\n" * 140_000


def many_blank_lines() -> bytes:
    """Return a block of four million blank lines."""
    return b"-----BEGIN CERTIFICATE-----\n" + b"\n" * 4_000_000 + b"-----END CERTIFICATE-----\n"


def many_bare() -> bytes:
    """Return words that begin as base64 of DER does, and never hold any."""
    return b"MIIFazCCA1OgAw MII \n" * 190_000


def deep_mail() -> bytes:
    """Return mails in mails, 3,000 deep."""
    head = b"MIME-Version: 1.0\nSubject: a\nContent-Type: message/rfc822\n\n"
    return head * 3000


def wide_mail() -> bytes:
    """Return a mail of 100,000 parts."""
    head = b'MIME-Version: 1.0\nSubject: a\nContent-Type: multipart/mixed; boundary="b"\n\n'
    return head + b"--b\n\na\n" * 100_000 + b"--b--\n"


HOSTILE: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        zip_bomb,
        zip_bomb_that_lies,
        zip_of_ten_mebibytes,
        zip_of_many,
        gzip_bomb,
        tar_with_holes,
        patient_pkcs12,
        patient_key,
        many_certificates,
        deep_der,
        deep_ber,
        deep_pem,
        deep_name,
        many_small,
        many_marks,
        many_blank_lines,
        many_bare,
        deep_mail,
        wide_mail,
    )
}
