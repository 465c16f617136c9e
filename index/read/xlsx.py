"""Excel (.xlsx) -> its sheets, row by row, never more than one row at a time.

Libraries build a sheet as a grid first: two cells in far corners would take all memory.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO
from zipfile import BadZipFile, ZipFile

from lxml.etree import LxmlError, _Element, iterparse

from index.errors import UnreadableError
from index.read import package as packages
from index.read.formats import BUILT_IN, Format, parse_format, shown
from index.read.outline import MAX_CHARS, Section, one_line
from index.read.tables import EMPTY, Cell, Row, row_sections

MAX_UNPACKED = 1_000_000_000  # bytes: a row is read at a time
MAX_COLUMNS = 16_384  # of a sheet of Excel's

# What the libraries raise where a part is missing, or is not what we take for granted.
BROKEN = (
    BadZipFile, EOFError, LookupError, LxmlError, NotImplementedError, OSError, TypeError,
    ValueError, zlib.error,
)  # fmt: skip
_REFERENCE = re.compile(r"([A-Z]{1,3})\d+")
_MAX_PASSED = 16_000_000  # bytes of XML between two elements that we want
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character that XML does not take
_TRUE = ("1", "true")


@dataclass(frozen=True, slots=True)
class _Book:
    """What the sheets of a workbook share."""

    package: ZipFile
    sheets: Sequence[tuple[str, str]]  # (name, path in the package) of those that are shown
    strings: Sequence[str]
    formats: Sequence[Format]
    from_1904: bool


def xlsx_sections(data: bytes) -> Iterator[Section]:
    """Yield the rows of a workbook's sheets that people see: no hidden sheets, rows or columns.

    Raises UnreadableError where it is broken, protected, no workbook, or a zip bomb.
    """
    try:
        packages.check(data, ".xlsx", MAX_UNPACKED)
        with ZipFile(BytesIO(data)) as package:
            book = _open(package)
            for name, path in book.sheets:
                with package.open(path) as sheet:
                    yield from row_sections(_rows(book, sheet), one_line(name) or None)
    except BROKEN:
        raise UnreadableError("is not an Excel workbook, or a broken one; save it again") from None


def _open(package: ZipFile) -> _Book:
    names = {name.lower(): name for name in package.namelist()}
    path = _main_part(package)
    workbook = _elements(package, path, "sheet", "workbookPr")
    sheets, from_1904 = [], False
    targets = dict(_targets(package, names, path))
    for element in workbook:
        if _tag(element) == "workbookPr":
            from_1904 = element.get("date1904") in _TRUE
        elif element.get("state", "visible") == "visible":
            relation = next((v for k, v in element.items() if str(k).endswith("}id")), "")
            kind, target = targets.get(str(relation), ("", ""))
            if kind == "worksheet" and target.lower() in names:
                sheets.append((element.get("name", ""), names[target.lower()]))
    parts = {kind: names.get(target.lower(), "") for kind, target in targets.values()}
    return _Book(
        package,
        sheets,
        _strings(package, parts.get("sharedStrings", "")),
        _formats(package, parts.get("styles", "")),
        from_1904,
    )


def _main_part(package: ZipFile) -> str:
    for relation in _elements(package, "_rels/.rels", "Relationship"):
        if relation.get("Type", "").endswith("/officeDocument"):
            return relation.get("Target", "").lstrip("/")
    raise KeyError("no workbook")


def _targets(
    package: ZipFile, names: dict[str, str], path: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (id, (kind, path)) of the parts that the workbook refers to."""
    folder, file = posixpath.split(path)
    relations = names[posixpath.join(folder, "_rels", f"{file}.rels").lower()]
    for relation in _elements(package, relations, "Relationship"):
        target = relation.get("Target", "")
        full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        kind = relation.get("Type", "").rpartition("/")[2]
        yield relation.get("Id", ""), (kind, posixpath.normpath(full))


def _strings(package: ZipFile, path: str) -> list[str]:
    """Return the texts that cells refer to by number."""
    found: list[str] = []
    length = 0
    for item in _elements(package, path, "si"):
        found.append(_text(item))
        length += len(found[-1]) + 1
        if length > MAX_CHARS:
            raise UnreadableError(f"holds more than {MAX_CHARS:,} characters of text: split it")
    return found


def _formats(package: ZipFile, path: str) -> list[Format]:
    """Return the number formats that cells refer to by number."""
    codes = dict(BUILT_IN)
    found: list[Format] = []
    for element in _elements(package, path, "numFmt", "cellXfs"):
        if _tag(element) == "numFmt":
            codes[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
        else:
            numbers = [int(style.get("numFmtId", "0")) for style in element]
            found += [parse_format(codes.get(number, "General")) for number in numbers]
    return found


def _rows(book: _Book, sheet: IO[bytes]) -> Iterator[Row]:
    hidden: set[int] = set()
    cells: list[Cell] = []
    number = 0
    for element in _parsed(sheet, "c", "row", "col", "sheetData"):
        tag = _tag(element)
        if tag == "sheetData":
            return  # what follows is how the sheet looks
        if tag == "c":
            _put(cells, book, element, hidden)
        elif tag == "row":
            number = int(element.get("r", number + 1))
            yield Row(number, cells, element.get("hidden") in _TRUE)
            cells = []
        elif element.get("hidden") in _TRUE:
            last = min(int(element.get("max", "0")), MAX_COLUMNS)
            hidden.update(range(int(element.get("min", "1")) - 1, last))


def _put(cells: list[Cell], book: _Book, element: _Element, hidden: set[int]) -> None:
    """Put a cell of a row in its column; where it does not say which, in the next."""
    reference = _REFERENCE.fullmatch(element.get("r", ""))
    column = _column(reference[1]) if reference else len(cells)
    if column >= MAX_COLUMNS:
        raise ValueError("outside of the sheet")
    cells += [EMPTY] * (column + 1 - len(cells))
    if column not in hidden:
        cells[column] = _cell(book, element)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _cell(book: _Book, element: _Element) -> Cell:
    kind = element.get("t", "n")
    if kind == "inlineStr":
        return Cell(one_line(_text(element)))
    value = element.findtext("{*}v")
    if not value:
        return EMPTY
    if kind == "s":
        return Cell(one_line(book.strings[int(value)]))
    if kind == "b":
        return Cell("TRUE" if value in _TRUE else "FALSE", is_text=False)
    if kind == "n":
        style = int(element.get("s", "0"))
        form = book.formats[style] if style < len(book.formats) else Format()
        return Cell(shown(value, form, from_1904=book.from_1904), is_text=False)
    return Cell(one_line(value), is_text=kind == "str")  # else a date in words, or an error


def _text(element: _Element) -> str:
    """Return the text of a string's runs, without the reading aid of Japanese ones."""
    text = "".join(
        run.text or ""
        for run in element.iter("{*}t")
        if (above := run.getparent()) is None or _tag(above) != "rPh"
    )
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)


def _elements(package: ZipFile, path: str, *tags: str) -> Iterator[_Element]:
    """Yield the elements of a part of the package; none where there is no such part."""
    if path:
        with package.open(path) as part:
            yield from _parsed(part, *tags)


def _parsed(part: IO[bytes], *tags: str) -> Iterator[_Element]:
    """Yield the elements of these names one by one; each is gone when the next one comes."""
    wanted = [f"{{*}}{tag}" for tag in tags]
    bounded = _Bounded(part)
    for _, element in iterparse(bounded, tag=wanted, resolve_entities=False, no_network=True):
        bounded.passed = 0
        yield element
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


class _Bounded:
    """A file of XML in which we find what we want soon: what is passed over stays in memory."""

    def __init__(self, part: IO[bytes]) -> None:
        self.part = part
        self.passed = 0

    def read(self, size: int) -> bytes:
        self.passed += size
        if self.passed > _MAX_PASSED:
            raise ValueError("holds other things than cells")
        return self.part.read(size)


def _tag(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]
