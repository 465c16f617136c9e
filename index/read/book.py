"""E-books (.epub) -> their chapters in order, under the chapters' titles."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from urllib.parse import unquote, urldefrag
from zipfile import ZipFile

from lxml.etree import XMLSyntaxError, _Element

from index.errors import UnreadableError
from index.read import package
from index.read.outline import MAX_CHARS, Heading, Reading, outline
from index.read.web import decoded, page
from index.records import Place

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"  # of a book that is locked
_ENCRYPTION = "META-INF/encryption.xml"  # of one that is, or whose fonts are obfuscated
_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_NCX = "application/x-dtbncx+xml"
_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class _File:
    """What the book's list of contents says of a file in it."""

    path: str
    kind: str
    is_navigation: bool


def read_epub(data: bytes) -> Reading:
    """Read the chapters of a book; a chapter without a heading goes by its title in the contents.

    Raises UnreadableError where it is broken, locked, no e-book, or a zip bomb.
    """
    try:
        package.check(data, ".epub")
        with ZipFile(BytesIO(data)) as book:
            if _is_locked(book):
                raise UnreadableError("is locked by its seller (DRM): Pincite cannot read it")
            return _joined(_chapters(book))
    except package.BROKEN:
        raise UnreadableError("is not an e-book, or a broken one; save it again") from None


def _is_locked(book: ZipFile) -> bool:
    names = book.namelist()
    if _RIGHTS in names:
        return True
    if _ENCRYPTION not in names:
        return False
    methods = _named(package.parse(package.unpack(book, _ENCRYPTION)), "EncryptionMethod")
    return any(method.get("Algorithm") not in _OBFUSCATION for method in methods)


def _chapters(book: ZipFile) -> Iterator[tuple[str, list[Heading]]]:
    """Yield text and headings of the files in reading order; the title a file has is its first.

    A file that is missing is passed over, as by every program that shows books.
    """
    container = package.parse(package.unpack(book, _CONTAINER))
    (root, *_) = (e.get("full-path", "") for e in _named(container, "rootfile"))
    contents = package.parse(package.unpack(book, root))
    known = {*book.namelist()}
    files = {
        item.get("id", ""): _File(
            _within(root, item.get("href", "")),
            item.get("media-type", ""),
            "nav" in item.get("properties", "").split(),
        )
        for item in _named(contents, "item")
    }
    titles = _titles(book, [file for file in files.values() if file.path in known])
    for reference in _named(contents, "itemref"):
        file = files.get(reference.get("idref", ""))
        if not file or file.path not in known or file.is_navigation:
            continue
        if not file.kind.startswith("image/"):
            yield _chapter(package.unpack(book, file.path), titles.get(file.path, ""))


def _chapter(data: bytes, title: str) -> tuple[str, list[Heading]]:
    text, headings, _ = page(decoded(data))
    margin = len(text) - len(text.lstrip())
    found = [replace(heading, start=heading.start - margin) for heading in headings]
    if title and not found:
        found = [Heading(0, 0, title)]
    elif found:  # what stands above the first heading belongs to it
        found[0] = replace(found[0], start=0)
    return text.strip(), found


def _titles(book: ZipFile, files: list[_File]) -> dict[str, str]:
    """Return the titles of files by the book's navigation: of EPUB 3, else of EPUB 2."""
    found: dict[str, str] = {}
    for file in sorted(files, key=lambda file: not file.is_navigation):
        if not file.is_navigation and file.kind != _NCX:
            continue
        try:
            navigation = package.parse(package.unpack(book, file.path))
        except XMLSyntaxError:  # the chapters can be read without it
            continue
        for href, title in _entries(navigation):
            if title:
                found.setdefault(_within(file.path, href), title)
    return found


def _entries(navigation: _Element) -> Iterator[tuple[str, str]]:
    for link in _named(navigation, "a"):
        yield link.get("href", ""), " ".join(str(link.xpath("string()")).split())
    for point in _named(navigation, "navPoint"):
        label, source = _named(point, "text"), _named(point, "content")
        for text, content in zip(label, source, strict=False):
            yield content.get("src", ""), " ".join((text.text or "").split())
            break


def _within(file: str, reference: str) -> str:
    """Return the path in the book of what a file in it refers to."""
    path = unquote(urldefrag(reference).url)
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def _joined(chapters: Iterator[tuple[str, list[Heading]]]) -> Reading:
    """Join the chapters; a file without a title of any kind goes on with the chapter before."""
    parts: list[str] = []
    places: list[Place] = []
    length = 0
    for text, headings in chapters:
        if not text:
            continue
        places += (
            replace(place, start=place.start + length, end=place.end + length)
            for place in outline(headings, len(text))
        )
        parts.append(text)
        length += len(text) + len(_BETWEEN)
        if length > MAX_CHARS:
            break  # it is refused for its length
    return Reading(_BETWEEN.join(parts), tuple(places))


def _named(root: _Element, name: str) -> Iterator[_Element]:
    """Yield the elements of that name, in whatever namespace."""
    return root.iter(f"{{*}}{name}")
