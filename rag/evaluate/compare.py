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
from rag.evaluate.statistics import paired

LEVEL = 0.05  # one-sided probability below which a loss is significant


@dataclass(frozen=True, slots=True)
class Change:
    """How a metric changed over the cases that both reports have."""

    metric: str
    change: float
    p: float  # that it is noise; see statistics.paired
    worse: tuple[str, ...]  # ids of the cases that lost
    better: tuple[str, ...]

    @property
    def is_loss(self) -> bool:
        """Whether it is a significant change for the worse."""
        for_better = METRICS[self.metric].better == "higher"
        return self.p < LEVEL and (self.change < 0) == for_better


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
        moved = [(id_, sign * (_value(a[name]) - _value(b[name]))) for id_, b, a in both]
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
        + (f"  worse: {', '.join(change.worse)}" if change.worse else "")
        + (f"  better: {', '.join(change.better)}" if change.better else "")
        + ("  LOSS" if change.is_loss else "")
        for change in changes
        if change.worse or change.better
    ] or (["nothing changed against the baseline"] if changes else [])


def read(path: Path) -> dict[str, Any]:
    """Read a report; raises CasesError if it is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CasesError(f"cannot read the report {path}: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise CasesError(f"{path} is no report of this version: make it again")
    return report


def _identity(case: Mapping[str, Any]) -> str:
    return json.dumps([case["id"], case["question"], case["history"], case["answers"]])


def _value(share: tuple[float, float]) -> float:
    part, whole = share
    return part / whole if whole else 0.0
