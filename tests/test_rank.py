"""Ranking: the arithmetic by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.rank import fuse, normalise

SCORES = st.dictionaries(st.integers(1, 9), st.floats(-1e6, 1e6))


def test_scores_are_scaled_between_the_least_and_the_greatest():
    assert normalise({1: 2.0, 2: 4.0, 3: 3.0}) == {1: 0.0, 2: 1.0, 3: 0.5}
    assert normalise({1: -1.0, 2: 1.0}) == {1: 0.0, 2: 1.0}
    assert normalise({1: 7.0, 2: 7.0}) == {1: 1.0, 2: 1.0}
    assert normalise({}) == {}


def test_half_of_each_is_summed():
    dense = {1: 0.9, 2: 0.5, 3: 0.1}  # normalised 1, 0.5, 0
    lexical = {2: 8.0, 3: 4.0, 4: 0.0}  # normalised 1, 0.5, 0
    assert fuse(dense, lexical) == pytest.approx({1: 0.5, 2: 0.75, 3: 0.25, 4: 0.0})
    assert fuse(dense, lexical, weight=0.8) == pytest.approx({1: 0.8, 2: 0.6, 3: 0.1, 4: 0.0})


def test_one_side_alone_still_ranks():
    assert fuse({1: 0.4, 2: 0.2}, {}) == {1: 0.5, 2: 0.0}
    assert fuse({}, {1: 3.0}) == {1: 0.5}
    assert fuse({}, {}) == {}


@given(SCORES, SCORES, st.floats(0, 1))
def test_every_candidate_gets_a_score_from_0_to_1(dense, lexical, weight):
    fused = fuse(dense, lexical, weight=weight)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert all(0 <= score <= 1 for score in fused.values())


@given(SCORES, SCORES)
def test_the_order_of_the_candidates_changes_nothing(dense, lexical):
    def turned(scores):
        return dict(reversed(scores.items()))

    assert fuse(turned(dense), turned(lexical)) == fuse(dense, lexical)


@given(SCORES)
def test_a_better_score_is_never_ranked_lower(scores):
    scaled = normalise(scores)
    assert all(scaled[a] <= scaled[b] for a in scores for b in scores if scores[a] <= scores[b])
