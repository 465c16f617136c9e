"""WiCE: does the judge tell whether a cited web page supports all of a claim?

Rows are all 349 development claims, in every run; the page's sentences, 126 on average, are the
quotes. A claim that is supported in part counts as not supported. The judge was fitted on these
rows too: each is judged by a regression that saw no claim of its page's fold, and is taken to say
"supported" from 0.5 on: `balanced_accuracy` is the mean of the shares of either label that it gets
right, `auroc` the probability that a supported claim is given more than another, `ece` the expected
calibration error, ten bins. `overlap_balanced_accuracy` and `overlap_auroc` are the same of WORD
OVERLAP on the same rows, from 0.47 on, 0 where a number is missing: what a judge must beat. The
published numbers are of the 358 test claims.
"""

from __future__ import annotations

from pathlib import Path

from rag.evaluate.classification import auroc, balanced_accuracy, expected_calibration_error
from rag.evaluate.statistics import Metric, Rows, bootstrap
from tests.benchmarks.common import SUPPORTED_AT, System, UnseenSupport, progress, read, subset
from tests.benchmarks.overlap import OVERLAPS_AT, numbers_are_there, word_overlap

REFERENCES = {
    "balanced_accuracy": "test claims: word overlap with numbers .662, MiniCheck-T5-L .722, "
    "FactCG-DeBERTa-L .742, Granite-Guardian-3.3-8B and Llama-3.3-70B .766, "
    "Bespoke-MiniCheck-7B .830",
    "overlap_balanced_accuracy": "test claims: .662",
    "overlap_auroc": "test claims: .728",
}
_LABEL, _SAID, _OVERLAP = range(3)  # columns


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return balanced accuracy, AUROC and ECE of the judge; word overlap beside them."""
    claims = read(data / "wice" / "claim_dev.jsonl.gz")
    chosen = subset(claims, len(claims), full=full, limit=limit)
    support = UnseenSupport(system or System())
    table = [
        (
            row["label"] == "supported",
            support(row["claim"], row["evidence"], row["meta"]["claim_title"]),
            word_overlap(row["claim"], row["evidence"])
            * numbers_are_there(row["claim"], row["evidence"]),
        )
        for row in progress(chosen, "wice: judging", "claim")
    ]
    return [
        bootstrap("balanced_accuracy", table, lambda rows: _accuracy(rows, _SAID, SUPPORTED_AT)),
        bootstrap("auroc", table, lambda rows: auroc(rows[:, _LABEL] > 0, rows[:, _SAID])),
        bootstrap(
            "ece",
            table,
            lambda rows: expected_calibration_error(rows[:, _LABEL] > 0, rows[:, _SAID]),
        ),
        bootstrap(
            "overlap_balanced_accuracy",
            table,
            lambda rows: _accuracy(rows, _OVERLAP, OVERLAPS_AT),
        ),
        bootstrap(
            "overlap_auroc", table, lambda rows: auroc(rows[:, _LABEL] > 0, rows[:, _OVERLAP])
        ),
    ]


def _accuracy(rows: Rows, column: int, at: float) -> float | None:
    return balanced_accuracy(rows[:, _LABEL] > 0, rows[:, column] >= at)
