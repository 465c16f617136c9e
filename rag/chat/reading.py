"""What the source pane shows of a library: the page as it is drawn, or the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from index.errors import UnknownDocumentError, UnreadableError
from index.records import Box, Document
from rag.chat import source, words
from rag.chat.pages import Sheet, sheet
from rag.chat.turns import Conversation, View

WIDTH = 1600  # pixels of a drawn page: sharp on a dense screen, and when it is enlarged
KEPT = 12  # pages that need not be drawn again


class Pages(Protocol):
    """What the source pane needs of a library."""

    def document(self, name: str) -> Document:
        """Return a document."""

    def boxes(self, name: str, start: int, end: int) -> list[Box]:
        """Return where a stretch of a document's text is drawn."""

    def page(self, name: str, page: int, *, width: int) -> bytes:
        """Draw a page as a PNG."""


Key = tuple[str, str, int]  # SHA-256 of a file, the part of it that is a document, page


class Reader:
    """Shows sources; keeps the pages that were drawn last."""

    def __init__(self) -> None:
        self._drawn: dict[Key, Sheet] = {}

    def show(self, library: Pages, view: View, conversation: Conversation) -> Iterator[str]:
        """Yield the source pane; where a page has to be drawn first, its frame before it.

        Raises LibraryError.
        """
        try:
            document = library.document(view.target.document)
        except UnknownDocumentError:
            yield source.as_cited(view, words.SOURCE_GONE)
            return
        target = view.target
        if document.text[target.start : target.end] != source.quote_of(target):
            yield source.as_cited(view, words.SOURCE_CHANGED)
            return
        marked = source.stretches(view, conversation)
        if document.pages is None or view.as_text:
            yield source.of_text(view, document, marked)
            return
        placed = [(one, library.boxes(document.name, one.start, one.end)) for one in marked]
        number = _page(
            view, document, [box for one, boxes in placed if one.opened for box in boxes]
        )
        key = (document.sha256, document.part, number)
        drawn = self._drawn.get(key)
        if drawn is None:
            if view.at is None:  # else the page that is turned stays until the next one is there
                yield source.of_page(view, document, placed, number, None)
            try:
                drawn = sheet(library.page(document.name, number, width=WIDTH))
            except UnreadableError as error:
                warning = words.not_drawn(str(error))
                yield source.of_text(view, document, marked, warning=warning)
                return
            self._keep(key, drawn)
        yield source.of_page(view, document, placed, number, drawn)

    def _keep(self, key: Key, drawn: Sheet) -> None:
        self._drawn[key] = drawn
        for oldest in list(self._drawn)[:-KEPT]:
            self._drawn.pop(oldest, None)


def _page(view: View, document: Document, boxes: list[Box]) -> int:
    """Return which page to show: the one that is asked for, or the first with the words."""
    if view.at is not None:
        return min(max(view.at, 1), document.pages or 1)
    return boxes[0].page if boxes else view.target.page or 1
