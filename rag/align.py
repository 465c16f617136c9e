"""Soft alignment: for every word of a text, what in another text is most like it, in its context.

After BERTScore (Zhang et al. 2020): cosines of contextual vectors of word pieces, greatest over
the other text's pieces. A word is as well aligned as its worst piece; words weigh as much as they
say: a name or number more than another word, a function word little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.embed import Encoder
from rag import words

_WEIGHTS = {"number": 2.0, "name": 2.0, "content": 1.0, "function": 0.15}
_WORST = 0.2  # the share of the words' weight that counts as the worst


@dataclass(frozen=True, slots=True)
class Alignment:
    """How well the words of a text find their like in another, as cosines."""

    mean: float  # weighted, over all words
    worst: float  # likewise, over the fifth that is aligned worst
    particular: float  # the least of a name or number; 1 where there is none
    content: float  # the least of another word that says something; likewise
    order: float  # share of neighbouring words whose likes stand in the same order


_NOTHING = Alignment(0.0, 0.0, 0.0, 0.0, 0.0)


def align(text: str, others: Sequence[str], encoder: Encoder) -> Alignment:
    """Return how well the text's words are aligned with the other texts together."""
    places, pieces = encoder.encode_pieces(text)
    read = [encoder.encode_pieces(other)[1] for other in others]
    there = np.concatenate([np.empty((0, encoder.dimension), np.float32), *read])
    inside = [
        (token, np.flatnonzero((places[:, 0] < token.end) & (places[:, 1] > token.start)))
        for token in words.tokens(text)
    ]
    found = [(token, its) for token, its in inside if len(its)]  # the encoder may know no piece
    if not found or not len(there):
        return _NOTHING
    cosines = pieces @ there.T
    greatest, partner = cosines.max(axis=1), cosines.argmax(axis=1)
    likeness = np.array([greatest[its].min() for _, its in found])
    at = np.array([partner[its[0]] for _, its in found])
    kinds = np.array([token.kind for token, _ in found])
    weights = np.array([_WEIGHTS[kind] for kind in kinds])
    telling = at[kinds != "function"]
    return Alignment(
        mean=float(np.average(likeness, weights=weights)),
        worst=_worst(likeness, weights),
        particular=_least(likeness[np.isin(kinds, ("number", "name"))]),
        content=_least(likeness[kinds == "content"]),
        order=float((np.diff(telling) > 0).mean()) if len(telling) > 1 else 1.0,
    )


def _least(values: NDArray[np.float64]) -> float:
    return float(values.min()) if len(values) else 1.0


def _worst(likeness: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted mean of the worst aligned words that make up a fifth of the weight."""
    order = np.argsort(likeness)
    before = np.cumsum(weights[order]) - weights[order]
    share = np.clip(_WORST * weights.sum() - before, 0, weights[order])
    return float(np.average(likeness[order], weights=share))
