"""Rows of cells -> lines that can each be understood alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from index.read.outline import Section

_YEAR = re.compile(r"(?:19|20)\d\d(?:[-/]\d\d){0,2}")  # or a month, or a day
_SOUGHT = 20  # first rows of a sheet among which the header may be


class Cell(NamedTuple):
    """A cell as people see it; its text is "" where it is empty."""

    text: str
    is_text: bool = True  # not a number, a date, or a truth


EMPTY = Cell("")
Filled = list[tuple[int, Cell]]  # the cells of a row that are not empty, by their columns


class Row(NamedTuple):
    """A row, and the number that a spreadsheet program shows for it."""

    number: int
    cells: Sequence[Cell]
    is_hidden: bool = False  # it is not read, but parts nothing either


def row_sections(rows: Iterable[Row], heading: str | None = None) -> Iterator[Section]:
    """Yield a line for each row that is not empty, in which the header is repeated.

    "Year: 2023 | Passengers: 417,300"; where there is no header, "2023 | 417,300". The header is
    the first row (of the first twenty) whose filled cells are all text, and at least two, and
    half as many as those of the row after it, which has two filled cells or one of another type.
    Two years or more, which differ, count as text where those below them are no years.
    A header of one cell must stand above a single cell of another type. After an empty row
    another table may begin, if its header stands above a row with a cell of another type. What
    stands above the header, and a text alone in its row, are titles and notes: they stay as text.
    """
    header: dict[int, str] = {}
    for at, (row, following) in enumerate(_with_next(rows)):
        filled, after = row.filled, following.filled if following else []
        is_sought = not header and at < _SOUGHT
        new = (is_sought or (row.begins and _has_other_type(after))) and _is_header(filled, after)
        if new:
            header = {column: cell.text.rstrip(":") for column, cell in filled}
        is_note = len(filled) == 1 < len(header) and filled[0][1].is_text
        names = {} if new or is_note else header
        yield Section(_line(filled, names), heading, f"row {row.number}", joined=not row.begins)


def is_number(text: str) -> bool:
    """Whether a text is a number, a date, a truth: what is no header."""
    text = text.strip(" %€$£-+()")
    digits = sum(map(str.isdigit, text))
    return (digits * 2 >= len(text) and text[:1].isdigit()) or text.lower() in ("true", "false")


class _Filled(NamedTuple):
    """A row that is not empty."""

    number: int
    filled: Filled
    begins: bool  # it comes first, or after an empty row


def _with_next(rows: Iterable[Row]) -> Iterator[tuple[_Filled, _Filled | None]]:
    """Yield each row that is not empty, with the next one."""
    row = None
    for following in _without_empty(rows):
        if row:
            yield row, following
        row = following
    if row:
        yield row, None


def _without_empty(rows: Iterable[Row]) -> Iterator[_Filled]:
    next_number = 0  # of the row that would go on with what stands above
    for row in rows:
        filled = [(column, cell) for column, cell in enumerate(row.cells) if cell.text]
        if filled and not row.is_hidden:
            yield _Filled(row.number, filled, begins=row.number > next_number)
        elif not row.is_hidden or row.number > next_number:
            continue
        next_number = row.number + 1


def _is_header(filled: Filled, after: Filled) -> bool:
    if not (_are_years(filled, after) if _has_other_type(filled) else filled):
        return False
    if len(filled) == 1:
        return len(after) == 1 and after[0][0] == filled[0][0] and _has_other_type(after)
    return len(filled) * 2 >= len(after) and (len(after) > 1 or _has_other_type(after))


def _are_years(filled: Filled, after: Filled) -> bool:
    """Whether a row names years, unlike the row after it."""
    years = {column: cell.text for column, cell in filled if not cell.is_text}
    below = [cell.text for column, cell in after if column in years]
    return (
        len(set(years.values())) == len(years) > 1
        and all(map(_YEAR.fullmatch, years.values()))
        and not all(map(_YEAR.fullmatch, below))
    )


def _has_other_type(filled: Filled) -> bool:
    return any(not cell.is_text for _, cell in filled)


def _line(filled: Filled, names: dict[int, str]) -> str:
    return " | ".join(
        f"{name}: {cell.text}" if (name := names.get(column)) else cell.text
        for column, cell in filled
    )
