"""Jupyter notebooks (.ipynb) -> their text, code and printed output, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from index.errors import UnreadableError
from index.read.outline import Heading, Reading, Section, clean, sectioned
from index.read.text import decode, headings

_MAX_OUTPUT = 5_000  # characters of a cell's output: more is a log


def read_notebook(data: bytes) -> Reading:
    """Read the cells of a notebook under the headings of its text; images are left out.

    Raises UnreadableError where it is not a notebook, or too long.
    """
    try:
        notebook = json.loads(decode(data))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        return sectioned(_sections(cells))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise UnreadableError("is not a Jupyter notebook, or a broken one; save it again") from None


def _sections(cells: list[dict[str, Any]]) -> Iterator[Section]:
    path: list[Heading] = []  # the headings above, outermost first
    for number, cell in enumerate(cells, start=1):
        text = clean(_text(cell.get("source", cell.get("input", ""))))
        if cell.get("cell_type") == "markdown":
            for heading in headings(text):
                path = [*(above for above in path if above.level < heading.level), heading]
        else:
            text = "\n".join(filter(None, [text, clean(_output(cell))]))
        label = " > ".join(heading.title for heading in path if heading.title)
        yield Section(text.strip(), label or None, f"cell {number}")


def _output(cell: dict[str, Any]) -> str:
    """Return what the cell printed and its result in plain text."""
    said = (
        _text(output.get("text") or output.get("data", {}).get("text/plain", ""))
        for output in cell.get("outputs", ())
    )
    return "\n".join(said)[:_MAX_OUTPUT].strip()


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
