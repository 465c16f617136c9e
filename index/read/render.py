"""A page of a PDF, or an image, as a picture with words marked on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageOps, UnidentifiedImageError
from pypdfium2 import PdfDocument, PdfiumError

from index.errors import UnreadableError
from index.read.image import FORMATS, MAX_PIXELS
from index.read.pdf import PDFIUM

Mark = tuple[float, float, float, float]  # left, top, right, bottom, as in records.Box

_MARKED = (255, 224, 102)  # what white paper becomes; black letters stay black
_MARGIN = 0.08  # of a mark's height, around it
_MOST_WIDE = 4000  # pixels
_IMAGES = {suffix for suffixes in FORMATS.values() for suffix in suffixes}


def render(data: bytes, suffix: str, page: int, width: int, marks: Sequence[Mark]) -> bytes:
    """Return a page as a PNG of that width in pixels, with rectangles marked as with a pen.

    Its resolution says how large the page is: 72 dots per inch are one pixel for each point.
    Pages count from 1. Raises UnreadableError where there is no such page, or nothing to draw.
    """
    width = min(width, _MOST_WIDE)
    try:
        picture, scale = (
            _of_pdf(data, page, width) if suffix == ".pdf"
            else _of_image(data, page, width) if suffix in _IMAGES
            else (None, 0.0)
        )  # fmt: skip
    except (PdfiumError, UnidentifiedImageError, EOFError, OSError, SyntaxError) as error:
        raise UnreadableError(f"has no page {page} that can be drawn") from error
    if picture is None:
        raise UnreadableError("has no pages that can be drawn")
    made = BytesIO()
    marked = ImageChops.multiply(picture, _pen(picture.size, scale, marks)) if marks else picture
    marked.save(made, "PNG", dpi=(72 * scale, 72 * scale))
    return made.getvalue()


def _of_pdf(data: bytes, page: int, width: int) -> tuple[Image.Image, float]:
    with PDFIUM, PdfDocument(data) as document:
        if not 1 <= page <= len(document):
            raise UnreadableError(f"has {len(document)} pages, and no page {page}")
        with closing(document[page - 1]) as found:
            scale = width / found.get_width()
            if scale * scale * found.get_width() * found.get_height() > MAX_PIXELS:
                raise UnreadableError(f"has a page {page} too long to be drawn")
            return found.render(scale=scale).to_pil().convert("RGB"), scale


def _of_image(data: bytes, page: int, width: int) -> tuple[Image.Image, float]:
    with Image.open(BytesIO(data), formats=tuple(FORMATS)) as image:
        image.seek(page - 1)
        if image.width * image.height > MAX_PIXELS:
            raise UnreadableError("has too many pixels to be drawn")
        upright = ImageOps.exif_transpose(image.convert("RGB"))
        scale = width / upright.width
        return upright.resize((width, max(1, round(scale * upright.height)))), scale


def _pen(size: tuple[int, int], scale: float, marks: Sequence[Mark]) -> Image.Image:
    """Return what a picture is multiplied with: white, and the colour of the pen where it was."""
    paper = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(paper)
    for left, top, right, bottom in marks:
        margin = _MARGIN * (bottom - top)
        box = [left - margin, top - margin, right + margin, bottom + margin]
        draw.rectangle([scale * side for side in box], fill=_MARKED)
    return paper
