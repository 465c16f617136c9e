"""PDF -> the text of its pages, as PDFium finds it."""

from __future__ import annotations

import re
from contextlib import closing
from ctypes import c_double
from itertools import pairwise
from statistics import median
from threading import Lock

from pypdfium2 import PdfDocument, PdfiumError, PdfPage, PdfTextPage
from pypdfium2.raw import (
    FPDF_ERR_PASSWORD,
    FPDF_ERR_SECURITY,
    FPDFText_GetCharOrigin,
    FPDFText_GetUnicode,
)

from index.errors import UnreadableError
from index.read.outline import Reading, clean
from index.records import Place

PDFIUM = Lock()  # PDFium is not thread-safe: hold this around every use of it

_BETWEEN_PAGES = "\n\n"
_PARAGRAPH_GAP = 1.25  # line steps this much larger than the page's usual one part paragraphs
# PDFium marks the hyphen at which a word was broken off, and leaves out the line end after it.
_BROKEN_WORD = re.compile("[\x02\ufffe]")


def read_pdf(data: bytes) -> Reading:
    """Read a PDF, with a place for each page, pages without text included.

    Raises UnreadableError where it is broken, protected, or has no text at all.
    """
    with PDFIUM:
        pages = _page_texts(data)
    if not any(pages):
        count = "its one page is an image" if len(pages) == 1 else f"{len(pages)} pages are images"
        raise UnreadableError(
            f"has no text: {count} or empty; Pincite does not read scans yet: run OCR on it first"
        )
    places = []
    start = 0
    for number, page in enumerate(pages, start=1):
        places.append(Place(start, start + len(page), page=number))
        start += len(page) + len(_BETWEEN_PAGES)
    return Reading(_BETWEEN_PAGES.join(pages), tuple(places))


def _page_texts(data: bytes) -> list[str]:
    number = 0
    try:
        with PdfDocument(data) as document:
            count = len(document)
            texts = []
            for number in range(1, count + 1):
                with closing(document[number - 1]) as page:
                    texts.append(_page_text(page))
            return texts
    except PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            message = "is protected by a password; save it without one"
        elif number:
            message = f"is a broken PDF: page {number} cannot be read; export it again"
        else:
            message = "is not a PDF, or a broken one; export it again"
        raise UnreadableError(message) from None


def _page_text(page: PdfPage) -> str:
    with closing(page.get_textpage()) as glyphs:
        characters = [FPDFText_GetUnicode(glyphs, i) for i in range(glyphs.count_chars())]
        text = "".join(chr(code) for code in characters)  # its indices are PDFium's
        lines = [(m.start(), m[0]) for m in re.finditer(r"[^\r\n]+", text)]
        heights = [_height(glyphs, start) for start, _ in lines]
    steps = [above - below for above, below in pairwise(heights)]
    usual = median([step for step in steps if step > 1] or [0.0])
    parts = []
    for (_, line), step in zip(lines, [0.0, *steps], strict=False):
        parts.append("\n\n" if step > _PARAGRAPH_GAP * usual else "\n")
        parts.append(_tidy(line))
    return "".join(parts).strip()


def _height(glyphs: PdfTextPage, index: int) -> float:
    """Return the height of a character's baseline on its page, in points from the bottom."""
    x, y = c_double(), c_double()
    FPDFText_GetCharOrigin(glyphs, index, x, y)
    return y.value


def _tidy(line: str) -> str:
    return clean(_BROKEN_WORD.sub(_mend, line)).rstrip()


def _mend(mark: re.Match[str]) -> str:
    """Join a word that was broken at a line's end; keep the hyphen of numbers and names."""
    before, after = mark.string[: mark.start()][-1:], mark.string[mark.end() :][:1]
    return "" if before.islower() and after.islower() else "-"
