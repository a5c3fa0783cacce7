"""The authorities whose clients are let in, and their revocation lists: what would let someone in is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from sslutil.errors import MaterialError
from sslutil.names import parse_identities
from sslutil.pki.authorities import judge_authorities, judge_crls
from sslutil.pki.certificates import make_self_signed
from tests.pki.authorities import KEY, NOW, make_authority, make_crl

if TYPE_CHECKING:
    from collections.abc import Callable

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
