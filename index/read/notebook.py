"""Jupyter notebooks -> their text, code and what the code printed, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from index.errors import UnreadableError
from index.read.data import check_depth
from index.read.outline import Heading, Reading, Section, clean, sectioned
from index.read.text import decode, headings

_MAX_OUTPUT = 20_000  # characters of what a cell printed
_BELOW = 7  # the level of what is no heading


def read_notebook(data: bytes) -> Reading:
    """Read a notebook of version 3 or later, under the headings of its Markdown cells.

    Raises UnreadableError where it is not a notebook.
    """
    text = decode(data)
    check_depth(text)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(
            f"is not a Jupyter notebook: line {error.lineno:,}: {error.msg}; save it again"
        ) from None
    return sectioned(_sections(list(_cells(found))))


def _cells(found: Any) -> Iterator[dict[str, Any]]:
    sheets = found.get("worksheets", [found]) if isinstance(found, dict) else []  # version 3
    sheets = sheets if isinstance(sheets, list) else []
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            raise UnreadableError("is not a Jupyter notebook: it has no cells; save it again")
        yield from (cell for cell in cells if isinstance(cell, dict))
    if not sheets:
        raise UnreadableError("is not a Jupyter notebook: it has no cells; save it again")


def _sections(cells: list[dict[str, Any]]) -> Iterator[Section]:
    path: list[Heading] = []
    for number, cell in enumerate(cells, 1):
        unit, kind = f"cell {number}", cell.get("cell_type")
        source = _words(cell.get("source", cell.get("input")))  # version 3 calls code input
        if kind == "heading":  # of version 3
            level = cell.get("level")
            marks = "#" * level if isinstance(level, int) and 0 < level < 7 else "#"
            source = f"{marks} {source}"
        if kind in ("markdown", "heading"):
            found = [Heading(0, _BELOW, ""), *headings(source)]
            for heading, following in pairwise([*found, Heading(len(source), 0, "")]):
                if heading.title:
                    path = [*(above for above in path if above.level < heading.level), heading]
                section = source[heading.start : following.start].strip("\n")
                yield Section(section, _label(path), unit)
            continue
        yield Section(source, _label(path), unit)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            yield Section(_output(output), _label(path), unit)


def _label(path: list[Heading]) -> str | None:
    return " > ".join(above.title for above in path) or None


def _output(output: Any) -> str:
    """Return the text that an output shows, if any; an image has none."""
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    text = _words(output.get("text", plain))
    if output.get("output_type") == "error":
        text = f"{_words(output.get('ename'))}: {_words(output.get('evalue'))}"
    if len(text) > _MAX_OUTPUT:
        return f"{text[:_MAX_OUTPUT]}\n[…]"
    return text


def _words(source: Any) -> str:
    """Return text that is stored whole or by its lines."""
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return clean(text.replace("\r\n", "\n")).strip("\n")
