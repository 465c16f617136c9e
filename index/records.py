"""The records that travel along the path of the data. Plain frozen data; imports nothing local.

Offsets count Unicode code points of `Document.text`, `end` exclusive: `text[start:end]`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int32]  # (n, 7): start, end, page, left, top, right, bottom; see Box; in tenths


def no_boxes() -> Boxes:
    """Return the boxes of a text that is not drawn anywhere."""
    return np.empty((0, 7), np.int32)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of a document's text stands in its file."""

    start: int  # first offset of the stretch
    end: int  # offset after its last character
    page: int | None = None  # counts from 1; None where the format has no pages
    heading: str | None = None  # the headings above it, outermost first, joined by " > "
    unit: str | None = (
        None  # what the format counts instead of pages: "slide 3", "row 12", "cell 4"
    )
    ocr: float | None = None  # mean confidence, 0 to 1, of what was read from an image by OCR

    @property
    def label(self) -> str:
        """The place in words: "page 3", "Terms > Payment", or both; "" where nothing is known."""
        page = f"page {self.page}" if self.page is not None else None
        ocr = "read by OCR" if self.ocr is not None else None
        return ", ".join(part for part in (page, self.heading, self.unit, ocr) if part)


@dataclass(frozen=True, slots=True)
class Box:
    """Where a stretch of a document's text is drawn on its page.

    In points (of an image: pixels), from the upper left corner of the page as it is shown.
    """

    start: int
    end: int
    page: int  # counts from 1
    left: float
    top: float
    right: float
    bottom: float


def box_of(row: Sequence[int]) -> Box:
    """Return a row of Boxes, its lengths in points."""
    start, end, page, *sides = row
    return Box(start, end, page, *(side / 10 for side in sides))


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read, or a text that was given."""

    name: str  # unique in a library
    sha256: str  # of the file's bytes (of the UTF-8 text where there is no file)
    text: str  # the one string that all offsets refer to
    places: tuple[Place, ...] = ()  # ordered by start, not overlapping
    boxes: Boxes = field(default_factory=no_boxes, compare=False, repr=False)  # of words, by start
    part: str = ""  # its path inside of the file, where the file holds others; "" is the file

    @property
    def pages(self) -> int | None:
        """Number of the last page; None where the format has no pages."""
        return max((p.page for p in self.places if p.page is not None), default=None)


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one document: what is embedded and found."""

    document: str  # the document's name
    start: int
    end: int
    text: str  # == document.text[start:end]
    sentences: tuple[tuple[int, int], ...]  # (start, end) of its sentences, in the document's text
    language: str = "en"  # ISO 639-1
    above: str = ""  # the document's title and the headings that it stands under


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, with the scores that ranked it. Scores are not truth."""

    passage: Passage
    sha256: str  # of the passage's document
    score: float  # fused: what the hits are ordered by
    dense: float  # cosine of question and passage
    lexical: float  # BM25; 0 where no word matched
    likeness: tuple[float, ...] = ()  # cosine of the question and each sentence of the passage
    copies: tuple[str, ...] = ()  # other documents in which nearly the same stands
    places: tuple[Place, ...] = field(default=(), repr=False)  # those that touch the passage

    @property
    def sentence(self) -> float:
        """Cosine of the question and the passage's best sentence."""
        return max(self.likeness, default=0.0)

    @property
    def document(self) -> str:
        """Name of the document."""
        return self.passage.document

    @property
    def start(self) -> int:
        """First offset of the passage in the document's text."""
        return self.passage.start

    @property
    def end(self) -> int:
        """Offset after the passage's last character."""
        return self.passage.end

    @property
    def text(self) -> str:
        """The passage's text."""
        return self.passage.text

    @property
    def page(self) -> int | None:
        """Page on which the passage starts; None where the format has no pages."""
        place = place_at(self.places, self.start)
        return place.page if place else None

    def place(self, offset: int) -> Place | None:
        """Return the place of an offset of the passage."""
        return place_at(self.places, offset)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A line of the list of documents."""

    name: str
    sha256: str
    pages: int | None
    passages: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be added, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an addition did, by the names of the documents."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()  # old name, new name
    removed: tuple[str, ...] = ()  # no longer in their file; with prune, whose file is gone


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an addition has come."""

    files_done: int
    files: int
    name: str  # of the file at hand; "" when all are done
    passages_done: int = 0  # of the file at hand: those that are embedded
    passages: int = 0
    pages_read: int = 0  # of the file at hand, while it is being read
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a library."""

    text: str
    document: str | None = None  # its name, where the fault is one document's

    def __str__(self) -> str:
        """Return the fault in one line."""
        return f"{self.document!r}: {self.text}" if self.document else self.text


def place_at(places: Sequence[Place], offset: int) -> Place | None:
    """Return the place that holds the offset, or the last one that starts before it.

    The places are ordered by start.
    """
    before = bisect_right(places, offset, key=lambda place: place.start)
    return places[before - 1] if before else None


def check_places(places: Sequence[Place], length: int) -> None:
    """Raise ValueError unless the places are ordered, disjoint and within a text of this length."""
    if any(not 0 <= place.start <= place.end <= length for place in places) or any(
        left.end > right.start for left, right in pairwise(places)
    ):
        raise ValueError(f"places out of order or outside a text of {length} characters")
