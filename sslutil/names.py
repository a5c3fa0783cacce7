"""From typed text to an identity: a DNS name (IDNA 2008), a wildcard, an IP address; and back to text for people.

The rules are those of RFC 9525 (a wildcard is the whole leftmost label), RFC 1123 (what a host name is made of),
RFC 5890 to 5893 (IDNA 2008), and the CA/Browser Forum's Baseline Requirements (no underscore, no trailing dot).
What is refused is refused with one sentence of its own, and where it can be guessed, with what was meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from sslutil.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 253
"""Characters of a DNS name without its final dot (RFC 1035: 255 octets on the wire)."""
LONGEST_LABEL = 63
"""Characters of one label of a DNS name (RFC 1035)."""

_LONGEST_ECHO = 80
_LONGEST_LIST = 1000
_WILDCARD = "*."
_CONNECTABLE = "give the address that clients connect to"
_OWN_DOMAIN = "put a star and a domain of your own, such as *.example.org"
_HOST_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_NUMBERS_OF_IPV4 = 4
# C0 and C1 but for white space, bidirectional controls, and what a font draws as nothing; not U+200C and U+200D, which
# IDNA 2008 allows between some letters and judges itself. Surrogates are bytes of argv that were not UTF-8.
# No pattern of this file is compiled before it is needed: most names need none, and each takes 0.2 ms of a command.
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)

_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
"""A dot-atom (RFC 5321 section 4.1.2)."""
_LONGEST_LOCAL_PART = 64
_LONGEST_MAILBOX = 254
"""Octets (RFC 5321 sections 4.5.3.1.1 and, with the brackets of a path, 4.5.3.1.3)."""


class Identity(NamedTuple):
    """One name that a certificate can stand for."""

    kind: Literal["dns", "ip", "email"]
    text: str
    """Canonical: lower-case A-labels ("*.xn--bcher-kva.example"), an address ("192.0.2.1", "2001:db8::1"), or a mailbox
    whose domain is in A-labels."""

    @property
    def wildcard(self) -> bool:
        """Whether it stands for every name one label below it."""
        return self.text.startswith(_WILDCARD)

    @property
    def unicode(self) -> str:
        """The spelling in U-labels ("bücher.example"); `text` itself where that has none or can't be decoded."""
        if self.kind == "ip" or "xn--" not in self.text:
            return self.text
        import idna

        local, at, domain = self.text.rpartition("@")
        try:
            labels = (idna.ulabel(label) if label.startswith("xn--") else label for label in domain.split("."))
            return f"{local}{at}{'.'.join(labels)}"
        except UnicodeError:  # a stranger's certificate may hold what parse_identity would refuse
            return self.text


class _RefusedError(Exception):
    """Why a text is no identity: what follows its name in the sentence, and what may have been meant instead."""

    def __init__(self, fault: str, *meant: str, hint: str = "", several: tuple[str, ...] = ()) -> None:
        super().__init__(fault)
        self.fault = fault
        self.meant = meant
        self.hint = hint
        self.several = several


def parse_identity(text: str) -> Identity:
    """Return the identity that `text` names: a host name, "*." and a host name, or an IP address.

    A name may be typed in Unicode, in capitals and with full-width letters and dots (UTS 46); names without a dot are
    taken, since they were typed. Raises UsageError with the one thing that is wrong first, and a hint if what was meant
    can be guessed.
    """
    try:
        return _parse(text)
    except _RefusedError as refused:
        meant = next((candidate for candidate in refused.meant if _is_identity(candidate)), None)
        hint = refused.hint if meant is None else f"did you mean {meant}"
        message = f"name {_render_typed(text)} {refused.fault}"
        raise UsageError(message, hint, typed=text, near=(meant,) if meant else refused.several) from None


def parse_identities(texts: Iterable[str]) -> tuple[Identity, ...]:
    """Return the identities of `texts` in their order, each once, whatever the spelling; errors as parse_identity's."""
    return tuple(dict.fromkeys(parse_identity(text) for text in texts))


def parse_client(text: str) -> Identity:
    """Return whom a client certificate is for: a mailbox, its domain in A-labels, or the host name of a service.

    A mailbox is taken as RFC 5280 section 4.2.1.6 can hold it: ASCII before the @, as it is typed. Raises UsageError
    as parse_identity does.
    """
    local, at, domain = text.rpartition("@")
    if not domain:
        message = f"{_render_typed(text)} is neither somebody's address nor the name of a host"
        raise UsageError(message, typed=text, near=("anna@example.org",))
    try:
        identity = parse_identity(domain)
    except UsageError as refused:
        meant = tuple(f"{local}{at}{name}" for name in refused.near[:1] if _is_client(f"{local}{at}{name}"))
        raise UsageError(refused.message, "" if meant else refused.hint, typed=text, near=meant) from None
    if identity.kind != "dns" or identity.wildcard:
        message = f"{_render_typed(text)} is neither somebody's address nor the name of one host"
        raise UsageError(message, typed=text, near=("anna@example.org",))
    if not at:
        return identity
    if not re.fullmatch(_LOCAL_PART, local) or len(local) > _LONGEST_LOCAL_PART:
        message = f"{_render_typed(text)} is no address that a certificate can hold: letters, digits, dots and hyphens"
        raise UsageError(
            f"{message} before the @, {_LONGEST_LOCAL_PART} at most", typed=text, near=("anna@example.org",)
        )
    mailbox = Identity("email", f"{local}@{identity.text}")
    if len(mailbox.text) > _LONGEST_MAILBOX:
        message = f"{_render_typed(text)} has {len(mailbox.text)} characters, and mail allows {_LONGEST_MAILBOX}"
        raise UsageError(message, typed=text, near=("anna@example.org",))
    return mailbox


def _is_client(text: str) -> bool:
    try:
        parse_client(text)
    except UsageError:
        return False
    return True


def find_uncovered(covering: Iterable[Identity], wanted: Iterable[Identity]) -> tuple[Identity, ...]:
    """Return the wanted identities that a certificate with the covering ones does not stand for (RFC 9525, 6.3).

    A wildcard stands for one label in the place of its star: neither for more, nor for the domain itself.
    """
    names = set(covering)

    def is_covered(name: Identity) -> bool:
        parent = name.text.partition(".")[2]
        return name in names or (name.kind == "dns" and not name.wildcard and Identity("dns", f"*.{parent}") in names)

    return tuple(name for name in wanted if not is_covered(name))


def render_identity(identity: Identity) -> str:
    """Return the identity for people: "mail.example.org", or "bücher.example (xn--bcher-kva.example)"."""
    spelling = identity.unicode
    return identity.text if spelling == identity.text else f"{spelling} ({identity.text})"


def _parse(text: str) -> Identity:
    _refuse_invisible(text)
    _refuse_several(text)
    spelt = text.lower() if text.isascii() else _map_unicode(text)
    _refuse_more_than_a_name(spelt)
    return _parse_address(spelt) or Identity("dns", _parse_dns_name(spelt))


def _is_identity(text: str) -> bool:
    try:
        _parse(text)
    except _RefusedError:
        return False
    return True


def _render_typed(text: str) -> str:
    """Return what was typed in quotes, shortened, with whatever doesn't print escaped."""
    shown = text if len(text) <= _LONGEST_ECHO else text[: _LONGEST_ECHO - 1] + "…"
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown) + '"'


def _refuse_invisible(text: str) -> None:
    if not text.strip():
        raise _RefusedError("is empty", hint="give the name that clients connect to, such as mail.example.org")
    plain = text.isascii() and text.isprintable()
    if not plain and re.search(_INVISIBLE, text):
        raise _RefusedError("holds an invisible or control character", re.sub(_INVISIBLE, "", text))


def _refuse_several(text: str) -> None:
    """Refuse a list that was pasted as one name, and white space at either end."""
    parts = text.replace(",", " ").replace(";", " ").split()
    if len(parts) > 1:
        clear = len(text) <= _LONGEST_LIST and all(map(_is_identity, parts))
        names = " ".join(parts) if clear else "mail.example.org imap.example.org"
        hint = f"separate names by spaces: {names}"
        raise _RefusedError("is several names in one", hint=hint, several=tuple(parts) if clear else ())
    if [text] != parts:
        raise _RefusedError("has a space, a comma or a semicolon at its edge", *parts)


def _map_unicode(text: str) -> str:
    """Return the text in the spelling that IDNA 2008 encodes: lower case, full-width forms and dots folded (UTS 46)."""
    import idna

    try:
        # ASCII that no host name has is judged afterwards, with better sentences than a mapping table gives.
        return idna.uts46_remap(text, std3_rules=False, transitional=False)
    except UnicodeError:
        raise _RefusedError("holds a character that no domain name can have") from None


def _refuse_more_than_a_name(spelt: str) -> None:
    """Refuse an address of the web or of mail, brackets, a path, a prefix length, a port."""
    if "://" in spelt:
        raise _RefusedError("is a URL, not a name", _find_host(spelt.split("://", 1)[1]))
    if "@" in spelt:
        raise _RefusedError("is an e-mail address, not the name of a server", spelt.rpartition("@")[2])
    if "[" in spelt or "]" in spelt:
        raise _RefusedError("has brackets, and an address goes without them", _find_host(spelt))
    host, slash, rest = spelt.partition("/")
    if slash and rest.isdigit() and _is_address(host):
        raise _RefusedError("is a network, and a certificate names single addresses", host)
    if slash:
        raise _RefusedError("has a path in it", _find_host(host))
    if spelt.count(":") == 1:
        raise _RefusedError("has a port behind it", _find_host(spelt))


def _find_host(authority: str) -> str:
    """Return the host of "user@host:port/path?query", without brackets: most likely it is what was meant."""
    authority = re.split(r"[/?#\\]", authority, maxsplit=1)[0].rpartition("@")[2]
    bracketed = re.match(r"\[([^\]]*)\]", authority)
    if bracketed:
        return bracketed[1]
    bare = authority.strip("[]")
    return bare if _is_address(bare) else bare.partition(":")[0]


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _parse_address(spelt: str) -> Identity | None:
    """Return the address, or None where the text can only be a DNS name."""
    numbers = spelt.split(".")
    if ":" not in spelt and not (len(numbers) == _NUMBERS_OF_IPV4 and all(map(_is_decimal, numbers))):
        return None
    import ipaddress

    if "%" in spelt:
        raise _RefusedError("has a zone, which only this machine knows, behind the address", spelt.partition("%")[0])
    try:
        address = ipaddress.ip_address(spelt)
    except ValueError:
        if ":" in spelt:
            raise _RefusedError("has colons, but is no IPv6 address") from None
        decimal = ".".join(number.lstrip("0") or "0" for number in numbers)
        raise _RefusedError("looks like an IPv4 address, but is none", decimal) from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # RFC 9525, 6.4: clients compare octets, 4 with 4; a certificate for the 16 of the mapped form would never fit.
        raise _RefusedError("is an IPv4 address in the spelling of IPv6", str(address.ipv4_mapped))
    if address.is_unspecified or spelt == "255.255.255.255":
        raise _RefusedError("is an address that no client connects to", hint=_CONNECTABLE)
    if address.is_multicast:
        raise _RefusedError("is a multicast address, which no server answers from", hint=_CONNECTABLE)
    return Identity("ip", address.compressed)


def _parse_dns_name(spelt: str) -> str:
    """Return the DNS name in lower-case A-labels."""
    if len(spelt) > LONGEST_NAME:  # encoding makes no name shorter; so nothing long is ever encoded
        raise _RefusedError(f"has {len(spelt)} characters, and DNS allows {LONGEST_NAME}")
    if spelt.endswith("."):
        raise _RefusedError("ends with a dot", spelt.rstrip("."))
    wildcard, domain = (_WILDCARD, spelt[2:]) if spelt.startswith(_WILDCARD) else ("", spelt)
    if "*" in domain:
        _refuse_star(spelt)
    labels = domain.split(".")
    if "" in labels:
        joined = wildcard + ".".join(filter(None, labels))
        raise _RefusedError("has an empty label: two dots in a row, or one in front", joined)
    if labels[-1][0].isdigit() and re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        # WHATWG URL, "ends in a number": browsers and resolvers would take it for an IPv4 address.
        raise _RefusedError("ends in a number, but is no IPv4 address", hint="an IPv4 address has four numbers")
    if wildcard and len(labels) == 1:
        raise _RefusedError("stands for a whole top-level domain, and no client accepts that", hint=_OWN_DOMAIN)
    name = wildcard + ".".join(_parse_label(label, spelt) for label in labels)
    if len(name) > LONGEST_NAME:
        raise _RefusedError(f"has {len(name)} characters once encoded, and DNS allows {LONGEST_NAME}")
    return name


def _refuse_star(spelt: str) -> None:
    meant = _WILDCARD + spelt.rpartition("*")[2].partition(".")[2]
    if spelt.startswith(_WILDCARD * 2):
        raise _RefusedError("has more than one wildcard, and clients accept one", meant, hint=_OWN_DOMAIN)
    raise _RefusedError("has a star that is not the whole leftmost label", meant, hint=_OWN_DOMAIN)


def _parse_label(label: str, spelt: str) -> str:
    """Return one label in ASCII; `spelt` is the whole name, for the hint."""
    if "_" in label:
        raise _RefusedError("has an underscore, which host names can't have", spelt.replace("_", "-"))
    if label.startswith("-") or label.endswith("-"):
        trimmed = ".".join(part.strip("-") for part in spelt.split("."))
        raise _RefusedError("has a hyphen at the edge of a label", trimmed)
    if label.startswith("xn--"):
        _check_a_label(label)
    elif not label.isascii():
        label = _encode_label(label)
    elif wrong := "".join(character for character in label if character not in _HOST_NAME_CHARACTERS):
        raise _RefusedError(
            f"has {_render_typed(wrong[0])} in it, and host names are letters, digits, hyphens and dots"
        )
    if len(label) > LONGEST_LABEL:
        raise _RefusedError(f"has a label of {len(label)} characters, and DNS allows {LONGEST_LABEL}")
    return label


def _encode_label(label: str) -> str:
    import idna

    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError:
        encoded = len("xn--") + len(label.encode("punycode"))
        if encoded > LONGEST_LABEL:
            fault = f"has a label of {encoded} characters once encoded, and DNS allows {LONGEST_LABEL}"
            raise _RefusedError(fault) from None
        raise _RefusedError(f"has a label that IDNA 2008 does not allow, {_render_typed(label)}") from None


def _check_a_label(label: str) -> None:
    """Refuse an A-label that is not the encoding of exactly one valid U-label (RFC 5891, 5.4)."""
    import idna

    try:
        spelling = idna.ulabel(label)
        same = idna.alabel(spelling) == label.encode() and idna.uts46_remap(spelling, std3_rules=False) == spelling
    except UnicodeError:
        same = False
    if not same:
        raise _RefusedError(f"has a label that is no valid encoding of an international name, {_render_typed(label)}")
