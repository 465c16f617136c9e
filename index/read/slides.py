"""PowerPoint (.pptx) -> the words of its slides and of the speaker's notes.

The words of SmartArt are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml.ns import qn
from pptx.shapes.group import GroupShape

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Reading, Section, clean, sectioned

_BROKEN = (*package.BROKEN, PythonPptxError)
_LISTS = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)  # whose paragraphs are items
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_HIDDEN = ("1", "true")
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_CHOICE = _ALTERNATIVES.replace("AlternateContent", "Choice")
_LINE_BREAKS = str.maketrans("\v", "\n")


def read_pptx(data: bytes) -> Reading:
    """Read the slides of a presentation, hidden ones too, and the notes to them.

    Raises UnreadableError where it is broken, protected, no presentation, or a zip bomb.
    """
    try:
        package.check(data, ".pptx")
        return sectioned(_sections(pptx.Presentation(BytesIO(data))))
    except _BROKEN:
        raise UnreadableError("is not a presentation, or a broken one; save it again") from None


def _sections(presentation: Any) -> Iterator[Section]:
    for number, slide in enumerate(presentation.slides, start=1):
        shapes = list(_in_order(slide.shapes))
        titles = (_text(shape) for shape in shapes if _is_title(shape))
        title = " ".join(next(titles, "").split())
        unit = f"slide {number}"
        texts = [text for shape in shapes if (text := _text(shape))]
        yield Section("\n\n".join(texts), title or None, unit)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            notes = _paragraphs(slide.notes_slide.notes_text_frame, "")
            yield Section(notes, title or None, f"{unit}, notes")


def _in_order(shapes: Any) -> Iterator[Any]:
    """Yield the shapes that can be seen, the title first, then from top to bottom."""
    _choose(shapes._element)
    found = [shape for shape in shapes if _is_seen(shape)]
    for shape in sorted(found, key=lambda s: (not _is_title(s), s.top or 0, s.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _choose(tree: Any) -> None:
    """Put the first choice in the place of alternatives, which python-pptx passes over."""
    for alternatives in list(tree.iterchildren(_ALTERNATIVES)):
        choice = alternatives.find(_CHOICE)
        for shape in [] if choice is None else list(choice):
            alternatives.addprevious(shape)
        tree.remove(alternatives)


def _is_seen(shape: Any) -> bool:
    properties = shape._element.find("./*/" + qn("p:cNvPr"))
    return properties is not None and properties.get("hidden") not in _HIDDEN


def _is_title(shape: Any) -> bool:
    return shape.is_placeholder and shape.placeholder_format.type in _TITLES


def _text(shape: Any) -> str:
    if shape.has_text_frame:
        is_list = shape.is_placeholder and shape.placeholder_format.type in _LISTS
        return _paragraphs(shape.text_frame, "- " if is_list else "")
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = ([" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows)
        return clean("\n".join(" | ".join(cells) for cells in rows))
    if getattr(shape, "has_chart", False) and shape.has_chart:
        return _chart(shape)
    return ""


def _chart(shape: Any) -> str:
    """Return the title of a chart and its categories; "" where its file is broken or missing."""
    try:
        chart = shape.chart
        title = chart.chart_title.text_frame.text if chart.has_title else ""
        categories = " | ".join(
            str(name) for plot in list(chart.plots)[:1] for name in plot.categories
        )
    except _BROKEN:
        return ""
    return clean("\n".join(" ".join(line.split()) for line in (title, categories) if line))


def _paragraphs(frame: Any, mark: str) -> str:
    texts = (clean(p.text.translate(_LINE_BREAKS)).strip() for p in frame.paragraphs)
    return "\n".join(f"{mark}{text}" for text in texts if text)
