"""Every word of the interface, in one place."""

from __future__ import annotations

from collections.abc import Sequence

from index.records import Progress

TITLE = "Pincite"
MOTTO = "Every sentence pinned to its source"

ASK = "Ask your documents"
SEND = "Ask"
STOP = "Stop"
NEW = "New conversation"
DOCUMENTS = "Documents"
UPLOAD = "Drop files here, or click to choose"
ADD = "Add documents"
CLOSE = "Close"
CONVERSATION = "Conversation"
COPY = "Copy with citations"
COPIED = "Copied"
DETAILS = "Details"
SOURCES = "Sources"

WELCOME = "What would you like to know?"
WELCOME_FULL = (
    "Pincite reads your documents on this machine and shows only sentences that they support. "
    "Select a citation to see the exact words."
)
WELCOME_EMPTY = "Add documents first: nothing leaves this machine."

SOURCE = "Source"
SOURCE_EMPTY = "Select a citation, and the words it rests on appear here."
SOURCE_CLOSE = "Close the source"
CITATIONS = "Citations"
PASSAGES = "Passages"
NEIGHBOURS = {
    "citation": ("Previous citation", "Next citation"),
    "passage": ("Previous passage", "Next passage"),
}
TEXT = "Text of the document"
TOOLS = "Page"
PAGE_BACK = "Previous page"
PAGE_ON = "Next page"
SMALLER = "Smaller"
LARGER = "Larger"
AS_TEXT = "Show the text"
AS_PAGE = "Show the page"
EARLIER = "Earlier text"
LATER = "Later text"
DRAWING = "Drawing the page…"
NO_EXACT_PLACE = (
    "No exact place: it is not known where these words stand on the page. None are marked."
)
SOURCE_GONE = "This document is no longer in the library. These are the words as they were cited."
SOURCE_CHANGED = (
    "This document has changed since the answer was given. These are the words as they were cited."
)

SEARCHING = "Searching your documents…"
STOPPING = "Stopping…"
STOPPED = "Stopped before the answer was complete."
ABSTAINED = "Your documents do not say."
NOTHING_FOUND = "No passage matches the question."
WITHHELD_WHY = (
    "Your documents do not support these, or they do not answer the question. "
    "Do not take them as fact."
)
DISAGREE = "Your documents disagree"
NEAREST = "The nearest passages"
NO_DOCUMENTS = "No documents yet."

NUMBERS_MEAN = (
    "Supported, 90 in 100: of a hundred sentences that were judged like this one, about ninety "
    "were supported by what they cite. The same holds for answering the question."
)
VERBATIM = "The source’s own words"
SCORES_HEAD = "Retrieval scores: what the passages were ranked by. They do not say what is true."
SCORES = ("Document", "Place", "Fused score", "Cosine of the vectors", "BM25 of the words")

REASONS = {
    "unsupported": "not supported",
    "off_topic": "does not answer the question",
    "no_claim": "states nothing",
}


def plural(count: int, noun: str) -> str:
    """Return "1 passage", "1,204 passages"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def size(documents: int, passages: int) -> str:
    """Return the size of a library."""
    return f"{plural(documents, 'document')}, {plural(passages, 'passage')}"


def found(passages: int, documents: int) -> str:
    """Head the evidence."""
    return f"{plural(passages, 'passage')} found in {plural(documents, 'document')}"


def reading(passages: int) -> str:
    """Say that the model is at work."""
    return f"Reading {plural(passages, 'passage')}…"


def searched(documents: int, passages: int) -> str:
    """Say what an answer, or its absence, rests on."""
    return f"Searched {size(documents, passages)}"


def withheld(count: int) -> str:
    """Head the sentences that are not in the answer."""
    return f"{plural(count, 'sentence')} withheld, unsupported or beside the question"


def support(probability: float) -> str:
    """Say how well a sentence is supported."""
    if probability >= 0.9:
        return "Strongly supported"
    if probability >= 0.75:
        return "Well supported"
    return "Supported" if probability >= 0.5 else "Weakly supported"


def numbers(support: float, relevance: float) -> str:
    """Give the judge's two numbers."""
    return (
        f"supported, {_of_100(support)} in 100; answers the question, {_of_100(relevance)} in 100"
    )


def _of_100(probability: float) -> str:
    """Return a share of a hundred; never all or none, which no judge can promise."""
    return f"{min(max(round(100 * probability), 1), 99)}"


def resting(count: int) -> str:
    """Say how many sentences rest on a marked passage."""
    if not count:
        return "No sentence of the answers rests on these words"
    return f"{plural(count, 'sentence')} {'rests' if count == 1 else 'rest'} on these words"


def with_key(label: str, key: str) -> str:
    """Name a button with its key, which works while the source has the focus."""
    return f"{label} ({ {'ArrowLeft': '←', 'ArrowRight': '→'}.get(key, key) })"


def position(number: int, count: int) -> str:
    """Say which of the citations is shown."""
    return f"{number} of {count:,}"


def page_in(number: int, pages: int) -> str:
    """Say which page of how many is shown."""
    return f"Page {number:,} of {pages:,}"


def page_of(number: int, document: str) -> str:
    """Name the picture of a page."""
    return f"Page {number} of {document}"


def not_drawn(reason: str) -> str:
    """Say why the text stands in the place of the page."""
    return f"The page cannot be drawn: the document {reason}. This is its text as it was read."


def understood(question: str) -> str:
    """Say what a follow-up was taken to ask."""
    return f"Understood as: {question}"


def also_in(documents: Sequence[str]) -> str:
    """Say where else a passage stands."""
    return f"Nearly the same in {', '.join(documents)}"


def uncited(count: int) -> str:
    """Head the passages that no sentence cites."""
    return f"{plural(count, 'more passage')}, not cited"


def promise(said: str) -> str:
    """Say what is promised, as a sentence."""
    return f"{said[:1].upper()}{said[1:]}."


def took(seconds: float) -> str:
    """Say how long an answer took."""
    return f"{seconds:.1f} s"


def citation(number: int, document: str, place: str) -> str:
    """Name a citation for a screen reader."""
    return f"Citation {number}: {document}" + (f", {place}" if place else "")


def page(number: int) -> str:
    """Name a page."""
    return f"page {number}"


def span(start: int, end: int) -> str:
    """Name a stretch of a text, counted from 1 as people count."""
    return f"characters {start + 1:,}–{end:,}"


def more_documents(count: int) -> str:
    """End a list that is too long to show."""
    return f"and {count:,} more"


def adding(now: Progress) -> str:
    """Say which file is being read, and how many there are."""
    if not now.name:
        return f"Read {plural(now.files, 'file')}"
    return f"{now.name} ({now.files_done + 1:,} of {now.files:,})"


def unexpected(kind: str) -> str:
    """Say that something failed that should not have; the log has the rest."""
    return f"Something went wrong ({kind}). The terminal that runs Pincite says more."
