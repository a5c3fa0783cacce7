"""What each setting takes and refuses, for the tests of this room."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from sslutil.keytypes import KEY_TYPES
from sslutil.profiles import CIPHERS, GROUPS, PROFILES, PROTOCOLS
from sslutil.site import EXPORTS, ISSUERS, SERVICES, Site, judge

CUSTOM: dict[str, Any] = {
    "profile": "custom",
    "protocols": ["TLSv1.2", "TLSv1.3"],
    "ciphers": ["ECDHE-ECDSA-AES128-GCM-SHA256"],
    "ciphersuites": ["TLS_AES_128_GCM_SHA256"],
    "groups": ["X25519"],
}
RELOAD = [["/usr/bin/systemctl", "reload", "apache2"]]
GOOD: dict[str, list[Any]] = {
    "site.names": [[], ["mail.example.org"], ["*.example.org", "192.0.2.1", "2001:db8::1", "bücher.example"]],
    "site.enabled": [True, False],
    "site.https_port": [1, 443, 65535],
    "site.http_port": [1, 80, 65535],
    "site.plain_http": ["offer", "redirect", "closed"],
    "site.hsts_max_age": [0, 1, 2**31 - 1],
    "site.services": [[], ["https"], ["smtp", "imaps"], list(SERVICES)],
    "certificate.issuer": list(ISSUERS),
    "certificate.key_type": list(KEY_TYPES),
    "certificate.lifetime": [1, 397, 825],
    "certificate.renew_at": [0.1, 0.67, 0.95],
    "certificate.certificate_file": ["", "/etc/letsencrypt/live/mail.example.org/fullchain.pem"],
    "certificate.key_file": ["", "/a key"],
    "tls.profile": [*PROFILES, "custom"],
    "tls.protocols": [[], list(PROTOCOLS), ["tlsv1.2"]],
    "tls.ciphers": [[], list(CIPHERS), ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]],
    "tls.ciphersuites": [[], ["TLS_AES_128_GCM_SHA256"]],
    "tls.groups": [[], list(GROUPS), ["P-256"]],
    "tls.prefer_server_ciphers": [True, False],
    "tls.guideline": ["", "TLSRef 6.1, intermediate", "Richtlinie für TLS", "x" * 100],
    "client_auth.mode": ["off", "optional", "require"],
    "client_auth.own_ca": [True, False],
    "client_auth.ca_files": [[], ["/etc/ca.pem", "/etc/other ca.pem"]],
    "client_auth.crl_files": [[], ["/etc/ca.crl"]],
    "client_auth.crl_days": [0, 1, 397],
    "client_auth.depth": [0, 1, 10],
    "client_auth.services": [[], ["https"], ["submission", "imaps"], [name for name in SERVICES if name != "smtp"]],
    "deploy.exports": [[], ["apache"], list(EXPORTS)],
    "deploy.key_group": ["", "ssl-cert", 0, 4711, "4711", 2**32 - 2],
    "deploy.reload": [[], RELOAD, [*RELOAD, ["/bin/true"]]],
    "deploy.keep": [1, 10, 1000],
    "deploy.versions": [{}, {"apache": "2.4.62"}, {"apache": "2.4", "openssl": "3.5.0"}],
}
_NO_NUMBERS: list[Any] = ["443", 1.5, [1], {}, True, None, date(2026, 11, 24)]
_NO_TEXTS: list[Any] = [1, True, ["offer"], {}, "", "OFFER", "offer "]
_NO_LISTS: list[Any] = ["a", 1, {}, [1], ["a", 1], [["a"]], None, True]
_NO_VERSIONS = ["", "2.4.x", "2..4", "2.4-1", ".4", "4.", "\u00b2", "9" * 5000]
BAD: dict[str, list[Any]] = {
    "site.names": [*_NO_LISTS, ["a_b.example"], ["https://mail.example.org"], [""], ["mail.example.org."]],
    "site.enabled": [0, 1, "true", "yes", [], None],
    "site.https_port": [*_NO_NUMBERS, 0, 65536, -1, 2**70],
    "site.http_port": [*_NO_NUMBERS, 0, 65536, -1],
    "site.plain_http": [*_NO_TEXTS, "http"],
    "site.hsts_max_age": [*_NO_NUMBERS, -1, 2**31],
    "site.services": [*_NO_LISTS, ["ftp"], ["SMTP"], [""]],
    "certificate.issuer": [*_NO_TEXTS, "acme"],
    "certificate.key_type": [*_NO_TEXTS, "rsa1024", "P256"],
    "certificate.lifetime": [*_NO_NUMBERS, 0, 826],
    "certificate.renew_at": ["0.5", True, [], 0.09, 0.96, 1, 0, -0.5, math.nan, math.inf],
    "certificate.certificate_file": [1, [], "chain.pem", "./a", "/a\0b", "~/a"],
    "certificate.key_file": [None, True, "key.pem"],
    "tls.profile": [*_NO_TEXTS, "inter"],
    "tls.protocols": [*_NO_LISTS, ["SSLv3"], ["TLSv1.4"], [""]],
    "tls.ciphers": [*_NO_LISTS, ["TLS_AES_128_GCM_SHA256"], ["ALL"], ["HIGH:!aNULL"]],
    "tls.ciphersuites": [*_NO_LISTS, ["ECDHE-RSA-AES128-GCM-SHA256"]],
    "tls.groups": [*_NO_LISTS, ["X25519:P-256"], ["ffdhe2048"]],
    "tls.prefer_server_ciphers": [0, 1, "true", "yes", [], None],
    "tls.guideline": [1, True, [], None, "a\nb", "a\x1b[2J", "x" * 101],
    "client_auth.mode": [*_NO_TEXTS, "required", "on"],
    "client_auth.own_ca": [0, 1, "true", "yes", [], None],
    "client_auth.ca_files": [*_NO_LISTS, ["ca.pem"], ["~/ca.pem"], [""], ["/a\0b"]],
    "client_auth.crl_files": [*_NO_LISTS, ["ca.crl"]],
    "client_auth.crl_days": [*_NO_NUMBERS, -1, 398],
    "client_auth.depth": [*_NO_NUMBERS, -1, 11],
    "client_auth.services": [*_NO_LISTS, ["smtp"], ["ftp"], ["HTTPS"]],
    "deploy.exports": [*_NO_LISTS, ["apache2"], ["nginx "], ["Apache"]],
    "deploy.key_group": [1.5, True, None, [], {}, -1, 2**32 - 1, "4294967295", "1" * 5000, "a\0b", "a\n"],
    "deploy.reload": [
        "reload",
        ["/bin/true"],
        [[]],
        [[1]],
        [["systemctl", "reload"]],
        [["/bin/true", "a\0"]],
        {},
        [{}],
    ],
    "deploy.keep": [*_NO_NUMBERS, 0, 1001],
    "deploy.versions": [
        "2.4",
        1,
        [],
        {"sendmail": "8.18"},
        {"apache": 2.4},
        *({"apache": text} for text in _NO_VERSIONS),
    ],
}
ALL_GOOD = [(key, value) for key, values in GOOD.items() for value in values]
ALL_BAD = [(key, value) for key, values in BAD.items() for value in values]


def site_of(**tables: dict[str, Any]) -> Site:
    """Return the site of a file with these tables."""
    return judge({"version": 1, **tables})
