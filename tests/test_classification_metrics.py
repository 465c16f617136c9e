"""Labels and probabilities: every metric is pinned to arithmetic done by hand, then compared with
scikit-learn on made-up inputs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate.classification import (
    auroc,
    balanced_accuracy,
    expected_calibration_error,
    macro_f1,
)

TRUE = np.array([True, True, True, True, False, False])
SAID = np.array([True, True, True, False, False, True])


def test_balanced_accuracy_is_the_mean_of_both_recalls():
    assert balanced_accuracy(TRUE, SAID) == (3 / 4 + 1 / 2) / 2
    assert balanced_accuracy(TRUE, ~TRUE) == 0
    assert balanced_accuracy(TRUE, np.ones(6, bool)) == 0.5


def test_macro_f1_is_the_mean_of_both_f1():
    # positives: 3 right, 1 missed, 1 too many: 6/8; negatives: 1 right, 1 missed, 1 too many: 2/4
    assert macro_f1(TRUE, SAID) == (6 / 8 + 2 / 4) / 2
    assert macro_f1(TRUE, np.ones(6, bool)) == (8 / 10 + 0) / 2
    assert macro_f1(np.ones(3, bool), np.ones(3, bool)) == 1  # there is but one class


def test_auroc_counts_pairs_in_the_right_order():
    # positives .9 .8 .4, negatives .7 .4: of 6 pairs .9 and .8 win 4, .4 ties 1
    positive = np.array([True, True, True, False, False])
    assert auroc(positive, np.array([0.9, 0.8, 0.4, 0.7, 0.4])) == 4.5 / 6
    assert auroc(positive, np.array([0.9, 0.8, 0.7, 0.2, 0.1])) == 1
    assert auroc(positive, np.array([0.1, 0.2, 0.3, 0.8, 0.9])) == 0
    assert auroc(positive, np.full(5, 0.3)) == 0.5


def test_calibration_error_is_the_mean_gap_of_the_bins():
    # 0-0.1: said .05, so 0 of 2; 0.8-0.9: said .9 (an upper edge) and .85, so 1 of 2
    positive = np.array([False, False, True, False])
    said = np.array([0.0, 0.1, 0.9, 0.85])
    assert expected_calibration_error(positive, said) == pytest.approx(
        2 / 4 * 0.05 + 2 / 4 * (0.875 - 0.5)
    )
    # one bin: said .4625, so .25
    assert expected_calibration_error(positive, said, bins=1) == pytest.approx(0.2125)
    assert expected_calibration_error(TRUE, TRUE.astype(float)) == 0
    assert expected_calibration_error(TRUE, (~TRUE).astype(float)) == 1


def test_what_cannot_be_said_is_none():
    none, ones = np.array([], bool), np.ones(3, bool)
    assert macro_f1(none, none) is None
    assert expected_calibration_error(none, np.array([], float)) is None
    assert balanced_accuracy(ones, ones) is None
    assert auroc(ones, np.ones(3)) is None


def test_labels_must_be_flags_one_for_each_value():
    with pytest.raises(ValueError, match="labels must be flags"):
        auroc(np.array([1, 0]), np.array([0.5, 0.5]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="labels must be flags"):
        macro_f1(TRUE, SAID[:3])


probabilities = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 1.0]), st.floats(0, 1))
rows = st.lists(st.tuples(st.booleans(), st.booleans(), probabilities), min_size=1, max_size=40)


@given(rows)
def test_they_are_those_of_scikit_learn(found: list[tuple[bool, bool, float]]):
    from sklearn import metrics

    positive, said, scores = map(np.array, zip(*found, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a single class
        f1 = metrics.f1_score(positive, said, average="macro")
    assert macro_f1(positive, said) == pytest.approx(f1)
    if positive.all() or not positive.any():
        assert balanced_accuracy(positive, said) is None
        assert auroc(positive, scores) is None
        return
    expected = metrics.balanced_accuracy_score(positive, said)
    assert balanced_accuracy(positive, said) == pytest.approx(expected)
    assert auroc(positive, scores) == pytest.approx(metrics.roc_auc_score(positive, scores))


@given(rows)
def test_the_bins_are_those_of_scikit_learn(found: list[tuple[bool, bool, float]]):
    from sklearn.calibration import calibration_curve

    positive, _, scores = map(np.array, zip(*found, strict=True))
    curve: Any = calibration_curve
    share, mean = curve(positive, scores, n_bins=10)  # of the bins that are not empty
    of_bin = np.bincount(np.searchsorted(np.linspace(0, 1, 11)[1:-1], scores))
    expected = np.abs(share - mean) @ of_bin[of_bin > 0] / len(scores)
    assert expected_calibration_error(positive, scores) == pytest.approx(expected)
