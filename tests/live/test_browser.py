"""What a user's browser, and a lint, say of the certificate that the main command makes, served by Apache."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.judges import apache, chromium, pkilint
from tests.live.sites import NAME, OTHER_NAME, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

IDN = "xn--bcher-kva.example"
NAMES = [NAME, "bücher.example", "*.example.net", "127.0.0.1"]
PRIVATE = {
    "cabf.serverauth.certificate_validity_period_exceeds_200_days": "nobody but the operator sets the term: 397 days",
    "cabf.serverauth.dv.common_name_attribute_present": "strict readers refuse an empty subject",
    "cabf.serverauth.subscriber.authority_info_access_extension_absent": "there is no issuer's certificate to fetch",
    "cabf.serverauth.subscriber.certificate_policies_extension_absent": "there is no authority with a policy",
    "cabf.serverauth.subscriber.revocation_information_absent": "who revokes his own certificate replaces it",
    "cabf.serverauth.subscriber.subject_key_identifier_extension_present": "RFC 5280, section 4.2.1.2 wants it",
    "msft.end_entity.revocation_information_absent": "the same, by Microsoft's rules",
}
"""What the rules for public authorities must find in a private certificate, and why we leave it so."""
RSA = {
    "cabf.serverauth.subscriber_rsa_digitalsignature_and_keyencipherment_present": (
        'the profile "old" has suites that encrypt to the key'
    ),
}
"""The same for RSA keys alone."""


class Served(NamedTuple):
    """A site and its port."""

    site: Site
    port: int
    answer: str
    """What the command said."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[dict[str, Served]]:
    """One Apache with a virtual host for each key type."""
    folder = tmp_path_factory.mktemp("browser")
    served = {}
    for key_type in ("p256", "p384", "rsa2048", "ed25519"):
        site = Site(folder / key_type)
        answer = site.sslutil("certificate", "self-sign", "--key-type", key_type, *NAMES)
        assert 0 == answer.status, answer.stderr
        served[key_type] = Served(site, free_port(), answer.stdout + answer.stderr)
    with apache.serving([(one.port, one.site.host()) for one in served.values()]):
        yield served


@pytest.mark.needs("apache2", "chromium", "certutil")
class TestChromium:
    """The distribution's Chromium."""

    def test_untrusted(self, servers: dict[str, Served]) -> None:
        """A user sees the warning, and behind it the fingerprint that the answer printed."""
        served = servers["p256"]

        seen = chromium.visit(served.port, NAME)

        assert "net::ERR_CERT_AUTHORITY_INVALID" == seen.error
        assert seen.fingerprint == served.site.fingerprint
        assert seen.fingerprint.upper() in served.answer.replace(":", "")

    @pytest.mark.parametrize("key_type", ["p256", "p384", "rsa2048"])
    def test_trusted(self, servers: dict[str, Served], key_type: str) -> None:
        """Once trusted, the site is secure, by the newest protocol."""
        served = servers[key_type]

        seen = chromium.visit(served.port, NAME, trusted=served.site.certificate)

        assert ("", "secure", "TLS 1.3") == (seen.error, seen.security, seen.protocol)
        assert apache.SERVED.strip() == seen.text.strip()

    @pytest.mark.parametrize("name", [IDN, "www.example.net", "127.0.0.1"])
    def test_other_names(self, servers: dict[str, Served], name: str) -> None:
        """Each kind of name is taken: an international one, a wildcard's, an address."""
        served = servers["p256"]

        seen = chromium.visit(served.port, name, trusted=served.site.certificate)

        assert ("", "secure") == (seen.error, seen.security)

    @pytest.mark.parametrize("name", [OTHER_NAME, "a.b.example.net", "example.net"])
    def test_wrong_name(self, servers: dict[str, Served], name: str) -> None:
        """A name that is none of them gets the warning, trusted or not."""
        served = servers["p256"]

        assert (
            "net::ERR_CERT_COMMON_NAME_INVALID"
            == chromium.visit(served.port, name, trusted=served.site.certificate).error
        )

    def test_ed25519(self, servers: dict[str, Served]) -> None:
        """The warning that browsers don't take Ed25519 was given, and is true."""
        served = servers["ed25519"]

        assert "browser" in served.answer
        assert "net::ERR_SSL_VERSION_OR_CIPHER_MISMATCH" == chromium.visit(served.port, NAME).error


@pytest.mark.parametrize(("key_type", "expected"), [("p256", PRIVATE), ("p384", PRIVATE), ("rsa2048", PRIVATE | RSA)])
def test_public_rules(tmp_path: Path, key_type: str, expected: dict[str, str]) -> None:
    """Pkilint finds nothing but what only a public authority could give, or we have reasons for."""
    site = Site(tmp_path / "registry")
    answer = site.sslutil("certificate", "self-sign", "--key-type", key_type, NAME)
    assert 0 == answer.status, answer.stderr

    found = {finding.code for finding in pkilint.public_server_findings(site.certificate)}

    assert expected.keys() == found
