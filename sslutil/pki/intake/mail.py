"""A saved mail, or an mbox of several: the parts that can hold something, decoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sslutil.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from sslutil.pki.intake.gathering import Gathering

MOST_PARTS = 200
_ENVELOPE = re.compile(rb"From [^\r\n]{1,200}\r?\n")
_NEXT = re.compile(rb"\r?\n(?=From [^\r\n]{1,200} \d{4}\r?\n[A-Za-z-]+:)")
_FIELDS = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+(?=\r?\n)")
_TELLING = re.compile(rb"(?im)^(?:mime-version|content-(?:type|transfer-encoding)|received|return-path|message-id):")
_USUAL = re.compile(rb"(?im)^(from|to|cc|subject|date|sent|reply-to):")


def is_mail(content: bytes) -> bool:
    """Return whether bytes begin with the head of a mail."""
    content = content.lstrip()
    envelope = _ENVELOPE.match(content)
    head = _FIELDS.match(content, envelope.end() if envelope else 0)
    if head is None:
        return False
    return bool(_TELLING.search(head[0])) or len({field.lower() for field in _USUAL.findall(head[0])}) > 1


def open_mail(gathering: Gathering, content: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield place and content of each part; of parts that say the same, none after the first that gave something."""
    from email import message_from_bytes, policy

    content = content.lstrip()
    mails = _NEXT.split(content) if _ENVELOPE.match(content) else [content]
    count = 0
    for mail in mails:
        for part in _open_part(gathering, message_from_bytes(mail.lstrip(), policy=policy.compat32), place):
            count += 1
            if count > MOST_PARTS:
                raise MaterialError(f"{place} has more than {MOST_PARTS} parts, and no answer has so many")
            yield part


def _open_part(gathering: Gathering, part: Any, place: str) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401
    inner = part.get_payload()
    if part.is_multipart() and isinstance(inner, list):
        before = gathering.taken
        for one in inner:
            yield from _open_part(gathering, one, place)
            if part.get_content_subtype() == "alternative" and gathering.taken > before:
                return
        return
    content = part.get_payload(decode=True)
    if isinstance(content, bytes) and content.strip():
        name = _name(part)
        yield (f"{place}: {name}" if name else place), content


def _name(part: Message) -> str:
    """Return the file name of an attachment, which is as strange as its sender."""
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    name = part.get_filename() or ""
    try:
        return str(make_header(decode_header(name))) if "=?" in name else name
    except (HeaderParseError, LookupError, UnicodeError):
        return name
