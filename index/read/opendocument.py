"""OpenDocument text (.odt) and presentations (.odp), flat ones too -> their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from zipfile import ZipFile

from lxml.etree import _Element

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Block, Reading, Section, clean, flowed, sectioned

_NAMESPACES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
    for name in ("office", "text", "table", "drawing", "presentation", "style")
}
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_MAX_ANCESTORS = 10  # of a style: in a broken file, styles may be based on one another
MAX_REPEATED = 50  # cells or rows that are said to be the same, and have words: more are a bomb


def _tag(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


_HEADING, _PARAGRAPH, _LIST = map(_tag, ("text:h", "text:p", "text:list"))
_TABLE, _ROW, _NOTES = map(_tag, ("table:table", "table:table-row", "presentation:notes"))
_CELLS = tuple(map(_tag, ("table:table-cell", "table:covered-table-cell")))
_SPACE, _TAB, _BREAK = map(_tag, ("text:s", "text:tab", "text:line-break"))
_NOTE, _GROUP = map(_tag, ("text:note", "drawing:g"))
_DRAWING = f"{{{_NAMESPACES['drawing']}}}"  # boxes and shapes: their words stand apart
_UNSEEN = frozenset(
    map(_tag, ("text:tracked-changes", "office:annotation", "text:hidden-paragraph",
               "text:hidden-text", "text:table-of-content", "text:note"))
)  # fmt: skip
_HIDES_PARAGRAPH = _tag("text:hidden-paragraph")
_DISPLAY, _IS_HIDDEN = map(_tag, ("text:display", "text:is-hidden"))
_STYLE_NAME, _STYLE = map(_tag, ("text:style-name", "style:style"))
_NOT_ON_SCREEN = ("none", "printer")
_MAX_SPACES = 100
_WHITE = re.compile("[ \t\r\n]+")  # one space, as in HTML
_LEVEL = _tag("text:outline-level")
_TITLE_CLASS = "title"
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt)")
_POINTS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 1.0}
_MOVED = re.compile(r"translate\s*\(\s*(\S+?)[\s,]+([^\s)]+)")


def read_odt(data: bytes) -> Reading:
    """Read an OpenDocument text, with its sections; a footnote stands after its paragraph.

    Raises UnreadableError where it is broken, protected, no such document, or a zip bomb.
    """
    return _opened(data, "office:text", ".odt", lambda body: flowed(_blocks(body)))


def read_odp(data: bytes) -> Reading:
    """Read the slides of an OpenDocument presentation, and the notes to them.

    Raises UnreadableError as `read_odt` does.
    """
    return _opened(data, "office:presentation", ".odp", lambda body: sectioned(_slides(body)))


def _opened(data: bytes, kind: str, suffix: str, read: Callable[[_Element], Reading]) -> Reading:
    try:
        roots = _roots(data, suffix)
        body = roots[0].find(f"{_tag('office:body')}/{_tag(kind)}")
        if body is None:
            raise ValueError(kind)
        _drop_hidden(body, _hidden_styles(roots))
        return read(body)
    except package.BROKEN:
        raise UnreadableError(
            "is not an OpenDocument file, or a broken one; save it again"
        ) from None


def _roots(data: bytes, suffix: str) -> list[_Element]:
    """Return the content, then the styles; of a flat file, which is not a package, its one root."""
    if data.lstrip().startswith((b"<", b"\xef\xbb\xbf<")):
        return [package.parse(data)]
    package.check(data, suffix)
    with ZipFile(BytesIO(data)) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise UnreadableError("is protected by a password; save it without one")
        names = [name for name in ("content.xml", "styles.xml") if name in archive.namelist()]
        return [package.parse(archive.read(name)) for name in names]


def _hidden_styles(roots: list[_Element]) -> set[str]:
    """Return the names of the styles whose text is not shown: by themselves, or by a parent."""
    parents: dict[str, str] = {}
    shown: dict[str, bool] = {}
    for style in (style for root in roots for style in root.iter(_STYLE)):
        name = style.get(_tag("style:name"), "")
        parents[name] = style.get(_tag("style:parent-style-name"), "")
        display = style.find(_tag("style:text-properties"))
        if display is not None and _DISPLAY in display.attrib:
            shown[name] = display.get(_DISPLAY) != "none"

    def is_hidden(name: str) -> bool:
        for _ in range(_MAX_ANCESTORS):
            if name in shown or name not in parents:
                break
            name = parents[name]
        return not shown.get(name, True)

    return {name for name in parents if is_hidden(name)}


def _drop_hidden(body: _Element, styles: set[str]) -> None:
    """Take out what is not shown, so that nothing else need know of it."""
    hidden = [element for element in body.iter("*") if _is_hidden(element, styles)]
    for element in hidden:
        if (parent := element.getparent()) is not None:
            before = element.getprevious()
            if before is not None:
                before.tail = (before.tail or "") + (element.tail or "")
            else:
                parent.text = (parent.text or "") + (element.tail or "")
            parent.remove(element)


def _is_hidden(element: _Element, styles: set[str]) -> bool:
    attributes = element.attrib
    if attributes.get(_STYLE_NAME) in styles or attributes.get(_DISPLAY) == "none":
        return True
    if attributes.get(_tag("drawing:display")) in _NOT_ON_SCREEN:
        return True
    if element.tag == _PARAGRAPH:
        marks = element.iterchildren(_HIDES_PARAGRAPH)
        return any(mark.get(_IS_HIDDEN) == "true" for mark in marks)
    return element.tag == _tag("text:section") and attributes.get(_IS_HIDDEN) == "true"


def _slides(body: _Element) -> Iterator[Section]:
    for number, slide in enumerate(body.iterchildren(_tag("drawing:page")), start=1):
        notes = slide.find(_NOTES)
        if notes is not None:
            slide.remove(notes)
        ordered = sorted(_frames(slide), key=lambda frame: (not _is_title(frame), *_place(frame)))
        frames = [(frame, "\n".join(b.text for b in _blocks(frame) if b.text)) for frame in ordered]
        titles = (text for frame, text in frames if _is_title(frame) and text)
        title = " ".join(next(titles, "").split()) or None
        unit = f"slide {number}"
        yield Section("\n\n".join(text for _, text in frames if text), title, unit)
        if notes is not None:
            said = "\n".join(block.text for block in _blocks(notes) if block.text)
            yield Section(said, title, f"{unit}, notes")


def _frames(slide: _Element) -> Iterator[_Element]:
    for child in slide.iterchildren(tag="*"):
        if child.tag == _GROUP:
            yield from _frames(child)
        elif child.tag not in _UNSEEN:
            yield child


def _place(frame: _Element) -> tuple[float, float]:
    """Return how far a frame is from the top and from the left: in points."""
    moved = _MOVED.search(frame.get(_tag("drawing:transform"), ""))  # of what is turned
    x, y = moved.groups() if moved else (frame.get(f"{_SVG}x", ""), frame.get(f"{_SVG}y", ""))
    return _points(y), _points(x)


def _points(length: str) -> float:
    found = _LENGTH.fullmatch(length)
    return float(found[1]) * _POINTS[found[2]] if found else 0.0


def _is_title(frame: _Element) -> bool:
    return frame.get(_tag("presentation:class")) == _TITLE_CLASS


def _blocks(container: _Element, item: bool = False) -> Iterator[Block]:
    marked = False  # whether the item at hand has its mark
    for child in container.iterchildren(tag="*"):
        if child.tag in _UNSEEN:
            continue
        if child.tag == _HEADING:
            yield Block(_text(child), int(child.get(_LEVEL, "1")))
            yield from _beside(child)
        elif child.tag == _PARAGRAPH:
            text = _text(child)
            yield Block(f"- {text}" if item and text and not marked else text, item=item)
            marked = marked or bool(text)
            yield from _beside(child)
        elif child.tag == _TABLE:
            yield Block("\n".join(_rows(child)))
        else:
            yield from _blocks(child, item or child.tag == _LIST)


def _beside(element: _Element) -> Iterator[Block]:
    """Yield the notes to a paragraph and the words of the boxes that are anchored in it."""
    for child in element.iterchildren(tag="*"):
        if child.tag == _NOTE:
            yield Block(" ".join(block.text for block in _blocks(child)))
        elif str(child.tag).startswith(_DRAWING):
            yield from _blocks(child)
        elif child.tag not in _UNSEEN:
            yield from _beside(child)


def _rows(table: _Element) -> Iterator[str]:
    for row in table.iterchildren(tag="*"):
        if row.tag != _ROW:  # the head, or a group
            yield from _rows(row)
            continue
        cells: list[str] = []
        for cell in row.iterchildren(*_CELLS):
            text = " ".join(word for block in _blocks(cell) for word in block.text.split())
            times = int(cell.get(_tag("table:number-columns-repeated"), "1"))
            holds_table = next(cell.iter(_TABLE), None) is not None  # else repeated at every depth
            cells += [text] * (1 if holds_table else min(times, MAX_REPEATED))
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            yield " | ".join(cells)


def _text(element: _Element) -> str:
    return clean("".join(_pieces(element))).strip()


def _pieces(element: _Element) -> Iterator[str]:
    """Yield the text of a paragraph, without its notes, comments and boxes."""
    yield _WHITE.sub(" ", element.text or "")
    for child in element.iterchildren(tag="*"):
        if child.tag == _SPACE:
            yield " " * min(int(child.get(_tag("text:c"), "1")), _MAX_SPACES)
        elif child.tag == _TAB:
            yield "\t"
        elif child.tag == _BREAK:
            yield "\n"
        elif child.tag not in _UNSEEN and not str(child.tag).startswith(_DRAWING):
            yield from _pieces(child)
        yield _WHITE.sub(" ", child.tail or "")
