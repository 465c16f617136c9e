"""Rows of tables as the readers write them, cells between bars or tabs: a number's column."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rag import words
from rag.words import Profile

_BAR = "|"
_CELL_END = re.compile(r"[|\t]")


def is_row(text: str) -> bool:
    """Whether a sentence is a row of a table."""
    return bool(_CELL_END.search(text))


def rows(text: str) -> list[list[str]]:
    """Return the cells of the rows in a text; Markdown's bars at both ends part none."""
    found = []
    for line in filter(is_row, text.splitlines()):
        inner = line.strip()
        if inner.startswith(_BAR) and inner.endswith(_BAR) and len(inner) > 1:
            inner = inner[1:-1]
        found.append([cell.strip() for cell in _CELL_END.split(inner)])
    return found


def in_its_column(number: str, evidence: Sequence[str], keys: Profile) -> bool:
    """Whether a claim with these keys may take a number from a row of the evidence.

    It must have a word or number of another cell, as of the row's label. Where a row above heads
    the columns, it must also have one of the head of the number's column, unless it has none of
    any.
    """
    above: list[list[str]] = []
    for row in (row for text in evidence for row in rows(text)):
        at = {i for i, cell in enumerate(row) if number in words.numbers(cell)}
        others = [cell for i, cell in enumerate(row) if i not in at]
        if at and any(_has(keys, cell) for cell in others) and _headed(at, row, above, keys):
            return True
        above.append(row)
    return False


def _headed(
    at: Collection[int], row: Sequence[str], above: Sequence[Sequence[str]], keys: Profile
) -> bool:
    """Whether the columns, or the label's, are those whose heads the claim has, if it has any."""
    heads = next((other for other in above if len(other) == len(row)), [])
    fitting = {i for i, head in enumerate(heads) if i > 0 and _has(keys, head)}
    return not fitting or 0 in at or not fitting.isdisjoint(at)


def _has(keys: Profile, cell: str) -> bool:
    there = words.profile(cell)
    return bool(keys.numbers & there.numbers) or any(
        words.has_name(key, there) for key in keys.content
    )
