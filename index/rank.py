"""Candidates -> an order. Pure functions over scores by passage id."""

from __future__ import annotations

from collections.abc import Mapping

DENSE_WEIGHT = 0.5  # of the fused score; the rest is lexical


def normalise(scores: Mapping[int, float]) -> dict[int, float]:
    """Scale scores linearly so that the least is 0 and the greatest 1 (all equal: all 1)."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def fuse(
    dense: Mapping[int, float], lexical: Mapping[int, float], *, weight: float = DENSE_WEIGHT
) -> dict[int, float]:
    """Return the weighted sum of the two normalised scores for every candidate of either.

    A candidate that one side does not know gets 0 there (convex combination: Bruch, Gai and
    Ingber 2023, "An analysis of fusion functions for hybrid retrieval").
    """
    left, right = normalise(dense), normalise(lexical)
    return {
        key: weight * left.get(key, 0.0) + (1 - weight) * right.get(key, 0.0)
        for key in left.keys() | right.keys()
    }
