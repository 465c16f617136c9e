"""One reader for each family of formats: path -> Document.

A reader is a pure function of the file's bytes. It fixes the text that all offsets refer to, and
the places of that text in the file.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

from index.errors import UnreadableError
from index.read.office import read_docx
from index.read.outline import Reading
from index.read.pdf import read_pdf
from index.read.text import read_markdown, read_text
from index.read.web import read_html
from index.records import Document

MAX_BYTES = 200_000_000  # of a file
MAX_CHARS = 20_000_000  # of its text

_READERS: dict[str, Callable[[bytes], Reading]] = {
    ".docx": read_docx,
    ".htm": read_html,
    ".html": read_html,
    ".markdown": read_markdown,
    ".md": read_markdown,
    ".pdf": read_pdf,
    ".xhtml": read_html,
}  # every other suffix: read_text
SUFFIXES = frozenset({*_READERS, ".txt"})  # of what is a document wherever it lies
_BYTES_PER_CHAR = 4  # at most, in every encoding of Unicode


def read(
    path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_chars: int = MAX_CHARS
) -> Document:
    """Read a file as the document of that name.

    Raises UnreadableError where it cannot be taken in. The message is the end of a sentence that
    starts with the file's name: "is empty", "has no text: …".
    """
    data = _bytes(path, max_bytes)
    reader = _READERS.get(path.suffix.lower(), read_text)
    if reader in (read_text, read_markdown) and len(data) > _BYTES_PER_CHAR * (max_chars + 1):
        # Too long in any encoding: need not be decoded to be refused.
        raise UnreadableError(
            f"holds {len(data):,} bytes of text; the limit is {max_chars:,} characters: split it"
        )
    try:
        text, places = reader(data)
    except UnreadableError:
        raise
    except Exception as error:  # whatever a format's library makes of a file that breaks it
        said = (str(error).splitlines() or [""])[0]
        raise UnreadableError(
            f"cannot be read as {path.suffix.lower()} ({type(error).__name__}: {said}); "
            "it may be damaged: save it again, or as another format"
        ) from error
    if len(text) > max_chars:
        raise UnreadableError(
            f"holds {len(text):,} characters of text; the limit is {max_chars:,}: split it"
        )
    if not text.strip():
        raise UnreadableError("holds no text, only white space")
    return Document(name, hashlib.sha256(data).hexdigest(), text, places)


def _bytes(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a regular file. Raises UnreadableError for anything else."""
    try:
        status = path.stat()  # before opening: to open a FIFO would wait for a writer
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(f"is a {_kind(status.st_mode)}, not a file")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)  # no more, even if it grows meanwhile
    except FileNotFoundError:
        raise UnreadableError("does not exist (any more); check the path") from None
    except PermissionError:
        raise UnreadableError("may not be read: permission denied; check its owner") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL or a surrogate, which no system call takes
        raise UnreadableError("cannot be the path of a file; check its name") from None
    if len(data) > max_bytes:
        size = max(len(data), status.st_size)
        raise UnreadableError(f"holds {size:,} bytes; the limit is {max_bytes:,}: split it")
    if not data:
        raise UnreadableError("is empty")
    return data


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "folder",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
    }
    return kinds.get(stat.S_IFMT(mode), "device")
