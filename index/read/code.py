"""Source code and other text whose lines are counted -> the text as it is, a place a line."""

from __future__ import annotations

from index.read.outline import Reading
from index.read.text import decode
from index.records import Place

SUFFIXES = frozenset(
    ".bat .c .cc .cfg .clj .conf .cpp .cs .css .diff .erl .ex .f90 .go .h .hpp .hs .ini .java .jl"
    " .js .jsx .kt .log .lua .m .ml .php .pl .ps1 .py .r .rb .rs .scala .sh .sql .swift .tex .toml"
    " .ts .tsx .vb .xml .yaml .yml".split()
)


def read_code(data: bytes) -> Reading:
    """Read text, verbatim, with a place for each line that has any.

    Raises UnreadableError where the bytes are not text.
    """
    text = decode(data)
    places = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            places.append(Place(start, start + len(line), unit=f"line {number}"))
        start += len(line) + 1
    return Reading(text, tuple(places))
