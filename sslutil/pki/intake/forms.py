"""The forms in which certificates, keys and requests are taken, from which the reference page comes."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """One form in which something may come."""

    name: str
    explanation: str
    """What is taken from it, and what is not, for people."""


FORMS = (
    Form("PEM", "Any number of blocks in any order, with any words around them, from any system."),
    Form(
        "PEM that was pasted",
        "From a mail, a web page, a word processor or a program's JSON: quoted, indented, on one line, with other "
        "dashes and line ends; or base64 that lost its BEGIN and END lines.",
    ),
    Form("DER", "One thing, or several behind each other."),
    Form("PKCS#7", "In DER or PEM (.p7b, .p7c): its certificates and revocation lists."),
    Form("PKCS#12", "Also called PFX (.p12, .pfx): its key and certificates. `--passphrase-file` opens it."),
    Form(
        "private key",
        "PKCS#8, PKCS#1, SEC 1, OpenSSH's; encrypted ones with `--passphrase-file`, but for OpenSSH's. It is kept as "
        "PKCS#8 without a passphrase.",
    ),
    Form("zip, tar, gzip", "Within bounds, whatever the files in it are called; none that is encrypted."),
    Form("saved mail", "With its attachments, in quoted-printable or base64; none that is encrypted."),
    Form("text in other encodings", "UTF-8 and UTF-16, with and without a mark, and what Windows writes."),
    Form(
        "folder",
        "Of certbot's: cert.pem, chain.pem, fullchain.pem, privkey.pem; of lego's or acme.sh's with one certificate: "
        "NAME.crt or NAME.cer, NAME.key, and the issuers beside it.",
    ),
    Form("standard input", "`-` in the place of FILE."),
)
"""Every form, in the order of the reference page."""
