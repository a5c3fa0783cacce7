"""The clothes in which answers of authorities travel: files as they lie in an administrator's download folder."""

from __future__ import annotations

import io
import tempfile
import textwrap
import zipfile
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tests.authorities import openssl_ca, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.authorities import Answer

Disguise: TypeAlias = "Callable[[Answer], dict[str, bytes]]"
"""Returns the bytes of each file by its name, in the order in which a person would name them."""

PASSPHRASE = "correct horse ünd battery staple"  # noqa: S105  of an archive without a secret
"""Opens `pkcs12_with_passphrase`."""
NEEDS_PASSPHRASE = {"pkcs12_with_passphrase"}
"""Those that are to be taken with PASSPHRASE."""


def leaf_and_chain(answer: Answer) -> dict[str, bytes]:
    """Return the pair of files that most authorities offer."""
    return {"certificate.crt": answer.leaf, "ca-bundle.crt": _above(answer)}


def full_chain(answer: Answer) -> dict[str, bytes]:
    """Return one file that is right already, as certbot's."""
    return {"fullchain.pem": b"".join(answer.chain)}


def wrong_order(answer: Answer) -> dict[str, bytes]:
    """Return one file that begins with the highest and ends with the leaf."""
    return {"chain.pem": b"".join(reversed(answer.chain))}


def root_included(answer: Answer) -> dict[str, bytes]:
    """Return the root first, as a bundle "for Apache" of some resellers, and then the leaf."""
    return {"bundle.pem": b"".join(reversed(answer.all[1:])), "mail_example_org.pem": answer.leaf}


def der_files(answer: Answer) -> dict[str, bytes]:
    """Return each certificate as a binary file, the leaf in the middle of the names."""
    names = ("mail.cer", *(f"ca{number}.cer" for number in range(len(answer.intermediates))), "root.cer")
    return dict(sorted(zip(names, map(_der, answer.all), strict=True)))


def pkcs7_pem(answer: Answer) -> dict[str, bytes]:
    """Return a bundle as Windows authorities give it, in text."""
    return {"certnew.p7b": _pkcs7(answer, "PEM")}


def pkcs7_der(answer: Answer) -> dict[str, bytes]:
    """Return the same bundle in binary."""
    return {"certnew.p7b": _pkcs7(answer, "DER")}


def pkcs12_with_passphrase(answer: Answer) -> dict[str, bytes]:
    """Return an archive of certificates, without a key, that PASSPHRASE opens."""
    return {"answer.pfx": _pkcs12(answer, PASSPHRASE)}


def pkcs12_without_passphrase(answer: Answer) -> dict[str, bytes]:
    """Return an archive of certificates, without a key, whose passphrase is empty."""
    return {"answer.p12": _pkcs12(answer, "")}


def windows_zip(answer: Answer) -> dict[str, bytes]:
    r"""Return an archive with Windows' names: blanks, brackets, umlauts, and \ between folders."""
    certificates = {
        "Zertifikate für mail\\Stammzertifikat (Root).crt": _crlf(answer.root),
        **{
            f"Zertifikate für mail\\Zwischen {number}.crt": _crlf(one)
            for number, one in enumerate(answer.intermediates)
        },
        "Zertifikate für mail\\mail_example_org.crt": _crlf(answer.leaf),
        "LIESMICH.txt": "Bitte lesen Sie die Hinweise in der Datei Anleitung.pdf.\r\n".encode("utf-16"),
    }
    return {"mail.example.org (1).zip": _zip(certificates)}


def quoted_printable_mail(answer: Answer) -> dict[str, bytes]:
    """Return a saved mail with the certificates in its text, whose "=" and long lines are quoted."""
    mail = _make_mail(_prose(answer, greeting="Sehr geehrter Kunde, hier ist Ihr Zertifikat für 1 Jahr = 365 Tage:"))
    content = mail.as_bytes(policy=policy.SMTP)
    # Some quote the first dash too, so that no PGP takes the line for its own.
    return {"Your certificate.eml": content.replace(b"\n-----BEGIN", b"\n=2D----BEGIN")}


def attachment_mail(answer: Answer) -> dict[str, bytes]:
    """Return a saved mail with the leaf as one attachment in base64, and the chain as another."""
    mail = _make_mail("The certificates are attached.\n")
    chain = _above(answer)
    mail.add_attachment(answer.leaf, maintype="application", subtype="x-x509-user-cert", filename="mail.crt")
    mail.add_attachment(chain, maintype="application", subtype="octet-stream", filename="chain ü.crt")
    return {"message.eml": mail.as_bytes(policy=policy.SMTP)}


def zip_in_mail(answer: Answer) -> dict[str, bytes]:
    """Return an mbox of one mail whose attachment is an archive, as Sectigo sends it."""
    content = _zip({"mail_example_org.crt": answer.leaf, "mail_example_org.ca-bundle": _above(answer)})
    mail = _make_mail("Attached to this email you should find a .zip file.\n")
    mail.add_attachment(content, maintype="application", subtype="zip", filename="mail_example_org.zip")
    return {
        "inbox": b"From support@ca.example Tue Nov 24 10:00:00 2026\n" + mail.as_bytes(policy=policy.compat32) + b"\n"
    }


def paste(answer: Answer) -> dict[str, bytes]:
    """Return a text that somebody copied out of a page, words around each block."""
    return {
        "paste.txt": _prose(answer, greeting="-- Your order #4711 is complete -- copy the following text:").encode()
    }


def windows_text(answer: Answer) -> dict[str, bytes]:
    """Return a text as Notepad saves it: byte order mark, CRLF, and no end of the last line."""
    return {"fullchain.txt": b"\xef\xbb\xbf" + _crlf(b"".join(answer.chain)).rstrip(b"\r\n")}


def utf16(answer: Answer) -> dict[str, bytes]:
    """Return a text as PowerShell's > writes it."""
    return {"fullchain.txt": b"".join(answer.chain).replace(b"\n", b"\r\n").decode().encode("utf-16")}


def strangers_and_duplicates(answer: Answer) -> dict[str, bytes]:
    """Return everything twice, among certificates of an authority that has nothing to do with it."""
    with tempfile.TemporaryDirectory() as name:
        strange = openssl_ca.make_authority(Path(name), name="Stranger")
        strangers = [strange.root.read_bytes(), *(path.read_bytes() for path in strange.intermediates)]
    first = b"".join([strangers[0], *reversed(answer.all), *strangers])
    return {"everything.pem": first, "again.pem": b"".join(answer.all), "leaf.der": _der(answer.leaf)}


def openssl_text(answer: Answer) -> dict[str, bytes]:
    """Return what `openssl x509 -text` prints before each block, as easy-rsa's answers have it."""
    return {"mail.crt": b"".join(_openssl("x509", "-text", stdin=one) for one in answer.chain)}


DISGUISES: dict[str, Disguise] = {
    disguise.__name__: disguise
    for disguise in (
        leaf_and_chain,
        full_chain,
        wrong_order,
        root_included,
        der_files,
        pkcs7_pem,
        pkcs7_der,
        pkcs12_with_passphrase,
        pkcs12_without_passphrase,
        windows_zip,
        quoted_printable_mail,
        attachment_mail,
        zip_in_mail,
        paste,
        windows_text,
        utf16,
        strangers_and_duplicates,
        openssl_text,
    )
}


def write(disguise: Disguise, answer: Answer, folder: Path) -> list[str]:
    """Write the files of a disguise into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in disguise(answer).items():
        (folder / name).write_bytes(content)
        paths.append(str(folder / name))
    return paths


def _above(answer: Answer) -> bytes:
    """Return the file that goes with a leaf: the intermediates, or the root where there are none."""
    return b"".join(answer.intermediates or (answer.root,))


def _openssl(*words: str, stdin: bytes) -> bytes:
    return run("openssl", *words, cwd=Path("/"), stdin=stdin)


def _der(pem: bytes) -> bytes:
    return _openssl("x509", "-outform", "DER", stdin=pem)


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def _pkcs7(answer: Answer, form: str) -> bytes:
    return _openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", form, stdin=b"".join(answer.all))


def _pkcs12(answer: Answer, passphrase: str) -> bytes:
    words = ("-export", "-nokeys", "-passout", f"pass:{passphrase}", "-in", "/dev/stdin")
    return _openssl("pkcs12", *words, stdin=b"".join(answer.all))


def _zip(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def _make_mail(text: str) -> EmailMessage:
    mail = EmailMessage(policy=policy.default)
    mail["From"] = "Authority <support@ca.example>"
    mail["To"] = "postmaster@example.org"
    mail["Subject"] = "Ihr Zertifikat für mail.example.org"
    mail["Date"] = "Tue, 24 Nov 2026 10:00:00 +0000"
    mail["Message-ID"] = "<1@ca.example>"
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail


def _prose(answer: Answer, *, greeting: str) -> str:
    blocks = [
        f"{title}:\n\n{one.decode()}"
        for title, one in zip(_titles(answer), [answer.leaf, *answer.intermediates], strict=True)
    ]
    advice = "Please install the intermediate too, or clients will complain: see --help, or our pages at https://ca.example/."
    return "\n".join([greeting, "", *blocks, *textwrap.wrap(advice, 60), "", "-- ", "Your Authority", ""])


def _titles(answer: Answer) -> list[str]:
    return ["-> Your certificate", *(f"-> Intermediate {number}" for number, _ in enumerate(answer.intermediates, 1))]
