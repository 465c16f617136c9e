"""Rankings and spans -> numbers. Pure functions; each says its formula and where it is from.

A ranking is a sequence of names, best first; a name that recurs counts where it first stands, so
that a document has the rank of its best passage.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from math import log2

from rag.evaluate.statistics import f1

Range = tuple[str, int, int]  # document, start, end (exclusive)

_TOKEN = re.compile(r"[a-z0-9]+")


def ndcg(relevant: Collection[str] | Mapping[str, float], ranked: Sequence[str], k: int) -> float:
    """Return the normalised discounted cumulative gain of the first k.

    Sum of gain / log2(rank + 1), divided by that of the best order there is; `relevant` maps
    names to gains, or holds names whose gain is 1. Järvelin and Kekäläinen 2002, "Cumulated
    gain-based evaluation of IR techniques", with the discount of trec_eval's ndcg_cut (the
    paper leaves rank 1 and 2 undiscounted). 0 where nothing is relevant.
    """
    gains = relevant if isinstance(relevant, Mapping) else dict.fromkeys(relevant, 1.0)
    best = _discounted(sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:k])
    return _discounted(gains.get(name, 0.0) for name in first(ranked, k)) / best if best else 0.0


def recall(relevant: Collection[str], ranked: Sequence[str], k: int) -> float:
    """Return |relevant ∩ first k| / |relevant| (trec_eval's recall_k); 0 where nothing is."""
    return _found(relevant, ranked, k) / len(set(relevant)) if relevant else 0.0


def all_gold(gold: Collection[str], ranked: Sequence[str], k: int) -> bool:
    """Whether all gold is among the first k: what a question of several hops needs."""
    return _found(gold, ranked, k) == len(set(gold))


def excerpt_recall(gold_spans: Iterable[Range], spans: Iterable[Range]) -> float:
    """Return gold characters that are covered / gold characters; 0 where there is no gold.

    Smith and Troynikov 2024, "Evaluating Chunking Strategies for Retrieval" (Chroma).
    """
    gold, found = merged(gold_spans), merged(spans)
    size = length(gold)
    return length(shared(gold, found)) / size if size else 0.0


def excerpt_iou(gold_spans: Iterable[Range], spans: Iterable[Range]) -> float:
    """Return characters in both / characters in either; 0 where there are none.

    As above, but of merged ranges: Chroma's code counts overlapping chunks twice below the line.
    """
    gold, found = merged(gold_spans), merged(spans)
    both = length(shared(gold, found))
    either = length(gold) + length(found) - both
    return both / either if either else 0.0


def merged(spans: Iterable[Range]) -> list[Range]:
    """Return the ranges that the spans cover together: ordered, disjoint, none empty."""
    joined: list[Range] = []
    for document, start, end in sorted(spans):
        if start >= end:
            continue
        if joined and joined[-1][0] == document and start <= joined[-1][2]:
            joined[-1] = (document, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((document, start, end))
    return joined


def shared(one: Sequence[Range], other: Sequence[Range]) -> list[Range]:
    """Return the ranges that are in both; each argument is merged."""
    return [
        (document, max(start, begin), min(end, stop))
        for document, start, end in one
        for name, begin, stop in other
        if name == document and max(start, begin) < min(end, stop)
    ]


def length(ranges: Iterable[Range]) -> int:
    """Return the number of characters in disjoint ranges."""
    return sum(end - start for _, start, end in ranges)


def rouge_l(reference: str, candidate: str) -> float:
    """Return ROUGE-L's F1: the longest common subsequence of tokens, against both lengths.

    Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", with beta = 1 and the
    tokens of the package rouge-score: runs of a-z and 0-9, folded, not stemmed.
    """
    wanted, said = _TOKEN.findall(reference.lower()), _TOKEN.findall(candidate.lower())
    if not wanted or not said:
        return 0.0
    common = _common_subsequence(wanted, said)
    return f1(common / len(said), common / len(wanted))


def first(ranked: Iterable[str], k: int) -> list[str]:
    """Return the first k different names."""
    return list(islice(dict.fromkeys(ranked), k))


def _found(wanted: Collection[str], ranked: Sequence[str], k: int) -> int:
    return len(set(wanted) & set(first(ranked, k)))


def _discounted(gains: Iterable[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, row by row of the usual table."""
    row = [0] * (len(other) + 1)
    for token in one:
        above_left = 0
        for at, candidate in enumerate(other, 1):
            above = row[at]
            row[at] = above_left + 1 if token == candidate else max(above, row[at - 1])
            above_left = above
    return row[-1]
