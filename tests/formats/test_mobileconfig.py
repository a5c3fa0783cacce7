"""Apple's configuration profile: the keys that Apple names, the certificate as it is, the same identifiers."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sslutil.formats.mobileconfig import render_mobileconfig
from sslutil.names import parse_identities
from sslutil.pki.certificates import make_self_signed
from sslutil.pki.keys import make_key
from sslutil.pki.pkcs12 import make_pkcs12
from tests.judges import ask

if TYPE_CHECKING:
    from pathlib import Path

UNTIL = datetime(2027, 12, 26, tzinfo=UTC)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def render(content: bytes = b"x", serial_number: int = 1, address: str = "anna@example.org") -> bytes:
    """Return a profile."""
    return render_mobileconfig(
        content,
        address=address,
        organization="mail.example.org",
        file_name="anna.p12",
        serial_number=serial_number,
        not_valid_after=UNTIL,
    )


def parts(profile: bytes) -> list[dict[str, Any]]:
    """Return the profile, and the one payload within."""
    whole = plistlib.loads(profile, fmt=plistlib.FMT_XML)
    (payload,) = whole["PayloadContent"]
    return [whole, payload]


class TestKeys:
    """What a device reads."""

    def test_kinds(self) -> None:
        """A profile of version 1 around a PKCS#12, which the person can remove, with what they see before."""
        whole, payload = parts(render())

        assert ["Configuration", "com.apple.security.pkcs12"] == [part["PayloadType"] for part in (whole, payload)]
        assert [1, 1] == [part["PayloadVersion"] for part in (whole, payload)]
        assert (False, "mail.example.org") == (whole["PayloadRemovalDisallowed"], whole["PayloadOrganization"])
        assert payload["PayloadCertificateFileName"] == "anna.p12"
        assert all("anna@example.org" in part["PayloadDisplayName"] for part in (whole, payload))
        assert all("2027-12-26" in part["PayloadDescription"] for part in (whole, payload))

    def test_no_passphrase(self) -> None:
        """The passphrase is typed by the person: it never stands beside what it locks."""
        assert b"Password" not in render()

    def test_same_identifiers(self) -> None:
        """One certificate is one profile, however often it is made; profile and payload are told apart."""
        identifiers = [part[key] for part in parts(render()) for key in ("PayloadUUID", "PayloadIdentifier")]

        assert render() == render()
        assert len(identifiers) == len(set(identifiers))
        assert all(str(UUID(text)).upper() == text for text in identifiers[::2])

    def test_other_identifiers(self) -> None:
        """The next certificate of the same person is installed beside it, not in its place."""
        one, other = ({part["PayloadUUID"] for part in parts(render(serial_number=number))} for number in (1, 2))

        assert not one & other


class TestContent:
    """The certificate within."""

    @pytest.mark.needs("openssl")
    @pytest.mark.parametrize(("passphrase", "opens"), [("right one", True), ("wrong one", False)])
    def test_opened(self, tmp_path: Path, passphrase: str, opens: bool) -> None:  # noqa: FBT001  a parameter of the test
        """OpenSSL opens what is within with the passphrase, and with no other."""
        key = make_key("p256")
        leaf = make_self_signed(key, parse_identities(["relay.example.org"]), now=NOW, days=1)
        content = make_pkcs12(key.pem, leaf, passphrase=b"right one", friendly_name="anna", legacy=False)
        path = tmp_path / "anna.p12"
        path.write_bytes(parts(render(content))[1]["PayloadContent"])
        status, _ = ask(["openssl", "pkcs12", "-in", path, "-noout", "-passin", f"pass:{passphrase}"])

        assert opens == (status == 0)

    @given(st.binary(), st.integers(1, 2**159), st.emails())
    def test_any(self, content: bytes, serial_number: int, address: str) -> None:
        """Whatever bytes and address, they come back from the XML."""
        whole, payload = parts(render(content, serial_number, address))

        assert content == payload["PayloadContent"]
        assert whole["PayloadDisplayName"] == f"mail.example.org: {address}"

    def test_markup(self) -> None:
        """An address with what XML means something by stays an address."""
        address = "a&b'<key>PayloadRemovalDisallowed</key><true/>@example.org"

        assert parts(render(address=address))[0]["PayloadDisplayName"].endswith(address)
