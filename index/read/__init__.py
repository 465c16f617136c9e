"""One reader for each family of formats: path -> Document, and those of the files inside of it.

A reader is a pure function of the file's bytes. It fixes the text that all offsets refer to, and
the places of that text in the file.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.errors import UnreadableError
from index.files import utf8
from index.read.archive import read_tar, read_zip
from index.read.book import read_epub
from index.read.code import SUFFIXES as LINES
from index.read.code import read_code
from index.read.data import read_json, read_json_lines
from index.read.image import FORMATS, read_image
from index.read.mail import read_eml, read_mbox
from index.read.notebook import read_notebook
from index.read.office import read_docx
from index.read.opendocument import read_odp, read_odt
from index.read.outline import MAX_CHARS, Part, Reading, clean
from index.read.pdf import read_pdf
from index.read.rtf import read_rtf
from index.read.sheets import read_separated, read_workbook
from index.read.slides import read_pptx
from index.read.text import read_markdown, read_text
from index.read.web import read_html
from index.records import Document, Failure

MAX_BYTES = 200_000_000  # of a file
MAX_PARTS = 10_000  # files inside of one
MAX_UNPACKED = 1_000_000_000  # bytes of all of them
MAX_DEPTH = 4  # files in files in files

_READERS: dict[str, Callable[[bytes], Reading]] = {
    ".csv": read_separated,
    ".docx": read_docx,
    ".eml": read_eml,
    ".epub": read_epub,
    ".htm": read_html,
    ".html": read_html,
    ".ipynb": read_notebook,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".markdown": read_markdown,
    ".mbox": read_mbox,
    ".md": read_markdown,
    ".ndjson": read_json_lines,
    ".odp": read_odp,
    ".ods": read_workbook,
    ".odt": read_odt,
    ".pdf": read_pdf,
    ".pptx": read_pptx,
    ".rtf": read_rtf,
    ".tab": read_separated,
    ".tar": read_tar,
    ".tgz": read_tar,
    ".tsv": read_separated,
    ".xhtml": read_html,
    ".xls": read_workbook,
    ".xlsb": read_workbook,
    ".xlsm": read_workbook,
    ".xlsx": read_workbook,
    ".zip": read_zip,
    **dict.fromkeys(LINES, read_code),
    **{suffix: read_image for suffixes in FORMATS.values() for suffix in suffixes},
}  # every other suffix: read_text
_DATA = {".csv", ".ipynb", ".json", ".jsonl", ".ndjson", ".tab", ".tsv"}
SUFFIXES = frozenset({*_READERS, ".txt"} - LINES - _DATA)  # of what is a document wherever it lies
_PLAIN = (read_text, read_markdown)
_BYTES_PER_CHAR = 4  # at most, in every encoding of Unicode


def read(
    path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_chars: int = MAX_CHARS
) -> Iterator[Document | Failure]:
    """Read a file as the document of that name, then the files inside of it, likewise.

    A file inside of `name` is the document `name/path inside`; one that cannot be taken in is a
    Failure. Raises UnreadableError where the file itself cannot be. The message is the end of a
    sentence that starts with the file's name: "is empty", "has no text: …".
    """
    budget = _Budget(max_bytes, max_chars, MAX_PARTS, MAX_UNPACKED)
    return _documents(_bytes(path, max_bytes), path.suffix, name, "", 0, budget)


@dataclass(slots=True)
class _Budget:
    """What may still be read of one file."""

    max_bytes: int  # of each file inside
    max_chars: int  # of each document
    parts: int
    unpacked: int  # bytes


def is_plain(path: Path) -> bool:
    """Whether a file is read as plain text, by no library that a hostile one could break."""
    return _READERS.get(path.suffix.lower(), read_text) in _PLAIN


def _documents(
    data: bytes, suffix: str, name: str, part: str, depth: int, budget: _Budget
) -> Iterator[Document | Failure]:
    """Yield what `read` does; `part` is the path inside of the outermost file."""
    reading = _reading(data, suffix.lower(), budget.max_chars)
    empty = not reading.text.strip()
    if not empty:
        sha256 = hashlib.sha256(data).hexdigest()
        yield Document(name, sha256, reading.text, reading.places, reading.boxes, part)
    taken: set[str] = set()
    for inner in reading.parts:
        label = _unlike(taken, _inner_name(inner.name))
        inside = f"{part}/{label}" if part else label
        try:
            _spend(budget, inner, depth)
            kind = PurePosixPath(label).suffix
            yield from _documents(inner.data, kind, f"{name}/{label}", inside, depth + 1, budget)
        except UnreadableError as error:
            yield Failure(f"{name}/{label}", str(error))
    if empty and not taken:
        raise UnreadableError(
            "holds no text, only white space" if reading.parts == () else "holds no file to read"
        )


def _spend(budget: _Budget, part: Part, depth: int) -> None:
    if part.fault:
        raise UnreadableError(part.fault)
    budget.parts -= 1
    budget.unpacked -= len(part.data)
    if depth >= MAX_DEPTH:
        raise UnreadableError(f"lies more than {MAX_DEPTH} files deep in others: unpack it first")
    if budget.parts < 0:
        raise UnreadableError(f"is one of more than {MAX_PARTS:,} files in one: unpack it first")
    if len(part.data) > budget.max_bytes or budget.unpacked < 0:
        raise UnreadableError(
            f"unpacks to more than the limit of {min(budget.max_bytes, MAX_UNPACKED):,} bytes: "
            "unpack it first"
        )
    if not part.data:
        raise UnreadableError("is empty")


def _inner_name(raw: str) -> str:
    """Return the path of a file inside of another, as text that cannot lead out of it."""
    steps = clean(utf8(raw)).replace("\\", "/").split("/")
    kept = [step for step in steps if step.strip() not in ("", ".", "..")]
    return "/".join(kept) or "unnamed"


def _unlike(taken: set[str], name: str) -> str:
    """Return the name, with a number where it is taken already; it is taken from now on."""
    path, number, found = PurePosixPath(name), 1, name
    while found in taken:
        number += 1
        found = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    taken.add(found)
    return found


def _reading(data: bytes, suffix: str, max_chars: int) -> Reading:
    reader = _READERS.get(suffix, read_text)
    if reader in _PLAIN and len(data) > _BYTES_PER_CHAR * (max_chars + 1):
        # Too long in any encoding: need not be decoded to be refused.
        raise UnreadableError(
            f"holds {len(data):,} bytes of text; the limit is {max_chars:,} characters: split it"
        )
    try:
        found = reader(data)
    except UnreadableError:
        raise
    except Exception as error:  # whatever a format's library makes of a file that breaks it
        said = (str(error).splitlines() or [""])[0]
        raise UnreadableError(
            f"cannot be read as {suffix} ({type(error).__name__}: {said}); "
            "it may be damaged: save it again, or as another format"
        ) from error
    if len(found.text) > max_chars:
        raise UnreadableError(
            f"holds {len(found.text):,} characters of text; the limit is {max_chars:,}: split it"
        )
    return found


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
