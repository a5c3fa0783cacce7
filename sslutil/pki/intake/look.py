"""What something looks like that holds nothing for us: whoever sees the word knows which file to send instead."""

from __future__ import annotations

import re
from typing import NamedTuple


class Look(NamedTuple):
    """What something looks like."""

    words: str
    """After "it is" or "it looks like": "a PDF"."""
    usual: bool = False
    """Whether answers have such things beside what matters: nobody need hear of it."""


_MAGIC = (
    (b"%PDF-", Look("a PDF", usual=True)),
    (b"\x89PNG", Look("an image", usual=True)),
    (b"\xff\xd8\xff", Look("an image", usual=True)),
    (b"GIF8", Look("an image", usual=True)),
    (b"\xd0\xcf\x11\xe0", Look("a document of Word, or a message of Outlook: save it as text")),
    (b"\xfe\xed\xfe\xed", Look("a Java keystore: export it as PKCS#12 with keytool -importkeystore")),
    (b"\xce\xce\xce\xce", Look("a Java keystore: export it as PKCS#12 with keytool -importkeystore")),
    (b"\x78\x9f\x3e\x22", Look("a winmail.dat of Outlook: ask for the files in plain mail")),
    (b"PK", Look("an archive without anything of use")),
    (b"\x1f\x8b", Look("an archive without anything of use")),
    (b"7z\xbc\xaf\x27\x1c", Look("a 7-Zip archive: unpack it first")),
    (b"Rar!", Look("a RAR archive: unpack it first")),
    (b"BZh", Look("a bzip2 archive: unpack it first")),
    (b"\xfd7zXZ", Look("an xz archive: unpack it first")),
    (b"\x7fELF", Look("a program")),
    (b"MZ", Look("a program")),
    (b"ssh-", Look("a public key of OpenSSH")),
    (b"\x30", Look("ASN.1, and no certificate, request or key")),
)
_PAGE = re.compile(rb"(?i)\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)\b")
_SAMPLE = 4096
_TEXT = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(0x20, 0x7F)) | set(range(0x80, 0x100)))


def find_look(content: bytes) -> Look:
    """Return what bytes look like."""
    if not content.strip():
        return Look("empty", usual=True)
    for start, look in _MAGIC:
        if content.startswith(start):
            return look
    if _PAGE.match(content):
        return Look("a page in HTML", usual=True)
    sample = content[:_SAMPLE]
    if b"PGP MESSAGE" in sample:
        return Look("encrypted with PGP: decrypt it first")
    if not sample.translate(None, _TEXT):
        return Look("plain text", usual=True)
    return Look("in no form that sslutil knows")
