"""Source code and other text whose lines are counted -> the text as it is, a place a line."""

from __future__ import annotations

from index.read.outline import Reading
from index.read.text import decode
from index.records import Place

SUFFIXES = frozenset(
    ".adb .ads .asm .awk .bas .bash .bat .bib .c .cc .cfg .clj .cls .cmake .cmd .conf .cpp"
    " .cs .css .cxx .d .dart .diff .el .env .erl .ex .exs .f .f90 .for .fs .go .gradle .groovy"
    " .h .hh .hpp .hs .ini .java .jl .js .jsx .kt .kts .less .lisp .log .lua .m .mjs .ml .mm"
    " .nim .org .pas .patch .php .pl .pm .properties .proto .ps1 .py .pyi .pyx .r .rb .rs .rst"
    " .s .sass .scala .scm .scss .sh .sql .sty .svelte .swift .tcl .tex .toml .ts .tsx .v .vb"
    " .vhd .vim .vue .xml .xsd .xsl .yaml .yml .zig .zsh".split()
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
