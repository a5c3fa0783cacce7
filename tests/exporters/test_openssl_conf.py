"""The text of OpenSSL's own configuration; whether it holds is judged in tests/live, tests/server, tests/servers."""

from __future__ import annotations

import configparser
from typing import Any

import pytest

from sslutil.errors import SiteError
from sslutil.exporters import ExportPlan
from sslutil.exporters.openssl_conf import FILE, find_losses, render, render_include
from sslutil.plan import make_policy
from sslutil.profiles import PROFILES
from sslutil.site import Site, change

GOLDEN = """\
config_diagnostics = 1
openssl_conf = sslutil

[sslutil]
ssl_conf = sslutil_ssl

[sslutil_ssl]
system_default = sslutil_policy

[sslutil_policy]
MinProtocol = TLSv1.3
MaxProtocol = TLSv1.3
Ciphersuites = TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
Groups = X25519MLKEM768:X25519:prime256v1:secp384r1
Options = -SessionTicket,-ServerPreference,-Compression
"""


def plan(values: dict[str, Any] | None = None, *, openssl: tuple[int, ...] = (3, 0, 19)) -> ExportPlan:
    """Return what the exporter is given for a site with these values, by dotted key."""
    site = change(Site(), {"site.names": ["mail.example.org"], **(values or {})})
    return ExportPlan(site, make_policy(site), "/srv/registry/current", {"openssl": openssl})


def policy_of(wanted: ExportPlan) -> dict[str, str]:
    """Return the commands of the policy's section."""
    parser = configparser.ConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("[first]\n" + render(wanted)[FILE])
    return dict(parser["sslutil_policy"])


def test_golden() -> None:
    """The whole file but for its head."""
    text = render(plan({"tls.profile": "modern"}, openssl=(3, 5, 0)))[FILE]

    assert GOLDEN == text[text.index("config_diagnostics") :]
    assert all(line.startswith("#") for line in text[: text.index("config_diagnostics")].splitlines())


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles(profile: str) -> None:
    """Each says its protocols, and suites of TLS 1.2 only where it has any."""
    row, said = PROFILES[profile], policy_of(plan({"tls.profile": profile}))

    assert (row.protocols[0], row.protocols[-1]) == (said["MinProtocol"], said["MaxProtocol"])
    assert bool(row.ciphers) is ("CipherString" in said)
    assert ("TLSv1" in row.protocols) is said.get("CipherString", "").endswith("@SECLEVEL=0")
    assert row.prefer_server_ciphers is ("-ServerPreference" not in said["Options"])


def test_older_openssl() -> None:
    """One unknown group would cost all of them: it is left out, and said."""
    assert "X25519:prime256v1:secp384r1" == policy_of(plan())["Groups"]
    assert ("X25519MLKEM768, unknown to OpenSSL 3.0.19",) == find_losses(plan())


def test_tls12_alone() -> None:
    """Nothing is said of the suites of a protocol that is not spoken."""
    tls = {"protocols": ["TLSv1.2"], "ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"], "groups": ["prime256v1"]}
    said = policy_of(plan({"tls.profile": "custom", **{f"tls.{name}": value for name, value in tls.items()}}))

    assert ("TLSv1.2", "TLSv1.2") == (said["MinProtocol"], said["MaxProtocol"])
    assert "Ciphersuites" not in said


def test_include() -> None:
    """The variable is quoted as a shell reads it; a control would leave the comment."""
    assert {FILE: "OPENSSL_CONF='/srv/a b/openssl.cnf'"} == render_include("/srv/a b")
    for refused in ("\n", "\r", "\0", "\udcff"):
        with pytest.raises(SiteError):
            render_include(f"/srv/{refused}")
