"""PowerPoint (.pptx) -> the words of its slides and of the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Reading, Section, clean, sectioned

_BROKEN = (*package.BROKEN, PythonPptxError)
_LISTS = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)  # whose paragraphs are items
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
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
        title = " ".join(_text(slide.shapes.title).split()) if slide.shapes.title else ""
        unit = f"slide {number}"
        texts = [text for shape in _in_order(slide.shapes) if (text := _text(shape))]
        yield Section("\n\n".join(texts), title or None, unit)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            notes = _paragraphs(slide.notes_slide.notes_text_frame, "")
            yield Section(notes, title or None, f"{unit}, notes")


def _in_order(shapes: Any) -> Iterator[Any]:
    """Yield the shapes that can be seen, the title first, then from top to bottom."""
    found = [shape for shape in shapes if shape._element.xpath("boolean(.//p:cNvPr/@hidden)") != 1]
    for shape in sorted(found, key=lambda s: (not _is_title(s), s.top or 0, s.left or 0)):
        if shape.shape_type is not None and hasattr(shape, "shapes"):  # a group
            yield from _in_order(shape.shapes)
        else:
            yield shape


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
        chart = shape.chart
        return clean(chart.chart_title.text_frame.text) if chart.has_title else ""
    return ""


def _paragraphs(frame: Any, mark: str) -> str:
    texts = (clean(p.text.translate(_LINE_BREAKS)).strip() for p in frame.paragraphs)
    return "\n".join(f"{mark}{text}" for text in texts if text)
