"""Archives: zip, gzip and tar, each opened within the bounds of what an answer can be."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from sslutil.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sslutil.pki.intake.gathering import Gathering

MOST_MEMBERS = 200
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_END = b"PK\x05\x06"
_GZIP = b"\x1f\x8b"
_TAR_PLACE = 257
_ENCRYPTED = 1
_OF_A_SYSTEM = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What systems put into archives, and nobody sent."""


def is_zip(content: bytes) -> bool:
    """Return whether bytes begin as a zip."""
    return content.startswith(_ZIP)


def is_gzip(content: bytes) -> bool:
    """Return whether bytes begin as gzip."""
    return content.startswith(_GZIP)


def is_tar(content: bytes) -> bool:
    """Return whether bytes begin as a tar of POSIX or GNU."""
    return content[_TAR_PLACE : _TAR_PLACE + 5] == b"ustar"


def open_zip(gathering: Gathering, content: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield place and content of each file in a zip; what can't be unpacked is named."""
    from zipfile import BadZipFile, ZipFile

    _judge_count(_count(content), place)
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _judge_count(len(members), place)
            for member in members:
                name = member.filename
                if name.endswith("/") or name.startswith(_OF_A_SYSTEM) or name.endswith(_OF_A_SYSTEM):
                    continue
                inner = f"{place}: {name}"
                if member.flag_bits & _ENCRYPTED:
                    gathering.remark(f"{inner} is encrypted: unpack the archive with its passphrase first")
                    continue
                try:
                    with archive.open(member) as file:
                        unpacked = file.read(gathering.room() + 1)
                except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error):
                    gathering.remark(f"{inner} can't be unpacked: the archive is damaged, or packed in a rare way")
                    continue
                gathering.unpack(len(unpacked), place)
                yield inner, unpacked
    except (BadZipFile, NotImplementedError, OSError, EOFError, ValueError, struct.error):
        gathering.remark(f"{place} is a damaged zip")


def _count(content: bytes) -> int:
    """Return how many files a zip says that it has, before a list of them all is made."""
    end = content.rfind(_ZIP_END)
    return int.from_bytes(content[end + 10 : end + 12], "little") if end >= 0 else 0


def _judge_count(count: int, place: str) -> None:
    if count > MOST_MEMBERS:
        raise MaterialError(f"{place} holds {count} files, and no answer has more than {MOST_MEMBERS}")


def open_gzip(gathering: Gathering, content: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield the content of what gzip made smaller."""
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        unpacked = reader.decompress(content, gathering.room() + 1)
    except zlib.error:
        gathering.remark(f"{place} is damaged gzip")
        return
    gathering.unpack(len(unpacked), place)
    if not reader.eof:
        gathering.remark(f"{place} is gzip that is cut short")
    yield place, unpacked


def open_tar(gathering: Gathering, content: bytes, place: str) -> Iterator[tuple[str, bytes]]:
    """Yield place and content of each file in a tar."""
    import tarfile

    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for count, member in enumerate(archive, 1):
                _judge_count(count, place)
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    unpacked = file.read(gathering.room() + 1)
                    gathering.unpack(len(unpacked), place)
                    yield f"{place}: {member.name}", unpacked
    except (tarfile.TarError, EOFError, ValueError, OSError):
        gathering.remark(f"{place} is a damaged tar")
