"""Archives (.zip, .tar, .tar.gz) -> the files inside, unpacked one by one and never to disk."""

from __future__ import annotations

import stat
import tarfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO
from zipfile import BadZipFile, LargeZipFile, ZipFile, ZipInfo

from index.errors import UnreadableError
from index.read.outline import Part, Reading

MAX_PART = 200_000_000  # bytes of a file inside, whatever its header says
MAX_RATIO = 1_000  # times that a file inside may be as long as what it is packed in
MIN_RATIO_BYTES = 10_000_000  # below which no ratio is a bomb

_ENCRYPTED = 1  # flag of a zip entry
_FOREIGN = ("__MACOSX",)  # what systems add for themselves
_BROKEN = (BadZipFile, LargeZipFile, NotImplementedError, EOFError, OSError, zlib.error, ValueError)


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
    """Read the files of a TAR archive, packed or not, as `read_zip` does."""
    try:
        archive = tarfile.open(fileobj=BytesIO(data))  # noqa: SIM115 - read while it is iterated
    except (tarfile.TarError, *_BROKEN):
        raise UnreadableError("is not a TAR archive, or a broken one; pack it again") from None
    return Reading("", parts=_of_tar(archive))


def _of_zip(archive: ZipFile) -> Iterator[Part]:
    for entry in archive.infolist():
        if entry.is_dir() or _is_passed_over(entry.filename) or _is_link(entry):
            continue
        if entry.flag_bits & _ENCRYPTED:
            yield Part(entry.filename, b"", "is protected by a password; unpack it first")
            continue
        try:
            with archive.open(entry) as file:
                yield _part(entry.filename, file, entry.compress_size)
        except _BROKEN:
            yield Part(entry.filename, b"", "is broken in its archive; pack it again")


def _of_tar(archive: tarfile.TarFile) -> Iterator[Part]:
    try:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file and not _is_passed_over(member.name):
                yield _part(member.name, file, member.size)
    except (tarfile.TarError, *_BROKEN):
        raise UnreadableError("is broken in the middle; pack it again") from None


def _part(name: str, file: IO[bytes], packed: int) -> Part:
    """Read no more than is allowed: what an archive says of its lengths may be a lie."""
    most = min(MAX_PART, max(MAX_RATIO * packed, MIN_RATIO_BYTES))
    data = file.read(most + 1)
    if len(data) > most:
        return Part(name, b"", f"unpacks to more than {most:,} bytes: unpack it first")
    return Part(name, data)


def _is_passed_over(name: str) -> bool:
    steps = PurePosixPath(name.replace("\\", "/")).parts
    return any(step in _FOREIGN or (step[:1] == "." and step.strip(".")) for step in steps)


def _is_link(entry: ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)
