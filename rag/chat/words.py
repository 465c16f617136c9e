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

WELCOME = "What would you like to know?"
WELCOME_FULL = (
    "Pincite reads your documents on this machine and shows only sentences that they support. "
    "Select a citation to see the exact words."
)
WELCOME_EMPTY = "Add documents first: nothing leaves this machine."

SOURCE_EMPTY = "Select a citation, and the words it rests on appear here."
SOURCE_CLOSE = "Close the source"
SOURCE_GONE = "This document is no longer in the library. These are the words as they were cited."
SOURCE_CHANGED = (
    "This document has changed since the answer was given. These are the words as they were cited."
)

SEARCHING = "Searching your documents…"
STOPPING = "Stopping…"
STOPPED = "Stopped before the answer was complete."
ABSTAINED = "Your documents do not say."
NOTHING_FOUND = "No passage matches the question."
WITHHELD_WHY = "Pincite could not support these with your documents. Do not take them as fact."
DISAGREE = "Your documents disagree"
NEAREST = "The nearest passages"
NO_DOCUMENTS = "No documents yet."

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
    return f"{plural(count, 'sentence')} withheld: not supported by the documents"


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
