"""PDF -> the text of its pages in reading order, with the boxes of its words.

PDFium finds the characters; index.read.layout orders them, index.read.pages joins them. A page
that has none is rendered and read by OCR.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from ctypes import byref, c_int
from threading import Lock
from typing import Any

from pypdfium2 import PdfDocument, PdfiumError, PdfPage
from pypdfium2.raw import (
    FPDF_ERR_PASSWORD,
    FPDF_ERR_SECURITY,
    FS_RECTF,
    FPDF_PageToDevice,
    FPDFText_GetLooseCharBox,
    FPDFText_GetUnicode,
)

from index.errors import UnreadableError
from index.read.layout import Run, Word, lines
from index.read.ocr import read_pixels
from index.read.outline import Reading
from index.read.pages import BROKEN, Page, joined
from index.read.progress import report

MAX_PAGES = 20_000

PDFIUM = Lock()  # PDFium is not thread-safe: hold this around every use of it

_FINE = 100  # device units a point: PDFium's are whole numbers
_OCR_SCALE = 200 / 72  # pixels a point: what OCR reads best

_Box = tuple[float, float, float, float]  # left, top, right, bottom


def read_pdf(data: bytes) -> Reading:
    """Read a PDF, with a place for each page, pages without text included.

    Raises UnreadableError where it is broken, protected, too long, or has no text at all.
    """
    with PDFIUM:
        pages = list(_pages(data))
    if not any(page.lines for page in pages):
        count = "its one page is" if len(pages) == 1 else f"its {len(pages)} pages are"
        raise UnreadableError(
            f"has no text: {count} empty, or an image in which OCR finds no words; scan it again"
        )
    return joined(pages)


def _pages(data: bytes) -> Iterator[Page]:
    number = 0
    try:
        with PdfDocument(data) as document:
            count = len(document)
            if count > MAX_PAGES:
                raise UnreadableError(f"has {count:,} pages; the limit is {MAX_PAGES:,}: split it")
            for number in range(1, count + 1):
                with closing(document[number - 1]) as page:
                    yield _page(page)
                report(number, count)
    except PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            message = "is protected by a password; save it without one"
        elif number:
            message = f"is a broken PDF: page {number} cannot be read; export it again"
        else:
            message = "is not a PDF, or a broken one; export it again"
        raise UnreadableError(message) from None


def _page(page: PdfPage) -> Page:
    runs = list(_runs(page))
    if runs or next(page.get_objects(), None) is None:
        return Page(lines(runs))
    found, confidence = read_pixels(page.render(scale=_OCR_SCALE).to_numpy(), _OCR_SCALE)
    return Page(lines(found), ocr=confidence)


def _runs(page: PdfPage) -> Iterator[Run]:
    """Yield the words between two line ends, with their boxes."""
    with closing(page.get_textpage()) as glyphs:
        run: list[Word] = []
        word: list[tuple[str, _Box]] = []
        for index in range(glyphs.count_chars()):
            character = chr(FPDFText_GetUnicode(glyphs, index))
            breaks = character in "\r\n"
            if breaks or character.isspace():
                run += _word(page, word)
                word = []
            else:
                word.append((character, _char_box(glyphs, index)))
                if character in BROKEN:  # PDFium leaves out the line end after it
                    run += _word(page, word)
                    word, breaks = [], True
            if breaks and run:
                yield run
                run = []
        run += _word(page, word)
        if run:
            yield run


def _char_box(glyphs: Any, index: int) -> _Box:
    """Return the box of a character, as high as its font, in the page's own coordinates."""
    box = FS_RECTF()
    FPDFText_GetLooseCharBox(glyphs, index, byref(box))
    return box.left, box.top, box.right, box.bottom


def _word(page: PdfPage, characters: list[tuple[str, _Box]]) -> list[Word]:
    """Return the word as a list of one, or of none where there are no characters."""
    if not characters:
        return []
    drawn = [box for text, box in characters if text not in BROKEN] or [characters[0][1]]
    corners = [
        _shown(page, min(b[0] for b in drawn), max(b[1] for b in drawn)),
        _shown(page, max(b[2] for b in drawn), min(b[3] for b in drawn)),
    ]
    (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
    return [Word("".join(text for text, _ in characters), left, top, right, bottom)]


def _shown(page: PdfPage, x: float, y: float) -> tuple[float, float]:
    """Return a point of the page as it is shown, cropped and turned, from its upper left corner."""
    width, height = page.get_size()
    left, top = c_int(), c_int()
    FPDF_PageToDevice(
        page, 0, 0, round(_FINE * width), round(_FINE * height), 0, x, y, byref(left), byref(top)
    )
    return left.value / _FINE, top.value / _FINE
