"""Files that are ZIP packages of XML: office documents, e-books. Opened with limits."""

from __future__ import annotations

import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from lxml import etree

from index.errors import UnreadableError

MAX_UNPACKED = 200_000_000  # bytes: a small file may unpack to more than a machine holds

_COMPOUND_FILE = b"\xd0\xcf\x11\xe0"  # what Office wraps protected and old documents in
_ENCRYPTED = 1  # flag of a zip entry
_METHODS = (ZIP_STORED, ZIP_DEFLATED)  # which zipfile unpacks no further than it is told to
_PIECE = 65_536  # bytes

BROKEN = (  # what the libraries raise where a part is missing, or is not what they take for granted
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    etree.XMLSyntaxError,
    zlib.error,
)


def check(data: bytes, modern: str, max_unpacked: int | None = None) -> None:
    """Raise UnreadableError unless the bytes are a package that is open and safe to unpack.

    `modern` is the suffix to save an old or protected file as; `max_unpacked`, if it is read a
    piece at a time, another limit than MAX_UNPACKED. Raises BadZipFile for no package.
    """
    limit = MAX_UNPACKED if max_unpacked is None else max_unpacked
    refuse_compound(data, modern)
    with ZipFile(BytesIO(data)) as package:
        entries = package.infolist()
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableError("is protected by a password; save it without one")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limit:
        raise UnreadableError(
            f"unpacks to {unpacked:,} bytes; the limit is {limit:,}: split the document"
        )


def refuse_compound(data: bytes, modern: str) -> None:
    """Raise UnreadableError for what Office wrote before 2007, or protected."""
    if data.startswith(_COMPOUND_FILE):
        old = f"an old {modern[:-1]}" if modern.endswith("x") else "an old Office file"
        raise UnreadableError(
            f"is protected by a password or {old}; save it as {modern} without a password"
        )


def parse(xml: bytes) -> etree._Element:
    """Parse XML that may be hostile: no entities, no network. Raises XMLSyntaxError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(xml, parser)
    if root is None:
        raise ValueError("empty")
    return root


def unpack(package: ZipFile, name: str) -> bytes:
    """Return a file of a package that was checked: no more of it than its header says.

    `ZipFile.read` would unpack all that there is, and cut it then. Raises what is in BROKEN.
    """
    entry = package.getinfo(name)
    if entry.compress_type not in _METHODS:
        raise NotImplementedError("method of packing")
    with package.open(entry) as file:
        return b"".join(iter(lambda: file.read(_PIECE), b""))
