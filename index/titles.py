"""What a document goes by, and which texts name it. Titles are compared by their terms."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.records import Document, place_at
from index.terms import Written, terms

_LONGEST = 200  # characters of a first line that is a title
_MOST_TERMS = 12  # of a title that texts are searched for
_MOST_NAMES = 10  # of documents that are alike, above a passage
_LEAST_LETTERS = 4  # of a title that tells by a single term
_FUNCTION = frozenset(  # terms that tell nothing, were a document named so
    """a an the this that these those it its he she they we you i my our your their of in on at to
    for by with from about as and or but not no is are was were be been do doe did done has have had
    can could should would will shall may must what which who whom whose when where why how all each
    every any some more other than then there here so if""".split()
)
_SUFFIX = re.compile(r"\.\w{1,5}$")


def title_of(text: str) -> str:
    """Return the first line of a text that has more, if it is short and whole; "" elsewhere.

    A line that goes on in the next one, which then starts with a small letter, is no title.
    """
    line, _, rest = text.lstrip().partition("\n")
    title = line.strip(" \t#=*")
    goes_on = rest.lstrip(" \t")[:1].islower()
    return title if len(title) <= _LONGEST and rest.strip() and not goes_on else ""


def file_title(name: str) -> str:
    """Return the words of a document's name: "notes/lease-2021.pdf" -> "lease 2021"."""
    return re.sub(r"[-_]+", " ", _SUFFIX.sub("", name.rsplit("/", 1)[-1]))


def file_titles(names: Sequence[str]) -> str:
    """Return the words of the names of documents that are alike, a line for each."""
    return "\n".join(list(dict.fromkeys(map(file_title, names)))[:_MOST_NAMES])


def above(document: Document, title: str, start: int, names: Sequence[str] = ()) -> str:
    """Return what says what a passage is about: file name, title and headings, if not in it.

    Documents that are alike have one passage, and several names.
    """
    place = place_at(document.places, start)
    stands_below = start > document.text.find(title)
    heading = (place.heading or "") if place else ""
    parts = (file_titles(names or [document.name]), title if stands_below else "", heading)
    return "\n".join(dict.fromkeys(part for part in parts if part))


def keys(document: Document, language: str) -> set[str]:
    """Return what the document goes by: the terms of its title, and those of its name."""
    titles = (title_of(document.text), file_title(document.name))
    return {" ".join(found) for title in titles if _tells(found := terms(title, language))}


def start_of(key: str) -> str:
    """Return the first two terms of a title, by which it is looked up."""
    return " ".join(key.split()[:2])


def starts(words: Sequence[Written], *, within: int = 1) -> set[str]:
    """Return what a title that these words hold may start with.

    Its second term may come that many words after its first: a question says "report for 2022".
    """
    found = [term for term, _ in words]
    return {*found} | {
        f"{term} {later}"
        for at, term in enumerate(found)
        for later in found[at + 1 : at + 1 + within]
    }


def asks_for(key: str, words: Sequence[Written]) -> bool:
    """Whether a question has all terms of a title, wherever they stand."""
    return {*key.split()} <= {term for term, _ in words}


def mentions(key: str, words: Sequence[Written]) -> bool:
    """Whether a text has a title as it stands, with a capital letter if its writing has them."""
    title = key.split()
    return any(
        [term for term, _ in words[at : at + len(title)]] == title
        and _is_name(words[at : at + len(title)])
        for at, (term, _) in enumerate(words)
        if term == title[0]
    )


def _tells(title: Sequence[str]) -> bool:
    """Whether terms are enough to be told from any words, and no more than texts would hold."""
    telling = [term for term in title if term not in _FUNCTION]
    letters = sum(map(str.isalpha, "".join(telling)))
    return (
        0 < len(title) <= _MOST_TERMS
        and letters > 0
        and (len(telling) > 1 or letters >= _LEAST_LETTERS)
    )


def _is_name(words: Sequence[Written]) -> bool:
    written = "".join(letters for _, letters in words)
    return written != written.lower() or written == written.upper()
