"""Images -> the words on them, by OCR; a page for each frame of a TIFF."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from index.errors import UnreadableError
from index.read.layout import lines
from index.read.ocr import read_pixels
from index.read.outline import Reading
from index.read.pages import Page, joined
from index.read.progress import report

FORMATS = {
    "BMP": (".bmp",), "GIF": (".gif",), "JPEG": (".jpg", ".jpeg"), "PNG": (".png",),
    "TIFF": (".tif", ".tiff"), "WEBP": (".webp",),
}  # fmt: skip
MAX_PIXELS = 50_000_000  # of a frame: a small file may unpack to more than a machine holds
MAX_FRAMES = 500
_MAX_SIDE = 4_000  # pixels: larger images are made smaller before OCR


def read_image(data: bytes) -> Reading:
    """Read the words of an image; boxes are in pixels of the upright image.

    Raises UnreadableError where it is broken, too large, or has no words.
    """
    try:
        with Image.open(BytesIO(data), formats=tuple(FORMATS)) as image:
            frames = getattr(image, "n_frames", 1)
            if frames > MAX_FRAMES:
                raise UnreadableError(f"has {frames:,} pages; the limit is {MAX_FRAMES}: split it")
            pages = []
            for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
                pages.append(_page(frame))
                report(number, frames)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise UnreadableError(
            f"is not an image that can be read, or a broken one ({type(error).__name__}); "
            "save it again as PNG"
        ) from None
    if not any(page.lines for page in pages):
        raise UnreadableError("is an image in which OCR finds no words")
    return joined(pages)


def _page(frame: Image.Image) -> Page:
    if (pixels := frame.width * frame.height) > MAX_PIXELS:
        raise UnreadableError(
            f"has {pixels:,} pixels; the limit is {MAX_PIXELS:,}: save it smaller"
        )
    upright = ImageOps.exif_transpose(frame.convert("RGB"))
    scale = min(1.0, _MAX_SIDE / max(upright.size))
    if scale < 1:
        size = (round(scale * upright.width), round(scale * upright.height))
        upright = upright.resize(size)
    runs, confidence = read_pixels(np.asarray(upright), scale)
    return Page(lines(runs), ocr=confidence)
