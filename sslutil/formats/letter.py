"""The page that goes along with a client certificate: in plain words, for whoever is to install it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_WIDTH = 76
_APPLE = """
iPhone and iPad: open the file {file}, then go to Settings, where "Profile Downloaded" stands at the top, tap it and
Install. The device asks for its own code first, and then for the passphrase. In Mail it is chosen below Settings, Apps,
Mail, Mail Accounts, your account, Account, Advanced.

Mac: double-click the file {file}, then open System Settings, General, Device Management (before macOS 15: Privacy &
Security, Profiles), double-click the profile and choose Install; it asks for the passphrase. Mail and Safari
find it in the keychain, and ask once for leave to use it.
"""
_PKCS12 = """
Thunderbird: Settings, Privacy & Security, Certificates, Manage Certificates, the tab Your Certificates, Import: choose
{file} and type the passphrase.

Firefox: Settings, Privacy & Security, Certificates, View Certificates, the tab Your Certificates, Import.

Windows, for Outlook, Edge and Chrome: double-click {file}, choose Current User, Next, Next, type the passphrase, leave
the rest as it is, Next, Finish. Then start the program anew.

Mac, for Apple Mail, Outlook, Safari and Chrome: double-click {file}; Keychain Access opens, choose the keychain login,
and type the passphrase.{older}

iPhone and iPad: save {file} in Files and open it, then Settings, "Profile Downloaded" at the top, Install, and type the
passphrase.

Android: Settings, search for "Install a certificate" (below Security, Encryption & credentials), choose VPN & app user
certificate, then {file}, and type the passphrase. Chrome and most mail programs then ask which one to use.

Chrome and Edge on Linux: Settings, Privacy and security, Security, Manage certificates, Your certificates, Import.
"""
_OLDER = (
    " If it says that the passphrase is wrong although it is right, this Mac is old: ask for a file in the older form."
)
_PEM = """
Programs that read PEM: {file} holds the key, the certificate and its authority, in that order. Name the one file for
both, certificate and key: with curl it is --cert {file}, in mutt's settings ssl_client_cert, in Postfix's
smtp_tls_chain_files.

Keep it where only that program can read it: the key in it has no passphrase.
"""
_REQUEST = """
{file} holds the certificate for the key that you have made yourself, and its authority's. Put it beside that key, where
your program expects it; nobody else has the key.
"""
_STEPS = {"pkcs12": _PKCS12, "mobileconfig": _APPLE, "pem": _PEM, "request": _REQUEST}
"""Each form of what goes along → how it is installed, a paragraph for each program."""
_OPENING = """
Hello {greeting},

here is the client certificate of {address}. It shows {site} that it is you who connects. It is yours alone: pass
neither the file nor its passphrase on.
"""
_BY_ANOTHER_WAY = """
A passphrase opens {file}. It comes to you by another way, by telephone or by hand, and never together with the file.
"""
_ENDING = """
It is valid until {until}. You will get a new one before that.

When a device with it is lost or sold, or somebody else may have the file, say so at once: it is then revoked, and you
get a new one.

Once it is installed, remove the file, and empty the waste basket.

Questions: {contact}. Say the serial number, which is {serial}.
"""


class Handover(NamedTuple):
    """All that the page speaks of."""

    address: str
    """For whom it is, in Unicode."""
    name: str
    """What the list calls them; may be empty."""
    file: str
    """The name of the file that goes along; empty where it goes another way."""
    form: str
    """"pkcs12", "pem", "mobileconfig", or "request": the certificate alone."""
    site: str
    """The addresses that users type."""
    not_valid_after: datetime
    serial: str
    """Hexadecimal."""
    contact: str
    """Whom to ask: an address."""
    legacy: bool = False
    passphrase_follows: bool = False
    """Whether a passphrase opens the file, which comes by another way."""


def render_letter(handover: Handover) -> str:
    """Return the page, in lines of 76 characters at most but for an address that is longer."""
    words = {
        "file": _clean(handover.file) or "the file",
        "greeting": _clean(handover.name) or _clean(handover.address),
        "address": _clean(handover.address),
        "site": _clean(handover.site),
        "until": f"{handover.not_valid_after:%-d %B %Y}",
        "contact": _clean(handover.contact),
        "serial": _clean(handover.serial),
        "older": "" if handover.legacy else _OLDER,
    }
    opening = _OPENING + (_BY_ANOTHER_WAY if handover.passphrase_follows else "") + "\nHow to install it:\n"
    steps = _paragraphs(_STEPS[handover.form], words, mark="* ")
    page = (*_paragraphs(opening, words), *steps, *_paragraphs(_ENDING, words))
    return "\n\n".join(page) + "\n"


def _paragraphs(text: str, words: Mapping[str, str], mark: str = "") -> Iterator[str]:
    """Return each paragraph with its words filled in, behind a mark, as lines."""
    for paragraph in text.strip().split("\n\n"):
        line = mark + " ".join(paragraph.split()).format_map(words)
        indent = " " * len(mark)
        yield textwrap.fill(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _clean(text: str) -> str:
    """Return a text without what is not printed: a name comes from a list, and a page is for reading."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
