"""What the readers have in common: what they make of a file; headings and sections -> places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from index.errors import UnreadableError
from index.records import Boxes, Place, no_boxes

MAX_CHARS = 20_000_000  # of a document's text

_LAST_OF_PLANES = "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_UNCLEAN = re.compile(
    f"[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef{_LAST_OF_PLANES}]"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside of another: of an archive, of an e-mail."""

    name: str  # as the file that holds it calls it: hostile
    data: bytes
    fault: str | None = None  # why it cannot be read, if it cannot: the end of a sentence
    unpacked: int = 0  # bytes that were unpacked in vain
    incidental: bool = False  # an image of a letterhead: nothing is said where it has no words


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a file's bytes."""

    text: str  # "" where the file has no words of its own
    places: tuple[Place, ...] = ()  # as in `Document`
    boxes: Boxes = field(default_factory=no_boxes, compare=False)
    parts: Iterable[Part] = ()  # made one by one; iterated once
    unpacked: int = 0  # bytes that had to be unpacked to come to the parts


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and where its section starts in the text."""

    start: int
    level: int  # 1 is the outermost of a text's own; 0 is the title above them
    title: str


def outline(headings: Iterable[Heading], length: int) -> tuple[Place, ...]:
    """Return a place for each section: from its heading to the next, under its heading path."""
    places: list[Place] = []
    path: list[Heading] = []
    ordered = [heading for heading in headings if heading.title]
    for heading, following in pairwise([*ordered, Heading(length, 0, "")]):
        path = [*(above for above in path if above.level < heading.level), heading]
        label = " > ".join(above.title for above in path)
        places.append(Place(heading.start, following.start, heading=label))
    return tuple(places)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, an item of a list, or a table with a row on each line."""

    text: str
    level: int | None = None  # of a heading, as in `Heading`
    item: bool = False  # of a list


def flowed(blocks: Iterable[Block]) -> Reading:
    """Join blocks by blank lines, the items of a list by line ends, under their headings."""
    kept = [block for block in blocks if block.text.strip()]
    parts: list[str] = []
    headings: list[Heading] = []
    length = 0
    for before, block in zip([None, *kept], kept, strict=False):
        if before:
            parts.append("\n" if before.item and block.item else "\n\n")
            length += len(parts[-1])
        if block.level is not None:
            headings.append(Heading(length, block.level, " ".join(block.text.split())))
        parts.append(block.text)
        length += len(block.text)
    return Reading("".join(parts), outline(headings, length))


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text with a place of its own: a slide, a row, a cell."""

    text: str
    heading: str | None = None
    unit: str | None = None
    joined: bool = False  # to the one before, if under the same heading, by a line end only


def sectioned(sections: Iterable[Section]) -> Reading:
    """Join the sections, each with its place.

    Takes no more of them than fit into the limit: then raises UnreadableError.
    """
    parts: list[str] = []
    places: list[Place] = []
    length = 0
    heading: str | None = None
    for section in sections:
        if not section.text.strip():
            continue
        if parts:
            parts.append("\n" if section.joined and section.heading == heading else "\n\n")
            length += len(parts[-1])
        parts.append(section.text)
        end = length + len(section.text)
        places.append(Place(length, end, heading=section.heading, unit=section.unit))
        length, heading = end, section.heading
        if length > MAX_CHARS:
            raise UnreadableError(
                f"holds more than {MAX_CHARS:,} characters of text, which is the limit: split it"
            )
    return Reading("".join(parts), tuple(places))


def clean(text: str) -> str:
    """Return the text without control characters, surrogates and non-characters."""
    return _UNCLEAN.sub("", text)


def one_line(text: str) -> str:
    """Return the text in one line, clean, with single spaces."""
    return " ".join(clean(text).split())
