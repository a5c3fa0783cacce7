"""The names of which a policy can be made, in each program's spelling, checked against one table.

Every name is kept as OpenSSL spells it; IANA's and GnuTLS's spelling are taken too and turned into OpenSSL's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sslutil.errors import SettingError, SiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROTOCOLS: tuple[str, ...] = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""Every protocol that can be chosen, oldest first."""


class Cipher(NamedTuple):
    """One suite of TLS 1.2 and below."""

    name: str
    """OpenSSL's: "ECDHE-RSA-AES128-GCM-SHA256"."""
    iana: str
    """IANA's: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"."""
    authentication: Literal["ecdsa", "rsa"]
    """The kind of key that the certificate must have."""
    protocol: str
    """The oldest of PROTOCOLS that has it."""

    @property
    def key_exchange(self) -> Literal["ECDHE", "RSA"]:
        """How the two sides agree on keys: over a group of the policy, or with the certificate's own key."""
        return "ECDHE" if self.name.startswith("ECDHE-") else "RSA"

    @property
    def forward_secrecy(self) -> bool:
        """Whether what was recorded stays secret when the certificate's key is lost."""
        return self.key_exchange == "ECDHE"

    @property
    def gnutls(self) -> str:
        """GnuTLS's: "TLS_ECDHE_RSA_AES_128_GCM_SHA256"."""
        name = self.iana.replace("_WITH_", "_").replace("POLY1305_SHA256", "POLY1305")
        return f"{name}1" if name.endswith("_SHA") else name


CIPHERS: dict[str, Cipher] = {
    row.name: row
    for row in (
        # Forward secrecy and authenticated encryption: what RFC 9325, 4.2 recommends.
        Cipher("ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES128-CCM", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-CCM", "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", "ecdsa", "TLSv1.2"),
        # None over finite fields: TLSRef dropped them, and each server wants Diffie-Hellman parameters of its own.
        # Forward secrecy alone: CBC, for clients of the years before 2014.
        Cipher("ECDHE-ECDSA-AES128-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ecdsa", "TLSv1"),
        Cipher("ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "rsa", "TLSv1"),
        Cipher("ECDHE-ECDSA-AES256-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ecdsa", "TLSv1.2"),
        Cipher("ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "rsa", "TLSv1.2"),
        Cipher("ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ecdsa", "TLSv1"),
        Cipher("ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "rsa", "TLSv1"),
        # RSA key transport: whoever gets the key later reads what was recorded before.
        Cipher("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384", "rsa", "TLSv1.2"),
        Cipher("AES128-SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES256-SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256", "rsa", "TLSv1.2"),
        Cipher("AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA", "rsa", "TLSv1"),
        Cipher("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "rsa", "TLSv1"),
        Cipher("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "rsa", "TLSv1"),
    )
}
"""Every suite of TLS 1.2 and below that can be chosen, by OpenSSL's name. None lacks encryption or authentication."""

UNSTOCKED_CIPHERS = frozenset({"DES-CBC3-SHA"})
"""What OpenSSL offers only where it was built with enable-weak-ssl-ciphers; elsewhere it skips the name in silence."""

CIPHERSUITES: tuple[str, ...] = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
)
"""Every suite of TLS 1.3 that can be chosen; OpenSSL and IANA spell them alike. The fifth of RFC 8446, B.4, with its
tag of 8 octets, is for small devices."""


class Group(NamedTuple):
    """One key agreement."""

    name: str
    """OpenSSL's: "prime256v1"."""
    iana: str
    """IANA's: "secp256r1"."""
    gnutls: str
    """GnuTLS's: "GROUP-SECP256R1"; of the hybrids what GnuTLS 3.8.8 calls them."""
    since: tuple[int, ...]
    """The first OpenSSL that loads a list with it."""

    @property
    def hybrid(self) -> bool:
        """Whether it has ML-KEM besides a curve: then it is for TLS 1.3 alone (RFC 10024)."""
        return "MLKEM" in self.name


GROUPS: dict[str, Group] = {
    row.name: row
    for row in (
        Group("X25519MLKEM768", "X25519MLKEM768", "GROUP-X25519-MLKEM768", (3, 5)),
        Group("SecP256r1MLKEM768", "SecP256r1MLKEM768", "GROUP-SECP256R1-MLKEM768", (3, 5)),
        Group("SecP384r1MLKEM1024", "SecP384r1MLKEM1024", "GROUP-SECP384R1-MLKEM1024", (3, 5)),
        Group("X25519", "x25519", "GROUP-X25519", (1, 1)),
        Group("prime256v1", "secp256r1", "GROUP-SECP256R1", (1, 0, 2)),
        Group("secp384r1", "secp384r1", "GROUP-SECP384R1", (1, 0, 2)),
        Group("secp521r1", "secp521r1", "GROUP-SECP521R1", (1, 0, 2)),
        Group("X448", "x448", "GROUP-X448", (1, 1, 1)),
    )
}
"""Every key agreement that can be chosen, by OpenSSL's name."""

_GROUP_SPELLINGS = {
    "P-256": "prime256v1",
    "P-384": "secp384r1",
    "P-521": "secp521r1",
}


def parse_protocol(text: str) -> str:
    """Return OpenSSL's name of a protocol, whatever its letter case; SiteError for others, SSL 3.0 among them."""
    if text.casefold().startswith("ssl"):
        message = f"protocol {text!r} was given up in 2015 (RFC 7568), and no server offers it"
        raise SiteError(message, "write TLSv1.2 and TLSv1.3", key="tls.protocols")
    return _parse(text, _protocol_spellings(), "protocol", "tls.protocols")


def parse_cipher(text: str) -> str:
    """Return OpenSSL's name of a suite of TLS 1.2 or below; SiteError for suites of TLS 1.3 and unknown ones."""
    newer = _find(text, _same(CIPHERSUITES))
    if newer is not None:
        message = f"{newer} is a suite of TLS 1.3, and ciphers lists those of TLS 1.2 and below"
        raise SiteError(message, f"put {newer} into ciphersuites", key="tls.ciphers")
    return _parse(text, _cipher_spellings(), "cipher", "tls.ciphers")


def parse_ciphersuite(text: str) -> str:
    """Return the name of a suite of TLS 1.3; SiteError for suites of TLS 1.2 and below, and unknown ones."""
    older = _find(text, _cipher_spellings())
    if older is not None:
        message = f"{older} is a suite of TLS 1.2 and below, and ciphersuites lists those of TLS 1.3"
        raise SiteError(message, f"put {older} into ciphers", key="tls.ciphersuites")
    return _parse(text, _same(CIPHERSUITES), "ciphersuite", "tls.ciphersuites")


def parse_group(text: str) -> str:
    """Return OpenSSL's name of a key agreement ("P-256" is prime256v1); SiteError for unknown ones."""
    return _parse(text, _group_spellings(), "group", "tls.groups")


def find_kind(text: str) -> tuple[str, str] | None:
    """Return the key of [tls] that a name belongs to, and OpenSSL's spelling of it; None where no table has it."""
    tables = {
        "ciphers": _cipher_spellings(),
        "ciphersuites": _same(CIPHERSUITES),
        "groups": _group_spellings(),
        "protocols": _protocol_spellings(),
    }
    found = ((key, _find(text, spellings)) for key, spellings in tables.items())
    return next(((key, name) for key, name in found if name), None)


def _protocol_spellings() -> dict[str, str]:
    """Return OpenSSL's own names, GnuTLS's ("VERS-TLS1.2") and what people write ("TLS 1.2", "TLS1.2")."""
    spelt = {name: name for name in PROTOCOLS}
    for name in PROTOCOLS:
        number = name.removeprefix("TLSv")
        number = number if "." in number else f"{number}.0"
        spelt |= dict.fromkeys((f"TLSv{number}", f"TLS{number}", f"TLS {number}", f"VERS-TLS{number}"), name)
    return spelt


def _group_spellings() -> dict[str, str]:
    spelt = {spelling: row.name for row in GROUPS.values() for spelling in (row.name, row.iana, row.gnutls)}
    return spelt | _GROUP_SPELLINGS


def _same(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


def _cipher_spellings() -> dict[str, str]:
    return {spelling: row.name for row in CIPHERS.values() for spelling in (row.name, row.iana, row.gnutls)}


def _find(text: str, spellings: Mapping[str, str]) -> str | None:
    folded = text.casefold()
    return next((name for spelling, name in spellings.items() if spelling.casefold() == folded), None)


def _parse(text: str, spellings: Mapping[str, str], kind: str, key: str) -> str:
    """Return the name that the text spells, or raise SiteError with what was probably meant."""
    found = _find(text, spellings)
    if found is None:
        expression = any(character in text for character in ":,;!+@")
        fault = f"{text!r} is a list or an expression, and each {kind} is written by itself"
        message = fault if expression else f"unknown {kind} {text!r}"
        hint, near = _suggest(text, spellings, kind)
        raise SettingError(message, hint, key=key, near=near)
    return found


def _suggest(text: str, spellings: Mapping[str, str], kind: str) -> tuple[str, str]:
    """Return a hint, and the nearest spelling; else all names, or where those are many, the way without any."""
    import difflib

    folded = {spelling.casefold(): spelling for spelling in spellings}
    near = difflib.get_close_matches(text.casefold(), folded, 1, cutoff=0.75)
    if near:
        return f"did you mean {folded[near[0]]}", folded[near[0]]
    if spellings.keys() >= CIPHERS.keys():
        return 'write profile = "intermediate", and a guideline chooses them', ""
    return f"each {kind} is one of {', '.join(dict.fromkeys(spellings.values()))}", ""
