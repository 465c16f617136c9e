"""What stands around cited words: it says what they are about, and need not be cited itself."""

from __future__ import annotations

from collections.abc import Sequence

from index import Library
from index.records import Hit
from rag.attribute import Span
from rag.errors import UnknownDocumentError

_BEFORE, _AFTER = 1000, 400  # characters
_JUST_BEFORE = 200  # that may say what the next sentence is about


class Surroundings:
    """The texts of the documents of one question's hits, each fetched once, as they were found.

    Where a document was changed or removed since the search, its passages stand for it.
    """

    def __init__(self, library: Library, hits: Sequence[Hit]) -> None:
        self._texts: dict[str, str | None] = {}
        self._ends: dict[str, str] = {}
        for hit in hits:
            if hit.document not in self._texts:
                self._texts[hit.document] = _unchanged(library, hit)
                ends = (end.text for end in library.ends(hit.document) if end.sha256 == hit.sha256)
                self._ends[hit.document] = "\n".join(ends)

    def of(self, cited: Sequence[Span]) -> str:
        """Return the text before and after the spans, headings, the document's ends and name."""
        parts = []
        for span in cited:
            name = span.hit.document
            text = self._texts[name]
            if text is None:
                parts.append(span.hit.text)
            else:
                parts += [text[max(0, span.start - _BEFORE) : span.start]]
                parts += [text[span.end : span.end + _AFTER]]
        return "\n".join(dict.fromkeys([*parts, self.about(cited)]))

    def about(self, cited: Sequence[Span]) -> str:
        """Return what says what the spans are about: headings, ends, name, the words before."""
        parts = []
        for span in cited:
            name = span.hit.document
            place = span.hit.place(span.start)
            before = (self._texts[name] or "")[max(0, span.start - _JUST_BEFORE) : span.start]
            parts += [before, place.heading or "" if place else "", self._ends[name], name]
        return "\n".join(dict.fromkeys(parts))


def _unchanged(library: Library, hit: Hit) -> str | None:
    try:
        document = library.document(hit.document)
    except UnknownDocumentError:
        return None
    return document.text if document.sha256 == hit.sha256 else None
