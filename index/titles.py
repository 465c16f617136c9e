"""What a document goes by, and which texts name it. Titles are compared by their terms."""

from __future__ import annotations

import re

from index.records import Document, place_at
from index.terms import terms, written_terms

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
    """Return what a text that names the document holds: the terms of its title or its name."""
    found = (terms(part, language) for part in (title_of(document.text), file_title(document.name)))
    return {key for title in found if len(title) <= _MOST_TERMS and (key := _key(title))}


def mentions(text: str, language: str, *, capital: bool) -> set[str]:
    """Return every run of terms that may be a title; with `capital`, if one is written with one.

    Where letters have no case, every one may be.
    """
    words = list(written_terms(text, language))
    found = set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_TERMS, len(words)) + 1):
            run = words[start:end]
            written = "".join(letters for _, letters in run)
            if (key := _key([term for term, _ in run])) and (
                not capital or written != written.lower() or written == written.upper()
            ):
                found.add(key)
    return found


def _key(title: list[str]) -> str:
    """Return the terms as they are stored; "" for what is too little to name anything."""
    key = " ".join(title)
    letters = sum(map(str.isalpha, key))
    return key if letters and (len(title) > 1 or letters >= _LEAST_LETTERS) else ""
