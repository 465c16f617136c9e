"""Two reports -> what changed, case by case, and whether it is a loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import CasesError
from rag.evaluate.metrics import METRICS
from rag.evaluate.report import SCHEMA
from rag.evaluate.statistics import Share, paired
from rag.terminal import line

LEVEL = 0.05  # one-sided probability below which a loss is significant
LEAST_WORSE = 3  # cases: fewer are no sample, whatever the draws say
# What a loss is counted in. The other metrics follow from these or are finer: with all of them,
# chance alone would find a loss in one comparison of two.
DECISIVE = ("right", "unsupported_shown", "citation_validity", "gold_recall", "gold_precision")


@dataclass(frozen=True, slots=True)
class Change:
    """How a metric changed over the cases that both reports have."""

    metric: str
    change: float
    p: float  # that it is noise; see statistics.paired
    worse: tuple[str, ...]  # ids of the cases that pull the metric to the worse
    better: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether it is a significant change for the worse."""
        for_better = METRICS[self.metric].better == "higher"
        significant = self.p < LEVEL and len(self.worse) >= LEAST_WORSE
        return significant and (self.change < 0) == for_better

    @property
    def is_loss(self) -> bool:
        """Whether that is in a metric that decides."""
        return self.is_worse and self.metric in DECISIVE


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the changes of all metrics over the cases with the same id, question and answers.

    gold_f1 follows from two others and times from the machine: they are not compared. Raises
    CasesError where the reports have no case in common.
    """
    old = {_identity(case): case["scores"] for case in before["cases"]}
    both = [(case["id"], old[key], case["scores"]) for case in after["cases"]
            if (key := _identity(case)) in old]  # fmt: skip
    if not both:
        raise CasesError("the baseline has none of these cases: make it again with them")
    changes = []
    for name, about in METRICS.items():
        if name not in both[0][1] or name not in both[0][2]:
            continue
        found = paired([b[name] for _, b, _ in both], [a[name] for _, _, a in both])
        if found is None:
            continue
        sign = 1 if about.better == "higher" else -1
        at = _ratio([b[name] for _, b, _ in both])
        moved = [(id_, sign * (_above(at, a[name]) - _above(at, b[name]))) for id_, b, a in both]
        changes.append(
            Change(
                name,
                *found,
                worse=tuple(id_ for id_, by in moved if by < 0),
                better=tuple(id_ for id_, by in moved if by > 0),
            )
        )
    return changes


def lines(changes: Sequence[Change]) -> list[str]:
    """Return what a person wants to read of the changes: one line each, losses named."""
    return [
        f"{change.metric:24}{change.change:+7.3f}  p {change.p:.3f}"
        + (f"  worse: {', '.join(map(line, change.worse))}" if change.worse else "")
        + (f"  better: {', '.join(map(line, change.better))}" if change.better else "")
        + ("  LOSS" if change.is_loss else "  worse" if change.is_worse else "")
        for change in changes
        if change.change or change.worse or change.better
    ] or (["nothing changed against the baseline"] if changes else [])


def doubts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return in words what makes two reports hard to compare."""
    keys = set(map(_identity, before["cases"])) & set(map(_identity, after["cases"]))
    more = max(len(before["cases"]), len(after["cases"]))
    said = {
        f"only {len(keys)} of {more} cases are the same in both reports": len(keys) < more,
        "the numbers were counted by another version of the harness": _differ(
            before, after, "harness"
        ),
        "the answers are from other documents": _differ(before, after, "library"),
        "the answers are by another language model": _differ(before, after, "model"),
        "another judge decided": _differ(before, after, "judge"),
    }
    return [words for words, is_so in said.items() if is_so]


def read(path: Path) -> dict[str, Any]:
    """Read a report; raises CasesError if it is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CasesError(f"cannot read the report {path}: {error}") from error
    if (
        not isinstance(report, dict)
        or report.get("schema") != SCHEMA
        or not isinstance(report.get("cases"), list)
    ):
        raise CasesError(f"{path} is no report of this version: make it again")
    return report


def _differ(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> bool:
    return bool(before.get(key) != after.get(key))


def _identity(case: Mapping[str, Any]) -> str:
    return json.dumps([case["id"], case["question"], case["history"], case["answers"]])


def _ratio(shares: Sequence[Share]) -> float:
    return sum(part for part, _ in shares) / (sum(whole for _, whole in shares) or 1)


def _above(ratio: float, share: Share) -> float:
    """Return how far a case lifts the ratio of all: the sum of this says which way it moved."""
    part, whole = share
    return part - ratio * whole
