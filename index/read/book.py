"""E-books (.epub) -> their chapters in order, under the chapters' titles."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import unquote, urldefrag
from zipfile import ZipFile

from lxml.etree import _Element

from index.errors import UnreadableError
from index.read import package
from index.read.outline import Reading
from index.read.web import read_html
from index.records import Place

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"  # of a book that is locked
_BETWEEN = "\n\n"


def read_epub(data: bytes) -> Reading:
    """Read the chapters of a book; a chapter without a heading goes by its title in the contents.

    Raises UnreadableError where it is broken, locked, no e-book, or a zip bomb.
    """
    try:
        package.check(data, ".epub")
        with ZipFile(BytesIO(data)) as book:
            if _RIGHTS in book.namelist():
                raise UnreadableError("is locked by its seller (DRM): Pincite cannot read it")
            return _joined(_chapters(book))
    except package.BROKEN:
        raise UnreadableError("is not an e-book, or a broken one; save it again") from None


def _chapters(book: ZipFile) -> Iterator[Reading]:
    """Yield the chapters in reading order."""
    container = package.parse(book.read(_CONTAINER))
    (root, *_) = (e.get("full-path", "") for e in _named(container, "rootfile"))
    contents = package.parse(book.read(root))
    folder = posixpath.dirname(root)
    files = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in _named(contents, "item")
    }
    titles = _titles(book, contents, folder)
    known = {*book.namelist()}
    for reference in _named(contents, "itemref"):
        file = files.get(reference.get("idref"), "")
        if file in known:
            yield read_html(book.read(file), titles.get(file, ""))


def _titles(book: ZipFile, contents: _Element, folder: str) -> dict[str, str]:
    """Return the titles of files by the book's navigation: of EPUB 3, else of EPUB 2."""
    found: dict[str, str] = {}
    for item in _named(contents, "item"):
        is_nav = "nav" in item.get("properties", "").split()
        if not is_nav and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        file = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if file not in book.namelist():
            continue
        entries = _entries(package.parse(book.read(file)))
        for href, title in entries:
            target = posixpath.join(posixpath.dirname(file), unquote(urldefrag(href).url))
            found.setdefault(posixpath.normpath(target), title)
    return found


def _entries(navigation: _Element) -> Iterator[tuple[str, str]]:
    for link in _named(navigation, "a"):
        yield link.get("href", ""), " ".join(str(link.xpath("string()")).split())
    for point in _named(navigation, "navPoint"):
        label, source = _named(point, "text"), _named(point, "content")
        for text, content in zip(label, source, strict=False):
            yield content.get("src", ""), " ".join((text.text or "").split())
            break


def _joined(chapters: Iterator[Reading]) -> Reading:
    parts: list[str] = []
    places: list[Place] = []
    length = 0
    for chapter in chapters:
        if chapter.text.strip():
            places += (
                replace(place, start=place.start + length, end=place.end + length)
                for place in chapter.places
            )
            parts.append(chapter.text)
            length += len(chapter.text) + len(_BETWEEN)
    return Reading(_BETWEEN.join(parts), tuple(places))


def _named(root: _Element, name: str) -> Iterator[_Element]:
    """Yield the elements of that name, in whatever namespace."""
    return root.iter(f"{{*}}{name}")
