"""Labels and probabilities -> numbers. Pure functions; each says its formula and its source.

All take arrays of one length: whether each row is positive, and what was said of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]  # (rows,)
Probabilities = NDArray[np.floating[Any]]  # (rows,) in [0, 1]


def balanced_accuracy(positive: Flags, said: Flags) -> float | None:
    """Return the mean of the recalls of both classes (Brodersen et al. 2010).

    None where one of the classes has no row.
    """
    _check(positive, said)
    if positive.all() or not positive.any():
        return None
    return float((said[positive].mean() + (~said[~positive]).mean()) / 2)


def macro_f1(positive: Flags, said: Flags) -> float | None:
    """Return the mean of the F1 of both classes, 2 TP / (2 TP + FP + FN) each.

    "Averaged F1" of Opitz and Burst 2019; as f1_score(average="macro") of scikit-learn: a class
    that is neither there nor said does not count. None where there are no rows.
    """
    _check(positive, said)
    scores = [
        2 * (there & claimed).sum() / (there.sum() + claimed.sum())
        for there, claimed in ((positive, said), (~positive, ~said))
        if there.any() or claimed.any()
    ]
    return float(np.mean(scores)) if scores else None


def auroc(positive: Flags, scores: Probabilities) -> float | None:
    """Return the probability that a positive row scores above a negative one, ties half.

    The area under the ROC curve, from the sum of ranks (Hanley and McNeil 1982). None where one
    of the classes has no row.
    """
    _check(positive, scores)
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # of equal scores: their mean rank
    above = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def expected_calibration_error(
    positive: Flags, probabilities: Probabilities, *, bins: int = 10
) -> float | None:
    """Return the mean gap of what was said and what was so, over bins of equal width.

    Sum over the bins of their share of rows times |share of positives - mean probability|
    (Naeini, Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning"). A bin holds its upper edge. None where there are no rows.
    """
    _check(positive, probabilities)
    if not len(positive):
        return None
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    # The gap of a bin times its share of rows is the sum of its differences, over all rows.
    gaps = np.bincount(np.searchsorted(edges, probabilities), probabilities - positive)
    return float(np.abs(gaps).sum() / len(positive))


def _check(positive: Flags, said: NDArray[Any]) -> None:
    if positive.dtype != np.bool_ or positive.shape != said.shape or positive.ndim != 1:
        raise ValueError(
            f"labels must be flags, one for each of {said.shape} values, not "
            f"{positive.dtype} of {positive.shape}"
        )
