"""What the catalog stores of a passage and of places, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from index import lexical
from index.embed import Vectors, quantise
from index.errors import LibraryError
from index.records import Passage, Place
from index.terms import fingerprint

Row = tuple[int, int, str, str, str, bytes, int, bytes, bytes]  # of a passage, but its document

MEND = "mend the library with: pincite check --repair"


def row_of(passage: Passage, vector: Vectors, sentence_vectors: Vectors) -> Row:
    """Return what is stored of a passage, with the vectors (dimension,) and (sentences, dimension).

    Raises ValueError where the shapes do not fit.
    """
    shape = (len(passage.sentences), *vector.shape)
    if sentence_vectors.shape != shape:
        raise ValueError(f"vectors of shape {sentence_vectors.shape} must be {shape}")
    return (
        passage.start,
        passage.end,
        json.dumps(passage.sentences),
        passage.language,
        passage.above,
        lexical.counts(passage.text, passage.above, passage.language),
        fingerprint(passage.text),
        vector.tobytes(),
        quantise(sentence_vectors).tobytes(),
    )


def places_row(places: Sequence[Place]) -> str:
    """Return what is stored of a document's places."""
    rows = [[p.start, p.end, p.page, p.heading, p.unit, p.ocr] for p in places]
    return json.dumps(rows, ensure_ascii=False)


def places_from(stored: str) -> tuple[Place, ...]:
    """Return the places of a row; raises LibraryError where they are damaged."""
    try:
        return tuple(Place(*row) for row in json.loads(stored))
    except (ValueError, TypeError) as error:  # no JSON, or not of places
        raise LibraryError(f"a document's places are damaged; {MEND}") from error


def spans_from(stored: str) -> tuple[tuple[int, int], ...]:
    """Return the sentences of a row; raises LibraryError where they are damaged."""
    try:
        return tuple((start, end) for start, end in json.loads(stored))
    except (ValueError, TypeError) as error:
        raise LibraryError(f"the sentences of a passage are damaged; {MEND}") from error
