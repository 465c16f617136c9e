"""Candidates -> an order. Pure functions over arrays of scores, one for each candidate.

What each signal counts was fitted by tests/benchmarks/fit_ranking.py; ranking.json says on what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from index.embed import Vectors

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal counts in the sum, and what is added to it."""

    dense: float  # cosine of question and passage
    sentence: float  # cosine of the question and the passage's best sentence
    document: float  # cosine of question and document
    alone: float  # BM25 of the passage and what stands above it
    around: float  # the same with the passages before and after it
    foreign: float  # factor of the cosines where the model has not learnt the question's language
    asked: float  # added to every passage of a document that the question names
    mentioned: float  # added to the best passage of a document that a first hit names


@cache
def weights() -> Weights:
    """Return the fitted weights."""
    text = files("index").joinpath("ranking.json").read_text(encoding="utf-8")
    return Weights(**json.loads(text)["weights"])


def likeness(question: Vectors, sentences: NDArray[np.int8]) -> Scores:
    """Return the cosine (n,) of the question and each sentence of a passage.

    question is (dimension,), sentences (n, dimension), as quantised.
    """
    rows = sentences.astype(np.float32)
    cosines: Scores = (rows @ question) / np.linalg.norm(rows, axis=1).clip(min=1)
    return cosines


def scaled(scores: Scores, low: float, high: float) -> Scores:
    """Scale the scores so that low is 0 and high 1; what is beyond them is 0 or 1.

    Where all are equal there is nothing to tell apart: all 1.
    """
    if high <= low:
        return np.ones_like(scores)
    inside: Scores = np.clip((scores - low) / (high - low), 0, 1)
    return inside


def fused(
    signals: Mapping[str, Scores], weights: Mapping[str, float], among: NDArray[np.bool_]
) -> Scores:
    """Return the weighted sum of the signals, each scaled to its range among the first candidates.

    A convex combination of scores keeps what ranks alone lose (Bruch, Gai and Ingber 2023, "An
    Analysis of Fusion Functions for Hybrid Retrieval").
    """
    total = np.zeros(len(among), np.float32)
    for name, scores in signals.items():
        of_first = scores[among]
        if len(of_first):
            total += weights[name] * scaled(scores, of_first.min(), of_first.max())
    return total


def first_of_each(order: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, of places in order, the first of each group, in that order."""
    _, first = np.unique(groups[order], return_index=True)
    kept: NDArray[np.int64] = order[np.sort(first)]
    return kept
