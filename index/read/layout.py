"""Words with boxes -> lines in reading order: columns one after the other, tables a row a line.

Boxes are in points from the upper left corner of the page as it is shown (of an image: pixels);
what is compared is always relative to the height of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple


class Word(NamedTuple):
    """A word as it is drawn."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


Run = Sequence[Word]  # words side by side: of a line, a column's line, a cell


@dataclass(frozen=True, slots=True)
class Line:
    """What is read in one go: a line of text, or a row of a table."""

    cells: tuple[Run, ...]
    new_paragraph: bool  # whether more space stands above it than between lines

    @property
    def text(self) -> str:
        """The words, without what stands between the cells."""
        return " ".join(word.text for cell in self.cells for word in cell)


_CELL_GAP = 1.0  # heights of a word: so far apart stand columns and cells, not words
_SAME_LINE = 0.5  # heights by which the middles of words on one line may differ
_PARAGRAPH_GAP = 1.25  # line steps this much larger than the usual one part paragraphs
_LEAST_LINES = 3  # of a column
_LEAST_WORDS = 3.0  # side by side in a column, on average: cells of a table have fewer
_LEAST_BESIDE = 0.5  # share of the shorter column that must stand beside the other
_MARGIN = 0.2  # share of the width, on either side, in which no gutter is looked for
_GUTTERS = 60  # places that are tried for one
_MOST_COLUMNS = 3  # times that columns are parted once more
_BULLET = re.compile(r"[^\w\s]{1,2}|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]")


def lines(runs: Sequence[Run]) -> list[Line]:
    """Return the lines of a page in reading order.

    `runs` are the words as the source has them, in any order; a run that goes over a gutter or
    several cells is cut there. Columns are found by a gutter that hardly any run crosses (a
    recursive X-Y cut, Nagy and Seth 1984, that goes for columns first); where the runs beside it
    are too short for prose, they are cells of a table.
    """
    cells = [cell for run in runs for cell in _cells(run)]
    ordered = [row for block in _blocks(cells, 0) for row in block]
    usual = _usual_step(ordered)
    found = []
    for above, row in zip([None, *ordered], ordered, strict=False):
        step = _bottom(row) - _bottom(above) if above else 0.0
        height = row[0][0].bottom - row[0][0].top  # a heading's lines stand further apart
        apart = above is not None and not 0 <= step <= _PARAGRAPH_GAP * max(usual, height)
        runs_on = apart and step < 0 and _runs_on(above, row)  # from one column into the next
        found.append(Line(tuple(_joined_bullet(row)), apart and not runs_on))
    return found


def runs_on(text: str, following: str) -> bool:
    """Whether a sentence goes on from the end of one text to the start of the next."""
    end, start = text.rstrip()[-1:], following.lstrip()[:1]
    return bool(end) and end not in ".!?:;…”\"'" and start.islower()


def _runs_on(above: Sequence[Run] | None, row: Sequence[Run]) -> bool:
    return above is not None and runs_on(above[-1][-1].text, row[0][0].text)


def _cells(run: Run) -> Iterator[Run]:
    """Cut a run where the next word is too far away, or on another line."""
    start = 0
    for at, (word, following) in enumerate(pairwise(run), start=1):
        height = max(word.bottom - word.top, following.bottom - following.top)
        drop = abs(_middle(word) - _middle(following))
        gap = following.left - word.right
        if not -height <= gap <= _CELL_GAP * height or drop > _SAME_LINE * height:
            yield run[start:at]
            start = at
    if run:
        yield run[start:]


def _blocks(cells: Sequence[Run], depth: int) -> Iterator[list[list[Run]]]:
    """Yield the rows of one block after the other: of a column, or of what goes over all."""
    gutter = _gutter(cells) if depth < _MOST_COLUMNS else None
    if gutter is None:
        if cells:
            yield _rows(cells)
        return
    for band, crosses in _bands(cells, gutter):
        left = [cell for cell in band if _center(cell) < gutter]
        right = [cell for cell in band if _center(cell) >= gutter]
        if not crosses and _is_column(left) and _is_column(right) and _beside(left, right):
            yield from _blocks(left, depth + 1)
            yield from _blocks(right, depth + 1)
        else:
            yield _rows(band)


def _gutter(cells: Sequence[Run]) -> float | None:
    """Return the x of the most open gutter that has columns on both sides; None for no columns."""
    if len(cells) < 2 * _LEAST_LINES:
        return None
    start, stop = min(c[0].left for c in cells), max(c[-1].right for c in cells)
    best: tuple[float, float, float] | None = None
    for number in range(_GUTTERS + 1):
        share = _MARGIN + (1 - 2 * _MARGIN) * number / _GUTTERS
        x = start + share * (stop - start)
        crossing = sum(_crosses(cell, x) for cell in cells)
        bands = [band for band, crosses in _bands(cells, x) if not crosses]
        columns = 0
        for band in bands:
            left = [cell for cell in band if _center(cell) < x]
            right = [cell for cell in band if _center(cell) >= x]
            if _is_column(left) and _is_column(right) and _beside(left, right):
                columns += len(band)
        if columns > crossing:
            clear = min((min(abs(c[0].left - x), abs(c[-1].right - x)) for c in cells), default=0.0)
            best = max(best or (0.0, 0.0, 0.0), (columns - crossing, clear, x))
    return best[2] if best else None


def _bands(cells: Sequence[Run], x: float) -> Iterator[tuple[list[Run], bool]]:
    """Yield the cells from top to bottom, those that cross x apart from those that do not."""
    found: list[Run] = []
    crosses = False
    bottom = 0.0  # of the band so far
    for cell in sorted(cells, key=lambda cell: (_middle(cell[0]), cell[0].left)):
        it_crosses = _crosses(cell, x)
        if found and it_crosses != crosses:
            yield found, crosses
            found = []
        crosses = it_crosses
        found.append(cell)
        bottom = max(bottom, cell[0].bottom)
    if found:
        yield found, crosses


def _crosses(cell: Run, x: float) -> bool:
    return cell[0].left < x < cell[-1].right


def _is_column(cells: Sequence[Run]) -> bool:
    words = fmean(map(len, cells)) if cells else 0.0
    return words >= _LEAST_WORDS and len(_rows(cells)) >= _LEAST_LINES


def _beside(left: Sequence[Run], right: Sequence[Run]) -> bool:
    """Whether two columns stand beside one another, not one below the other."""
    (top, bottom), (other_top, other_bottom) = _extent(left), _extent(right)
    shared = min(bottom, other_bottom) - max(top, other_top)
    return shared >= _LEAST_BESIDE * min(bottom - top, other_bottom - other_top)


def _extent(cells: Sequence[Run]) -> tuple[float, float]:
    return min(cell[0].top for cell in cells), max(cell[0].bottom for cell in cells)


def _rows(cells: Sequence[Run]) -> list[list[Run]]:
    """Return the cells as rows from top to bottom, each from left to right."""
    rows: list[list[Run]] = []
    middle = 0.0
    for cell in sorted(cells, key=lambda cell: _middle(cell[0])):
        height = cell[0].bottom - cell[0].top
        if rows and abs(_middle(cell[0]) - middle) <= _SAME_LINE * height:
            rows[-1].append(cell)
        else:
            rows.append([cell])
            middle = _middle(cell[0])
    return [sorted(row, key=lambda cell: cell[0].left) for row in rows]


def _joined_bullet(row: Sequence[Run]) -> list[Run]:
    """Return the cells of a row, a list's bullet or number together with what it stands before."""
    first, *rest = row
    if rest and len(first) == 1 and _BULLET.fullmatch(first[0].text):
        return [[*first, *rest[0]], *rest[1:]]
    return list(row)


def _usual_step(rows: Sequence[Sequence[Run]]) -> float:
    steps = [_bottom(below) - _bottom(above) for above, below in pairwise(rows)]
    return median([step for step in steps if step > 1] or [0.0])


def _bottom(row: Sequence[Run] | None) -> float:
    return row[0][0].bottom if row else 0.0


def _middle(word: Word) -> float:
    return (word.top + word.bottom) / 2


def _center(cell: Run) -> float:
    return (cell[0].left + cell[-1].right) / 2
