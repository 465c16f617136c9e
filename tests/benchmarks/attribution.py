"""AttributionBench: does the judge tell whether references support a claim?

Rows are development rows, of each of the four sources the first 100 in a fixed random order, half
of them of either label; AttributedQA has only 74 (full: all 1,198). The judge was fitted on these
rows too: each is judged by a regression that saw no row of its question's fold, and is taken to
say "attributable" from 0.5 on. `macro_f1` is the mean of the F1
of both labels, `auroc` the probability that an attributable row is given more than another: both
are means over the sources, and `macro_f1_…` is of the one source. `ece` is the expected calibration
error over all rows, ten bins. `overlap_macro_f1`, `overlap_macro_f1_…` and `overlap_auroc` are the
same of WORD OVERLAP on the same rows, from 0.47 on, which was fitted on these rows: what a judge
must beat, on ExpertQA above all. The published numbers are of other rows: of the 1,610 of the test,
measured by a third party with thresholds fitted on the development rows (GPT-3.5: by the authors);
word overlap's are of 500 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rag.evaluate.classification import auroc, expected_calibration_error, macro_f1
from rag.evaluate.statistics import Metric, Rows, bootstrap
from tests.benchmarks.common import SUPPORTED_AT, Row, System, UnseenSupport, progress, read, subset
from tests.benchmarks.overlap import OVERLAPS_AT, word_overlap

REFERENCES = {
    "macro_f1": "1,610: nli-deberta-v3-small .615, MiniLMv2-L6 .622, mDeBERTa-base .644, "
    "xlm-r-large .653, attrscore-flan-t5-large .662, MiniCheck-DeBERTa-L .718, "
    "fine-tuned GPT-3.5 about .80; 500: word overlap .680",
    "overlap_macro_f1": "500: .680",
    "overlap_macro_f1_ExpertQA": "500: .548",
}
SMALL = 100  # rows of a source
_LABELS = ("attributable", "not attributable")
_LABEL, _SAID, _OVERLAP, _SOURCE = range(4)  # columns


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return macro-F1 for each source and its mean, AUROC and ECE; word overlap beside them."""
    rows = read(data / "attribution" / "dev.jsonl.gz")
    sources = sorted({row["src_dataset"] for row in rows})
    chosen = [row for source in sources for row in of_source(rows, source, full=full, limit=limit)]
    support = UnseenSupport(system or System())
    table = [
        (
            row["attribution_label"] == _LABELS[0],
            support(row["claim"], row["references"], row["question"]),
            word_overlap(row["claim"], row["references"]),
            sources.index(row["src_dataset"]),
        )
        for row in progress(chosen, "attribution: judging", "claim")
    ]
    return [
        *_macro_f1("macro_f1", table, sources, _SAID, SUPPORTED_AT),
        bootstrap("auroc", table, _over_sources(lambda part: _auroc(part, _SAID), len(sources))),
        bootstrap("ece", table, _calibration),
        *_macro_f1("overlap_macro_f1", table, sources, _OVERLAP, OVERLAPS_AT),
        bootstrap(
            "overlap_auroc", table, _over_sources(lambda part: _auroc(part, _OVERLAP), len(sources))
        ),
    ]


def of_source(rows: Sequence[Row], source: str, *, full: bool, limit: int | None) -> list[Row]:
    """Return the rows of a source that are measured, as many of one label as of the other."""
    return [
        row
        for label in _LABELS
        for row in subset(
            [r for r in rows if r["src_dataset"] == source and r["attribution_label"] == label],
            SMALL // 2,
            full=full,
            limit=limit,
        )
    ]


def _macro_f1(
    name: str, table: Sequence[Sequence[float]], sources: Sequence[str], column: int, at: float
) -> list[Metric]:
    def of_rows(part: Rows) -> float | None:
        return macro_f1(part[:, _LABEL] > 0, part[:, column] >= at)

    return [
        bootstrap(name, table, _over_sources(of_rows, len(sources))),
        *(
            bootstrap(f"{name}_{source}", [row for row in table if row[_SOURCE] == number], of_rows)
            for number, source in enumerate(sources)
        ),
    ]


def _over_sources(
    statistic: Callable[[Rows], float | None], sources: int
) -> Callable[[Rows], float | None]:
    """Return the mean of a statistic over the sources; None where one of them has none."""

    def over(rows: Rows) -> float | None:
        found = [statistic(rows[rows[:, _SOURCE] == source]) for source in range(sources)]
        values = [value for value in found if value is not None]
        return float(np.mean(values)) if len(values) == sources else None

    return over


def _auroc(rows: Rows, column: int) -> float | None:
    return auroc(rows[:, _LABEL] > 0, rows[:, column])


def _calibration(rows: Rows) -> float | None:
    return expected_calibration_error(rows[:, _LABEL] > 0, rows[:, _SAID])
