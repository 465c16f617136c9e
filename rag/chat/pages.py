"""A page as a picture in the browser, and where words stand on it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from index.records import Box

_FAR = 2.0  # line heights between two words: a gap to jump, not one to mark


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page that was drawn."""

    url: str  # "data:image/png;base64,…": part of the page, reachable by no address
    width: float  # in points, as are the boxes of its words
    height: float


def sheet(png: bytes) -> Sheet:
    """Return a picture that `Library.page` drew; its resolution says how large the page is."""
    with Image.open(BytesIO(png), formats=["PNG"]) as picture:
        across, down = picture.info["dpi"]
        width, height = 72 * picture.width / across, 72 * picture.height / down
    return Sheet("data:image/png;base64," + base64.b64encode(png).decode("ascii"), width, height)


def lines(boxes: Iterable[Box]) -> list[Box]:
    """Return a box for every line that words stand on, in the place of one for every word.

    The boxes are in the order of the text; words far apart on a line keep boxes of their own.
    """
    joined: list[Box] = []
    for box in boxes:
        if joined and _follows(joined[-1], box):
            last = joined[-1]
            joined[-1] = replace(
                last,
                end=box.end,
                top=min(last.top, box.top),
                right=max(last.right, box.right),
                bottom=max(last.bottom, box.bottom),
            )
        else:
            joined.append(box)
    return joined


def _follows(last: Box, box: Box) -> bool:
    """Whether a word stands beside the last one, on its line."""
    height = min(last.bottom - last.top, box.bottom - box.top)
    overlap = min(last.bottom, box.bottom) - max(last.top, box.top)
    gap = box.left - last.right
    return box.page == last.page and overlap > height / 2 and -height < gap < _FAR * height


def percent(box: Box, page: Sheet) -> tuple[float, float, float, float]:
    """Return a box's left, top, width and height in per cent of its page, within the page."""
    left, right = _within(box.left, page.width), _within(box.right, page.width)
    top, bottom = _within(box.top, page.height), _within(box.bottom, page.height)
    return left, top, right - left, bottom - top


def _within(length: float, whole: float) -> float:
    return 100 * min(max(length / whole, 0.0), 1.0) if whole else 0.0
