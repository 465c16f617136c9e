"""BM25 of passages, from the counts of their terms that the catalog keeps. Pure functions.

A passage has two scores: of the terms in it and above it (its document's name and title, its
headings), and of those and the terms of the passages before and after it, which say what it is
about. Which passages are scored is what `index.words` finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many passages there are, and how many terms they have, on the mean."""

    passages: int
    alone: float  # in a passage and above it
    around: float  # the same with what its neighbours count


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


def lengths(passages: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how many terms each of a document's passages has (n,): alone, and with neighbours."""
    rows = [np.frombuffer(passage, COUNTS) for passage in passages]
    inside = np.array([row["inside"].sum() for row in rows], np.int64)
    alone = inside + np.array([row["above"].sum() for row in rows], np.int64)
    beside = np.zeros(len(rows), np.int64)
    beside[1:] += inside[:-1]
    beside[:-1] += inside[1:]
    return alone, alone + NEIGHBOUR * beside


def asked(question: Iterable[str]) -> dict[int, float]:
    """Return the hashes of the terms of a question, ascending, with what each counts."""
    weights = {hash_of(term): NUMBER if any(map(str.isdigit, term)) else 1.0 for term in question}
    return dict(sorted(weights.items()))


def told(asked: Mapping[int, float], having: Sequence[int], passages: int) -> dict[int, float]:
    """Return what each term tells: the fewer passages have it, the more.

    `having` says for each term how many of all the passages do; one that none has is left out.
    """
    found = {}
    for (term, weight), n in zip(asked.items(), having, strict=True):
        if n:
            idf = np.log((passages - n + 0.5) / (n + 0.5))
            found[term] = float(max(idf, _LEAST_IDF) ** RARE * weight)
    return found


def scores(
    told: Mapping[int, float],
    passages: Sequence[bytes],
    wanted: NDArray[np.int64],
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    mean: Lengths,
) -> tuple[Scores, Scores]:
    """Return the BM25 scores (n,) of n wanted passages alone, and with their neighbours.

    Each is named by its place in `passages`, as are the ones before and after it; -1 where there
    is none. Raises ValueError where the counts are damaged.

    Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", 3.4;
    what stands around a passage counts in proportion to its weight, as in 3.6 (BM25F).
    """
    if not told or not len(wanted):
        nothing = np.zeros(len(wanted), np.float32)
        return nothing, nothing.copy()
    inside, above, length, over = _counted(passages, np.array([*told], np.uint64))
    none = np.zeros((1, inside.shape[1]))
    inside, above = np.vstack([inside, none]), np.vstack([above, none])  # the last is at -1
    length, over = np.append(length, 0), np.append(over, 0)
    alone, alone_length = (inside + above)[wanted], (length + over)[wanted]
    around = alone + NEIGHBOUR * (inside[before] + inside[after])
    around_length = alone_length + NEIGHBOUR * (length[before] + length[after])
    weights = np.array([*told.values()])
    return (
        _bm25(alone, weights, alone_length / mean.alone),
        _bm25(around, weights, around_length / mean.around),
    )


def _counted(
    passages: Sequence[bytes], wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.float64], ...]:
    """Return how often each term stands in and above each passage, and the lengths of both."""
    found = np.frombuffer(b"".join(passages), COUNTS)
    rows = np.repeat(
        np.arange(len(passages)), [len(passage) // COUNTS.itemsize for passage in passages]
    )
    places = np.searchsorted(wanted, found["term"]).clip(max=len(wanted) - 1)
    hits = wanted[places] == found["term"]
    counted: list[NDArray[np.float64]] = []
    for field in ("inside", "above"):
        matrix = np.zeros((len(passages), len(wanted)))
        matrix[rows[hits], places[hits]] = found[field][hits]
        counted.append(matrix)
    for field in ("inside", "above"):
        length = np.bincount(rows, found[field].astype(np.float64), minlength=len(passages))
        counted.append(length.astype(np.float64))
    return tuple(counted)


def _bm25(
    counted: NDArray[np.float64], told: NDArray[np.float64], lengths: NDArray[np.float64]
) -> Scores:
    """Return the score (n,) of each row: the sum over its terms. Lengths are of the mean."""
    norm = K1 * (1 - B + B * lengths)[:, np.newaxis]
    total: Scores = (told * counted * (K1 + 1) / (counted + norm)).sum(axis=1).astype(np.float32)
    return total
