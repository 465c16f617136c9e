"""Numbers with their N and interval, and the comparison of two runs. Pure, seeded functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SEED = 20
RESAMPLES = 2000

Share = tuple[float, float]  # what counts, and out of how many, in one case
Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its N (its denominator) and bootstrap 95 % interval."""

    name: str
    value: float | None  # None where nothing counts
    n: int
    low: float | None = None
    high: float | None = None


def ratio(name: str, shares: Sequence[Share]) -> Metric:
    """Return sum of what counts / sum of how many, with an interval over the cases.

    Where every case agrees, all draws are the same, and the bootstrap would claim to be certain:
    then the interval is Clopper and Pearson's (1934) of as many trials as there are cases.
    """
    found = of_sums(name, shares, lambda sums: sums[:, 0] / sums[:, 1], sum(of for _, of in shares))
    chance = 0.025 ** (1 / max(1, sum(of > 0 for _, of in shares)))
    if found.low == found.high == 1:
        return replace(found, low=chance)
    if found.low == found.high == 0:
        return replace(found, high=1 - chance)
    return found


def percentile(name: str, values: Sequence[float], q: float) -> Metric:
    """Return the q-th percentile of the values, with an interval over them."""
    if not values:
        return Metric(name, None, 0)
    sample = np.array(values, float)
    found = np.percentile(sample[_draws(len(sample))], q, axis=1)
    return _metric(name, float(np.percentile(sample, q)), len(sample), found)


def of_sums(
    name: str, rows: Sequence[Sequence[float]], statistic: Callable[[Rows], Rows], n: float
) -> Metric:
    """Return a statistic of the columns' sums over the cases, with its interval and N = n.

    It is given (draws, columns) sums and returns (draws,) numbers, nan where it has no value.
    """
    if not n:
        return Metric(name, None, 0)
    sample = np.array(rows, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        (value,) = statistic(sample.sum(axis=0, keepdims=True))
        found = statistic(sample[_draws(len(sample))].sum(axis=1))
    return _metric(name, float(value), int(n), found[np.isfinite(found)])


def bootstrap(
    name: str, rows: Sequence[Sequence[float]], statistic: Callable[[Rows], float | None]
) -> Metric:
    """Return any statistic of (cases, columns) and its interval; N is the number of cases.

    Draws in which the statistic has no value do not count.
    """
    sample = np.array(rows, float)
    value = statistic(sample) if len(sample) else None
    if value is None:
        return Metric(name, None, 0)
    found = [statistic(sample[picks]) for picks in _draws(len(sample))]
    return _metric(name, value, len(sample), [f for f in found if f is not None])


def paired(before: Sequence[Share], after: Sequence[Share]) -> tuple[float, float] | None:
    """Return the change of a ratio between two runs of the same cases, and how likely it is noise.

    The second number is one-sided: the share of paired bootstrap draws in which the change has
    not the sign that it has over all cases, or no value (Koehn 2004, section 4; 1 where nothing
    changed). None where the ratio has no value.
    """
    both = np.array([(*b, *a) for b, a in zip(before, after, strict=True)], float)
    with np.errstate(invalid="ignore", divide="ignore"):
        (change,) = _change(both.sum(axis=0, keepdims=True))
        found = _change(both[_draws(len(both))].sum(axis=1))
    if not np.isfinite(change):
        return None
    return float(change), float(1 - np.mean(found * change > 0))


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean, 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _change(sums: Rows) -> Rows:
    changes: Rows = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    return changes


def _metric(name: str, value: float, n: int, draws: Sequence[float] | Rows) -> Metric:
    """Return the metric with the percentile bootstrap's 95 % interval (Efron 1979)."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return Metric(name, value, n, float(low), float(high))


def _draws(n: int) -> NDArray[np.int64]:
    """Return RESAMPLES draws of n cases out of n, with replacement."""
    return np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
