"""What a document goes by, and which texts name it. Titles are compared by their terms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from index.records import Document, place_at
from index.terms import Written, terms

_LONGEST = 200  # characters of a first line that is a title
_MOST_TERMS = 12  # of a title that texts are searched for
_LEAST_LETTERS = 4  # of a title that is a single term
_SUFFIX = re.compile(r"\.\w{1,5}$")


def title_of(text: str) -> str:
    """Return the first line of a text that has more, if it is short; "" elsewhere."""
    line, _, rest = text.lstrip().partition("\n")
    title = line.strip(" \t#=*")
    return title if len(title) <= _LONGEST and rest.strip() else ""


def file_title(name: str) -> str:
    """Return the words of a document's name: "notes/lease-2021.pdf" -> "lease 2021"."""
    return re.sub(r"[-_]+", " ", _SUFFIX.sub("", name.rsplit("/", 1)[-1]))


def above(document: Document, title: str, start: int) -> str:
    """Return what says what a passage is about: file name, title and headings, if not in it."""
    place = place_at(document.places, start)
    stands_below = start > document.text.find(title)
    heading = (place.heading or "") if place else ""
    parts = (file_title(document.name), title if stands_below else "", heading)
    return "\n".join(dict.fromkeys(part for part in parts if part))


def keys(document: Document, language: str) -> set[str]:
    """Return what the document goes by: the terms of its title, and those of its name."""
    titles = (title_of(document.text), file_title(document.name))
    return {" ".join(found) for title in titles if _tells(found := terms(title, language))}


def start_of(key: str) -> str:
    """Return the first two terms of a title, by which it is looked up."""
    return " ".join(key.split()[:2])


def starts(words: Sequence[Written]) -> set[str]:
    """Return what a title that these words hold may start with."""
    found = [term for term, _ in words]
    return {*found, *map(" ".join, pairwise(found))}


def asks_for(key: str, words: Sequence[Written]) -> bool:
    """Whether a question has all terms of a title, as "report for 2022" has "report 2022"."""
    return {*key.split()} <= {term for term, _ in words}


def mentions(key: str, words: Sequence[Written]) -> bool:
    """Whether a text has a title as it stands, with a capital letter if its writing has them."""
    title = key.split()
    found = [term for term, _ in words]
    return any(
        found[at : at + len(title)] == title and _is_name(words[at : at + len(title)])
        for at in range(len(found) - len(title) + 1)
    )


def _tells(title: Sequence[str]) -> bool:
    """Whether terms are enough to be told from any words, and no more than texts would hold."""
    letters = sum(map(str.isalpha, "".join(title)))
    return (
        0 < len(title) <= _MOST_TERMS
        and letters > 0
        and (len(title) > 1 or letters >= _LEAST_LETTERS)
    )


def _is_name(words: Sequence[Written]) -> bool:
    written = "".join(letters for _, letters in words)
    return written != written.lower() or written == written.upper()
