"""Sheets (.xlsx, .xls, .xlsb, .ods) and separated values (.csv, .tsv) -> a line for each row.

A row repeats the head of each column ("Year: 2023 | Visitors: 41,300"), so that it can be
understood alone. Rows are read one by one, and no more of them than a document may hold.
"""

from __future__ import annotations

import csv
import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from itertools import chain, islice
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Reading, Section, clean, sectioned
from index.read.text import decode

Row = Sequence[Any]  # the values of its cells

_LOOKED_AT = 20  # rows among which the head is
_SAMPLE = 10_000  # characters from which the separator is told
_SEPARATORS = ",;\t|"
_MAX_FIELD = 1_000_000  # characters of a cell
_BROKEN = (*package.BROKEN, CalamineError, OSError)


def read_workbook(data: bytes) -> Reading:
    """Read the sheets of a workbook that are not hidden; a place for each row.

    Raises UnreadableError where it is broken, protected, no workbook, too long, or a zip bomb.
    """
    try:
        if data[:2] == b"PK":
            package.check(data, ".xlsx")
        book = CalamineWorkbook.from_filelike(BytesIO(data))
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        return sectioned(chain.from_iterable(_sheet(book, name) for name in names))
    except _BROKEN:
        raise UnreadableError(
            "is not a workbook, or a broken or protected one; save it again"
        ) from None


def read_separated(data: bytes) -> Reading:
    """Read values that are separated by commas, semicolons, tabs or bars; a place for each row.

    Raises UnreadableError where the bytes are not text, or too long.
    """
    text = decode(data)
    csv.field_size_limit(_MAX_FIELD)
    try:
        return sectioned(_sections(_rows(text, _separator(text)), None))
    except csv.Error as error:
        raise UnreadableError(f"is not a table of separated values ({error})") from None


def _separator(text: str) -> str:
    """Return the separator that gives most rows the same number of cells, more than one."""

    def evenness(separator: str) -> float:
        rows = list(_rows(text[:_SAMPLE], separator))
        [(cells, times)] = Counter(map(len, rows)).most_common(1) or [(0, 0)]
        return times / len(rows) if cells > 1 else 0.0

    return max(_SEPARATORS, key=evenness)  # the first of those that are as even


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=separator)


def _sheet(book: CalamineWorkbook, name: str) -> Iterator[Section]:
    yield from _sections(book.get_sheet_by_name(name).iter_rows(), clean(name))


def _sections(rows: Iterable[Row], heading: str | None) -> Iterator[Section]:
    """Yield a section for each row that has values."""
    rows = iter(rows)
    looked_at = [_shown(row) for row in islice(rows, _LOOKED_AT)]
    head_at = _head(looked_at)
    head = looked_at[head_at] if head_at is not None else []
    for at, cells in enumerate(chain(looked_at, map(_shown, rows))):
        named = head if head_at is not None and at > head_at else []
        text = " | ".join(
            f"{named[i]}: {cell}" if i < len(named) and named[i] else cell
            for i, cell in enumerate(cells)
            if cell
        )
        yield Section(text, heading, f"row {at + 1}", joined=at > 0)


def _head(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the row that heads the columns; None where no row does.

    It is the first with two cells or more, all of them words, no two alike, that a row follows
    with as many cells or fewer, and with a number or a cell more than its title rows have.
    """
    for at, cells in enumerate(rows[:-1]):
        filled = [cell for cell in cells if cell]
        if len(filled) < 2:
            continue
        is_head = len({*filled}) == len(filled) and not any(map(_is_number, filled))
        below = [cell for cell in rows[at + 1] if cell]
        return at if is_head and len(below) > 1 and len(rows[at + 1]) <= len(cells) else None
    return None


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or (cell[:1] in "-+" and cell[1:2].isdigit())


def _shown(row: Row) -> list[str]:
    """Return the cells as people see them, without empty ones at the end."""
    cells = [" ".join(clean(_value(value)).split()) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"  # as many digits as a sheet shows
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time()
        return value.date().isoformat() if at_midnight else value.isoformat(" ", "minutes")
    return str(value)
