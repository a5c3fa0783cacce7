"""settings.toml: the contract with the mail web server, key by key."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from sslutil.documents.settings_file import VERSION, render_settings
from sslutil.plan import make_policy
from sslutil.site import Site, change

NAMED = {"site.names": ["bücher.example", "*.example.org", "2001:db8::1"]}
SITE = change(Site(), NAMED)


def read(site: Site, *, crl: bool = False) -> dict[str, Any]:
    """Return what a server reads."""
    return tomllib.loads(render_settings(site, make_policy(site), crl=crl))


def types_of(values: dict[str, Any], before: str = "") -> dict[str, str]:
    """Return the type of each value by its dotted key."""
    types: dict[str, str] = {}
    for key, value in values.items():
        inner = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        if isinstance(inner, dict):
            types |= types_of(inner, f"{before}{key}.")
        else:
            types[before + key] = type(value).__name__
    return types


def test_schema() -> None:
    """Every value is explicit and has its type for ever: fields are added to this list, never changed."""
    assert {
        "version": "int",
        "enabled": "bool",
        "names": "list",
        "https_port": "int",
        "http_port": "int",
        "plain_http": "str",
        "hsts_max_age": "int",
        "certificate.names": "list",
        "certificate.certificate_file": "str",
        "certificate.key_file": "str",
        "certificate.bundle_file": "str",
        "tls.protocols": "list",
        "tls.ciphers": "list",
        "tls.ciphersuites": "list",
        "tls.groups": "list",
        "tls.prefer_server_ciphers": "bool",
        "tls.session_tickets": "bool",
        "client_auth.mode": "str",
        "client_auth.depth": "int",
    } == types_of(read(SITE))
    assert VERSION == read(SITE)["version"]


def test_first_line() -> None:
    """Its first line says who made it, and where to edit instead."""
    first = render_settings(SITE, make_policy(SITE), crl=False).split("\n")[0]

    assert first.startswith("# Made by sslutil. Edit site.toml instead")


def test_names_are_a_labels() -> None:
    """A server compares names as they come over the wire: A-labels and addresses."""
    values = read(SITE)

    assert ["xn--bcher-kva.example", "*.example.org", "2001:db8::1"] == values["names"]
    assert values["names"] == values["certificate"][0]["names"]


def test_files_are_relative() -> None:
    """File names are relative to the file itself, so that whoever resolved the folder once reads one generation."""
    certificate = read(SITE)["certificate"]

    assert [("server.crt", "server.key", "bundle.pem")] == [
        (entry["certificate_file"], entry["key_file"], entry["bundle_file"]) for entry in certificate
    ]


@pytest.mark.parametrize(
    ("edits", "key", "value"),
    [
        ({"site.enabled": False}, "enabled", False),
        ({"site.https_port": 8443}, "https_port", 8443),
        ({"site.http_port": 8080}, "http_port", 8080),
        ({"site.plain_http": "redirect"}, "plain_http", "redirect"),
    ],
)
def test_site(edits: dict[str, Any], key: str, value: object) -> None:
    """What the site says of the web port stands there, and changes nothing else."""
    values = read(change(SITE, edits))

    assert value == values[key] != read(SITE)[key]
    assert {**read(SITE), key: value} == values


@pytest.mark.parametrize(("profile", "protocols"), [("modern", ["TLSv1.3"]), ("intermediate", ["TLSv1.2", "TLSv1.3"])])
def test_policy(profile: str, protocols: list[str]) -> None:
    """The policy stands there in OpenSSL's names."""
    site = change(SITE, {"tls.profile": profile})

    assert protocols == read(site)["tls"]["protocols"]
    assert list(make_policy(site).ciphers) == read(site)["tls"]["ciphers"]
    assert list(make_policy(site).ciphersuites) == read(site)["tls"]["ciphersuites"]


@pytest.mark.parametrize("mode", ["optional", "require"])
@pytest.mark.parametrize("crl", [False, True])
def test_client_authentication(mode: str, crl: bool) -> None:  # noqa: FBT001  a parameter of the test
    """The authorities are named where clients are asked, a revocation list only where one is in force."""
    site = change(SITE, {"client_auth.mode": mode, "client_auth.ca_files": ["/ca.pem"], "client_auth.depth": 2})
    revoked = {"crl_file": "client-ca.crl"} if crl else {}

    trusted = {"identity": ["rfc822Name", "dNSName"], "ca_file": "client-ca.crt"}
    assert {"mode": mode, "depth": 2, **trusted, **revoked} == read(site, crl=crl)["client_auth"]


def test_no_client_authentication() -> None:
    """Where clients are not asked, no file is named that would not be there."""
    site = change(SITE, {"client_auth.ca_files": ["/ca.pem"]})

    assert {"mode": "off", "depth": 1} == read(site, crl=True)["client_auth"]
