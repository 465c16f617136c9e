"""Pages of lines -> one text, with a place for each page and a box for each word.

Running heads and page numbers are told by their repetition and left out, but for the first, so
that a sentence goes on from one page to the next; words broken at a line's end are mended.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.read.layout import Line, Word, runs_on
from index.read.outline import Reading, clean
from index.records import Boxes, Place, no_boxes

BROKEN = "\x02\ufffe\xad"  # how PDFium marks the hyphen of a broken word, and Unicode's own mark

_CELL = "\t"  # between the cells of a row: white space, so that quotes of a table stay quotes
_TENTHS = 10  # boxes are stored in tenths of a point
_EDGE = 2  # lines at a page's top and bottom among which running heads and page numbers are
_REPEATED = 3  # pages with the same line at the edge: a running head
_COUNTED = 2  # pages whose line holds the number of the page: a page number
_INTEGER = re.compile(r"\d{1,4}")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page in reading order."""

    lines: Sequence[Line]
    ocr: float | None = None  # mean confidence, 0 to 1, where they were read by OCR


def joined(pages: Sequence[Page]) -> Reading:
    """Return the text of the pages, with their places and the boxes of their words."""
    written = _Written()
    left_out = _furniture(pages)
    spans = []
    for number, page in enumerate(pages, start=1):
        kept = [line for at, line in enumerate(page.lines) if (number, at) not in left_out]
        start = _start_page(written, kept)
        for line in kept:
            _write(written, line, number)
        spans.append((start, max(start, written.length)))
    starts = [*(start for start, _ in spans[1:]), written.length]
    places = (  # a page ends where the next starts: its last hyphen may be gone
        Place(start, min(end, following), page=number, ocr=page.ocr)
        for number, ((start, end), following, page) in enumerate(
            zip(spans, starts, pages, strict=True), start=1
        )
    )
    return Reading("".join(written.parts), tuple(places), _boxes(written.boxes))


@dataclass(slots=True)
class _Written:
    """The text so far."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    boxes: list[tuple[int, int, int, Word]] = field(default_factory=list)
    separator: str | None = None  # what comes before the next line; None: as the line says

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _start_page(written: _Written, lines: Sequence[Line]) -> int:
    """Write what stands between two pages; return where the page starts."""
    if not written.length:
        written.separator = ""
        return 0
    if lines and written.separator == "":  # a word goes on
        _mend(written, lines[0])
    elif lines:
        goes_on = runs_on(written.parts[-1], lines[0].text)
        written.write("\n" if goes_on else "\n\n")
        written.separator = ""
    else:
        written.write("\n\n")
        written.separator = ""
    return written.length


def _write(written: _Written, line: Line, page: int) -> None:
    texts = [[clean(word.text.translate(_NO_MARKS)) for word in cell] for cell in line.cells]
    if not any(any(cell) for cell in texts):
        return
    separator = written.separator
    if separator is None:
        separator = "\n\n" if line.new_paragraph else "\n"
    elif separator == "":
        _mend(written, line)
    written.write(separator)
    for number, (cell, cell_texts) in enumerate(zip(line.cells, texts, strict=True)):
        between = _CELL if number else ""
        for word, text in zip(cell, cell_texts, strict=True):
            if text:
                written.write(between)
                start = written.length
                written.write(text)
                written.boxes.append((start, written.length, page, word))
                between = " "
    last = line.cells[-1][-1].text
    broken = len(last) > 1 and last[-1] in f"-{BROKEN}" and last[-2].isalnum()
    written.separator = "" if broken else None


_NO_MARKS = dict.fromkeys(map(ord, BROKEN), "-")


def _mend(written: _Written, line: Line) -> None:
    """Take away a hyphen that only broke a word; that of numbers and names is kept."""
    before = written.parts[-1] if written.boxes else ""
    start = line.cells[0][0].text[:1]
    if before.endswith("-") and before[-2:-1].islower() and start.islower():
        written.parts[-1] = before[:-1]
        written.length -= 1
        word_start, end, page, word = written.boxes[-1]
        written.boxes[-1] = (word_start, end - 1, page, word)


def _boxes(found: Sequence[tuple[int, int, int, Word]]) -> Boxes:
    if not found:
        return no_boxes()
    rows = [
        (start, end, page, *(round(_TENTHS * edge) for edge in word[1:]))
        for start, end, page, word in found
    ]
    return np.array(rows, np.int32)


def _furniture(pages: Sequence[Page]) -> set[tuple[int, int]]:
    """Return page number and line index of running heads, but the first, and of page numbers."""
    keys = {
        (number, at): set(_keys(number, page.lines[at].text))
        for number, page in enumerate(pages, start=1)
        for at in _edges(len(page.lines))
    }
    on_pages = {(key, number) for (number, _), found in keys.items() for key in found}
    counts = Counter(key for key, _ in on_pages)
    seen: set[tuple[str, int | None]] = set()
    left_out = set()
    for where, found in keys.items():
        repeated = {
            key for key in found if counts[key] >= (_COUNTED if key[1] is not None else _REPEATED)
        }
        first = not repeated & seen
        seen |= repeated
        if repeated and not (first and any(_LETTER.search(text) for text, _ in repeated)):
            left_out.add(where)
    return left_out


def _least(key: tuple[str, int | None], pages: int) -> int:
    """Return on how many pages a line must be: one with a word and a number may be a heading."""
    text, counted = key
    if counted is None:
        return _REPEATED
    return max(_REPEATED, pages // 2) if _LETTER.search(text) else _COUNTED


def _edges(count: int) -> list[int]:
    """Return the indices of the first and last lines of a page, never of all."""
    if count <= _EDGE:
        return list(range(count))[-1:] if count > 1 else []
    return sorted({*range(min(_EDGE, count)), *range(max(count - _EDGE, 0), count)})


def _keys(page: int, line: str) -> Iterator[tuple[str, int | None]]:
    """Yield what a line has in common with the running head or page number of other pages.

    Without letters it is a page number only where it counts with the pages: a table may end alike.
    """
    if _LETTER.search(line):
        yield line, None
    for match in _INTEGER.finditer(line):
        rest = f"{line[: match.start()]}#{line[match.end() :]}"
        if len(_INTEGER.findall(rest)) <= 1:  # "3 of 12"
            yield rest, int(match[0]) - page
