"""Sheets: workbooks (.xlsx, .xls, .xlsb, .ods), separated values -> a line for each row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from index.errors import UnreadableError
from index.read import package
from index.read.formats import plain
from index.read.outline import Reading, Section, one_line, sectioned
from index.read.tables import EMPTY, Cell, Row, is_number, row_sections
from index.read.text import decode
from index.read.xlsx import xlsx_sections

_SEPARATORS = ",;\t|"
_SAMPLE = 100_000  # characters from which the separator is told
_RECORDS = 100  # of them
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NAMED = re.compile(r"sep=(.)\r?\n", re.I)  # the separator, as Excel writes and reads it
_MAX_CELL = 1_000_000  # characters; a longer one is a quotation mark that was never closed
_BROKEN = (*package.BROKEN, CalamineError, OSError)


def read_workbook(data: bytes) -> Reading:
    """Read the sheets of a workbook that people see; a place for each row.

    The numbers of .xlsx are shown in their formats; of others the library does not tell them.
    Raises UnreadableError where it is broken, protected, no workbook, too long, or a zip bomb.
    """
    try:
        if data[:2] == b"PK":
            with ZipFile(BytesIO(data)) as found:
                is_xlsx = "xl/workbook.xml" in found.namelist()
            if is_xlsx:
                return sectioned(xlsx_sections(data))
            package.check(data, ".xlsx")
        return sectioned(_workbook(data))
    except PasswordError:
        raise UnreadableError("is protected by a password; save it without one") from None
    except _BROKEN:
        raise UnreadableError(
            "is not a workbook, or a broken or protected one; save it again"
        ) from None


def read_separated(data: bytes) -> Reading:
    """Read values that are separated by commas, semicolons, tabs or bars; a place for each row.

    The separator is the one that parts most records into the same number of cells, the most of
    them. Raises UnreadableError where the bytes are not text, or too long.
    """
    text = decode(data)
    if named := _NAMED.match(text):
        return sectioned(row_sections(_records(text, named[1], named.end())))
    return sectioned(row_sections(_records(text, _separator(text), 0)))


def read_tabbed(data: bytes) -> Reading:
    """Read values that are separated by tabs, as the file's name says. Raises as `read_separated`.

    Without a single tab, the separator is told as there.
    """
    text = decode(data)
    return sectioned(row_sections(_records(text, "\t" if "\t" in text else _separator(text), 0)))


def _workbook(data: bytes) -> Iterator[Section]:
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    for sheet in book.sheets_metadata:
        if (sheet.typ, sheet.visible) == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible):
            found = book.get_sheet_by_name(sheet.name)
            rows = (
                Row(number, list(map(_cell, row)))
                for number, row in enumerate(found.iter_rows(), start=1)
            )
            yield from row_sections(rows, one_line(sheet.name) or None)


def _cell(value: Any) -> Cell:
    """Return a cell as people see it."""
    if isinstance(value, str):
        return Cell(one_line(value)) if value else EMPTY
    if isinstance(value, bool):
        return Cell(str(value).upper(), is_text=False)
    if isinstance(value, datetime | date | time | timedelta):
        return Cell(_time(value), is_text=False)
    return Cell(plain(value), is_text=False)


def _time(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, datetime):
        day = value.date().isoformat()
        return day if value.time() == time() else f"{day} {_time(value.time())}"
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return value.isoformat()


def _separator(text: str) -> str:
    lines = [line for line in _QUOTED.sub("", text[:_SAMPLE]).split("\n") if line.strip()]
    lines = lines[:_RECORDS]

    def fit(sign: str) -> tuple[float, int]:
        found = [count for line in lines if (count := line.count(sign))]
        usual = max(set(found), key=lambda count: (found.count(count), count), default=0)
        return found.count(usual) / max(len(lines), 1), usual

    return max(_SEPARATORS, key=fit)  # the first of those that are as even


def _records(text: str, separator: str, start: int) -> Iterator[Row]:
    """Yield the records from an offset on. Raises UnreadableError where one cannot be read."""
    csv.field_size_limit(_MAX_CELL)
    file = StringIO(text, newline="")
    file.seek(start)
    rows = enumerate(csv.reader(file, delimiter=separator), start=2 if start else 1)
    number = 0
    try:
        for number, record in rows:
            words = map(one_line, record)
            yield Row(number, [Cell(cell, is_text=not is_number(cell)) for cell in words])
    except csv.Error as error:
        raise UnreadableError(
            f"is not a table of separated values from row {number + 1:,} on ({error}); "
            "is a quotation mark missing?"
        ) from None
