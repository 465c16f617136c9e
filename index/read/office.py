"""Word (.docx) -> its paragraphs and tables, in the order of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import docx
from docx.exceptions import PythonDocxError
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml.etree import _Element

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Block, Reading, clean, flowed

_BROKEN = (*package.BROKEN, OpcError, PythonDocxError)

_PARAGRAPH, _TABLE, _ROW, _CELL, _RUN = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc", "w:r"))
# What may stand between a container and its content: content controls, tracked insertions.
_WRAPPERS = tuple(map(qn, ("w:sdt", "w:sdtContent", "w:ins", "w:customXml")))
# Runs in these are shown elsewhere: what was moved away, and a drawing's text for old programs.
_SHOWN_ELSEWHERE = (
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
)
_CHARACTERS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_TEXT, _VALUE = qn("w:t"), qn("w:val")
_VANISH = f"{qn('w:rPr')}/{qn('w:vanish')}"
_STYLE = f"{qn('w:pPr')}/{qn('w:pStyle')}"
_NUMBERING = f"{qn('w:pPr')}/{qn('w:numPr')}"
_OUTLINE_LEVEL = f"{qn('w:pPr')}/{qn('w:outlineLvl')}"
_BODY_TEXT = 10  # the outline level of what is no heading
_HEADING_NAME = re.compile("heading ([1-9])", re.IGNORECASE)
_MAX_ANCESTORS = 10  # of a style: in a broken file, styles may be based on one another


@dataclass(frozen=True, slots=True)
class _Styles:
    """What the paragraph styles say of structure, by their ids."""

    levels: dict[str, int | None]  # of headings: as in `Heading`
    numbered: frozenset[str]  # those of list items


def read_docx(data: bytes) -> Reading:
    """Read a Word document, with its sections.

    Raises UnreadableError where it is broken, protected, no Word document, or a zip bomb.
    """
    try:
        package.check(data, ".docx")
        document = docx.Document(BytesIO(data))
        styles = _read_styles(document.styles.element)
        return flowed(_blocks(document.element.body, styles))
    except _BROKEN:
        raise UnreadableError("is not a Word document, or a broken one; save it again") from None


def _blocks(container: _Element, styles: _Styles) -> Iterator[Block]:
    for element in _children(container, _PARAGRAPH, _TABLE):
        yield _table(element, styles) if element.tag == _TABLE else _paragraph(element, styles)


def _children(container: _Element, *tags: str) -> Iterator[_Element]:
    for child in container.iterchildren(*tags, *_WRAPPERS):
        if child.tag in _WRAPPERS:
            yield from _children(child, *tags)
        else:
            yield child


def _table(table: _Element, styles: _Styles) -> Block:
    rows = []
    for row in _children(table, _ROW):
        cells = (
            " ".join(word for block in _blocks(cell, styles) for word in block.text.split())
            for cell in _children(row, _CELL)
        )
        rows.append(" | ".join(cells))
    return Block("\n".join(rows))


def _paragraph(paragraph: _Element, styles: _Styles) -> Block:
    style = _value(paragraph.find(_STYLE)) or ""
    level = _own_level(paragraph) or styles.levels.get(style)
    if level is not None and level < _BODY_TEXT:
        return Block(_text(paragraph), level)
    if style in styles.numbered or paragraph.find(_NUMBERING) is not None:
        return Block(f"- {_text(paragraph)}", item=True)
    return Block(_text(paragraph))


def _text(paragraph: _Element) -> str:
    """Return the visible text of a paragraph, and of the boxes that are anchored in it."""
    parts = []
    for element in paragraph.iter(_RUN, _PARAGRAPH):
        if element.tag == _PARAGRAPH:
            parts.append("\n")  # of a text box, or the paragraph itself
        elif not _is_unseen(element):
            parts += [
                child.text or "" if child.tag == _TEXT else _CHARACTERS.get(str(child.tag), "")
                for child in element
            ]
    return clean("".join(parts)).strip()


def _is_unseen(run: _Element) -> bool:
    vanish = run.find(_VANISH)
    if vanish is not None and vanish.get(_VALUE) not in ("0", "false", "off"):
        return True
    return next(run.iterancestors(*_SHOWN_ELSEWHERE), None) is not None


def _read_styles(element: _Element) -> _Styles:
    styles = {style.get(qn("w:styleId"), ""): style for style in element.iterfind(qn("w:style"))}
    return _Styles(
        {identity: _style_level(identity, styles) for identity in styles},
        frozenset(key for key, style in styles.items() if style.find(_NUMBERING) is not None),
    )


def _style_level(identity: str, styles: dict[str, _Element]) -> int | None:
    """Return the heading level of a style, or of the nearest that it is based on."""
    for _ in range(_MAX_ANCESTORS):
        style = styles.get(identity)
        if style is None:
            break
        name = (_value(style.find(qn("w:name"))) or "").lower()
        if name == "title":
            return 0
        if heading := _HEADING_NAME.fullmatch(name):
            return int(heading[1])
        if level := _own_level(style):
            return level
        identity = _value(style.find(qn("w:basedOn"))) or ""
    return None


def _own_level(element: _Element) -> int | None:
    """Return the level that a paragraph or a style gives itself, from 1; None where it does not."""
    value = _value(element.find(_OUTLINE_LEVEL))
    return int(value) + 1 if value else None


def _value(element: _Element | None) -> str | None:
    return None if element is None else element.get(_VALUE)
