"""One reader for each family of formats: path -> Document, and those of the files inside of it.

A reader is a pure function of the file's bytes. It fixes the text that all offsets refer to, and
the places of that text in the file.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from index.errors import UnreadableError
from index.files import utf8
from index.read.archive import read_gzip, read_tar, read_zip
from index.read.book import read_epub
from index.read.code import SUFFIXES as LINES
from index.read.code import read_code
from index.read.data import read_json, read_json_lines
from index.read.image import FORMATS, read_image
from index.read.mail import read_eml, read_mbox, read_msg
from index.read.notebook import read_notebook
from index.read.office import read_docx
from index.read.old import read_doc, read_ppt
from index.read.opendocument import read_odp, read_odt
from index.read.outline import MAX_CHARS, Part, Reading, clean
from index.read.pdf import read_pdf
from index.read.rtf import read_rtf
from index.read.sheets import read_separated, read_tabbed, read_workbook
from index.read.slides import read_pptx
from index.read.text import read_markdown, read_text
from index.read.web import read_html
from index.records import Document, Failure

MAX_BYTES = 200_000_000  # of a file
MAX_PARTS = 10_000  # files inside of one
MAX_UNPACKED = 1_000_000_000  # bytes of all of them
MAX_DEPTH = 4  # files in files in files
MAX_STEP = 200  # characters of a folder or a file's own name inside
MAX_STEPS = 30  # folders of a path inside

_READERS: dict[str, Callable[[bytes], Reading]] = {
    ".csv": read_separated,
    ".doc": read_doc,
    ".docx": read_docx,
    ".eml": read_eml,
    ".epub": read_epub,
    ".fodp": read_odp,
    ".fodt": read_odt,
    ".gz": read_gzip,
    ".htm": read_html,
    ".html": read_html,
    ".ipynb": read_notebook,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".markdown": read_markdown,
    ".mbox": read_mbox,
    ".md": read_markdown,
    ".msg": read_msg,
    ".ndjson": read_json_lines,
    ".odp": read_odp,
    ".ods": read_workbook,
    ".odt": read_odt,
    ".otp": read_odp,
    ".ott": read_odt,
    ".pdf": read_pdf,
    ".ppt": read_ppt,
    ".pptx": read_pptx,
    ".rtf": read_rtf,
    ".tab": read_tabbed,
    ".tar": read_tar,
    ".tgz": read_gzip,
    ".tsv": read_tabbed,
    ".xhtml": read_html,
    ".xls": read_workbook,
    ".xlsb": read_workbook,
    ".xlsm": read_workbook,
    ".xlsx": read_workbook,
    ".xltm": read_workbook,
    ".xltx": read_workbook,
    ".zip": read_zip,
    **dict.fromkeys(LINES, read_code),
    **{suffix: read_image for suffixes in FORMATS.values() for suffix in suffixes},
}  # every other suffix: read_text
_DATA = {".csv", ".ipynb", ".json", ".jsonl", ".ndjson", ".tab", ".tsv"}
SUFFIXES = frozenset({*_READERS, ".txt"} - LINES - _DATA)  # of what is a document wherever it lies
_PLAIN = (read_text, read_markdown)
_BYTES_PER_CHAR = 4  # at most, in every encoding of Unicode
_LONGEST_SUFFIX = 20  # characters of a name after its last dot
_DRIVE = re.compile(r"^\s*[a-zA-Z]:")
# Marks and overrides of the direction of writing, and what is not seen at all: "exe.txt" may be
# written so that it reads as "txt.exe". Joiners are letters' business, and stay.
_DECEIVING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def read(
    path: Path, name: str, *, max_bytes: int = MAX_BYTES, max_chars: int = MAX_CHARS
) -> Iterator[Document | Failure]:
    """Read a file as the document of that name, then the files inside of it, likewise.

    A file inside of `name` is the document `name/path inside`; one that cannot be taken in is a
    Failure. Raises UnreadableError, before anything else, where the file itself cannot be, or
    nothing in it. The message is the end of a sentence that starts with the file's name: "is
    empty", "has no text: …".
    """
    budget = _Budget(name, max_bytes, max_chars, MAX_PARTS, MAX_UNPACKED)
    found = _documents(_bytes(path, max_bytes), path.suffix, name, "", 0, budget)
    return _unless_all_fail(found, name)


def data_of(path: Path, part: str, *, max_bytes: int = MAX_BYTES) -> tuple[bytes, str]:
    """Return the bytes of a file, or of the one inside of it that `part` names, and its suffix.

    Raises UnreadableError where there is none.
    """
    data, suffix = _bytes(path, max_bytes), path.suffix.lower()
    return (data, suffix) if not part else _data_within(data, suffix, "", part, max_bytes)


def _data_within(
    data: bytes, suffix: str, above: str, part: str, max_bytes: int
) -> tuple[bytes, str]:
    """Return what `data_of` does, of a file that is `above` itself inside of the outermost."""
    taken: dict[str, int] = {}
    for inner in _reading(data, suffix, MAX_CHARS).parts:
        wanted = _inner_name(inner.name)
        inside = _unlike(taken, f"{above}/{wanted}" if above else wanted)
        kind = PurePosixPath(inside).suffix.lower()
        if part == inside and not inner.fault and len(inner.data) <= max_bytes:
            return inner.data, kind
        if part.startswith(f"{inside}/"):
            return _data_within(inner.data, kind, inside, part, max_bytes)
    raise UnreadableError("no longer holds it")


@dataclass(slots=True)
class _Budget:
    """What may still be read of one file."""

    name: str  # of the outermost file
    max_bytes: int  # of each file inside
    max_chars: int  # of each document
    parts: int
    unpacked: int  # bytes
    over: bool = False  # once it is spent: nothing more is unpacked, and that is told once
    taken: dict[str, int] = field(default_factory=dict)  # names inside -> how often each came


def is_plain(path: Path) -> bool:
    """Whether a file is read as plain text, by no library that a hostile one could break."""
    return _READERS.get(path.suffix.lower(), read_text) in _PLAIN


def _unless_all_fail(
    found: Iterable[Document | Failure], name: str
) -> Iterator[Document | Failure]:
    """Yield what is found; raises UnreadableError, in a line for them all, if all are failures."""
    failed: list[Failure] = []
    any_read = False
    for one in found:
        any_read = any_read or isinstance(one, Document)
        if isinstance(one, Failure) and not any_read:
            failed.append(one)
            continue
        yield from failed
        failed.clear()
        yield one
    if failed:
        first = failed[0]
        which = f"{first.name.removeprefix(f'{name}/')!r} {first.reason}"
        raise UnreadableError(
            f"holds one file, which cannot be read: {which}"
            if len(failed) == 1
            else f"holds {len(failed):,} files, none of which can be read: the first, {which}"
        )


def _documents(
    data: bytes, suffix: str, name: str, part: str, depth: int, budget: _Budget
) -> Iterator[Document | Failure]:
    """Yield what `read` does; `part` is the path inside of the outermost file."""
    reading = _reading(data, suffix.lower(), budget.max_chars)
    _charge(budget, reading.unpacked)
    if budget.over:
        yield Failure(budget.name, _spent(budget))
        return
    is_text = bool(reading.text.strip())
    if is_text:
        sha256 = hashlib.sha256(data).hexdigest()
        yield Document(name, sha256, reading.text, reading.places, reading.boxes, part)
    holds = False
    try:
        for inner in reading.parts:
            holds = True
            yield from _inside(inner, name, part, depth, budget)
            if budget.over:
                return
    except Exception as error:  # as in `_reading`, for what is made of the file only now
        reason = _reason(error, suffix)
        if not is_text and not holds:
            raise UnreadableError(reason) from error
        yield Failure(name, reason)
    if not is_text and not holds:
        raise UnreadableError(
            "holds no text, only white space" if reading.parts == () else "holds no file to read"
        )


def _inside(
    inner: Part, name: str, part: str, depth: int, budget: _Budget
) -> Iterator[Document | Failure]:
    """Yield what a file inside of another is, and what is inside of it."""
    wanted = _inner_name(inner.name)
    inside = _unlike(budget.taken, f"{part}/{wanted}" if part else wanted)
    label = inside.removeprefix(f"{part}/") if part else inside
    try:
        _spend(budget, inner, depth)
        if budget.over:
            yield Failure(budget.name, _spent(budget))
            return
        kind = PurePosixPath(label).suffix
        yield from _documents(inner.data, kind, f"{name}/{label}", inside, depth + 1, budget)
    except UnreadableError as error:
        if not inner.incidental:
            yield Failure(f"{name}/{label}", str(error))


def _spend(budget: _Budget, part: Part, depth: int) -> None:
    budget.parts -= 1
    _charge(budget, len(part.data) + part.unpacked)
    if budget.over:
        return
    if part.fault:
        raise UnreadableError(part.fault)
    if depth >= MAX_DEPTH:
        raise UnreadableError(f"lies more than {MAX_DEPTH} files deep in others: unpack it first")
    if len(part.data) > budget.max_bytes:
        raise UnreadableError(
            f"unpacks to more than the limit of {budget.max_bytes:,} bytes: unpack it first"
        )
    if not part.data:
        raise UnreadableError("is empty")


def _charge(budget: _Budget, unpacked: int) -> None:
    """Count what was unpacked, kept or not: a bomb that is refused took its time too."""
    budget.unpacked -= unpacked
    budget.over = budget.parts < 0 or budget.unpacked < 0


def _spent(budget: _Budget) -> str:
    what = f"{MAX_PARTS:,} files" if budget.parts < 0 else f"{MAX_UNPACKED:,} bytes of files"
    return f"holds more than {what}, and the rest was left out: unpack it first"


def _inner_name(raw: str) -> str:
    """Return the path of a file inside of another, as text that cannot lead out of it.

    Nor does it deceive the eye: no line ends, no controls of the direction of writing.
    """
    shown = _DECEIVING.sub("", clean(utf8(raw))).replace("\\", "/")
    steps = [" ".join(step.split()) for step in _DRIVE.sub("", shown).split("/")]
    kept = [_cut(step) for step in steps if step not in ("", ".", "..")]
    return "/".join(kept[-MAX_STEPS:]) or "unnamed"


def _cut(step: str) -> str:
    """Return a step of a path no longer than a file system has it, with its suffix."""
    suffix = PurePosixPath(step).suffix[:_LONGEST_SUFFIX]
    return step if len(step) <= MAX_STEP else step[: MAX_STEP - len(suffix)].rstrip() + suffix


def _unlike(taken: dict[str, int], name: str) -> str:
    """Return the name, with a number where it is taken already; it is taken from now on."""
    path, found = PurePosixPath(name), name
    while found in taken:
        taken[name] += 1
        found = str(path.with_name(f"{path.stem} ({taken[name]}){path.suffix}"))
    taken[found] = 1
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
    except Exception as error:  # whatever a format's library makes of a file that breaks it
        raise UnreadableError(_reason(error, suffix)) from error
    if len(found.text) > max_chars:
        raise UnreadableError(
            f"holds {len(found.text):,} characters of text; the limit is {max_chars:,}: split it"
        )
    return found


def _reason(error: Exception, suffix: str) -> str:
    """Say why a file cannot be read, by what its reader raised."""
    said = (str(error).splitlines() or [""])[0]
    if isinstance(error, UnreadableError):
        return said
    return (
        f"cannot be read as {suffix} ({type(error).__name__}: {said}); "
        "it may be damaged: save it again, or as another format"
    )


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
