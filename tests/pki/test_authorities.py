"""The authorities whose clients are let in, and their revocation lists: what would let someone in is refused."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import MaterialError
from sslutil.names import parse_identities
from sslutil.pki.authorities import (
    find_unlisted,
    judge_authorities,
    judge_crls,
    judge_lists,
    merge_lists,
    split_authorities,
)
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.client_authority import make_client_authority
from sslutil.pki.crls import make_crl as make_list
from tests.pki.authorities import KEY, NOW, make_authority, make_crl
from tests.pki.conftest import made_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from sslutil.pki.keys import Key

PATH = "/etc/client authorities.pem"
ONE, TWO = make_authority("One"), make_authority("Two")
LIST_ONE, LIST_TWO = make_crl("One"), make_crl("Two")
LEAF = make_self_signed(KEY, parse_identities(["mail.example.org"]), now=NOW, days=1)
KINDS = [
    pytest.param(judge_authorities, ONE, TWO, "certificate", id="authorities"),
    pytest.param(judge_crls, LIST_ONE, LIST_TWO, "revocation list", id="lists"),
]


def damage(pem: bytes) -> bytes:
    """Return the block with other bytes within, in proper base64."""
    lines = pem.split(b"\n")
    return b"\n".join([lines[0], b"AAAA" + lines[1][4:], *lines[2:]])


@pytest.mark.parametrize(("judge", "one", "two", "kind"), KINDS)
class TestBoth:
    """What holds for authorities and for lists."""

    def test_kept(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """One block or several are taken in their order, byte for byte."""
        assert kind
        assert [one, one + two, two + one] == [judge(content, PATH) for content in (one, one + two, two + one)]

    def test_words_between(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """What people and programs write around the blocks is left out, ends of lines are made ours."""
        text = (
            f"\ufeff# first {kind}\r\n\r\n".encode() + one.replace(b"\n", b"\r\n") + b"\0\xff\nsubject=Two\n" + two[:-1]
        )

        assert one + two == judge(text, PATH)

    @pytest.mark.parametrize(
        "content", [b"", b"\n", b"subject=One\n", b"\x30\x82\x01\x00", b"-----END CERTIFICATE-----"]
    )
    def test_none(
        self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str, content: bytes
    ) -> None:
        """A file without any is refused: a server would let nobody in, or not start."""
        assert one != two
        with pytest.raises(MaterialError, match=f"^{PATH} holds no {kind} in PEM$"):
            judge(content, PATH)

    def test_der(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """The binary form is not taken for nothing: it is no PEM."""
        assert two
        load = x509.load_pem_x509_certificate if kind == "certificate" else x509.load_pem_x509_crl
        with pytest.raises(MaterialError, match="in PEM"):
            judge(load(one).public_bytes(Encoding.DER), PATH)

    def test_damaged(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """One damaged block among sound ones refuses the file."""
        with pytest.raises(MaterialError, match=f"^{PATH} holds a damaged {kind}$"):
            judge(one + damage(two), PATH)

    def test_strange_block(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """A key that lies in the file is named by its label, and no byte of it is told or kept."""
        assert two, kind
        with pytest.raises(MaterialError, match=f'^{PATH} holds a PEM block "PRIVATE KEY" among its ') as refused:
            judge(one + KEY.pem, PATH)
        secret = KEY.pem.decode().split("\n")[1]
        assert secret[:8] not in refused.value.message + refused.value.hint

    def test_cut_short(self, judge: Callable[[bytes, str], bytes], one: bytes, two: bytes, kind: str) -> None:
        """A file that was cut short anywhere is refused, or loses nothing: no block goes missing in silence."""
        assert kind
        content = one + two
        for length in range(len(content)):
            try:
                taken = judge(content[:length], PATH)
            except MaterialError:
                continue
            assert (one if length < len(one) + len("-----BEGIN ") else content) == taken


@pytest.mark.parametrize("ca", [False, None])
def test_no_authority(ca: bool | None) -> None:  # noqa: FBT001  a parameter of the test
    """A certificate that is no authority's lets no client in, wherever it stands in the file."""
    for content in (make_authority("Leaf", ca=ca), ONE + make_authority("Leaf", ca=ca), LEAF):
        with pytest.raises(MaterialError, match=r"no authority's, so it lets no client in$"):
            judge_authorities(content, PATH)


def test_exchanged() -> None:
    """A list in the place of an authority, or the reverse, is named."""
    with pytest.raises(MaterialError, match='"X509 CRL" among its certificates'):
        judge_authorities(LIST_ONE, PATH)
    with pytest.raises(MaterialError, match='"CERTIFICATE" among its lists'):
        judge_crls(ONE, PATH)


@given(st.lists(st.sampled_from([ONE, LIST_ONE, KEY.pem, b"-----BEGIN ", b"-----END CERTIFICATE-----\n", b"x\n"])))
def test_anything(parts: list[bytes]) -> None:
    """Whatever is thrown together is refused, or its sound blocks are all that is taken."""
    content = b"".join(parts)
    for judge, sound in ((judge_authorities, ONE), (judge_crls, LIST_ONE)):
        try:
            taken = judge(content, PATH)
        except MaterialError:
            continue
        assert sound * parts.count(sound) == taken != b""


CLIENTS, NAMESAKES = made_once("p384"), made_once("rsa3072")
CA, NAMESAKE = (
    make_client_authority(key, common_name="Clients", domains=(), now=NOW, days=3650) for key in (CLIENTS, NAMESAKES)
)
LISTS = "/etc/foreign.crl"
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505  what is to be refused
DAY = timedelta(days=1)


@cache
def list_of(number: int, begin: datetime = NOW, days: int = 30, *, key: Key = CLIENTS, ca: bytes = CA) -> bytes:
    """Return a list of an authority, the same for the same wishes: signatures differ each time."""
    return make_list(key, ca, [], number=number, now=begin, next_update=begin + timedelta(days=days))


def extend(*extensions: x509.ExtensionType, signer: CertificateIssuerPrivateKeyTypes = KEY.signer) -> bytes:
    """Return an authority's certificate with these extensions."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Three")])
    builder = (
        x509.CertificateBuilder(name, name, signer.public_key(), x509.random_serial_number(), NOW, NOW + DAY)
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def usage(*, signs: bool) -> x509.KeyUsage:
    """Return a key usage that signs certificates, or lists alone."""
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


class TestAuthorities:
    """Which certificate lets clients in."""

    @pytest.mark.parametrize(
        ("pem", "fault"),
        [
            (extend(usage(signs=False)), "whose key usage forbids it to sign certificates"),
            (extend(usage(signs=True)), ""),
            (
                extend(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
                "other purposes, and not for clients",
            ),
            (extend(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])), ""),
            (extend(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])), ""),
            (extend(signer=WEAK), "whose key is too weak: "),
            (extend(signer=made_once("rsa2048").signer), ""),
            (CA, ""),
        ],
        ids=["no signing", "signing", "for servers", "for clients", "for any", "weak", "strong", "ours"],
    )
    def test_fault(self, pem: bytes, fault: str) -> None:
        """What can let no client in is refused with its name and the cause; its twin without that fault is taken."""
        if not fault:
            assert ONE + pem == judge_authorities(ONE + pem, PATH, NOW)
            return
        with pytest.raises(MaterialError, match=f"^{PATH} holds CN=Three, .*{fault}"):
            judge_authorities(ONE + pem, PATH, NOW)

    @pytest.mark.parametrize(
        ("now", "fault"),
        [
            (NOW, ""),
            (NOW + DAY, ""),
            (NOW + DAY + timedelta(seconds=1), "which expired on "),
            (NOW - timedelta(seconds=1), "which is not valid before "),
        ],
    )
    def test_time(self, now: datetime, fault: str) -> None:
        """One that expired, or is not valid yet, is refused; without a clock it is not judged by time."""
        assert judge_authorities(ONE, PATH) == ONE
        if fault:
            with pytest.raises(MaterialError, match=f"^{PATH} holds CN=One, {fault}"):
                judge_authorities(ONE, PATH, now)
        else:
            assert judge_authorities(ONE, PATH, now) == ONE

    def test_split(self) -> None:
        """A text of several is parted."""
        assert (CA, ONE) == split_authorities(CA + b"# two\n" + ONE)
        assert split_authorities(b"\n") == ()

    def test_unlisted(self) -> None:
        """An authority is without a list unless its own key signed one: a namesake's is no cover."""
        foreign = list_of(1, key=NAMESAKES, ca=NAMESAKE)

        assert find_unlisted(CA, foreign) == ("CN=Clients",)
        assert find_unlisted(CA + NAMESAKE, foreign + list_of(1)) == ()


class TestLists:
    """Which revocation list may come into force."""

    @pytest.mark.parametrize(
        ("content", "in_force", "fault"),
        [
            (list_of(5), b"", ""),
            (list_of(5), list_of(5), ""),
            (list_of(6), list_of(5), ""),
            (
                list_of(4),
                list_of(5),
                "an older list of CN=Clients than the one in force: number 4 of .* after number 5 of ",
            ),
            (list_of(4, NOW), list_of(5, NOW - DAY), "an older list"),
            (list_of(5, NOW - DAY), list_of(5, NOW), "an older list"),
            (list_of(4), list_of(5, key=NAMESAKES, ca=NAMESAKE), ""),
            (list_of(5, NOW - 3 * DAY, 1), b"", "that lapsed on .*: servers would refuse every client of it"),
            (list_of(5, NOW - 3 * DAY, 1), list_of(4), "that lapsed on "),
            (list_of(5, NOW + DAY), b"", "that begins on "),
            (list_of(5, NOW + timedelta(minutes=5)), b"", ""),
            (list_of(5, key=NAMESAKES, ca=NAMESAKE), b"", "which none of the authorities in ca_files has signed"),
            (LIST_ONE, b"", "a list of CN=One, which none of the authorities"),
        ],
    )
    def test_fault(self, content: bytes, in_force: bytes, fault: str) -> None:
        """One that is older, lapsed, not begun, or of nobody who is trusted, is refused with the cause."""
        if not fault:
            assert content == judge_lists(CA, content, LISTS, now=NOW, in_force=in_force)
            return
        with pytest.raises(MaterialError, match=f"^{LISTS} holds .*{fault}"):
            judge_lists(CA, content, LISTS, now=NOW, in_force=in_force)

    def test_lapsed_in_force(self) -> None:
        """The very list in force stays when it has lapsed: a renewal is never blocked by it."""
        lapsed = list_of(5, NOW - 3 * DAY, 1)

        assert lapsed == judge_lists(CA, lapsed, LISTS, now=NOW, in_force=lapsed)

    def test_newest(self) -> None:
        """Of two lists of one authority the newer serves, in whatever order they stand; another's stays beside it."""
        other = list_of(1, key=NAMESAKES, ca=NAMESAKE)
        for content in (list_of(4) + other + list_of(5), list_of(5) + list_of(4) + other):
            judged = judge_lists(CA + NAMESAKE, content, LISTS, now=NOW)
            assert {list_of(5), other} == {list_of(5), other} & set(split_lists(judged))
            assert judged == merge_lists(CA + NAMESAKE, content)

    def test_below(self) -> None:
        """A list of an authority between ours and a client is taken where such may be."""
        with pytest.raises(MaterialError, match="none of the authorities"):
            judge_lists(CA, LIST_ONE, LISTS, now=NOW)
        assert judge_lists(CA, LIST_ONE, LISTS, now=NOW, below=True) == LIST_ONE

    @pytest.mark.parametrize("partial", [True, False])
    @pytest.mark.parametrize("kind", ["changes", "part"])
    def test_partial(self, kind: str, partial: bool) -> None:  # noqa: FBT001  a parameter of the test
        """A list of changes, or of some certificates, would let in whom the whole list puts out."""
        issuer = x509.load_pem_x509_certificate(CA).subject
        builder = x509.CertificateRevocationListBuilder(issuer, NOW, NOW + DAY)
        point = x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=True,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        if partial:
            builder = builder.add_extension(x509.DeltaCRLIndicator(4) if kind == "changes" else point, critical=True)
        content = builder.sign(CLIENTS.signer, hashes.SHA384()).public_bytes(Encoding.PEM)
        if partial:
            with pytest.raises(MaterialError, match="a list of changes, or of some certificates only"):
                judge_lists(CA, content, LISTS, now=NOW)
        else:
            assert content == judge_lists(CA, content, LISTS, now=NOW)


def split_lists(content: bytes) -> list[bytes]:
    """Return each list."""
    end = b"-----END X509 CRL-----\n"
    return [part + end for part in content.split(end)[:-1]]
