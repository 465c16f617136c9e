"""BM25 over the passages' terms, in memory. Derived: from the counts that the catalog keeps.

A passage has two scores: of the terms in it and above it (its document's name and title, its
headings), and of those and the terms of the passages before and after it, which say what it is
about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from index.terms import terms

Scores = NDArray[np.float32]

K1, B = 1.2, 0.75  # of BM25: how soon a recurring term saturates, how much length counts
NEIGHBOUR = 0.5  # what a term in a neighbouring passage counts of one in the passage
RARE = 1.5  # power of the idf: rare terms of a question tell more than their idf
NUMBER = 2.0  # what a term with a digit counts: a year or a sum is seldom there by chance

# What the catalog keeps of a passage: how often each term, by its hash, stands in and above it.
COUNTS = np.dtype([("term", "<u8"), ("inside", "<u2"), ("above", "<u2")])
_MOST = 2**16 - 1
_LEAST_IDF = 1e-6  # of a term that most passages have


def counts(text: str, above: str, language: str) -> bytes:
    """Return the counts of a passage's terms, an array of COUNTS in ascending order of terms."""
    inside, over = (
        Counter(hash_of(term) for term in terms(part, language)) for part in (text, above)
    )
    rows = [(key, min(inside[key], _MOST), min(over[key], _MOST)) for key in {**inside, **over}]
    return np.array(sorted(rows), COUNTS).tobytes()


@lru_cache(maxsize=200_000)
def hash_of(term: str) -> int:
    """Return 64 bits that stand for a term: short, and the catalog keeps no list of terms."""
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class LexicalIndex:
    """The counts of n passages, ordered by document and start, over t terms."""

    terms: NDArray[np.uint64]  # (t,) hashes, ascending
    inside: sparse.csc_array  # (n, t)
    above: sparse.csc_array  # (n, t)
    neighbours: sparse.csr_array  # (n, n) NEIGHBOUR where two passages stand next to each other
    lengths: tuple[Scores, Scores]  # (n,) each: terms of a passage, and with its neighbours'

    def scores(self, question: Iterable[str]) -> tuple[Scores, Scores]:
        """Return the BM25 scores (n,) of the passages alone, and with their neighbours.

        Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", 3.4;
        what stands around a passage counts in proportion to its weight, as in 3.6 (BM25F).
        """
        asked = {hash_of(term): NUMBER if any(map(str.isdigit, term)) else 1 for term in question}
        wanted = np.array(sorted(asked), np.uint64)
        places = np.searchsorted(self.terms, wanted)
        known = np.flatnonzero(places < len(self.terms))
        columns = places[known[self.terms[places[known]] == wanted[known]]]
        inside = self.inside[:, columns]
        alone = sparse.csc_array(inside + self.above[:, columns])
        around = sparse.csc_array(alone + self.neighbours @ inside)
        told = _idf(np.diff(alone.indptr), alone.shape[0])
        told *= np.array([asked[int(term)] for term in self.terms[columns]], np.float32)
        return _bm25(alone, told, self.lengths[0]), _bm25(around, told, self.lengths[1])


def build(passages: Sequence[bytes], documents: NDArray[np.int64]) -> LexicalIndex:
    """Build the index of passages by their counts; `documents` (n,) says whose each is."""
    n = len(passages)
    found = np.frombuffer(b"".join(passages), COUNTS)
    sizes = np.array([len(passage) // COUNTS.itemsize for passage in passages], np.int64)
    rows = np.repeat(np.arange(n), sizes)
    known, columns = np.unique(found["term"], return_inverse=True)

    def matrix(field: str) -> sparse.csc_array:
        made = sparse.csc_array(
            (found[field].astype(np.float32), (rows, columns)), shape=(n, len(known))
        )
        made.eliminate_zeros()
        return made

    inside, above = matrix("inside"), matrix("above")
    before = np.flatnonzero(documents[:-1] == documents[1:])
    pairs = (np.concatenate([before, before + 1]), np.concatenate([before + 1, before]))
    neighbours = sparse.csr_array(
        (np.full(len(pairs[0]), NEIGHBOUR, np.float32), pairs), shape=(n, n)
    )
    length = np.asarray(inside.sum(axis=1), np.float32)
    alone = length + np.asarray(above.sum(axis=1), np.float32)
    return LexicalIndex(known, inside, above, neighbours, (alone, alone + neighbours @ length))


def _idf(having: NDArray[np.int64], n: int) -> Scores:
    """Return how much each term tells: the fewer passages have it, the more."""
    idf: Scores = np.log((n - having + 0.5) / (having + 0.5)).astype(np.float32)
    told: Scores = np.maximum(idf, _LEAST_IDF) ** np.float32(RARE)
    return told


def _bm25(counted: sparse.csc_array, told: Scores, lengths: Scores) -> Scores:
    """Return the score (n,) of each row: the sum over its terms."""
    n = counted.shape[0]
    if counted.nnz == 0:
        return np.zeros(n, np.float32)
    norm = K1 * (1 - B + B * lengths / lengths.mean())
    tf, rows = counted.data, counted.indices
    weights = np.repeat(told, np.diff(counted.indptr)) * tf * (K1 + 1) / (tf + norm[rows])
    return np.bincount(rows, weights, minlength=n).astype(np.float32)
