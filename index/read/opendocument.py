"""OpenDocument text (.odt) and presentations (.odp) -> their paragraphs, lists and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from zipfile import ZipFile

from lxml.etree import _Element

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Block, Reading, Section, clean, flowed, sectioned

_NAMESPACES = {
    name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
    for name in ("office", "text", "table", "drawing", "presentation")
}
MAX_REPEATED = 50  # cells or rows that are said to be the same, and have words: more are a bomb


def _tag(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


_HEADING, _PARAGRAPH, _LIST = map(_tag, ("text:h", "text:p", "text:list"))
_TABLE, _ROW, _NOTES = map(_tag, ("table:table", "table:table-row", "presentation:notes"))
_CELLS = tuple(map(_tag, ("table:table-cell", "table:covered-table-cell")))
_SPACE, _TAB, _BREAK = map(_tag, ("text:s", "text:tab", "text:line-break"))
_UNSEEN = tuple(
    map(_tag, ("text:tracked-changes", "office:annotation", "text:hidden-paragraph",
               "text:hidden-text", "text:table-of-content", "text:note"))
)  # fmt: skip
_MAX_SPACES = 100
_LEVEL = _tag("text:outline-level")
_TITLE_CLASS = "title"


def read_odt(data: bytes) -> Reading:
    """Read an OpenDocument text, with its sections; a footnote stands after its paragraph.

    Raises UnreadableError where it is broken, protected, no such document, or a zip bomb.
    """
    return _opened(data, "office:text", lambda body: flowed(_blocks(body)))


def read_odp(data: bytes) -> Reading:
    """Read the slides of an OpenDocument presentation, and the notes to them.

    Raises UnreadableError as `read_odt` does.
    """
    return _opened(data, "office:presentation", lambda body: sectioned(_slides(body)))


def _opened(data: bytes, kind: str, read: Callable[[_Element], Reading]) -> Reading:
    try:
        package.check(data, ".odt")
        with ZipFile(BytesIO(data)) as archive:
            if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise UnreadableError("is protected by a password; save it without one")
            root = package.parse(archive.read("content.xml"))
        body = root.find(f"{_tag('office:body')}/{_tag(kind)}")
        if body is None:
            raise ValueError(kind)
        return read(body)
    except package.BROKEN:
        raise UnreadableError(
            "is not an OpenDocument file, or a broken one; save it again"
        ) from None


def _slides(body: _Element) -> Iterator[Section]:
    for number, slide in enumerate(body.iterchildren(_tag("drawing:page")), start=1):
        notes = slide.find(_NOTES)
        if notes is not None:
            slide.remove(notes)
        frames = [(frame, [b.text for b in _blocks(frame) if b.text]) for frame in _frames(slide)]
        titles = [texts for frame, texts in frames if _is_title(frame) and texts]
        title = " ".join(" ".join(titles[0]).split()) if titles else None
        ordered = sorted(frames, key=lambda found: not _is_title(found[0]))
        unit = f"slide {number}"
        yield Section("\n\n".join("\n".join(texts) for _, texts in ordered if texts), title, unit)
        if notes is not None:
            said = "\n".join(block.text for block in _blocks(notes))
            yield Section(said, title, f"{unit}, notes")


def _frames(slide: _Element) -> Iterator[_Element]:
    for child in slide.iterchildren(tag="*"):
        if child.tag == _tag("drawing:g"):
            yield from _frames(child)
        else:
            yield child


def _is_title(frame: _Element) -> bool:
    return frame.get(_tag("presentation:class")) == _TITLE_CLASS


def _blocks(container: _Element, item: bool = False) -> Iterator[Block]:
    for child in container.iterchildren(tag="*"):
        if child.tag in _UNSEEN:
            continue
        if child.tag == _HEADING:
            yield Block(_text(child), int(child.get(_LEVEL, "1")))
        elif child.tag == _PARAGRAPH:
            text = _text(child)
            yield Block(f"- {text}" if item and text else text, item=item)
            for note in child.iter(_tag("text:note")):
                yield Block(" ".join(b.text for b in _blocks(note)))
            for frame in child.iter(_tag("drawing:text-box")):
                yield from _blocks(frame)
        elif child.tag == _TABLE:
            yield Block("\n".join(_rows(child)))
        else:
            yield from _blocks(child, item or child.tag == _LIST)


def _rows(table: _Element) -> Iterator[str]:
    for row in table.iter(_ROW):
        cells: list[str] = []
        for cell in row.iterchildren(*_CELLS):
            text = " ".join(word for block in _blocks(cell) for word in block.text.split())
            times = int(cell.get(_tag("table:number-columns-repeated"), "1"))
            cells += [text] * (min(times, MAX_REPEATED) if text else 1)
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            yield " | ".join(cells)


def _text(element: _Element) -> str:
    return clean("".join(_pieces(element))).strip()


def _pieces(element: _Element) -> Iterator[str]:
    """Yield the text of a paragraph, without its notes, comments and frames."""
    yield element.text or ""
    for child in element.iterchildren(tag="*"):
        if child.tag == _SPACE:
            yield " " * min(int(child.get(_tag("text:c"), "1")), _MAX_SPACES)
        elif child.tag == _TAB:
            yield "\t"
        elif child.tag == _BREAK:
            yield "\n"
        elif child.tag not in _UNSEEN and child.tag != _tag("drawing:frame"):
            yield from _pieces(child)
        yield child.tail or ""
