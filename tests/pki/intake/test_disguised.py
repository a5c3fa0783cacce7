"""Each clothing in which people, mail programs and archives bring PEM and DER is taken off; what is not, is named."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from base64 import b64encode
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from sslutil.pki.intake.forms import FORMS
from tests.pki.intake.made import archive, chain, crl, der_of, ders, issuer, leaf, pair, request, taken, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

OLE = b"\xd0\xcf\x11\xe0"
"""How documents of Word begin."""


def fold(content: bytes) -> bytes:
    """Return base64 in lines as mails have it."""
    return b"\n".join(content[place : place + 76] for place in range(0, len(content), 76)) + b"\n"


def mail(text: str = "See the attachment.\n", subtype: str = "plain", **attachments: bytes) -> EmailMessage:
    """Return a mail, its attachments by their names with _ for the dot."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "ca@ca.example", "admin@example.org", "Your certificate: ünd so"
    made.set_content(text, subtype=subtype, cte="quoted-printable")
    for name, content in attachments.items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def page(separator: str) -> str:
    """Return a page that shows both certificates."""
    body = pair().decode().replace("+", "&#43;").replace("\n", separator)
    return f"<!DOCTYPE html><html><body><p>Here it is:&nbsp;</p>{body}<p>Thanks</p></body></html>"


def tarred(members: dict[str, bytes]) -> bytes:
    """Return a tar."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as file:
        for name, member in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(member)
            file.addfile(entry, io.BytesIO(member))
    return content.getvalue()


def forwarded_mail() -> bytes:
    """Return a mail in a mail; the inner one says the same in text and, cut short, in HTML."""
    alternative = MIMEMultipart("alternative")
    alternative.attach(MIMEText(pair().decode(), "plain"))
    alternative.attach(MIMEText(page("<br>")[:-300], "html"))
    inner, outer = MIMEMultipart("mixed"), MIMEMultipart("mixed")
    inner["From"], inner["Subject"] = "a@example.org", "Yours"
    inner.attach(alternative)
    outer["From"], outer["Subject"] = "b@example.org", "Fwd"
    outer.attach(MIMEText("Forwarded.", "plain"))
    outer.attach(MIMEMessage(inner))
    return outer.as_bytes()


def mbox() -> bytes:
    """Return two mails in one file."""
    ones = (mail(leaf_crt=leaf().pem), mail(issuer().pem.decode()))
    heads = (f"From ca@ca.example Tue Nov 24 10:00:0{number} 2026\n".encode() for number in range(2))
    return b"\n\n".join(head + one.as_bytes() for head, one in zip(heads, ones, strict=True))


def signed_text() -> bytes:
    """Return a text with a signature of OpenPGP, which writes a blank and a dash before dashes."""
    text = pair().replace(b"-----BEGIN", b"- -----BEGIN").replace(b"-----END", b"- -----END")
    head = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
    return head + text + b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\n"


def document() -> bytes:
    """Return a document of Word's with a paragraph for each line."""
    lines = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in pair().decode().splitlines())
    text = f'<?xml version="1.0"?><w:document>{lines}</w:document>'
    return zipped({"[Content_Types].xml": b"<?xml version='1.0'?><Types/>", "word/document.xml": text.encode()})


def quoted_by(prefix: bytes) -> Callable[[], bytes]:
    """Return what quotes each line."""
    return lambda: b"".join(prefix + line for line in pair().splitlines(keepends=True))


def bare(pem: bytes) -> bytes:
    """Return base64 without its BEGIN and END lines."""
    return b"\n".join(pem.splitlines()[1:-1])


TAKEN: dict[str, Callable[[], bytes]] = {
    "other order": lambda: issuer().pem + leaf().pem,
    "twice": lambda: pair() + leaf().pem,
    "no final newline": lambda: pair().rstrip(),
    "CRLF": lambda: pair().replace(b"\n", b"\r\n"),
    "CR": lambda: pair().replace(b"\n", b"\r"),
    "blank lines": lambda: pair().replace(b"\n", b"\n\n"),
    "no newline between": lambda: leaf().pem.strip() + issuer().pem,
    "prose": lambda: b"Dear customer,\n-- here:\n" + leaf().pem + b"and the other\n" + issuer().pem + b"-- \nCA",
    "glued to prose": lambda: b"Yours: " + leaf().pem.strip() + b". Mine: " + issuer().pem,
    "quoted": quoted_by(b"> > "),
    "indented": quoted_by(b"\t  "),
    "comment": quoted_by(b"# "),
    "one line": lambda: b"\n".join(one.pem.strip().replace(b"\n", b" ") for one in (leaf(), issuer())),
    "one line without blanks": lambda: pair().replace(b"\n", b""),
    "JSON": lambda: json.dumps({"certificate": pair().decode(), "x": [1]}).encode(),
    "JSON in JSON": lambda: json.dumps(json.dumps({"certificate": pair().decode()})).encode(),
    "JSON lines": lambda: json.dumps(pair().decode().splitlines(), indent=1).encode(),
    "lost dash": lambda: pair().replace(b"-----BEGIN", b"----BEGIN").replace(b"E-----\n", b"E----\n"),
    "no dashes before BEGIN": lambda: pair().replace(b"-----BEGIN", b"BEGIN"),
    "small letters": lambda: pair().replace(b"BEGIN CERTIFICATE", b"Begin Certificate"),
    "word processor": lambda: pair().decode().replace("-----", "\u2014\u2014-").replace("\n", "\u00a0\r\n").encode(),
    "invisible letters": lambda: pair().decode().replace("\n", "\u200b\n\ufeff").encode(),
    "END lost": lambda: pair().replace(b"-----END CERTIFICATE-----\n", b"\nThat is all, says the CA.\n"),
    "BEGIN lost": lambda: pair().replace(b"-----BEGIN CERTIFICATE-----\n", b"\nMy dear,\n"),
    "BEGIN cut in its word": lambda: pair().replace(b"-----BEGIN", b"GIN", 1),
    "END of another label": lambda: pair().replace(b"END CERTIFICATE", b"END X509 CERTIFICATE"),
    "padding lost": lambda: pair().replace(b"=", b""),
    "bare base64": lambda: b"Leaf\n" + bare(leaf().pem) + b"\n\nIssuer:\n" + bare(issuer().pem) + b"\nBye\n",
    "bare base64 on a line": lambda: b"\n".join(b64encode(one.der) for one in (leaf(), issuer())),
    "base64 of PEM": lambda: b64encode(pair()),
    "base64 of a zip": lambda: b"Content:\n" + fold(b64encode(zipped({"a": pair()}))),
    "quoted-printable": lambda: pair().replace(b"=", b"=3D").replace(b"\nMI", b"\nM=\nI"),
    "page": lambda: page("<br/>\r\n").encode(),
    "page of spans": lambda: page("</span></div><div class=x><span>").encode(),
    "OpenPGP": signed_text,
    "document": document,
    "zip": lambda: zipped({"a/leaf.crt": leaf().pem, "ca.cer": issuer().der, "b.txt": b"Hello", "d/": b""}),
    "zip, stored": lambda: zipped({"x": pair()}, zipfile.ZIP_STORED),
    "zip in zips": lambda: zipped({"a.zip": zipped({"b.zip": zipped({"leaf": leaf().pem})}), "i": issuer().der}),
    "zip of a Mac": lambda: zipped({"a.crt": pair(), "__MACOSX/._a.crt": b"\0\5\x16\7", ".DS_Store": b"\0\0\0\1Bud1"}),
    "gzip": lambda: gzip.compress(pair()),
    "tar": lambda: tarred({"a": leaf().pem, "b/c": issuer().der}),
    "tar in gzip": lambda: gzip.compress(tarred({"a": leaf().pem, "b": issuer().der})),
    "mail": lambda: mail(f"Here:\n\n{pair().decode()}\n= bye").as_bytes(),
    "mail with CRLF": lambda: mail(pair().decode()).as_bytes().replace(b"\n", b"\r\n"),
    "mail with attachments": lambda: mail(leaf_pem=leaf().pem, ca_der=issuer().der).as_bytes(),
    "mail with a zip": lambda: mail(answer_zip=zipped({"leaf": leaf().pem, "ca": issuer().pem})).as_bytes(),
    "mail in HTML": lambda: mail(page("<br>\n"), "html").as_bytes(),
    "mail in a mail": forwarded_mail,
    "mbox": mbox,
    "head that was copied": lambda: b"From: CA\nSent: today\nSubject: certificate\n\n" + pair(),
    "mail in UTF-16": lambda: mail(pair().decode()).as_bytes().decode().encode("utf-16"),
    "marks of UTF-8": lambda: b"\xef\xbb\xbf" + leaf().pem + b"\xef\xbb\xbf" + issuer().pem,
    "UTF-16": lambda: pair().decode().encode("utf-16"),
    "UTF-16 LE": lambda: pair().decode().encode("utf-16-le"),
    "UTF-16 BE": lambda: ("\r\n" + pair().decode()).encode("utf-16-be"),
    "UTF-32": lambda: pair().decode().encode("utf-32"),
    "Latin-1": lambda: "F\u00fcr Sie:\n".encode("latin-1") + pair(),
    "Windows": lambda: b"Dear \x84customer\x93 \x96\x96 here:\r\n" + pair().replace(b"-----", b"\x97\x97-"),
}
"""What holds leaf and issuer."""


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    """Both certificates are found, as they were sent to the last bit, and nothing else is told."""
    intake = taken(TAKEN[name]())

    assert chain() == ders(intake)
    assert ((), (), (), ()) == (intake.requests, intake.crls, intake.encrypted, intake.skipped)


def lock_second(content: bytes) -> bytes:
    """Set the flag of the second member of a zip in both its heads that says that it is encrypted."""
    changed = bytearray(content)
    changed[content.rindex(b"PK\x03\x04") + 6] |= 1
    changed[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


PASSED_OVER: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut short, with its END": (
        lambda: pair() + b"\n".join([*leaf().pem.splitlines()[:5], b"-----END CERTIFICATE-----"]),
        "answer: 1 certificate is cut short",
    ),
    "damaged BEGIN": (
        lambda: pair() + leaf().pem.replace(b"CERTIFICATE", b"\xa7"),
        "answer: 1 PEM block is cut short",
    ),
    "empty block": (
        lambda: pair() + b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        'answer: 1 PEM block "CERTIFICATE" is damaged',
    ),
    "encrypted member of a zip": (
        lambda: lock_second(zipped({"chain.pem": pair(), "key.pem": b"secret"})),
        "answer: key.pem is encrypted: unpack the archive with its passphrase first",
    ),
    "damaged member of a zip": (
        lambda: zipped({"chain.pem": pair(), "key.pem": b"secret" * 9}, zipfile.ZIP_STORED).replace(b"tse", b"tsE", 1),
        "answer: key.pem can't be unpacked: the archive is damaged, or packed in a rare way",
    ),
    "gzip cut short": (lambda: gzip.compress(pair() + b"x" * 3000)[:-9], "answer is gzip that is cut short"),
    "document of Word in a zip": (
        lambda: zipped({"chain.pem": pair(), "a.doc": OLE + b"\0" * 100}),
        "answer: a.doc holds nothing of use: it is a document of Word, or a message of Outlook: save it as text",
    ),
    "7-Zip in a mail": (
        lambda: mail(pair().decode(), x_7z=b"7z\xbc\xaf\x27\x1c\0").as_bytes(),
        "answer: x.7z holds nothing of use: it is a 7-Zip archive: unpack it first",
    ),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_named(name: str) -> None:
    """What is passed over among good ones is named with its place, once; the good ones are taken."""
    make, sentence = PASSED_OVER[name]
    intake = taken(make())

    assert chain() == ders(intake)
    assert (sentence,) == intake.skipped


EXAMPLES: dict[str, Callable[[], bytes]] = {
    "PEM": pair,
    "PEM that was pasted": TAKEN["quoted"],
    "DER": lambda: leaf().der,
    "PKCS#7": lambda: serialize_certificates([leaf().certificate], Encoding.DER),
    "PKCS#12": archive,
    "private key": lambda: leaf().key_pem,
    "zip, tar, gzip": TAKEN["zip"],
    "saved mail": TAKEN["mail"],
    "text in other encodings": TAKEN["UTF-16"],
}
OF_FILES = {"folder", "standard input"}
"""Forms that tests/steps/test_intake.py sees to."""


@pytest.mark.parametrize("form", [form.name for form in FORMS if form.name not in OF_FILES])
def test_promised(form: str) -> None:
    """What the reference page promises is taken: a row without an example here fails."""
    intake = taken(EXAMPLES[form]())

    assert intake.certificates or intake.keys
    assert () == intake.skipped


def test_place() -> None:
    """A thing's place is the way to it, through each wrapping."""
    content = mail(answer_zip=zipped({"chain/ca.crt": pair()})).as_bytes()

    assert {"answer: answer.zip: chain/ca.crt"} == {piece.place for piece in taken(content).certificates}


def test_each_kind() -> None:
    """Certificates, requests, revocation lists and keys are told apart, in PEM, in DER, and under a wrong label."""
    parts = [request(), crl(), leaf().key_pem, leaf().pem]
    mislabelled = [pem.replace(b"PRIVATE KEY", b"CERTIFICATE").replace(b"X509 CRL", b"CMS") for pem in parts]
    for contents in (parts, [der_of(pem) for pem in parts], mislabelled):
        intake = taken(zipped({str(number): content for number, content in enumerate(contents)}))
        found = (intake.requests, intake.crls, intake.keys, intake.certificates)
        assert parts == [piece.pem for (piece,) in found]
        assert () == intake.skipped


NOTHING = {
    "empty": (b"", "answer holds nothing of use: it is empty"),
    "blank": (b" \r\n\t", "answer holds nothing of use: it is empty"),
    "prose": (b"Your certificate is ready.", "answer holds nothing of use: it is plain text"),
    "page": (b"<html><p>Please log in", "answer holds nothing of use: it is a page in HTML"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0", "answer holds nothing of use: it is an image"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf", "answer holds nothing of use: it is a PDF"),
    "ssh": (b"ssh-ed25519 AAAAC3Nza root", "answer holds nothing of use: it is a public key of OpenSSH"),
    "bytes": (bytes(range(256)), "answer holds nothing of use: it is in no form that sslutil knows"),
    "keystore": (b"\xfe\xed\xfe\xed\0\0\0\2", "answer holds nothing of use: it is a Java keystore: export it as"),
    "zip": (zipped({}), "answer holds nothing of use: it is an archive without anything of use"),
    "mail": (mail("Hello.\n").as_bytes(), "answer holds nothing of use: it is plain text"),
    "PGP": (
        b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n",
        'answer: 1 block "PGP MESSAGE" is no certificate, request or private key',
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing(name: str) -> None:
    """What holds nothing is told by what it looks like."""
    content, told = NOTHING[name]
    intake = taken(content)

    assert not any(intake[:5])
    (sentence,) = intake.skipped
    assert sentence.startswith(told)
