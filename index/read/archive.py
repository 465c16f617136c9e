"""Archives (.zip, .tar, .gz) -> the files inside, unpacked one by one and never to disk.

No length is believed that an archive tells of itself: whatever is unpacked is read in small
pieces, up to a limit.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import PurePosixPath
from typing import Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from index.errors import UnreadableError
from index.read.outline import Part, Reading

MAX_PART = 200_000_000  # bytes of a file inside, and of an archive that is packed as a whole
MAX_RATIO = 1_000  # times that a file inside may be as long as what it is packed in
MIN_RATIO_BYTES = 10_000_000  # below which no ratio is a bomb

_ENCRYPTED = 1  # flag of a zip entry
_IS_UTF8 = 0x800  # likewise: its name is
_FOREIGN = ("__MACOSX",)  # what systems add for themselves
# The methods of packing that zipfile unpacks no further than it is told to.
_METHODS = (ZIP_STORED, ZIP_DEFLATED)
_PIECE = 65_536  # bytes
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_NAMED, _NAME_AT = 8, 10  # flag of a gzip file, and where its file's name stands then
_BROKEN = (
    BadZipFile,
    EOFError,
    LargeZipFile,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    tarfile.TarError,
    zlib.error,
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_zip(data: bytes) -> Reading:
    """Read the files of a ZIP archive, hidden ones and links passed over.

    Raises UnreadableError where it is broken; where a file inside is, that file cannot be read.
    """
    try:
        archive = ZipFile(BytesIO(data))
    except _BROKEN:
        raise UnreadableError("is not a ZIP archive, or a broken one; pack it again") from None
    return Reading("", parts=_of_zip(archive))


def read_tar(data: bytes) -> Reading:
    """Read the files of a TAR archive, as `read_zip` does."""
    try:
        archive = tarfile.open(fileobj=BytesIO(data), mode="r:")  # noqa: SIM115 - read later
    except _BROKEN:
        raise UnreadableError("is not a TAR archive, or a broken one; pack it again") from None
    return Reading("", parts=_of_tar(archive))


def read_gzip(data: bytes) -> Reading:
    """Read the one file that is packed; of a TAR archive, its files.

    Raises UnreadableError where it is broken.
    """
    try:
        with gzip.open(BytesIO(data)) as file:
            part = _part(_gzip_name(data), file, len(data))
    except _BROKEN:
        raise UnreadableError("is not a gzip file, or a broken one; pack it again") from None
    if part.data.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return replace(read_tar(part.data), unpacked=len(part.data))
    return Reading("", parts=iter((part,)))


def _of_zip(archive: ZipFile) -> Iterator[Part]:
    for entry in archive.infolist():
        name = _zip_name(entry)
        if entry.is_dir() or _is_passed_over(name) or _is_link(entry):
            continue
        if entry.flag_bits & _ENCRYPTED:
            yield Part(name, b"", "is protected by a password; unpack it first")
            continue
        if entry.compress_type not in _METHODS:
            yield Part(name, b"", "is packed in a way that is not read: pack it with Deflate")
            continue
        try:
            with archive.open(entry) as file:
                part = _part(name, file, entry.compress_size)
        except _BROKEN:
            most = min(entry.file_size, _most(entry.compress_size))  # zipfile goes no further
            part = Part(name, b"", "is broken in its archive; pack it again", unpacked=most)
        yield part


def _of_tar(archive: tarfile.TarFile) -> Iterator[Part]:
    try:
        while member := archive.next():
            archive.members = []  # type: ignore[attr-defined]  # it would keep every one
            if not member.isreg() or _is_passed_over(member.name):
                continue
            file = archive.extractfile(member)
            if file:
                yield _part(member.name, file, member.size)
    except _BROKEN:
        raise UnreadableError("is broken in the middle; pack it again") from None


def _part(name: str, file: _Readable, packed: int) -> Part:
    """Read no more than is allowed."""
    most = _most(packed)
    found = bytearray()
    while len(found) <= most and (piece := file.read(_PIECE)):
        found += piece
    if len(found) > most:
        fault = f"unpacks to more than {most:,} bytes: unpack it first"
        return Part(name, b"", fault, unpacked=len(found))
    return Part(name, bytes(found))


def _most(packed: int) -> int:
    return min(MAX_PART, max(MAX_RATIO * packed, MIN_RATIO_BYTES))


def _zip_name(entry: ZipInfo) -> str:
    """Return the entry's name: UTF-8 where it is, even if the archive does not say so."""
    if entry.flag_bits & _IS_UTF8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


def _gzip_name(data: bytes) -> str:
    """Return the name that the packed file had, if it is kept."""
    if len(data) > _NAME_AT and data[3] & _NAMED and not data[3] & ~_NAMED:
        return data[_NAME_AT:].split(b"\0", 1)[0].decode("latin-1")
    return "unpacked"


def _is_passed_over(name: str) -> bool:
    """Whether a file is hidden, as `index.files` has it."""
    steps = PurePosixPath(name.replace("\\", "/")).parts
    return any(step in _FOREIGN or (step[:1] == "." and step.strip(".")) for step in steps)


def _is_link(entry: ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)
