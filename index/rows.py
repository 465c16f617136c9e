"""What the catalog stores of a document, its passages and their vectors, and back."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence

import numpy as np

from index import lexical
from index.embed import Vectors, quantise
from index.errors import LibraryError
from index.records import Boxes, Passage, Place
from index.terms import fingerprint

# Of a passage, but its content: start, end, sentences, hash, language, above, terms, same.
PassageRow = tuple[int, int, str, bytes, str, str, bytes, int]
VectorRow = tuple[bytes, bytes]  # of a passage: its vector, and those of its sentences

MEND = "mend the library with: pincite check --repair"
_HASH_BYTES = 16
_OFF_UNIT = 1e-3  # what rounding may add to a length, or take


def passage_row(passage: Passage) -> PassageRow:
    """Return what is stored of a passage."""
    return (
        passage.start,
        passage.end,
        json.dumps(passage.sentences),
        passage_hash(passage.text, spans_within(passage.sentences, passage.start)),
        passage.language,
        passage.above,
        lexical.counts(passage.text, passage.above, passage.language),
        fingerprint(passage.text),
    )


def vector_row(passage: Passage, vector: Vectors, sentence_vectors: Vectors) -> VectorRow:
    """Return what is stored of the vectors (dimension,) and (sentences, dimension) of a passage.

    Raises ValueError where the shapes do not fit.
    """
    shape = (len(passage.sentences), *vector.shape)
    if sentence_vectors.shape != shape:
        raise ValueError(f"vectors of shape {sentence_vectors.shape} must be {shape}")
    return vector.tobytes(), quantise(sentence_vectors).tobytes()


def is_unit(stored: object, dimension: int) -> bool:
    """Whether what is stored is a vector (dimension,) of length 1."""
    if not isinstance(stored, bytes) or len(stored) != 4 * dimension:
        return False
    row = np.frombuffer(stored, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # damaged numbers are any numbers
        return abs(float(row @ row) - 1) < _OFF_UNIT


def spans_within(spans: Sequence[tuple[int, int]], start: int) -> list[tuple[int, int]]:
    """Return the spans of a text as spans of what starts there in it."""
    return [(left - start, right - start) for left, right in spans]


def passage_hash(text: str, sentences: Sequence[tuple[int, int]]) -> bytes:
    """Return what tells whether two passages have the same vectors; spans are of the text."""
    told = json.dumps([text, sentences], ensure_ascii=False)
    return hashlib.blake2b(told.encode(), digest_size=_HASH_BYTES).digest()


def digest(text: str, places: str, boxes: Boxes) -> str:
    """Return what tells whether two documents are alike; places are as they are stored."""
    told = hashlib.sha256()
    for data in (text.encode(), places.encode(), boxes.tobytes()):
        told.update(len(data).to_bytes(8, "little"))
        told.update(data)
    return told.hexdigest()


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


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


def boxes_row(boxes: Boxes) -> bytes:
    """Return what is stored of a document's boxes: each column by its steps, which pack well."""
    return zlib.compress(np.diff(boxes, axis=0, prepend=np.int32(0)).T.tobytes(), 6)


def boxes_from(stored: bytes) -> Boxes:
    """Return the boxes (n, 7) of a row; raises LibraryError where they are damaged."""
    try:
        steps = np.frombuffer(zlib.decompress(stored), np.int32).reshape(7, -1)
    except (ValueError, TypeError, zlib.error) as error:
        raise LibraryError(f"a document's boxes are damaged; {MEND}") from error
    return np.cumsum(steps.T, axis=0, dtype=np.int32)


def spans_from(stored: str) -> tuple[tuple[int, int], ...]:
    """Return the sentences of a row; raises LibraryError where they are damaged."""
    try:
        return tuple((start, end) for start, end in json.loads(stored))
    except (ValueError, TypeError) as error:
        raise LibraryError(f"the sentences of a passage are damaged; {MEND}") from error
