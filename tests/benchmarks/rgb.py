"""RGB: do irrelevant and swapped passages lead astray?

English questions of the counterfactual part, in a fixed random order, each asked of libraries that
hold its own passages alone, one document each. 15 questions (full: 100) with their true and their
irrelevant passages: `noise_answer_contains` is the share whose answer holds the true one,
`noise_false_abstain` that of refusals, `noise_unsupported_shown` that in which a wrong claim stands
in the answer. 15 (full: all) with the irrelevant passages alone, of the questions whose irrelevant
passages do not hold the answer: `negative_abstain_recall` is the share of refusals, which are
right. 15 (full: 100) with the true passages and the same with the fact swapped:
`swapped_fact_shown` is the share in which the swapped fact stands in the answer and the true one
does not, `conflict_flagged` that in which the answer shows a conflict between sources, and
`conflict_false` that in which it shows one among the true and the irrelevant passages.
`citation_validity` is the share of all citations that quote their place exactly. Nothing is
published on exactly these.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from rag.evaluate.cases import Case
from rag.evaluate.metrics import (
    AnswerDict,
    abstain_recall,
    answer_contains,
    contains,
    false_abstain,
    unsupported_shown,
)
from rag.evaluate.statistics import Metric, Share, ratio
from tests.benchmarks.common import SEED, Row, System, mean, progress, read, subset

REFERENCES: dict[str, str] = {}
SMALL = 15  # questions of each kind

Asked = tuple[Case, AnswerDict, Share]  # and the validity of the answer's citations


def run(
    data: Path, work: Path, *, full: bool, limit: int | None = None, system: System | None = None
) -> list[Metric]:
    """Return what is answered among noise, refused without evidence, and led astray by swaps."""
    system = system or System(answers=work / "answers")
    rows = read(data / "rgb" / "en_fact.jsonl")
    chosen = subset(rows, SMALL, full=full, limit=limit)
    barren = subset([row for row in rows if is_barren(row)], SMALL, full=full, limit=limit)
    noisy = [
        ask(case_of(row), [*row["positive"], *row["negative"]], system)
        for row in progress(chosen, "rgb: among noise", "question")
    ]
    alone = [
        ask(Case(str(row["id"]), row["query"], None), row["negative"], system)
        for row in progress(barren, "rgb: noise alone", "question")
    ]
    swapped = [
        ask(case_of(row), [*row["positive"], *row["positive_wrong"]], system)
        for row in progress(chosen, "rgb: a fact swapped", "question")
    ]
    return [
        ratio("noise_answer_contains", [answer_contains(c, a) for c, a, _ in noisy]),
        ratio("noise_false_abstain", [false_abstain(c, a) for c, a, _ in noisy]),
        ratio("noise_unsupported_shown", [unsupported_shown(c, a) for c, a, _ in noisy]),
        ratio("negative_abstain_recall", [abstain_recall(c, a) for c, a, _ in alone]),
        mean(
            "swapped_fact_shown",
            [
                float(contains(a["answer"], [[row["fakeanswer"]]]) and not answer_contains(c, a)[0])
                for row, (c, a, _) in zip(chosen, swapped, strict=True)
            ],
        ),
        mean("conflict_flagged", [float(bool(a["conflicts"])) for _, a, _ in swapped]),
        mean("conflict_false", [float(bool(a["conflicts"])) for _, a, _ in noisy]),
        ratio("citation_validity", [validity for *_, validity in [*noisy, *alone, *swapped]]),
    ]


def case_of(row: Row) -> Case:
    """Return the question with the groups of its answer: a text, texts, or lists of spellings."""
    found = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
    groups = [tuple(group) if isinstance(group, list) else (group,) for group in found]
    return Case(str(row["id"]), row["query"], tuple(groups))


def is_barren(row: Row) -> bool:
    """Whether there are irrelevant passages, and none of them holds the answer all the same."""
    groups = case_of(row).answers or ()
    return bool(row["negative"]) and not contains("\n".join(row["negative"]), groups)


def ask(case: Case, passages: Sequence[str], system: System) -> Asked:
    """Ask the question of these passages, in an order that tells nothing."""
    mixed = random.Random(SEED).sample(passages, len(passages))
    texts = [(f"passage {number}", text) for number, text in enumerate(mixed, 1)]
    return case, *system.ask(case.question, texts)
