"""What the readers have in common: what they make of a file, and headings -> places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from index.records import Boxes, Place, no_boxes

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


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a file's bytes."""

    text: str  # "" where the file has no words of its own
    places: tuple[Place, ...] = ()  # as in `Document`
    boxes: Boxes = field(default_factory=no_boxes, compare=False)
    parts: Iterable[Part] = ()  # made one by one; iterated once


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


def clean(text: str) -> str:
    """Return the text without control characters, surrogates and non-characters."""
    return _UNCLEAN.sub("", text)
