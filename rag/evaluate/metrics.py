"""Cases and answers -> numbers. Pure functions; every number with its N and interval."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.evaluate.cases import Case, Gold

SEED = 20
_RESAMPLES = 2000

AnswerDict = Mapping[str, Any]  # Answer.to_dict()
Share = tuple[float, float]  # what counts, and out of how many, in one case
TextOf = Callable[[str], str]  # document's name -> the text that offsets refer to


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with its N (its denominator) and bootstrap 95 % interval."""

    name: str
    value: float | None  # None where nothing counts
    n: int
    low: float | None = None
    high: float | None = None


def measure(cases: Sequence[Case], answers: Sequence[AnswerDict], text_of: TextOf) -> list[Metric]:
    """Return the metrics; the i-th answer is that of the i-th case."""
    if len(cases) != len(answers):
        raise ValueError(f"number of cases ({len(cases)}) must match answers ({len(answers)})")
    pairs = list(zip(cases, answers, strict=True))
    shares: dict[str, list[Share]] = {
        "answer_contains": [answer_contains(case, answer) for case, answer in pairs],
        "citation_validity": [citation_validity(answer, text_of) for answer in answers],
        "gold_recall": [gold_recall(case, answer) for case, answer in pairs],
        "gold_precision": [gold_precision(case, answer) for case, answer in pairs],
        "abstain_recall": [abstain_recall(case, answer) for case, answer in pairs],
        "false_abstain": [false_abstain(case, answer) for case, answer in pairs],
        "unsupported_shown": [unsupported_shown(case, answer) for case, answer in pairs],
    }
    times = {
        name: [answer["timings"][name] for answer in answers if answer["timings"][name] is not None]
        for name in ("evidence_s", "first_sentence_s", "total_s")
    }
    return [
        *(ratio(name, parts) for name, parts in shares.items()),
        *(
            percentile(f"{name}_{label}", seconds, q)
            for name, seconds in times.items()
            for label, q in (("median", 50), ("p95", 95))
        ),
    ]


def answer_contains(case: Case, answer: AnswerDict) -> Share:
    """Count an answerable case whose answer holds an alternative of every group."""
    return (float(_right(case, answer)), 1) if case.answerable else (0, 0)


def citation_validity(answer: AnswerDict, text_of: TextOf) -> Share:
    """Count citations whose quote is text[start:end] and lies in a passage that was retrieved."""
    citations = _citations(answer, shown_only=False)
    valid = sum(
        any(
            p["document"] == c["document"] and p["start"] <= c["start"] and c["end"] <= p["end"]
            for p in answer["passages"]
        )
        and text_of(c["document"])[c["start"] : c["end"]] == c["quote"]
        for c in citations
    )
    return valid, len(citations)


def gold_recall(case: Case, answer: AnswerDict) -> Share:
    """Count the gold spans that a shown citation hits."""
    hit = sum(any(hits(c, gold) for c in _citations(answer)) for gold in case.evidence)
    return hit, len(case.evidence)


def gold_precision(case: Case, answer: AnswerDict) -> Share:
    """Count shown citations that hit a gold span or hold an alternative of every group."""
    if not case.answerable:
        return 0, 0
    citations = _citations(answer)
    good = sum(
        any(hits(c, gold) for gold in case.evidence) or contains(c["quote"], case.answers or ())
        for c in citations
    )
    return good, len(citations)


def abstain_recall(case: Case, answer: AnswerDict) -> Share:
    """Count an unanswerable case that was refused."""
    return (0, 0) if case.answerable else (float(answer["abstained"]), 1)


def false_abstain(case: Case, answer: AnswerDict) -> Share:
    """Count an answerable case that was refused."""
    return (float(answer["abstained"]), 1) if case.answerable else (0, 0)


def unsupported_shown(case: Case, answer: AnswerDict) -> Share:
    """Count a case, of all, in which a wrong claim stands in the answer."""
    return float(not answer["abstained"] and not _right(case, answer)), 1


def hits(citation: Mapping[str, Any], gold: Gold) -> bool:
    """Whether both lie in one document and overlap by at least half of the shorter."""
    overlap = min(citation["end"], gold.end) - max(citation["start"], gold.start)
    shorter = min(citation["end"] - citation["start"], gold.end - gold.start)
    same_document = bool(citation["document"] == gold.document)
    return same_document and overlap > 0 and 2 * overlap >= shorter


def contains(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Whether an alternative of every group is in the text as whole tokens (NFKC, folded)."""
    return all(any(has_tokens(text, alternative) for alternative in group) for group in groups)


def has_tokens(text: str, wanted: str) -> bool:
    """Whether the wanted words are in the text, not inside a longer word or number."""
    there, what = _normal(text), _normal(wanted)
    before = r"(?<!\w)" if what[:1].isalnum() else ""
    after = r"(?!\w)" if what[-1:].isalnum() else ""
    if what[:1].isdigit():
        before += r"(?<!\d[.,])"
    if what[-1:].isdigit():
        after += r"(?![.,]\d)"
    return re.search(before + re.escape(what) + after, there) is not None


def ratio(name: str, shares: Sequence[Share]) -> Metric:
    """Return sum / sum over the cases, with a bootstrap over cases (Efron 1979, percentiles)."""
    parts = np.array(shares, float).reshape(-1, 2)
    total = parts[:, 1].sum()
    if total == 0:
        return Metric(name, None, 0)
    picks = np.random.default_rng(SEED).integers(0, len(parts), (_RESAMPLES, len(parts)))
    sums = parts[picks].sum(axis=1)
    values = sums[sums[:, 1] > 0, 0] / sums[sums[:, 1] > 0, 1]
    low, high = np.percentile(values, [2.5, 97.5])
    return Metric(name, float(parts[:, 0].sum() / total), int(total), float(low), float(high))


def percentile(name: str, values: Sequence[float], q: float) -> Metric:
    """Return the percentile of the values, with a bootstrap over them."""
    if not values:
        return Metric(name, None, 0)
    sample = np.array(values, float)
    picks = np.random.default_rng(SEED).integers(0, len(sample), (_RESAMPLES, len(sample)))
    low, high = np.percentile(np.percentile(sample[picks], q, axis=1), [2.5, 97.5])
    return Metric(name, float(np.percentile(sample, q)), len(sample), float(low), float(high))


def _right(case: Case, answer: AnswerDict) -> bool:
    return case.answers is not None and contains(answer["answer"], case.answers)


def _citations(answer: AnswerDict, *, shown_only: bool = True) -> list[Mapping[str, Any]]:
    return [
        citation
        for sentence in answer["sentences"]
        if sentence["verdict"] == "supported" or not shown_only
        for citation in sentence["citations"]
    ]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
