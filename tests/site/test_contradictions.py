"""What no single key shows: settings that contradict or would harm one another."""

from __future__ import annotations

from typing import Any

import pytest

from sslutil.errors import SiteError
from sslutil.keytypes import KEY_TYPES
from sslutil.profiles import PROFILES, PROTOCOLS
from sslutil.site import SERVICES
from tests.site.allowed import CUSTOM, site_of


class TestWhole:
    """What no single key shows."""

    @pytest.mark.parametrize(("https", "http"), [(443, 443), (80, 80)])
    def test_equal_ports(self, https: int, http: int) -> None:
        """Two services don't share a port."""
        with pytest.raises(SiteError, match=f"^https_port and http_port are both {https}$"):
            site_of(site={"https_port": https, "http_port": http})

    def test_equal_to_a_default(self) -> None:
        """A port that meets the other one's default is refused too; both swapped are not."""
        with pytest.raises(SiteError, match="are both 80"):
            site_of(site={"https_port": 80})
        assert 80 == site_of(site={"https_port": 80, "http_port": 443}).site.https_port

    @pytest.mark.parametrize(
        ("enabled", "plain_http", "taken"),
        [(False, "closed", False), (True, "closed", True), (False, "offer", True), (False, "redirect", True)],
    )
    def test_no_way_in(self, enabled: bool, plain_http: str, taken: bool) -> None:  # noqa: FBT001
        """TLS off and plain http closed would leave no way in; either alone is a choice."""
        web = {"enabled": enabled, "plain_http": plain_http}
        if taken:
            assert enabled is site_of(site=web).site.enabled
            return
        with pytest.raises(SiteError, match="would leave users no way in"):
            site_of(site=web)

    @pytest.mark.parametrize("name", ["https_port", "http_port"])
    @pytest.mark.parametrize(("service", "port"), [(name, port) for name, port in SERVICES.items() if port])
    def test_port_of_a_service(self, name: str, service: str, port: int) -> None:
        """A port of the web server is none of another service of the site's; of what does not run here it may be."""
        with pytest.raises(SiteError, match=f"^{name} is {port}, the port of {service}, which is one of") as refused:
            site_of(site={name: port, "services": ["https", service]})
        assert f"site.{name}" == refused.value.key
        assert port == getattr(site_of(site={name: port}).site, name)

    @pytest.mark.parametrize("plain_http", ["offer", "redirect", "closed"])
    def test_hsts_with_a_self_signed_certificate(self, plain_http: str) -> None:
        """HSTS makes a certificate warning final, so that it waits for a certificate without one."""
        with pytest.raises(SiteError, match="HSTS with a self-signed certificate would lock every user out"):
            site_of(site={"hsts_max_age": 1, "plain_http": plain_http})
        assert 0 == site_of(site={"hsts_max_age": 0, "plain_http": plain_http}).site.hsts_max_age

    @pytest.mark.parametrize(
        ("plain_http", "https_port", "http_port", "taken"),
        [
            ("closed", 443, 80, True),
            ("closed", 8384, 8383, True),
            ("redirect", 443, 80, True),
            ("redirect", 8384, 80, False),
            ("redirect", 443, 8383, False),
            ("offer", 443, 80, False),
        ],
    )
    def test_hsts_and_plain_http(self, plain_http: str, https_port: int, http_port: int, taken: bool) -> None:  # noqa: FBT001
        """HSTS covers all ports of a host: plain http is closed, or redirects from 80 to 443, where a browser goes."""
        web = {"plain_http": plain_http, "https_port": https_port, "http_port": http_port}
        tables: dict[str, Any] = {"certificate": {"issuer": "ca"}}
        assert 0 == site_of(site=web, **tables).site.hsts_max_age
        if taken:
            assert 1 == site_of(site={**web, "hsts_max_age": 1}, **tables).site.hsts_max_age
            return
        with pytest.raises(SiteError, match="HSTS turns every plain address of this host to https") as refused:
            site_of(site={**web, "hsts_max_age": 1}, **tables)
        assert "site.hsts_max_age" == refused.value.key

    @pytest.mark.parametrize("name", ["protocols", "ciphers", "ciphersuites", "groups"])
    def test_custom_lacks_a_list(self, name: str) -> None:
        """The profile of one's own needs every list that its protocols use."""
        assert CUSTOM["profile"] == site_of(tls=CUSTOM).tls.profile
        with pytest.raises(SiteError, match=f'^profile = "custom" needs {name}$'):
            site_of(tls={**CUSTOM, name: []})

    @pytest.mark.parametrize(("protocols", "unused"), [(["TLSv1.3"], "ciphers"), (["TLSv1.2"], "ciphersuites")])
    def test_custom_needs_no_more(self, protocols: list[str], unused: str) -> None:
        """A list that its protocols never use may be absent."""
        site = site_of(tls={**CUSTOM, "protocols": protocols, unused: []})

        assert tuple(protocols) == site.tls.protocols

    @pytest.mark.parametrize("name", ["protocols", "ciphers", "ciphersuites", "groups"])
    @pytest.mark.parametrize("profile", PROFILES)
    def test_list_without_custom(self, profile: str, name: str) -> None:
        """A list beside a named profile would be ignored, and nobody would know: it is refused."""
        with pytest.raises(SiteError, match=f"^{name} is read only with profile") as refused:
            site_of(tls={"profile": profile, name: CUSTOM[name]})
        assert f"tls.{name}" == refused.value.key

    @pytest.mark.parametrize(("name", "value"), [("prefer_server_ciphers", True), ("guideline", "TLSRef 6.1, modern")])
    def test_key_without_custom(self, name: str, value: object) -> None:
        """What is said of lists of one's own is read only with them."""
        assert value == getattr(site_of(tls={**CUSTOM, name: value}).tls, name)
        with pytest.raises(SiteError, match=f"^{name} is read only with profile") as refused:
            site_of(tls={name: value})
        assert f"tls.{name}" == refused.value.key

    @pytest.mark.parametrize("protocols", [["TLSv1.1", "TLSv1.3"], ["TLSv1", "TLSv1.2"], ["TLSv1.3", "TLSv1"]])
    def test_gap(self, protocols: list[str]) -> None:
        """Clients offer a range of protocols; a gap in the server's would cut it off."""
        with pytest.raises(SiteError, match="leaves a gap between"):
            site_of(tls={**CUSTOM, "protocols": protocols})

    @pytest.mark.parametrize(
        "protocols", [["TLSv1.3", "TLSv1.2"], ["TLSv1.1", "TLSv1.2"], ["TLSv1.2"], list(PROTOCOLS)]
    )
    def test_no_gap(self, protocols: list[str]) -> None:
        """A range in any order, or a single one, has no gap."""
        assert tuple(protocols) == site_of(tls={**CUSTOM, "protocols": protocols}).tls.protocols

    @pytest.mark.parametrize(
        ("key_type", "protocols", "ciphers", "taken"),
        [
            ("p256", ["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], True),
            ("ed25519", ["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], True),
            ("rsa2048", ["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], False),
            ("rsa2048", ["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-SHA"], True),
            ("p256", ["TLSv1.2"], ["ECDHE-RSA-AES128-GCM-SHA256"], False),
            ("p256", ["TLSv1.2", "TLSv1.3"], ["ECDHE-RSA-AES128-GCM-SHA256"], True),
            ("ml-dsa-65", ["TLSv1.2"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], False),
            ("ml-dsa-65", ["TLSv1.3"], [], True),
            ("p256", ["TLSv1", "TLSv1.1"], ["ECDHE-ECDSA-AES128-GCM-SHA256"], False),
            ("p256", ["TLSv1", "TLSv1.1"], ["ECDHE-ECDSA-AES128-SHA"], True),
        ],
    )
    def test_key_fits(self, key_type: str, protocols: list[str], ciphers: list[str], taken: bool) -> None:  # noqa: FBT001
        """Below TLS 1.3 some suite must fit the key and the protocols, else no client could ever connect."""
        tables = {"certificate": {"key_type": key_type}, "tls": {**CUSTOM, "protocols": protocols, "ciphers": ciphers}}
        if taken:
            assert key_type == site_of(**tables).certificate.key_type
            return
        with pytest.raises(
            SiteError, match=f"for {protocols[-1]} and a key of type {key_type}: no client could connect"
        ):
            site_of(**tables)

    @pytest.mark.parametrize("key_type", KEY_TYPES)
    @pytest.mark.parametrize("profile", PROFILES)
    def test_every_key_fits_every_profile(self, key_type: str, profile: str) -> None:
        """A named profile works with each type of key."""
        assert profile == site_of(certificate={"key_type": key_type}, tls={"profile": profile}).tls.profile

    @pytest.mark.parametrize(
        ("mode", "effect"), [("require", "would lock every client out"), ("optional", "would know no client")]
    )
    def test_clients_without_an_authority(self, mode: str, effect: str) -> None:
        """Whoever asks clients for a certificate says whose: of our own authority, or of another."""
        with pytest.raises(SiteError, match=f"{effect}$") as refused:
            site_of(client_auth={"mode": mode, "own_ca": False})
        assert "client_auth.mode" == refused.value.key
        for wish in ({"ca_files": ["/ca.pem"], "own_ca": False}, {}):
            assert mode == site_of(client_auth={"mode": mode, **wish}).client_auth.mode

    def test_lists_of_nobody(self) -> None:
        """Lists are those of the authorities that are named beside them."""
        with pytest.raises(SiteError, match=r"^crl_files has the lists of the authorities in ca_files") as refused:
            site_of(client_auth={"crl_files": ["/ca.crl"]})
        assert "client_auth.crl_files" == refused.value.key
        taken = site_of(client_auth={"crl_files": ["/ca.crl"], "ca_files": ["/ca.pem"]})
        assert ("/ca.crl",) == taken.client_auth.crl_files


FILES = {"certificate_file": "/etc/tls/chain.pem", "key_file": "/etc/tls/key.pem"}


class TestFiles:
    """Files of another program belong to the issuer "files", and to no other."""

    def test_both(self) -> None:
        """With both files the issuer is taken."""
        assert "/etc/tls/key.pem" == site_of(certificate={"issuer": "files", **FILES}).certificate.key_file

    @pytest.mark.parametrize("missing", FILES)
    def test_one_is_missing(self, missing: str) -> None:
        """A certificate without its key, or the reverse, can't be followed."""
        with pytest.raises(SiteError, match=f'^issuer = "files" needs {missing}$') as refused:
            site_of(certificate={"issuer": "files", **FILES, missing: ""})
        assert f"certificate.{missing}" == refused.value.key

    @pytest.mark.parametrize("issuer", ["self-signed", "ca"])
    @pytest.mark.parametrize("given", FILES)
    def test_another_issuer(self, issuer: str, given: str) -> None:
        """A file that nobody reads is one that somebody believes to be read."""
        with pytest.raises(SiteError, match=f'^{given} is read only with issuer = "files"'):
            site_of(certificate={"issuer": issuer, given: "/a"})
