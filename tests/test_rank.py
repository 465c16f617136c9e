"""Ranking: the arithmetic by hand."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embed import quantise, unit
from index.rank import first_of_each, fused, likeness, scaled, weights

SCORES = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=9).map(
    lambda scores: np.array(scores, np.float32)
)


def test_scores_are_scaled_between_the_least_and_the_greatest():
    assert scaled(np.array([2.0, 4.0, 3.0]), 2, 4).tolist() == [0, 1, 0.5]
    assert scaled(np.array([1.0, 5.0]), 2, 4).tolist() == [0, 1]  # beyond them
    assert scaled(np.array([7.0, 7.0]), 7, 7).tolist() == [1, 1]


def test_signals_are_summed_by_weight():
    signals = {"dense": np.array([0.9, 0.5, 0.1]), "alone": np.array([0.0, 8.0, 4.0])}
    everything = np.array([True, True, True])
    total = fused(signals, {"dense": 0.25, "alone": 0.75}, everything)
    assert total == pytest.approx([0.25, 0.125 + 0.75, 0.375])


def test_a_later_candidate_is_measured_by_the_first_ones():
    signals = {"dense": np.array([0.2, 0.4, 0.3, 0.9])}
    first = np.array([True, True, False, False])
    assert fused(signals, {"dense": 1.0}, first) == pytest.approx([0, 1, 0.5, 1])


@given(SCORES, st.floats(0, 1))
def test_a_better_score_is_never_ranked_lower(scores, weight):
    total = fused({"dense": scores}, {"dense": weight}, np.ones(len(scores), bool))
    assert ((total >= 0) & (total <= weight + 1e-6)).all()
    order = np.argsort(scores)
    assert (np.diff(total[order]) >= 0).all()


def test_each_sentence_is_as_near_as_its_cosine():
    rows = np.array([[3, 4], [4, -3], [0, 1]], np.float32)
    question = np.array([0, 1], np.float32)
    assert likeness(question, quantise(rows)) == pytest.approx([0.8, -0.6, 1.0], abs=0.01)


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4), min_size=1))
def test_quantised_sentences_keep_their_cosine(rows):
    vectors = unit(np.array(rows, np.float32))
    kept = [row for row in vectors if np.linalg.norm(row) > 0.5]  # those that have a direction
    for row in kept:
        assert likeness(row, quantise(row[np.newaxis])) == pytest.approx([1], abs=0.01)


def test_the_first_of_each_group_is_kept_in_order():
    groups = np.array([1, 1, 2, 1, 3])
    assert first_of_each(np.array([3, 4, 0, 2, 1]), groups).tolist() == [3, 4, 2]
    nothing = np.empty(0, np.int64)
    assert first_of_each(nothing, nothing).tolist() == []


def test_the_weights_say_what_they_were_fitted_on():
    kept = json.loads(files("index").joinpath("ranking.json").read_text())
    signals = ("dense", "sentence", "document", "alone", "around")
    assert sum(getattr(weights(), name) for name in signals) == pytest.approx(1)
    assert {"command", "sets"} <= kept["provenance"].keys()
